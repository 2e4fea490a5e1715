//! `/tenants/{id}/exposure` and the same of clients and people.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;
use jiff::Timestamp;
use uuid::Uuid;

use super::forms::Asked;
use super::model::{About, Could, Did, Subject};
use super::store;
use super::{ExportExposure, ViewExposure};
use crate::actor::Can;
use crate::db::Db;
use crate::db::keyset::Slice;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::filters;
use crate::web::form::{FieldError, FormView};
use crate::web::list::{Field, FieldKind, List, ListSpec};
use crate::web::page::{self, Shell};

/// A moment and a stretch of time.
const ASKED: ListSpec = ListSpec {
    search: "",
    fields: &[
        Field { name: "at", label: "at", kind: FieldKind::Text },
        Field { name: "from", label: "from", kind: FieldKind::Text },
        Field { name: "until", label: "until", kind: FieldKind::Text },
    ],
    sorts: &["name"],
};

/// Ways that the page spells out; the export has all of them.
const SHOWN: usize = 1000;
/// Far more than anybody reads; a bound for the machine.
const MOST: i64 = 200_000;

#[derive(Template)]
#[template(path = "access/exposure/show.html")]
struct Show {
    shell: Shell,
    subject: Subject,
    form: FormView,
    began: jiff_diesel::Timestamp,
    /// None when what was asked is not accepted.
    found: Option<Found>,
    csv: String,
}

struct Found {
    asked: Asked,
    at: jiff_diesel::Timestamp,
    from: jiff_diesel::Timestamp,
    until: jiff_diesel::Timestamp,
    people: i64,
    could: Vec<Could>,
    did: Vec<Did>,
    /// More than the page spells out.
    is_cut: bool,
}

impl Found {
    fn of(asked: Asked, mut could: Vec<Could>, mut did: Vec<Did>) -> Found {
        let mut people: Vec<Uuid> = could.iter().map(|could| could.user_id).collect();
        people.sort_unstable();
        people.dedup();
        let is_cut = could.len().max(did.len()) > SHOWN;
        could.truncate(SHOWN);
        did.truncate(SHOWN);
        Found {
            at: asked.at.into(),
            from: asked.from.into(),
            until: asked.until.into(),
            people: people.len() as i64,
            asked,
            could,
            did,
            is_cut,
        }
    }
}

pub async fn show<A: About>(
    can: Can<ViewExposure>,
    context: Context,
    db: Data<Db>,
    id: Path<Uuid>,
) -> Result<HttpResponse, AppError> {
    let (id, list) = (*id, List::of(&ASKED, &context)?);
    let (subject, began, found, list) = db
        .read(&can, move |conn| {
            let now = Timestamp::now();
            let subject = store::subject(conn, A::KIND, id)?;
            let began = store::log_began(conn)?.map_or(now, |at| at.to_jiff());
            let found = match Asked::of(&list, began, now) {
                Ok(asked) => Ok(Found::of(
                    asked,
                    store::could(conn, &subject, &asked, MOST)?,
                    store::did(conn, &subject, &asked, MOST)?,
                )),
                Err(errors) => Err(errors),
            };
            Ok((subject, began, found, list))
        })
        .await?;
    let (status, errors) = match &found {
        Ok(_) => (StatusCode::OK, Vec::new()),
        Err(errors) => (StatusCode::UNPROCESSABLE_ENTITY, errors.clone()),
    };
    let page = Show {
        shell: context
            .shell(format!("Who could see {}", subject.name))
            .under(subject.kind.list.0, subject.kind.list.1)
            .under(subject.name.clone(), subject.url())
            .under("exposure", ""),
        form: form(&list, errors),
        began: began.into(),
        found: found.ok(),
        csv: list.view(&Slice::<()> { rows: Vec::new(), previous: None, next: None }, 0).csv,
        subject,
    };
    page::html(status, page.render())
}

fn form(list: &List, errors: Vec<FieldError>) -> FormView {
    let typed = |field: &str| list.values(field).join(",");
    FormView::filled(&[("at", &typed("at")), ("from", &typed("from")), ("until", &typed("until"))]).refused(errors)
}

