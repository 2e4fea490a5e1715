//! Forms that make one row: `GET .../new` shows the form, `POST` makes the row.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use diesel::PgConnection;

use super::context::Context;
use super::edit::Rendered;
use super::flash::Flash;
use super::form::{ConstraintField, FieldError, Form, FormView, field_errors};
use super::page::{self, see_other};
use super::query::Pairs;
use crate::action::Action;
use crate::actor::{Can, Privilege};
use crate::db::{Db, Tx};
use crate::error::AppError;

/// What a form makes, and how it is asked for.
pub trait NewForm: Sized + Send + 'static {
    type Needs: Privilege;
    /// What the page offers to choose from.
    type Choices: Send + 'static;
    /// The values with what they name, which is known to be there.
    type Found: Send + 'static;
    /// What the tables themselves refuse.
    const CONSTRAINTS: &'static [ConstraintField] = &[];

    /// The form as it begins; the query may say how.
    fn begin(conn: &mut PgConnection, query: &Pairs) -> Result<FormView, AppError>;
    /// Loads what there is to choose from.
    fn choices(conn: &mut PgConnection) -> Result<Self::Choices, AppError>;
    /// All fields checked, all errors at once.
    fn read(form: &Form) -> Result<Self, Vec<FieldError>>;
    /// Finds what the values name. What is not there, or not for the asker to see, is refused at its field.
    fn find(self, conn: &mut PgConnection) -> Result<Self::Found, AppError>;
    /// Name and target of the event.
    fn action(found: &Self::Found) -> Action;
    /// Makes the row.
    fn apply(tx: &mut Tx<'_, Self::Needs>, found: &Self::Found) -> Result<(), AppError>;
    /// `Northwind is made.`: the notice afterwards.
    fn done(found: &Self::Found) -> String;
    /// Where the person goes afterwards.
    fn go_to(found: &Self::Found) -> String;
    /// The page around the form.
    fn page(context: &Context, choices: Self::Choices, form: FormView) -> Rendered;
}

/// `GET .../new`
pub async fn new<N: NewForm>(can: Can<N::Needs>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let query = context.pairs()?;
    let (form, choices) = db.read(&can, move |conn| Ok((N::begin(conn, &query)?, N::choices(conn)?))).await?;
    let form = form.with("return_to", &context.return_to().unwrap_or_default());
    page::ok(N::page(&context, choices, form))
}

/// `POST`
pub async fn create<N: NewForm>(
    can: Can<N::Needs>,
    context: Context,
    db: Data<Db>,
    form: Form,
) -> Result<HttpResponse, AppError> {
    let errors = match N::read(&form) {
        Err(errors) => errors,
        Ok(new) => match make(&can, &db, &form, new).await {
            Ok(made) => return Ok(made),
            Err(error) => field_errors(error, N::CONSTRAINTS)?,
        },
    };
    let choices = db.read(&can, N::choices).await?;
    page::html(StatusCode::UNPROCESSABLE_ENTITY, N::page(&context, choices, form.view(errors)))
}

async fn make<N: NewForm>(can: &Can<N::Needs>, db: &Db, form: &Form, new: N) -> Result<HttpResponse, AppError> {
    let found = db.read(can, move |conn| new.find(conn)).await?;
    let (location, done) = (N::go_to(&found), Flash::ok(N::done(&found)));
    let action = N::action(&found).reason(form.get("reason")).once(form.once(), location.clone());
    db.write(can, action, move |tx| N::apply(tx, &found)).await?;
    Ok(see_other(&location, done))
}
