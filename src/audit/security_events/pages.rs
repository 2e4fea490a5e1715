//! The list of security events.

use std::iter;

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use diesel::PgConnection;
use uuid::Uuid;

use super::store::{self, SecurityEvent};
use crate::actor::Can;
use crate::audit::events::histogram::SEVERITIES;
use crate::audit::events::pages::{Words, worded};
use crate::audit::events::{search, store as event_store};
use crate::audit::history::Event;
use crate::audit::sealing::leaf::Log;
use crate::audit::{Export, View, archives, events, ocsf};
use crate::db::{Db, SecurityKind};
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::filters;
use crate::web::list::{Field, FieldKind, List, ListSpec};
use crate::web::list_view::ListView;
use crate::web::page::{self, Shell};

/// What the list can be asked for.
pub const LIST: ListSpec = ListSpec {
    search: "kinds and details",
    fields: &[
        Field { name: "kind", label: "kind", kind: FieldKind::Choice(SecurityKind::NAMES) },
        Field { name: "severity", label: "severity", kind: FieldKind::Choice(&SEVERITIES) },
        Field { name: "actor", label: "who", kind: FieldKind::Id },
        Field { name: "tenant", label: "tenant", kind: FieldKind::Id },
        Field { name: "network", label: "network", kind: FieldKind::Text },
        Field { name: "request", label: "request", kind: FieldKind::Id },
        Field { name: "occurred", label: "occurred", kind: FieldKind::Days },
    ],
    sorts: &["-occurred_at"],
};

#[derive(Template)]
#[template(path = "audit/security_events/index.html", blocks = ["rows"])]
struct Index {
    shell: Shell,
    list: ListView,
    events: Vec<SecurityEvent>,
    words: Words,
    bursts: Vec<SecurityEvent>,
}

pub async fn index(can: Can<View>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let list = search::asked(&LIST, &context)?;
    let (wants_list, by_name) = (context.wants_list, can.actor().holds_everywhere("access.view"));
    let (slice, words, bursts, list) = db
        .read(&can, move |conn| {
            let slice = store::list(conn, &list)?;
            let words = words_of(conn, Some(&list), &slice.rows)?;
            // The list alone is wanted without what stands above it.
            let bursts = if wants_list { Vec::new() } else { store::bursts(conn, by_name)? };
            Ok((slice, words, bursts, list))
        })
        .await?;
    let mut view = list.view(&slice, slice.rows.len() as i64);
    view.word("who", worded(list.values("actor"), &words.people));
    view.word("tenant", worded(list.values("tenant"), &words.slugs));
    view.word("network", list.values("network").iter().map(|text| short(text)).collect::<Vec<_>>().join(", "));
    let page = Index { shell: context.shell("Security events"), list: view, events: slice.rows, words, bursts };
    page::ok(if context.wants_list { page.as_rows().render() } else { page.render() })
}

/// Names of who is in these events, and of what the list was asked for.
pub(super) fn words_of(
    conn: &mut PgConnection,
    list: Option<&List>,
    events: &[SecurityEvent],
) -> Result<Words, AppError> {
    let asked = |field: &str| list.map(|list| list.ids(field)).unwrap_or_default();
    let people = events.iter().flat_map(|event| [event.actor_id, event.suspect()]).flatten().chain(asked("actor"));
    let tenants = events.iter().filter_map(|event| event.tenant_id).chain(asked("tenant"));
    let [people, slugs, clients] = event_store::words(conn, people, tenants, iter::empty())?;
    Ok(Words { people, slugs, clients })
}

/// Enough of a network's hash to tell two apart.
fn short(network: &str) -> String {
    network.chars().take(8).collect()
}

#[derive(Template)]
#[template(path = "audit/security_events/show.html")]
struct Show {
    shell: Shell,
    event: SecurityEvent,
    words: Words,
    /// Others of the same request.
    related: Vec<SecurityEvent>,
    /// What was done in the same request.
    done: Vec<Event>,
    /// Its leaf in the sealed log; none until it has one.
    leaf: Option<i64>,
    details: String,
}

pub async fn show(can: Can<View>, context: Context, db: Data<Db>, id: Path<Uuid>) -> Result<HttpResponse, AppError> {
    let id = *id;
    let archived =
        context.shell("Archived event").under("Security events", "/security-events").under(id.to_string(), "");
    let read = db
        .read(&can, move |conn| {
            let event = match store::find(conn, id) {
                Err(AppError::NotFound) => return archives::store::of_event(conn, Log::SecurityEvents, id).map(Err),
                found => found?,
            };
            let shell = context.shell(event.kind.clone()).under("Security events", "/security-events");
            Ok(Ok(Show {
                shell: shell.under(event.id.to_string(), ""),
                words: words_of(conn, None, std::slice::from_ref(&event))?,
                related: store::of_request(conn, event.request_id, event.id)?,
                done: events::of_request(conn, event.request_id, event.id)?,
                leaf: events::leaf_of(conn, event.id)?,
                details: serde_json::to_string_pretty(&event.details).unwrap_or_default(),
                event,
            }))
        })
        .await?;
    match read {
        Ok(page) => page::ok(page.render()),
        Err(left) => archives::pages::gone(archived, id, left),
    }
}

pub async fn export(can: Can<Export>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    const HEADER: &[&str] = &[
        "id",
        "occurred_at",
        "kind",
        "severity",
        "actor_id",
        "session_id",
        "request_id",
        "tenant_id",
        "network",
        "details",
    ];
    let list = search::asked(&LIST, &context)?;
    db.note_read(&can).await?;
    let load = move |list: List| {
        let (db, can) = (db.clone(), can.clone());
        async move { db.read(&can, move |conn| store::list(conn, &list)).await }
    };
    crate::web::export::send("security-events", HEADER, list, load, |event: &SecurityEvent| {
        let id = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
        vec![
            event.id.to_string(),
            filters::iso(event.occurred_at.to_jiff()),
            event.kind.clone(),
            event.severity.clone(),
            id(event.actor_id),
            id(event.session_id),
            id(event.request_id),
            id(event.tenant_id),
            event.network_key(),
            event.details.to_string(),
        ]
    })
    .await
}

/// The same list in the words of OCSF.
pub async fn export_lines(can: Can<Export>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let list = search::asked(&LIST, &context)?;
    db.note_read(&can).await?;
    let load = move |list: List| {
        let (db, can) = (db.clone(), can.clone());
        let work = move |conn: &mut PgConnection| {
            store::list(conn, &list)?.try_map(|events| ocsf::store::placed(conn, events))
        };
        async move { db.read(&can, work).await }
    };
    crate::web::export::send_lines("security-events", list, load, ocsf::write_security_event).await
}
