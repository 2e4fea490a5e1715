//! Finding bursts and telling of them. Each query reads the last minutes of one kind by index.

use castellan_schema::audit::security_events as s;
use castellan_schema::control::{audit_streams, login_attempts, security_alerts};
use diesel::dsl::{count, count_star, exists};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use jiff::{SignedDuration, Timestamp};
use jiff_diesel::Timestamp as DbTimestamp;
use serde_json::json;
use uuid::Uuid;

use super::{Burst, Kind, Watch};
use crate::audit::history;
use crate::audit::integrity::guards;
use crate::audit::integrity::store::{self as integrity, Stall};
use crate::audit::witnesses::Witnesses;
use crate::audit::witnesses::store::{Standing, standings};
use crate::auth::founders::{self, Founder};
use crate::auth::sign_in::throttle::{self, FAILURES};
use crate::db::{self, SecurityEvent, SecurityKind, Tx};
use crate::error::AppError;
use crate::mail::{self, Letter};

/// How far back a look goes.
pub const MINUTES: i64 = 5;
/// So many failed sign-ins from one network, or on many accounts, are still no burst.
const SIGN_INS: i64 = 50;
/// So many accounts are many.
const ACCOUNTS: i64 = 20;
/// So many refusals happen to somebody who looks around.
const REFUSALS: i64 = 20;
const TOKENS: i64 = 50;
/// A burst that goes on is told of again after this long.
const QUIET_MINUTES: i64 = 15;
const TOLD_AT_ONCE: i64 = 20;

/// Bursts that nobody was told of yet.
pub fn untold(conn: &mut PgConnection, witnesses: &Witnesses, now: Timestamp) -> Result<Vec<Burst>, AppError> {
    let since = DbTimestamp::from(now - SignedDuration::from_mins(MINUTES));
    let mut bursts = from_networks(conn, Kind::NetworkGuesses, SecurityKind::AuthnLoginFail, SIGN_INS, since)?;
    bursts.extend(from_networks(conn, Kind::NetworkTokens, SecurityKind::AuthnTokenFail, TOKENS, since)?);
    bursts.extend(of_people(conn, since)?);
    bursts.extend(of_all(conn, now, since)?);
    bursts.extend(of_sealing(conn, now)?);
    bursts.extend(of_streams(conn)?);
    bursts.extend(of_witnesses(conn, witnesses, now)?);
    bursts.extend(of_room(conn)?);
    bursts.extend(of_guards(conn, now)?);
    let recently = DbTimestamp::from(now - SignedDuration::from_mins(QUIET_MINUTES));
    let mut untold = Vec::new();
    for burst in bursts {
        let told = security_alerts::table
            .filter(security_alerts::kind.eq(burst.kind.name()).and(security_alerts::subject.eq(&burst.subject)))
            .filter(
                security_alerts::window_at
                    .eq(window(now))
                    .or(security_alerts::created_at.gt(recently))
                    .or(burst.kind.is_lasting().into_sql::<Bool>()),
            );
        if !diesel::select(exists(told)).get_result::<bool>(conn)? {
            untold.push(burst);
        }
    }
    Ok(untold)
}

fn from_networks(
    conn: &mut PgConnection,
    kind: Kind,
    of: SecurityKind,
    more_than: i64,
    since: DbTimestamp,
) -> Result<Vec<Burst>, AppError> {
    let found: Vec<(Option<Vec<u8>>, i64)> = s::table
        .filter(s::kind.eq(of.name()).and(s::occurred_at.ge(since)).and(s::network_hash.is_not_null()))
        .group_by(s::network_hash)
        .having(count_star().gt(more_than))
        .order(count_star().desc())
        .limit(TOLD_AT_ONCE)
        .select((s::network_hash, count_star()))
        .load(conn)?;
    let burst = |(network, events): (Option<Vec<u8>>, i64)| {
        let subject = network.iter().flatten().map(|byte| format!("{byte:02x}")).collect();
        Burst { kind, subject, network, events }
    };
    Ok(found.into_iter().map(burst).collect())
}

fn of_people(conn: &mut PgConnection, since: DbTimestamp) -> Result<Vec<Burst>, AppError> {
    let found: Vec<(Option<Uuid>, i64)> = s::table
        .filter(s::kind.eq(SecurityKind::AuthzFail.name()).and(s::occurred_at.ge(since)))
        .filter(s::actor_id.is_not_null())
        .group_by(s::actor_id)
        .having(count_star().gt(REFUSALS))
        .order(count_star().desc())
        .limit(TOLD_AT_ONCE)
        .select((s::actor_id, count_star()))
        .load(conn)?;
    let burst = |(person, events): (Option<Uuid>, i64)| Burst {
        kind: Kind::PersonProbes,
        subject: person.unwrap_or_default().to_string(),
        network: None,
        events,
    };
    Ok(found.into_iter().map(burst).collect())
}

