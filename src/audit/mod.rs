//! The audit log: who did what, to what, when and why; what every history shows; refusals and sign-in trouble.

pub mod archives;
pub mod differences;
pub mod erasure;
pub mod events;
pub mod history;
pub mod integrity;
mod net;
pub mod ocsf;
pub mod sealer;
pub mod sealing;
pub mod security_events;
pub mod states;
pub mod streams;
pub mod undo;
pub mod verifications;
pub mod witnesses;

use crate::actor::{Privilege, PrivilegeInfo, info};
use crate::jobs::Handlers;
use crate::web::nav::NavItem;
use crate::web::route::{Route, get, post};
use crate::web::row_action::{act, ask};
use sealer::keys::KeyFile;
use witnesses::Witnesses;

/// Read the audit log; each page that is read is an event itself.
pub struct View;
/// The right of [`View`] for what is made of whole events, which are seen whole by those alone who see everything.
pub struct Prove;
/// Take the audit log out of the console.
pub struct Export;
/// Say where the audit log is sent on to.
pub struct Stream;
/// The right of [`Stream`] where nothing is changed.
pub struct ViewStreams;
/// Have the whole log compared with what was sealed.
pub struct Verify;
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
    const DESCRIPTION: &'static str = "Take the audit log out as CSV, JSON and NDJSON";
    const LOG_READS: bool = true;
    const ELEVATED: bool = true;
    const DELEGABLE: bool = true;
}

impl Privilege for Prove {
    const NAME: &'static str = View::NAME;
    const DESCRIPTION: &'static str = View::DESCRIPTION;
    const LOG_READS: bool = true;
    const PLATFORM_ONLY: bool = true;
}

impl Privilege for Stream {
    const NAME: &'static str = "audit.stream";
    const DESCRIPTION: &'static str = "Have the audit log sent on to other systems, and stop it";
    const ELEVATED: bool = true;
    const PLATFORM_ONLY: bool = true;
}

impl Privilege for ViewStreams {
    const NAME: &'static str = Stream::NAME;
    const DESCRIPTION: &'static str = Stream::DESCRIPTION;
    const PLATFORM_ONLY: bool = true;
}

impl Privilege for Verify {
    const NAME: &'static str = "audit.verify";
    const DESCRIPTION: &'static str = "Have the whole audit log compared with what was sealed";
    const DELEGABLE: bool = true;
    const PLATFORM_ONLY: bool = true;
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

/// The entry of the streams in the navigation.
pub const NAV_STREAMS: NavItem =
    NavItem { label: "Streams", href: "/audit/streams", key: "", privilege: Stream::NAME, due: false };

/// What this room protects.
pub fn privileges() -> Vec<PrivilegeInfo> {
    vec![
        info::<View>(),
        info::<Export>(),
        info::<Stream>(),
        info::<Verify>(),
        info::<ViewHistory>(),
        info::<undo::Undo>(),
    ]
}

/// What this room does by the clock.
pub fn handlers(keys: &KeyFile, witnesses: &Witnesses) -> Handlers {
    verifications::handlers(keys.clone()).and(witnesses::handlers(witnesses.clone()))
}

/// The pages of this room.
pub fn routes() -> Vec<Route> {
    let mut routes = log_routes();
    routes.extend(stream_routes());
    routes
}

fn stream_routes() -> Vec<Route> {
    use streams::actions::{Deletion, Pausing, Resending, Resumption};
    use streams::{form_pages, pages};
    vec![
        get("/audit/streams/new", form_pages::new),
        get("/audit/streams/{id}", pages::show),
        get("/audit/streams/{id}/edit", form_pages::edit),
        post("/audit/streams/{id}", form_pages::update),
        get("/audit/streams/{id}/rotation/new", form_pages::ask_rotation),
        post("/audit/streams/{id}/rotation", form_pages::rotate),
        get("/audit/streams/{id}/pausing/new", ask::<Pausing>),
        post("/audit/streams/{id}/pausing", act::<Pausing>),
        get("/audit/streams/{id}/resumption/new", ask::<Resumption>),
        post("/audit/streams/{id}/resumption", act::<Resumption>),
        get("/audit/streams/{id}/resending/new", ask::<Resending>),
        post("/audit/streams/{id}/resending", act::<Resending>),
        get("/audit/streams/{id}/deletion/new", ask::<Deletion>),
        post("/audit/streams/{id}/deletion", act::<Deletion>),
    ]
}

fn log_routes() -> Vec<Route> {
    vec![
        get("/audit", events::pages::index).lists(&events::pages::LIST),
        get("/audit.csv", events::pages::export),
        get("/audit.json", events::pages::export),
        get("/audit.ndjson", events::pages::export_lines),
        get("/audit/summary", events::summary::show),
        get("/audit/integrity", integrity::pages::show),
        post("/audit/verifications", integrity::pages::verify),
        get("/audit/checkpoint", integrity::pages::checkpoint),
        get("/audit/public-key", integrity::pages::public_key),
        get("/audit/streams", streams::pages::index),
        post("/audit/streams", streams::form_pages::create),
        get("/audit/states/{id}", states::pages::show),
        get("/audit/tenants/{id}", differences::pages::show),
        get("/audit/{id}", events::event::show),
        get("/audit/{id}/proof", integrity::proofs::of_event),
        get("/audit/{id}/undo/new", undo::pages::ask),
        post("/audit/{id}/undo", undo::pages::act),
        get("/security-events", security_events::pages::index).lists(&security_events::pages::LIST),
        get("/security-events.csv", security_events::pages::export),
        get("/security-events.json", security_events::pages::export),
        get("/security-events/summary", security_events::summary::show),
        get("/security-events.ndjson", security_events::pages::export_lines),
        get("/security-events/{id}", security_events::pages::show),
        get("/security-events/{id}/proof", integrity::proofs::of_security_event),
    ]
}
