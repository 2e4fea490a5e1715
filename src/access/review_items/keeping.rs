//! Saying that assignments are still needed, one or several at once. Nobody's rights change by it.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde_json::json;
use uuid::Uuid;

use super::actions;
use super::forms::Ticked;
use super::store;
use crate::access::reviews;
use crate::access::reviews::DecideReviews;
use crate::actor::Can;
use crate::db::Db;
use crate::error::AppError;
use crate::web::flash::Flash;
use crate::web::form::{FieldError, Form};
use crate::web::page::see_other;

/// `POST /reviews/{id}/items/{item_id}/keeping`
pub async fn keep(
    can: Can<DecideReviews>,
    db: Data<Db>,
    path: Path<(Uuid, Uuid)>,
    form: Form,
) -> Result<HttpResponse, AppError> {
    let (review_id, id) = path.into_inner();
    let item = db.read(&can, move |conn| store::of_review(conn, review_id, id)).await?;
    let mut check = form.check();
    let reason = check.reason();
    let reason = check.finish(reason).map_err(refused)?;
    let back = form.return_to().unwrap_or_else(|| item.review_url());
    let kept = actions::action("access_review.keep", &item).reason(&reason);
    db.write(&can, kept, move |tx| store::keep(tx, id, &reason)).await?;
    Ok(see_other(&back, Flash::ok(format!("{} is kept.", item.named()))))
}

/// `POST /reviews/{id}/keeping`: the ticked ones.
pub async fn keep_several(
    can: Can<DecideReviews>,
    db: Data<Db>,
    id: Path<Uuid>,
    form: Form,
) -> Result<HttpResponse, AppError> {
    let id = *id;
    let review = db.read(&can, move |conn| reviews::store::find(conn, id)).await?;
    let Ticked { ids, reason } = Ticked::from_form(&form).map_err(refused)?;
    if reason.is_empty() {
        return Err(refused(vec![FieldError::new("reason", "is required")]));
    }
    let back = form.return_to().unwrap_or_else(|| review.url());
    let kept = reviews::actions::action("access_review.keep", &review).reason(&reason);
    let kept = kept.details(json!({ "ticked": ids.len() }));
    let done = db.write(&can, kept, move |tx| store::keep_several(tx, id, &ids, &reason)).await?;
    let left = match done.left {
        0 => String::new(),
        left => format!(" {left} stay as they are: decided by somebody else, ended, or yours."),
    };
    Ok(see_other(&back, Flash::ok(format!("{} kept.{left}", done.kept))))
}

/// These forms have one field besides ticks, so that one sentence says what is wrong.
fn refused(errors: Vec<FieldError>) -> AppError {
    let said: Vec<String> = errors.into_iter().map(|error| format!("{} {}", error.field, error.message)).collect();
    AppError::Refused("This form:", said.join("; "))
}
