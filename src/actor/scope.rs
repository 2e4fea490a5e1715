//! On which rows somebody has a right.

use uuid::Uuid;

/// On which rows a right holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Scope {
    /// Every row.
    #[default]
    Platform,
    /// The rows of these tenants and clients, and the tenant rows those clients belong to.
    Rows { tenants: Vec<Uuid>, clients: Vec<Uuid>, client_tenants: Vec<Uuid> },
}

impl Scope {
    /// Whether a row of this tenant and client is in it.
    pub fn covers(&self, tenant_id: Option<Uuid>, client_id: Option<Uuid>) -> bool {
        match self {
            Scope::Platform => true,
            Scope::Rows { tenants, clients, .. } => {
                tenant_id.is_some_and(|id| tenants.contains(&id)) || client_id.is_some_and(|id| clients.contains(&id))
            }
        }
    }

    /// Without what it has of single clients.
    pub(super) fn of_whole_tenants(self) -> Scope {
        match self {
            Scope::Rows { tenants, .. } => Scope::Rows { tenants, clients: Vec::new(), client_tenants: Vec::new() },
            Scope::Platform => Scope::Platform,
        }
    }

    /// Whether the row of a tenant itself is in it: that of a client's tenant is, and nothing else of that tenant.
    pub fn covers_tenant(&self, id: Uuid) -> bool {
        match self {
            Scope::Rows { client_tenants, .. } if client_tenants.contains(&id) => true,
            _ => self.covers(Some(id), None),
        }
    }
}

/// One right of a person, as `control.authority_of` spells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grant {
    pub privilege: String,
    pub place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Platform,
    Tenant(Uuid),
    Client(Uuid, Uuid),
}

impl Grant {
    pub fn parse(text: &str) -> Option<Grant> {
        let (privilege, place) = match text.split_once('@') {
            None => (text, Place::Platform),
            Some((privilege, place)) => {
                let mut parts = place.split(':');
                let place = match (parts.next()?, parts.next()?.parse().ok()?, parts.next()) {
                    ("t", tenant, None) => Place::Tenant(tenant),
                    ("c", client, Some(tenant)) => Place::Client(client, tenant.parse().ok()?),
                    _ => return None,
                };
                (privilege, place)
            }
        };
        Some(Grant { privilege: privilege.to_owned(), place })
    }
}
