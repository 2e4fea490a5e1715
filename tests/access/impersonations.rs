//! Impersonations: begun, approved, seen, listed and ended.

use uuid::Uuid;

use super::{act, confirm};
use crate::support::{FilledForm, Page, Person, TestApp};

/// A tenant with an owner, who is not staff.
pub(super) async fn northwind(app: &TestApp) -> (Uuid, Uuid) {
    let tenant = app.tenant("northwind").await;
    (tenant, app.member(tenant, "bob@northwind.example", "owner").await)
}

/// The filled form that begins or asks for one.
pub(super) async fn filled(person: &Person, target: Uuid, mode: &str) -> FilledForm {
    let page = person.get(&format!("/people/{target}/impersonation/new")).await;
    assert_eq!(page.status, 200, "{:?} {}", page.errors(), page.message());
    page.form().with("mode", mode).with("ticket", "SUP-7").with("reason", "Bob sees no clients")
}

/// Begins to look as somebody. Returns the impersonation's id.
pub(super) async fn look(app: &TestApp, person: &Person, target: Uuid) -> String {
    let form = filled(person, target, "read_only").await;
    confirm(person, &form).await;
    app.text("select id from control.impersonation_sessions order by created_at desc limit 1").await
}

/// Has somebody else approve that a person acts as another, and begins. Returns the impersonation's id.
pub(super) async fn act_as(app: &TestApp, person: &Person, approver: &Person, target: Uuid) -> String {
    let form = filled(person, target, "acting").await;
    let (_, asked) = confirm(person, &form).await;
    let page = asked.location();
    let (_, approved) = act(approver, &format!("{page}/approval")).await;
    assert_eq!(approved.status, 303, "{:?}", approved.errors());
    let begun = person.post_form(&format!("{page}/beginning"), &[]).await;
    assert_eq!(begun.status, 303);
    assert!(begun.location().starts_with("/tenants/"), "{}", begun.flash());
    app.leaves_jobs();
    page.trim_start_matches("/impersonations/").to_owned()
}

fn bar(page: &Page) -> String {
    page.texts(".impersonating").join(" ")
}

#[actix_web::test]
async fn looking_shows_what_the_person_sees_and_nothing_of_ones_own() {
    let app = TestApp::start().await;
    let (tenant, bob) = northwind(&app).await;
    let other = app.tenant("contoso").await;
    let ada = app.support().await;
    let form = filled(&ada, bob, "read_only").await;
    let (shown, done) = confirm(&ada, &form).await;
    assert!(shown.text().contains("bob@northwind.example"), "the mail is among what leaves the system");
    assert_eq!(done.location(), format!("/tenants/{tenant}"));
    let page = ada.get(&done.location()).await;
    assert_eq!((page.status, page.title().as_str()), (200, "Northwind"));
    let said = bar(&page);
    assert!(said.contains("bob@northwind.example") && said.contains("Northwind") && said.contains("Only looking"));
    assert_eq!(ada.get("/tenants").await.names(), ["Northwind"]);
    assert_eq!(ada.get(&format!("/tenants/{other}")).await.status, 404);
    for address in ["/", "/clients", "/go?q=northwind"] {
        let page = ada.get(address).await;
        assert!([200, 303].contains(&page.status), "{address}: {} {}", page.status, page.message());
        assert!(page.status == 303 || bar(&page).contains("Only looking"), "{address} has no bar");
    }
    for tab in ["people", "clients", "policies", "history"] {
        assert_eq!(ada.get(&format!("/tenants/{tenant}/{tab}")).await.status, 200, "{tab}");
    }
    for closed in ["/people", "/jobs", "/audit", "/account/sessions", "/tenants.csv", "/impersonations", "/elevation"] {
        let page = ada.get(closed).await;
        assert_eq!(page.status, 403, "{closed}");
        assert!(bar(&page).contains("Stop") || closed.ends_with(".csv"), "{closed} has no bar");
    }
    assert_eq!(ada.get(&format!("/tenants/{tenant}/domains")).await.status, 403, "how a domain is proven is a secret");
    assert!(!page.text().contains("/domains\""), "nor is there a tab");
    let areas = page.texts("#side a");
    assert_eq!(areas.iter().filter(|area| area.starts_with("People") || area.starts_with("Audit")).count(), 0);
    assert_eq!(bar(&ada.get("/no-such-page").await).contains("Stop"), ada.get("/no-such-page").await.is_whole());
}

