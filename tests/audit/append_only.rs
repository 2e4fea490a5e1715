//! Who tries to rewrite the log, and is refused.

use crate::support::TestApp;

/// Every role that a connection can take on, and the login itself, which owns the server here.
const ROLES: [&str; 11] = [
    "none",
    "castellan_owner",
    "castellan_staff",
    "castellan_scoped",
    "castellan_jobs",
    "castellan_auth",
    "castellan_web",
    "castellan_viewing",
    "castellan_acting",
    "castellan_sealer",
    "castellan_streamer",
];
const LOGS: [&str; 3] = ["audit.events", "audit.changes", "audit.security_events"];
/// The tables with a column to write to.
const TABLES: [(&str, &str); 10] = [
    ("audit.events", "id = gen_random_uuid()"),
    ("audit.changes", "after = '{}'"),
    ("audit.security_events", "details = '{}'"),
    ("audit.unsealed", "occurred_at = now()"),
    ("audit.leaves", "event_id = gen_random_uuid()"),
    ("audit.tiles", "hashes = sha256('forged')"),
    ("audit.checkpoints", "root = sha256('forged')"),
    ("audit.archives", "file_name = 'forged'"),
    ("audit.erasures", "row_count = 9"),
    ("audit.rewrites", "number = number + 1"),
];

/// A console with a row in each of those.
async fn filled() -> TestApp {
    let app = TestApp::start().await;
    app.tenant("northwind").await;
    app.anonymous().sign_in("nobody@example.com", "wrong").await;
    app.execute(
        "select audit.record('audit.erase', 'success', false, null, 'user', null, null, null, '{\"events\": 1}');
        insert into audit.erasures (event_id, log, row_count)
            values (current_setting('castellan.event_id')::uuid, 'events', 1)",
    )
    .await;
    app.execute("insert into audit.checkpoints (tree_size, root, note) values (1, sha256('leaf'), 'note')").await;
    app.execute(
        "insert into audit.archives (log, month, row_count, change_count, erased_count, first_leaf, last_leaf, tree_size,
            root, file_name, file_size, sha256, event_id, event)
        values ('events', '2020-01-01', 1, 0, 0, 0, 0, 1, sha256('leaf'), 'file', 1, sha256('file'), gen_random_uuid(), '{}');
        insert into audit.rewrites (archive_id, number, subject_id, erasure_id, erased_count, previous_sha256, file_size, sha256,
            event_id, event)
        select id, 1, gen_random_uuid(), gen_random_uuid(), 1, sha256, 1, sha256('less'), gen_random_uuid(), '{}'
            from audit.archives",
    )
    .await;
    app
}

/// Everything in the log, in one number.
async fn whole(app: &TestApp) -> Vec<String> {
    let mut hashes = Vec::new();
    for (table, _) in TABLES {
        let query = format!(
            "select count(*) || md5(string_agg(to_jsonb(t)::text, '' order by to_jsonb(t)::text)) from {table} t"
        );
        hashes.push(app.text(&query).await);
    }
    hashes
}

/// The partitions with rows.
async fn months(app: &TestApp) -> Vec<String> {
    app.texts(
        "select tableoid::regclass from audit.events union select tableoid::regclass from audit.changes
        union select tableoid::regclass from audit.security_events",
    )
    .await
}

#[actix_web::test]
async fn nobody_rewrites_what_was_written() {
    let app = filled().await;
    let before = whole(&app).await;
    for (table, column) in TABLES {
        for role in ROLES {
            let mut statements = vec![format!("update {table} set {column}"), format!("truncate {table}")];
            // Taking out of the queue is the sealer's work.
            if table != "audit.unsealed" {
                statements.push(format!("delete from {table}"));
            }
            for statement in statements {
                assert!(app.try_as(role, &statement).await.is_err(), "{role} may {statement}");
            }
        }
    }
    for role in ROLES.into_iter().filter(|role| !["none", "castellan_owner", "castellan_sealer"].contains(role)) {
        let refused = app.try_as(role, "delete from audit.unsealed").await.expect_err(role);
        assert!(refused.contains("permission denied"), "{role}: {refused}");
    }
    assert_eq!(whole(&app).await, before);
}

#[actix_web::test]
async fn a_partition_is_no_way_around_its_log() {
    let app = filled().await;
    let (before, months) = (whole(&app).await, months(&app).await);
    assert!(months.len() >= 3, "{months:?}");
    for month in months {
        for role in ROLES {
            for statement in ["select * from", "delete from", "truncate"].map(|verb| format!("{verb} {month}")) {
                let done = app.texts_as(role, "", &format!("select count(*) from {month}")).await;
                match role {
                    "none" => {}
                    // The owner holds every right on the table and sees no row of it.
                    "castellan_owner" => assert_eq!(done.expect("the owner may look"), ["0"], "{month}"),
                    _ => assert!(done.is_err(), "{role} reads {month}"),
                }
                let harmless =
                    statement.starts_with("select") || role == "castellan_owner" && !statement.starts_with("truncate");
                assert!(app.try_as(role, &statement).await.is_err() || harmless, "{role} may {statement}");
            }
        }
    }
    assert_eq!(whole(&app).await, before);
}

