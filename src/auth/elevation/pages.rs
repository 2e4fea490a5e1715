//! `/elevation`.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde_json::json;
use uuid::Uuid;

use super::store;
use crate::action::Action;
use crate::actor::Can;
use crate::auth::passkeys::Passkeys;
use crate::auth::password::Passwords;
use crate::auth::proof::{self, Asker, Checked, Given, Proof, Ways};
use crate::auth::sign_in::pages::origin;
use crate::auth::sign_in::store::forget_failures;
use crate::auth::{Elevate, cookie, landing, me};
use crate::db::Db;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::filters;
use crate::web::flash::Flash;
use crate::web::form::{FieldError, Form, FormView};
use crate::web::page::{self, Shell, see_other};

#[derive(Template)]
#[template(path = "auth/elevation/new.html")]
struct New {
    shell: Shell,
    form: FormView,
    ways: Ways,
    /// Signed in by a link, with nothing else to show, a moment ago.
    is_fresh: bool,
}

/// What counts wrong proofs here, for each person.
const COUNTER: &str = "elevation";

/// What every answer of this page needs.
struct Step<'r> {
    can: &'r Can<Elevate>,
    context: &'r Context,
    request: &'r HttpRequest,
    db: &'r Db,
    passkeys: &'r Passkeys,
    user_id: Uuid,
    session_id: Uuid,
}

pub async fn new(
    can: Can<Elevate>,
    context: Context,
    request: HttpRequest,
    db: Data<Db>,
    passkeys: Data<Passkeys>,
) -> Result<HttpResponse, AppError> {
    let return_to = context.return_to().unwrap_or_default();
    let step = step(&can, &context, &request, &db, &passkeys)?;
    step.show(FormView::filled(&[("return_to", &return_to)]), StatusCode::OK).await
}

pub async fn create(
    can: Can<Elevate>,
    context: Context,
    request: HttpRequest,
    db: Data<Db>,
    (passkeys, passwords): (Data<Passkeys>, Data<Passwords>),
    form: Form,
) -> Result<HttpResponse, AppError> {
    let step = step(&can, &context, &request, &db, &passkeys)?;
    let asker =
        Asker::new(step.user_id, step.session_id, origin(&context, &request, ""), &context.site().secret, COUNTER);
    let error = match step.check(&asker, &form, &passwords).await? {
        Checked::Fits(proof) => match step.begin(asker, proof).await {
            Ok(true) => return Ok(replace_passkey()),
            Ok(false) => return Ok(go_on(form.return_to())),
            Err(AppError::Refused(field, why)) => FieldError::new(field, why),
            Err(error) => return Err(error),
        },
        Checked::Wrong(error) => error,
        Checked::Wait(seconds) => {
            let error =
                FieldError::new("base", format!("Too many tries. Wait {}, then try again.", filters::seconds(seconds)));
            let mut answer = step.show(again(&form, error), StatusCode::TOO_MANY_REQUESTS).await?;
            answer.headers_mut().insert("retry-after".parse().expect("a header name"), seconds.into());
            return Ok(answer);
        }
    };
    step.show(again(&form, error), StatusCode::UNPROCESSABLE_ENTITY).await
}

pub async fn end(can: Can<Elevate>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let (_, session_id) = me(&can)?;
    let action = Action::on("session.end_elevation", "session", session_id);
    db.write(&can, action, move |tx| store::end(tx, session_id)).await?;
    Ok(see_other(landing::now(&context), Flash::ok("The elevation has ended.")))
}

/// Proofs are not repeated.
fn again(form: &Form, error: FieldError) -> FormView {
    FormView::filled(&[("return_to", &form.return_to().unwrap_or_default())]).refused(vec![error])
}

/// To where a lost passkey is removed and another one added.
fn replace_passkey() -> HttpResponse {
    let said = format!(
        "For {} minutes you can remove your passkey and add another one. Anything else needs a passkey.",
        store::MINUTES
    );
    see_other("/account/factors", Flash::warn(said))
}

/// Back to what was asked for.
fn go_on(return_to: Option<String>) -> HttpResponse {
    let back = return_to.unwrap_or_else(|| "/".to_owned());
    let elevated = format!("You are elevated for {} minutes.", store::MINUTES);
    match landing::list_of(&back) {
        None => see_other(&back, Flash::ok(elevated)),
        Some(list) => see_other(&list, Flash::ok(format!("{elevated} Take the list out again."))),
    }
}

