//! Abuse of impersonations: of whom nobody may be, nested, longer than allowed, after it ended, in two tabs, replayed.

use uuid::Uuid;

use super::impersonations::{act_as, filled, look, northwind};
use super::{PLATFORM, confirm, give, make_role};
use crate::support::{Person, TestApp};

/// How often something was refused and noted, whose words are these.
async fn noted(app: &TestApp, why: &str) -> i64 {
    let query = "select count(*) from audit.security_events where kind = 'authz_fail' and details ->> 'why' = ";
    app.number(&format!("{query}'{why}'")).await
}

#[actix_web::test]
async fn staff_oneself_and_the_mighty_are_never_impersonated() {
    let app = TestApp::start().await;
    let (tenant, bob) = northwind(&app).await;
    let founder = app.founder().await;
    let (staff, _) = app.staff("support").await;
    let form = filled(&founder, bob, "read_only").await;
    let service = app.service("Exporter", &["tenants.export"]).await;
    let mighty = app.member(tenant, "max@northwind.example", "member").await;
    let role = make_role(&app, "viewer", &["tenants.view"]).await;
    give(&app, role, ("user_id", mighty), PLATFORM).await;
    for (id, asked) in [(founder.id.expect("somebody"), 1), (staff, 2), (service, 3), (mighty, 4)] {
        assert_eq!(founder.get(&format!("/people/{id}/impersonation/new")).await.status, 409, "{id}");
        let mut form = form.clone();
        form.action = format!("/people/{id}/impersonation");
        assert_eq!(founder.submit(&form).await.status, 409, "{id}");
        assert_eq!(noted(&app, "an impersonation that nobody may have").await, asked * 2);
    }
    for state in ["suspended", "pending", "deactivated"] {
        app.execute(&format!("update control.users set status = '{state}' where id = '{bob}'")).await;
        assert_eq!(founder.submit(&form).await.status, 409, "{state}");
    }
    app.execute(&format!("update control.users set status = 'active' where id = '{bob}'")).await;
    app.execute(&format!("update control.workspace_members set deleted_at = now() where user_id = '{bob}'")).await;
    assert_eq!(founder.submit(&form).await.status, 409, "without a tenant");
    assert_eq!(app.number("select count(*) from control.impersonation_sessions").await, 0);
}

#[actix_web::test]
async fn it_needs_the_privilege_and_elevation() {
    let app = TestApp::start().await;
    let (tenant, bob) = northwind(&app).await;
    let address = format!("/people/{bob}/impersonation/new");
    assert_eq!(app.auditor().await.get(&address).await.status, 403);
    let scoped = app.scoped_to_tenant(&["people.impersonate", "tenants.view"], tenant).await;
    assert_eq!(scoped.get(&address).await.status, 403, "it belongs to no tenant");
    let (id, email) = app.staff("support").await;
    let ada = app.unelevated(id, &email).await;
    assert!(ada.get(&address).await.location().starts_with("/elevation"));
}

#[actix_web::test]
async fn it_is_never_nested() {
    let app = TestApp::start().await;
    let (tenant, bob) = northwind(&app).await;
    let vera = app.member(tenant, "vera@northwind.example", "viewer").await;
    let (ada, eve) = (app.admin().await, app.admin().await);
    let form = filled(&ada, vera, "read_only").await;
    act_as(&app, &ada, &eve, bob).await;
    app.elevate(&ada).await;
    assert_eq!(ada.get(&format!("/people/{vera}/impersonation/new")).await.status, 403);
    let posted = ada.submit(&form).await;
    assert_eq!(posted.status, 403);
    assert!(posted.text().contains("Bob sees no clients"), "what was typed is kept");
    assert_eq!(app.number("select count(*) from control.impersonation_sessions").await, 1);
    assert!(noted(&app, "closed while impersonating").await >= 2);
    let noted = app.text(
        "select distinct (details ->> 'acting_for') || (details ->> 'impersonation_id' is not null)::text || tenant_id
        from audit.security_events where details ->> 'why' = 'closed while impersonating'",
    );
    assert_eq!(noted.await, format!("{bob}true{tenant}"), "security events have both names");
}

