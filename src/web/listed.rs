//! Which address shows which list, and to whom: what people keep to come back to is checked against it.

use uuid::Uuid;

use super::list::{List, ListSpec};
use super::route::Route;
use crate::actor::{Actor, Needs};
use crate::error::AppError;

/// One list of the route table.
pub struct Listed {
    /// Its address there, such as `/tenants/{id}/people`.
    pub route: &'static str,
    spec: &'static ListSpec,
    privilege: &'static str,
    needs: Needs,
    is_platform_only: bool,
}

impl Listed {
    /// The list of a route, if it shows one.
    pub fn of(route: &Route) -> Option<Listed> {
        Some(Listed {
            route: route.path,
            spec: route.list?,
            privilege: route.privilege,
            needs: route.needs,
            is_platform_only: route.platform_only,
        })
    }

    /// Whether an address is that of this list: a parameter stands for an id.
    pub fn is_at(&self, path: &str) -> bool {
        let fits = |(pattern, part): (&str, &str)| match pattern.starts_with('{') {
            true => part.parse::<Uuid>().is_ok_and(|id| id.to_string() == part),
            false => pattern == part,
        };
        self.route.split('/').count() == path.split('/').count() && self.route.split('/').zip(path.split('/')).all(fits)
    }

    /// Whether somebody may open it, whatever rows they find there.
    pub fn is_open_to(&self, actor: &Actor) -> bool {
        match self.needs {
            Needs::Grant if self.is_platform_only => actor.holds_everywhere(self.privilege),
            Needs::Grant => actor.holds(self.privilege),
            Needs::Session => actor.user_id.is_some(),
            Needs::HalfSession | Needs::Nothing => false,
        }
    }

    /// Checks a query against what the list knows. Returns it without the place in the list, where somebody else would
    /// not find the same rows.
    pub fn check(&self, path: &str, query: &str) -> Result<String, AppError> {
        let address = List::parse(self.spec, path, query.as_bytes())?.at_start();
        Ok(address.split_once('?').map(|(_, query)| query.to_owned()).unwrap_or_default())
    }
}
