//! The overview. Each part is read under the right that its rows need, and fails alone.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use diesel::PgConnection;
use jiff::{SignedDuration, Timestamp};

use super::store::{self, ClosingTenant, DeadJob, FailedJobs, Stock};
use super::trend;
use crate::actor::{Actor, Can, Privilege};
use crate::audit::history::Entry;
use crate::audit::security_events::store::{self as events, SecurityEvent};
use crate::audit::{Glance, ViewHistory};
use crate::db::Db;
use crate::error::AppError;
use crate::operations::{ViewJobs, ViewOverview};
use crate::web::context::Context;
use crate::web::filters;
use crate::web::list::Span;
use crate::web::page::{self, Shell};
use crate::{access, clients, tenancy};

/// A part of the page as it turned out.
enum Part<T> {
    /// The person may not see its rows.
    Hidden,
    /// It could not be read; why is in the log.
    Broken,
    Shown(T),
}

impl<T> Part<T> {
    fn map<U>(self, make: impl FnOnce(T) -> U) -> Part<U> {
        match self {
            Part::Hidden => Part::Hidden,
            Part::Broken => Part::Broken,
            Part::Shown(value) => Part::Shown(make(value)),
        }
    }
}

/// A number and the rows behind it.
struct Figure {
    text: String,
    href: String,
    tone: &'static str,
}

impl Figure {
    fn new(count: i64, words: &str, href: impl Into<String>) -> Figure {
        let text = [filters::capped(count).as_str(), words].join(" ").trim_end().to_owned();
        Figure { text, href: href.into(), tone: "" }
    }

    fn toned(self, tone: &'static str) -> Figure {
        Figure { tone, ..self }
    }
}

struct Tile {
    label: &'static str,
    part: Part<Numbers>,
}

struct Numbers {
    main: Figure,
    others: Vec<Figure>,
    /// Points of a line, and the same in words.
    line: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "operations/overview/index.html")]
struct Index {
    shell: Shell,
    as_of: jiff_diesel::Timestamp,
    tiles: Vec<Tile>,
    changes: Part<Vec<Entry>>,
    closing: Part<Vec<ClosingTenant>>,
    dead: Part<Vec<DeadJob>>,
    bursts: Part<Vec<SecurityEvent>>,
}

pub async fn index(can: Can<ViewOverview>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let (now, actor) = (Timestamp::now(), can.actor());
    let by_name = actor.holds_everywhere(access::View::NAME);
    let (counter, too) = (context.counter(), context.counter());
    let span = Span { from: Some(a_day_before(now).into()), until: None };
    let tenants = read::<tenancy::View, _>(&db, actor, move |conn| store::tenants(conn, now, &counter)).await;
    let clients = read::<clients::View, _>(&db, actor, move |conn| store::clients(conn, now, &too)).await;
    let failed = read::<ViewJobs, _>(&db, actor, store::failed_jobs).await;
    let refused = read::<Glance, _>(&db, actor, move |conn| events::count(conn, "authn_login_fail", span));
    let tiles = vec![
        Tile { label: "Tenants", part: tenants.map(|stock| stocked(&stock, now)) },
        Tile { label: "Clients", part: clients.map(|stock| stocked(&stock, now)) },
        Tile { label: "Failed jobs", part: failed.map(jobs) },
        Tile { label: "Sign-in failures in 24 hours", part: refused.await.map(|count| sign_ins(count, now)) },
    ];
    let page = Index {
        shell: context.shell("Overview"),
        as_of: now.into(),
        tiles,
        changes: read::<ViewHistory, _>(&db, actor, store::latest_changes).await,
        closing: read::<tenancy::View, _>(&db, actor, store::closing_tenants).await,
        dead: read::<ViewJobs, _>(&db, actor, store::dead_jobs).await,
        bursts: read::<Glance, _>(&db, actor, move |conn| events::bursts(conn, by_name)).await,
    };
    page::ok(page.render())
}

/// Reads a part under the right to see its rows. One after the other, for the engine may have one connection.
async fn read<P, T>(
    db: &Db,
    actor: &Arc<Actor>,
    work: impl FnOnce(&mut PgConnection) -> Result<T, AppError> + Send + 'static,
) -> Part<T>
where
    P: Privilege,
    T: Send + 'static,
{
    let Ok(can) = Can::<P>::prove(actor.clone()) else { return Part::Hidden };
    match db.read(&can, work).await {
        Ok(value) => Part::Shown(value),
        Err(error) => {
            tracing::error!(request_id = %actor.request_id, privilege = P::NAME, %error, "a part of the overview failed");
            Part::Broken
        }
    }
}

fn stocked(stock: &Stock, now: Timestamp) -> Numbers {
    let new = Figure::new(stock.new, "new in 30 days", Stock::since(stock.list, now));
    let states = stock.by_status.iter().filter(|(_, count)| *count > 0);
    let states = states.map(|(status, count)| Figure::new(*count, status, Stock::of_status(stock.list, status)));
    let words = |levels: &Vec<i64>| {
        let grown = levels.last().copied().unwrap_or(0);
        (trend::points(levels), format!("{grown:+} in 30 days"))
    };
    Numbers {
        main: Figure::new(stock.total(), "", stock.list),
        others: states.chain([new]).collect(),
        line: stock.levels.as_ref().map(words),
    }
}

fn jobs(jobs: FailedJobs) -> Numbers {
    let count = jobs.dead + jobs.failed;
    let dead = Figure::new(jobs.dead, "wait for a person", "/jobs?status=dead").toned(tone(jobs.dead, "bad"));
    let failed = Figure::new(jobs.failed, "are tried again", "/jobs?status=failed").toned(tone(jobs.failed, "warn"));
    Numbers { main: Figure::new(count, "", "/jobs?status=dead,failed"), others: vec![dead, failed], line: None }
}

fn sign_ins(count: i64, now: Timestamp) -> Numbers {
    let since = a_day_before(now).strftime("%Y-%m-%dT%H:%MZ");
    let list = format!("/security-events?kind=authn_login_fail&occurred={since}..");
    Numbers { main: Figure::new(count, "", list), others: Vec::new(), line: None }
}

fn tone(count: i64, tone: &'static str) -> &'static str {
    if count > 0 { tone } else { "" }
}

/// To the minute, so that the list behind the number begins where the number does.
fn a_day_before(now: Timestamp) -> Timestamp {
    let minute = now.round(jiff::TimestampRound::new().smallest(jiff::Unit::Minute).mode(jiff::RoundMode::Trunc));
    minute.unwrap_or(now) - SignedDuration::from_hours(24)
}
