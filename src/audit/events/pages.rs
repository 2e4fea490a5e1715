//! The pages of the log.

use std::collections::HashMap;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use diesel::PgConnection;
use uuid::Uuid;

use super::diff::{self, Cell, Line};
use super::store::{self, Changed};
use crate::actor::Can;
use crate::audit::history::{self, Event};
use crate::audit::{Export, Glance, View};
use crate::db::Db;
use crate::db::keyset::Slice;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::filters;
use crate::web::list::{Field, FieldKind, List, ListSpec};
use crate::web::list_view::ListView;
use crate::web::memo::Memo;
use crate::web::page::{self, Shell};

/// In whose name people acted when it was not their own.
pub const ACTING: [&str; 2] = ["delegation", "impersonation"];

/// What the log can be asked for.
pub const LIST: ListSpec = ListSpec {
    search: "",
    fields: &[
        Field { name: "actor", label: "actor", kind: FieldKind::Text },
        Field { name: "effective_actor", label: "in the name of", kind: FieldKind::Text },
        Field { name: "delegation", label: "delegation", kind: FieldKind::Id },
        Field { name: "action", label: "action", kind: FieldKind::Text },
        Field { name: "target", label: "target", kind: FieldKind::Id },
        Field { name: "tenant", label: "tenant", kind: FieldKind::Text },
        Field { name: "outcome", label: "outcome", kind: FieldKind::Choice(&["success", "failure", "denied"]) },
        Field { name: "kind", label: "kind", kind: FieldKind::Choice(&["changes", "reads"]) },
        Field { name: "acting", label: "in another name", kind: FieldKind::Choice(&ACTING) },
        Field { name: "occurred", label: "occurred", kind: FieldKind::Days },
        Field { name: "request", label: "request", kind: FieldKind::Id },
    ],
    sorts: &["-occurred_at"],
};

/// Names for the ids that a page shows.
struct Words {
    people: HashMap<Uuid, String>,
    slugs: HashMap<Uuid, String>,
}

impl Words {
    fn of(conn: &mut PgConnection, list: &List, events: &[Event]) -> Result<Words, AppError> {
        let people = events.iter().flat_map(Event::people);
        let asked = list.ids("actor").into_iter().chain(list.ids("effective_actor"));
        let tenants = events.iter().filter_map(|event| event.tenant_id);
        Ok(Words {
            people: history::names(conn, people.chain(asked))?,
            slugs: store::slugs(conn, tenants.chain(list.ids("tenant")))?,
        })
    }
}

impl Words {
    /// An address, or the id of somebody who has none any more.
    fn person(&self, id: &Uuid) -> String {
        self.people.get(id).cloned().unwrap_or_else(|| format!("person {id}"))
    }
}

/// The words that stand for chosen ids, as the chips show them.
fn worded(values: Vec<String>, words: &HashMap<Uuid, String>) -> String {
    let word = |value: String| value.parse().ok().and_then(|id: Uuid| words.get(&id).cloned()).unwrap_or(value);
    values.into_iter().map(word).collect::<Vec<_>>().join(", ")
}

#[derive(Template)]
#[template(path = "audit/events/index.html", blocks = ["rows"])]
struct Index {
    shell: Shell,
    list: ListView,
    events: Vec<Event>,
    words: Words,
    /// Reads are kept out, unasked.
    without_reads: bool,
}

/// What the filter of actions offers. To find it costs more than the page itself.
pub struct KnownActions(Memo<Vec<String>>);

impl Default for KnownActions {
    fn default() -> KnownActions {
        KnownActions(Memo::lasting(Duration::from_secs(60)))
    }
}

pub async fn index(
    can: Can<View>,
    context: Context,
    db: Data<Db>,
    known: Data<KnownActions>,
) -> Result<HttpResponse, AppError> {
    let list = List::of(&LIST, &context)?;
    if let Some(address) = by_ids(&can, &context, &db, &list).await? {
        return Ok(HttpResponse::SeeOther().insert_header(("location", address)).finish());
    }
    let (words, actions, slice, list) = db
        .read(&can, move |conn| {
            let slice = store::list(conn, &list)?;
            let actions = known.0.get(|| store::actions(conn))?;
            Ok((Words::of(conn, &list, &slice.rows)?, actions, slice, list))
        })
        .await?;
    let mut view = list.view(&slice, slice.rows.len() as i64);
    view.offer("action", actions);
    view.word("actor", worded(list.values("actor"), &words.people));
    view.word("in the name of", worded(list.values("effective_actor"), &words.people));
    view.word("tenant", worded(list.values("tenant"), &words.slugs));
    let without_reads = ["kind", "action", "request", "acting"].iter().all(|field| list.values(field).is_empty());
    let page = Index { shell: context.shell("Audit log"), list: view, events: slice.rows, words, without_reads };
    page::ok(if context.wants_list { page.as_rows().render() } else { page.render() })
}

