//! Delegations: handing out, acting under one, seeing what came of it.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::{act, begin, confirm, give, hand_over, make_role, on_tenant};
use crate::support::{FilledForm, PASSWORD, Person, TestApp};

/// A day so many days from today, as a form takes it.
pub fn day(days: i64) -> String {
    Timestamp::now().to_zoned(TimeZone::UTC).date().saturating_add(days.days()).to_string()
}

fn tick(mut form: FilledForm, privilege: &str) -> FilledForm {
    form.fields.push(("action_scope".into(), privilege.into()));
    form
}

/// The form that hands these privileges to somebody for ten days.
async fn filled(from: &Person, to: &Person, scope: &[&str]) -> FilledForm {
    let page = from.get("/account/delegations/new").await;
    assert_eq!(page.status, 200);
    let form = page.form().with("email", &to.email).with("ends_at", &day(10)).with("reason", "two weeks of leave");
    scope.iter().fold(form, |form, privilege| tick(form, privilege))
}

#[actix_web::test]
async fn somebody_acts_for_somebody_else_and_both_are_named() {
    let app = TestApp::start().await;
    let tenant = app.tenant("northwind").await;
    let ada = app.person_with(&["tenants.view", "tenants.suspend", "access.manage"]).await;
    let bob = app.person_with(&["jobs.view"]).await;
    let offered = ada.get("/account/delegations/new").await.attributes("input[name=action_scope]", "value");
    assert_eq!(offered, ["tenants.suspend", "tenants.view"], "what one holds and can hand on");

    let form = filled(&ada, &bob, &["tenants.view", "tenants.suspend"]).await;
    let (shown, done) = confirm(&ada, &form).await;
    assert_eq!(super::sides(&shown), ["1 person gains 2 rights"]);
    assert!(shown.text().contains("everywhere") && shown.text().contains(&bob.email));
    let page = ada.follow(&done).await;
    assert_eq!((page.status, page.texts(".title .state").join(" ")), (200, "active".into()));
    assert!(page.texts("button").iter().all(|text| !text.starts_with("Act for")), "not for whoever gave it");
    let event = app.event("delegation.create").await;
    assert_eq!((event.actor_id, event.reason.as_deref()), (ada.id, Some("two weeks of leave")));
    let letters = app.texts("select recipient from control.outbox order by recipient").await;
    let mut both = [ada.email.clone(), bob.email.clone()];
    both.sort();
    assert_eq!(letters, both, "both are told");

    assert_eq!(bob.get("/tenants").await.status, 403);
    let own = bob.get("/account/delegations").await;
    let page = bob.get(&own.attributes("a.name", "href")[0]).await;
    let begun = bob.submit(&page.form()).await;
    assert_eq!((begun.status, begun.location()), (303, "/tenants".into()), "to the first page that it opens");
    let home = bob.get("/tenants").await;
    assert_eq!(home.status, 200);
    let bar = home.texts("aside.acting").join(" ");
    assert!(bar.contains("You act for") && bar.contains("Stop"), "{bar}");
    assert_eq!(bob.get("/jobs").await.status, 403, "what is one's own does not count meanwhile");

    let suspension = format!("/tenants/{tenant}/suspension");
    assert_eq!(bob.get(&format!("{suspension}/new")).await.location().split('?').next(), Some("/elevation"));
    assert_eq!(bob.post_form("/elevation", &[("password", PASSWORD)]).await.status, 303, "with one's own password");
    let form =
        bob.get(&format!("{suspension}/new")).await.form().with("reason", "because").with("confirm", "northwind");
    let done = bob.submit(&form).await;
    assert_eq!(done.status, 303, "{:?} {}", done.errors(), done.message());
    let of = "select actor_id || ' ' || effective_actor_id || ' ' || (delegation_id is not null)
        from audit.events where action = 'tenant.suspend'";
    let (ada_id, bob_id) = (ada.id.unwrap(), bob.id.unwrap());
    assert_eq!(app.text(of).await, format!("{bob_id} {ada_id} true"));

    assert_eq!(bob.post_form("/acting/end", &[]).await.status, 303);
    assert_eq!(bob.get("/tenants").await.status, 403);
    assert_eq!(bob.get("/jobs").await.status, 200);
    assert!(bob.get("/jobs").await.texts("aside.acting").is_empty());
    let mine = ada.get(&format!("/account/delegations/{}", event.target_id.unwrap())).await;
    let said = mine.texts("ol.history").join(" ");
    assert!(said.contains("tenant.suspend") && said.contains(&format!("{} for {}", bob.email, ada.email)), "{said}");
}

