//! Brings a database to this build's schema: roles, migrations, then the functions, triggers, policies and grants
//! that are written anew each time.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::migration::MigrationSource;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use sha2::{Digest, Sha256};

use crate::error::AppError;

/// Every migration of this build.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

const ROLES: &str = include_str!("replaceable/roles.sql");
/// In this order: what follows may build on what stands before.
const REPLACEABLE: [&str; 16] = [
    include_str!("replaceable/functions.sql"),
    include_str!("replaceable/sealing.sql"),
    include_str!("replaceable/log.sql"),
    include_str!("replaceable/partitions.sql"),
    include_str!("replaceable/erasure.sql"),
    include_str!("replaceable/archives.sql"),
    include_str!("replaceable/authority.sql"),
    include_str!("replaceable/reach.sql"),
    include_str!("replaceable/tokens.sql"),
    include_str!("replaceable/whereabouts.sql"),
    include_str!("replaceable/reviews.sql"),
    include_str!("replaceable/exposure.sql"),
    include_str!("replaceable/undo.sql"),
    include_str!("replaceable/triggers.sql"),
    include_str!("replaceable/policies.sql"),
    include_str!("replaceable/grants.sql"),
];

/// Any number; the same for all processes that share a database.
const LOCK: i64 = 0x0CA5_7E11;
/// Partitions are made this far ahead; without one, writing stops.
const MONTHS_AHEAD: i32 = 12;

/// Migrates under an advisory lock, so that processes that start at the same time do it once. Returns the versions
/// that were applied.
pub fn migrate(url: &str) -> Result<Vec<String>, String> {
    let mut conn = connect(url)?;
    locked(&mut conn, |conn| {
        conn.batch_execute(ROLES).map_err(explain)?;
        conn.batch_execute("set role castellan_owner; set lock_timeout = '10s'").map_err(explain)?;
        let applied = conn.run_pending_migrations(MIGRATIONS).map_err(explain)?;
        let applied: Vec<String> = applied.iter().map(ToString::to_string).collect();
        replace(conn, !applied.is_empty()).map_err(explain)?;
        conn.batch_execute("reset role; reset lock_timeout").map_err(explain)?;
        Ok(applied)
    })
}

/// Applies the idempotent files where the schema or they themselves are new, for they lock every table, and makes
/// the months ahead.
fn replace(conn: &mut PgConnection, schema_is_new: bool) -> QueryResult<()> {
    conn.transaction(|conn| {
        conn.batch_execute("create table if not exists public.castellan_replaceable (digest text not null)")?;
        let digest = digest();
        let known =
            sql_query("select digest from public.castellan_replaceable").get_result::<Applied>(conn).optional()?;
        if schema_is_new || known.is_none_or(|known| known.digest != digest) {
            lock_tables(conn)?;
            for file in REPLACEABLE {
                conn.batch_execute(file)?;
            }
            conn.batch_execute("delete from public.castellan_replaceable")?;
            sql_query("insert into public.castellan_replaceable values ($1)").bind::<Text, _>(digest).execute(conn)?;
        }
        conn.batch_execute(&format!("select audit.ensure_partitions({MONTHS_AHEAD})"))
    })
}

/// All tables at once, before anything is written anew, and none while they are waited for: a process that works
/// meanwhile would hold some and wait for others, and one of the two would be refused for it.
fn lock_tables(conn: &mut PgConnection) -> QueryResult<()> {
    let until = Instant::now() + PATIENCE;
    loop {
        match conn.transaction(|conn| conn.batch_execute(LOCK_TABLES)) {
            Err(_) if Instant::now() < until => std::thread::sleep(Duration::from_millis(100)),
            done => return done,
        }
    }
}

/// How long others may hold a table before the start fails, in small pieces, in which they wait for us.
const PATIENCE: Duration = Duration::from_secs(60);
const LOCK_TABLES: &str = "set local lock_timeout = '500ms';
    do $$
    begin
        execute (select 'lock table ' || string_agg(format('%I.%I', schemaname, tablename), ', ' order by tablename)
            || ' in access exclusive mode' from pg_tables where schemaname in ('control', 'audit'));
    end
    $$";

#[derive(QueryableByName)]
struct Applied {
    #[diesel(sql_type = Text)]
    digest: String,
}

/// Of the idempotent files of this build.
pub fn digest() -> String {
    let hash = REPLACEABLE.iter().fold(Sha256::new(), |hash, file| hash.chain_update(file)).finalize();
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Versions that this build has and the database lacks. Makes nothing, not even the table that would list them.
pub fn pending(conn: &mut PgConnection) -> Result<Vec<String>, String> {
    let is_new = sql_query("select 1 where to_regclass('public.__diesel_schema_migrations') is null").execute(conn);
    let versions = match is_new.map_err(explain)? {
        1 => MigrationSource::<Pg>::migrations(&MIGRATIONS).map_err(explain)?,
        _ => conn.pending_migrations(MIGRATIONS).map_err(explain)?,
    };
    Ok(versions.iter().map(|migration| migration.name().version().to_string()).collect())
}

/// How many of this build's versions the database lacks, found without the right to make anything. Versions that are
/// newer than this build are none of its business.
pub fn missing(conn: &mut PgConnection) -> Result<usize, AppError> {
    let applied: Vec<Version> = sql_query("select version from public.__diesel_schema_migrations").load(conn)?;
    let known = |version: &str| applied.iter().any(|applied| applied.version == version);
    let migrations =
        MigrationSource::<Pg>::migrations(&MIGRATIONS).map_err(|error| AppError::Internal(error.to_string()))?;
    Ok(migrations.iter().filter(|migration| !known(&migration.name().version().to_string())).count())
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}

/// A connection as the login itself, for migrating, loading data and mending; never for requests.
pub fn connect(url: &str) -> Result<PgConnection, String> {
    PgConnection::establish(url).map_err(|error| format!("The database cannot be reached: {error}"))
}

fn locked<T>(conn: &mut PgConnection, work: impl FnOnce(&mut PgConnection) -> Result<T, String>) -> Result<T, String> {
    let call = |conn: &mut PgConnection, function: &str| {
        sql_query(format!("select {function}($1)")).bind::<BigInt, _>(LOCK).execute(conn).map_err(explain)
    };
    call(conn, "pg_advisory_lock")?;
    let done = work(conn);
    if done.is_ok() {
        call(conn, "pg_advisory_unlock")?;
    }
    done
}

fn explain(error: impl std::fmt::Display) -> String {
    format!("The database could not be migrated: {error}")
}
