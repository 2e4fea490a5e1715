//! An override as it is stored, and what it does to the policies.

use castellan_schema::control::policy_overrides;
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff_diesel::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::tenancy::policies::model::{Policies, RULES, Rule};
use crate::tenancy::tenants::model::Tenant;

/// One override.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = policy_overrides, check_for_backend(Pg))]
pub struct Override {
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub policy: String,
    pub value: Value,
    pub reason: String,
    pub expires_at: Timestamp,
}

impl Override {
    /// Its address.
    pub fn url(&self) -> String {
        format!("/tenants/{}/policies/overrides/{}", self.tenant_id, self.id)
    }

    /// The policy in words.
    pub fn label(&self) -> &str {
        rule(&self.policy).map_or(self.policy.as_str(), |rule| rule.label)
    }
}

/// An override and the tenant it is for.
#[derive(Debug, Clone)]
pub struct OverrideOf {
    pub tenant: Tenant,
    pub one: Override,
}

/// The policy of a column.
pub fn rule(column: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.column == column)
}

/// What holds: the policies with every override in its place. A value of another type than its column's is left out.
pub fn effective(mut policies: Policies, overrides: &[Override]) -> Policies {
    for one in overrides {
        put(&mut policies, &one.policy, &one.value);
    }
    policies
}

fn put(policies: &mut Policies, column: &str, value: &Value) {
    let number = || value.as_i64().and_then(|number| i32::try_from(number).ok());
    match column {
        "default_visibility" => set(&mut policies.default_visibility, value.as_str().map(str::to_owned)),
        "external_sharing_allowed" => set(&mut policies.external_sharing_allowed, value.as_bool()),
        "public_links_allowed" => set(&mut policies.public_links_allowed, value.as_bool()),
        "session_idle_minutes" => set(&mut policies.session_idle_minutes, number()),
        "session_absolute_hours" => set(&mut policies.session_absolute_hours, number()),
        "mfa_required" => set(&mut policies.mfa_required, value.as_bool()),
        "activity_retention_days" => set(&mut policies.activity_retention_days, number()),
        "trash_retention_days" => set(&mut policies.trash_retention_days, number()),
        _ => {
            let lines = value.as_array().map(|lines| lines.iter().map(|line| line.as_str().map(str::to_owned)));
            set(&mut policies.allowed_email_domains, lines.map(Iterator::collect));
        }
    }
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}
