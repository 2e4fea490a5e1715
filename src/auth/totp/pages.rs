//! `/account/factors/totp`: adding an authenticator app.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use serde_json::json;
use uuid::Uuid;

use super::{Invitation, SEALED_FOR, new_seed, step_of};
use crate::action::Action;
use crate::actor::Can;
use crate::auth::factors::pages::{PATH, label};
use crate::auth::factors::store::{self, NewFactor};
use crate::auth::{ChangeFactors, me, seal};
use crate::db::Db;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::flash::Flash;
use crate::web::form::{FieldError, Form, FormView};
use crate::web::page::{self, Shell, see_other};

#[derive(Template)]
#[template(path = "auth/totp/new.html")]
struct New {
    shell: Shell,
    form: FormView,
    invitation: Invitation,
    seed: String,
}

/// Until it is confirmed, the seed travels with the form, sealed for this session.
const UNCONFIRMED: &str = "totp enrolment";

pub async fn new(can: Can<ChangeFactors>, context: Context) -> Result<HttpResponse, AppError> {
    let form = FormView::filled(&[("label", "Authenticator app")]);
    show(&can, &context, form, &new_seed(), StatusCode::OK)
}

pub async fn create(
    can: Can<ChangeFactors>,
    context: Context,
    db: Data<Db>,
    form: Form,
) -> Result<HttpResponse, AppError> {
    let (user_id, session_id) = me(&can)?;
    let refused = StatusCode::UNPROCESSABLE_ENTITY;
    let secret = &context.site().secret;
    let Some(seed) = seal::open(secret, UNCONFIRMED, session_id.as_bytes(), form.get("seed")) else {
        let error = FieldError::new("base", "This page belongs to another session. Scan the new picture below.");
        return show(&can, &context, form.view(vec![error]), &new_seed(), refused);
    };
    let code: String = form.get("code").chars().filter(|c| !c.is_whitespace()).collect();
    let (mut errors, step) = (Vec::new(), step_of(&seed, &code, jiff::Timestamp::now()));
    let label = label(&form).unwrap_or_else(|found| {
        errors = found;
        String::new()
    });
    if step.is_none() {
        errors.push(FieldError::new("code", WRONG));
    }
    if !errors.is_empty() {
        return show(&can, &context, form.view(errors), &seed, refused);
    }
    let id = Uuid::now_v7();
    let sealed = seal::seal(secret, SEALED_FOR, id.as_bytes(), &seed)?;
    let action = Action::on("factor.add", "user_credential", id)
        .details(json!({ "kind": "totp" }))
        .once(form.once(), PATH.to_owned());
    let new = NewFactor { id, kind: "totp", label, parameters: json!({ "seed": sealed }), last_step: step };
    let is_first = db.write(&can, action, move |tx| store::add(tx, user_id, &new)).await?;
    Ok(added(is_first))
}

const WRONG: &str = "does not fit. Type the six digits that the app shows now; if they never fit, the clock of the \
    device is wrong";

/// After the first factor come the codes for the day on which it is lost.
pub fn added(is_first: bool) -> HttpResponse {
    match is_first {
        true => see_other(
            "/account/factors/recovery-codes/new",
            Flash::ok("The factor is added. Now make recovery codes, for the day on which you do not have it."),
        ),
        false => see_other(PATH, Flash::ok("The factor is added, and your other sessions have ended.")),
    }
}

fn show(
    can: &Can<ChangeFactors>,
    context: &Context,
    form: FormView,
    seed: &[u8],
    status: StatusCode,
) -> Result<HttpResponse, AppError> {
    let (_, session_id) = me(can)?;
    let invitation = Invitation::of(seed, &can.actor().label)?;
    let seed = seal::seal(&context.site().secret, UNCONFIRMED, session_id.as_bytes(), seed)?;
    let shell = context.shell("Add an authenticator app").under("Your second factors", PATH);
    page::html(status, New { shell, form, invitation, seed }.render())
}
