//! `POST /account/delegations/{id}/acting`: from now on one acts for the grantor.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;
use uuid::Uuid;

use super::ActForOthers;
use super::model::{Listed, Whose};
use super::{actions, reading, store};
use crate::actor::Can;
use crate::auth::cookie;
use crate::db::{Db, SecurityEvent, SecurityKind};
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::flash::Flash;
use crate::web::page::see_other;
use crate::web::route::RowId;

pub async fn begin(
    can: Can<ActForOthers>,
    request: HttpRequest,
    context: Context,
    db: Data<Db>,
    id: RowId,
) -> Result<HttpResponse, AppError> {
    let session_id = can.actor().session_id.ok_or(AppError::SignIn)?;
    let listed = received(&can, &db, id.0).await?;
    let token = cookie::new_token();
    let (action, grantor) = (actions::action("delegation.begin", &listed), listed.grantor.name.clone());
    let scope = listed.delegation.scope();
    let first = context.site().nav.first_with(|privilege| scope.iter().any(|name| name == privilege)).unwrap_or("/");
    let token_hash = cookie::hash(&token);
    let begun = db.write(&can, action, move |tx| store::begin(tx, &listed, session_id, token_hash)).await;
    match begun {
        Ok(()) => {
            cookie::renew(&request, &token)?;
            Ok(see_other(first, Flash::ok(format!("You act for {grantor} now. Stop it in the bar above."))))
        }
        Err(AppError::Conflict(why)) => {
            note(&can, &context, &request, &db, id.0, "a delegation that does not run").await;
            Err(AppError::Conflict(why))
        }
        Err(error) => Err(error),
    }
}

/// The delegation, if whoever asks is the delegate; one of other people is not there.
async fn received(can: &Can<ActForOthers>, db: &Db, id: Uuid) -> Result<Listed, AppError> {
    let me = can.actor().user_id;
    let listed = db.read(can, move |conn| reading::find(conn, id, Whose::Own)).await?;
    match Some(listed.delegate.id) == me {
        true => Ok(listed),
        false => Err(AppError::Conflict("You gave this one. Nobody acts for themselves.".into())),
    }
}

async fn note(can: &Can<ActForOthers>, context: &Context, request: &HttpRequest, db: &Db, id: Uuid, why: &str) {
    let event = SecurityEvent::of(SecurityKind::AuthzFail, json!({ "why": why, "delegation_id": id }))
        .from_network(context.site().network_hash(request));
    db.note_security(can.actor().clone(), event).await;
}
