//! `/acting/end`.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::store;
use crate::action::Action;
use crate::actor::Can;
use crate::auth::{StopActing, cookie, landing, me};
use crate::db::Db;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::flash::Flash;
use crate::web::page::see_other;

pub async fn end(
    can: Can<StopActing>,
    request: HttpRequest,
    context: Context,
    db: Data<Db>,
) -> Result<HttpResponse, AppError> {
    let (user_id, session_id) = me(&can)?;
    let Some(acting) = can.actor().acting_for.clone() else {
        return Ok(see_other(landing::now(&context), Flash::ok("You act as yourself.")));
    };
    let token = cookie::new_token();
    let token_hash = cookie::hash(&token);
    let action = match acting.tenant_id.filter(|_| acting.is_impersonation()) {
        // In the history of the impersonation and of the tenant.
        Some(tenant_id) => Action::on("session.stop_acting", "impersonation", acting.id).tenant(tenant_id),
        None => Action::on("session.stop_acting", "session", session_id),
    };
    db.write(&can, action, move |tx| store::end(tx, session_id, token_hash)).await?;
    cookie::renew(&request, &token)?;
    let verb = if acting.is_impersonation() { "impersonate" } else { "act for" };
    let said = format!("You no longer {verb} {}. You act as yourself again.", acting.name);
    Ok(see_other(landing::oneself(&can, &db, &context, user_id).await, Flash::ok(said)))
}
