//! An identity as people see it.

use castellan_schema::control::user_identities;
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff_diesel::Timestamp;
use uuid::Uuid;

/// Somebody's account at a provider, linked to the one here.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = user_identities, check_for_backend(Pg))]
pub struct Identity {
    pub id: Uuid,
    pub user_id: Uuid,
    pub issuer: String,
    pub provider_key: String,
    pub label: String,
    pub last_used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

impl Identity {
    /// The provider's name, as long as it is one of the settings'.
    pub fn provider(&self, providers: &[(String, String)]) -> String {
        let known = providers.iter().find(|(key, _)| *key == self.provider_key);
        known.map_or_else(|| self.provider_key.clone(), |(_, name)| name.clone())
    }

    /// What it is, in words.
    pub fn named(&self) -> String {
        format!("{} at {}", self.label, self.provider_key)
    }
}