#[actix_web::test]
async fn stopping_gives_back_ones_own_rights_and_another_token() {
    let app = TestApp::start().await;
    let (_, bob) = northwind(&app).await;
    let ada = app.admin().await;
    let before = ada.cookie("castellan");
    let id = look(&app, &ada, bob).await;
    let during = ada.cookie("castellan");
    assert_ne!(before, during);
    let stopped = ada.post_form("/acting/end", &[]).await;
    assert_eq!((stopped.status, stopped.location().as_str()), (303, "/"));
    assert_ne!(ada.cookie("castellan"), during);
    assert_eq!(ada.get("/people").await.status, 200);
    assert!(bar(&ada.get("/").await).is_empty());
    let row = format!(
        "select status || ' ' || ended_reason || ' ' || (ended_by = admin_user_id) from control.impersonation_sessions
        where id = '{id}'"
    );
    assert_eq!(app.text(&row).await, "ended stopped true");
    assert_eq!(ada.get(&format!("/people/{bob}/impersonation/new")).await.status, 303, "elevation ended, too");
}

#[actix_web::test]
async fn every_page_and_change_is_recorded_under_both_names() {
    let app = TestApp::start().await;
    let (tenant, bob) = northwind(&app).await;
    let (ada, eve) = (app.support().await, app.admin().await);
    let client = app.client(tenant, "bakery", "active").await;
    let id = act_as(&app, &ada, &eve, bob).await;
    assert_eq!(ada.get(&format!("/tenants/{tenant}")).await.status, 200);
    let edit = ada.get(&format!("/clients/{client}/edit")).await;
    let saved = ada.submit(&edit.form().with("industry", "Bread").with("reason", "because")).await;
    assert_eq!(saved.status, 303, "{:?}", saved.errors());
    let both = format!(
        "select count(*) from audit.events where actor_id = '{}' and effective_actor_id = '{bob}'
            and impersonation_id = '{id}' and tenant_id = '{tenant}'",
        ada.id.expect("somebody")
    );
    assert_eq!(app.number(&format!("{both} and is_read")).await, 2);
    assert_eq!(app.number(&format!("{both} and action = 'client.update'")).await, 1);
    ada.post_form("/acting/end", &[]).await;
    let (auditor, founder) = (app.auditor().await, app.founder().await);
    let log = auditor.get("/audit?acting=impersonation").await;
    let who: Vec<String> = log.rows().into_iter().map(|row| row[1].clone()).collect();
    assert_eq!(who.len(), 4, "two reads, the change and the stop: {who:?}");
    assert!(who.iter().all(|who| *who == format!("{} as bob@northwind.example", ada.email)), "{who:?}");
    let csv = auditor.get("/audit.csv?acting=impersonation").await;
    assert!(csv.text().lines().count() > 1, "{}", csv.text());
    assert!(csv.text().lines().skip(1).all(|line| line.contains(&id) && line.contains(&bob.to_string())));
    let listed = auditor.get("/impersonations").await.rows();
    assert_eq!((listed[0][6].as_str(), listed[0][7].as_str()), ("2", "1"), "{listed:?}");
    let page = auditor.get(&format!("/impersonations/{id}")).await;
    assert!(page.text().contains(&format!("/clients/{client}/edit")));
    let history = founder.get(&format!("/people/{bob}/history")).await;
    assert!(history.text().contains("impersonation.begin") && history.text().contains("session.stop_acting"));
    let history = founder.get(&format!("/tenants/{tenant}/history")).await;
    assert!(history.text().contains("impersonation.begin") && history.text().contains("as bob@northwind.example"));
}

#[actix_web::test]
async fn the_person_is_told_by_mail_who_why_and_how_long() {
    let app = TestApp::start().await;
    let (tenant, bob) = northwind(&app).await;
    let ada = app.support().await;
    look(&app, &ada, bob).await;
    let letter =
        app.text("select recipient || ' ' || tenant_id || ' ' || (payload ->> 'text') from control.outbox").await;
    let name = app.text(&format!("select name from control.users where id = '{}'", ada.id.expect("somebody"))).await;
    for part in ["bob@northwind.example", &tenant.to_string(), &name, "SUP-7", "Bob sees no clients"] {
        assert!(letter.contains(part), "{part}: {letter}");
    }
    assert!(!letter.contains(&ada.email), "the address of the staff stays with them");
}

