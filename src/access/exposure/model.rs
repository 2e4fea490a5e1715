//! What can be asked about, and what comes back.

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use jiff_diesel::Timestamp;
use uuid::Uuid;

use super::forms::Asked;
use crate::web::filters::iso;

/// A kind of thing that people see.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// As `control.who_could_see` spells it.
    pub name: &'static str,
    /// The list above its pages, and its address.
    pub list: (&'static str, &'static str),
    /// Privileges that show it, as patterns of `like`.
    pub privileges: &'static [&'static str],
    /// Exports that may hold it.
    pub exports: &'static [&'static str],
}

/// One kind, for the handlers of its pages.
pub trait About: 'static {
    const KIND: Kind;
}

pub struct Tenant;
pub struct Client;
pub struct Person;

impl About for Tenant {
    const KIND: Kind = Kind {
        name: "tenant",
        list: ("Tenants", "/tenants"),
        privileges: &["tenants.%", "audit.view", "audit.export"],
        exports: &["/tenants.csv", "/tenants.json", "/audit.csv", "/audit.json"],
    };
}

impl About for Client {
    const KIND: Kind = Kind {
        name: "client",
        list: ("Clients", "/clients"),
        privileges: &["clients.%", "audit.view", "audit.export"],
        exports: &["/clients.csv", "/clients.json", "/audit.csv", "/audit.json"],
    };
}

impl About for Person {
    const KIND: Kind = Kind {
        name: "user",
        list: ("People", "/people"),
        privileges: &["access.%", "tenants.%", "audit.view", "audit.export"],
        exports: &["/people.csv", "/people.json", "/assignments.csv", "/assignments.json", "/audit.csv", "/audit.json"],
    };
}

/// What is asked about.
#[derive(Debug, Clone)]
pub struct Subject {
    pub kind: Kind,
    pub id: Uuid,
    pub name: String,
}

impl Subject {
    /// Its own page.
    pub fn url(&self) -> String {
        format!("{}/{}", self.kind.list.1, self.id)
    }
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
    /// None in an impersonation, which no role of theirs carries.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub role_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    pub role: Option<String>,
    #[diesel(sql_type = Array<Text>)]
    pub privileges: Vec<String>,
    #[diesel(sql_type = Text)]
    pub via_kind: String,
    #[diesel(sql_type = SqlUuid)]
    pub via_id: Uuid,
    #[diesel(sql_type = Nullable<Text>)]
    pub via: Option<String>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub via_tenant_id: Option<Uuid>,
    #[diesel(sql_type = Text)]
    pub scope_kind: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub tenant_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    pub tenant: Option<String>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub client_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    pub client: Option<String>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub assignment_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    pub granted_by: Option<String>,
    #[diesel(sql_type = Timestamptz)]
    pub granted_at: Timestamp,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub expires_at: Option<Timestamp>,
}

impl Could {
    /// Where the role held, in words.
    pub fn place(&self) -> String {
        match (&self.tenant, &self.client) {
            (Some(tenant), Some(client)) => format!("{client} of {tenant}"),
            (Some(tenant), None) => tenant.clone(),
            _ => "everywhere".to_owned(),
        }
    }

    /// What kind of thing it came through, in words.
    pub fn via_said(&self) -> &str {
        match self.via_kind.as_str() {
            "delegation" => "delegation by",
            "impersonation" => "impersonation of",
            kind => kind,
        }
    }

    /// The page of what it came through; none when the role was given to the person.
    pub fn via_url(&self) -> Option<String> {
        match (self.via_kind.as_str(), self.via_tenant_id) {
            ("group", _) => Some(format!("/groups/{}", self.via_id)),
            ("delegation", _) => Some(format!("/delegations/{}", self.via_id)),
            ("impersonation", _) => Some(format!("/impersonations/{}", self.via_id)),
            ("department", Some(tenant)) => Some(format!("/tenants/{tenant}/departments/{}", self.via_id)),
            _ => None,
        }
    }
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
            ("changed", "user") => format!("&target={}", subject.id),
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
