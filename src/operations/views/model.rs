//! A saved view as it is stored.

use castellan_schema::control::{saved_views, users};
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff_diesel::Timestamp;
use uuid::Uuid;

use crate::web::query::Pairs;

/// One view with its owner's name.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = saved_views, check_for_backend(Pg))]
pub struct View {
    pub id: Uuid,
    pub user_id: Uuid,
    #[diesel(select_expression = users::name)]
    pub owner: String,
    pub path: String,
    pub query: String,
    pub name: String,
    pub name_sort: String,
    pub is_shared: bool,
    pub version: i32,
    pub created_at: Timestamp,
}

impl View {
    /// The address that stays the same when its filters or its name change.
    pub fn url(&self) -> String {
        format!("/views/{}", self.id)
    }

    /// Its filters as people read them: `status active, trial; sort -name`.
    pub fn filters(&self) -> String {
        let pairs = Pairs::parse(self.query.as_bytes()).unwrap_or_default().0;
        let filters = pairs.into_iter().map(|(name, value)| format!("{name} {}", value.replace(',', ", ")));
        filters.collect::<Vec<_>>().join("; ")
    }
}

/// A path with a query, if there is one.
pub fn address(path: &str, query: &str) -> String {
    match query.is_empty() {
        true => path.to_owned(),
        false => format!("{path}?{query}"),
    }
}
