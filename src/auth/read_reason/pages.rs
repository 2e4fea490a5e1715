//! `/read-reason`.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;

use super::{forms, store};
use crate::action::Action;
use crate::actor::{Can, REASON_CODES};
use crate::auth::{SayWhy, landing, me};
use crate::db::Db;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormView};
use crate::web::page::{self, Shell, see_other};

#[derive(Template)]
#[template(path = "auth/read_reason/new.html")]
struct New {
    shell: Shell,
    form: FormView,
    /// Each code, and the same in words.
    codes: Vec<(&'static str, String)>,
    /// A role of theirs wants to know.
    is_asked: bool,
}

pub async fn new(can: Can<SayWhy>, context: Context) -> Result<HttpResponse, AppError> {
    let reading = &can.actor().reading;
    let (code, ticket) = reading
        .reason
        .as_ref()
        .map_or(("", ""), |reason| (reason.code.as_str(), reason.ticket.as_deref().unwrap_or_default()));
    let return_to = context.return_to().unwrap_or_default();
    let values = [("read_reason", code), ("read_ticket", ticket), ("return_to", &return_to)];
    show(&context, FormView::filled(&values), StatusCode::OK)
}

fn show(context: &Context, form: FormView, status: StatusCode) -> Result<HttpResponse, AppError> {
    let codes = REASON_CODES.iter().map(|code| (*code, code.replace('_', " "))).collect();
    let page =
        New { shell: context.shell("Why do you read this?"), form, codes, is_asked: context.actor.reading.asks_reason };
    page::html(status, page.render())
}

pub async fn create(can: Can<SayWhy>, context: Context, db: Data<Db>, form: Form) -> Result<HttpResponse, AppError> {
    let reason = match forms::reason_of(&form) {
        Ok(reason) => reason,
        Err(errors) => return show(&context, form.view(errors), StatusCode::UNPROCESSABLE_ENTITY),
    };
    let (_, session_id) = me(&can)?;
    let said = format!("What you read in the next {} minutes is for: {}.", store::MINUTES, reason.words());
    let action = Action::on("session.give_read_reason", "session", session_id);
    db.write(&can, action, move |tx| store::give(tx, session_id, &reason)).await?;
    let back = form.return_to().unwrap_or_else(|| "/".to_owned());
    Ok(match landing::list_of(&back) {
        None => see_other(&back, Flash::ok(said)),
        Some(list) => see_other(&list, Flash::ok(format!("{said} Take the list out again."))),
    })
}

pub async fn end(can: Can<SayWhy>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let (_, session_id) = me(&can)?;
    let action = Action::on("session.end_read_reason", "session", session_id);
    db.write(&can, action, move |tx| store::end(tx, session_id)).await?;
    Ok(see_other(landing::now(&context), Flash::ok("The reason is taken back; you will be asked for one again.")))
}
