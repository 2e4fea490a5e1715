//! The pages of the log.

use std::collections::HashMap;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use diesel::PgConnection;
use uuid::Uuid;

use super::histogram::SEVERITIES;
use super::{search, store};
use crate::actor::{Can, REASON_CODES, Scope};
use crate::audit::history::Event;
use crate::audit::{Export, Glance, View, ocsf};
use crate::db::Db;
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
    search: "reasons and targets",
    fields: &[
        Field { name: "actor", label: "actor", kind: FieldKind::Text },
        Field { name: "effective_actor", label: "in the name of", kind: FieldKind::Text },
        Field { name: "delegation", label: "delegation", kind: FieldKind::Id },
        Field { name: "action", label: "action", kind: FieldKind::Text },
        Field { name: "target", label: "target", kind: FieldKind::Id },
        Field { name: "tenant", label: "tenant", kind: FieldKind::Text },
        Field { name: "client", label: "client", kind: FieldKind::Text },
        Field { name: "outcome", label: "outcome", kind: FieldKind::Choice(&["success", "failure", "denied"]) },
        Field { name: "severity", label: "severity", kind: FieldKind::Choice(&SEVERITIES) },
        Field { name: "reason", label: "reason", kind: FieldKind::Choice(&["given", "none"]) },
        Field { name: "reason_code", label: "reason code", kind: FieldKind::Choice(&REASON_CODES) },
        Field { name: "kind", label: "kind", kind: FieldKind::Choice(&["changes", "reads"]) },
        Field { name: "acting", label: "in another name", kind: FieldKind::Choice(&ACTING) },
        Field { name: "occurred", label: "occurred", kind: FieldKind::Days },
        Field { name: "request", label: "request", kind: FieldKind::Id },
    ],
    sorts: &["-occurred_at"],
};

/// Names for the ids that a page shows.
pub struct Words {
    pub(in crate::audit) people: HashMap<Uuid, String>,
    pub(in crate::audit) slugs: HashMap<Uuid, String>,
    pub(in crate::audit) clients: HashMap<Uuid, String>,
}

impl Words {
    pub(in crate::audit) fn of(conn: &mut PgConnection, list: &List, events: &[Event]) -> Result<Words, AppError> {
        let target = |kind| move |event: &Event| event.target_id.filter(|_| event.target_kind == kind);
        let people = events.iter().flat_map(Event::people).chain(events.iter().filter_map(target("user")));
        let tenants = events.iter().filter_map(|event| event.tenant_id);
        let tenants = tenants.chain(events.iter().filter_map(target("tenant")));
        let clients = events.iter().filter_map(|event| event.client_id);
        let clients = clients.chain(events.iter().filter_map(target("client")));
        Words::named(conn, list, people, tenants, clients)
    }

    /// Names of these, and of what the list was asked for.
    pub fn named(
        conn: &mut PgConnection,
        list: &List,
        people: impl Iterator<Item = Uuid>,
        tenants: impl Iterator<Item = Uuid>,
        clients: impl Iterator<Item = Uuid>,
    ) -> Result<Words, AppError> {
        let asked = list.ids("actor").into_iter().chain(list.ids("effective_actor"));
        let (tenants, clients) = (tenants.chain(list.ids("tenant")), clients.chain(list.ids("client")));
        let [people, slugs, clients] = store::words(conn, people.chain(asked), tenants, clients)?;
        Ok(Words { people, slugs, clients })
    }

    /// Adds the names of what has these ids, whatever it is.
    pub(in crate::audit) fn learn(&mut self, conn: &mut PgConnection, ids: &[Uuid]) -> Result<(), AppError> {
        let ids = || ids.iter().copied();
        let [people, slugs, clients] = store::words(conn, ids(), ids(), ids())?;
        self.people.extend(people);
        self.slugs.extend(slugs);
        self.clients.extend(clients);
        Ok(())
    }

    /// The name that an id has.
    pub fn word(&self, id: &Uuid) -> Option<String> {
        self.people.get(id).or_else(|| self.slugs.get(id)).or_else(|| self.clients.get(id)).cloned()
    }

    /// What something was done to, and whether that is a name and not just its kind.
    fn target(&self, event: &Event) -> (String, bool) {
        match event.target_id.and_then(|id| self.word(&id)) {
            Some(word) => (word, true),
            None => (event.target_kind.clone(), false),
        }
    }

    /// The name that an id has, and the page of it.
    pub(in crate::audit) fn link(&self, id: &Uuid, shell: &Shell) -> Option<(String, String)> {
        let place = match (self.slugs.contains_key(id), self.clients.contains_key(id)) {
            (true, _) => format!("/tenants/{id}"),
            (_, true) => format!("/clients/{id}"),
            _ if shell.may("access.view") => format!("/people/{id}"),
            _ => format!("/audit?actor={id}"),
        };
        self.word(id).map(|word| (word, place))
    }

    /// An address, or the id of somebody who has none any more.
    pub(in crate::audit) fn person(&self, id: &Uuid) -> String {
        self.people.get(id).cloned().unwrap_or_else(|| format!("person {id}"))
    }
}

/// The words that stand for chosen ids, as the chips show them.
pub(in crate::audit) fn worded(values: Vec<String>, words: &HashMap<Uuid, String>) -> String {
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
    /// The one object that is asked for.
    target: Option<Uuid>,
    /// The words of the search are in too many names.
    leaves_out: bool,
}

