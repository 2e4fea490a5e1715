//! A customization as it is stored.

use castellan_schema::control::client_customizations;
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff_diesel::Timestamp;
use serde_json::Value;
use uuid::Uuid;

/// Published means that the next deployment uses it.
pub const STATUSES: [&str; 2] = ["draft", "published"];

/// One template's settings for one client.
#[derive(Debug, Clone, Queryable, Selectable, Identifiable)]
#[diesel(table_name = client_customizations, check_for_backend(Pg))]
pub struct Customization {
    pub id: Uuid,
    pub client_id: Uuid,
    pub tenant_id: Uuid,
    pub template_id: String,
    pub settings: Value,
    pub brand_primary_color: Option<String>,
    pub brand_logo_url: Option<String>,
    pub status: String,
    pub published_at: Option<Timestamp>,
    pub version: i32,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
}

impl Customization {
    /// Its page.
    pub fn url(&self) -> String {
        format!("{}/{}", self.list_url(), self.id)
    }

    /// The tab it is listed in.
    pub fn list_url(&self) -> String {
        format!("/clients/{}/customizations", self.client_id)
    }

    /// Whether it was deleted, which can be undone.
    pub fn is_deleted(&self) -> bool {
        self.deleted_at.is_some()
    }

    /// The colour of its state: `ok`, `info` or none.
    pub fn tone(&self) -> &'static str {
        match self.status.as_str() {
            _ if self.is_deleted() => "",
            "published" => "ok",
            _ => "info",
        }
    }

    /// Its state in words.
    pub fn state(&self) -> String {
        match (self.deleted_at, self.published_at) {
            (Some(at), _) => format!("deleted on {}", at.to_jiff().strftime("%-d %b %Y")),
            (None, Some(_)) if self.status == "draft" => "draft, changed since it was published".into(),
            _ => self.status.clone(),
        }
    }

    /// Its settings with a line for each.
    pub fn pretty(&self) -> String {
        format!("{:#}", self.settings)
    }

    /// How many settings it has.
    pub fn size(&self) -> usize {
        self.settings.as_object().map_or(0, serde_json::Map::len)
    }
}