/// Moves the impersonation so far into the past that its time is over.
async fn outlive(app: &TestApp, id: &str) {
    app.execute(&format!(
        "update control.impersonation_sessions set started_at = now() - interval '2 hours',
            ends_at = now() - interval '1 second' - interval '2 hours' + make_interval(mins => minutes)
        where id = '{id}'"
    ))
    .await;
}

#[actix_web::test]
async fn it_does_not_outlive_its_time_by_direct_posts() {
    let app = TestApp::start().await;
    let (tenant, bob) = northwind(&app).await;
    let client = app.client(tenant, "bakery", "active").await;
    let (ada, eve) = (app.admin().await, app.admin().await);
    let id = act_as(&app, &ada, &eve, bob).await;
    let edit = ada.get(&format!("/clients/{client}/edit")).await.form().with("industry", "Bread");
    outlive(&app, &id).await;
    let before = app.log_size().await;
    for page in [
        ada.submit(&edit).await,
        ada.get(&format!("/tenants/{tenant}")).await,
        ada.get("/").await,
        ada.post_form("/clients", &[("name", "Late"), ("slug", "late")]).await,
        ada.get("/people").await,
        ada.get("/sign-in").await,
    ] {
        assert_eq!(page.status, 403, "{}", page.path);
        assert!(page.texts(".impersonating").join(" ").contains("Go on as yourself"), "{}", page.path);
    }
    assert_eq!(app.log_size().await, before, "nothing was changed");
    assert!(noted(&app, "acting for somebody else is over").await >= 6);
    let fragment = ada.htmx_get("/tenants").await;
    assert_eq!((fragment.status, fragment.header("hx-redirect")), (204, "/tenants"));
    assert_eq!(ada.post_form("/acting/end", &[]).await.status, 303);
    assert_eq!(app.text("select ended_reason from control.impersonation_sessions").await, "time");
    assert_eq!(ada.get("/people").await.status, 200);
}

#[actix_web::test]
async fn the_database_refuses_an_hour_and_a_minute_and_ones_own_approval() {
    let app = TestApp::start().await;
    let (_, bob) = northwind(&app).await;
    let ada = app.support().await;
    let id = look(&app, &ada, bob).await;
    for (change, rule) in [
        ("ends_at = started_at + interval '61 minutes'", "ends_check"),
        ("minutes = 61", "minutes_check"),
        ("target_user_id = admin_user_id", "oneself_check"),
        ("decided_by = admin_user_id", "four_eyes_check"),
        ("mode = 'acting'", "approved_check"),
    ] {
        let tried = app
            .try_as("none", &format!("update control.impersonation_sessions set {change} where id = '{id}'"))
            .await
            .expect_err(change);
        assert!(tried.contains(rule), "{change}: {tried}");
    }
}

/// Whatever happens to either of them in the middle, the next request is refused.
#[actix_web::test]
async fn what_happens_in_the_middle_ends_it() {
    let app = TestApp::start().await;
    let (_, bob) = northwind(&app).await;
    let changes = [
        "update control.users set status = 'suspended' where id = '{bob}'",
        "update control.users set deleted_at = now(), deleted_by = id where id = '{bob}'",
        "update control.users set is_staff = true where id = '{bob}'",
        "update control.workspace_members set deleted_at = now(), deleted_by = user_id where user_id = '{bob}'",
        "update control.tenants set deleted_at = now(), deleted_by = '{bob}'",
        "update control.assignments set revoked_at = now() where user_id = '{ada}'",
    ];
    let undo = "update control.users set status = 'active', deleted_at = null, deleted_by = null, is_staff = false
            where id = '{bob}';
        update control.workspace_members set deleted_at = null, deleted_by = null;
        update control.tenants set deleted_at = null, deleted_by = null";
    for change in changes {
        let ada = app.support().await;
        let spelled = |text: &str| {
            text.replace("{bob}", &bob.to_string()).replace("{ada}", &ada.id.expect("somebody").to_string())
        };
        let id = look(&app, &ada, bob).await;
        assert_eq!(ada.get("/tenants").await.status, 200, "{change}");
        app.execute(&spelled(change)).await;
        assert_eq!(ada.get("/tenants").await.status, 403, "{change}");
        assert_eq!(ada.post_form("/clients", &[]).await.status, 403, "{change}");
        app.enqueue(castellan::jobs::NewJob::of("access.finish_impersonations")).await;
        app.run_jobs().await;
        let status = format!("select status from control.impersonation_sessions where id = '{id}'");
        assert_eq!(app.text(&status).await, "ended", "{change}");
        app.execute(&spelled(undo)).await;
        assert_eq!(ada.get("/tenants").await.status, 403, "{change}: ended stays ended");
    }
    let ada = app.support().await;
    look(&app, &ada, bob).await;
    let id = ada.id.expect("somebody");
    app.execute(&format!("update control.users set status = 'suspended' where id = '{id}'")).await;
    assert!(ada.get("/tenants").await.location().starts_with("/sign-in"));
    app.leaves_jobs();
}

