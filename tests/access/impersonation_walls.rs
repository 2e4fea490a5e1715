//! What is closed to whoever impersonates: by every route, and by the database on its own.

use castellan::actor::{Impersonating, Needs};
use castellan::routes;
use castellan::web::route::Route;
use uuid::Uuid;

use super::impersonations::{act_as, look, northwind};
use crate::support::{Person, TestApp};

const NOTHING: &str = "019a0000-0000-7000-8000-000000000000";

fn address(path: &str) -> String {
    let parts = path.split('/').map(|part| match part.find('{') {
        Some(0) => format!("{NOTHING}{}", &part[part.find('}').map_or(part.len(), |end| end + 1)..]),
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("/")
}

async fn ask(person: &Person, method: &str, path: &str) -> u16 {
    match method {
        "GET" => person.get(&address(path)).await.status,
        _ => person.post_form(&address(path), &[]).await.status,
    }
}

/// Every route that is not declared open is closed, to those who act as to those who look.
#[actix_web::test]
async fn every_route_that_is_not_declared_open_is_closed() {
    let app = TestApp::start().await;
    let (_, bob) = northwind(&app).await;
    let (looks, acts, eve) = (app.admin().await, app.admin().await, app.admin().await);
    look(&app, &looks, bob).await;
    act_as(&app, &acts, &eve, bob).await;
    // Elevation that somebody smuggles in opens nothing either.
    app.elevate(&looks).await;
    app.elevate(&acts).await;
    let before = app.written_events().await.len();
    for route in routes::table().into_iter().filter(|route| !route.in_any_name) {
        let named = format!("{} {}", route.method, route.path);
        let (looking, acting) =
            (ask(&looks, route.method.as_str(), route.path).await, ask(&acts, route.method.as_str(), route.path).await);
        let is_get = route.method == "GET";
        match route.while_impersonating {
            Impersonating::Closed => assert_eq!((looking, acting), (403, 403), "{named}"),
            Impersonating::Looking => {
                assert!(is_get || route.only_asks, "{named} changes under a privilege that only looks");
                assert!(looking != 403 && acting != 403, "{named}: {looking} {acting}");
            }
            Impersonating::Acting => {
                assert_eq!(looking, 403, "{named}");
                assert!(acting != 403 && acting < 500, "{named}: {acting}");
            }
        }
    }
    assert_eq!(app.written_events().await.len(), before, "nothing was changed");
    assert_eq!(looks.get("/tenants").await.status, 200, "and both are still in it");
    assert_eq!(acts.get("/tenants").await.status, 200);
}

#[actix_web::test]
async fn what_is_never_opened_is_closed_by_type() {
    let is_own = |needs: Needs| needs != Needs::Grant;
    for route in routes::table().into_iter().filter(|route| !route.in_any_name) {
        let is_export = route.path.ends_with(".csv") || route.path.ends_with(".json");
        if is_own(route.needs) || is_export || route.elevated {
            assert_eq!(route.while_impersonating, Impersonating::Closed, "{} {}", route.method, route.path);
        }
    }
    let asks = |route: &&Route| route.only_asks && route.method != "GET";
    let asking: Vec<&str> = routes::table().iter().filter(asks).map(|route| route.path).collect();
    assert_eq!(asking, ["/go"], "what is sent to these changes nothing");
    let open: Vec<&str> = routes::table().iter().filter(|route| route.in_any_name).map(|route| route.path).collect();
    assert_eq!(open, ["/sign-out", "/acting/end", "/read-reason", "/read-reason", "/read-reason/end"]);
}

fn scope(tenant: Uuid) -> String {
    format!("select set_config('castellan.tenant_ids', '{tenant}', true)")
}

/// With all filters of the application removed, one tenant is all there is.
#[actix_web::test]
async fn row_security_keeps_the_other_tenants_away() {
    let app = TestApp::start().await;
    let (tenant, _) = northwind(&app).await;
    let other = app.tenant("contoso").await;
    app.member(other, "carl@contoso.example", "owner").await;
    app.client(tenant, "bakery", "active").await;
    app.client(other, "smithy", "active").await;
    for role in ["castellan_viewing", "castellan_acting"] {
        let seen = async |query: &str| app.texts_as(role, &scope(tenant), query).await.expect("it may read");
        assert_eq!(seen("select id from control.tenants").await, [tenant.to_string()], "{role}");
        for table in ["clients", "workspaces", "workspace_members", "tenant_policies"] {
            let tenants = seen(&format!("select distinct tenant_id from control.{table}")).await;
            assert_eq!(tenants, [tenant.to_string()], "{role} {table}");
        }
        assert_eq!(seen("select email from control.users").await, ["bob@northwind.example"], "{role}");
        let events = seen("select distinct tenant_id from audit.events").await;
        assert_eq!(events, [tenant.to_string()], "{role}");
        let none = app.texts_as(role, "select 1", "select id from control.tenants").await;
        assert_eq!(none, Ok(Vec::new()), "{role} without a scope");
    }
    let stolen = format!("update control.clients set name = 'Stolen' where tenant_id = '{other}'");
    let enter = format!("{};", scope(tenant));
    app.try_as("castellan_acting", &format!("{enter} {stolen}")).await.expect("it hits no row");
    assert_eq!(app.number("select count(*) from control.clients where name = 'Stolen'").await, 0);
    let made = format!(
        "insert into control.clients (id, tenant_id, slug, name, status)
        values (gen_random_uuid(), '{other}', 'new', 'New', 'active')"
    );
    let made = app.try_as("castellan_acting", &format!("{enter} {made}")).await.expect_err("another tenant");
    assert!(made.contains("row-level security"), "{made}");
}

/// Tables that whoever acts may write, and columns that whoever looks may read only in part.
const WRITABLE: [&str; 5] =
    ["client_customizations", "client_deployments", "clients", "deployment_tracking_events", "idempotency_keys"];

#[actix_web::test]
async fn the_database_refuses_what_the_application_would_let_through() {
    let app = TestApp::start().await;
    let (tenant, bob) = northwind(&app).await;
    let written = |role: &str| {
        format!(
            "select distinct table_name::text from information_schema.role_table_grants
            where grantee = '{role}' and privilege_type <> 'SELECT' and table_schema in ('control', 'audit') order by 1"
        )
    };
    assert_eq!(app.texts(&written("castellan_viewing")).await, Vec::<String>::new());
    assert_eq!(app.texts(&written("castellan_acting")).await, WRITABLE);
    for role in ["castellan_viewing", "castellan_acting"] {
        for statement in [
            format!("update control.users set name = 'Mallory' where id = '{bob}'"),
            "insert into control.user_credentials (id, user_id, kind) values (gen_random_uuid(), null, 'password')"
                .into(),
            "update control.sessions set revoked_at = now()".into(),
            "update control.sessions set impersonation_id = null".into(),
            "update control.impersonation_sessions set ends_at = now() + interval '1 day'".into(),
            "insert into control.api_tokens (id) values (gen_random_uuid())".into(),
            "insert into control.assignments (id) values (gen_random_uuid())".into(),
            "update control.roles set name = 'x'".into(),
            "insert into control.role_privileges values (null, null)".into(),
            format!("update control.tenant_policies set mfa_required = false where tenant_id = '{tenant}'"),
            "delete from control.tenant_domains".into(),
            "update control.workspace_members set role = 'owner'".into(),
            "update control.tenants set status = 'closed'".into(),
            "delete from control.clients".into(),
            "select * from control.user_credentials".into(),
            "select * from control.sessions".into(),
            "select * from control.api_tokens".into(),
            "select verification_token from control.tenant_domains".into(),
            "select payload from control.job_queue".into(),
            "select payload from control.outbox".into(),
            "select * from control.impersonation_sessions".into(),
            "select * from control.assignments".into(),
            "select * from control.login_attempts".into(),
            "select * from audit.security_events".into(),
            "select control.session_authority('x')".into(),
            "create table control.mine (id uuid)".into(),
        ] {
            let refused = app.try_as(role, &format!("{}; {statement}", scope(tenant))).await.expect_err(&statement);
            assert!(refused.contains("permission denied"), "{role}: {statement}: {refused}");
        }
    }
    let client = "update control.clients set name = 'x'";
    let refused = app.try_as("castellan_viewing", client).await.expect_err("it only looks");
    assert!(refused.contains("permission denied"), "{refused}");
}

/// A table that comes later is closed until somebody opens it.
#[actix_web::test]
async fn new_tables_are_closed() {
    let app = TestApp::start().await;
    app.try_as(
        "castellan_owner",
        "create table control.invoices (id uuid); grant select on control.invoices to castellan_staff",
    )
    .await
    .expect("the owner may");
    for role in ["castellan_viewing", "castellan_acting"] {
        let refused = app.try_as(role, "select * from control.invoices").await.expect_err(role);
        assert!(refused.contains("permission denied"), "{refused}");
    }
}

/// No event of a change can be opened by whoever only looks, and none outside of an impersonation.
#[actix_web::test]
async fn whoever_looks_opens_no_event_of_a_change() {
    let app = TestApp::start().await;
    let (_, bob) = northwind(&app).await;
    let ada = app.support().await;
    let id = look(&app, &ada, bob).await;
    let enter = format!(
        "select set_config('castellan.impersonation_id', '{id}', true),
            set_config('castellan.actor_id', '{}', true), set_config('castellan.actor_kind', 'person', true)",
        ada.id.expect("somebody")
    );
    let record = |is_read: bool| {
        format!("select audit.record('test.page', 'success', {is_read}, null, 'client', null, null, null, null)")
    };
    let refused = app.texts_as("castellan_viewing", &enter, &record(false)).await.expect_err("it only looks");
    assert!(refused.contains("permission denied"), "{refused}");
    app.texts_as("castellan_viewing", &enter, &record(true)).await.expect("pages that are seen are recorded");
    let refused = app.texts_as("castellan_acting", "select 1", &record(false)).await.expect_err("in no impersonation");
    assert!(refused.contains("acting for somebody else is over"), "{refused}");
}

#[actix_web::test]
async fn a_change_by_one_who_only_looks_keeps_what_was_typed() {
    let app = TestApp::start().await;
    let (tenant, bob) = northwind(&app).await;
    let client = app.client(tenant, "bakery", "active").await;
    let ada = app.admin().await;
    let form = ada.get(&format!("/clients/{client}/edit")).await.form().with("industry", "Bread and cake");
    look(&app, &ada, bob).await;
    let refused = ada.submit(&form).await;
    assert_eq!(refused.status, 403);
    assert!(refused.text().contains("can only look"), "{}", refused.message());
    assert_eq!(refused.form().value("industry"), "Bread and cake");
    ada.post_form("/acting/end", &[]).await;
    let sent = ada.submit(&refused.form()).await;
    assert_eq!(sent.status, 303, "{:?}", sent.errors());
    assert_eq!(app.text("select industry from control.clients").await, "Bread and cake");
}