fn step<'r>(
    can: &'r Can<Elevate>,
    context: &'r Context,
    request: &'r HttpRequest,
    db: &'r Db,
    passkeys: &'r Passkeys,
) -> Result<Step<'r>, AppError> {
    let (user_id, session_id) = me(can)?;
    Ok(Step { can, context, request, db, passkeys, user_id, session_id })
}

impl Step<'_> {
    /// Nothing less than the strongest thing that the person has is looked at: a passkey before codes, and codes before
    /// a password. A recovery code stands in for a lost factor; while there is a passkey, what it elevates to is the
    /// change of one's own factors alone, so that a lost one can be replaced.
    async fn check(&self, asker: &Asker, form: &Form, passwords: &Passwords) -> Result<Checked, AppError> {
        let user_id = self.user_id;
        let means = self.db.read(self.can, move |conn| crate::auth::factors::store::means(conn, user_id)).await?;
        let wrong = |field: &str, message: &str| Ok(Checked::Wrong(FieldError::new(field, message)));
        match Given::read(form) {
            Given::Code(code) if means.passkeys => self.check_replacing(asker, code).await,
            Given::Code(code) if means.totp => {
                proof::by_code(self.db, self.can, asker, code, &self.context.site().secret).await
            }
            Given::Passkey { ceremony, answer } if means.has_factor() => {
                proof::by_passkey(self.db, self.can, asker, (ceremony, answer), self.passkeys).await
            }
            _ if means.passkeys => wrong("base", "Use your passkey: you have one, and less is not enough."),
            _ if means.totp => wrong("code", "is required: you have a second factor, and less is not enough"),
            Given::Password(password) if means.password => {
                proof::by_password(self.db, self.can, asker, password, passwords).await
            }
            _ if means.password => wrong("password", "is required"),
            _ if self.is_fresh().await? => Ok(Checked::Fits(Proof::Link)),
            _ => {
                wrong("base", "You signed in too long ago, and have nothing else to prove who you are. Sign in again.")
            }
        }
    }

    async fn check_replacing(&self, asker: &Asker, code: String) -> Result<Checked, AppError> {
        const NOT_ENOUGH: &str =
            "is not enough: you have a passkey. Only a recovery code that is left is taken, to replace a lost one";
        Ok(match proof::by_recovery_code(self.db, self.can, asker, code).await? {
            Checked::Wrong(_) => Checked::Wrong(FieldError::new("code", NOT_ENOUGH)),
            other => other,
        })
    }

    async fn is_fresh(&self) -> Result<bool, AppError> {
        let session_id = self.session_id;
        self.db.read(self.can, move |conn| store::is_fresh(conn, session_id)).await
    }

    /// Returns whether it is to replace a lost passkey and for nothing else.
    async fn begin(&self, asker: Asker, proof: Proof) -> Result<bool, AppError> {
        let token = cookie::new_token();
        let (token_hash, user_id, session_id) = (cookie::hash(&token), self.user_id, self.session_id);
        let action = Action::on("session.elevate", "session", session_id).details(json!({ "factor": proof.name() }));
        let write = self.db.write(self.can, action, move |tx| {
            proof.spend(tx, user_id)?;
            forget_failures(tx, &asker.origin)?;
            store::begin(tx, session_id, proof.name(), token_hash)?;
            let is_recovery = matches!(proof, Proof::RecoveryCode { .. });
            Ok(is_recovery && crate::auth::factors::store::means(tx, user_id)?.passkeys)
        });
        let replaces = write.await?;
        cookie::renew(self.request, &token)?;
        Ok(replaces)
    }

    async fn show(&self, form: FormView, status: StatusCode) -> Result<HttpResponse, AppError> {
        let whose = (self.user_id, self.session_id);
        let ways = Ways::of(self.db, self.can, self.request, self.passkeys, whose).await?;
        let is_fresh = self.is_fresh().await?;
        let shell = self.context.shell("Confirm that it is you");
        page::html(status, New { shell, form, ways, is_fresh }.render())
    }
}