/// What the filter of actions offers to those who see every event. To find it costs more than the page itself.
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
    let list = search::asked(&LIST, &context)?;
    if let Some(address) = by_ids(&can, &context, &db, &list).await? {
        return Ok(HttpResponse::SeeOther().insert_header(("location", address)).finish());
    }
    if let Some(address) = pasted(&can, &db, &list).await? {
        return Ok(HttpResponse::SeeOther().insert_header(("location", address)).finish());
    }
    let sees_all = *can.scope() == Scope::Platform;
    let (words, actions, slice, list, leaves_out) = db
        .read(&can, move |conn| {
            let slice = store::list(conn, &list)?;
            let leaves_out = search::leaves_out(conn, &list)?;
            let actions = match sees_all {
                true => known.0.get(|| store::actions(conn))?,
                false => store::actions_in_scope(conn)?,
            };
            Ok((Words::of(conn, &list, &slice.rows)?, actions, slice, list, leaves_out))
        })
        .await?;
    let mut view = list.view(&slice, slice.rows.len() as i64);
    view.offer("action", actions);
    view.word("actor", worded(list.values("actor"), &words.people));
    view.word("in the name of", worded(list.values("effective_actor"), &words.people));
    view.word("tenant", worded(list.values("tenant"), &words.slugs));
    view.word("client", worded(list.values("client"), &words.clients));
    let without_reads = ["kind", "action", "request", "acting"].iter().all(|field| list.values(field).is_empty());
    let target = list.ids("target").first().copied().filter(|_| list.values("target").len() == 1);
    let shell = context.shell("Audit log");
    let page = Index { shell, list: view, events: slice.rows, words, without_reads, target, leaves_out };
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
    let (actors, effective) = (list.values("actor"), list.values("effective_actor"));
    let (tenants, clients) = (list.values("tenant"), list.values("client"));
    let named = actors.iter().chain(&effective).filter(|actor| actor.contains('@'));
    let emails: Vec<String> = named.cloned().collect();
    let slugs = |values: &[String]| -> Vec<String> {
        values.iter().filter(|value| value.parse::<Uuid>().is_err()).cloned().collect()
    };
    let (of_tenants, of_clients) = (slugs(&tenants), slugs(&clients));
    if emails.is_empty() && of_tenants.is_empty() && of_clients.is_empty() {
        return Ok(None);
    }
    let can = Can::<Glance>::prove(can.actor().clone())?;
    let (people, tenants_known, clients_known) = db
        .read(&can, move |conn| {
            let (people, tenants) = (store::people(conn, emails)?, store::tenants(conn, of_tenants)?);
            Ok((people, tenants, store::clients(conn, of_clients)?))
        })
        .await?;
    let mut pairs = context.pairs().unwrap_or_default();
    let fields = [
        ("actor", actors, &people),
        ("effective_actor", effective, &people),
        ("tenant", tenants, &tenants_known),
        ("client", clients, &clients_known),
    ];
    for (field, values, known) in fields {
        if !values.is_empty() {
            let ids: Result<Vec<String>, AppError> = values.iter().map(|value| ids_of(field, value, known)).collect();
            pairs = pairs.with(field, &ids?.join(","));
        }
    }
    Ok(Some(pairs.without("after").url(&context.path)))
}

/// Where an id leads that was pasted into the search.
async fn pasted(can: &Can<View>, db: &Db, list: &List) -> Result<Option<String>, AppError> {
    let Some(id) = list.q.as_deref().and_then(|q| q.parse::<Uuid>().ok()) else { return Ok(None) };
    let can = Can::<Glance>::prove(can.actor().clone())?;
    db.read(&can, move |conn| search::place_of(conn, id)).await
}

/// Clients of several tenants may share a slug, and then all of them are meant.
fn ids_of(field: &str, value: &str, known: &[(Uuid, String)]) -> Result<String, AppError> {
    let is_word = value.parse::<Uuid>().is_err() && (["tenant", "client"].contains(&field) || value.contains('@'));
    let found = known.iter().filter(|(_, word)| word.eq_ignore_ascii_case(value));
    let ids: Vec<String> = found.map(|(id, _)| id.to_string()).collect();
    match ids.is_empty() {
        false => Ok(ids.join(",")),
        true if !is_word => Ok(value.to_owned()),
        true => Err(AppError::BadRequest(format!(
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
        "severity",
        "is_read",
        "reason",
        "reason_code",
        "target_kind",
        "target_id",
        "tenant_id",
        "client_id",
        "details",
        "database_user",
    ];
    let list = search::asked(&LIST, &context)?;
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

/// The same list with everything that an event has, in the words of OCSF.
pub async fn export_lines(can: Can<Export>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let list = search::asked(&LIST, &context)?;
    if let Some(address) = by_ids(&can, &context, &db, &list).await? {
        return Ok(HttpResponse::SeeOther().insert_header(("location", address)).finish());
    }
    db.note_read(&can).await?;
    let load = move |list: List| {
        let (db, can) = (db.clone(), can.clone());
        let work = move |conn: &mut PgConnection| {
            store::list(conn, &list)?.try_map(|events| ocsf::store::recorded(conn, events))
        };
        async move { db.read(&can, work).await }
    };
    crate::web::export::send_lines("audit", list, load, ocsf::write_event).await
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
        event.severity.clone(),
        event.is_read.to_string(),
        event.reason.clone().unwrap_or_default(),
        event.reason_code.clone().unwrap_or_default(),
        event.target_kind.clone(),
        id(event.target_id),
        id(event.tenant_id),
        id(event.client_id),
        event.details.to_string(),
        event.database_user.clone(),
    ]
}
