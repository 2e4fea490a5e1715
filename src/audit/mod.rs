//! The audit log: who did what, to what, when and why; what every history shows; refusals and sign-in trouble.

pub mod erasure;
pub mod events;
pub mod history;
pub mod integrity;
pub mod sealer;
pub mod sealing;
pub mod security_events;

use crate::actor::{Privilege, PrivilegeInfo, info};
use crate::web::nav::NavItem;
use crate::web::route::{Route, get};

/// Read the audit log; each page that is read is an event itself.
pub struct View;
/// Take the audit log out of the console.
pub struct Export;
/// See the latest changes on the overview.
pub struct ViewHistory;
/// The right of [`View`] where no event is read: whether an id is known, what an address stands for, how many there
/// are.
pub struct Glance;

impl Privilege for View {
    const NAME: &'static str = "audit.view";
    const DESCRIPTION: &'static str = "Read the audit log and the security events; each page read is recorded";
    const LOG_READS: bool = true;
    const DELEGABLE: bool = true;
}

impl Privilege for Export {
    const NAME: &'static str = "audit.export";
    const DESCRIPTION: &'static str = "Take the audit log out as CSV and JSON";
    const ELEVATED: bool = true;
    const DELEGABLE: bool = true;
}

impl Privilege for ViewHistory {
    const NAME: &'static str = "audit.view_history";
    const DESCRIPTION: &'static str = "See the latest changes on the overview";
    const DELEGABLE: bool = true;
}

impl Privilege for Glance {
    const NAME: &'static str = View::NAME;
    const DESCRIPTION: &'static str = View::DESCRIPTION;
}

/// The entry of the log in the navigation.
pub const NAV: NavItem = NavItem { label: "Audit log", href: "/audit", key: "a", privilege: View::NAME, due: false };
/// The entry of the security events in the navigation.
pub const NAV_SECURITY: NavItem =
    NavItem { label: "Security events", href: "/security-events", key: "", privilege: View::NAME, due: false };

/// The entry of the log's integrity in the navigation.
pub const NAV_INTEGRITY: NavItem =
    NavItem { label: "Integrity", href: "/audit/integrity", key: "", privilege: View::NAME, due: false };

/// What this room protects.
pub fn privileges() -> Vec<PrivilegeInfo> {
    vec![info::<View>(), info::<Export>(), info::<ViewHistory>()]
}

/// The pages of this room.
pub fn routes() -> Vec<Route> {
    vec![
        get("/audit", events::pages::index).lists(&events::pages::LIST),
        get("/audit.csv", events::pages::export),
        get("/audit.json", events::pages::export),
        get("/audit/summary", events::summary::show),
        get("/audit/integrity", integrity::pages::show),
        get("/audit/checkpoint", integrity::pages::checkpoint),
        get("/audit/public-key", integrity::pages::public_key),
        get("/audit/{id}", events::event::show),
        get("/security-events", security_events::pages::index).lists(&security_events::pages::LIST),
        get("/security-events.csv", security_events::pages::export),
        get("/security-events.json", security_events::pages::export),
        get("/security-events/{id}", security_events::pages::show),
    ]
}
