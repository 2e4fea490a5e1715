//! Making an override. They are shown on the policies tab.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;
use uuid::Uuid;

use super::forms::{CONSTRAINTS, NewOverride};
use super::model::rule;
use super::store;
use crate::action::Action;
use crate::actor::Can;
use crate::db::Db;
use crate::error::AppError;
use crate::tenancy::ManagePolicies;
use crate::tenancy::policies::model::{Kind, RULES, Rule};
use crate::tenancy::tenants::model::Tenant;
use crate::tenancy::tenants::pages::trail;
use crate::tenancy::tenants::store as tenants;
use crate::web::context::Context;
use crate::web::flash::Flash;
use crate::web::form::{FieldError, Form, FormView, field_errors};
use crate::web::page::{self, Shell, see_other};

#[derive(Template)]
#[template(path = "tenancy/overrides/new.html")]
struct New {
    shell: Shell,
    form: FormView,
    tenant: Tenant,
    /// The policy, where the page before has said which.
    rule: Option<&'static Rule>,
    rules: &'static [Rule],
}

/// `?policy=` says which.
pub async fn new(
    can: Can<ManagePolicies>,
    context: Context,
    db: Data<Db>,
    id: Path<Uuid>,
) -> Result<HttpResponse, AppError> {
    let policy = context.pairs()?.get("policy").unwrap_or_default().to_owned();
    show_new(&can, &context, &db, *id, FormView::filled(&[("policy", &policy)]), StatusCode::OK).await
}

async fn show_new(
    can: &Can<ManagePolicies>,
    context: &Context,
    db: &Db,
    tenant_id: Uuid,
    form: FormView,
    status: StatusCode,
) -> Result<HttpResponse, AppError> {
    let tenant = db.read(can, move |conn| tenants::find_living(conn, tenant_id)).await?;
    let mut shell = context.shell(format!("Override a policy of {}", tenant.name));
    shell.trail = trail(&tenant, "policies", "new override");
    let rule = rule(form.value("policy"));
    page::html(status, New { shell, form, tenant, rule, rules: &RULES }.render())
}

pub async fn create(
    can: Can<ManagePolicies>,
    context: Context,
    db: Data<Db>,
    tenant_id: Path<Uuid>,
    form: Form,
) -> Result<HttpResponse, AppError> {
    let tenant_id = *tenant_id;
    let again = |errors: Vec<FieldError>| {
        show_new(&can, &context, &db, tenant_id, form.view(errors), StatusCode::UNPROCESSABLE_ENTITY)
    };
    let new = match NewOverride::from_form(&form) {
        Ok(new) => new,
        Err(errors) => return again(errors).await,
    };
    let id = Uuid::now_v7();
    let back = format!("/tenants/{tenant_id}/policies");
    let action = Action::on("policy_override.create", "policy_override", id).tenant(tenant_id).reason(&new.reason);
    let action = action.once(form.once(), back.clone());
    let done = Flash::ok("The policy is overridden.");
    match db.write(&can, action, move |tx| store::insert(tx, id, tenant_id, &new)).await {
        Ok(()) => Ok(see_other(&back, done)),
        Err(error) => again(field_errors(error, &CONSTRAINTS)?).await,
    }
}
