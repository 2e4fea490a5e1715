//! The kinds of things that can be asked about: every one that has an id in an address, and what is listed without.

use super::model::Thing;
use crate::web::format::Format;

/// A kind of thing that people see.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// In addresses, and what the log calls a target of this kind.
    pub name: &'static str,
    /// Several of them, as a heading.
    pub many: &'static str,
    /// Where its rows are.
    pub table: &'static str,
    /// Its address in the table of routes. Where nothing is there, the page above shows it.
    pub page: &'static str,
    /// Lists that it is in, besides the page above; an id in their addresses is of its tenant.
    pub lists: &'static [&'static str],
    /// Columns of the ids in its address before its own.
    pub above: &'static [&'static str],
    /// Whoever sees one of them sees all, wherever their right holds.
    pub is_common: bool,
}

impl Kind {
    const fn of(name: &'static str, many: &'static str, table: &'static str, page: &'static str) -> Kind {
        Kind { name, many, table, page, lists: &[], above: &[], is_common: false }
    }

    const fn below(self, above: &'static [&'static str]) -> Kind {
        Kind { above, ..self }
    }

    const fn in_lists(self, lists: &'static [&'static str]) -> Kind {
        Kind { lists, ..self }
    }

    const fn common(self) -> Kind {
        Kind { is_common: true, ..self }
    }

    /// What one is called.
    pub fn one(&self) -> String {
        self.name.replace('_', " ")
    }

    /// Whether the log tells of its changes; what is in the log itself has none.
    pub fn is_logged(&self) -> bool {
        self.table.starts_with("control.")
    }

    /// The ids in its address before its own.
    pub fn ids_above(&self, thing: &Thing) -> Vec<String> {
        self.above.iter().map(|column| thing.above.get(*column).cloned().unwrap_or_default()).collect()
    }
}

/// All of them; an id is looked for in this order.
pub static KINDS: [Kind; 30] = [
    Kind::of("tenant", "Tenants", "control.tenants", "/tenants/{id}"),
    Kind::of("client", "Clients", "control.clients", "/clients/{id}").in_lists(&["/tenants/{tenant_id}/clients"]),
    Kind::of("user", "People", "control.users", "/people/{id}").in_lists(&["/tenants/{id}/people"]),
    Kind::of("member", "People of a tenant", "control.workspace_members", "/tenants/{id}/people/{member_id}")
        .below(&["tenant_id"]),
    Kind::of("workspace", "Workspaces", "control.workspaces", "/tenants/{id}/workspaces/{workspace_id}")
        .below(&["tenant_id"])
        .in_lists(&["/tenants/{id}/people"]),
    Kind::of("domain", "Domains", "control.tenant_domains", "/tenants/{id}/domains/{domain_id}").below(&["tenant_id"]),
    Kind::of(
        "policy_override",
        "Policy overrides",
        "control.policy_overrides",
        "/tenants/{id}/policies/overrides/{override_id}",
    )
    .below(&["tenant_id"]),
    Kind::of("department", "Departments", "control.departments", "/tenants/{id}/departments/{department_id}")
        .below(&["tenant_id"]),
    Kind::of(
        "department_member",
        "Members of a department",
        "control.department_memberships",
        "/tenants/{id}/departments/{department_id}/members/{member_id}",
    )
    .below(&["tenant_id", "department_id"]),
    Kind::of(
        "client_customization",
        "Customizations",
        "control.client_customizations",
        "/clients/{id}/customizations/{customization_id}",
    )
    .below(&["client_id"]),
    Kind::of(
        "client_deployment",
        "Deployments",
        "control.client_deployments",
        "/clients/{id}/deployments/{deployment_id}",
    )
    .below(&["client_id"])
    .in_lists(&["/deployments"]),
    Kind::of("role", "Roles", "control.roles", "/roles/{id}").common(),
    Kind::of("assignment", "Assignments", "control.assignments", "/assignments/{id}"),
    Kind::of("group", "Groups", "control.groups", "/groups/{id}"),
    Kind::of("group_member", "Members of a group", "control.group_memberships", "/groups/{id}/members/{member_id}")
        .below(&["group_id"]),
    Kind::of("delegation", "Delegations", "control.delegations", "/delegations/{id}"),
    Kind::of("impersonation", "Impersonations", "control.impersonation_sessions", "/impersonations/{id}"),
    Kind::of("access_review", "Reviews", "control.access_reviews", "/reviews/{id}"),
    Kind::of("access_review_item", "Items of a review", "control.access_review_items", "/reviews/{id}/items/{item_id}")
        .below(&["review_id"]),
    Kind::of("api_token", "API tokens", "control.api_tokens", "/tokens/{id}"),
    Kind::of("session", "Sessions", "control.sessions", "/people/{id}/sessions/{session_id}").below(&["user_id"]),
    Kind::of("user_identity", "Identities", "control.user_identities", "/people/{id}/identities/{identity_id}")
        .below(&["user_id"]),
    Kind::of("user_credential", "Credentials", "control.user_credentials", "/people/{id}/credentials/{credential_id}")
        .below(&["user_id"]),
    Kind::of("job", "Jobs", "control.job_queue", "/jobs/{id}"),
    Kind::of("view", "Saved views", "control.saved_views", "/views/{id}"),
    Kind::of("audit_stream", "Streams", "control.audit_streams", "/audit/streams/{id}"),
    Kind::of("event", "Audit log", "audit.events", "/audit/{id}"),
    Kind::of("security_event", "Security events", "audit.security_events", "/security-events/{id}"),
    Kind::of("checkpoint", "Integrity", "audit.checkpoints", "/audit/integrity/{checkpoint_id}"),
    Kind::of("archive", "Integrity", "audit.archives", "/audit/integrity/{archive_id}"),
];

