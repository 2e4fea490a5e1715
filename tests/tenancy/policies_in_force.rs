//! What the console itself holds to: second factor and session length of a tenant's people, by policy or by an override
//! that runs.

use uuid::Uuid;

use crate::support::{Person, TestApp};

/// Staff who belong to a tenant.
async fn member(app: &TestApp, tenant: Uuid) -> Person {
    let person = app.admin().await;
    app.execute(&format!(
        "insert into control.workspace_members (id, workspace_id, tenant_id, user_id, role)
            select gen_random_uuid(), id, tenant_id, '{}', 'admin' from control.workspaces where tenant_id = '{tenant}'",
        person.id.expect("a person")
    ))
    .await;
    person
}

async fn overrides(app: &TestApp, tenant: Uuid, policy: &str, value: &str) {
    app.execute(&format!(
        "insert into control.policy_overrides (id, tenant_id, policy, value, reason, expires_at, created_at)
            values (gen_random_uuid(), '{tenant}', '{policy}', '{value}', 'test', now() + interval '1 day',
                now() - interval '2 days')"
    ))
    .await;
}

const OVER: &str = "update control.policy_overrides set expires_at = now() - interval '1 second'";

#[actix_web::test]
async fn an_override_asks_for_a_factor_while_it_runs() {
    let app = TestApp::start().await;
    let tenant = app.tenant("northwind").await;
    let person = member(&app, tenant).await;
    assert_eq!(person.get("/tenants").await.status, 200);
    overrides(&app, tenant, "mfa_required", "true").await;
    assert_eq!(person.get("/tenants").await.location(), "/account/factors");
    app.execute(OVER).await;
    assert_eq!(person.get("/tenants").await.status, 200, "at once when it is over");

    app.execute("update control.tenant_policies set mfa_required = true").await;
    assert_eq!(person.get("/tenants").await.location(), "/account/factors");
    app.execute("update control.policy_overrides set value = 'false', expires_at = now() + interval '1 day'").await;
    assert_eq!(person.get("/tenants").await.status, 200, "an override lifts it, too");
    app.execute("update control.policy_overrides set deleted_at = now()").await;
    assert_eq!(person.get("/tenants").await.location(), "/account/factors");
    app.execute("update control.policy_overrides set deleted_at = null, value = '\"nonsense\"'").await;
    assert_eq!(
        person.get("/tenants").await.location(),
        "/account/factors",
        "a value of another type counts for nothing"
    );
}

/// Lets a session be older, and unused for a while.
async fn age(app: &TestApp, person: &Person, hours: u32, idle_minutes: u32) {
    let id = person.id.expect("a person");
    app.execute(&format!(
        "update control.sessions set created_at = now() - interval '{hours} hours',
            last_seen_at = now() - interval '{idle_minutes} minutes' where user_id = '{id}' and revoked_at is null"
    ))
    .await;
}

async fn idle_minutes(app: &TestApp, person: &Person) -> i64 {
    let id = person.id.expect("a person");
    app.number(&format!(
        "select round(extract(epoch from idle_expires_at - last_seen_at) / 60)::bigint from control.sessions
        where user_id = '{id}' and revoked_at is null order by created_at desc limit 1"
    ))
    .await
}

#[actix_web::test]
async fn sessions_are_as_short_as_the_strictest_tenant_wants() {
    let app = TestApp::start().await;
    let (strict, lax) = (app.tenant("strict").await, app.tenant("lax").await);
    let person = member(&app, strict).await;
    app.execute(&format!(
        "insert into control.workspace_members (id, workspace_id, tenant_id, user_id, role)
            select gen_random_uuid(), id, tenant_id, '{}', 'admin' from control.workspaces where tenant_id = '{lax}';
        update control.tenant_policies set session_idle_minutes = 10 where tenant_id = '{strict}';
        update control.tenant_policies set session_idle_minutes = 600 where tenant_id = '{lax}'",
        person.id.expect("a person")
    ))
    .await;
    age(&app, &person, 0, 2).await;
    assert_eq!(person.get("/tenants").await.status, 200);
    assert_eq!(idle_minutes(&app, &person).await, 10);
    overrides(&app, strict, "session_idle_minutes", "5").await;
    age(&app, &person, 0, 2).await;
    assert_eq!(person.get("/tenants").await.status, 200);
    assert_eq!(idle_minutes(&app, &person).await, 5);
    let fresh = app.browser_of(person.id.expect("a person"), &person.email).await;
    assert_eq!(idle_minutes(&app, &person).await, 5, "from the beginning, too");
    assert_eq!(fresh.post_form("/sign-out", &[]).await.status, 303);
    app.execute(OVER).await;
    age(&app, &person, 0, 2).await;
    assert_eq!(person.get("/tenants").await.status, 200);
    assert_eq!(idle_minutes(&app, &person).await, 10, "what is over has no effect any more");
    let other = app.admin().await;
    age(&app, &other, 0, 2).await;
    assert_eq!(other.get("/tenants").await.status, 200);
    assert_eq!(idle_minutes(&app, &other).await, 30, "who belongs to no tenant has the console's own half hour");
}

#[actix_web::test]
async fn a_session_ends_after_the_hours_of_its_tenant_for_good() {
    let app = TestApp::start().await;
    let tenant = app.tenant("northwind").await;
    let person = member(&app, tenant).await;
    overrides(&app, tenant, "session_absolute_hours", "2").await;
    age(&app, &person, 1, 2).await;
    assert_eq!(person.get("/tenants").await.status, 200);
    age(&app, &person, 3, 2).await;
    assert!(person.get("/tenants").await.location().starts_with("/sign-in"));
    app.execute(OVER).await;
    assert!(person.get("/tenants").await.location().starts_with("/sign-in"), "it does not come back");
}
