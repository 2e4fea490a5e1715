//! The pages of streams.

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use jiff::Timestamp;

use super::model::{LATE, Listed};
use super::store;
use crate::actor::Can;
use crate::audit::ViewStreams;
use crate::db::Db;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::filters;
use crate::web::page::{self, Shell};
use crate::web::route::RowId;

#[derive(Template)]
#[template(path = "audit/streams/index.html")]
struct Index {
    shell: Shell,
    streams: Vec<Listed>,
}

/// `/audit/streams`
pub async fn index(can: Can<ViewStreams>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let streams = db.read(&can, store::all).await?;
    let shell = context.shell("Streams").under("Audit log", "/audit").under("Streams", "");
    page::ok(Index { shell, streams }.render())
}

#[derive(Template)]
#[template(path = "audit/streams/show.html")]
struct Show {
    shell: Shell,
    listed: Listed,
    /// It has failed for so long that somebody should look.
    is_late: bool,
    overlap: Option<jiff_diesel::Timestamp>,
}

/// `/audit/streams/{id}`
pub async fn show(can: Can<ViewStreams>, context: Context, db: Data<Db>, id: RowId) -> Result<HttpResponse, AppError> {
    let listed = db.read(&can, move |conn| store::find(conn, id.0)).await?;
    let (now, stream) = (Timestamp::now(), &listed.stream);
    let shell = context.shell(stream.name.clone()).under("Audit log", "/audit").under("Streams", "/audit/streams");
    let page = Show {
        shell: shell.under(stream.name.clone(), ""),
        is_late: stream.failing_since.is_some_and(|since| now.duration_since(since.to_jiff()) > LATE),
        overlap: stream.overlap(now),
        listed,
    };
    page::ok(page.render())
}
