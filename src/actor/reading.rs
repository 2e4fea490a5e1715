//! What is said of reads that are logged: why somebody reads, of what, and that one page is one event.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use super::Actor;
use crate::error::AppError;

/// Why somebody reads what is logged, as the database allows it.
pub const REASON_CODES: [&str; 8] = [
    "customer_request",
    "support_case",
    "privacy_request",
    "security_investigation",
    "billing",
    "legal",
    "incident",
    "maintenance",
];

/// The reason that somebody gave.
#[derive(Debug, Clone, Deserialize)]
pub struct ReadReason {
    pub code: String,
    /// What it is about in the ticket system.
    pub ticket: Option<String>,
    /// Until when it holds; none for the one request of a program.
    pub until: Option<Timestamp>,
}

impl ReadReason {
    /// `support case`.
    pub fn words(&self) -> String {
        self.code.replace('_', " ")
    }
}

/// What a request knows about its reads.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// A role of theirs asks why, before anything is read that is logged.
    pub asks_reason: bool,
    pub reason: Option<ReadReason>,
    noted: Arc<AtomicBool>,
}

impl Reading {
    /// Whether they must say why first.
    pub fn lacks_reason(&self) -> bool {
        self.asks_reason && self.reason.is_none()
    }

    /// Whether this read has its event still to come; however often a page asks the database, it is one read.
    pub fn is_first(&self) -> bool {
        !self.noted.swap(true, Ordering::Relaxed)
    }

    /// The event could not be written.
    pub fn is_not_noted(&self) {
        self.noted.store(false, Ordering::Relaxed);
    }
}

impl Actor {
    /// Refuses reads that are logged to those who must say why first.
    pub fn says_why(&self) -> Result<(), AppError> {
        match (self.reading.lacks_reason(), self.token_id) {
            (false, _) => Ok(()),
            (true, None) => Err(AppError::ReasonWanted),
            (true, Some(_)) => Err(AppError::TokenReasonWanted),
        }
    }
}

/// What of people a page shows, declared with its route. Each view of it leaves one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Personal {
    /// The one thing of this kind that the first id of the address names: a person, or whatever has a contact.
    Of(&'static str),
    /// People of the tenant that the first id of the address names.
    OfTenant,
    /// Any people.
    List,
}

/// What a page was read about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    pub kind: &'static str,
    pub target_id: Option<Uuid>,
    pub tenant_id: Option<Uuid>,
    pub client_id: Option<Uuid>,
}

impl About {
    /// A list of whatever the privilege is for.
    pub const LOG: About = About { kind: "log", target_id: None, tenant_id: None, client_id: None };

    /// What the address with this first id is about.
    pub fn of(personal: Personal, id: Option<Uuid>) -> About {
        match personal {
            Personal::Of(kind) => {
                About { kind, target_id: id, client_id: id.filter(|_| kind == "client"), tenant_id: None }
            }
            Personal::OfTenant => About { tenant_id: id, ..About::LOG },
            Personal::List => About::LOG,
        }
    }
}
