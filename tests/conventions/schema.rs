//! Rules that the catalogue itself shows.

use crate::support::TestApp;

/// Everything of ours that is a table and not a partition of one.
const TABLES: &str = "select c.oid, c.relname, n.nspname, c.relrowsecurity, c.relforcerowsecurity
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('control', 'audit') and c.relkind in ('r', 'p') and not c.relispartition";

/// Logs and figures that are records themselves; see `replaceable/triggers.sql`.
const UNWATCHED: &str = "('login_attempts', 'idempotency_keys', 'deployment_tracking_events', 'client_analytics',
    'api_token_usage', 'ceremonies', 'security_alerts')";

async fn none(app: &TestApp, rule: &str, offenders: &str) {
    let found = app.texts(offenders).await;
    assert!(found.is_empty(), "{rule}: {}", found.join(", "));
}

#[actix_web::test]
async fn rows_are_kept_apart_on_every_table() {
    let app = TestApp::start().await;
    assert!(app.number(&format!("select count(*) from ({TABLES}) t")).await > 20);
    none(
        &app,
        "row security is on and forced",
        &format!("select relname from ({TABLES}) t where not (relrowsecurity and relforcerowsecurity)"),
    )
    .await;
    none(
        &app,
        "platform-wide staff have a policy that is a constant",
        &format!(
            "select relname from ({TABLES}) t where not exists (select from pg_policies p where p.schemaname = nspname
                and p.tablename = relname and p.qual = 'true' and 'castellan_staff' = any (p.roles))"
        ),
    )
    .await;
    none(
        &app,
        "what belongs to a tenant has a policy for people with a scope",
        &format!(
            "select relname from ({TABLES}) t where exists (select from pg_attribute a where a.attrelid = t.oid
                    and a.attname = 'tenant_id')
                and not exists (select from pg_policies p where p.schemaname = nspname and p.tablename = relname
                and p.policyname = 'scoped' and p.qual like '%tenant_ids%')"
        ),
    )
    .await;
}

#[actix_web::test]
async fn what_names_a_tenant_refers_to_it_and_is_found_by_it() {
    let app = TestApp::start().await;
    let with_tenant = format!(
        "select t.*, a.attnum from ({TABLES}) t join pg_attribute a on a.attrelid = t.oid and a.attname = 'tenant_id'
        where nspname = 'control'"
    );
    none(
        &app,
        "tenant_id is a reference or a part of one",
        &format!(
            "select relname from ({with_tenant}) t where not exists (select from pg_constraint k
                where k.conrelid = t.oid and k.contype = 'f' and t.attnum = any (k.conkey))"
        ),
    )
    .await;
    none(
        &app,
        "tenant_id begins an index",
        &format!(
            "select relname from ({with_tenant}) t where not exists (select from pg_index i
                where i.indrelid = t.oid and i.indkey[0] = t.attnum)"
        ),
    )
    .await;
}

#[actix_web::test]
async fn changes_are_recorded_and_stamped() {
    let app = TestApp::start().await;
    let control = format!("select * from ({TABLES}) t where nspname = 'control' and relname not in {UNWATCHED}");
    let lacks = |trigger: &str| {
        format!(
            "not exists (select from pg_trigger g where g.tgrelid = t.oid and g.tgname = '{trigger}'
                and g.tgenabled <> 'D')"
        )
    };
    none(
        &app,
        "every change is recorded",
        &format!("select relname from ({control}) t where {}", lacks("record_change")),
    )
    .await;
    let stamped = "exists (select from pg_attribute a where a.attrelid = t.oid and a.attname = 'updated_at')";
    none(
        &app,
        "updated_at is set by a trigger",
        &format!("select relname from ({control}) t where {stamped} and {}", lacks("stamp")),
    )
    .await;
    for trigger in ["refuse_rewrite", "refuse_truncate"] {
        let logs = format!("select relname from ({TABLES}) t where nspname = 'audit' and {}", lacks(trigger));
        none(&app, "logs are only appended to", &logs).await;
    }
    none(
        &app,
        "what people edit has a version, and what they delete says who did",
        &format!(
            "select relname || '.' || a.attname from ({control}) t join pg_attribute a on a.attrelid = t.oid
            where a.attname = 'deleted_at' and (select count(*) from pg_attribute b where b.attrelid = t.oid
                and b.attname in ('deleted_by', 'version')) < 2"
        ),
    )
    .await;
}

#[actix_web::test]
async fn names_and_comments_say_what_things_are() {
    let app = TestApp::start().await;
    none(
        &app,
        "tables have a comment",
        &format!("select relname from ({TABLES}) t where coalesce(obj_description(t.oid, 'pg_class'), '') = ''"),
    )
    .await;
    none(
        &app,
        "columns have a comment, but for those that mean the same everywhere",
        &format!(
            "select relname || '.' || attname from ({TABLES}) t join pg_attribute a on a.attrelid = t.oid
            where attnum > 0 and not attisdropped and coalesce(col_description(t.oid, attnum), '') = ''
                and attname not in ('id', 'version', 'created_at', 'created_by', 'updated_at', 'updated_by',
                    'deleted_at', 'deleted_by')"
        ),
    )
    .await;
    none(
        &app,
        "constraints are named after their table",
        &format!(
            "select conname from pg_constraint k join ({TABLES}) t on t.oid = k.conrelid
            where contype in ('p', 'u', 'f', 'c') and conname !~ ('^' || relname || '_.*_?(pkey|key|fkey|check)$')"
        ),
    )
    .await;
    none(
        &app,
        "ids are uuids, moments have a zone, text has no length of its own",
        &format!(
            "select relname || '.' || attname || ' ' || format_type(atttypid, atttypmod) from ({TABLES}) t
            join pg_attribute a on a.attrelid = t.oid where attnum > 0 and not attisdropped and (
                attname ~ '(^|_)id$' and atttypid <> 'uuid'::regtype and attname <> 'template_id'
                or atttypid in ('timestamp'::regtype, 'varchar'::regtype, 'float8'::regtype, 'numeric'::regtype, 'json'::regtype))"
        ),
    )
    .await;
    none(
        &app,
        "what refers to another table can be found from there",
        &format!(
            "select conname from pg_constraint k join ({TABLES}) t on t.oid = k.conrelid
            where contype = 'f' and not exists (select from pg_index i where i.indrelid = k.conrelid
                and i.indkey[0] = k.conkey[1])"
        ),
    )
    .await;
}