#[actix_web::test]
async fn the_log_says_in_whose_name() {
    let app = TestApp::start().await;
    let tenant = app.tenant("northwind").await;
    let (ada, bob) = (app.founder().await, app.person_with(&[]).await);
    let id = hand_over(&app, &ada, &bob, &["tenants.view", "tenants.manage", "tenants.suspend"]).await;
    assert_eq!(begin(&bob, id).await.status, 303);
    app.elevate(&bob).await;
    let form = bob.get(&format!("/tenants/{tenant}/suspension/new")).await.form();
    assert_eq!(bob.submit(&form.with("reason", "because").with("confirm", "northwind")).await.status, 303);
    let both = format!("{} for {}", bob.email, ada.email);
    for filter in [
        format!("effective_actor={}", ada.id.unwrap()),
        format!("delegation={id}"),
        format!("actor={}&effective_actor={}", bob.id.unwrap(), ada.id.unwrap()),
    ] {
        let page = ada.get(&format!("/audit?{filter}")).await;
        let rows = page.rows();
        assert!(!rows.is_empty() && rows.iter().all(|row| row[1] == both), "{filter}: {rows:?}");
        assert!(rows.iter().any(|row| row[2] == "tenant.suspend"), "{filter}");
    }
    let by_address = ada.get(&format!("/audit?effective_actor={}", ada.email)).await;
    assert_eq!(by_address.location(), format!("/audit?effective_actor={}", ada.id.unwrap()));
    let csv = ada.get(&format!("/audit.csv?delegation={id}")).await;
    let line = format!("{},{id},", ada.id.unwrap());
    assert!(csv.text().lines().next().unwrap().contains("effective_actor_id,delegation_id"));
    assert!(csv.text().lines().count() > 1, "{}", csv.text());
    assert!(csv.text().lines().skip(1).all(|row| row.contains(&line)), "{}", csv.text());
    let history = ada.get(&format!("/tenants/{tenant}/history")).await;
    assert!(history.text().contains(&both));
    let event = ada.get(&format!("/audit/{}", app.event("tenant.suspend").await.id)).await;
    assert_eq!(event.link("a delegation"), format!("/delegations/{id}"));
    assert_eq!(event.link("what was done for them"), format!("/audit?effective_actor={}", ada.id.unwrap()));
    let page = ada.get(&format!("/delegations/{id}")).await;
    assert!(page.texts("ol.history").join(" ").contains("tenant.suspend"));
    assert!(page.texts("dl.facts").join(" ").contains("once"), "how often it was used");
}

#[actix_web::test]
async fn one_tenant_is_all_that_it_may_be_for() {
    let app = TestApp::start().await;
    let (northwind, acme) = (app.tenant("northwind").await, app.tenant("acme").await);
    let ada = app.person_with(&["tenants.view", "clients.view"]).await;
    let bob = app.person_with(&[]).await;
    let form = filled(&ada, &bob, &["tenants.view"]).await.with("tenant_id", "northwind");
    let (shown, done) = confirm(&ada, &form).await;
    assert!(shown.texts(".reach td").contains(&"Northwind".to_owned()));
    let id = done.location().rsplit('/').next().unwrap().parse().expect("an id");
    begin(&bob, id).await;
    assert_eq!(bob.get("/tenants").await.names(), ["Northwind"]);
    assert_eq!(bob.get(&format!("/tenants/{northwind}")).await.status, 200);
    assert_eq!(bob.get(&format!("/tenants/{acme}")).await.status, 404);
    assert_eq!(bob.get("/clients").await.status, 403, "it was not ticked");

    let manager = app.scoped_to_tenant(&["tenants.view"], acme).await;
    let form = filled(&manager, &bob, &["tenants.view"]).await;
    for foreign in ["northwind", "nothing", &northwind.to_string(), "\u{1F98A}"] {
        let page = manager.submit(&form.clone().with("tenant_id", foreign)).await;
        assert_eq!(page.status, 422, "{foreign}");
        let said = page.field_error("tenant_id");
        assert!(said.starts_with("is not the slug or id of a tenant where you hold"), "{foreign}: {said}");
    }
    confirm(&manager, &form).await;
    let scoped = manager.get("/account/delegations").await;
    assert_eq!(scoped.names().len(), 1);
}

