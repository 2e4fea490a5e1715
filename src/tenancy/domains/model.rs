//! A domain as it is stored, and what a look-up says about it.

use castellan_schema::control::tenant_domains;
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff_diesel::Timestamp;
use uuid::Uuid;

use super::resolver::Answer;
use crate::tenancy::tenants::model::Tenant;

/// The states of a domain.
pub const STATUSES: [&str; 3] = ["pending", "verified", "failed"];

/// One domain.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = tenant_domains, check_for_backend(Pg))]
pub struct Domain {
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub domain: String,
    pub is_primary: bool,
    pub status: String,
    pub verification_token: String,
    pub verified_at: Option<Timestamp>,
    pub last_checked_at: Option<Timestamp>,
    pub last_error: Option<String>,
    pub created_at: Timestamp,
}

impl Domain {
    /// Its page.
    pub fn url(&self) -> String {
        format!("/tenants/{}/domains/{}", self.tenant_id, self.id)
    }

    /// The colour of its state.
    pub fn tone(&self) -> &'static str {
        match self.status.as_str() {
            "verified" if self.last_error.is_some() => "warn",
            "verified" => "ok",
            "pending" => "info",
            _ => "bad",
        }
    }

    /// The name of the TXT record that the tenant publishes.
    pub fn record_name(&self) -> String {
        format!("_castellan-challenge.{}", self.domain)
    }

    /// What the record says.
    pub fn record_value(&self) -> String {
        format!("castellan-verification={}", self.verification_token)
    }

    /// What an answer to the question for its record means.
    pub fn judge(&self, answer: Answer) -> Finding {
        let texts = match answer {
            Ok(texts) => texts,
            Err(why) => return Finding::NoAnswer(why),
        };
        let name = self.record_name();
        match texts.first() {
            None => Finding::Absent(format!("There is no TXT record {name}.")),
            Some(_) if texts.iter().any(|text| text.trim() == self.record_value()) => Finding::Found,
            Some(other) => {
                let other: String = other.chars().filter(|c| !c.is_control()).take(100).collect();
                Finding::Absent(format!("The TXT record {name} does not hold the value asked for but “{other}”."))
            }
        }
    }
}

/// What a look-up says about a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The record is there.
    Found,
    /// It is certainly not, for this reason.
    Absent(String),
    /// Nobody can say at the moment, for this reason.
    NoAnswer(String),
}

/// A domain and the tenant that claims it.
#[derive(Debug, Clone)]
pub struct DomainOf {
    pub tenant: Tenant,
    pub domain: Domain,
}