#[actix_web::test]
async fn acting_waits_for_a_second_person() {
    let app = TestApp::start().await;
    let (_, bob) = northwind(&app).await;
    let (ada, eve) = (app.admin().await, app.admin().await);
    let form = filled(&ada, bob, "acting").await;
    let (_, asked) = confirm(&ada, &form).await;
    let page = asked.location();
    assert_eq!(app.number("select count(*) from control.outbox").await, 0, "nobody is told of a request");
    let early = ada.post_form(&format!("{page}/beginning"), &[]).await;
    assert!(early.flash().contains("can no longer be begun"), "{}", early.flash());
    let own = ada.get(&format!("{page}/approval/new")).await;
    assert_eq!(own.status, 409, "nobody approves for themselves");
    let (_, done) = act(&eve, &format!("{page}/approval")).await;
    assert_eq!(done.status, 303);
    let others = eve.post_form(&format!("{page}/beginning"), &[]).await;
    assert!(others.flash().starts_with("Only "), "{}", others.flash());
    assert_eq!(ada.post_form(&format!("{page}/beginning"), &[]).await.status, 303);
    assert!(bar(&ada.get("/").await).contains("Acting"));
    let again = eve.get(&format!("{page}/approval/new")).await;
    assert_eq!(again.status, 409, "decided once");
    app.leaves_jobs();
}

#[actix_web::test]
async fn refused_and_lapsed_requests_are_not_begun() {
    let app = TestApp::start().await;
    let (_, bob) = northwind(&app).await;
    let (ada, eve) = (app.admin().await, app.admin().await);
    let form = filled(&ada, bob, "acting").await;
    let page = confirm(&ada, &form).await.1.location();
    assert_eq!(act(&eve, &format!("{page}/refusal")).await.1.status, 303);
    assert!(ada.post_form(&format!("{page}/beginning"), &[]).await.flash().contains("can no longer"));
    let form = filled(&ada, bob, "acting").await;
    let page = confirm(&ada, &form).await.1.location();
    assert_eq!(act(&eve, &format!("{page}/approval")).await.1.status, 303);
    app.execute(
        "update control.impersonation_sessions set lapses_at = now() - interval '1 second' where status = 'approved'",
    )
    .await;
    assert!(ada.post_form(&format!("{page}/beginning"), &[]).await.flash().contains("can no longer"));
    let states = async || -> Vec<String> {
        eve.get("/impersonations").await.rows().into_iter().map(|row| row[4].clone()).collect()
    };
    assert_eq!(states().await, ["lapsed", "refused"], "by the clock");
    app.run_jobs().await;
    assert_eq!(app.number("select count(*) from control.impersonation_sessions where status = 'lapsed'").await, 0);
    let job = castellan::jobs::NewJob::of("access.finish_impersonations");
    app.enqueue(job).await;
    app.run_jobs().await;
    assert_eq!(app.number("select count(*) from control.impersonation_sessions where status = 'lapsed'").await, 1);
    assert_eq!(states().await, ["lapsed", "refused"]);
    assert_eq!(eve.get("/impersonations?state=lapsed").await.rows().len(), 1);
    assert_eq!(eve.get("/impersonations?mode=acting&state=refused,lapsed").await.rows().len(), 2);
    assert_eq!(eve.get("/impersonations?q=bob").await.rows().len(), 2);
    assert_eq!(eve.get("/impersonations?q=nobody").await.rows().len(), 0);
    app.leaves_jobs();
}

#[actix_web::test]
async fn others_end_it_at_once() {
    let app = TestApp::start().await;
    let (_, bob) = northwind(&app).await;
    let (ada, eve) = (app.support().await, app.admin().await);
    let id = look(&app, &ada, bob).await;
    let (_, done) = act(&eve, &format!("/impersonations/{id}/ending")).await;
    assert_eq!(done.status, 303, "{:?}", done.errors());
    let page = ada.get("/tenants").await;
    assert_eq!(page.status, 403);
    assert!(bar(&page).contains("Go on as yourself"), "{}", bar(&page));
    assert_eq!(ada.post_form("/acting/end", &[]).await.status, 303);
    assert_eq!(ada.get("/tenants").await.status, 200);
    let shown = eve.get(&format!("/impersonations/{id}")).await;
    assert!(shown.text().contains("ended by others"));
}

#[actix_web::test]
async fn the_list_is_exported_with_both_ids() {
    let app = TestApp::start().await;
    let (tenant, bob) = northwind(&app).await;
    let ada = app.support().await;
    look(&app, &ada, bob).await;
    let founder = app.founder().await;
    let csv = founder.get("/impersonations.csv").await;
    assert_eq!(csv.status, 200);
    for part in [ada.id.expect("somebody"), bob, tenant] {
        assert!(csv.text().contains(&part.to_string()));
    }
    assert!(founder.get("/impersonations.json?state=active").await.text().contains("SUP-7"));
    let elsewhere = app.tenant("contoso").await;
    let scoped = app.scoped_to_tenant(&["impersonations.view"], elsewhere).await;
    assert!(scoped.get("/impersonations").await.rows().is_empty());
    let there = app.scoped_to_tenant(&["impersonations.view"], tenant).await;
    assert_eq!(there.get("/impersonations").await.rows().len(), 1);
}

