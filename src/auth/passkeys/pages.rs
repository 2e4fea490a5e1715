//! `/account/factors/passkeys`: adding a passkey.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Asked, LATE, Passkeys, store as ceremonies};
use crate::action::Action;
use crate::actor::Can;
use crate::auth::factors::pages::{PATH, label};
use crate::auth::factors::store::{self, NewFactor};
use crate::auth::proof::host;
use crate::auth::totp::pages::added;
use crate::auth::{ChangeFactors, me};
use crate::db::Db;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::form::{FieldError, Form, FormView};
use crate::web::page::{self, Shell};

#[derive(Template)]
#[template(path = "auth/passkeys/new.html")]
struct New {
    shell: Shell,
    form: FormView,
    ceremony: Uuid,
    options: String,
    elsewhere: Option<String>,
}

pub async fn new(
    can: Can<ChangeFactors>,
    context: Context,
    request: HttpRequest,
    db: Data<Db>,
    passkeys: Data<Passkeys>,
) -> Result<HttpResponse, AppError> {
    let form = FormView::filled(&[("label", "Passkey")]);
    show(&can, &context, &request, &db, &passkeys, (form, StatusCode::OK)).await
}

pub async fn create(
    can: Can<ChangeFactors>,
    context: Context,
    request: HttpRequest,
    db: Data<Db>,
    passkeys: Data<Passkeys>,
    form: Form,
) -> Result<HttpResponse, AppError> {
    let (user_id, _) = me(&can)?;
    let (label, kept) = match (label(&form), accepted(&can, &db, &passkeys, &form).await?) {
        (Ok(label), Ok(kept)) => (label, kept),
        (label, kept) => {
            let mut errors = label.err().unwrap_or_default();
            errors.extend(kept.err());
            let again = (form.view(errors), StatusCode::UNPROCESSABLE_ENTITY);
            return show(&can, &context, &request, &db, &passkeys, again).await;
        }
    };
    let id = Uuid::now_v7();
    let action = Action::on("factor.add", "user_credential", id)
        .details(json!({ "kind": "passkey" }))
        .once(form.once(), PATH.to_owned());
    let new = NewFactor { id, kind: "passkey", label, parameters: kept, last_step: None };
    let is_first = db.write(&can, action, move |tx| store::add(tx, user_id, &new)).await?;
    Ok(added(is_first))
}

/// The passkey that answered to what this session was asked.
async fn accepted(
    can: &Can<ChangeFactors>,
    db: &Db,
    passkeys: &Passkeys,
    form: &Form,
) -> Result<Result<Value, FieldError>, AppError> {
    let (_, session_id) = me(can)?;
    let answer = form.get("credential");
    if answer.is_empty() {
        let why = "The browser sent no passkey. It needs JavaScript for that; an authenticator app does not.";
        return Ok(Err(FieldError::new("base", why)));
    }
    let ceremony = form.get("ceremony").parse().unwrap_or_default();
    let taken = db.append(can, move |conn| ceremonies::take(conn, ceremony, session_id, "registration"));
    let Some(state) = taken.await? else { return Ok(Err(FieldError::new("base", LATE))) };
    Ok(passkeys.accept_new(answer, state)?.map_err(|why| FieldError::new("base", why)))
}

async fn show(
    can: &Can<ChangeFactors>,
    context: &Context,
    request: &HttpRequest,
    db: &Db,
    passkeys: &Passkeys,
    (form, status): (FormView, StatusCode),
) -> Result<HttpResponse, AppError> {
    let (user_id, session_id) = me(can)?;
    let shell = context.shell("Add a passkey").under("Your second factors", PATH);
    if let Some(elsewhere) = passkeys.elsewhere(host(request)) {
        let (ceremony, options) = Default::default();
        return page::html(status, New { shell, form, ceremony, options, elsewhere: Some(elsewhere) }.render());
    }
    let known = db.read(can, move |conn| store::passkeys(conn, user_id)).await?;
    let known: Vec<Value> = known.into_iter().map(|(_, kept)| kept).collect();
    let actor = can.actor();
    let Asked { options, state } = passkeys.ask_for_new(user_id, &actor.label, &actor.name, &known)?;
    let keep = db.append(can, move |conn| ceremonies::keep(conn, session_id, "registration", &state));
    let ceremony = keep.await?;
    page::html(status, New { shell, form, ceremony, options, elsewhere: None }.render())
}
