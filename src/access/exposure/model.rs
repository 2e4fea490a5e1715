//! What is asked about, and what comes back.

use std::collections::HashMap;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use jiff_diesel::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::forms::Asked;
use super::kinds::{Kind, fill, shape};
use super::shows::page_above;
use crate::access::rights::model::Way;
use crate::web::filters::iso;
use crate::web::opening::Opening;

/// Whether something was there at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    There,
    NotYet,
    /// Not even marked as deleted.
    Gone,
}

/// What `control.thing_as_of` tells of a thing, and what the functions beside it go by.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Thing {
    pub presence: Presence,
    made_at: jiff::Timestamp,
    name: Option<String>,
    /// Ids of what it hangs on, by column.
    pub above: HashMap<String, String>,
    pub tenant_ids: Vec<Uuid>,
    client_ids: Vec<Uuid>,
    client_tenant_ids: Vec<Uuid>,
    owner_ids: Vec<Uuid>,
    is_shared: bool,
}

/// One thing of a kind.
#[derive(Debug, Clone)]
pub struct Subject {
    pub kind: &'static Kind,
    pub id: Uuid,
    pub thing: Thing,
}

impl Subject {
    /// What people call it, or else its kind and id.
    pub fn name(&self) -> String {
        self.thing.name.clone().unwrap_or_else(|| format!("{} {}", self.kind.one(), self.id))
    }

    /// The page that shows it: its own, or the one above.
    pub fn url(&self, openings: &[Opening]) -> String {
        let page = shape(self.kind.page);
        match openings.iter().any(|opening| shape(opening.route) == page) {
            true => self.fill(&page),
            false => self.list_url(openings),
        }
    }

    /// The page above it.
    pub fn list_url(&self, openings: &[Opening]) -> String {
        self.fill(&page_above(openings, &shape(self.kind.page)).unwrap_or_else(|| "/".to_owned()))
    }

    fn fill(&self, shape: &str) -> String {
        fill(shape, self.kind.ids_above(&self.thing).into_iter().chain([self.id.to_string()]))
    }
}

/// The page that tells who could see the thing of a kind with this id.
pub fn url(kind: &Kind, id: Uuid) -> String {
    format!("/exposure/{}/{id}", kind.name)
}

/// One way in which somebody could see it.
#[derive(Debug, Clone, QueryableByName)]
pub struct Could {
    #[diesel(sql_type = SqlUuid)]
    pub user_id: Uuid,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Text)]
    pub email: String,
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// None where no role of theirs carried it.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub role_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    pub role: Option<String>,
    #[diesel(embed)]
    pub way: Way,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub assignment_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    pub granted_by: Option<String>,
    #[diesel(sql_type = Timestamptz)]
    pub granted_at: Timestamp,
}

/// What somebody did with it, as far as the log says so.
#[derive(Debug, Clone, QueryableByName)]
pub struct Did {
    #[diesel(sql_type = Text)]
    pub actor_kind: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub actor_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    pub actor: Option<String>,
    /// `changed`, `read` or `exported`.
    #[diesel(sql_type = Text)]
    pub what: String,
    #[diesel(sql_type = Timestamptz)]
    pub first_at: Timestamp,
    #[diesel(sql_type = Timestamptz)]
    pub last_at: Timestamp,
    #[diesel(sql_type = BigInt)]
    pub times: i64,
    /// Done to it itself, as the log says, each time.
    #[diesel(sql_type = Bool)]
    is_target: bool,
}

impl Did {
    /// Who, in words.
    pub fn who(&self) -> String {
        match (&self.actor, self.actor_id) {
            (Some(actor), Some(_)) => actor.clone(),
            (Some(label), None) => format!("{} {label}", self.actor_kind),
            (None, Some(id)) => format!("person {id}"),
            (None, None) => self.actor_kind.clone(),
        }
    }

    /// What, in words.
    pub fn said(&self) -> &'static str {
        match self.what.as_str() {
            "changed" => "changed it or something of it",
            "read" => "read what is recorded about it",
            _ => "took out a list that may hold it",
        }
    }

    /// The log, narrowed to these events as far as it can be.
    pub fn log_url(&self, subject: &Subject, asked: &Asked) -> String {
        let actor = self.actor_id.map(|id| id.to_string()).or_else(|| self.actor.clone()).unwrap_or_default();
        let of = match (self.what.as_str(), subject.kind.name) {
            ("changed", "tenant") => format!("&tenant={}", subject.id),
            ("changed", "client") => format!("&client={}", subject.id),
            ("changed", _) if self.is_target => format!("&target={}", subject.id),
            ("changed", _) => String::new(),
            _ => "&kind=reads".to_owned(),
        };
        let span = format!("{}..{}", iso(asked.from), iso(self.after_last(asked)));
        format!("/audit?actor={}&occurred={span}{of}", crate::web::query::encode(&actor))
    }

    /// The end of a stretch of time is left out of it.
    fn after_last(&self, asked: &Asked) -> jiff::Timestamp {
        asked.until.max(self.last_at.to_jiff()) + jiff::SignedDuration::from_secs(1)
    }
}