#[actix_web::test]
async fn the_replica_mode_of_a_session_switches_nothing_off() {
    let app = filled().await;
    let before = whole(&app).await;
    let mut tables = months(&app).await;
    tables.extend(TABLES.map(|(table, _)| table.to_owned()));
    for table in tables.iter().filter(|table| *table != "audit.unsealed") {
        for verb in ["delete from", "truncate"] {
            let statement = format!("set local session_replication_role = replica; {verb} {table}");
            let refused = app.try_as("none", &statement).await.expect_err(&statement);
            assert!(refused.contains("append-only") || refused.contains("only ever extended"), "{refused}");
        }
    }
    assert_eq!(whole(&app).await, before);
    app.execute("set local session_replication_role = replica; update control.tenants set notes = 'behind its back'")
        .await;
    assert_eq!(app.event("database.write").await.of("tenants").len(), 1);
    let waiting = "select count(*) from audit.unsealed u join audit.events e on e.id = u.event_id where e.action = 'database.write'";
    assert_eq!(app.number(waiting).await, 1, "it waits to be sealed");
}

#[actix_web::test]
async fn nobody_writes_past_the_door() {
    let app = filled().await;
    let roles = ROLES.into_iter().filter(|role| !["none", "castellan_owner"].contains(role));
    for role in roles {
        for (table, columns) in [
            ("audit.events", "id"),
            ("audit.events", "occurred_at"),
            ("audit.events", "database_user"),
            ("audit.events", "salt"),
            ("audit.events", "actor_kind, action, target_kind"),
            ("audit.changes", "id, event_id, salt"),
            ("audit.security_events", "id, occurred_at"),
            ("audit.unsealed", "log, event_id, occurred_at"),
            ("audit.leaves", "leaf, log, event_id, occurred_at"),
            ("audit.tiles", "level, tile, hashes"),
            ("audit.checkpoints", "tree_size, root, note"),
            ("audit.archives", "id, log, month"),
            ("audit.erasures", "event_id, log, row_count"),
            ("audit.rewrites", "id, archive_id, number"),
        ] {
            let is_its_work = role == "castellan_sealer"
                && !LOGS.contains(&table)
                && !["audit.unsealed", "audit.archives", "audit.erasures", "audit.rewrites"].contains(&table);
            let forged = format!("insert into {table} ({columns}) select {columns} from {table}");
            match app.try_as(role, &forged).await {
                Ok(()) => assert!(is_its_work, "{role} may {forged}"),
                Err(refused) => assert!(is_its_work || refused.contains("permission denied"), "{role}: {refused}"),
            }
        }
    }
    // What the door does not ask for is the server's.
    let settings = "set local castellan.occurred_at = '2000-01-01'; set local castellan.database_user = 'nobody'";
    let record = "audit.record('test.forge', 'success', false, null, 'tenant', null, null, null, null)";
    app.try_as("castellan_staff", &format!("{settings}; select {record}")).await.expect("an event");
    assert_eq!(app.event("test.forge").await.database_user, app.text("select session_user").await);
    let late =
        "select count(*) from audit.events where action = 'test.forge' and occurred_at < now() - interval '1 hour'";
    assert_eq!(app.number(late).await, 0);
}

/// What a role may write, and as whom; nothing where it writes no row of ours.
fn own_work(role: &str) -> Option<&'static str> {
    match role {
        "none" | "castellan_owner" | "castellan_staff" | "castellan_scoped" | "castellan_jobs" => {
            Some("update control.tenants set notes = 'forged'")
        }
        "castellan_auth" => Some("update control.users set name = 'forged'"),
        "castellan_acting" => Some("update control.clients set name = 'forged'"),
        _ => None,
    }
}

