//! Every `down.sql` undoes its `up.sql`.

use castellan::db::migrate::{self, MIGRATIONS};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_migrations::MigrationHarness;

use crate::support::TestDatabase;

const DROP: &str = include_str!("../../src/db/replaceable/drop.sql");

#[test]
fn migrations_can_be_taken_back_and_made_again() {
    let database = TestDatabase::migrated();
    let url = database.engine().url();
    let before = catalogue(url);
    assert!(before.len() > 100, "the catalogue is read: {before:?}");
    let mut conn = migrate::connect(url).expect("the database can be reached");
    conn.batch_execute("set role castellan_owner").expect("the role can be taken");
    conn.batch_execute(DROP).expect("functions, triggers and policies can be taken away");
    conn.revert_all_migrations(MIGRATIONS).expect("every down.sql works");
    drop(conn);
    assert_eq!(catalogue(url), Vec::<String>::new(), "something was left behind");
    migrate::migrate(url).expect("every migration can be made again");
    assert_eq!(catalogue(url), before);
}

#[derive(QueryableByName)]
struct Entry {
    #[diesel(sql_type = Text)]
    entry: String,
}

/// Columns, constraints, indexes, triggers, policies and functions, each as one line.
fn catalogue(url: &str) -> Vec<String> {
    let mut conn = migrate::connect(url).expect("the database can be reached");
    let entries = diesel::sql_query(
        "with ours as (
            select c.oid, format('%s.%s', n.nspname, c.relname) as name, c.relkind
            from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname in ('control', 'audit')
        )
        select format('%s %s %s %s', name, attname, format_type(atttypid, atttypmod),
            (select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = attrelid and adnum = attnum)) as entry
            from ours join pg_attribute on attrelid = oid where attnum > 0 and not attisdropped
        union all
        select format('%s %s %s', name, conname, pg_get_constraintdef(c.oid))
            from ours join pg_constraint c on conrelid = ours.oid
        union all
        select pg_get_indexdef(oid) from ours where relkind = 'i'
        union all
        select pg_get_triggerdef(t.oid) from ours join pg_trigger t on tgrelid = ours.oid where not tgisinternal
        union all
        select format('%s %s %s', tablename, policyname, coalesce(qual, with_check)) from pg_policies
        union all
        select format('%s %s', oid::regprocedure, md5(prosrc)) from pg_proc
            where pronamespace in (select oid from pg_namespace where nspname in ('control', 'audit'))
        order by 1",
    );
    let entries: Vec<Entry> = entries.load(&mut conn).expect("the catalogue can be read");
    entries.into_iter().map(|row| row.entry).collect()
}
