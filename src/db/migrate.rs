//! Brings a database to this build's schema: roles, migrations, then the functions, triggers, policies and grants
//! that are written anew each time.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

/// Every migration of this build.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

const ROLES: &str = include_str!("replaceable/roles.sql");
const REPLACEABLE: [&str; 4] = [
    include_str!("replaceable/functions.sql"),
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
        replace(conn)?;
        conn.batch_execute("reset role; reset lock_timeout").map_err(explain)?;
        Ok(applied)
    })
}

/// Applies the idempotent files and makes the months ahead.
pub fn replace(conn: &mut PgConnection) -> Result<(), String> {
    conn.transaction(|conn| {
        for file in REPLACEABLE {
            conn.batch_execute(file)?;
        }
        conn.batch_execute(&format!("select audit.ensure_partitions({MONTHS_AHEAD})"))
    })
    .map_err(|error: diesel::result::Error| explain(error))
}

/// Versions that this build has and the database lacks.
pub fn pending(conn: &mut PgConnection) -> Result<usize, String> {
    conn.pending_migrations(MIGRATIONS).map(|pending| pending.len()).map_err(explain)
}

/// A connection as the login itself, for migrating, loading data and mending; never for requests.
pub fn connect(url: &str) -> Result<PgConnection, String> {
    PgConnection::establish(url).map_err(|error| format!("The database cannot be reached: {error}"))
}

fn locked<T>(conn: &mut PgConnection, work: impl FnOnce(&mut PgConnection) -> Result<T, String>) -> Result<T, String> {
    let call = |conn: &mut PgConnection, function: &str| {
        diesel::sql_query(format!("select {function}($1)")).bind::<BigInt, _>(LOCK).execute(conn).map_err(explain)
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
