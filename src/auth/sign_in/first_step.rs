//! What follows on the first step of signing in, whatever it was.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};
use uuid::Uuid;

use super::pages::device_cookie;
use super::store::{self, Account, Beginning, ByProvider, Origin};
use crate::action::Action;
use crate::actor::{Actor, Can};
use crate::auth::{SignIn, cookie, landing};
use crate::db::Db;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::query::encode;

/// With what somebody proved who they are at the first step.
pub struct First {
    pub factors: Vec<&'static str>,
    /// There was more than one factor, so that no second step follows.
    pub is_enough: bool,
    pub by_provider: Option<ByProvider>,
    /// For the event.
    pub details: Value,
}

impl First {
    /// One factor of ours.
    pub fn of(factor: &'static str) -> First {
        First { factors: vec![factor], is_enough: false, by_provider: None, details: json!({ "factor": factor }) }
    }
}

/// After the first step: signed in, or halfway for who has a second factor.
pub async fn begin(
    context: &Context,
    request: &HttpRequest,
    db: &Db,
    account: Account,
    mut origin: Origin,
    first: First,
    location: &str,
) -> Result<HttpResponse, AppError> {
    let device = origin.device_id.unwrap_or_else(Uuid::new_v4);
    origin.device_id = Some(device);
    let token = cookie::new_token();
    let token_hash = cookie::hash(&token);
    let replaced = context.actor.session_id.or(context.actor.half.map(|half| half.id));
    let actor = Actor::signing_in(account.id, context.actor.request_id);
    let can = Can::<SignIn>::prove(Arc::new(actor))?;
    let (halfway, user_id) = (account.has_factor && !first.is_enough, account.id);
    let factors = first.factors.into_iter().map(str::to_owned).collect();
    let (counters, by_provider) = (vec![origin.account_hash.clone()], first.by_provider);
    let new = Beginning { account, origin, token_hash, replaced, factors, counters, by_provider };
    let name = if halfway { "session.first_step" } else { "session.sign_in" };
    let action = Action::on(name, "user", user_id).details(first.details);
    db.write(&can, action, move |tx| if halfway { store::begin_halfway(tx, &new) } else { store::begin(tx, &new) })
        .await?;
    cookie::renew(request, &token)?;
    let location = match (halfway, location) {
        (true, "/") => "/sign-in/factor".to_owned(),
        (true, back) => format!("/sign-in/factor?return_to={}", encode(back)),
        (false, "/") => landing::oneself(&can, db, context, user_id).await.to_owned(),
        (false, back) => back.to_owned(),
    };
    let device = device_cookie(context, device);
    Ok(HttpResponse::SeeOther().insert_header(("location", location)).cookie(device).finish())
}