/// What shows only in everybody's failures together.
fn of_all(conn: &mut PgConnection, now: Timestamp, since: DbTimestamp) -> Result<Vec<Burst>, AppError> {
    let (events, accounts): (i64, i64) = login_attempts::table
        .filter(login_attempts::occurred_at.ge(since).and(login_attempts::outcome.eq_any(FAILURES)))
        .select((count_star(), count(login_attempts::account_hash).aggregate_distinct()))
        .first(conn)?;
    let burst = |kind| Burst { kind, subject: "all".to_owned(), network: None, events };
    let mut bursts = Vec::new();
    if events > SIGN_INS && accounts > ACCOUNTS {
        bursts.push(burst(Kind::Spray));
    }
    if throttle::is_storm(conn, now)? {
        bursts.push(burst(Kind::Storm));
    }
    Ok(bursts)
}

fn of_sealing(conn: &mut PgConnection, now: Timestamp) -> Result<Option<Burst>, AppError> {
    let burst = |stall: Stall| Burst {
        kind: Kind::SealingStall,
        subject: stall.event_id.to_string(),
        network: None,
        events: stall.events,
    };
    Ok(integrity::stall(conn, now)?.map(burst))
}

/// Streams that wait for a person, each by its death.
fn of_streams(conn: &mut PgConnection) -> Result<Vec<Burst>, AppError> {
    let dead: Vec<(Uuid, Option<DbTimestamp>, i32)> = audit_streams::table
        .filter(audit_streams::state.eq("dead"))
        .select((audit_streams::id, audit_streams::failing_since, audit_streams::failures))
        .load(conn)?;
    let burst = |(id, since, failures): (Uuid, Option<DbTimestamp>, i32)| Burst {
        kind: Kind::StreamDead,
        subject: format!("{id} {}", since.map_or(0, |since| since.to_jiff().as_second())),
        network: None,
        // Alerts count from one.
        events: i64::from(failures.max(1)),
    };
    Ok(dead.into_iter().map(burst).collect())
}

fn of_witnesses(conn: &mut PgConnection, witnesses: &Witnesses, now: Timestamp) -> Result<Vec<Burst>, AppError> {
    /// Of a name, which may be an address of any length.
    const SHOWN: usize = 70;
    let burst = |standing: Standing| {
        let since = standing.stale_since?;
        let (name, seen) =
            (standing.name.chars().take(SHOWN).collect::<String>(), standing.seen.map_or(0, |seen| seen.tree_size));
        Some(Burst {
            kind: Kind::WitnessStale,
            subject: format!("{name} after {seen}"),
            network: None,
            events: (now.duration_since(since.to_jiff()).as_mins()).max(1),
        })
    };
    Ok(standings(conn, witnesses, now)?.into_iter().filter_map(burst).collect())
}

/// Months that nobody makes, named by the first of them.
fn of_room(conn: &mut PgConnection) -> Result<Option<Burst>, AppError> {
    let room = db::room(conn)?;
    let burst = || Burst { kind: Kind::MonthsShort, subject: room.ends.clone(), network: None, events: 1 };
    Ok(room.is_short().then(burst))
}

/// Guards that are off, told of once a day.
fn of_guards(conn: &mut PgConnection, now: Timestamp) -> Result<Option<Burst>, AppError> {
    let off = guards::off(conn)?;
    let burst = |first: &String| {
        let day = now.strftime("%Y-%m-%d");
        let subject = format!("{first} on {day}");
        Burst { kind: Kind::GuardsOff, subject, network: None, events: off.len() as i64 }
    };
    Ok(off.first().map(burst))
}

/// The quarter of an hour, which with kind and subject is unique.
fn window(now: Timestamp) -> DbTimestamp {
    const SECONDS: i64 = QUIET_MINUTES * 60;
    Timestamp::from_second(now.as_second().div_euclid(SECONDS) * SECONDS).unwrap_or(now).into()
}

/// Writes the burst down, as an event that banners show, and posts a mail to every founder.
pub fn tell(tx: &mut Tx<'_, Watch>, burst: &Burst, now: Timestamp) -> Result<(), AppError> {
    diesel::insert_into(security_alerts::table)
        .values((
            security_alerts::id.eq(Uuid::now_v7()),
            security_alerts::kind.eq(burst.kind.name()),
            security_alerts::subject.eq(&burst.subject),
            security_alerts::window_at.eq(window(now)),
            security_alerts::event_count.eq(burst.events),
        ))
        .execute(&mut **tx)?;
    // The log keeps who it was as long as it is kept itself, and so by id alone.
    let logged = burst.sentence(&burst.subject);
    let details = json!({ "burst": burst.kind.name(), "said": logged, "subject": burst.subject });
    tx.note_security(&SecurityEvent::of(burst.kind.security_kind(), details).from_network(burst.network.clone()))?;
    let person = burst.person().map(|id| history::full_name(tx, id)).transpose()?.flatten();
    let sentence = burst.sentence(person.as_ref().unwrap_or(&burst.subject));
    for Founder { name, email, .. } in founders::all(tx)? {
        let text = format!("{sentence}.\n\n{}", burst.kind.advice());
        mail::post(tx, &Letter::new(&email, &name, &format!("Castellan: {sentence}"), text))?;
    }
    Ok(())
}
