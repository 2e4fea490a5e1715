//! `/account/password`.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::store;
use crate::action::Action;
use crate::actor::Can;
use crate::auth::factors::store::means;
use crate::auth::password::Passwords;
use crate::auth::proof::{self, Asker, Checked};
use crate::auth::sign_in::pages::origin;
use crate::auth::{OwnAccount, me};
use crate::db::Db;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::flash::Flash;
use crate::web::form::{FieldError, Form, FormView};
use crate::web::page::{self, Shell, see_other};

#[derive(Template)]
#[template(path = "auth/own_password/edit.html")]
struct Edit {
    shell: Shell,
    form: FormView,
    asks_for_old: bool,
}

/// Fewest and most characters of a new password.
const LENGTH: std::ops::RangeInclusive<usize> = 15..=256;
/// What counts wrong old passwords, for each person.
const COUNTER: &str = "elevation";

pub async fn edit(can: Can<OwnAccount>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let asks_for_old = asks_for_old(&can, &db).await?;
    page::ok(Edit { shell: context.shell("Change your password"), form: FormView::default(), asks_for_old }.render())
}

pub async fn update(
    can: Can<OwnAccount>,
    context: Context,
    request: HttpRequest,
    db: Data<Db>,
    passwords: Data<Passwords>,
    form: Form,
) -> Result<HttpResponse, AppError> {
    let (user_id, session_id) = me(&can)?;
    let asks_for_old = asks_for_old(&can, &db).await?;
    let mut errors = faults(&form);
    if asks_for_old && errors.is_empty() {
        let origin = origin(&context, &request, "");
        let asker = Asker::new(user_id, session_id, origin, &context.site().secret, COUNTER);
        let old = form.get("password").to_owned();
        match proof::by_password(&db, &can, &asker, old, &passwords).await? {
            Checked::Fits(_) => {}
            Checked::Wrong(error) => errors.push(error),
            Checked::Wait(seconds) => return Err(AppError::TooMany(seconds)),
        }
    }
    if !errors.is_empty() {
        let form = FormView::default().refused(errors);
        let shell = context.shell("Change your password");
        return page::html(StatusCode::UNPROCESSABLE_ENTITY, Edit { shell, form, asks_for_old }.render());
    }
    let hash = passwords.turn().await?.hash(form.get("new_password").to_owned()).await?;
    let action = Action::on("user.change_password", "user", user_id);
    db.write(&can, action, move |tx| store::replace(tx, user_id, &hash)).await?;
    Ok(see_other("/account/password", Flash::ok("Your password is changed, and your other sessions have ended.")))
}

/// Who has just proved who they are is not asked for the old one.
async fn asks_for_old(can: &Can<OwnAccount>, db: &Db) -> Result<bool, AppError> {
    if can.actor().is_elevated() {
        return Ok(false);
    }
    let (user_id, _) = me(can)?;
    match db.read(can, move |conn| means(conn, user_id)).await?.password {
        true => Ok(true),
        false => Err(AppError::Elevate),
    }
}

fn faults(form: &Form) -> Vec<FieldError> {
    let new = form.get("new_password");
    let mut errors = Vec::new();
    if !LENGTH.contains(&new.chars().count()) {
        let message = format!("must have {} to {} characters", LENGTH.start(), LENGTH.end());
        errors.push(FieldError::new("new_password", message));
    }
    if form.get("new_password_again") != new {
        errors.push(FieldError::new("new_password_again", "is not the same"));
    }
    errors
}
