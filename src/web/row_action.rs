//! Actions on one row that are not its form: suspend, close, delete, retry. Each is a page that shows what will
//! change, asks why, and does just that: `GET .../<noun>/new` and `POST .../<noun>`.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use diesel::PgConnection;
use serde_json::json;
use uuid::Uuid;

use super::context::Context;
use super::effect::EffectView;
use super::filters;
use super::flash::Flash;
use super::form::{Check, FieldError, Form, FormView};
use super::page::{Crumb, Shell, html, see_other};
use super::route::{RowId, own_address};
use crate::action::{Action, Effect};
use crate::actor::{Can, Privilege};
use crate::db::{Db, SecurityEvent, SecurityKind, Tx};
use crate::error::AppError;

/// What an action says about itself for one row.
pub struct Words {
    /// `Suspend Northwind`: the title, and the button.
    pub title: String,
    /// `Northwind is suspended.`: the notice afterwards.
    pub done: String,
    /// Where the form is sent: `/tenants/<id>/suspension`.
    pub post_to: String,
    /// Where the person goes afterwards, unless they came from a list.
    pub back_to: String,
    /// The pages above.
    pub trail: Vec<Crumb>,
    /// What must be typed to confirm; only the most dangerous ones ask.
    pub typed: Option<String>,
}

/// A whole number that the action asks for besides the reason.
#[derive(Debug, Clone, Copy)]
pub struct NumberField {
    pub name: &'static str,
    pub label: &'static str,
    pub help: &'static str,
    pub min: i32,
    pub max: i32,
    pub default: i32,
}

/// What was typed.
#[derive(Debug, Clone, Default)]
pub struct Input {
    pub reason: String,
    /// The value of [`RowAction::NUMBER`].
    pub number: i32,
}

/// One action on one row.
pub trait RowAction: Sized + 'static {
    type Row: Send + 'static;
    type Needs: Privilege;
    /// Drawn in red.
    const DANGEROUS: bool = false;
    const NUMBER: Option<NumberField> = None;

    /// The row, or `NotFound`.
    fn load(conn: &mut PgConnection, id: Uuid) -> Result<Self::Row, AppError>;
    /// Name and target of the event.
    fn action(row: &Self::Row) -> Action;
    fn words(row: &Self::Row) -> Words;
    /// What will happen, in one sentence; the effect was counted just now.
    fn sentence(row: &Self::Row, effect: &Effect) -> String;
    /// Does it, or says in a `Conflict` why the row's state does not allow it.
    fn apply(tx: &mut Tx<'_, Self::Needs>, row: &Self::Row, input: &Input) -> Result<(), AppError>;
}

/// What almost every action begins with: on which row, with which privilege, and how the row is found.
macro_rules! on_row {
    ($row:ty, $needs:ty, $find:path) => {
        type Row = $row;
        type Needs = $needs;

        fn load(conn: &mut ::diesel::PgConnection, id: ::uuid::Uuid) -> Result<$row, $crate::error::AppError> {
            $find(conn, id)
        }
    };
}
pub(crate) use on_row;

#[derive(Template)]
#[template(path = "ui/action.html")]
struct ActionPage {
    shell: Shell,
    words: Words,
    sentence: String,
    dangerous: bool,
    number: Option<NumberField>,
    form: FormView,
    effect: EffectView,
}

/// `GET .../<noun>/new`
pub async fn ask<A: RowAction>(
    can: Can<A::Needs>,
    context: Context,
    db: Data<Db>,
    id: RowId,
) -> Result<HttpResponse, AppError> {
    let number = A::NUMBER.map(|field| field.default.to_string()).unwrap_or_default();
    let return_to = context.return_to().unwrap_or_default();
    let mut values = vec![("return_to", return_to.as_str())];
    if let Some(field) = A::NUMBER {
        values.push((field.name, number.as_str()));
    }
    show::<A>(&can, &context, &db, id.0, FormView::filled(&values), StatusCode::OK).await
}