#[actix_web::test]
async fn members_see_less_than_owners_and_the_form_says_so() {
    let app = TestApp::start().await;
    let (tenant, bob) = northwind(&app).await;
    let viewer = app.member(tenant, "vera@northwind.example", "viewer").await;
    let ada = app.admin().await;
    let open = async |id: Uuid| {
        let page = ada.get(&format!("/people/{id}/impersonation/new")).await;
        page.texts("aside dl dd").last().cloned().unwrap_or_default()
    };
    assert!(open(bob).await.contains("clients.manage"));
    assert!(open(viewer).await.contains("nothing"));
    let (eve, client) = (app.admin().await, app.client(tenant, "bakery", "active").await);
    act_as(&app, &ada, &eve, viewer).await;
    assert_eq!(ada.get(&format!("/clients/{client}")).await.status, 200);
    assert_eq!(ada.get(&format!("/clients/{client}/edit")).await.status, 403);
}

#[actix_web::test]
async fn what_the_form_refuses_is_said_at_once_and_kept() {
    let app = TestApp::start().await;
    let (_, bob) = northwind(&app).await;
    let ada = app.support().await;
    let form = filled(&ada, bob, "read_only").await;
    for (field, value) in
        [("minutes", "61"), ("minutes", "0"), ("minutes", "x"), ("ticket", ""), ("reason", ""), ("mode", "god")]
    {
        let page = ada.submit(&form.clone().with(field, value)).await;
        assert_eq!(page.status, 422, "{field} {value}");
        assert!(!page.field_error(field).is_empty(), "{field} {value}");
        assert_eq!(page.value("minutes"), if field == "minutes" { value } else { "30" });
    }
    let foreign = app.tenant("contoso").await.to_string();
    let page = ada.submit(&form.with("tenant_id", &foreign)).await;
    assert_eq!((page.status, page.field_error("tenant_id").is_empty()), (422, false));
    assert_eq!(app.number("select count(*) from control.impersonation_sessions").await, 0);
}

#[actix_web::test]
async fn before_it_begins_a_sentence_says_what_will_happen() {
    let app = TestApp::start().await;
    let (_, bob) = northwind(&app).await;
    let ada = app.admin().await;
    for (mode, also) in [("read_only", "change nothing"), ("acting", "Somebody else decides")] {
        let form = filled(&ada, bob, mode).await.with("minutes", "17");
        let shown = ada.submit(&form).await;
        let sentence = shown.texts("main p.effect").join(" ");
        for part in ["bob@northwind.example", "Northwind", "17 minutes", "told by mail", also] {
            assert!(sentence.contains(part), "{mode} {part}: {sentence}");
        }
    }
}

#[actix_web::test]
async fn the_person_is_told_once_that_it_is_over_and_what_was_seen() {
    let app = TestApp::start().await;
    let (tenant, bob) = northwind(&app).await;
    let (ada, eve) = (app.support().await, app.admin().await);
    let finish = async || {
        app.enqueue(castellan::jobs::NewJob::of("access.finish_impersonations")).await;
        app.run_jobs().await;
    };
    let letters = async || app.texts("select payload ->> 'text' from control.outbox order by created_at").await;
    look(&app, &ada, bob).await;
    assert_eq!(ada.get(&format!("/tenants/{tenant}")).await.status, 200);
    finish().await;
    assert_eq!(letters().await.len(), 1, "it goes on");
    ada.post_form("/acting/end", &[]).await;
    finish().await;
    finish().await;
    let told = letters().await;
    assert_eq!(told.len(), 2, "told once");
    for part in ["they stopped", "lasted 1 minute.", "opened 1 page and made 0 changes", "SUP-7", "Northwind"] {
        assert!(told[1].contains(part), "{part}: {}", told[1]);
    }
    assert_eq!(app.event("impersonation.tell").await.tenant_id, Some(tenant));
    app.elevate(&ada).await;
    let id = look(&app, &ada, bob).await;
    act(&eve, &format!("/impersonations/{id}/ending")).await;
    finish().await;
    assert!(letters().await[3].contains("ended by others"), "whoever ended it");
}

/// Looking for something is sent like a form and changes nothing.
#[actix_web::test]
async fn who_only_looks_may_use_the_search_box() {
    let app = TestApp::start().await;
    let (tenant, bob) = northwind(&app).await;
    let ada = app.support().await;
    look(&app, &ada, bob).await;
    let answer = ada.post_form("/go", &[("q", "northwind")]).await;
    assert_eq!((answer.status, answer.location().as_str()), (303, "/go?q=northwind"));
    assert_eq!(ada.follow(&answer).await.location(), format!("/tenants/{tenant}"));
}
