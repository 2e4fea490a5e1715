//! Which right opens which page: what is said of who may see something rests on it.

use actix_web::http::Method;

use super::route::Route;
use crate::actor::Needs;

/// One page or file of the route table.
pub struct Opening {
    /// Its address there, such as `/tenants/{id}/people`.
    pub route: &'static str,
    pub privilege: &'static str,
    pub needs: Needs,
    pub is_platform_only: bool,
}

impl Opening {
    /// What a route opens, if it shows something.
    pub fn of(route: &Route) -> Option<Opening> {
        (route.method == Method::GET).then_some(Opening {
            route: route.path,
            privilege: route.privilege,
            needs: route.needs,
            is_platform_only: route.platform_only,
        })
    }
}