#[actix_web::test]
async fn everything_that_is_wrong_is_said_at_once() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.person_with(&["tenants.view"]).await, app.person_with(&[]).await);
    let page = ada.post_form("/account/delegations", &[]).await;
    assert_eq!(page.status, 422);
    for field in ["email", "action_scope", "ends_at", "reason"] {
        assert!(!page.field_error(field).is_empty(), "{field}: {:?}", page.errors());
    }
    let form = filled(&ada, &bob, &["tenants.view"]).await;
    let tenant = app.tenant("northwind").await;
    let member = app.member(tenant, "member@northwind.example", "owner").await;
    let service = app.service("Exporter", &[]).await;
    let (gone, email) = app.staff("support").await;
    app.execute(&format!("update control.users set status = 'suspended' where id = '{gone}'")).await;
    let address = |id| format!("select email from control.users where id = '{id}'");
    let (member, service) = (app.text(&address(member)).await, app.text(&address(service)).await);
    for odd in [&ada.email, &member, &service, &email, "nobody@example.org", "\0@x", "not an address"] {
        let page = ada.submit(&form.clone().with("email", odd)).await;
        assert_eq!(page.status, 422, "{odd:?}");
        assert!(!page.field_error("email").is_empty(), "{odd:?}: {:?}", page.errors());
    }
    for (field, odd) in [
        ("ends_at", day(0)),
        ("ends_at", day(-3)),
        ("ends_at", day(92)),
        ("ends_at", "soon".into()),
        ("starts_at", day(-1)),
        ("starts_at", day(100)),
        ("starts_at", "\u{1F98A}".into()),
        ("reason", " ".into()),
        ("reason", "x".repeat(2001)),
    ] {
        let page = ada.submit(&form.clone().with(field, &odd)).await;
        assert_eq!(page.status, 422, "{field} {odd}");
        assert!(!page.field_error(field).is_empty(), "{field} {odd}: {:?}", page.errors());
        assert_eq!(page.value("email"), bob.email, "what was typed is kept");
    }
    assert_eq!(ada.submit(&form.clone().with("starts_at", &day(12))).await.status, 422, "after its end");
    assert_eq!(app.number("select count(*) from control.delegations").await, 0);
    let later = form.with("starts_at", &day(5));
    let (_, done) = confirm(&ada, &later).await;
    assert_eq!(ada.follow(&done).await.texts(".title .state").join(" "), "scheduled");
}

#[actix_web::test]
async fn the_list_is_narrowed_sorted_and_taken_out() {
    let app = TestApp::start().await;
    let (founder, ada, bob) = (app.founder().await, app.support().await, app.auditor().await);
    assert!(founder.get("/delegations").await.texts(".empty").join(" ").contains("Nobody acts"));
    let active = hand_over(&app, &ada, &bob, &["tenants.view"]).await;
    let later = hand_over(&app, &bob, &ada, &["tenants.view"]).await;
    let over = hand_over(&app, &founder, &bob, &["tenants.view", "jobs.view"]).await;
    let revoked = hand_over(&app, &bob, &founder, &["tenants.view"]).await;
    for (id, set) in [
        (later, "starts_at = now() + interval '1 day', ends_at = now() + interval '2 days'"),
        (over, "starts_at = now() - interval '9 days', ends_at = now() - interval '1 day'"),
        (revoked, "revoked_at = now()"),
    ] {
        app.execute(&format!("update control.delegations set {set} where id = '{id}'")).await;
    }
    let of = |person: &Person| person.id.unwrap();
    for (query, ids) in [
        ("state=active".to_owned(), vec![active]),
        ("state=scheduled,expired".into(), vec![later, over]),
        ("state=revoked".into(), vec![revoked]),
        (format!("grantor={}", of(&bob)), vec![later, revoked]),
        (format!("delegate={}", of(&founder)), vec![revoked]),
        ("mine=given".into(), vec![over]),
        ("mine=received".into(), vec![revoked]),
        ("mine=given,received".into(), vec![revoked, over]),
        (format!("q={}", ada.email), vec![later, active]),
        ("q=nobody".into(), vec![]),
        ("state=expired,revoked&sort=ends_at".into(), vec![over, revoked]),
        ("sort=-ends_at&state=scheduled,expired".into(), vec![later, over]),
    ] {
        let page = founder.get(&format!("/delegations?{query}")).await;
        assert_eq!(page.status, 200, "{query}");
        let found = page.attributes("table.listing tbody tr", "id");
        assert_eq!(found, ids.iter().map(ToString::to_string).collect::<Vec<_>>(), "{query}");
        let csv = founder.get(&format!("/delegations.csv?{query}")).await;
        assert_eq!(csv.text().lines().count(), ids.len() + 1, "{query}");
    }
    assert_eq!(founder.get("/delegations?state=odd").await.status, 400);
    assert_eq!(founder.get("/delegations?sort=reason").await.status, 400);
    let json = founder.get("/delegations.json?state=expired").await;
    let json: serde_json::Value = serde_json::from_slice(&json.body).expect("JSON");
    assert_eq!(json["rows"][0]["action_scope"], "tenants.view jobs.view");
    for id in [active, later, over, revoked] {
        assert_eq!(founder.get(&format!("/delegations/{id}")).await.status, 200);
    }
    assert_eq!(ada.get("/delegations").await.status, 403, "support sees their own only");
    assert_eq!(ada.get("/account/delegations").await.names().len(), 2);
}

