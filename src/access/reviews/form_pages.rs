//! Beginning a campaign and changing its frame.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use diesel::PgConnection;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::DecideReviews;
use super::actions::{action, trail};
use super::forms::{self, CONSTRAINTS, NewReview, ReviewPatch};
use super::model::{COVERS, Review};
use super::store;
use crate::access::roles::store as roles;
use crate::action::{Action, Effect};
use crate::actor::Can;
use crate::audit::history;
use crate::db::{Db, Tx};
use crate::error::AppError;
use crate::web::confirm::{self, Question, Sent};
use crate::web::conflict::Difference;
use crate::web::context::Context;
use crate::web::edit::{EditForm, Rendered};
use crate::web::filters;
use crate::web::flash::Flash;
use crate::web::form::{FieldError, Form, FormView, field_errors};
use crate::web::page::{self, Crumb, Shell, see_other};

#[derive(Template)]
#[template(path = "access/reviews/new.html")]
struct New {
    shell: Shell,
    form: FormView,
    covers: &'static [&'static str],
    roles: Vec<(Uuid, String)>,
}

pub async fn new(can: Can<DecideReviews>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let form = FormView::filled(&[("covers", "all"), ("unused_days", "90")]);
    show_new(&can, &context, &db, form, StatusCode::OK).await
}

async fn show_new(
    can: &Can<DecideReviews>,
    context: &Context,
    db: &Db,
    form: FormView,
    status: StatusCode,
) -> Result<HttpResponse, AppError> {
    let roles = db.read(can, roles::names).await?;
    let shell = context.shell("Begin a review").under("Reviews", "/reviews").under("new", "");
    page::html(status, New { shell, form, covers: &COVERS, roles }.render())
}

/// Shows how many assignments it would be about, and begins it when it is sent again.
pub async fn create(
    can: Can<DecideReviews>,
    context: Context,
    db: Data<Db>,
    form: Form,
) -> Result<HttpResponse, AppError> {
    let again = |errors: Vec<FieldError>, status: StatusCode| {
        show_new(&can, &context, &db, form.view(errors).with("effect", ""), status)
    };
    let new = match NewReview::from_form(&form) {
        Ok(new) => new,
        Err(errors) => return again(errors, StatusCode::UNPROCESSABLE_ENTITY).await,
    };
    if confirm::wants_form(&form) {
        return again(Vec::new(), StatusCode::OK).await;
    }
    let (id, done) = (Uuid::now_v7(), Flash::ok(format!("{} has begun.", new.name)));
    let location = format!("/reviews/{id}");
    let question = |effect: &Effect| Question {
        title: title(effect),
        post_to: "/reviews".into(),
        trail: vec![
            Crumb { label: "Reviews".into(), href: "/reviews".into() },
            Crumb { label: "new".into(), href: String::new() },
        ],
        ..Question::default()
    };
    let begun = Action::on("access_review.begin", "access_review", id).once(form.once(), location.clone());
    let sent = confirm::send(&can, &db, begun, &form, move |tx| store::begin(tx, id, &new).map(drop)).await;
    match sent {
        Ok(Sent::Done) => Ok(see_other(&location, done)),
        Ok(Sent::Shown(effect)) => confirm::shown(&context, question(&effect), &form, &effect),
        Ok(Sent::Changed(effect)) => confirm::changed(&context, question(&effect), &form, &effect),
        Err(error) => again(field_errors(error, &CONSTRAINTS)?, StatusCode::UNPROCESSABLE_ENTITY).await,
    }
}

/// How many it would be about.
fn title(effect: &Effect) -> String {
    let count = effect.changes.iter().filter(|change| change.table_name == "access_review_items").count() as i64;
    match count {
        1 => "Begin the review of one assignment".into(),
        count => format!("Begin the review of {} assignments", filters::thousands(count)),
    }
}

#[derive(Template)]
#[template(path = "access/reviews/edit.html")]
struct Edit {
    shell: Shell,
    form: FormView,
    review: Review,
    conflict: Vec<Difference>,
}

impl EditForm for ReviewPatch {
    type Row = Review;
    type Needs = DecideReviews;
    const COLUMNS: &'static [&'static str] = &ReviewPatch::COLUMNS;

    fn load(conn: &mut PgConnection, id: Uuid) -> Result<Review, AppError> {
        store::find_open(conn, id)
    }
    fn values_at(conn: &mut PgConnection, review: &Review, version: i32) -> Result<Map<String, Value>, AppError> {
        history::values_at(conn, "access_reviews", review.id, version)
    }
    fn fill(review: &Review) -> FormView {
        forms::filled(review)
    }
    fn read(form: &Form) -> Result<ReviewPatch, Vec<FieldError>> {
        ReviewPatch::from_form(form)
    }
    fn action(review: &Review) -> Action {
        action("access_review.update", review)
    }
    fn apply(&self, tx: &mut Tx<'_, DecideReviews>, review: &Review) -> Result<(), AppError> {
        store::update(tx, review, self)
    }
    fn done(&self, _: &Review) -> String {
        format!("{} is saved.", self.name)
    }
    fn post_to(review: &Review) -> String {
        review.url()
    }
    fn back_to(review: &Review) -> String {
        review.url()
    }
    fn page(context: &Context, review: Review, form: FormView, conflict: Vec<Difference>) -> Rendered {
        let mut shell = context.shell(format!("Edit {}", review.name));
        shell.trail = trail(&review, "edit");
        Edit { shell, form, review, conflict }.render()
    }
}
