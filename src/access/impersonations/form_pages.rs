//! Beginning an impersonation, or asking for one: the form says what will be visible, the page after it what changes.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde_json::json;
use uuid::Uuid;

use super::forms::{MINUTES, NewImpersonation};
use super::model::Candidate;
use super::store::{self, Browser};
use super::{Impersonate, actions, candidates};
use crate::action::Action;
use crate::actor::Can;
use crate::auth::cookie;
use crate::db::{Db, SecurityEvent, SecurityKind};
use crate::error::AppError;
use crate::web::confirm::{self, Question, Sent};
use crate::web::context::Context;
use crate::web::flash::Flash;
use crate::web::form::{FieldError, Form, FormView, field_errors};
use crate::web::page::{self, Crumb, Shell, see_other};
use crate::web::route::RowId;

#[derive(Template)]
#[template(path = "access/impersonations/new.html")]
struct New {
    shell: Shell,
    form: FormView,
    candidate: Candidate,
    tenants: Vec<(Uuid, String)>,
    modes: [(&'static str, &'static str); 2],
    post_to: String,
}

const MODES: [(&str, &str); 2] = [("read_only", "Only look"), ("acting", "Act, after a second person has approved it")];

fn url(candidate: &Candidate) -> String {
    format!("{}/impersonation", candidate.person.url())
}

fn trail(candidate: &Candidate) -> Vec<Crumb> {
    vec![
        Crumb { label: "People".into(), href: "/people".into() },
        Crumb { label: candidate.person.email.clone(), href: candidate.person.url() },
        Crumb { label: "impersonation".into(), href: String::new() },
    ]
}

/// Whom it would be of. That nobody may is an event where no page leads there.
async fn asked_for(can: &Can<Impersonate>, db: &Db, id: Uuid) -> Result<Candidate, AppError> {
    let asker = can.actor().user_id;
    let candidate = db.read(can, move |conn| candidates::candidate(conn, id, asker)).await?;
    if let Some(refused) = candidate.refusal.as_ref().filter(|refused| refused.is_abuse) {
        let details = json!({ "why": "an impersonation that nobody may have", "target_id": id, "said": refused.why });
        db.note_security(can.actor().clone(), SecurityEvent::of(SecurityKind::AuthzFail, details)).await;
    }
    Ok(candidate)
}

/// `/people/{id}/impersonation/new`, where `?tenant=` says in which tenant.
pub async fn new(can: Can<Impersonate>, context: Context, db: Data<Db>, id: RowId) -> Result<HttpResponse, AppError> {
    let candidate = asked_for(&can, &db, id.0).await?;
    let pairs = context.pairs()?;
    let only = candidate.tenants.first().filter(|_| candidate.tenants.len() == 1).map(|tenant| tenant.id.to_string());
    let tenant = pairs.get("tenant").map(str::to_owned).or(only).unwrap_or_default();
    let minutes = MINUTES.1.to_string();
    let form = FormView::filled(&[("tenant_id", &tenant), ("mode", "read_only"), ("minutes", &minutes)]);
    show(&context, candidate, form, StatusCode::OK)
}

fn show(
    context: &Context,
    candidate: Candidate,
    mut form: FormView,
    status: StatusCode,
) -> Result<HttpResponse, AppError> {
    let mut shell = context.shell(format!("Impersonate {}", candidate.person.name));
    shell.trail = trail(&candidate);
    let status = match &candidate.refusal {
        Some(refused) => {
            form.errors = vec![FieldError::new("base", refused.why.clone())];
            StatusCode::CONFLICT
        }
        None => status,
    };
    let tenants = candidate.tenants.iter().map(|tenant| (tenant.id, tenant.name.clone())).collect();
    let post_to = url(&candidate);
    page::html(status, New { shell, form, tenants, modes: MODES, post_to, candidate }.render())
}

