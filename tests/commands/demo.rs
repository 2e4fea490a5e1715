//! Demo data, from the command line and at the first start.

use castellan::commands::demo::{self, Amounts};

use crate::support::{TestApp, TestDatabase};

const SMALL: Amounts = Amounts { tenants: 40, clients: 60, events: 300 };

/// Makes up a little of everything.
pub async fn load(app: &TestApp) {
    let loaded = app.db().ask(|conn| Ok(demo::load_into(conn, SMALL, |_, _| ())?)).await;
    loaded.expect("the demo data can be loaded");
}

#[actix_web::test]
async fn every_state_is_there_and_every_page_shows_it() {
    let app = TestApp::start().await;
    app.leaves_jobs();
    load(&app).await;
    let states = "select distinct status from control.tenants order by 1";
    assert_eq!(app.texts(states).await, ["active", "closed", "closing", "suspended", "trial"]);
    let states = "select distinct status from control.clients order by 1";
    assert_eq!(app.texts(states).await, ["active", "archived", "draft", "paused"]);
    assert_eq!(app.number("select count(*) from control.tenants where deleted_at is not null").await, 1);
    assert_eq!(app.number("select count(*) from control.job_queue where status = 'dead'").await, 4);

    let founder = app.founder().await;
    let tenant = app.text("select id from control.tenants where slug = 'ostfold-bygg'").await;
    let client = app.text(&format!("select id from control.clients where tenant_id = '{tenant}' limit 1")).await;
    for path in [
        "/",
        "/tenants",
        "/tenants?deleted=yes",
        "/clients",
        "/audit",
        "/security-events",
        &format!("/tenants/{tenant}"),
        &format!("/tenants/{tenant}/history"),
        &format!("/clients/{client}"),
    ] {
        assert_eq!(founder.get(path).await.status, 200, "{path}");
    }
}

#[actix_web::test]
async fn the_load_is_one_event_and_made_up_events_say_so() {
    let app = TestApp::start().await;
    app.leaves_jobs();
    load(&app).await;
    let loads = "select actor_label || ' ' || (details ->> 'tenants') || ' ' || coalesce(details ->> 'row_changes', '') \
        from audit.events where action = 'demo.load'";
    assert_eq!(app.texts(loads).await, ["demo 40 "]);
    let recorded = "select count(*) from audit.changes c join audit.events e on e.id = c.event_id \
        where e.action = 'demo.load' and c.table_name = 'tenants'";
    assert_eq!(app.number(recorded).await, 40);
    let unmarked = "select count(*) from audit.events \
        where actor_kind in ('person', 'job') and not details ? 'demo'";
    assert_eq!(app.number(unmarked).await, 0);
    assert_eq!(app.number("select count(*) from audit.events where occurred_at > now()").await, 0);
    let kinds = app.texts("select distinct kind from audit.security_events").await;
    let known = |kind: &String| castellan::db::SecurityKind::NAMES.contains(&kind.as_str());
    assert!(!kinds.is_empty() && kinds.iter().all(known), "{kinds:?}");
    assert_eq!(app.number("select count(*) from pg_namespace where nspname = 'demo'").await, 0);
}

#[actix_web::test]
async fn nothing_made_up_is_due_and_nobody_made_up_can_sign_in() {
    let app = TestApp::start().await;
    app.leaves_jobs();
    load(&app).await;
    let due = "select count(*) from control.job_queue \
        where status in ('queued', 'failed') and run_at < now() + interval '1 hour' and schedule_slot is null";
    assert_eq!(app.number(due).await, 0);
    assert_eq!(app.number("select count(*) from control.outbox where status = 'pending'").await, 0);
    assert_eq!(app.number("select count(*) from control.user_credentials").await, 0);
    let staff = "select count(*) from control.sessions s join control.users u on u.id = s.user_id where u.is_staff";
    assert_eq!(app.number(staff).await, 0);
}

#[actix_web::test]
async fn a_second_load_adds_to_the_first() {
    let app = TestApp::start().await;
    app.leaves_jobs();
    load(&app).await;
    load(&app).await;
    assert_eq!(app.number("select count(*) from control.tenants").await, 80);
    assert_eq!(app.number("select count(*) from control.clients").await, 120);
    assert_eq!(app.number("select count(*) from control.users where is_staff").await, 9);
}

#[test]
fn the_same_amounts_make_the_same_names() {
    let names = || {
        let database = TestDatabase::migrated();
        let url = database.engine().url();
        demo::load(url, SMALL, |_, _| ()).expect("the demo data can be loaded");
        assert!(!demo::load_if_empty(url).expect("the database can be asked"), "it has tenants already");
        let mut conn = castellan::db::migrate::connect(url).expect("the database can be reached");
        let sql = "select string_agg(concat_ws('/', name, slug, region, status), ' ' order by name_sort) as text \
            from control.tenants";
        diesel::RunQueryDsl::get_result::<Names>(diesel::sql_query(sql), &mut conn).expect("names").text
    };
    assert_eq!(names(), names());
}

#[derive(diesel::QueryableByName)]
struct Names {
    #[diesel(sql_type = diesel::sql_types::Text)]
    text: String,
}
