//! How long somebody who guesses must wait. Nobody is locked out: the wait ends, and a browser that has signed in
//! before is judged by its own failures alone.

use castellan_schema::control::login_attempts::dsl as a;
use diesel::prelude::*;
use jiff_diesel::Timestamp;
use uuid::Uuid;

use crate::error::AppError;

/// Failures before the waiting begins.
const FREE: u32 = 5;
const LONGEST_SECONDS: i64 = 900;
const MEMORY_MINUTES: i64 = 60;
const LOOK_BACK: i64 = 30;

/// Seconds until the next try is looked at; zero when now.
pub fn wait(conn: &mut PgConnection, account: &[u8], device: Option<Uuid>) -> Result<u32, AppError> {
    let since: Timestamp = (jiff::Timestamp::now() - jiff::SignedDuration::from_mins(MEMORY_MINUTES)).into();
    let known_device = match device {
        Some(device) => is_known(conn, account, device)?.then_some(device),
        None => None,
    };
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
    let Some((latest, _, _)) = failures.next() else { return Ok(0) };
    Ok(remaining(1 + failures.count() as u32, latest.to_jiff(), jiff::Timestamp::now()))
}

fn is_known(conn: &mut PgConnection, account: &[u8], device: Uuid) -> Result<bool, AppError> {
    let signed_in = a::login_attempts
        .filter(a::account_hash.eq(account).and(a::device_id.eq(device)).and(a::outcome.eq("success")));
    Ok(diesel::select(diesel::dsl::exists(signed_in)).get_result(conn)?)
}

/// 1, 2, 4 seconds and so on from the fifth failure, counted from the latest.
fn remaining(failures: u32, latest: jiff::Timestamp, now: jiff::Timestamp) -> u32 {
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
        let latest = jiff::Timestamp::from_second(1_000).unwrap();
        let after = |seconds: i64| jiff::Timestamp::from_second(1_000 + seconds).unwrap();
        assert_eq!(remaining(4, latest, after(0)), 0);
        assert_eq!(remaining(5, latest, after(0)), 1);
        assert_eq!(remaining(8, latest, after(0)), 8);
        assert_eq!(remaining(8, latest, after(3)), 5);
        assert_eq!(remaining(8, latest, after(60)), 0);
        assert_eq!(remaining(30, latest, after(0)), 900);
    }
}
