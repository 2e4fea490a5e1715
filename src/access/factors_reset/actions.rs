//! The reset itself.

use diesel::PgConnection;
use uuid::Uuid;

use crate::access::{Manage, people};
use crate::action::{Action, Effect};
use crate::auth::factors::store;
use crate::db::Tx;
use crate::error::AppError;
use crate::web::row_action::{Input, RowAction, Words};

/// Somebody has no second factor any more.
pub struct FactorsReset;

/// Whose factors.
pub struct Whose {
    id: Uuid,
    email: String,
}

impl RowAction for FactorsReset {
    type Row = Whose;
    type Needs = Manage;
    const DANGEROUS: bool = true;

    fn load(conn: &mut PgConnection, id: Uuid) -> Result<Whose, AppError> {
        Ok(Whose { id, email: people::email(conn, id)? })
    }

    fn action(row: &Whose) -> Action {
        Action::on("user.reset_factors", "user", row.id)
    }

    fn words(row: &Whose) -> Words {
        Words {
            title: format!("Reset the second factors of {}", row.email),
            done: format!("{} has no second factor any more.", row.email),
            post_to: format!("/people/{}/factors-reset", row.id),
            back_to: format!("/people/{}", row.id),
            trail: Vec::new(),
            typed: None,
        }
    }

    fn sentence(row: &Whose, _: &Effect) -> String {
        format!(
            "Authenticator apps, passkeys and recovery codes of {} are not accepted any more, and all their sessions \
             end. Be sure that it is them who asked.",
            row.email
        )
    }

    fn apply(tx: &mut Tx<'_, Manage>, row: &Whose, _: &Input) -> Result<(), AppError> {
        if tx.actor_id() == Some(row.id) {
            return Err(AppError::Conflict("These are your own. Remove them on the page of your account.".into()));
        }
        match store::remove_all(tx, row.id)? {
            0 => Err(AppError::Conflict(format!("{} has no second factor.", row.email))),
            _ => Ok(()),
        }
    }
}
