//! An item of a campaign: the facts as they were when it began, what was decided, and how the assignment stands now.

use castellan_schema::control::{access_review_items, access_reviews, assignments};
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use jiff::Timestamp as Moment;
use jiff_diesel::Timestamp;
use uuid::Uuid;

/// What can become of an item.
pub const OUTCOMES: [&str; 7] = ["undecided", "kept", "reduced", "removed", "expired", "gone", "last_founder"];

/// The address of who decided; none for the clock.
fn decider() -> SqlLiteral<Nullable<Text>> {
    sql("(select u.email::text from control.users u where u.id = access_review_items.decided_by)")
}

/// One item.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = access_review_items, check_for_backend(Pg))]
pub struct Item {
    pub id: Uuid,
    pub review_id: Uuid,
    #[diesel(select_expression = access_reviews::name)]
    pub review: String,
    #[diesel(select_expression = access_reviews::closed_at)]
    pub closed_at: Option<Timestamp>,
    pub assignment_id: Uuid,
    pub principal_kind: String,
    pub principal_name: String,
    pub principal_email: Option<String>,
    pub principal_sort: String,
    pub role_id: Uuid,
    pub role_name: String,
    pub scope_kind: String,
    pub tenant_id: Option<Uuid>,
    pub tenant_name: Option<String>,
    pub client_id: Option<Uuid>,
    pub client_name: Option<String>,
    pub granted_at: Timestamp,
    pub granted_by: Option<Uuid>,
    pub granted_reason: String,
    pub last_used_at: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
    pub outcome: String,
    pub reason: Option<String>,
    pub decided_at: Option<Timestamp>,
    pub decided_by: Option<Uuid>,
    #[diesel(select_expression = decider(), select_expression_type = SqlLiteral<Nullable<Text>>)]
    pub decided_by_email: Option<String>,
    pub replacement_id: Option<Uuid>,
    #[diesel(select_expression = assignments::revoked_at)]
    pub now_revoked_at: Option<Timestamp>,
    #[diesel(select_expression = assignments::expires_at)]
    pub now_expires_at: Option<Timestamp>,
    #[diesel(select_expression = assignments::last_used_at)]
    pub now_last_used_at: Option<Timestamp>,
}

impl Item {
    /// Its page.
    pub fn url(&self) -> String {
        format!("/reviews/{}/items/{}", self.review_id, self.id)
    }

    /// The page of the campaign.
    pub fn review_url(&self) -> String {
        format!("/reviews/{}", self.review_id)
    }

    /// The page of the assignment.
    pub fn assignment_url(&self) -> String {
        format!("/assignments/{}", self.assignment_id)
    }

    /// `auditor of Ada`.
    pub fn named(&self) -> String {
        format!("{} of {}", self.role_name, self.principal_name)
    }

    /// Where it held, in words.
    pub fn place(&self) -> String {
        match (&self.tenant_name, &self.client_name) {
            (Some(tenant), Some(client)) => format!("{client} of {tenant}"),
            (Some(tenant), None) => tenant.clone(),
            _ => "everywhere".to_owned(),
        }
    }

    /// Whether nobody has answered.
    pub fn is_undecided(&self) -> bool {
        self.outcome == "undecided"
    }

    /// Whether the assignment still gives something.
    pub fn is_live(&self) -> bool {
        self.now_revoked_at.is_none() && self.now_expires_at.is_none_or(|at| at.to_jiff() > Moment::now())
    }

    /// Whether somebody can answer.
    pub fn is_open(&self) -> bool {
        self.is_undecided() && self.closed_at.is_none() && self.is_live()
    }

    /// The outcome as people say it.
    pub fn said(&self) -> &'static str {
        match self.outcome.as_str() {
            "kept" => "kept",
            "reduced" => "reduced",
            "removed" => "removed",
            "expired" => "not answered, ended",
            "gone" => "had ended before",
            "last_founder" => "not answered, stays as the last founder",
            _ => "undecided",
        }
    }

    /// The colour of the outcome.
    pub fn tone(&self) -> &'static str {
        match self.outcome.as_str() {
            "kept" => "ok",
            "undecided" | "reduced" | "last_founder" => "warn",
            "removed" | "expired" => "bad",
            _ => "",
        }
    }

    /// What happened to the assignment while nobody had answered; empty for nothing.
    pub fn meanwhile(&self) -> &'static str {
        match () {
            () if !self.is_undecided() => "",
            () if self.now_revoked_at.is_some() => "revoked meanwhile",
            () if !self.is_live() => "ended meanwhile",
            () if self.now_expires_at.map(Timestamp::to_jiff) != self.expires_at.map(Timestamp::to_jiff) => {
                "its end was changed meanwhile"
            }
            () => "",
        }
    }
}
