//! Effective rights with the path that grants them.

use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use jiff_diesel::Timestamp;
use uuid::Uuid;

use crate::access::people::model::Person;

/// Why none of the rights of a person counts at present; empty when they do.
pub fn hindrance(person: &Person) -> &'static str {
    match (person.is_staff, person.status.as_str()) {
        (false, _) => "is not staff, so that none of these rights lets them into the console",
        (true, "active") => "",
        (true, _) => "cannot sign in at present, so that none of these rights counts",
    }
}

/// What a right comes through, where it holds and what it allows.
#[derive(Debug, Clone, QueryableByName)]
pub struct Way {
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
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub expires_at: Option<Timestamp>,
    #[diesel(sql_type = Array<Text>)]
    pub privileges: Vec<String>,
}

impl Way {
    /// Where it holds, in words.
    pub fn place(&self) -> String {
        match (self.scope_kind.as_str(), &self.tenant, &self.client) {
            ("platform", ..) => "everywhere".to_owned(),
            ("own", ..) => "this alone".to_owned(),
            (_, Some(tenant), Some(client)) => format!("{client} of {tenant}"),
            (_, Some(tenant), None) => tenant.clone(),
            (kind, ..) => format!("one {kind}"),
        }
    }

    /// What kind of thing it comes through, in words.
    pub fn via_said(&self) -> &str {
        match self.via_kind.as_str() {
            "delegation" => "delegation by",
            "impersonation" => "impersonation of",
            "user" => "given to them",
            "owner" => "their own",
            "shared" => "shared with everybody",
            kind => kind,
        }
    }

    /// The page of what it comes through; none when it comes through nothing else than the person.
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

/// One way in which a person holds a role on a place.
#[derive(Debug, Clone, QueryableByName)]
pub struct Path {
    #[diesel(sql_type = SqlUuid)]
    pub assignment_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    pub role_id: Uuid,
    #[diesel(sql_type = Text)]
    pub role: String,
    #[diesel(sql_type = Bool)]
    pub is_system: bool,
    #[diesel(embed)]
    pub way: Way,
}

/// A privilege on a place with every path that grants it.
#[derive(Debug, Clone)]
pub struct Right {
    pub privilege: String,
    pub place: String,
    /// Places in the list of paths.
    pub paths: Vec<usize>,
}

/// Rights by name and place, from the paths that grant them.
pub fn rights(paths: &[Path]) -> Vec<Right> {
    let mut all: Vec<(&str, String, usize)> = paths
        .iter()
        .enumerate()
        .flat_map(|(at, path)| path.way.privileges.iter().map(move |name| (name.as_str(), path.way.place(), at)))
        .collect();
    all.sort_unstable();
    let mut rights: Vec<Right> = Vec::new();
    for (privilege, place, path) in all {
        match rights.last_mut().filter(|right| right.privilege == privilege && right.place == place) {
            Some(right) => right.paths.push(path),
            None => rights.push(Right { privilege: privilege.to_owned(), place, paths: vec![path] }),
        }
    }
    rights
}

/// A group or department that a person belongs to.
#[derive(Debug, Clone, QueryableByName)]
pub struct Belonging {
    #[diesel(sql_type = Text)]
    pub kind: String,
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    pub membership_id: Uuid,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub tenant_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    pub tenant: Option<String>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub expires_at: Option<Timestamp>,
    #[diesel(sql_type = Bool)]
    pub counts: bool,
}

impl Belonging {
    /// The page of the group or department.
    pub fn url(&self) -> String {
        match (self.kind.as_str(), self.tenant_id) {
            ("department", Some(tenant)) => format!("/tenants/{tenant}/departments/{}", self.id),
            _ => format!("/groups/{}", self.id),
        }
    }

    /// The page that takes the person out of it.
    pub fn removal_url(&self) -> String {
        format!("{}/members/{}/removal/new", self.url(), self.membership_id)
    }
}
