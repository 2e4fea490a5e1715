//! A client as it is stored, and its states.

use castellan_schema::control::clients;
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff_diesel::Timestamp;
use uuid::Uuid;

/// The states a client goes through.
pub const STATUSES: [&str; 4] = ["draft", "active", "paused", "archived"];

/// One client.
#[derive(Debug, Clone, Queryable, Selectable, Identifiable)]
#[diesel(table_name = clients, check_for_backend(Pg))]
pub struct Client {
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub slug: String,
    pub name: String,
    pub name_sort: String,
    pub status: String,
    pub industry: Option<String>,
    pub website: Option<String>,
    pub contact_name: Option<String>,
    pub contact_email: Option<String>,
    pub notes: String,
    pub last_activity_at: Timestamp,
    pub version: i32,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
}

impl Client {
    /// Its page.
    pub fn url(&self) -> String {
        format!("/clients/{}", self.id)
    }

    /// Whether it was deleted, which can be undone.
    pub fn is_deleted(&self) -> bool {
        self.deleted_at.is_some()
    }

    /// The colour of its state: `ok`, `info`, `warn` or none.
    pub fn tone(&self) -> &'static str {
        match self.status.as_str() {
            _ if self.is_deleted() => "",
            "active" => "ok",
            "draft" => "info",
            "paused" => "warn",
            _ => "",
        }
    }

    /// Its state in words.
    pub fn state(&self) -> String {
        match self.deleted_at {
            Some(at) => format!("deleted on {}", at.to_jiff().strftime("%-d %b %Y")),
            None => self.status.clone(),
        }
    }
}

/// As much of a client's tenant as its pages show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    pub id: Uuid,
    pub slug: String,
    pub name: String,
    pub status: String,
    pub is_deleted: bool,
}

impl Owner {
    /// The tenant's page.
    pub fn url(&self) -> String {
        format!("/tenants/{}", self.id)
    }

    /// Why the tenant takes no new clients, as a sentence; nothing when it does.
    pub fn refuses_clients(&self) -> Option<String> {
        match self.status.as_str() {
            _ if self.is_deleted => Some(format!("The tenant {} is deleted and takes no clients.", self.name)),
            "closed" => Some(format!("The tenant {} is closed and takes no clients.", self.name)),
            _ => None,
        }
    }

    /// Why nothing of this tenant's clients can go live, as a sentence; nothing when it can.
    pub fn refuses_operation(&self) -> Option<String> {
        match self.status.as_str() {
            _ if self.is_deleted => Some(format!("The tenant {} is deleted; restore it first.", self.name)),
            "closed" => Some(format!("The tenant {} is closed, so its clients stay offline.", self.name)),
            "suspended" => Some(format!("The tenant {} is suspended; reactivate it first.", self.name)),
            _ => None,
        }
    }
}

/// A client in a list, with whose it is.
#[derive(Debug, Clone)]
pub struct Listed {
    pub client: Client,
    pub owner: Owner,
}
