//! The counts beside the entries of the navigation, refreshed in the background so that no page waits for them.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use diesel::PgConnection;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::actor::{Actor, ActorKind, Can, Privilege};
use crate::db::Db;
use crate::error::AppError;
use crate::web::context::Site;

/// The entry it belongs to, and how a domain counts.
pub type Count = (&'static str, fn(&mut PgConnection) -> Result<i64, AppError>);

/// The right to count; no role contains it.
struct Counting;

impl Privilege for Counting {
    const NAME: &'static str = "operations.count";
    const DESCRIPTION: &'static str = "Count what the navigation shows";
}

/// Counts until `stop` becomes true. Counts that cannot be had stay as they were.
pub async fn refresh(db: Db, site: Data<Site>, counts: Vec<Count>, every: Duration, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        if let Err(error) = refresh_once(&db, &site, counts.clone()).await {
            tracing::warn!(%error, "the counts of the navigation are not refreshed");
        }
        let _ = timeout(every, stop.changed()).await;
    }
}

/// Counts once, in one read.
pub async fn refresh_once(db: &Db, site: &Site, counts: Vec<Count>) -> Result<(), AppError> {
    let can = Can::<Counting>::prove(Arc::new(Actor::process(ActorKind::Job, "nav.count")))?;
    let counted =
        db.read(&can, move |conn| counts.into_iter().map(|(href, count)| Ok((href, count(conn)?))).collect()).await?;
    site.nav.set_counts(counted);
    Ok(())
}