#[actix_web::test]
async fn cookies_from_before_during_and_after_are_worth_nothing() {
    let app = TestApp::start().await;
    let (_, bob) = northwind(&app).await;
    let ada = app.admin().await;
    let replay = async |cookie: &str| -> String {
        let thief = app.anonymous();
        thief.set_cookie("castellan", cookie);
        thief.get("/people").await.location()
    };
    let before = ada.cookie("castellan");
    look(&app, &ada, bob).await;
    assert!(replay(&before).await.starts_with("/sign-in"), "from before the start");
    let during = ada.cookie("castellan");
    ada.post_form("/acting/end", &[]).await;
    assert!(replay(&during).await.starts_with("/sign-in"), "after the stop");
    app.elevate(&ada).await;
    let id = look(&app, &ada, bob).await;
    let during = ada.cookie("castellan");
    assert_eq!(ada.post_form("/sign-out", &[]).await.status, 303);
    assert!(replay(&during).await.starts_with("/sign-in"), "after signing out in the middle");
    let row = &format!("select status || ' ' || ended_reason from control.impersonation_sessions where id = '{id}'");
    assert_eq!(app.text(row).await, "ended session ended");
}

#[actix_web::test]
async fn an_approved_one_is_begun_once() {
    let app = TestApp::start().await;
    let (_, bob) = northwind(&app).await;
    let (ada, eve) = (app.admin().await, app.admin().await);
    let elsewhere = app.browser_of(ada.id.expect("somebody"), &ada.email).await;
    let id = act_as(&app, &ada, &eve, bob).await;
    let again = elsewhere.post_form(&format!("/impersonations/{id}/beginning"), &[]).await;
    assert!(again.flash().contains("can no longer be begun"), "{}", again.flash());
    assert_eq!(elsewhere.get("/people").await.status, 200, "the other browser is who it was");
    assert_eq!(app.number("select count(*) from control.sessions where impersonation_id is not null").await, 1);
}

#[actix_web::test]
async fn two_tabs_do_not_mix() {
    let app = TestApp::start().await;
    let (_, bob) = northwind(&app).await;
    let ada = app.admin().await;
    let id = look(&app, &ada, bob).await;
    let own_tab = ada.htmx_get("/tenants").await;
    assert_eq!((own_tab.status, own_tab.header("hx-redirect")), (204, "/tenants"), "a page without the bar");
    let asked =
        ada.request(reqwest::Method::GET, "/tenants").header("HX-Request", "true").header("HX-Target", "div#list");
    let its_tab = ada.send(asked.header("Acting-Under", &id)).await;
    assert_eq!((its_tab.status, its_tab.is_whole()), (200, false));
    assert!(
        ada.get("/tenants").await.text().contains(&format!("Acting-Under&#34;:&#34;{id}"))
            || ada.get("/tenants").await.text().contains(&format!("\"Acting-Under\":\"{id}\""))
    );
    ada.post_form("/acting/end", &[]).await;
    let stale =
        ada.request(reqwest::Method::GET, "/tenants").header("HX-Request", "true").header("HX-Target", "div#list");
    let stale = ada.send(stale.header("Acting-Under", &id)).await;
    assert_eq!(
        (stale.status, stale.header("hx-redirect")),
        (204, "/tenants"),
        "a page with a bar that is no longer true"
    );
    assert_eq!(ada.htmx_get("/tenants").await.status, 200);
}

