//! The policies of a tenant as they are stored, and what each of them means.

use castellan_schema::control::tenant_policies;
use diesel::pg::Pg;
use diesel::prelude::*;
use uuid::Uuid;

use crate::tenancy::tenants::model::Tenant;

/// Who sees something new.
pub const VISIBILITIES: [&str; 3] = ["private", "workspace", "tenant"];

/// One row for each tenant.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = tenant_policies, check_for_backend(Pg))]
pub struct Policies {
    pub id: Uuid,
    pub default_visibility: String,
    pub external_sharing_allowed: bool,
    pub public_links_allowed: bool,
    pub session_idle_minutes: i32,
    pub session_absolute_hours: i32,
    pub mfa_required: bool,
    pub allowed_email_domains: Vec<Option<String>>,
    pub activity_retention_days: i32,
    pub trash_retention_days: i32,
    pub version: i32,
}

/// What is typed for a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Choice(&'static [&'static str]),
    Flag,
    /// From, to.
    Number(i32, i32),
    Lines,
}

/// One policy: its column, its words, and what it is unless somebody decides otherwise, which is what the column's
/// default says.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    pub column: &'static str,
    pub label: &'static str,
    pub help: &'static str,
    pub kind: Kind,
    pub default: &'static str,
}

/// All policies, in the order of their pages.
pub const RULES: [Rule; 9] = [
    Rule {
        column: "default_visibility",
        label: "Visibility of new things",
        help: "Who sees something new unless its maker says otherwise.",
        kind: Kind::Choice(&VISIBILITIES),
        default: "workspace",
    },
    Rule {
        column: "external_sharing_allowed",
        label: "Sharing with other tenants",
        help: "Things may be shared with people of other tenants.",
        kind: Kind::Flag,
        default: "no",
    },
    Rule {
        column: "public_links_allowed",
        label: "Public links",
        help: "Things may be shared by a link that needs no sign-in.",
        kind: Kind::Flag,
        default: "no",
    },
    Rule {
        column: "session_idle_minutes",
        label: "Idle minutes of a session",
        help: "An unused session ends after this long, 5 to 1440 minutes.",
        kind: Kind::Number(5, 1440),
        default: "30",
    },
    Rule {
        column: "session_absolute_hours",
        label: "Hours of a session",
        help: "Every session ends after this long, used or not, 1 to 720 hours.",
        kind: Kind::Number(1, 720),
        default: "12",
    },
    Rule {
        column: "mfa_required",
        label: "Second factor",
        help: "Its people need a second factor to sign in.",
        kind: Kind::Flag,
        default: "no",
    },
    Rule {
        column: "allowed_email_domains",
        label: "Allowed e-mail domains",
        help: "Only people with addresses under these domains can be added, one domain a line; none means any.",
        kind: Kind::Lines,
        default: "any",
    },
    Rule {
        column: "activity_retention_days",
        label: "Days of activity kept",
        help: "How long the tenant's activity log is kept, 30 to 3650 days.",
        kind: Kind::Number(30, 3650),
        default: "90",
    },
    Rule {
        column: "trash_retention_days",
        label: "Days in the trash",
        help: "How long deleted things can be restored, 1 to 365 days.",
        kind: Kind::Number(1, 365),
        default: "30",
    },
];

impl Rule {
    /// What stands below its field.
    pub fn help_with_default(&self) -> String {
        format!("{} Default {}.", self.help, self.default)
    }
}

impl Policies {
    /// A policy in words.
    pub fn said(&self, rule: &Rule) -> String {
        let typed = self.typed(rule);
        match rule.kind {
            Kind::Flag => if typed.is_empty() { "no" } else { "yes" }.to_owned(),
            Kind::Lines if typed.is_empty() => "any".to_owned(),
            Kind::Lines => typed.replace('\n', ", "),
            _ => typed,
        }
    }

    /// A policy as its form field spells it.
    pub fn typed(&self, rule: &Rule) -> String {
        let tick = |flag: bool| if flag { "on".to_owned() } else { String::new() };
        match rule.column {
            "default_visibility" => self.default_visibility.clone(),
            "external_sharing_allowed" => tick(self.external_sharing_allowed),
            "public_links_allowed" => tick(self.public_links_allowed),
            "session_idle_minutes" => self.session_idle_minutes.to_string(),
            "session_absolute_hours" => self.session_absolute_hours.to_string(),
            "mfa_required" => tick(self.mfa_required),
            "activity_retention_days" => self.activity_retention_days.to_string(),
            "trash_retention_days" => self.trash_retention_days.to_string(),
            _ => self.domains().join("\n"),
        }
    }

    /// The domains that addresses must be under; none means any.
    pub fn domains(&self) -> Vec<&str> {
        self.allowed_email_domains.iter().flatten().map(String::as_str).collect()
    }
}

/// Policies and the tenant they are for.
#[derive(Debug, Clone)]
pub struct PoliciesOf {
    pub tenant: Tenant,
    pub policies: Policies,
}
