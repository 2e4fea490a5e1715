//! Where somebody lands who asked for no page: on the first one of the navigation that they may open.

use uuid::Uuid;

use super::{lacking, sessions};
use crate::actor::{Actor, Can, Privilege};
use crate::db::Db;
use crate::web::context::Context;

/// The first page that these rights open; one's own account is open to everybody.
fn first(context: &Context, opens: impl Fn(&str) -> bool) -> &'static str {
    context.site().nav.first_with(opens).unwrap_or(sessions::pages::PATH)
}

/// Where whoever asks lands, with the rights they have now.
pub fn now(context: &Context) -> &'static str {
    let actor: &Actor = &context.actor;
    first(context, |privilege| actor.holds(privilege))
}

/// Where somebody lands who has just become themselves. That it cannot be found out undoes nothing.
pub async fn oneself<P: Privilege>(can: &Can<P>, db: &Db, context: &Context, user_id: Uuid) -> &'static str {
    match db.read(can, move |conn| lacking::grants(conn, user_id)).await {
        Ok(grants) => first(context, |privilege| grants.iter().any(|grant| lacking::everywhere(grant) == privilege)),
        Err(error) => {
            tracing::warn!(%error, "it cannot be told where somebody lands");
            "/"
        }
    }
}

/// The list that a file is taken out of: a file would be saved and leave the page standing from which it was asked for.
pub fn list_of(address: &str) -> Option<String> {
    let (path, query) = address.split_once('?').map_or((address, None), |(path, query)| (path, Some(query)));
    let list = path.strip_suffix(".csv")?;
    Some(query.map_or_else(|| list.to_owned(), |query| format!("{list}?{query}")))
}