/// The kind of this name.
pub fn named(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

/// The kind whose page is at this pattern.
pub fn at(pattern: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.page == pattern)
}

/// A pattern with a bare `{}` for each parameter, whose names tell nothing here.
pub fn shape(pattern: &str) -> String {
    let parts = pattern.split('/').map(|part| match (part.starts_with('{'), part.find('}')) {
        (true, Some(end)) => format!("{{}}{}", &part[end + 1..]),
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("/")
}

/// A pattern with ids for its parameters.
pub fn fill(pattern: &str, ids: impl IntoIterator<Item = String>) -> String {
    let mut ids = ids.into_iter();
    let parts = shape(pattern);
    let parts = parts.split('/').map(|part| match part.strip_prefix("{}") {
        Some(rest) => format!("{}{rest}", ids.next().unwrap_or_default()),
        None => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("/")
}

/// Whether a shape is that of a list: its page, or the file that it is taken out as.
pub fn is_list(shape: &str, list: &str) -> bool {
    Format::strip(shape) == list
}

/// Whether a shape is that of a page, a file of it, or anything below.
pub fn is_within(shape: &str, page: &str) -> bool {
    shape.strip_prefix(page).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '.']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_have_shapes_and_take_ids() {
        assert_eq!(shape("/tenants/{tenant_id}/clients.csv"), "/tenants/{}/clients.csv");
        assert_eq!(shape("/reviews/{id}.csv"), "/reviews/{}.csv");
        assert_eq!(fill("/groups/{id}/members/{member_id}", ["g".to_owned(), "m".to_owned()]), "/groups/g/members/m");
        assert!(is_within("/reviews/{}.csv", "/reviews/{}") && is_within("/reviews/{}/edit", "/reviews/{}"));
        assert!(!is_within("/reviewers", "/reviews") && is_list("/tenants.json", "/tenants"));
    }

    #[test]
    fn names_are_told_apart() {
        for (place, kind) in KINDS.iter().enumerate() {
            assert!(KINDS[..place].iter().all(|other| other.name != kind.name && other.table != kind.table));
            assert_eq!(kind.above.len() + 1, kind.page.matches('{').count(), "{}", kind.name);
        }
    }
}
