//! The page of a client's analytics.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use uuid::Uuid;

use super::model::{self, Chart, Day, Period, Tile};
use super::store;
use crate::actor::Can;
use crate::clients::{Head, View};
use crate::db::Db;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::filters;
use crate::web::page::{self, Shell};

/// How many days can be looked at; the first when nothing was chosen.
pub const DAYS: [i32; 3] = [30, 90, 365];

#[derive(Template)]
#[template(path = "clients/analytics/show.html")]
struct Show {
    shell: Shell,
    head: Head,
    period: Period,
    tiles: Vec<Tile>,
    /// There was something to compare the numbers with.
    compared: bool,
    charts: Vec<Chart>,
    /// Newest first.
    days: Vec<Day>,
}

pub async fn show(can: Can<View>, context: Context, db: Data<Db>, id: Path<Uuid>) -> Result<HttpResponse, AppError> {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let period = Period::ending(today, chosen(&context)?);
    let (head, (mut days, before), period) = db
        .read(&can, move |conn| Ok((Head::load(conn, *id, "analytics")?, store::days(conn, *id, &period)?, period)))
        .await?;
    let (tiles, charts) = (model::tiles(&days, &before), model::charts(&period, &days));
    let compared = tiles.iter().any(|tile| !tile.change.is_empty());
    days.reverse();
    page::ok(Show { shell: head.shell(&context), head, period, tiles, compared, charts, days }.render())
}

fn chosen(context: &Context) -> Result<i32, AppError> {
    let pairs = context.pairs()?;
    let Some(text) = pairs.get("days") else { return Ok(DAYS[0]) };
    text.parse().ok().filter(|days| DAYS.contains(days)).ok_or_else(|| {
        let known = DAYS.map(|days| days.to_string()).join(", ");
        let asked: String = text.chars().take(60).collect();
        AppError::BadRequest(format!("days cannot be “{asked}”. Allowed: {known}."))
    })
}
