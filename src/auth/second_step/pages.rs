//! `/sign-in/factor`.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde_json::json;
use uuid::Uuid;

use crate::action::Action;
use crate::actor::{Actor, Can, HalfSession};
use crate::auth::passkeys::Passkeys;
use crate::auth::proof::{self, Asker, Checked, Given, Proof, Ways};
use crate::auth::sign_in::pages::{device_cookie, origin};
use crate::auth::sign_in::store::{self, Beginning, Halfway};
use crate::auth::{SecondStep, SignIn, cookie, landing};
use crate::db::Db;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::filters;
use crate::web::form::{FieldError, Form, FormView};
use crate::web::page::{self, Shell};

#[derive(Template)]
#[template(path = "auth/second_step/new.html")]
struct New {
    shell: Shell,
    form: FormView,
    ways: Ways,
}

/// What counts wrong codes at this step, for each person.
const COUNTER: &str = "second factor";

/// What every answer of this page needs.
struct Step<'r> {
    can: &'r Can<SecondStep>,
    context: &'r Context,
    request: &'r HttpRequest,
    db: &'r Db,
    passkeys: &'r Passkeys,
    half: HalfSession,
}

pub async fn new(
    can: Can<SecondStep>,
    context: Context,
    request: HttpRequest,
    db: Data<Db>,
    passkeys: Data<Passkeys>,
) -> Result<HttpResponse, AppError> {
    let step = step(&can, &context, &request, &db, &passkeys)?;
    let return_to = context.return_to().unwrap_or_default();
    step.show(FormView::filled(&[("return_to", &return_to)]), StatusCode::OK).await
}

pub async fn create(
    can: Can<SecondStep>,
    context: Context,
    request: HttpRequest,
    db: Data<Db>,
    passkeys: Data<Passkeys>,
    form: Form,
) -> Result<HttpResponse, AppError> {
    let step = step(&can, &context, &request, &db, &passkeys)?;
    let id = step.half.id;
    let waiting = db.read(&can, move |conn| store::halfway(conn, id)).await?;
    let asker = step.asker();
    let error = match step.check(&asker, &form).await? {
        Checked::Fits(proof) => match step.finish(asker, waiting, proof).await {
            Ok(answer) => return Ok(answer.location(form.return_to())),
            Err(AppError::Refused(field, why)) => FieldError::new(field, why),
            Err(error) => return Err(error),
        },
        Checked::Wrong(error) => error,
        Checked::Wait(seconds) => return step.wait(&form, seconds).await,
    };
    step.show(again(&form, error), StatusCode::UNPROCESSABLE_ENTITY).await
}

/// Codes are not repeated, and an answer of a passkey cannot be.
fn again(form: &Form, error: FieldError) -> FormView {
    FormView::filled(&[("return_to", &form.return_to().unwrap_or_default())]).refused(vec![error])
}

fn step<'r>(
    can: &'r Can<SecondStep>,
    context: &'r Context,
    request: &'r HttpRequest,
    db: &'r Db,
    passkeys: &'r Passkeys,
) -> Result<Step<'r>, AppError> {
    let half = can.actor().half.ok_or(AppError::SignIn)?;
    Ok(Step { can, context, request, db, passkeys, half })
}

/// A finished sign-in: the device's mark, which has to go with the answer.
struct Finished {
    device: actix_web::cookie::Cookie<'static>,
    /// Where whoever asked for no page goes.
    lands: &'static str,
}

impl Finished {
    fn location(self, return_to: Option<String>) -> HttpResponse {
        let location = return_to.filter(|path| path != "/").unwrap_or_else(|| self.lands.to_owned());
        HttpResponse::SeeOther().insert_header(("location", location)).cookie(self.device).finish()
    }
}

impl Step<'_> {
    fn asker(&self) -> Asker {
        let origin = origin(self.context, self.request, "");
        Asker::new(self.half.user_id, self.half.id, origin, &self.context.site().secret, COUNTER)
    }

    async fn check(&self, asker: &Asker, form: &Form) -> Result<Checked, AppError> {
        match Given::read(form) {
            Given::Code(code) => proof::by_code(self.db, self.can, asker, code, &self.context.site().secret).await,
            Given::Passkey { ceremony, answer } => {
                proof::by_passkey(self.db, self.can, asker, (ceremony, answer), self.passkeys).await
            }
            Given::Password(_) | Given::Nothing => Ok(Checked::Wrong(FieldError::new("code", "is required"))),
        }
    }

    /// Uses the proof up and begins the session that carries authority, under another token.
    async fn finish(&self, asker: Asker, waiting: Halfway, proof: Proof) -> Result<Finished, AppError> {
        let Halfway { account, email, given, by_provider } = waiting;
        if !account.may_open_the_console {
            return Err(AppError::SignIn);
        }
        let user_id = account.id;
        let token = cookie::new_token();
        let mut origin = origin(self.context, self.request, &email);
        let device = origin.device_id.unwrap_or_else(Uuid::new_v4);
        origin.device_id = Some(device);
        let first = given.first().cloned().unwrap_or_default();
        let details = json!({ "factor": first, "second_factor": proof.name() });
        let factors = given.into_iter().chain([proof.name().to_owned()]).collect();
        let token_hash = cookie::hash(&token);
        let counters = vec![origin.account_hash.clone(), asker.origin.account_hash.clone()];
        let replaced = Some(self.half.id);
        let new = Beginning { account, origin, token_hash, replaced, factors, counters, by_provider };
        let can = Can::<SignIn>::prove(Actor::signing_in(user_id, self.context.actor.request_id).into())?;
        let action = Action::on("session.sign_in", "user", user_id).details(details);
        let half = self.half.id;
        let mut counted = asker.origin;
        counted.device_id = Some(device);
        let write = self.db.write(&can, action, move |tx| {
            // Of two answers sent together one finds the half session gone.
            store::end_halfway(tx, half)?;
            proof.spend(tx, user_id)?;
            store::begin(tx, &new)?;
            store::forget_failures(tx, &counted)
        });
        write.await?;
        cookie::renew(self.request, &token)?;
        let lands = landing::oneself(&can, self.db, self.context, user_id).await;
        Ok(Finished { device: device_cookie(self.context, device), lands })
    }

    async fn wait(&self, form: &Form, seconds: u32) -> Result<HttpResponse, AppError> {
        let error =
            FieldError::new("base", format!("Too many tries. Wait {}, then try again.", filters::seconds(seconds)));
        let mut answer = self.show(again(form, error), StatusCode::TOO_MANY_REQUESTS).await?;
        answer.headers_mut().insert("retry-after".parse().expect("a header name"), seconds.into());
        Ok(answer)
    }

    async fn show(&self, form: FormView, status: StatusCode) -> Result<HttpResponse, AppError> {
        let whose = (self.half.user_id, self.half.id);
        let ways = Ways::of(self.db, self.can, self.request, self.passkeys, whose).await?;
        let shell = self.context.shell("Second factor");
        page::html(status, New { shell, form, ways }.render())
    }
}
