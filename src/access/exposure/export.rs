//! The same as a file: who could, and then who did.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::Data;
use jiff::Timestamp;
use uuid::Uuid;

use super::ExportExposure;
use super::address::Address;
use super::forms::Asked;
use super::model::{Could, Did};
use super::pages::{ASKED, MOST};
use super::shows::Shows;
use super::store;
use crate::actor::Can;
use crate::db::Db;
use crate::db::keyset::Slice;
use crate::error::AppError;
use crate::web::context::{Context, Site};
use crate::web::filters;
use crate::web::form::FieldError;
use crate::web::list::List;

/// Its columns.
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

/// Sends it as a file.
pub async fn export(
    can: Can<ExportExposure>,
    address: Address,
    context: Context,
    db: Data<Db>,
    site: Data<Site>,
) -> Result<HttpResponse, AppError> {
    let list = List::of(&ASKED, &context)?;
    address.note(&db, &can).await?;
    let asked_list = list.clone();
    let (subject, asked) = db
        .read(&can, move |conn| {
            let now = Timestamp::now();
            let began = store::log_began(conn)?.map_or(now, |at| at.to_jiff());
            let asked = Asked::of(&asked_list, began, now);
            let at = asked.as_ref().map_or(now, |asked| asked.at);
            Ok((store::subject(conn, address.kind, address.id, at)?, asked))
        })
        .await?;
    let asked = asked.map_err(|errors| refused(&errors))?;
    let shows = Arc::new(Shows::of(&site.openings, subject.kind, &subject.thing));
    let load = move |_: List| {
        let (db, can, subject, shows) = (db.clone(), can.clone(), subject.clone(), shows.clone());
        async move {
            db.read(&can, move |conn| {
                let could = store::could(conn, &subject, &shows, &asked, MOST)?;
                let did = store::did(conn, &subject, &shows, &asked, MOST)?;
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
        could.way.privileges.join(" "),
        could.way.via_kind.clone(),
        could.way.via.clone().unwrap_or_default(),
        could.way.scope_kind.clone(),
        id(could.way.tenant_id),
        id(could.way.client_id),
        id(could.assignment_id),
        could.granted_by.clone().unwrap_or_default(),
        at(could.granted_at),
        could.way.expires_at.map(at).unwrap_or_default(),
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
