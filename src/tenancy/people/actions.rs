//! What can be done to a member besides changing the role.

use super::model::MemberOf;
use super::store;
use crate::action::{Action, Effect};
use crate::db::Tx;
use crate::error::AppError;
use crate::tenancy::Manage;
use crate::tenancy::tenants::pages::trail;
use crate::web::row_action::{Input, RowAction, Words, on_row};

/// Takes a person out of a workspace.
pub struct Removal;

impl RowAction for Removal {
    on_row!(MemberOf, Manage, store::find);
    const DANGEROUS: bool = true;

    fn action(of: &MemberOf) -> Action {
        Action::on("member.remove", "member", of.member.id).tenant(of.tenant.id)
    }
    fn words(of: &MemberOf) -> Words {
        let MemberOf { tenant, member } = of;
        Words {
            title: format!("Remove {} from {}", member.name, member.workspace),
            done: format!("{} is removed from {}.", member.name, member.workspace),
            post_to: format!("{}/removal", member.url()),
            back_to: format!("{}/people", tenant.url()),
            trail: trail(tenant, "people", "removal"),
            typed: None,
        }
    }
    fn sentence(of: &MemberOf, _: &Effect) -> String {
        let MemberOf { member, .. } = of;
        format!(
            "{} can no longer open {}. The account stays, and so do other memberships.",
            member.name, member.workspace
        )
    }
    fn apply(tx: &mut Tx<'_, Manage>, of: &MemberOf, _: &Input) -> Result<(), AppError> {
        store::remove(tx, &of.member)
    }
}
