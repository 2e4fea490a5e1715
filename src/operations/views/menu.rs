//! The menu above a list: one's own views of it, what others share, and the way to keep what is seen now.

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;

use super::KeepViews;
use super::model::{View, address};
use super::pages::label;
use super::store::{self, SHARED_SHOWN};
use crate::actor::Can;
use crate::db::Db;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::listed::Listed;
use crate::web::page::{self, Shell};
use crate::web::query::own_path;

/// A view as the menu shows it.
struct Entry {
    view: View,
    /// The list itself where that knows the filters, which saves going by the view.
    href: String,
    /// The list does not know all of its filters any more.
    is_stale: bool,
    is_current: bool,
}

#[derive(Template)]
#[template(path = "operations/views/menu.html", blocks = ["menu"])]
struct Menu {
    shell: Shell,
    label: String,
    path: String,
    /// What is seen now: its filters, and its whole address.
    query: String,
    here: String,
    own: Vec<Entry>,
    shared: Vec<Entry>,
    /// Others are shared, too.
    more: bool,
}

/// `?at=` says which list, and what is seen of it. Of no list in particular, all of them are shown.
pub async fn show(can: Can<KeepViews>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let pairs = context.pairs()?;
    let Some(at) = pairs.get("at") else { return Ok(to_all()) };
    let at = own_path(Some(at)).unwrap_or_default();
    let (path, query) = at.split_once('?').unwrap_or((&at, ""));
    let list = context.site().list_at(path).filter(|list| list.is_open_to(can.actor())).ok_or_else(|| {
        AppError::BadRequest(
            "at must be the address of a list that you may open, such as /tenants?status=active.".into(),
        )
    })?;
    let query = list.check(path, query)?;
    let place = path.to_owned();
    let (own, mut shared) =
        db.read(&can, move |conn| Ok((store::own_of(conn, &place)?, store::shared_of(conn, &place)?))).await?;
    let more = shared.len() > SHARED_SHOWN;
    shared.truncate(SHARED_SHOWN);
    let entries = |views: Vec<View>| views.into_iter().map(|view| entry(list, view, &query)).collect();
    let label = label(context.site(), path);
    let shell = context.shell(format!("Views of {label}"));
    let shell = shell.under(label.clone(), address(path, &query)).under("views", "");
    let (own, shared) = (entries(own), entries(shared));
    let here = address(path, &query);
    let page = Menu { shell, label, path: path.to_owned(), own, shared, more, query, here };
    page::ok(if context.wants("views") { page.as_menu().render() } else { page.render() })
}

/// Leads to all views.
pub fn to_all() -> HttpResponse {
    HttpResponse::SeeOther().insert_header(("location", "/views")).finish()
}

fn entry(list: &Listed, view: View, seen: &str) -> Entry {
    let known = list.check(&view.path, &view.query).ok();
    Entry {
        is_stale: known.is_none(),
        is_current: known.as_deref().is_some_and(|query| sorted(query) == sorted(seen)),
        href: known.map_or_else(|| view.url(), |query| address(&view.path, &query)),
        view,
    }
}

/// The same filters are the same view in whatever order they were chosen.
fn sorted(query: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = query.split('&').collect();
    parts.sort_unstable();
    parts
}
