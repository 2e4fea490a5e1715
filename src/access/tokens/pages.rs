//! The pages of tokens: everybody's, and one's own in the account.

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use jiff::Timestamp;
use uuid::Uuid;

use super::model::{self, Hour, Listed, STATES, Token};
use super::store::{self, Whose};
use crate::access::{Export, View};
use crate::actor::{Can, Privilege};
use crate::auth::OwnAccount;
use crate::db::Db;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::filters;
use crate::web::list::{Field, FieldKind, List, ListSpec};
use crate::web::list_view::ListView;
use crate::web::page::{self, Shell};
use crate::web::route::RowId;

/// What the list of all tokens can be asked for.
pub const LIST: ListSpec = ListSpec {
    search: "name or prefix",
    fields: &[
        Field { name: "owner", label: "owner", kind: FieldKind::Id },
        Field { name: "state", label: "state", kind: FieldKind::Choice(&STATES) },
        Field { name: "unused", label: "unused for", kind: FieldKind::Choice(&["90 days"]) },
        Field { name: "expires", label: "expires", kind: FieldKind::Choice(&["never"]) },
    ],
    sorts: &["-created_at"],
};

#[derive(Template)]
#[template(path = "access/tokens/index.html", blocks = ["rows"])]
struct Index {
    shell: Shell,
    list: ListView,
    tokens: Vec<Listed>,
}

pub async fn index(can: Can<View>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let list = List::of(&LIST, &context)?;
    let (slice, count, owners, list) = db
        .read(&can, move |conn| {
            let slice = store::list(conn, &list)?;
            let count = list.count(&slice, || store::count(conn, &list))?;
            Ok((slice, count, store::owners(conn, list.ids("owner"))?, list))
        })
        .await?;
    let list = list.view(&slice, count).naming("owner", &owners);
    let page = Index { shell: context.shell("API tokens"), list, tokens: slice.rows };
    page::ok(if context.wants_list { page.as_rows().render() } else { page.render() })
}

pub async fn export(can: Can<Export>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    const HEADER: &[&str] = &[
        "id",
        "prefix",
        "name",
        "owner_id",
        "owner_email",
        "owner_kind",
        "state",
        "scopes",
        "allowed_networks",
        "created_at",
        "expires_at",
        "overlap_ends_at",
        "last_used_at",
        "revoked_at",
    ];
    let list = List::of(&LIST, &context)?;
    db.note_read(&can).await?;
    let load = move |list: List| {
        let (db, can) = (db.clone(), can.clone());
        async move { db.read(&can, move |conn| store::list(conn, &list)).await }
    };
    crate::web::export::send("tokens", HEADER, list, load, cells).await
}

fn cells(listed: &Listed) -> Vec<String> {
    let Listed { token, owner } = listed;
    let time = |at: Option<jiff_diesel::Timestamp>| at.map(|at| filters::iso(at.to_jiff())).unwrap_or_default();
    vec![
        token.id.to_string(),
        token.prefix.clone(),
        token.name.clone(),
        owner.id.to_string(),
        owner.email.clone(),
        owner.kind.clone(),
        token.state().to_owned(),
        token.scopes().join(" "),
        token.networks().join(" "),
        time(Some(token.created_at)),
        time(token.expires_at),
        time(token.overlap_ends_at),
        time(token.last_used_at),
        time(token.revoked_at),
    ]
}

#[derive(Template)]
#[template(path = "access/tokens/own.html")]
struct Own {
    shell: Shell,
    tokens: Vec<Token>,
}

/// `/account/tokens`
pub async fn own(can: Can<OwnAccount>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let tokens = db.read(&can, store::own).await?;
    page::ok(Own { shell: context.shell("Your API tokens"), tokens }.render())
}

#[derive(Template)]
#[template(path = "access/tokens/show.html")]
struct Show {
    shell: Shell,
    listed: Listed,
    /// Where it is shown, without a slash at the end.
    url: String,
    successor: Option<String>,
    predecessor: Option<String>,
    /// Newest first.
    hours: Vec<Hour>,
    series: String,
    may_revoke: bool,
    may_rotate: bool,
}

pub async fn show(can: Can<View>, context: Context, db: Data<Db>, id: RowId) -> Result<HttpResponse, AppError> {
    let manages = can.actor().holds(crate::access::Manage::NAME);
    shown(&can, &context, &db, id.0, Whose::Anybodys, manages).await
}

/// `/account/tokens/{id}`
pub async fn show_own(
    can: Can<OwnAccount>,
    context: Context,
    db: Data<Db>,
    id: RowId,
) -> Result<HttpResponse, AppError> {
    shown(&can, &context, &db, id.0, Whose::Own, true).await
}

async fn shown<P: Privilege>(
    can: &Can<P>,
    context: &Context,
    db: &Db,
    id: Uuid,
    whose: Whose,
    manages: bool,
) -> Result<HttpResponse, AppError> {
    let by = can.actor().user_id;
    let (listed, successor, hours, is_lent) = db
        .read(can, move |conn| {
            let listed = store::find(conn, id, whose)?;
            let is_lent = listed.owner.is_service() && is_lent(store::lent(conn, by, &listed.token))?;
            Ok((listed, store::successor(conn, id)?, store::usage(conn, id)?, is_lent))
        })
        .await?;
    let (all, label) = match whose {
        Whose::Anybodys => ("/tokens", "API tokens"),
        Whose::Own => ("/account/tokens", "Your tokens"),
    };
    let address = |id: Uuid| format!("{all}/{id}");
    let page = Show {
        shell: context.shell(listed.token.name.clone()).under(label, all).under(listed.token.name.clone(), ""),
        url: address(id),
        successor: successor.map(address),
        predecessor: listed.token.rotated_from.map(address),
        series: model::series(&hours, Timestamp::now()),
        hours,
        may_revoke: manages && listed.token.revoked_at.is_none(),
        // Whoever rotates a token learns the new one, and with it speaks for the owner.
        may_rotate: manages && listed.token.state() == "live" && (whose == Whose::Own || is_lent),
        listed,
    };
    page::ok(page.render())
}

/// Whether it was not refused for a right that is missing.
fn is_lent(lent: Result<(), AppError>) -> Result<bool, AppError> {
    match lent {
        Ok(()) => Ok(true),
        Err(AppError::Refused(..)) => Ok(false),
        Err(error) => Err(error),
    }
}
