//! The route table: every address of the console, grouped by domain, each with the privilege its handler asks for.

use std::collections::{BTreeMap, HashMap};

use actix_web::dev::ResourceDef;
use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};

use crate::actor::{Needs, Personal, PrivilegeInfo};
use crate::auth::{self, cookie, identify};
use crate::operations::counts::Count;
use crate::operations::health;
use crate::web::assets;
use crate::web::context::Site;
use crate::web::format::Format;
use crate::web::listed::Listed;
use crate::web::nav::NavGroup;
use crate::web::opening::Opening;
use crate::web::route::Route;
use crate::{access, audit, clients, operations, tenancy};

/// Every route but the assets and the health checks, which are for machines.
pub fn table() -> Vec<Route> {
    [auth::routes(), operations::routes(), tenancy::routes(), clients::routes(), access::routes(), audit::routes()]
        .into_iter()
        .flatten()
        .collect()
}

/// Every privilege there is; synced to the table of that name.
pub fn privileges() -> Vec<PrivilegeInfo> {
    [access::privileges(), operations::privileges(), tenancy::privileges(), clients::privileges(), audit::privileges()]
        .into_iter()
        .flatten()
        .collect()
}

/// What an API token can be for: the rights that lists for programs ask for, each with the address of one.
pub fn token_scopes() -> Vec<(&'static str, &'static str)> {
    let mut scopes: BTreeMap<&str, &str> = BTreeMap::new();
    for route in table() {
        if Format::of(route.path) == Format::Json && route.needs == Needs::Grant {
            scopes.entry(route.privilege).or_insert(route.path);
        }
    }
    scopes.into_iter().collect()
}

/// Every list with filters: what people keep views of.
pub fn lists() -> Vec<Listed> {
    table().iter().filter_map(Listed::of).collect()
}

/// Every page and file, with the right that opens it.
pub fn openings() -> Vec<Opening> {
    table().iter().filter_map(Opening::of).collect()
}

/// Addresses to which other machines post.
pub fn from_elsewhere() -> Vec<ResourceDef> {
    let open = table().into_iter().filter(|route| route.from_elsewhere && route.method == Method::POST);
    open.map(|route| ResourceDef::new(route.path)).collect()
}

/// Addresses of pages that show personal data, and of whom.
pub fn personal() -> HashMap<&'static str, Personal> {
    table().into_iter().filter_map(|route| route.personal.map(|personal| (route.path, personal))).collect()
}

/// The left navigation.
pub fn nav() -> Vec<NavGroup> {
    vec![
        NavGroup { label: "", items: vec![operations::NAV] },
        NavGroup { label: "Customers", items: vec![tenancy::NAV, clients::NAV] },
        NavGroup {
            label: "Access",
            items: vec![
                access::NAV,
                access::NAV_ROLES,
                access::NAV_ASSIGNMENTS,
                access::NAV_GROUPS,
                access::reviews::NAV,
                access::delegations::NAV,
                access::NAV_TOKENS,
                access::impersonations::NAV,
            ],
        },
        NavGroup {
            label: "Trust",
            items: vec![
                audit::NAV,
                audit::NAV_SECURITY,
                access::exposure::NAV,
                audit::NAV_INTEGRITY,
                audit::NAV_STREAMS,
            ],
        },
        NavGroup { label: "Platform", items: vec![operations::NAV_JOBS] },
    ]
}

/// What is counted beside the entries of the navigation.
pub fn counts() -> Vec<Count> {
    vec![
        (tenancy::NAV.href, tenancy::count),
        (clients::NAV.href, clients::count),
        (operations::NAV_JOBS.href, operations::failed_jobs),
        (access::impersonations::NAV.href, access::requested_impersonations),
    ]
}

/// Registers everything. Routes that share a path become one resource, so that the wrong verb is a 405.
pub fn configure(config: &mut ServiceConfig, site: &Site) {
    config.route("/assets/{hash}/{name}", web::get().to(assets::serve));
    config.route("/livez", web::get().to(health::livez));
    config.route("/readyz", web::get().to(health::readyz));
    let mut scope = web::scope("");
    let mut order: Vec<&str> = Vec::new();
    let mut by_path: BTreeMap<&str, Vec<Route>> = BTreeMap::new();
    for route in table() {
        if !order.contains(&route.path) {
            order.push(route.path);
        }
        by_path.entry(route.path).or_default().push(route);
    }
    for path in order {
        let mut resource = web::resource(path);
        for route in by_path.remove(path).unwrap_or_default() {
            resource = resource.route(route.actix());
        }
        scope = scope.service(resource);
    }
    config.service(scope.wrap(from_fn(identify::identify)).wrap(cookie::middleware(site)));
}
