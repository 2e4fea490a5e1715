//! The page of one event: who, when, why, every row it changed, and what is around it.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use uuid::Uuid;

use super::around::{self, Around};
use super::diff::{self, Cell, Line};
use super::pages::Words;
use super::store::{self, Changed};
use crate::actor::Can;
use crate::audit::history::Event;
use crate::audit::sealing::leaf::Log;
use crate::audit::{View, archives};
use crate::db::Db;
use crate::db::keyset::Slice;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::filters;
use crate::web::list::{List, ListSpec};
use crate::web::list_view::ListView;
use crate::web::page::{self, Shell};

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
    around: Around,
    rows: Vec<Row>,
    /// Changed rows on later pages.
    more: i64,
    details: String,
}

/// What is read for the page.
struct Read {
    event: Event,
    words: Words,
    around: Around,
    slice: Slice<Changed>,
    more: i64,
    list: List,
}

pub async fn show(can: Can<View>, context: Context, db: Data<Db>, id: Path<Uuid>) -> Result<HttpResponse, AppError> {
    let mut list = List::of(&CHANGES, &context)?;
    list.window.rows = ROWS;
    let id = *id;
    let read = db
        .read(&can, move |conn| {
            let event = match store::find(conn, id) {
                Err(AppError::NotFound) => return archives::store::of_event(conn, Log::Events, id).map(Err),
                found => found?,
            };
            let slice = store::changes(conn, &event, &list.window)?;
            let more = match (&slice.next, slice.rows.last()) {
                (Some(_), Some(last)) => store::changes_after(conn, &event, last.position)?,
                _ => 0,
            };
            let around = around::of(conn, &event)?;
            let mut words = Words::of(conn, &list, &around.with(&event))?;
            words.learn(conn, &ids(&slice.rows))?;
            Ok(Ok(Read { event, words, around, slice, more, list }))
        })
        .await?;
    let Read { event, words, around, slice, more, list } = match read {
        Ok(read) => read,
        Err(left) => {
            let shell = context.shell("Archived event").under("Audit log", "/audit").under(id.to_string(), "");
            return archives::pages::gone(shell, id, left);
        }
    };
    let shell = context.shell(event.action.clone()).under("Audit log", "/audit").under(event.id.to_string(), "");
    let list = list.view(&slice, 0);
    let rows = slice.rows.into_iter().map(|change| Row { lines: lines(&change), change }).collect();
    let details = serde_json::to_string_pretty(&event.details).unwrap_or_default();
    let page = Show { shell, list, event, words, around, rows, more, details };
    page::ok(if context.wants_list { page.as_rows().render() } else { page.render() })
}

fn lines(change: &Changed) -> Vec<Line> {
    diff::lines(&change.row, &change.erased)
}

/// Every id among the values, to be shown by name.
fn ids(changes: &[Changed]) -> Vec<Uuid> {
    let cells = changes.iter().flat_map(lines).flat_map(|line| [line.before, line.after]).flatten();
    cells.filter_map(|cell| if let Cell::Id(id) = cell { Some(id) } else { None }).collect()
}