#[actix_web::test]
async fn a_scope_that_the_grantor_lost_is_not_held_any_more() {
    let app = TestApp::start().await;
    let tenant = app.tenant("northwind").await;
    let (ada, bob) = (app.person_with(&["tenants.view", "clients.view"]).await, app.person_with(&[]).await);
    let id = hand_over(&app, &ada, &bob, &["tenants.view", "clients.view", "gone.long_ago"]).await;
    begin(&bob, id).await;
    assert_eq!(bob.get("/clients").await.status, 200);
    let role = make_role(&app, "just tenants", &["tenants.view"]).await;
    app.execute(&format!("update control.assignments set revoked_at = now() where user_id = '{}'", ada.id.unwrap()))
        .await;
    give(&app, role, ("user_id", ada.id.unwrap()), &on_tenant(tenant)).await;
    let refused = bob.get("/clients").await;
    assert_eq!(refused.status, 403, "at once");
    assert!(refused.message().contains("does not hold it any more"), "{}", refused.message());
    assert_eq!(bob.get(&format!("/tenants/{tenant}")).await.status, 200);
    let page = app.founder().await.get(&format!("/delegations/{id}")).await;
    let rows: Vec<(String, String)> =
        page.rows().into_iter().filter(|row| row.len() == 3).map(|row| (row[0].clone(), row[2].clone())).collect();
    let said = |name: &str| rows.iter().find(|row| row.0 == name).map(|row| row.1.clone());
    assert_eq!(said("tenants.view").as_deref(), Some("Northwind"));
    assert_eq!(said("clients.view").as_deref(), Some("not held any more"));
    assert_eq!(said("gone.long_ago").as_deref(), Some("not held any more"));
}

#[actix_web::test]
async fn both_people_and_founders_end_it() {
    let app = TestApp::start().await;
    let (founder, ada, bob) = (app.founder().await, app.support().await, app.auditor().await);
    for (person, list) in [(&ada, "/account/delegations"), (&bob, "/account/delegations"), (&founder, "/delegations")] {
        let id = hand_over(&app, &ada, &bob, &["tenants.view"]).await;
        let (shown, done) = act(person, &format!("{list}/{id}/revocation")).await;
        assert!(shown.text().contains("mail to"), "{list}: who is told");
        assert_eq!(done.status, 303, "{list}: {:?}", done.errors());
        let by = app.text(&format!("select revoked_by from control.delegations where id = '{id}'")).await;
        assert_eq!(by, person.id.unwrap().to_string());
        assert_eq!(begin(&bob, id).await.status, 409);
        assert_eq!(person.get(&format!("{list}/{id}/revocation/new")).await.status, 409, "once");
    }
    assert_eq!(app.events("delegation.revoke").await.len(), 3);
    assert_eq!(app.number("select count(*) from control.outbox").await, 6);
    let id = hand_over(&app, &ada, &bob, &["tenants.view"]).await;
    assert_eq!(app.admin().await.get(&format!("/delegations/{id}/revocation/new")).await.status, 403);
}

