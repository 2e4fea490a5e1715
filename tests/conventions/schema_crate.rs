//! The generated crate `castellan_schema` says what the migrated database has, column by column.

use std::collections::BTreeMap;

use castellan::db::migrate;
use diesel::prelude::*;
use diesel::sql_types::{Array, Text};

use crate::support::TestDatabase;

/// Tables by name, each with its key and its columns in order, the way `diesel::table!` writes them.
type Tables = BTreeMap<String, Vec<String>>;

#[test]
fn the_schema_crate_is_up_to_date() {
    let database = TestDatabase::migrated();
    let mut conn = migrate::connect(database.engine().url()).expect("the database can be reached");
    let (written, real) = (written(), real(&mut conn));
    let names = |tables: &Tables| tables.keys().cloned().collect::<Vec<_>>();
    let mend = "migrations/README.md says how schema/src/tables.rs is made anew";
    assert_eq!(names(&written), names(&real), "{mend}");
    for (name, columns) in &real {
        assert_eq!(&written[name], columns, "{name}: {mend}");
    }
}

/// What the crate says.
fn written() -> Tables {
    let mut tables = Tables::new();
    let mut columns: Option<Vec<String>> = None;
    let (mut table, mut renamed) = (String::new(), None);
    for line in include_str!("../../schema/src/tables.rs").lines().map(str::trim) {
        if line.starts_with("diesel::table!") {
            columns = Some(Vec::new());
        } else if let Some(known) = &mut columns {
            if let Some((name, key)) = line.strip_suffix(") {").and_then(|line| line.split_once(" (")) {
                table = name.to_owned();
                known.push(format!("key {key}"));
            } else if let Some(name) = line.strip_prefix("#[sql_name = \"") {
                renamed = name.strip_suffix("\"]").map(str::to_owned);
            } else if let Some((name, kind)) = line.strip_suffix(',').and_then(|line| line.split_once(" -> ")) {
                let name = renamed.take().unwrap_or_else(|| name.to_owned());
                known.push(format!("{name} {kind}"));
            } else if line == "}" {
                tables.extend(columns.take().map(|known| (table.clone(), known)));
            }
        }
    }
    tables
}

#[derive(QueryableByName)]
struct Table {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    key: String,
    #[diesel(sql_type = Array<Text>)]
    columns: Vec<String>,
}

/// What the database has; a partition is its table's.
fn real(conn: &mut PgConnection) -> Tables {
    let tables = diesel::sql_query(
        "select n.nspname || '.' || c.relname as name,
            (select string_agg(a.attname, ', ' order by array_position(i.indkey::int2[], a.attnum))
                from pg_index i join pg_attribute a on a.attrelid = c.oid and a.attnum = any (i.indkey)
                where i.indrelid = c.oid and i.indisprimary) as key,
            (select array_agg(a.attname || ' '
                    || case when a.attnotnull then '' else '?' end || t.typname order by a.attnum)
                from pg_attribute a join pg_type t on t.oid = a.atttypid
                where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)::text[] as columns
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname in ('control', 'audit') and c.relkind in ('r', 'p') and not c.relispartition",
    );
    let tables: Vec<Table> = tables.load(conn).expect("the catalogue can be read");
    tables.into_iter().map(|table| (table.name.clone(), lines(&table))).collect()
}

fn lines(table: &Table) -> Vec<String> {
    let columns = table.columns.iter().filter_map(|column| column.split_once(' '));
    let columns = columns.map(|(name, kind)| format!("{name} {}", diesel_type(kind)));
    std::iter::once(format!("key {}", table.key)).chain(columns).collect()
}

/// PostgreSQL's name of a type as diesel's: `?_text` is `Nullable<Array<Nullable<Text>>>`.
fn diesel_type(kind: &str) -> String {
    if let Some(kind) = kind.strip_prefix('?') {
        return format!("Nullable<{}>", diesel_type(kind));
    }
    if let Some(kind) = kind.strip_prefix('_') {
        return format!("Array<Nullable<{}>>", diesel_type(kind));
    }
    kind[..1].to_uppercase() + &kind[1..]
}
