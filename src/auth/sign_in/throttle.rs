//! How long somebody who guesses must wait: by account, by network, and when failures come from everywhere. Nobody is
//! locked out: the wait ends, and a browser that has signed in before is judged by its own failures alone. All of it is
//! read from the log of attempts, so that it holds for all processes and after a start.

use castellan_schema::control::login_attempts::{self, dsl as a};
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff::{SignedDuration, Timestamp as Moment};
use jiff_diesel::Timestamp;
use uuid::Uuid;

use crate::db::keyset::CappedCount;
use crate::error::AppError;

/// Failures before the waiting begins.
pub const FREE: u32 = 5;
const LONGEST_SECONDS: i64 = 900;
const MEMORY_MINUTES: i64 = 60;
const LOOK_BACK: i64 = 30;
/// Failures from one network within a minute before it waits for the minute to end.
const NETWORK_FREE: usize = 20;
const MINUTE: i64 = 60;
/// Failures from everywhere within a minute that are never taken for a storm.
const STORM_FROM: i64 = 60;
/// So many times the usual is one.
const STORM_TIMES: i64 = 5;
/// Tries that were looked at and did not lead in.
pub const FAILURES: [&str; 5] = ["wrong_password", "wrong_factor", "wrong_token", "unknown_account", "inactive"];

/// Where a try comes from.
pub struct Try<'t> {
    pub account: &'t [u8],
    pub network: Option<&'t [u8]>,
    pub device: Option<Uuid>,
}

/// What stands between a try and being looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    LookAtIt,
    /// Everybody who is not known waits a moment: failures come from everywhere.
    LookAtItLater,
    /// Seconds until the next try for this account is looked at.
    AccountWaits(u32),
    /// Seconds until the next try from this network is.
    NetworkWaits(u32),
}

/// Whether a try is looked at now. A browser that has signed in to this account before pays for its own failures alone.
pub fn judge(conn: &mut PgConnection, tried: &Try<'_>) -> Result<Verdict, AppError> {
    let known_device = known(conn, tried.account, tried.device)?;
    let now = Moment::now();
    let wait = account_wait(conn, tried.account, known_device, now)?;
    if wait > 0 {
        return Ok(Verdict::AccountWaits(wait));
    }
    if known_device.is_some() {
        return Ok(Verdict::LookAtIt);
    }
    match network_wait(conn, tried.network, now)? {
        0 if is_storm(conn, now)? => Ok(Verdict::LookAtItLater),
        0 => Ok(Verdict::LookAtIt),
        wait => Ok(Verdict::NetworkWaits(wait)),
    }
}

/// Seconds until the next try from this network is looked at, whatever the account; zero when now.
pub fn network(conn: &mut PgConnection, network: Option<&[u8]>) -> Result<u32, AppError> {
    network_wait(conn, network, Moment::now())
}

/// Seconds until the next try for this account is looked at, for who is signed in or halfway there; zero when now.
pub fn wait(conn: &mut PgConnection, account: &[u8], device: Option<Uuid>) -> Result<u32, AppError> {
    let known_device = known(conn, account, device)?;
    account_wait(conn, account, known_device, Moment::now())
}

fn account_wait(
    conn: &mut PgConnection,
    account: &[u8],
    known_device: Option<Uuid>,
    now: Moment,
) -> Result<u32, AppError> {
    Ok(match in_a_row(conn, account, known_device, now)? {
        Some((failures, latest)) => remaining(failures, latest, now),
        None => 0,
    })
}

/// How many tries failed in a row up to now, of those that this one pays for.
pub fn failures_in_a_row(conn: &mut PgConnection, account: &[u8], device: Option<Uuid>) -> Result<u32, AppError> {
    let known_device = known(conn, account, device)?;
    Ok(in_a_row(conn, account, known_device, Moment::now())?.map_or(0, |(failures, _)| failures))
}