/// Whoever has a connection may set any setting.
#[actix_web::test]
async fn a_change_belongs_to_an_event_of_its_own_transaction() {
    let app = TestApp::start().await;
    let tenant = app.tenant("northwind").await;
    app.client(tenant, "bakery", "active").await;
    app.founder().await;
    app.happens(1).await;
    app.seal().await;
    let event = |order: &str| {
        format!("select id from audit.events where action = 'test.happen' order by occurred_at {order} limit 1")
    };
    let sealed = app.text(&event("asc")).await;
    app.happens(1).await;
    let waiting = app.text(&event("desc")).await;
    assert_ne!(sealed, waiting);
    let scope = format!("select set_config('castellan.tenant_ids', '{tenant}', true)");
    let before = app.text("select count(*) from audit.changes").await;
    for role in ROLES {
        let work = own_work(role).unwrap_or("update control.tenants set notes = 'forged'");
        for forged in [sealed.as_str(), waiting.as_str(), "c0ffee00-0000-4000-8000-000000000000"] {
            let at = app.texts(&format!("select occurred_at from audit.events where id = '{forged}'")).await;
            let at = at.first().map_or("2026-01-01", String::as_str);
            let refused = app
                .try_as(
                    role,
                    &format!(
                        "{scope}; select set_config('castellan.event_id', '{forged}', true), \
                    set_config('castellan.event_at', '{at}', true); {work}"
                    ),
                )
                .await
                .expect_err(role);
            match own_work(role) {
                Some(_) => assert!(refused.contains("an action of its own transaction"), "{role}: {refused}"),
                None => assert!(refused.contains("permission denied"), "{role}: {refused}"),
            }
        }
        let without = app.try_as(role, &format!("{scope}; savepoint here; {work}; rollback to here")).await;
        match role {
            // A hand in psql is recorded under its own name.
            "none" | "castellan_owner" => without.expect(role),
            _ => assert!(without.expect_err(role).contains(if own_work(role).is_some() {
                "needs an action"
            } else {
                "permission denied"
            })),
        }
    }
    assert_eq!(app.text("select count(*) from audit.changes").await, before);
    let record = "select audit.record('test.change', 'success', false, null, 'tenant', null, null, null, null)";
    let nested = format!(
        "{record}; savepoint one; update control.tenants set notes = 'lost'; rollback to one; savepoint two; \
        update control.tenants set notes = 'kept'"
    );
    app.try_as("castellan_staff", &nested).await.expect("savepoints are of the same transaction");
    assert_eq!(app.event("test.change").await.of("tenants").len(), 1);
}

#[actix_web::test]
async fn what_is_announced_as_a_read_changes_nothing() {
    let app = TestApp::start().await;
    app.tenant("northwind").await;
    let read = "select audit.record('test.look', 'success', true, null, 'tenant', null, null, null, null)";
    let before = app.text("select md5(string_agg(to_jsonb(t)::text, '')) from control.tenants t").await;
    for role in ["none", "castellan_owner", "castellan_staff", "castellan_jobs"] {
        for way in ["", "set transaction read write;", "savepoint here; set transaction read write;"] {
            let work = format!("{read}; {way} update control.tenants set notes = 'forged'");
            let refused = app.try_as(role, &work).await.expect_err(role);
            assert!(refused.contains("read-only") || refused.contains("read-write"), "{role}: {refused}");
        }
    }
    assert_eq!(app.text("select md5(string_agg(to_jsonb(t)::text, '')) from control.tenants t").await, before);
    assert_eq!(app.number("select count(*) from audit.events where action = 'test.look'").await, 0);
}

#[actix_web::test]
async fn every_month_is_guarded_and_none_takes_what_has_no_month() {
    let app = TestApp::start().await;
    let partitions = "select c.oid, c.relname, c.relrowsecurity and c.relforcerowsecurity as hidden, c.relacl,
            pg_get_expr(c.relpartbound, c.oid) as bound, p.relname as log
        from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_class p on p.oid = i.inhparent
        where p.relnamespace = 'audit'::regnamespace and c.relkind = 'r'";
    assert!(app.number(&format!("select count(*) from ({partitions}) c")).await >= 3 * 14);
    let open = format!("select relname from ({partitions}) c where bound = 'DEFAULT' or not hidden");
    assert_eq!(app.texts(&open).await, [""; 0]);
    let granted = format!(
        "select relname || ' ' || grantee::regrole from ({partitions}) c, aclexplode(relacl) where grantee <> 'castellan_owner'::regrole"
    );
    assert_eq!(app.texts(&granted).await, [""; 0]);
    let lacking = format!(
        "select relname || ' ' || wanted from ({partitions}) c, unnest(array['refuse_rewrite', 'refuse_truncate', 'await_sealing']) wanted
        where not (log = 'changes' and wanted = 'await_sealing')
            and not exists (select from pg_trigger g where g.tgrelid = c.oid and g.tgname = wanted and g.tgenabled = 'A')"
    );
    assert_eq!(app.texts(&lacking).await, [""; 0]);
    let later = "select audit.ensure_partitions(15)";
    assert_eq!(app.texts_as("castellan_jobs", "", later).await.expect("a job makes months"), ["9"]);
    assert_eq!(app.texts(&lacking).await, [""; 0], "months that are made later are guarded as well");
    assert_eq!(app.texts(&open).await, [""; 0]);
}
