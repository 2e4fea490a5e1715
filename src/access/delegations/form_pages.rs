//! Handing out a delegation.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use serde_json::json;
use uuid::Uuid;

use super::Delegate;
use super::forms::{CONSTRAINTS, NewDelegation};
use super::model::Whose;
use super::{reading, store};
use crate::access::roles::model::{Area, PrivilegeRow, areas};
use crate::action::Action;
use crate::actor::Can;
use crate::db::{Db, SecurityEvent, SecurityKind};
use crate::error::AppError;
use crate::web::confirm::{self, Question, Sent};
use crate::web::context::Context;
use crate::web::flash::Flash;
use crate::web::form::{FieldError, Form, FormView, field_errors};
use crate::web::page::{self, Crumb, Shell, see_other};

#[derive(Template)]
#[template(path = "access/delegations/new.html")]
struct New {
    shell: Shell,
    form: FormView,
    areas: Vec<Area>,
}

/// What whoever asks holds and can hand on.
async fn offered(can: &Can<Delegate>, db: &Db) -> Result<Vec<PrivilegeRow>, AppError> {
    let delegable = db.read(can, reading::delegable).await?;
    Ok(delegable.into_iter().filter(|row| can.actor().holds(&row.name)).collect())
}

/// `/account/delegations/new`
pub async fn new(can: Can<Delegate>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let offered = offered(&can, &db).await?;
    form_page(&context, offered, FormView::filled(&[]), StatusCode::OK)
}

fn form_page(
    context: &Context,
    offered: Vec<PrivilegeRow>,
    form: FormView,
    status: StatusCode,
) -> Result<HttpResponse, AppError> {
    let shell = context.shell("Let somebody act for you").under(Whose::Own.label(), Whose::Own.list());
    page::html(status, New { shell: shell.under("new", ""), form, areas: areas(offered) }.render())
}

/// `POST /account/delegations`
pub async fn create(can: Can<Delegate>, context: Context, db: Data<Db>, form: Form) -> Result<HttpResponse, AppError> {
    let offered = offered(&can, &db).await?;
    let names: Vec<&str> = offered.iter().map(|row| row.name.as_str()).collect();
    let read = NewDelegation::from_form(&form, &names);
    let again = |errors: Vec<FieldError>, status: StatusCode| {
        form_page(&context, offered.clone(), form.view(errors).with("effect", ""), status)
    };
    let new = match read {
        Ok(new) => new,
        Err((errors, foreign)) => {
            note_foreign(&can, &db, &foreign).await;
            return again(errors, StatusCode::UNPROCESSABLE_ENTITY);
        }
    };
    if confirm::wants_form(&form) {
        return again(Vec::new(), StatusCode::OK);
    }
    match give(&can, &db, &form, new).await {
        Ok((Sent::Done, location)) => {
            Ok(see_other(&location, Flash::ok("The delegation is made. Both of you get a mail.")))
        }
        Ok((Sent::Shown(effect), _)) => confirm::shown(&context, question(), &form, &effect),
        Ok((Sent::Changed(effect), _)) => confirm::changed(&context, question(), &form, &effect),
        Err(error) => again(field_errors(error, &CONSTRAINTS)?, StatusCode::UNPROCESSABLE_ENTITY),
    }
}

async fn give(can: &Can<Delegate>, db: &Db, form: &Form, new: NewDelegation) -> Result<(Sent, String), AppError> {
    let grantor = can.actor().user_id.ok_or(AppError::SignIn)?;
    let (id, reason, scope) = (Uuid::now_v7(), new.reason.clone(), new.action_scope.clone());
    let resolved = db.read(can, move |conn| store::resolve(conn, grantor, new)).await?;
    let location = format!("{}/{id}", Whose::Own.list());
    let details = json!({ "delegate_user_id": resolved.delegate_user_id, "action_scope": scope });
    let action = Action::on("delegation.create", "delegation", id).details(details).reason(&reason);
    let action = resolved.tenant_id.into_iter().fold(action, Action::tenant);
    let action = action.once(form.once(), location.clone());
    let sent = confirm::send(can, db, action, form, move |tx| store::insert(tx, id, &resolved)).await?;
    Ok((sent, location))
}

/// Rights that the form did not offer were written into it by hand.
async fn note_foreign(can: &Can<Delegate>, db: &Db, foreign: &[String]) {
    if foreign.is_empty() {
        return;
    }
    let shown: Vec<String> = foreign.iter().take(10).map(|name| name.chars().take(100).collect()).collect();
    let details = json!({ "field": "action_scope", "sent": shown });
    db.note_security(can.actor().clone(), SecurityEvent::of(SecurityKind::InputValidationDiscreteFail, details)).await;
}

fn question() -> Question {
    Question {
        title: "Let them act for you".into(),
        post_to: Whose::Own.list().into(),
        trail: vec![
            Crumb { label: Whose::Own.label().into(), href: Whose::Own.list().into() },
            Crumb { label: "new".into(), href: String::new() },
        ],
        ..Question::default()
    }
}
