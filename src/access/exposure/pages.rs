//! `/exposure`, where anything is found by its id, and `/exposure/{kind}/{id}`.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::web::Data;
use askama::Template;
use jiff::Timestamp;
use uuid::Uuid;

use super::address::Address;
use super::forms::{Asked, id_in};
use super::kinds::{KINDS, Kind};
use super::model::{self, Could, Did, Presence, Subject};
use super::shows::Shows;
use super::store;
use super::{FindExposure, ViewExposure};
use crate::actor::Can;
use crate::db::Db;
use crate::db::keyset::Slice;
use crate::error::AppError;
use crate::token;
use crate::web::context::{Context, Site};
use crate::web::filters;
use crate::web::form::{FieldError, FormView};
use crate::web::list::{Field, FieldKind, List, ListSpec};
use crate::web::page::{self, Shell};
use crate::web::query::encode;

/// A moment and a stretch of time.
pub(super) const ASKED: ListSpec = ListSpec {
    search: "",
    fields: &[
        Field { name: "at", label: "at", kind: FieldKind::Text },
        Field { name: "from", label: "from", kind: FieldKind::Text },
        Field { name: "until", label: "until", kind: FieldKind::Text },
    ],
    sorts: &["name"],
};

/// An id, and a moment to go on with.
const FOUND: ListSpec = ListSpec {
    search: "",
    fields: &[
        Field { name: "thing", label: "thing", kind: FieldKind::Text },
        Field { name: "at", label: "at", kind: FieldKind::Text },
    ],
    sorts: &["name"],
};

/// Ways that the page spells out; the export has all of them.
const SHOWN: usize = 1000;
/// Far more than anybody reads; a bound for the machine.
pub(super) const MOST: i64 = 200_000;

#[derive(Template)]
#[template(path = "access/exposure/index.html")]
struct Index {
    shell: Shell,
    form: FormView,
    at: String,
    kinds: String,
}

/// Leads on to what an id is of.
pub async fn index(can: Can<FindExposure>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let list = List::of(&FOUND, &context)?;
    let (typed, at) = (list.values("thing").join(","), list.values("at").join(","));
    let error = match (typed.as_str(), id_in(&typed)) {
        ("", _) => None,
        (_, None) => Some("must hold an id, alone or in an address of the console"),
        (_, Some(id)) => match db.read(&can, move |conn| store::kind_of(conn, id)).await? {
            Some(kind) => return Ok(to(kind, id, &at)),
            None => Some("holds the id of nothing that the console has or had"),
        },
    };
    // An API token that somebody pasted is on no page.
    let kept = if token::is_in(&typed) { "" } else { typed.as_str() };
    let page = Index {
        shell: context.shell("Who could see it"),
        form: FormView::filled(&[("thing", kept)])
            .refused(error.map(|why| FieldError::new("thing", why)).into_iter().collect()),
        at,
        kinds: KINDS.iter().map(Kind::one).collect::<Vec<_>>().join(", "),
    };
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    page::html(status, page.render())
}

fn to(kind: &Kind, id: Uuid, at: &str) -> HttpResponse {
    let at = if at.is_empty() { String::new() } else { format!("?at={}", encode(at)) };
    let location = format!("{}{at}", model::url(kind, id));
    HttpResponse::SeeOther().insert_header((LOCATION, location)).finish()
}

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
    /// What would have shown it, and to whom.
    privileges: String,
    /// More than the page spells out.
    is_cut: bool,
}

impl Found {
    fn of(asked: Asked, shows: &Shows, mut could: Vec<Could>, mut did: Vec<Did>) -> Found {
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
            privileges: shows.privileges.keys().copied().collect::<Vec<_>>().join(", "),
            asked,
            could,
            did,
            is_cut,
        }
    }
}

pub async fn show(
    can: Can<ViewExposure>,
    address: Address,
    context: Context,
    db: Data<Db>,
    site: Data<Site>,
) -> Result<HttpResponse, AppError> {
    let list = List::of(&ASKED, &context)?;
    address.note(&db, &can).await?;
    let (asked_list, asked_site) = (list.clone(), site.clone());
    let (subject, began, found) = db
        .read(&can, move |conn| {
            let now = Timestamp::now();
            let began = store::log_began(conn)?.map_or(now, |at| at.to_jiff());
            let asked = Asked::of(&asked_list, began, now);
            let at = asked.as_ref().map_or(now, |asked| asked.at);
            let subject = store::subject(conn, address.kind, address.id, at)?;
            let found = match asked {
                Ok(asked) => {
                    let shows = Shows::of(&asked_site.openings, subject.kind, &subject.thing);
                    let could = store::could(conn, &subject, &shows, &asked, MOST)?;
                    Ok(Found::of(asked, &shows, could, store::did(conn, &subject, &shows, &asked, MOST)?))
                }
                Err(errors) => Err(errors),
            };
            Ok((subject, began, found))
        })
        .await?;
    let (status, errors) = match &found {
        Ok(_) => (StatusCode::OK, Vec::new()),
        Err(errors) => (StatusCode::UNPROCESSABLE_ENTITY, errors.clone()),
    };
    let page = Show {
        shell: context
            .shell(format!("Who could see {}", subject.name()))
            .under(subject.kind.many, subject.list_url(&site.openings))
            .under(subject.name(), subject.url(&site.openings))
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
