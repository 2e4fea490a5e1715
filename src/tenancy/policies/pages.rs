//! The policies tab of a tenant, and its form.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use diesel::PgConnection;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::forms::{self, PoliciesPatch};
use super::model::{Kind, Policies, PoliciesOf, RULES, Rule};
use super::store;
use crate::action::Action;
use crate::actor::{Can, Whole};
use crate::audit::history;
use crate::db::{Db, Tx};
use crate::error::AppError;
use crate::tenancy::overrides::{
    self,
    model::{Override, effective},
};
use crate::tenancy::tenants::model::Tenant;
use crate::tenancy::tenants::pages::{Head, trail};
use crate::tenancy::{ManagePolicies, View};
use crate::web::conflict::Difference;
use crate::web::context::Context;
use crate::web::edit::{EditForm, Rendered};
use crate::web::filters;
use crate::web::form::{FieldError, Form, FormView};
use crate::web::page::{self, Shell};

#[derive(Template)]
#[template(path = "tenancy/policies/show.html")]
struct Show {
    shell: Shell,
    head: Head,
    policies: Policies,
    effective: Policies,
    overrides: Vec<Override>,
    rules: &'static [Rule],
}

impl Show {
    fn override_of(&self, rule: &Rule) -> Option<&Override> {
        self.overrides.iter().find(|one| one.policy == rule.column)
    }
}

pub async fn show(
    can: Can<Whole<View>>,
    context: Context,
    db: Data<Db>,
    id: Path<Uuid>,
) -> Result<HttpResponse, AppError> {
    let page = db
        .read(&can, move |conn| {
            let head = Head::load(conn, *id, "policies")?;
            let policies = store::of_tenant(conn, *id)?.ok_or(AppError::NotFound)?;
            let overrides = overrides::store::of_tenant(conn, *id)?;
            let effective = effective(policies.clone(), &overrides);
            Ok(Show { shell: head.shell(&context), head, policies, effective, overrides, rules: &RULES })
        })
        .await?;
    page::ok(page.render())
}

#[derive(Template)]
#[template(path = "tenancy/policies/edit.html")]
struct Edit {
    shell: Shell,
    form: FormView,
    tenant: Tenant,
    conflict: Vec<Difference>,
    rules: &'static [Rule],
}

impl EditForm for PoliciesPatch {
    type Row = PoliciesOf;
    type Needs = ManagePolicies;
    const COLUMNS: &'static [&'static str] = &[
        "default_visibility",
        "external_sharing_allowed",
        "public_links_allowed",
        "session_idle_minutes",
        "session_absolute_hours",
        "mfa_required",
        "allowed_email_domains",
        "activity_retention_days",
        "trash_retention_days",
    ];

    fn load(conn: &mut PgConnection, tenant_id: Uuid) -> Result<PoliciesOf, AppError> {
        store::find(conn, tenant_id)
    }
    fn values_at(conn: &mut PgConnection, of: &PoliciesOf, version: i32) -> Result<Map<String, Value>, AppError> {
        history::values_at(conn, "tenant_policies", of.policies.id, version)
    }
    fn fill(of: &PoliciesOf) -> FormView {
        forms::filled(&of.policies)
    }
    fn read(form: &Form) -> Result<PoliciesPatch, Vec<FieldError>> {
        PoliciesPatch::from_form(form)
    }
    fn action(of: &PoliciesOf) -> Action {
        Action::on("tenant_policies.update", "tenant_policies", of.policies.id).tenant(of.tenant.id)
    }
    fn apply(&self, tx: &mut Tx<'_, ManagePolicies>, of: &PoliciesOf) -> Result<(), AppError> {
        store::update(tx, of.policies.id, self)
    }
    fn done(&self, of: &PoliciesOf) -> String {
        format!("The policies of {} are saved.", of.tenant.name)
    }
    fn post_to(of: &PoliciesOf) -> String {
        format!("{}/policies", of.tenant.url())
    }
    fn back_to(of: &PoliciesOf) -> String {
        format!("{}/policies", of.tenant.url())
    }
    fn page(context: &Context, of: PoliciesOf, form: FormView, conflict: Vec<Difference>) -> Rendered {
        let mut shell = context.shell(format!("Policies of {}", of.tenant.name));
        shell.trail = trail(&of.tenant, "policies", "edit");
        Edit { shell, form, tenant: of.tenant, conflict, rules: &RULES }.render()
    }
}