/// The address of the same list with ids in the place of addresses and slugs, if it was asked for by those. What is
/// read is written down with its address, and the log is to hold no addresses of people.
async fn by_ids(
    can: &Can<impl crate::actor::Privilege>,
    context: &Context,
    db: &Db,
    list: &List,
) -> Result<Option<String>, AppError> {
    let (actors, tenants) = (list.values("actor"), list.values("tenant"));
    let effective = list.values("effective_actor");
    let named = actors.iter().chain(&effective).filter(|actor| actor.contains('@'));
    let emails: Vec<String> = named.cloned().collect();
    let slugs: Vec<String> = tenants.iter().filter(|tenant| tenant.parse::<Uuid>().is_err()).cloned().collect();
    if emails.is_empty() && slugs.is_empty() {
        return Ok(None);
    }
    let can = Can::<Glance>::prove(can.actor().clone())?;
    let (people, known) =
        db.read(&can, move |conn| Ok((store::people(conn, emails)?, store::tenants(conn, slugs)?))).await?;
    let mut pairs = context.pairs().unwrap_or_default();
    let fields = [("actor", actors, &people), ("effective_actor", effective, &people), ("tenant", tenants, &known)];
    for (field, values, known) in fields {
        if !values.is_empty() {
            let ids: Result<Vec<String>, AppError> = values.iter().map(|value| id_of(field, value, known)).collect();
            pairs = pairs.with(field, &ids?.join(","));
        }
    }
    Ok(Some(pairs.without("after").url(&context.path)))
}

fn id_of(field: &str, value: &str, known: &[(Uuid, String)]) -> Result<String, AppError> {
    let is_word = value.parse::<Uuid>().is_err() && (field == "tenant" || value.contains('@'));
    match known.iter().find(|(_, word)| word.eq_ignore_ascii_case(value)) {
        Some((id, _)) => Ok(id.to_string()),
        None if !is_word => Ok(value.to_owned()),
        None => Err(AppError::BadRequest(format!(
            "{field} cannot be “{value}”: there is none of that name among those you may see. The id finds deleted \
             ones too."
        ))),
    }
}

pub async fn export(can: Can<Export>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    const HEADER: &[&str] = &[
        "id",
        "occurred_at",
        "actor_kind",
        "actor_id",
        "actor_label",
        "effective_actor_id",
        "delegation_id",
        "impersonation_id",
        "session_id",
        "request_id",
        "action",
        "outcome",
        "is_read",
        "reason",
        "target_kind",
        "target_id",
        "tenant_id",
        "client_id",
        "details",
        "database_user",
    ];
    let list = List::of(&LIST, &context)?;
    if let Some(address) = by_ids(&can, &context, &db, &list).await? {
        return Ok(HttpResponse::SeeOther().insert_header(("location", address)).finish());
    }
    db.note_read(&can).await?;
    let load = move |list: List| {
        let (db, can) = (db.clone(), can.clone());
        async move { db.read(&can, move |conn| store::list(conn, &list)).await }
    };
    crate::web::export::send("audit", HEADER, list, load, cells).await
}

fn cells(event: &Event) -> Vec<String> {
    let id = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    vec![
        event.id.to_string(),
        filters::iso(event.occurred_at.to_jiff()),
        event.actor_kind.clone(),
        id(event.actor_id),
        event.actor_label.clone().unwrap_or_default(),
        id(event.effective_actor_id),
        id(event.delegation_id),
        id(event.impersonation_id),
        id(event.session_id),
        id(event.request_id),
        event.action.clone(),
        event.outcome.clone(),
        event.is_read.to_string(),
        event.reason.clone().unwrap_or_default(),
        event.target_kind.clone(),
        id(event.target_id),
        id(event.tenant_id),
        id(event.client_id),
        event.details.to_string(),
        event.database_user.clone(),
    ]
}

/// How the rows that an event changed are paged.
const CHANGES: ListSpec = ListSpec { search: "", fields: &[], sorts: &["position"] };
const ROWS: usize = 200;

/// One changed row, value by value.
struct Row {
    change: Changed,
    lines: Vec<Line>,
}

#[derive(Template)]
#[template(path = "audit/events/show.html", blocks = ["rows"])]
struct Show {
    shell: Shell,
    list: ListView,
    event: Event,
    words: Words,
    rows: Vec<Row>,
    /// Changed rows on later pages.
    more: i64,
    details: String,
}

pub async fn show(can: Can<View>, context: Context, db: Data<Db>, id: Path<Uuid>) -> Result<HttpResponse, AppError> {
    let mut list = List::of(&CHANGES, &context)?;
    list.window.rows = ROWS;
    let (event, words, slice, more, list): (Event, Words, Slice<Changed>, i64, List) = db
        .read(&can, move |conn| {
            let event = store::find(conn, *id)?;
            let slice = store::changes(conn, &event, &list.window)?;
            let more = match (&slice.next, slice.rows.last()) {
                (Some(_), Some(last)) => store::changes_after(conn, &event, last.position)?,
                _ => 0,
            };
            let words = Words::of(conn, &list, std::slice::from_ref(&event))?;
            Ok((event, words, slice, more, list))
        })
        .await?;
    let shell = context.shell(event.action.clone()).under("Audit log", "/audit").under(event.id.to_string(), "");
    let list = list.view(&slice, 0);
    let rows = slice.rows.into_iter().map(|change| Row { lines: diff::lines(&change.row), change }).collect();
    let details = serde_json::to_string_pretty(&event.details).unwrap_or_default();
    let page = Show { shell, list, event, words, rows, more, details };
    page::ok(if context.wants_list { page.as_rows().render() } else { page.render() })
}
