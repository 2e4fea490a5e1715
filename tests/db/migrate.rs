//! Bringing a database to this build's schema.

use castellan::db::migrate::{self, MIGRATIONS};
use diesel::PgConnection;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_migrations::MigrationHarness;

use crate::support::{TestDatabase, skipped};

/// What the catalogue says about everything of ours, one line each.
fn catalogue(conn: &mut PgConnection) -> Vec<String> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        line: String,
    }
    let ours = "in ('control'::regnamespace, 'audit'::regnamespace)";
    let rows: Vec<Row> = diesel::sql_query(format!(
        "select line from (
            select format('column %s.%s %s %s', a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod),
                    pg_get_expr(d.adbin, d.adrelid)) as line
                from pg_attribute a join pg_class c on c.oid = a.attrelid
                left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
                where c.relnamespace {ours} and a.attnum > 0 and not a.attisdropped
            union all select format('constraint %s %s', conrelid::regclass, pg_get_constraintdef(oid))
                from pg_constraint where connamespace {ours}
            union all select format('index %s', indexdef) from pg_indexes where schemaname in ('control', 'audit')
            union all select format('trigger %s', pg_get_triggerdef(t.oid)) from pg_trigger t
                join pg_class c on c.oid = t.tgrelid where c.relnamespace {ours} and not t.tgisinternal
            union all select format('policy %s %s %s %s', tablename, policyname, roles, qual) from pg_policies
                where schemaname in ('control', 'audit')
            union all select format('function %s %s', oid::regprocedure, md5(prosrc)) from pg_proc
                where pronamespace {ours}
            union all select format('grant %s %s', c.oid::regclass,
                    coalesce(relacl, acldefault(case relkind when 'S' then 's' else 'r' end::\"char\", relowner)))
                from pg_class c where relnamespace {ours} and relkind in ('r', 'p', 'S')
        ) found order by line"
    ))
    .load(conn)
    .expect("the catalogue can be read");
    rows.into_iter().map(|row| row.line).collect()
}

fn assert_same(before: &[String], after: &[String]) {
    let lost: Vec<&String> = before.iter().filter(|line| !after.contains(line)).collect();
    let new: Vec<&String> = after.iter().filter(|line| !before.contains(line)).collect();
    assert!(lost.is_empty() && new.is_empty(), "lost {lost:#?}, new {new:#?}");
}

#[test]
fn every_migration_can_be_taken_back_and_made_again() {
    let database = TestDatabase::migrated();
    let mut conn = migrate::connect(database.engine().url()).expect("a connection");
    let before = catalogue(&mut conn);
    assert!(before.len() > 500, "{}", before.len());
    if database.is_server() {
        // The embedded engine brings its extensions along, so they are not the owner's.
        conn.batch_execute("set role castellan_owner").expect("the owner's role");
    }
    conn.batch_execute(include_str!("../../src/db/replaceable/drop.sql")).expect("what is replaceable goes");
    let reverted = conn.revert_all_migrations(MIGRATIONS).expect("all migrations can be taken back").len();
    let schemas =
        diesel::sql_query("select from pg_namespace where nspname in ('control', 'audit')").execute(&mut conn);
    assert_eq!(schemas, Ok(0), "nothing of ours is left");
    drop(conn);
    assert_eq!(migrate::migrate(database.engine().url()).expect("made again").len(), reverted);
    let mut conn = migrate::connect(database.engine().url()).expect("a connection");
    assert_same(&before, &catalogue(&mut conn));
}

#[test]
fn replaceable_files_can_be_applied_again() {
    let database = TestDatabase::migrated();
    let url = database.engine().url();
    let mut conn = migrate::connect(url).expect("a connection");
    let before = catalogue(&mut conn);
    conn.batch_execute("delete from public.castellan_replaceable").expect("forgotten");
    drop(conn);
    for _ in 0..2 {
        assert_eq!(migrate::migrate(url), Ok(Vec::new()), "nothing is pending");
    }
    let mut conn = migrate::connect(url).expect("a connection");
    assert_same(&before, &catalogue(&mut conn));
    assert_eq!(migrate::pending(&mut conn), Ok(Vec::new()));
}

#[test]
fn processes_that_start_together_migrate_once() {
    let Some(database) = TestDatabase::empty() else {
        return skipped("two connections at once need TEST_DATABASE_URL, for the embedded engine has one");
    };
    let url = database.engine().url().to_owned();
    let applied: Vec<usize> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| migrate::migrate(&url))).collect();
        let done = threads.into_iter().map(|thread| thread.join().expect("no panic").expect("migrated").len());
        done.collect()
    });
    assert_eq!(applied.iter().filter(|applied| **applied > 0).count(), 1, "{applied:?}");
}

/// As while a newer console starts and an older one still works.
#[test]
fn who_works_meanwhile_and_who_migrates_wait_for_each_other() {
    if !TestDatabase::migrated().is_server() {
        return skipped("two connections at once need TEST_DATABASE_URL, for the embedded engine has one");
    }
    let database = TestDatabase::migrated();
    let url = database.engine().url();
    let connect = || migrate::connect(url).expect("a connection");
    let (mut working, mut watching) = (connect(), connect());
    working.batch_execute("delete from public.castellan_replaceable").expect("forgotten");
    working.batch_execute("begin; select from control.workspaces").expect("a table is held");
    let waits = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    std::thread::scope(|scope| {
        let migrated = scope.spawn(|| migrate::migrate(url));
        while diesel::sql_query(waits).execute(&mut watching) == Ok(0) && !migrated.is_finished() {
            std::thread::yield_now();
        }
        working.batch_execute("select from audit.changes limit 1; commit").expect("another table is there");
        assert_eq!(migrated.join().expect("no panic"), Ok(Vec::new()));
    });
}