/// The same, and when the latest of them was.
fn in_a_row(
    conn: &mut PgConnection,
    account: &[u8],
    known_device: Option<Uuid>,
    now: Moment,
) -> Result<Option<(u32, Moment)>, AppError> {
    let since: Timestamp = (now - SignedDuration::from_mins(MEMORY_MINUTES)).into();
    let tries: Vec<(Timestamp, String, Option<Uuid>)> = a::login_attempts
        .filter(a::account_hash.eq(account).and(a::occurred_at.ge(since)).and(a::outcome.ne("throttled")))
        .order(a::occurred_at.desc())
        .limit(LOOK_BACK)
        .select((a::occurred_at, a::outcome, a::device_id))
        .load(conn)?;
    let mut failures = tries
        .iter()
        .filter(|(_, _, from)| known_device.is_none() || *from == known_device)
        .take_while(|(_, outcome, _)| outcome != "success");
    let Some((latest, _, _)) = failures.next() else { return Ok(None) };
    let latest = latest.to_jiff();
    Ok(Some((1 + failures.count() as u32, latest)))
}

/// Until fewer failures than are free lie within the last minute.
fn network_wait(conn: &mut PgConnection, network: Option<&[u8]>, now: Moment) -> Result<u32, AppError> {
    let Some(network) = network else { return Ok(0) };
    let latest: Vec<Timestamp> = failures(now, MINUTE, 0)
        .filter(a::network_hash.eq(network.to_vec()))
        .order(a::occurred_at.desc())
        .limit(NETWORK_FREE as i64)
        .select(a::occurred_at)
        .load(conn)?;
    let Some(first) = latest.get(NETWORK_FREE - 1) else { return Ok(0) };
    let left = MINUTE - now.duration_since(first.to_jiff()).as_secs();
    Ok(u32::try_from(left).unwrap_or(0).max(1))
}

/// Whether failures come from everywhere far more often than they usually do. What is usual is taken from the hour
/// before the last, so that a storm is not taken for it while it lasts.
pub fn is_storm(conn: &mut PgConnection, now: Moment) -> Result<bool, AppError> {
    const HOUR: i64 = 60 * MINUTE;
    let mut count = |from, until| -> Result<i64, AppError> {
        Ok(CappedCount(failures(now, from, until).select(a::id)).get_result(conn)?)
    };
    let recent = count(MINUTE, 0)?;
    Ok(recent >= STORM_FROM && recent >= STORM_TIMES * count(2 * HOUR, HOUR)? / 60)
}

/// Failures from so many seconds ago until so many seconds ago.
fn failures(now: Moment, from: i64, until: i64) -> login_attempts::BoxedQuery<'static, Pg> {
    let ago = |seconds| Timestamp::from(now - SignedDuration::from_secs(seconds));
    let query = a::login_attempts.filter(a::occurred_at.ge(ago(from))).filter(a::outcome.eq_any(FAILURES)).into_boxed();
    if until > 0 { query.filter(a::occurred_at.lt(ago(until))) } else { query }
}

/// The device, if it has signed in to this account before.
fn known(conn: &mut PgConnection, account: &[u8], device: Option<Uuid>) -> Result<Option<Uuid>, AppError> {
    match device {
        Some(device) if is_known(conn, account, device)? => Ok(Some(device)),
        _ => Ok(None),
    }
}

fn is_known(conn: &mut PgConnection, account: &[u8], device: Uuid) -> Result<bool, AppError> {
    let signed_in = a::login_attempts
        .filter(a::account_hash.eq(account).and(a::device_id.eq(device)).and(a::outcome.eq("success")));
    Ok(diesel::select(diesel::dsl::exists(signed_in)).get_result(conn)?)
}

/// 1, 2, 4 seconds and so on from the fifth failure, counted from the latest.
fn remaining(failures: u32, latest: Moment, now: Moment) -> u32 {
    if failures < FREE {
        return 0;
    }
    let delay = (1_i64 << (failures - FREE).min(10)).min(LONGEST_SECONDS);
    let passed = now.duration_since(latest).as_secs();
    u32::try_from(delay - passed).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_doubles_from_the_fifth_failure_and_ends() {
        let latest = Moment::from_second(1_000).unwrap();
        let after = |seconds: i64| Moment::from_second(1_000 + seconds).unwrap();
        assert_eq!(remaining(4, latest, after(0)), 0);
        assert_eq!(remaining(5, latest, after(0)), 1);
        assert_eq!(remaining(8, latest, after(0)), 8);
        assert_eq!(remaining(8, latest, after(3)), 5);
        assert_eq!(remaining(8, latest, after(60)), 0);
        assert_eq!(remaining(30, latest, after(0)), 900);
    }
}