/// `POST .../<noun>`
pub async fn act<A: RowAction>(
    can: Can<A::Needs>,
    context: Context,
    db: Data<Db>,
    id: RowId,
    form: Form,
) -> Result<HttpResponse, AppError> {
    let id = id.0;
    let row = db.read(&can, move |conn| A::load(conn, id)).await?;
    let words = A::words(&row);
    own_address(&context.path, &words.post_to)?;
    let input = match checked::<A>(form.check(), &words) {
        Ok(input) => input,
        Err(errors) => {
            return show::<A>(&can, &context, &db, id, form.view(errors), StatusCode::UNPROCESSABLE_ENTITY).await;
        }
    };
    let back = form.return_to().unwrap_or_else(|| words.back_to.clone());
    let action = A::action(&row).reason(&input.reason).expect(form.effect()).once(form.once(), back.clone());
    let name = action.name;
    let done = db
        .write(&can, action, move |tx| {
            let row = A::load(tx, id)?;
            A::apply(tx, &row, &input)
        })
        .await;
    let refused = match done {
        Ok(()) => {
            if form.effect().is_empty() {
                note_unseen(&can, &db, name).await;
            }
            return Ok(see_other(&back, Flash::ok(words.done)));
        }
        Err(AppError::EffectChanged(_)) => {
            "What this would change is not what you saw any more. Look at it again, then confirm.".to_owned()
        }
        Err(AppError::Conflict(why) | AppError::Refused(_, why)) => why,
        Err(error) => return Err(error),
    };
    let form = form.view(vec![FieldError::new("base", refused)]);
    show::<A>(&can, &context, &db, id, form, StatusCode::CONFLICT).await
}

/// Every page that asks sends along what it showed, so that somebody went past it.
async fn note_unseen<P: Privilege>(can: &Can<P>, db: &Db, action: &str) {
    let details = json!({ "why": "an action whose effect was not looked at", "action": action });
    db.note_security(can.actor().clone(), SecurityEvent::of(SecurityKind::SequenceFail, details)).await;
}

fn checked<A: RowAction>(mut check: Check<'_>, words: &Words) -> Result<Input, Vec<FieldError>> {
    let reason = check.reason();
    let number = A::NUMBER.map(|field| check.number(field.name, field.min, field.max)).unwrap_or_default();
    if let Some(expected) = &words.typed {
        check.typed("confirm", expected);
    }
    check.finish(Input { reason, number })
}

/// Does the action, undoes it, and shows what it changed. An action that the state does not allow is shown with
/// its reason instead.
async fn show<A: RowAction>(
    can: &Can<A::Needs>,
    context: &Context,
    db: &Db,
    id: Uuid,
    mut form: FormView,
    status: StatusCode,
) -> Result<HttpResponse, AppError> {
    let row = db.read(can, move |conn| A::load(conn, id)).await?;
    let words = A::words(&row);
    own_address(&context.path, &words.post_to)?;
    let trial = trial::<A>(&form);
    let previewed = db
        .preview(can, A::action(&row), move |tx| {
            let row = A::load(tx, id)?;
            A::apply(tx, &row, &trial)
        })
        .await;
    let (effect, status) = match previewed {
        Ok(preview) => (preview.effect, status),
        Err(AppError::Conflict(why)) => {
            form.errors.retain(|error| error.message != why);
            form.errors.push(FieldError::new("base", why));
            (Effect::default(), StatusCode::CONFLICT)
        }
        Err(error) => return Err(error),
    };
    let mut shell = context.shell(words.title.clone());
    shell.trail.clone_from(&words.trail);
    let page = ActionPage {
        sentence: A::sentence(&row, &effect),
        effect: EffectView::of(&effect),
        dangerous: A::DANGEROUS,
        number: A::NUMBER,
        shell,
        words,
        form,
    };
    html(status, page.render())
}

/// The input to try the action with. What was refused is not tried, for the database would refuse it too.
fn trial<A: RowAction>(form: &FormView) -> Input {
    let accepted = |field: &str| Some(form.value(field).trim()).filter(|_| form.error(field).is_empty());
    let reason = accepted("reason").filter(|reason| !reason.is_empty()).unwrap_or("…").to_owned();
    let number = |field: NumberField| accepted(field.name).and_then(|text| text.parse().ok()).unwrap_or(field.default);
    Input { reason, number: A::NUMBER.map(number).unwrap_or_default() }
}
