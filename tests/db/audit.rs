//! The log that nobody gets around.

use crate::support::{PASSWORD, TestApp};

const LOGS: [&str; 3] = ["audit.events", "audit.changes", "audit.security_events"];

#[actix_web::test]
async fn nothing_changes_without_an_action() {
    let app = TestApp::start().await;
    app.tenant("northwind").await;
    let before = app.log_size().await;
    for role in ["castellan_staff", "castellan_jobs"] {
        for statement in [
            "update control.tenants set notes = 'x'",
            "insert into control.roles (id, name) values (gen_random_uuid(), 'x')",
            "delete from control.workspaces",
        ] {
            let refused = app.try_as(role, statement).await.expect_err(statement);
            assert!(refused.contains("needs an action"), "{role}: {refused}");
        }
    }
    let scope =
        "select set_config('castellan.tenant_ids', (select string_agg(id::text, ',') from control.tenants), true)";
    let statement =
        format!("reset role; {scope}; set local role castellan_scoped; update control.tenants set notes = 'x'");
    let refused = app.try_as("castellan_scoped", &statement).await.expect_err("a scoped write");
    assert!(refused.contains("needs an action"), "{refused}");
    let failed = "insert into control.users (id, email, name) values (gen_random_uuid(), 'x@example.com', 'x')";
    let refused = app.try_as("castellan_auth", failed).await.expect_err("sign-in's role");
    assert!(refused.contains("needs an action"), "{refused}");
    assert_eq!(app.log_size().await, before);
}

#[actix_web::test]
async fn a_hand_in_psql_is_recorded_under_its_own_name() {
    let app = TestApp::start().await;
    let id = app.tenant("northwind").await;
    app.execute("update control.tenants set notes = 'by hand'; delete from control.tenant_policies").await;
    let event = app.event("database.write").await;
    assert_eq!(event.actor_kind, "database");
    assert_eq!((event.actor_label.as_deref(), event.database_user.as_str()), (Some("postgres"), "postgres"));
    assert_eq!((event.actor_id, event.outcome.as_str()), (None, "success"));
    let (update, removal) = (event.of("tenants")[0], event.of("tenant_policies")[0]);
    assert_eq!((update.row_id, update.tenant_id), (Some(id), Some(id)));
    assert_eq!((&update.before["notes"], &update.after["notes"]), (&"".into(), &"by hand".into()));
    assert_eq!((removal.op.as_str(), removal.tenant_id), ("delete", Some(id)));
    assert_eq!(removal.before["session_idle_minutes"], 30);
}

#[actix_web::test]
async fn cascades_and_bulk_statements_are_recorded_row_by_row() {
    let app = TestApp::start().await;
    app.many_tenants(30).await;
    assert_eq!(app.event("database.write").await.of("tenants").len(), 30);
    let id = app.tenant("northwind").await;
    app.execute(&format!(
        "insert into control.tenant_domains (id, tenant_id, domain, verification_token)
            values (gen_random_uuid(), '{id}', 'northwind.example', 'token-of-sixteen-letters')"
    ))
    .await;
    app.execute(&format!(
        "delete from control.workspaces where tenant_id = '{id}'; delete from control.tenants where id = '{id}'"
    ))
    .await;
    let event = app.last_event().await;
    for table in ["tenants", "tenant_domains", "tenant_policies", "workspaces"] {
        assert_eq!(event.of(table).len(), 1, "{table}");
    }
}

#[actix_web::test]
async fn idle_connections_see_nothing() {
    let app = TestApp::start().await;
    let tables = app.texts(
        "select c.oid::regclass from pg_class c where relnamespace in ('control'::regnamespace, 'audit'::regnamespace)
        and relkind in ('r', 'p', 'v', 'm', 'S')",
    );
    let tables = tables.await;
    assert!(tables.len() > 30, "{tables:?}");
    for table in tables {
        let refused = app.texts_as("castellan_web", "", &format!("select 1 from {table} limit 1")).await;
        assert!(refused.expect_err(&table).contains("permission denied"), "{table}");
    }
    let callable = app.texts(
        "select p.oid::regprocedure from pg_proc p where pronamespace in ('control'::regnamespace, 'audit'::regnamespace)
        and prosecdef and has_function_privilege('castellan_web', p.oid, 'execute') order by 1",
    );
    assert_eq!(
        callable.await,
        [
            "audit.record(text,text,boolean,text,text,uuid,uuid,uuid,jsonb)",
            "audit.record_security(text,text,bytea,uuid,jsonb)",
            "control.session_authority(bytea)",
            "control.ended_session(bytea)",
            "control.note_use(uuid,text)",
            "control.token_authority(bytea,text)",
            "control.whereabouts(uuid[],text[])",
        ]
    );
}

#[actix_web::test]
async fn nothing_of_one_transaction_is_left_for_the_next() {
    let app = TestApp::start().await;
    let tenant = app.tenant("northwind").await;
    let manager = app.manager_of_tenant(tenant).await;
    assert_eq!(manager.get("/tenants").await.status, 200);
    let left = app.db().ask(|conn| {
        use diesel::prelude::*;
        use diesel::sql_types::Text;
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = Text)]
            left: String,
        }
        let row: Row = diesel::sql_query(
            "select concat_ws(',', current_user, nullif(current_setting('castellan.actor_id', true), ''),
                nullif(current_setting('castellan.tenant_ids', true), ''),
                nullif(current_setting('castellan.event_id', true), '')) as left",
        )
        .get_result(conn)?;
        Ok(row.left)
    });
    assert_eq!(left.await.expect("a connection"), "castellan_web");
}

#[actix_web::test]
async fn secrets_are_never_written_down() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    person.sign_in(&person.email, PASSWORD).await;
    let secrets = app
        .texts(
            "select secret_hash from control.user_credentials where secret_hash is not null
            union select encode(token_hash, 'hex') from control.sessions
            union select verification_token from control.tenant_domains",
        )
        .await;
    assert!(secrets.len() >= 3, "{secrets:?}");
    let mut logs = String::new();
    for table in LOGS {
        logs += &app.texts(&format!("select to_jsonb(t) from {table} t")).await.join("\n");
    }
    for secret in &secrets {
        assert!(!logs.contains(secret.as_str()), "a secret is in the log");
    }
    assert!(!logs.contains("$argon2") && !logs.contains(PASSWORD));
    let marked =
        "select count(*) from audit.changes where table_name = 'sessions' and after ->> 'token_hash' like 'secret%'";
    assert!(app.number(marked).await > 0, "that there was one is written down");
}

#[actix_web::test]
async fn what_fails_is_recorded_and_leaves_nothing_else() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let id = app.tenant("northwind").await;
    let form = admin.get(&format!("/tenants/{id}/edit")).await.form().with("name", "Never");
    app.execute(
        "create function control.break() returns trigger language plpgsql as $$ begin raise exception 'broken'; end $$;
        create trigger break before update on control.tenants for each row execute function control.break()",
    )
    .await;
    let page = admin.submit(&form).await;
    assert_eq!(page.status, 500);
    assert!(!page.text().contains("broken"));
    let event = app.event("tenant.update").await;
    assert_eq!((event.outcome.as_str(), event.changes.len(), event.actor_id), ("failure", 0, admin.id));
    assert_eq!(app.text("select name from control.tenants").await, "Northwind");
}