/// Columns of the export: who could, and then who did.
const HEADER: &[&str] = &[
    "part",
    "at",
    "from",
    "until",
    "actor_kind",
    "person_id",
    "name",
    "email",
    "role",
    "privileges",
    "via_kind",
    "via",
    "scope_kind",
    "tenant_id",
    "client_id",
    "assignment_id",
    "granted_by",
    "granted_at",
    "expires_at",
    "what",
    "first_at",
    "last_at",
    "times",
];

pub async fn export<A: About>(
    can: Can<ExportExposure>,
    context: Context,
    db: Data<Db>,
    id: Path<Uuid>,
) -> Result<HttpResponse, AppError> {
    let (id, list) = (*id, List::of(&ASKED, &context)?);
    let asked_list = list.clone();
    let (subject, asked) = db
        .read(&can, move |conn| {
            let now = Timestamp::now();
            let subject = store::subject(conn, A::KIND, id)?;
            let began = store::log_began(conn)?.map_or(now, |at| at.to_jiff());
            Ok((subject, Asked::of(&asked_list, began, now)))
        })
        .await?;
    let asked = asked.map_err(|errors| refused(&errors))?;
    db.note_read(&can).await?;
    let load = move |_: List| {
        let (db, can, subject) = (db.clone(), can.clone(), subject.clone());
        async move {
            db.read(&can, move |conn| {
                let could = store::could(conn, &subject, &asked, MOST)?;
                let did = store::did(conn, &subject, &asked, MOST)?;
                let could = could.iter().map(|could| could_cells(could, &asked));
                let did = did.iter().map(|did| did_cells(did, &asked));
                Ok(Slice { rows: could.chain(did).collect(), previous: None, next: None })
            })
            .await
        }
    };
    crate::web::export::send("exposure", HEADER, list, load, |cells: &Vec<String>| cells.clone()).await
}

/// The first field that is wrong, by its own name.
fn refused(errors: &[FieldError]) -> AppError {
    let first = errors.first();
    let named = ["at", "from", "until"].into_iter().find(|name| first.is_some_and(|error| error.field == *name));
    AppError::Refused(named.unwrap_or("at"), first.map(|error| error.message.clone()).unwrap_or_default())
}

fn asked_cells(part: &str, asked: &Asked) -> Vec<String> {
    vec![part.to_owned(), filters::iso(asked.at), filters::iso(asked.from), filters::iso(asked.until)]
}

fn could_cells(could: &Could, asked: &Asked) -> Vec<String> {
    let id = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let at = |at: jiff_diesel::Timestamp| filters::iso(at.to_jiff());
    let mut cells = asked_cells("could", asked);
    cells.extend([
        could.kind.clone(),
        could.user_id.to_string(),
        could.name.clone(),
        could.email.clone(),
        could.role.clone().unwrap_or_default(),
        could.privileges.join(" "),
        could.via_kind.clone(),
        could.via.clone().unwrap_or_default(),
        could.scope_kind.clone(),
        id(could.tenant_id),
        id(could.client_id),
        id(could.assignment_id),
        could.granted_by.clone().unwrap_or_default(),
        at(could.granted_at),
        could.expires_at.map(at).unwrap_or_default(),
    ]);
    cells.resize(HEADER.len(), String::new());
    cells
}

fn did_cells(did: &Did, asked: &Asked) -> Vec<String> {
    let mut cells = asked_cells("did", asked);
    cells.extend([
        did.actor_kind.clone(),
        did.actor_id.map(|id| id.to_string()).unwrap_or_default(),
        String::new(),
        did.actor.clone().unwrap_or_default(),
    ]);
    cells.resize(HEADER.len() - 4, String::new());
    cells.extend([
        did.what.clone(),
        filters::iso(did.first_at.to_jiff()),
        filters::iso(did.last_at.to_jiff()),
        did.times.to_string(),
    ]);
    cells
}
