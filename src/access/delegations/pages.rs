//! The pages of delegations: all of them, and one's own.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use jiff_diesel::Timestamp;
use uuid::Uuid;

use super::KeepDelegations;
use super::model::{self, Listed, STATES, Scoped, Whose};
use super::reading;
use crate::access::{Export, Manage, View};
use crate::actor::{Can, Privilege};
use crate::audit::history::{self, Entry, Of};
use crate::db::Db;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::filters;
use crate::web::list::{Field, FieldKind, List, ListSpec};
use crate::web::list_view::ListView;
use crate::web::page::{self, Shell};
use crate::web::route::RowId;

/// What the list of delegations can be asked for.
pub const LIST: ListSpec = ListSpec {
    search: "grantor or delegate",
    fields: &[
        Field { name: "state", label: "state", kind: FieldKind::Choice(&STATES) },
        Field { name: "mine", label: "mine", kind: FieldKind::Choice(&["given", "received"]) },
        Field { name: "grantor", label: "grantor", kind: FieldKind::Id },
        Field { name: "delegate", label: "delegate", kind: FieldKind::Id },
        Field { name: "tenant", label: "tenant", kind: FieldKind::Id },
    ],
    sorts: &["-starts_at", "ends_at"],
};

#[derive(Template)]
#[template(path = "access/delegations/index.html", blocks = ["rows"])]
struct Index {
    shell: Shell,
    list: ListView,
    delegations: Vec<Listed>,
}

pub async fn index(can: Can<View>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let list = List::of(&LIST, &context)?;
    let (slice, view) = db
        .read(&can, move |conn| {
            let slice = reading::list(conn, &list)?;
            let count = list.count(&slice, || reading::count(conn, &list))?;
            let grantors = reading::people_names(conn, list.ids("grantor"))?;
            let delegates = reading::people_names(conn, list.ids("delegate"))?;
            let tenants = reading::tenant_names(conn, &list.ids("tenant"))?;
            let view = list.view(&slice, count).naming("grantor", &grantors).naming("delegate", &delegates);
            Ok((slice, view.naming("tenant", &tenants)))
        })
        .await?;
    let page = Index { shell: context.shell("Delegations"), list: view, delegations: slice.rows };
    page::ok(if context.wants_list { page.as_rows().render() } else { page.render() })
}

/// Columns of the export.
const HEADER: &[&str] = &[
    "id",
    "grantor_user_id",
    "grantor_email",
    "delegate_user_id",
    "delegate_email",
    "action_scope",
    "tenant_id",
    "tenant",
    "state",
    "starts_at",
    "ends_at",
    "reason",
    "times_used",
    "last_used_at",
    "revoked_at",
    "revoked_by",
    "created_at",
];

pub async fn export(can: Can<Export>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let list = List::of(&LIST, &context)?;
    db.note_read(&can).await?;
    let load = move |list: List| {
        let (db, can) = (db.clone(), can.clone());
        async move { db.read(&can, move |conn| reading::list(conn, &list)).await }
    };
    crate::web::export::send("delegations", HEADER, list, load, cells).await
}

fn cells(row: &Listed) -> Vec<String> {
    let delegation = &row.delegation;
    let id = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let at = |at: Option<Timestamp>| at.map(|at| filters::iso(at.to_jiff())).unwrap_or_default();
    let email = |party: &model::Party| if party.is_known { party.email.clone() } else { String::new() };
    vec![
        delegation.id.to_string(),
        row.grantor.id.to_string(),
        email(&row.grantor),
        row.delegate.id.to_string(),
        email(&row.delegate),
        delegation.scope().join(" "),
        id(delegation.tenant_id),
        row.tenant.clone().unwrap_or_default(),
        delegation.state().to_owned(),
        at(Some(delegation.starts_at)),
        at(Some(delegation.ends_at)),
        delegation.reason.clone(),
        delegation.times_used.to_string(),
        at(delegation.last_used_at),
        at(delegation.revoked_at),
        id(delegation.revoked_by),
        at(Some(delegation.created_at)),
    ]
}

#[derive(Template)]
#[template(path = "access/delegations/own.html")]
struct Own {
    shell: Shell,
    received: Vec<Listed>,
    given: Vec<Listed>,
}

/// `/account/delegations`
pub async fn own(can: Can<KeepDelegations>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let me = can.actor().user_id.ok_or(AppError::SignIn)?;
    let all = db.read(&can, move |conn| reading::of_person(conn, me)).await?;
    let (given, received) = all.into_iter().partition(|row| row.grantor.id == me);
    page::ok(Own { shell: context.shell("Your delegations"), received, given }.render())
}

#[derive(Template)]
#[template(path = "access/delegations/show.html")]
struct Show {
    shell: Shell,
    listed: Listed,
    url: String,
    areas: Vec<(String, Vec<Scoped>)>,
    events: i64,
    under: Vec<Entry>,
    history: Vec<Entry>,
    revoked_by: Option<String>,
    /// It is among one's own, so people are no links.
    is_own: bool,
    may_revoke: bool,
    may_act: bool,
}

pub async fn show(can: Can<View>, context: Context, db: Data<Db>, id: RowId) -> Result<HttpResponse, AppError> {
    let manages = can.actor().holds_everywhere(Manage::NAME);
    shown(&can, &context, &db, id.0, Whose::Anybodys, manages).await
}

/// `/account/delegations/{id}`
pub async fn show_own(
    can: Can<KeepDelegations>,
    context: Context,
    db: Data<Db>,
    id: RowId,
) -> Result<HttpResponse, AppError> {
    shown(&can, &context, &db, id.0, Whose::Own, true).await
}

/// Events that a page about one delegation shows.
const EVENTS: usize = 10;

async fn shown<P: Privilege>(
    can: &Can<P>,
    context: &Context,
    db: &Db,
    id: Uuid,
    whose: Whose,
    may_end: bool,
) -> Result<HttpResponse, AppError> {
    let (context, actor) = (context.clone(), Arc::clone(can.actor()));
    let page = db
        .read(can, move |conn| {
            let listed = reading::find(conn, id, whose)?;
            let delegation = &listed.delegation;
            let scope = delegation.scope();
            let held = reading::held(conn, listed.grantor.id, &scope, delegation.tenant_id)?;
            let described = reading::described(conn, &scope)?;
            let is_mine = actor.user_id == Some(listed.delegate.id) && actor.acting_for.is_none();
            let shell = context.shell(listed.title()).under(whose.label(), whose.list());
            Ok(Show {
                shell: shell.under(listed.title(), ""),
                url: delegation.url(whose),
                areas: model::scoped(&scope, described, &held),
                events: reading::events(conn, id)?,
                under: history::latest(conn, Of::Delegation(id), EVENTS)?,
                history: history::latest(conn, Of::Target(id), EVENTS)?,
                revoked_by: history::names(conn, delegation.revoked_by.into_iter())?.into_values().next(),
                is_own: whose == Whose::Own,
                may_revoke: may_end && delegation.is_open(),
                may_act: is_mine && delegation.state() == "active",
                listed,
            })
        })
        .await?;
    page::ok(page.render())
}
