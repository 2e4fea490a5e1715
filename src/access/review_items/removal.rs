//! Taking several assignments away at once: all of them are shown before it is done.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;
use serde_json::json;
use uuid::Uuid;

use super::forms::Ticked;
use super::model::Item;
use super::store;
use crate::access::Manage;
use crate::access::reviews;
use crate::access::reviews::model::Review;
use crate::action::Effect;
use crate::actor::Can;
use crate::db::Db;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::effect::EffectView;
use crate::web::filters;
use crate::web::flash::Flash;
use crate::web::form::{FieldError, Form, FormView};
use crate::web::page::{self, Shell, see_other};

#[derive(Template)]
#[template(path = "access/review_items/remove.html")]
struct Remove {
    shell: Shell,
    review: Review,
    items: Vec<Item>,
    form: FormView,
    effect: EffectView,
}

/// `POST /reviews/{id}/removal`: shows what would go, and does it once that was seen and a reason is given.
pub async fn remove_several(
    can: Can<Manage>,
    context: Context,
    db: Data<Db>,
    id: Path<Uuid>,
    form: Form,
) -> Result<HttpResponse, AppError> {
    let id = *id;
    let review = db.read(&can, move |conn| reviews::store::find(conn, id)).await?;
    let Ticked { ids, reason } = match Ticked::from_form(&form) {
        Ok(ticked) => ticked,
        Err(errors) => return Err(AppError::Refused("item_id", errors[0].message.clone())),
    };
    let wanted = ids.clone();
    let items = db.read(&can, move |conn| store::of_ids(conn, id, &wanted)).await?;
    let back = form.return_to().unwrap_or_else(|| review.url());
    let removal = reviews::actions::action("access_review.remove", &review).reason(&reason);
    let removal = removal.details(json!({ "ticked": ids.len() }));
    let page = Page { context: &context, review, items, form: &form };
    let trial = if reason.is_empty() { "…".to_owned() } else { reason.clone() };
    let (shown, tried) = (form.effect().to_owned(), ids.clone());
    let previewed = db.preview(&can, removal.clone(), move |tx| store::remove_several(tx, id, &tried, &trial)).await;
    let effect = match previewed {
        Ok(preview) => preview.effect,
        Err(AppError::Conflict(why)) => return page.refused("base", &why, &Effect::default(), StatusCode::CONFLICT),
        Err(error) => return Err(error),
    };
    if shown.is_empty() {
        return page.show(Vec::new(), &effect, StatusCode::OK);
    }
    if reason.is_empty() {
        return page.refused("reason", "is required", &effect, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let count = ids.len();
    let removal = removal.expect(&shown).once(form.once(), back.clone());
    match db.write(&can, removal, move |tx| store::remove_several(tx, id, &ids, &reason)).await {
        Ok(()) => Ok(see_other(&back, Flash::ok(format!("{count} removed.")))),
        Err(AppError::EffectChanged(effect)) => {
            let why = "What this would change is not what you saw any more. Look at it again, then confirm.";
            page.refused("base", why, &effect, StatusCode::CONFLICT)
        }
        Err(AppError::Conflict(why)) => page.refused("base", &why, &Effect::default(), StatusCode::CONFLICT),
        Err(error) => Err(error),
    }
}

struct Page<'p> {
    context: &'p Context,
    review: Review,
    items: Vec<Item>,
    form: &'p Form,
}

impl Page<'_> {
    fn refused(self, field: &str, why: &str, effect: &Effect, status: StatusCode) -> Result<HttpResponse, AppError> {
        self.show(vec![FieldError::new(field, why)], effect, status)
    }

    fn show(self, errors: Vec<FieldError>, effect: &Effect, status: StatusCode) -> Result<HttpResponse, AppError> {
        let title = match self.items.len() {
            1 => "Remove one assignment".to_owned(),
            count => format!("Remove {count} assignments"),
        };
        let mut shell = self.context.shell(title);
        shell.trail = reviews::actions::trail(&self.review, "removal");
        let form = match self.form.once() {
            Some(_) => self.form.view(errors),
            None => {
                let key = Uuid::new_v4().to_string();
                self.form.view(errors).with("idempotency_key", &key)
            }
        };
        let effect = EffectView::of(effect);
        page::html(status, Remove { shell, review: self.review, items: self.items, form, effect }.render())
    }
}
