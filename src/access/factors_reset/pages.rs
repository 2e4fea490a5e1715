//! `/people/{id}/factors-reset`.

use actix_web::HttpResponse;
use actix_web::web::Data;

use super::actions::FactorsReset;
use crate::access::Manage;
use crate::actor::{Can, Scope};
use crate::db::Db;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::form::Form;
use crate::web::route::RowId;
use crate::web::row_action;

pub async fn new(can: Can<Manage>, context: Context, db: Data<Db>, id: RowId) -> Result<HttpResponse, AppError> {
    on_the_platform(&can)?;
    row_action::ask::<FactorsReset>(can, context, db, id).await
}

pub async fn create(
    can: Can<Manage>,
    context: Context,
    db: Data<Db>,
    id: RowId,
    form: Form,
) -> Result<HttpResponse, AppError> {
    on_the_platform(&can)?;
    row_action::act::<FactorsReset>(can, context, db, id, form).await
}

/// Means to sign in open everything that a person may do, so a right on some rows is not enough.
fn on_the_platform(can: &Can<Manage>) -> Result<(), AppError> {
    match can.scope() {
        Scope::Platform => Ok(()),
        Scope::Rows { .. } => Err(AppError::NotFound),
    }
}
