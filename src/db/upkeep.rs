//! The state of the database, and what the embedded engine must be asked for, since nothing there does it by itself.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Integer, Text};

use super::{Db, migrate};
use crate::error::AppError;

/// What a database must have for this build to work with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// Migrations that this build has and the database lacks.
    pub pending: usize,
    /// Months after this one for which every log has room; less than zero when there is none for this one.
    pub months_ahead: i32,
}

const MONTHS_AHEAD: &str = "select min(coalesce(ahead, -1)) as number from (
        select max(left(right(child.relname, 7), 4)::int * 12 + right(child.relname, 2)::int)
            - (extract(year from now() at time zone 'UTC') * 12 + extract(month from now() at time zone 'UTC'))::int as ahead
        from pg_class parent
        left join pg_inherits i on i.inhparent = parent.oid
        left join pg_class child on child.oid = i.inhrelid
        where parent.relnamespace = 'audit'::regnamespace and parent.relkind = 'p'
        group by parent.oid
    ) logs";

/// Partitions are reached through their parents.
const TABLES: &str = "select format('%I.%I', n.nspname, c.relname) as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('control', 'audit') and c.relkind in ('r', 'p') and not c.relispartition
    order by 1";

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = Integer)]
    number: i32,
}

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
            let ahead: Number = sql_query(MONTHS_AHEAD).get_result(conn)?;
            Ok(Health { pending, months_ahead: ahead.number })
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