/// `POST /people/{id}/impersonation`
pub async fn create(
    can: Can<Impersonate>,
    request: HttpRequest,
    context: Context,
    db: Data<Db>,
    id: RowId,
    form: Form,
) -> Result<HttpResponse, AppError> {
    let candidate = asked_for(&can, &db, id.0).await?;
    if candidate.refusal.is_some() || confirm::wants_form(&form) {
        return show(&context, candidate, form.view(Vec::new()), StatusCode::OK);
    }
    let new = match NewImpersonation::from_form(&form, &candidate) {
        Ok(new) => new,
        Err(errors) => return show(&context, candidate, form.view(errors), StatusCode::UNPROCESSABLE_ENTITY),
    };
    let token = cookie::new_token();
    let question = Question {
        title: format!("{} {}", if new.is_acting() { "Ask to act as" } else { "Look as" }, candidate.person.name),
        post_to: url(&candidate),
        trail: trail(&candidate),
        sentence: sentence(&candidate, &new),
    };
    let (sent, lands) = match send(&can, &db, &form, &new, candidate.person.id, &token).await {
        Ok(sent) => sent,
        Err(AppError::Conflict(why)) => {
            return show(&context, candidate, form.view(vec![FieldError::new("base", why)]), StatusCode::CONFLICT);
        }
        Err(error) => {
            let errors = field_errors(error, &[])?;
            return show(&context, candidate, form.view(errors), StatusCode::UNPROCESSABLE_ENTITY);
        }
    };
    let name = &candidate.person.name;
    match sent {
        Sent::Shown(effect) => confirm::shown(&context, question, &form, &effect),
        Sent::Changed(effect) => confirm::changed(&context, question, &form, &effect),
        Sent::Done if new.is_acting() => {
            Ok(see_other(&lands, Flash::ok(format!("A second person decides whether you may act as {name}."))))
        }
        Sent::Done => {
            cookie::renew(&request, &token)?;
            Ok(see_other(&lands, Flash::ok(format!("You see what {name} sees. They are told."))))
        }
    }
}

/// Who sees what, as whom, how long, and what the person learns of it.
fn sentence(candidate: &Candidate, new: &NewImpersonation) -> String {
    let (name, minutes) = (&candidate.person.name, new.minutes);
    let tenant = candidate.tenants.iter().find(|tenant| tenant.id == new.tenant_id);
    let tenant = tenant.map(|tenant| tenant.name.as_str()).unwrap_or_default();
    match new.is_acting() {
        true => format!(
            "Somebody else decides on this. Once it is approved you have {} minutes to begin; then you see {tenant} as \
             {name} does, and change what they can change there, for {minutes} minutes at most. {name} is told by mail \
             when you begin, with your name, reason and ticket, and again when it is over.",
            store::BEGUN_WITHIN_MINUTES
        ),
        false => format!(
            "From now on you see {tenant} as {name} does, for {minutes} minutes at most, and change nothing. {name} is \
             told by mail at once, with your name, reason and ticket, and again when it is over. Each page that you \
             open is recorded."
        ),
    }
}

async fn send(
    can: &Can<Impersonate>,
    db: &Db,
    form: &Form,
    new: &NewImpersonation,
    target: Uuid,
    token: &str,
) -> Result<(Sent, String), AppError> {
    let id = Uuid::now_v7();
    let (name, lands) = match new.is_acting() {
        true => ("impersonation.request", format!("/impersonations/{id}")),
        false => ("impersonation.begin", format!("/tenants/{}", new.tenant_id)),
    };
    let details = json!({ "target_user_id": target, "mode": new.mode, "minutes": new.minutes, "ticket": new.ticket });
    let action = Action::on(name, "impersonation", id)
        .tenant(new.tenant_id)
        .details(details)
        .reason(&new.reason)
        .once(form.once(), lands.clone());
    let (stored, browser) = (new.clone(), browser(can, token)?);
    let sent = confirm::send(can, db, action, form, move |tx| store::insert(tx, id, target, &stored, browser)).await?;
    Ok((sent, lands))
}

fn browser(can: &Can<Impersonate>, token: &str) -> Result<Browser, AppError> {
    let session_id = can.actor().session_id.ok_or(AppError::SignIn)?;
    Ok(Browser { session_id, token_hash: cookie::hash(token) })
}

/// `POST /impersonations/{id}/beginning`: one that was approved.
pub async fn begin(
    can: Can<Impersonate>,
    request: HttpRequest,
    db: Data<Db>,
    id: RowId,
) -> Result<HttpResponse, AppError> {
    let id = id.0;
    let listed = db.read(&can, move |conn| store::find(conn, id)).await?;
    let token = cookie::new_token();
    let browser = browser(&can, &token)?;
    let action = actions::action("impersonation.begin", &listed).reason(&listed.row.reason);
    let lands = format!("/tenants/{}", listed.row.tenant_id);
    let said = format!("You act as {}. They are told.", listed.target);
    let done = db.write(&can, action, move |tx| store::begin_approved(tx, &listed, browser)).await;
    match done {
        Ok(()) => {
            cookie::renew(&request, &token)?;
            Ok(see_other(&lands, Flash::ok(said)))
        }
        Err(AppError::Conflict(why)) => Ok(see_other(&format!("/impersonations/{id}"), Flash::warn(why))),
        Err(error) => Err(error),
    }
}
