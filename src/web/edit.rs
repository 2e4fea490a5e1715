//! Forms that change one stored row: `GET .../edit` shows it, `POST` writes it unless somebody else did so since.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use diesel::PgConnection;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::confirm::{self, Question, Sent};
use super::conflict::{Difference, differences};
use super::context::Context;
use super::flash::Flash;
use super::form::{ConstraintField, FieldError, Form, FormView, field_errors};
use super::page::{self, see_other};
use super::route::{RowId, own_address};
use crate::action::Action;
use crate::actor::{Can, Privilege};
use crate::db::{Db, Tx};
use crate::error::AppError;

/// The edited values of one row, and how they are asked for.
pub trait EditForm: Sized + Send + 'static {
    type Row: Send + 'static;
    type Needs: Privilege;
    /// The form's columns, in the order of the form.
    const COLUMNS: &'static [&'static str];
    /// Shows whom the change touches before it is made.
    const SHOWS_EFFECT: bool = false;
    /// What the table itself refuses.
    const CONSTRAINTS: &'static [ConstraintField] = &[];

    /// The row, or `NotFound` when there is none that may be edited.
    fn load(conn: &mut PgConnection, id: Uuid) -> Result<Self::Row, AppError>;
    /// What the columns held at an older version, as far as they changed since.
    fn values_at(conn: &mut PgConnection, row: &Self::Row, version: i32) -> Result<Map<String, Value>, AppError>;
    /// The form of the row as stored, its `version` included.
    fn fill(row: &Self::Row) -> FormView;
    /// All fields checked, all errors at once.
    fn read(form: &Form) -> Result<Self, Vec<FieldError>>;
    /// Name and target of the event.
    fn action(row: &Self::Row) -> Action;
    /// Writes the values, or says `Stale`.
    fn apply(&self, tx: &mut Tx<'_, Self::Needs>, row: &Self::Row) -> Result<(), AppError>;
    /// `Northwind is saved.`: the notice afterwards.
    fn done(&self, row: &Self::Row) -> String;
    /// What is asked with [`EditForm::SHOWS_EFFECT`].
    fn question(row: &Self::Row) -> Question {
        Question { title: "Save".into(), post_to: Self::post_to(row), ..Question::default() }
    }
    /// Where the form is sent, which with `/edit` is where it is.
    fn post_to(row: &Self::Row) -> String;
    /// Where the person goes afterwards, unless they came from a list.
    fn back_to(row: &Self::Row) -> String;
    /// The page around the form.
    fn page(context: &Context, row: Self::Row, form: FormView, conflict: Vec<Difference>) -> Rendered;
}

/// A rendered page, or why its template failed.
pub type Rendered = Result<String, askama::Error>;

/// `GET .../edit`
pub async fn edit<E: EditForm>(
    can: Can<E::Needs>,
    context: Context,
    db: Data<Db>,
    id: RowId,
) -> Result<HttpResponse, AppError> {
    let row = db.read(&can, move |conn| E::load(conn, id.0)).await?;
    own_address(&context.path, &E::post_to(&row))?;
    let form = E::fill(&row).with("return_to", &context.return_to().unwrap_or_default());
    page::ok(E::page(&context, row, form, Vec::new()))
}

/// `POST`
pub async fn update<E: EditForm>(
    can: Can<E::Needs>,
    context: Context,
    db: Data<Db>,
    id: RowId,
    form: Form,
) -> Result<HttpResponse, AppError> {
    let id = id.0;
    let row = db.read(&can, move |conn| E::load(conn, id)).await?;
    own_address(&context.path, &E::post_to(&row))?;
    let values = match E::read(&form) {
        Ok(values) => values,
        Err(errors) => return again::<E>(&context, row, &form, errors, StatusCode::UNPROCESSABLE_ENTITY),
    };
    if E::SHOWS_EFFECT && confirm::wants_form(&form) {
        return page::ok(E::page(&context, row, form.view(Vec::new()), Vec::new()));
    }
    let action = E::action(&row).reason(form.get("reason"));
    let done = Flash::ok(values.done(&row));
    let work = move |tx: &mut Tx<'_, E::Needs>| {
        let row = E::load(tx, id)?;
        values.apply(tx, &row)
    };
    let sent = match E::SHOWS_EFFECT {
        true => confirm::send(&can, &db, action, &form, work).await,
        false => db.write(&can, action, work).await.map(|()| Sent::Done),
    };
    match sent {
        Ok(Sent::Done) => Ok(see_other(&form.return_to().unwrap_or_else(|| E::back_to(&row)), done)),
        Ok(Sent::Shown(effect)) => confirm::shown(&context, E::question(&row), &form, &effect),
        Ok(Sent::Changed(effect)) => confirm::changed(&context, E::question(&row), &form, &effect),
        Err(AppError::Stale) => stale::<E>(&can, &context, &db, id, &form).await,
        Err(AppError::Conflict(why)) => {
            again::<E>(&context, row, &form, vec![FieldError::new("base", why)], StatusCode::CONFLICT)
        }
        Err(error) => {
            let errors = field_errors(error, E::CONSTRAINTS)?;
            again::<E>(&context, row, &form, errors, StatusCode::UNPROCESSABLE_ENTITY)
        }
    }
}

/// The form as it was sent, with everything that is wrong: 422 where the values are, 409 where the row's state is.
fn again<E: EditForm>(
    context: &Context,
    row: E::Row,
    form: &Form,
    errors: Vec<FieldError>,
    status: StatusCode,
) -> Result<HttpResponse, AppError> {
    page::html(status, E::page(context, row, form.view(errors), Vec::new()))
}

/// 409: theirs, yours and what both began with; saving again is a choice made with open eyes.
async fn stale<E: EditForm>(
    can: &Can<E::Needs>,
    context: &Context,
    db: &Db,
    id: Uuid,
    form: &Form,
) -> Result<HttpResponse, AppError> {
    let version = form.get("version").parse().unwrap_or_default();
    let (row, base) = db
        .read(can, move |conn| {
            let row = E::load(conn, id)?;
            let base = E::values_at(conn, &row, version)?;
            Ok((row, base))
        })
        .await?;
    let theirs = E::fill(&row);
    let conflict = differences(E::COLUMNS, &base, &theirs, form);
    let form = form.view(Vec::new()).with("version", theirs.value("version"));
    page::html(StatusCode::CONFLICT, E::page(context, row, form, conflict))
}
