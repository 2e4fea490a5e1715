//! The state of the database, and what the embedded engine must be asked for, since nothing there does it by itself.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Integer, Text};

use super::{Db, migrate};
use crate::error::AppError;

/// With fewer months of room in the log than this, somebody has to look before writing stops.
pub const MONTHS_NEEDED: i32 = 2;

/// What a database must have for this build to work with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Migrations that this build has and the database lacks.
    pub pending: usize,
    pub room: Room,
}

/// How long every log has room without a gap.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Room {
    /// Months after this one; less than zero when there is none for this one.
    #[diesel(sql_type = Integer)]
    pub months_ahead: i32,
    /// The first month that some log lacks, such as `2026-12`.
    #[diesel(sql_type = Text)]
    pub ends: String,
}

impl Room {
    /// Somebody has to look.
    pub fn is_short(&self) -> bool {
        self.months_ahead < MONTHS_NEEDED
    }

    /// What is wrong, and what helps.
    pub fn sentence(&self) -> String {
        let ends = &self.ends;
        let months = match self.months_ahead.max(0) {
            1 => "1 month".to_owned(),
            months => format!("{months} months"),
        };
        format!(
            "The log has room for {months} ahead and needs {MONTHS_NEEDED}, nothing can be written from {ends} on: \
             run castellan migrate, and see why the job audit.ensure_partitions does not make months."
        )
    }
}

/// Two years are as far as anybody looks.
const ROOM: &str = "select step - 1 as months_ahead, to_char(month, 'YYYY-MM') as ends
    from generate_series(0, 24) step,
        lateral (select date_trunc('month', now() at time zone 'UTC') + make_interval(months => step)) at (month)
    where step = 24 or exists (
        select from unnest(array['events', 'changes', 'security_events']) parent
        where not exists (select from pg_inherits i join pg_class c on c.oid = i.inhrelid
            where i.inhparent = to_regclass('audit.' || parent) and c.relname = parent || '_' || to_char(month, 'YYYY_MM')))
    order by step limit 1";

/// How long every log has room, which anybody may know.
pub fn room(conn: &mut PgConnection) -> Result<Room, AppError> {
    Ok(sql_query(ROOM).get_result(conn)?)
}

/// Partitions are reached through their parents.
const TABLES: &str = "select format('%I.%I', n.nspname, c.relname) as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('control', 'audit') and c.relkind in ('r', 'p') and not c.relispartition
    order by 1";

/// A table's name as SQL writes it.
#[derive(Debug, Clone, QueryableByName)]
pub struct TableName {
    #[diesel(sql_type = Text)]
    name: String,
}

impl Db {
    /// Asks the database what this build needs of it, with no more rights than an idle connection has.
    pub async fn health(&self) -> Result<Health, AppError> {
        self.ask(|conn| {
            let pending = migrate::missing(conn)?;
            Ok(Health { pending, room: room(conn)? })
        })
        .await
    }

    /// Trims the write-ahead log. Only for the embedded engine, where we are superuser.
    pub async fn checkpoint(&self) -> Result<(), AppError> {
        self.ask(|conn| as_login(conn, "checkpoint")).await
    }

    /// Every table that `vacuum` takes.
    pub async fn tables(&self) -> Result<Vec<TableName>, AppError> {
        self.ask(|conn| Ok(sql_query(TABLES).load(conn)?)).await
    }

    /// Makes a table's dead rows reusable and counts the living. Only for the embedded engine.
    pub async fn vacuum(&self, table: TableName) -> Result<(), AppError> {
        self.ask(move |conn| as_login(conn, &format!("vacuum (analyze) {}", table.name))).await
    }
}

/// Takes the role off that idle connections wear, for one statement that no transaction may contain.
fn as_login(conn: &mut PgConnection, statement: &str) -> Result<(), AppError> {
    conn.batch_execute("reset role")?;
    let done = conn.batch_execute(statement);
    conn.batch_execute("set role castellan_web")?;
    Ok(done?)
}
