//! The unlinking itself.

use diesel::PgConnection;
use serde_json::json;
use uuid::Uuid;

use crate::access::Manage;
use crate::access::people::actions::words;
use crate::access::people::model::Person;
use crate::access::people::store as people;
use crate::action::{Action, Effect};
use crate::auth::identities::model::Identity;
use crate::auth::identities::store;
use crate::db::Tx;
use crate::error::AppError;
use crate::web::row_action::{Input, RowAction, Words};

/// An identity of somebody opens nothing any more.
pub struct IdentityUnlinking;

/// An identity and whose it is.
pub struct IdentityOf {
    person: Person,
    identity: Identity,
}

impl RowAction for IdentityUnlinking {
    type Row = IdentityOf;
    type Needs = Manage;
    const DANGEROUS: bool = true;

    fn load(conn: &mut PgConnection, id: Uuid) -> Result<IdentityOf, AppError> {
        let identity = store::find(conn, id)?;
        Ok(IdentityOf { person: people::find(conn, identity.user_id)?, identity })
    }

    fn action(of: &IdentityOf) -> Action {
        Action::on("user.unlink_identity", "user", of.person.id).details(json!({ "identity_id": of.identity.id }))
    }

    fn words(of: &IdentityOf) -> Words {
        let named = of.identity.named();
        let noun = format!("identities/{}/unlinking", of.identity.id);
        let title = format!("Unlink {named} from {}", of.person.name);
        let mut words = words(&of.person, &noun, title, format!("{named} is unlinked."));
        words.back_to = format!("{}/credentials", of.person.url());
        if let Some(last) = words.trail.last_mut() {
            last.label = "unlink an identity".into();
        }
        words
    }

    fn sentence(of: &IdentityOf, _: &Effect) -> String {
        format!(
            "{} cannot sign in with it any more, and all their sessions end. Who has no password then needs a link.",
            of.person.name
        )
    }

    fn apply(tx: &mut Tx<'_, Manage>, of: &IdentityOf, _: &Input) -> Result<(), AppError> {
        if tx.actor_id() == Some(of.person.id) {
            return Err(AppError::Conflict("It is your own. Unlink it on the page of your account.".into()));
        }
        people::within_reach(tx, of.person.id)?;
        store::unlink(tx, &of.identity, None)
    }
}
