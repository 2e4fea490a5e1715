//! What can be done to a workspace besides renaming it.

use super::model::WorkspaceOf;
use super::store;
use crate::action::{Action, Effect};
use crate::db::Tx;
use crate::error::AppError;
use crate::tenancy::Manage;
use crate::tenancy::tenants::pages::trail;
use crate::web::row_action::{Input, RowAction, Words, on_row};

fn words(of: &WorkspaceOf, noun: &str, verb: &str, done: &str) -> Words {
    let WorkspaceOf { tenant, workspace } = of;
    Words {
        title: format!("{verb} {}", workspace.name),
        done: format!("{} {done}.", workspace.name),
        post_to: format!("{}/{noun}", workspace.url()),
        back_to: format!("{}/people", tenant.url()),
        trail: trail(tenant, "people", noun),
        typed: None,
    }
}

/// Takes it out of use.
pub struct Archiving;

impl RowAction for Archiving {
    on_row!(WorkspaceOf, Manage, store::find);

    fn action(of: &WorkspaceOf) -> Action {
        Action::on("workspace.archive", "workspace", of.workspace.id).tenant(of.tenant.id)
    }
    fn words(of: &WorkspaceOf) -> Words {
        words(of, "archiving", "Archive", "is archived")
    }
    fn sentence(_: &WorkspaceOf, _: &Effect) -> String {
        "Nobody can be added to the workspace any more. Its people stay in it, and it can be reopened.".into()
    }
    fn apply(tx: &mut Tx<'_, Manage>, of: &WorkspaceOf, _: &Input) -> Result<(), AppError> {
        store::set_status(tx, &of.workspace, "archived")
    }
}

/// Takes it into use again.
pub struct Reopening;

impl RowAction for Reopening {
    on_row!(WorkspaceOf, Manage, store::find);

    fn action(of: &WorkspaceOf) -> Action {
        Action::on("workspace.reopen", "workspace", of.workspace.id).tenant(of.tenant.id)
    }
    fn words(of: &WorkspaceOf) -> Words {
        words(of, "reopening", "Reopen", "is active again")
    }
    fn sentence(_: &WorkspaceOf, _: &Effect) -> String {
        "People can be added to the workspace again.".into()
    }
    fn apply(tx: &mut Tx<'_, Manage>, of: &WorkspaceOf, _: &Input) -> Result<(), AppError> {
        store::set_status(tx, &of.workspace, "active")
    }
}