/// The one that ends while a change is on its way: the change waits, sees it, and is refused.
#[actix_web::test]
async fn a_post_in_flight_sees_that_it_ended() {
    let Some(app) = TestApp::on_server().await else { return };
    let (tenant, bob) = northwind(&app).await;
    let client = app.client(tenant, "bakery", "active").await;
    let (ada, eve) = (app.admin().await, app.admin().await);
    let id = act_as(&app, &ada, &eve, bob).await;
    let edit = ada.get(&format!("/clients/{client}/edit")).await.form().with("industry", "Bread");
    let enter = format!(
        "select set_config('castellan.impersonation_id', '{id}', true),
            set_config('castellan.actor_id', '{}', true), set_config('castellan.actor_kind', 'person', true)",
        ada.id.expect("somebody")
    );
    let record = "audit.record('test.change', 'success', false, null, 'client', null, null, null, null)";
    assert!(app.texts_as("castellan_acting", &enter, &format!("select {record}")).await.is_ok());
    outlive(&app, &id).await;
    let late = app.texts_as("castellan_acting", &enter, &format!("select {record}")).await;
    assert!(late.expect_err("it ended").contains("acting for somebody else is over"));
    assert_eq!(ada.submit(&edit).await.status, 403);
}

#[actix_web::test]
async fn ids_of_others_change_nothing() {
    let app = TestApp::start().await;
    let (_, bob) = northwind(&app).await;
    let (ada, eve) = (app.admin().await, app.admin().await);
    let form = filled(&ada, bob, "read_only").await;
    let before = eve.cookie("castellan");
    let smuggled = form
        .with("admin_user_id", &eve.id.expect("somebody").to_string())
        .with("status", "active")
        .with("decided_by", &eve.id.expect("somebody").to_string())
        .with("ends_at", "2999-01-01");
    confirm(&ada, &smuggled).await;
    let row = app.text(
        "select admin_user_id || ' ' || mode || ' ' || coalesce(decided_by::text, '-') || ' '
        || (ends_at <= now() + interval '60 minutes') from control.impersonation_sessions",
    );
    assert_eq!(row.await, format!("{} read_only - true", ada.id.expect("somebody")));
    assert_eq!(eve.cookie("castellan"), before);
    assert_eq!(eve.get("/people").await.status, 200);
    let nothing = Uuid::now_v7();
    let tried: &Person = &eve;
    assert_eq!(tried.post_form(&format!("/impersonations/{nothing}/beginning"), &[]).await.status, 404);
}

#[actix_web::test]
async fn approving_ones_own_request_is_refused_and_noted() {
    let app = TestApp::start().await;
    let (_, bob) = northwind(&app).await;
    let ada = app.admin().await;
    let form = filled(&ada, bob, "acting").await;
    let page = confirm(&ada, &form).await.1.location();
    let noted = "select count(*) from audit.security_events where kind = 'authz_fail' \
        and details ->> 'action' in ('impersonation.approve', 'impersonation.refuse')";
    assert_eq!(ada.get(&format!("{page}/approval/new")).await.status, 409);
    assert_eq!(app.number(noted).await, 0, "looking decides nothing");
    for (tries, decision) in ["approval", "refusal"].into_iter().enumerate() {
        let answer = ada.post_form(&format!("{page}/{decision}"), &[("reason", "it is fine")]).await;
        assert_eq!(answer.status, 409, "{decision}");
        assert_eq!(app.number(noted).await, i64::try_from(tries).expect("a few") + 1);
    }
    let target = page.trim_start_matches("/impersonations/");
    let told =
        format!("{noted} and actor_id = '{}' and details ->> 'target_id' = '{target}'", ada.id.expect("somebody"));
    assert_eq!(app.number(&told).await, 2);
    assert_eq!(app.text("select status from control.impersonation_sessions").await, "requested");
}
