//! The list of security events.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use diesel::PgConnection;
use jiff::Timestamp;
use uuid::Uuid;

use super::chart::{self, Hour, SEVERITIES};
use super::store::{self, SecurityEvent};
use crate::actor::Can;
use crate::audit::{Export, View, history, ocsf};
use crate::db::{Db, SecurityKind};
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::filters;
use crate::web::list::{Field, FieldKind, List, ListSpec};
use crate::web::list_view::ListView;
use crate::web::page::{self, Shell};

/// What the list can be asked for.
pub const LIST: ListSpec = ListSpec {
    search: "",
    fields: &[
        Field { name: "kind", label: "kind", kind: FieldKind::Choice(SecurityKind::NAMES) },
        Field { name: "severity", label: "severity", kind: FieldKind::Choice(&SEVERITIES) },
        Field { name: "actor", label: "who", kind: FieldKind::Id },
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
    people: HashMap<Uuid, String>,
    bursts: Vec<SecurityEvent>,
    hours: Vec<Hour>,
    series: String,
    /// There are more than the chart counts.
    capped: bool,
}

pub async fn index(can: Can<View>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let list = List::of(&LIST, &context)?;
    let wants_list = context.wants_list;
    let (slice, people, (latest, bursts), list) = db
        .read(&can, move |conn| {
            let slice = store::list(conn, &list)?;
            let known = slice.rows.iter().filter_map(|event| event.actor_id).chain(list.ids("actor"));
            let people = history::names(conn, known)?;
            // The list alone is wanted without what stands above it.
            let above = if wants_list { Default::default() } else { (store::latest(conn)?, store::bursts(conn)?) };
            Ok((slice, people, above, list))
        })
        .await?;
    let mut view = list.view(&slice, slice.rows.len() as i64);
    view.word("who", words(list.ids("actor"), &people));
    view.word("network", list.values("network").iter().map(|text| short(text)).collect::<Vec<_>>().join(", "));
    let hours = chart::hours(&latest, Timestamp::now());
    let page = Index {
        shell: context.shell("Security events"),
        list: view,
        events: slice.rows,
        people,
        bursts,
        series: chart::series(&hours),
        hours,
        capped: latest.len() as i64 == store::COUNTED,
    };
    page::ok(if context.wants_list { page.as_rows().render() } else { page.render() })
}

fn words(ids: Vec<Uuid>, people: &HashMap<Uuid, String>) -> String {
    let word = |id: &Uuid| people.get(id).cloned().unwrap_or_else(|| id.to_string());
    ids.iter().map(word).collect::<Vec<_>>().join(", ")
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
    people: HashMap<Uuid, String>,
    related: Vec<SecurityEvent>,
    /// Its leaf in the sealed log; none until it has one.
    leaf: Option<i64>,
    details: String,
}

pub async fn show(can: Can<View>, context: Context, db: Data<Db>, id: Path<Uuid>) -> Result<HttpResponse, AppError> {
    let (event, people, related, leaf) = db
        .read(&can, move |conn| {
            let event = store::find(conn, *id)?;
            let people = history::names(conn, event.actor_id.into_iter())?;
            let related = store::related(conn, &event)?;
            let leaf = crate::audit::events::leaf_of(conn, event.id)?;
            Ok((event, people, related, leaf))
        })
        .await?;
    let shell = context.shell(event.kind.clone()).under("Security events", "/security-events");
    let shell = shell.under(event.id.to_string(), "");
    let details = serde_json::to_string_pretty(&event.details).unwrap_or_default();
    page::ok(Show { shell, event, people, related, leaf, details }.render())
}

pub async fn export(can: Can<Export>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    const HEADER: &[&str] = &["id", "occurred_at", "kind", "severity", "actor_id", "request_id", "network", "details"];
    let list = List::of(&LIST, &context)?;
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
            id(event.request_id),
            event.network_key(),
            event.details.to_string(),
        ]
    })
    .await
}

/// The same list in the words of OCSF.
pub async fn export_lines(can: Can<Export>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let list = List::of(&LIST, &context)?;
    db.note_read(&can).await?;
    let load = move |list: List| {
        let (db, can) = (db.clone(), can.clone());
        let work = move |conn: &mut PgConnection| {
            store::list(conn, &list)?.try_map(|events| ocsf::store::placed(conn, events))
        };
        async move { db.read(&can, work).await }
    };
    Ok(crate::web::export::send_lines("security-events", list, load, ocsf::write_security_event))
}
