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
use crate::auth::{OwnAccount, chosen_password, me};
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
    let (actor, fields) = (can.actor(), ("new_password", "new_password_again"));
    let again = |errors: Vec<FieldError>| {
        let form = FormView::default().refused(errors);
        let shell = context.shell("Change your password");
        page::html(StatusCode::UNPROCESSABLE_ENTITY, Edit { shell, form, asks_for_old }.render())
    };
    let new = match chosen_password::read(&form, fields, &[&actor.label, &actor.name]) {
        Ok(new) => new,
        Err(errors) => return again(errors),
    };
    if asks_for_old {
        let origin = origin(&context, &request, "");
        let network = origin.network_hash.clone();
        let asker = Asker::new(user_id, session_id, origin, &context.site().secret, COUNTER);
        let old = form.get("password").to_owned();
        match proof::by_password(&db, &can, &asker, old, &passwords).await? {
            Checked::Fits(_) => {}
            Checked::Wrong(error) => {
                let failure = chosen_password::failure(Some(user_id), "the old password does not fit");
                db.note_security(actor.clone(), failure.from_network(network)).await;
                return again(vec![error]);
            }
            Checked::Wait(seconds) => return Err(AppError::TooMany(seconds)),
        }
    }
    let hash = passwords.turn().await?.hash(new.0).await?;
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