#[actix_web::test]
async fn delegations_stand_beside_a_persons_rights() {
    let app = TestApp::start().await;
    let (founder, ada, bob) = (app.founder().await, app.support().await, app.auditor().await);
    let id = hand_over(&app, &ada, &bob, &["tenants.view"]).await;
    for (person, says) in [(&ada, "Who may act for"), (&bob, "For whom")] {
        let page = founder.get(&format!("/people/{}/access", person.id.unwrap())).await;
        let heads = page.texts(".panel h2");
        assert!(heads.iter().any(|head| head.starts_with(says)), "{heads:?}");
        assert!(page.text().contains(&format!("/delegations/{id}")));
    }
    act(&founder, &format!("/delegations/{id}/revocation")).await;
    for person in [&ada, &bob] {
        let history = founder.get(&format!("/people/{}/history", person.id.unwrap())).await;
        assert!(history.text().contains("delegation.revoke"), "it is a part of their history");
    }
}

#[actix_web::test]
async fn who_sees_one_tenant_sees_the_delegations_for_it() {
    let app = TestApp::start().await;
    let (northwind, acme) = (app.tenant("northwind").await, app.tenant("acme").await);
    let (ada, bob) = (app.support().await, app.auditor().await);
    let mut ids = Vec::new();
    for tenant in [format!("'{northwind}'"), format!("'{acme}'"), "null".to_owned()] {
        let id = hand_over(&app, &ada, &bob, &["tenants.view"]).await;
        app.execute(&format!("update control.delegations set tenant_id = {tenant} where id = '{id}'")).await;
        ids.push(id.to_string());
    }
    let manager = app.scoped_to_tenant(&["access.view", "access.export", "access.manage"], northwind).await;
    let list = manager.get("/delegations").await;
    assert_eq!(list.attributes("table.listing tbody tr", "id"), ids[..1]);
    assert_eq!(list.rows()[0][3], "Northwind");
    assert_eq!(manager.get("/delegations.csv").await.text().lines().count(), 2);
    assert_eq!(manager.get(&format!("/delegations/{}", ids[0])).await.status, 200);
    for foreign in &ids[1..] {
        assert_eq!(manager.get(&format!("/delegations/{foreign}")).await.status, 404);
    }
    let noted = "select count(*) from audit.security_events where details ->> 'table' = 'delegations'";
    assert_eq!(app.number(noted).await, 2, "what is foreign is noted");
    let revocation = format!("/delegations/{}/revocation", ids[0]);
    assert_eq!(
        manager.post_form(&revocation, &[("reason", "x")]).await.status,
        403,
        "it is of people, not of a tenant"
    );
    let from_one_tenant =
        "insert into control.delegations (id, grantor_user_id, delegate_user_id, action_scope, tenant_id,
            starts_at, ends_at, reason) select gen_random_uuid(), grantor_user_id, delegate_user_id, action_scope,
            tenant_id, starts_at, ends_at, reason from control.delegations limit 1";
    let scope = format!("set local castellan.tenant_ids = '{northwind}'; {from_one_tenant}");
    let refused = app.try_as("castellan_scoped", &scope).await.expect_err("it is for platform-wide staff");
    assert!(refused.starts_with("permission denied"), "{refused}");
}

#[actix_web::test]
async fn use_is_noted_where_it_belongs() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.person_with(&["tenants.view"]).await, app.person_with(&["jobs.view"]).await);
    let id = hand_over(&app, &ada, &bob, &["tenants.view"]).await;
    begin(&bob, id).await;
    app.execute(
        "update control.delegations set last_used_at = null; update control.assignments set last_used_at = null;
        update control.sessions set last_seen_at = now() - interval '5 minutes' where delegation_id is not null",
    )
    .await;
    let before = app.log_size().await;
    assert_eq!(bob.get("/tenants").await.status, 200);
    let used = "select (last_used_at is not null) || ' ' || times_used || ' ' || version from control.delegations";
    assert_eq!(app.text(used).await, "true 1 1");
    let own = "select count(*) from control.assignments where last_used_at is not null";
    assert_eq!(app.number(own).await, 0, "nothing of one's own is used meanwhile");
    assert_eq!(app.log_size().await, before, "and that is no change");
}
