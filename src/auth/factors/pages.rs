//! `/account/factors`: one's own second factors.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use uuid::Uuid;

use super::model::{Factor, Means};
use super::store;
use crate::action::Action;
use crate::actor::Can;
use crate::auth::{ChangeFactors, OwnFactors, me};
use crate::db::Db;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::filters;
use crate::web::flash::Flash;
use crate::web::form::{FieldError, Form, FormView};
use crate::web::page::{self, Shell, see_other};
use crate::web::route::RowId;

#[derive(Template)]
#[template(path = "auth/factors/index.html")]
struct Index {
    shell: Shell,
    factors: Vec<Factor>,
    means: Means,
    must_enrol: bool,
}

#[derive(Template)]
#[template(path = "auth/factors/edit.html")]
struct Edit {
    shell: Shell,
    id: Uuid,
    form: FormView,
}

/// The page that the others lead back to.
pub const PATH: &str = "/account/factors";

pub async fn index(can: Can<OwnFactors>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let (user_id, _) = me(&can)?;
    let found = db.read(&can, move |conn| Ok((store::list(conn, user_id)?, store::means(conn, user_id)?)));
    let (factors, means) = found.await?;
    let must_enrol = context.actor.must_enrol;
    page::ok(Index { shell: context.shell("Your second factors"), factors, means, must_enrol }.render())
}

pub async fn edit(
    can: Can<ChangeFactors>,
    context: Context,
    db: Data<Db>,
    id: RowId,
) -> Result<HttpResponse, AppError> {
    let id = id.0;
    let factor = db.read(&can, move |conn| store::own(conn, id)).await?;
    show(&context, id, FormView::filled(&[("label", &factor.label)]), StatusCode::OK)
}

pub async fn update(
    can: Can<ChangeFactors>,
    context: Context,
    db: Data<Db>,
    id: RowId,
    form: Form,
) -> Result<HttpResponse, AppError> {
    let id = id.0;
    db.read(&can, move |conn| store::own(conn, id)).await?;
    let label = match label(&form) {
        Ok(label) => label,
        Err(errors) => return show(&context, id, form.view(errors), StatusCode::UNPROCESSABLE_ENTITY),
    };
    let action = Action::on("factor.rename", "user_credential", id).once(form.once(), PATH.to_owned());
    db.write(&can, action, move |tx| store::rename(tx, id, &label)).await?;
    Ok(see_other(PATH, Flash::ok("The name is changed.")))
}

/// The name that a person gives a factor.
pub fn label(form: &Form) -> Result<String, Vec<FieldError>> {
    let mut check = form.check();
    let label = check.line("label", 1, 100);
    check.finish(label)
}

fn show(context: &Context, id: Uuid, form: FormView, status: StatusCode) -> Result<HttpResponse, AppError> {
    let shell = context.shell("Rename a factor").under("Your second factors", PATH);
    page::html(status, Edit { shell, id, form }.render())
}
