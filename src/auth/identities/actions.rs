//! Unlinking one's own identity.

use diesel::PgConnection;
use serde_json::json;
use uuid::Uuid;

use super::model::Identity;
use super::{PATH, store};
use crate::action::{Action, Effect};
use crate::auth::ChangeIdentities;
use crate::db::Tx;
use crate::error::AppError;
use crate::web::page::Crumb;
use crate::web::row_action::{Input, RowAction, Words};

/// It does not open the account any more.
pub struct Unlinking;

impl RowAction for Unlinking {
    type Row = Identity;
    type Needs = ChangeIdentities;
    const DANGEROUS: bool = true;

    fn load(conn: &mut PgConnection, id: Uuid) -> Result<Identity, AppError> {
        store::own(conn, id)
    }

    fn action(row: &Identity) -> Action {
        Action::on("identity.unlink", "user", row.user_id).details(json!({ "identity_id": row.id }))
    }

    fn words(row: &Identity) -> Words {
        Words {
            title: format!("Unlink {}", row.named()),
            done: format!("{} is unlinked, and your other sessions have ended.", row.named()),
            post_to: format!("{PATH}/{}/unlinking", row.id),
            back_to: PATH.to_owned(),
            trail: vec![Crumb { label: "Your identities".into(), href: PATH.into() }],
            typed: None,
        }
    }

    fn sentence(row: &Identity, _: &Effect) -> String {
        format!("You cannot sign in as {} any more, and your sessions in other browsers end.", row.named())
    }

    fn apply(tx: &mut Tx<'_, ChangeIdentities>, row: &Identity, _: &Input) -> Result<(), AppError> {
        store::unlink_own(tx, row)
    }
}
