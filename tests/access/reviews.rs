//! Access reviews: begun, edited, closed by hand and by the clock, and taken out as evidence.

use std::time::Instant;

use castellan::jobs::NewJob;
use uuid::Uuid;

use super::{PLATFORM, act, begin_review, day_in, give, item_of, make_role, nobody_special, on_tenant, sides};
use crate::support::{Person, TestApp, skipped};

/// Lets the time of every campaign be over, which no page can.
async fn pass_due(app: &TestApp) {
    app.execute(
        "alter table control.access_reviews drop constraint access_reviews_due_at_check;
        update control.access_reviews set due_at = now() - interval '1 minute' where closed_at is null",
    )
    .await;
}

async fn run(app: &TestApp, job: &'static str) {
    app.enqueue(NewJob::of(job)).await;
    app.run_jobs().await;
}

async fn outcomes(app: &TestApp) -> Vec<String> {
    app.texts("select outcome || ' ' || count(*) from control.access_review_items group by outcome order by 1").await
}

/// A person who holds a role on the platform, and the assignment.
async fn holder(app: &TestApp, role_id: Uuid) -> (Person, Uuid) {
    let person = nobody_special(app).await;
    let given = give(app, role_id, ("user_id", person.id.expect("a person")), PLATFORM).await;
    (person, given)
}

#[actix_web::test]
async fn a_review_shows_how_many_it_is_about_and_takes_them_down() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    assert!(founder.get("/reviews").await.texts(".empty").join("").contains("no review yet"));
    let keeper = make_role(&app, "keeper", &["tenants.view"]).await;
    let northwind = app.tenant("northwind").await;
    let (ada, given) = holder(&app, keeper).await;
    let bob = nobody_special(&app).await;
    let on_northwind = give(&app, keeper, ("user_id", bob.id.expect("a person")), &on_tenant(northwind)).await;
    let gone = give(&app, keeper, ("user_id", bob.id.expect("a person")), PLATFORM).await;
    app.execute(&format!("update control.assignments set revoked_at = now() where id = '{gone}'")).await;
    app.execute(&format!("update control.assignments set last_used_at = now() where id = '{on_northwind}'")).await;

    let form = founder.get("/reviews/new").await.form().with("name", "Keepers").with("due_at", &day_in(100));
    let form = form.with("covers", "role").with("role_id", &keeper.to_string());
    let shown = founder.submit(&form).await;
    assert_eq!(shown.status, 200, "{:?}", shown.errors());
    assert!(shown.text().contains("access_review_items 2"), "how many");
    assert_eq!(app.number("select count(*) from control.access_reviews").await, 0, "nothing yet");
    let done = founder.submit(&shown.form()).await;
    assert_eq!(done.status, 303);
    let page = founder.follow(&done).await;
    assert_eq!((page.title(), page.rows().len()), ("Keepers".to_owned(), 2));
    let event = app.event("access_review.begin").await;
    assert_eq!((event.of("access_reviews").len(), event.of("access_review_items").len()), (1, 2));

    let count = async |fields: &[(&str, &str)]| {
        let url = begin_review(&founder, fields).await;
        let id = url.trim_start_matches("/reviews/");
        app.number(&format!("select count(*) from control.access_review_items where review_id = '{id}'")).await
    };
    let all = app.number("select count(*) from control.assignments where revoked_at is null").await;
    assert_eq!(count(&[]).await, all);
    assert_eq!(count(&[("covers", "tenant"), ("tenant_id", "northwind")]).await, 1);
    app.execute(&format!(
        "update control.assignments set created_at = now() - interval '50 days' where id in ('{given}', '{on_northwind}')"
    ))
    .await;
    assert_eq!(count(&[("covers", "unused"), ("unused_days", "40")]).await, 1, "given long ago and never used");

    assert_eq!(founder.get("/reviews").await.rows().len(), 4);
    assert_eq!(founder.get("/reviews?q=keep&state=open").await.names(), ["Keepers"]);
    assert_eq!(founder.get("/reviews?state=closed").await.rows().len(), 0);
    assert_eq!(founder.get("/reviews?sort=due_at").await.rows().len(), 4);
    // What was taken down stays as it was.
    let id = ada.id.expect("a person");
    app.execute(&format!("update control.users set name = 'Renamed' where id = '{id}'")).await;
    assert!(!founder.follow(&done).await.text().contains("Renamed"));
}

#[actix_web::test]
async fn wrong_forms_are_refused_and_stale_ones_shown_beside_theirs() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let form = founder.get("/reviews/new").await.form();
    let page = founder.submit(&form).await;
    assert_eq!((page.status, page.errors().len()), (422, 2), "{:?}", page.errors());
    let good = form.with("name", "Quarter").with("due_at", &day_in(100));
    let nil = Uuid::nil().to_string();
    for (field, value, more) in [
        ("due_at", "2001-01-01", None),
        ("due_at", "3001-01-01", None),
        ("due_at", "soon", None),
        ("name", "\0", None),
        ("covers", "world", None),
        ("role_id", "x", Some(("covers", "role"))),
        ("role_id", nil.as_str(), Some(("covers", "role"))),
        ("tenant_id", "nowhere", Some(("covers", "tenant"))),
        ("tenant_id", "", Some(("covers", "tenant"))),
        ("unused_days", "0", Some(("covers", "unused"))),
        ("covers", "unused", Some(("unused_days", "3650"))),
    ] {
        let form = more.into_iter().fold(good.clone(), |form, (name, value)| form.with(name, value));
        let page = founder.submit(&form.with(field, value)).await;
        assert_eq!(page.status, 422, "{field}={value}");
        assert!(!page.field_error(field).is_empty(), "{field}={value}: {:?}", page.errors());
    }
    let review = begin_review(&founder, &[]).await;
    let form = founder.get(&format!("{review}/edit")).await.form();
    assert_eq!(founder.submit(&form.clone().with("note", "first")).await.status, 303);
    let stale = founder.submit(&form.clone().with("note", "second")).await;
    assert_eq!(stale.status, 409);
    assert_eq!(stale.value("note"), "second");
    assert_eq!(founder.submit(&stale.form()).await.status, 303);
    assert_eq!(app.text("select note from control.access_reviews").await, "second");
    let nothing = format!("/reviews/{nil}");
    for path in [nothing.clone(), format!("{nothing}/edit"), format!("{nothing}.csv"), format!("{nothing}/items/{nil}")]
    {
        assert_eq!(founder.get(&path).await.status, 404, "{path}");
    }
    assert_eq!(founder.get(&format!("{review}?outcome=odd")).await.status, 400);
}

#[actix_web::test]
async fn closing_by_hand_ends_what_is_unanswered_and_shows_it_first() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let keeper = make_role(&app, "keeper", &["tenants.view"]).await;
    let ((ada, kept), (bob, _), (_, gone)) =
        (holder(&app, keeper).await, holder(&app, keeper).await, holder(&app, keeper).await);
    let review = begin_review(&founder, &[("covers", "role"), ("role_id", &keeper.to_string())]).await;
    let item = item_of(&app, &review, kept).await;
    assert_eq!(founder.post_form(&format!("{item}/keeping"), &[("reason", "needed")]).await.status, 303);
    app.execute(&format!("update control.assignments set revoked_at = now() where id = '{gone}'")).await;

    let (shown, done) = act(&founder, &format!("{review}/closing")).await;
    assert_eq!(sides(&shown), ["1 person loses 1 right"]);
    assert_eq!(shown.rows()[0][0], format!("{} {}", name(&app, &bob).await, bob.email));
    assert_eq!(done.status, 303, "{:?}", done.errors());
    assert_eq!((ada.get("/tenants").await.status, bob.get("/tenants").await.status), (200, 403));
    assert_eq!(outcomes(&app).await, ["expired 1", "gone 1", "kept 1"]);
    let event = app.event("access_review.close").await;
    assert_eq!((event.of("assignments").len(), event.reason.as_deref()), (1, Some("because")));
    let page = founder.follow(&done).await;
    assert!(page.texts("p").join(" ").contains(&format!("by {}", founder.email)));
    let founders =
        app.number("select count(*) from control.outbox where kind = 'mail' and subject like 'Access review%'");
    assert_eq!(founders.await, 2, "everybody who may decide is told");

    // From now on nothing of it changes, whoever tries.
    for path in [format!("{item}/keeping"), format!("{review}/keeping")] {
        let id = item.rsplit('/').next().expect("an id");
        assert_eq!(founder.post_form(&path, &[("item_id", id), ("reason", "x")]).await.status, 409, "{path}");
    }
    for path in [
        format!("{item}/removal/new"),
        format!("{item}/reduction/new"),
        format!("{review}/closing/new"),
        format!("{review}/edit"),
    ] {
        assert_eq!(founder.get(&path).await.status, 409, "{path}");
    }
    for statement in [
        "update control.access_review_items set reason = 'other'",
        "delete from control.access_review_items",
        "update control.access_reviews set closed_at = null",
        "delete from control.access_reviews",
    ] {
        assert!(app.try_as("none", statement).await.is_err(), "{statement}");
    }
}

async fn name(app: &TestApp, person: &Person) -> String {
    app.text(&format!("select name from control.users where id = '{}'", person.id.expect("a person"))).await
}

#[actix_web::test]
async fn facts_of_an_open_review_do_not_change_either() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    begin_review(&founder, &[]).await;
    for statement in [
        "update control.access_review_items set principal_name = 'Somebody else'",
        "update control.access_review_items set last_used_at = now()",
        "delete from control.access_review_items",
    ] {
        assert!(app.try_as("none", statement).await.is_err(), "{statement}");
    }
}

#[actix_web::test]
async fn the_clock_closes_what_is_due_each_assignment_under_its_own_event() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let northwind = app.tenant("northwind").await;
    let keeper = make_role(&app, "keeper", &["tenants.view"]).await;
    let (ada, _) = holder(&app, keeper).await;
    let bob = nobody_special(&app).await;
    let on_northwind = give(&app, keeper, ("user_id", bob.id.expect("a person")), &on_tenant(northwind)).await;
    let review = begin_review(&founder, &[("covers", "role"), ("role_id", &keeper.to_string())]).await;
    run(&app, "access.close_reviews").await;
    assert_eq!(outcomes(&app).await, ["undecided 2"], "its time is not over");
    pass_due(&app).await;
    run(&app, "access.close_reviews").await;
    assert_eq!(outcomes(&app).await, ["expired 2"]);
    assert_eq!((ada.get("/tenants").await.status, bob.get("/tenants").await.status), (403, 403));
    let events = app.events("access_review.expire").await;
    assert_eq!(events.len(), 2);
    for event in &events {
        assert_eq!((event.actor_kind.as_str(), event.actor_label.as_deref()), ("job", Some("access.close_reviews")));
        assert_eq!((event.of("assignments").len(), event.of("access_review_items").len()), (1, 1));
    }
    let of_northwind = events.iter().find(|event| event.target_id == Some(on_northwind)).expect("an event of it");
    assert_eq!(of_northwind.tenant_id, Some(northwind));
    assert_eq!(app.event("access_review.close").await.actor_kind, "job");
    let page = founder.get(&review).await;
    assert!(page.texts("p").join(" ").contains("by the clock"));
    run(&app, "access.close_reviews").await;
    assert_eq!(app.events("access_review.close").await.len(), 1, "once");
}

#[actix_web::test]
async fn the_last_founder_stays_whoever_closes() {
    for by_hand in [true, false] {
        let app = TestApp::start().await;
        let founder = app.founder().await;
        let all: Vec<&str> = castellan::routes::privileges().iter().map(|info| info.name).collect();
        let (closer, manager) = (app.person_with(&all).await, app.person_with(&["access.manage"]).await);
        let review = begin_review(&founder, &[]).await;
        let of = format!(
            "update control.assignments set last_used_at = now() where user_id = '{}'",
            founder.id.expect("a person")
        );
        app.execute(&of).await;
        match by_hand {
            true => {
                let page = manager.get(&format!("{review}/closing/new")).await;
                assert_eq!(page.status, 409, "it would take founders away from who may do less");
                let (_, done) = act(&closer, &format!("{review}/closing")).await;
                assert_eq!(done.status, 303, "{:?}", done.errors());
            }
            false => {
                pass_due(&app).await;
                run(&app, "access.close_reviews").await;
            }
        }
        let kept = "select count(*) from control.access_review_items where outcome = 'last_founder'";
        assert_eq!(app.number(kept).await, 1, "by hand: {by_hand}");
        let live = "select count(*) from control.assignments where revoked_at is null";
        assert_eq!(app.number(live).await, 1, "everything else was unanswered");
        let still = app.text(
            "select u.email from control.assignments a join control.users u on u.id = a.user_id where a.revoked_at is null",
        );
        let still = still.await;
        assert!(still.starts_with("founder"), "{still}");
        let auditor = app.auditor().await;
        assert!(auditor.get(&review).await.texts(".banner").join(" ").contains("last founder"));
    }
}

#[actix_web::test]
async fn reviewers_are_told_once_before_the_end() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let review = begin_review(&founder, &[("note", "Look at what nobody uses.")]).await;
    let told = "select count(*) from control.outbox where subject like '%ends soon'";
    run(&app, "access.remind_reviewers").await;
    assert_eq!(app.number(told).await, 0, "there is time");
    app.execute("update control.access_reviews set due_at = now() + interval '2 days'").await;
    run(&app, "access.remind_reviewers").await;
    run(&app, "access.remind_reviewers").await;
    assert_eq!(app.number(told).await, 2, "the founder of the first start and this one, once each");
    assert_eq!(app.event("access_review.remind").await.actor_kind, "job");
    let mail = app.text("select payload ->> 'text' from control.outbox where subject like '%ends soon' limit 1").await;
    assert!(mail.contains("Look at what nobody uses"), "{mail}");
    let form = founder.get(&format!("{review}/edit")).await.form();
    assert_eq!(founder.submit(&form.with("due_at", &day_in(50))).await.status, 303);
    run(&app, "access.remind_reviewers").await;
    assert_eq!(app.number(told).await, 2, "it goes on longer");
}

#[actix_web::test]
async fn evidence_is_taken_out_with_an_event() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let keeper = make_role(&app, "keeper", &["tenants.view"]).await;
    let (_, given) = holder(&app, keeper).await;
    let review = begin_review(&founder, &[("covers", "role"), ("role_id", &keeper.to_string())]).await;
    let item = item_of(&app, &review, given).await;
    let kept = [("reason", "looks after tenants")];
    assert_eq!(founder.post_form(&format!("{item}/keeping"), &kept).await.status, 303);
    let auditor = app.auditor().await;
    let csv = auditor.get(&format!("{review}.csv")).await;
    assert!(csv.text().starts_with("id,review_id,review,assignment_id,principal_kind,principal,"), "{}", csv.text());
    assert!(csv.text().contains("kept,looks after tenants,") && csv.text().contains(&founder.email));
    let json: serde_json::Value =
        serde_json::from_str(auditor.get(&format!("{review}.json?outcome=kept")).await.text()).expect("JSON");
    assert_eq!(json["rows"][0]["decided_by_email"], founder.email);
    assert_eq!(auditor.get(&format!("{review}.csv?outcome=removed")).await.text().lines().count(), 1);
    let reads = app.events("reviews.export").await;
    assert_eq!(reads.len(), 3);
    assert!(reads.iter().all(|event| event.is_read));
}

#[actix_web::test]
async fn who_does_not_decide_who_may_has_no_say() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let review = begin_review(&founder, &[]).await;
    let (admin, auditor) = (app.admin().await, app.auditor().await);
    for person in [&admin, &auditor] {
        assert_eq!(person.get(&review).await.status, 200);
        assert_eq!(person.get("/reviews/new").await.status, 403);
        assert_eq!(person.get(&format!("{review}/closing/new")).await.status, 403);
        assert_eq!(person.post_form(&format!("{review}/keeping"), &[]).await.status, 403);
    }
    let northwind = app.tenant("northwind").await;
    let all = ["reviews.view", "reviews.decide", "reviews.export", "access.manage", "access.view"];
    let scoped = app.scoped_to_tenant(&all, northwind).await;
    for path in ["/reviews", "/reviews/new", review.as_str(), &format!("{review}.csv")] {
        assert_eq!(scoped.get(path).await.status, 403, "{path}");
    }
    assert!(app.try_as("castellan_scoped", "select from control.access_review_items").await.is_err());
    let (id, email) = app.staff("founder").await;
    let unproven = app.unelevated(id, &email).await;
    assert!(unproven.get(&format!("{review}/closing/new")).await.location().starts_with("/elevation"));
    assert_eq!(unproven.get("/reviews/new").await.status, 200);
}

/// `CASTELLAN_TEST_CROWD=10000` is what the numbers in the notes come from.
#[actix_web::test]
async fn many_assignments_at_once_are_quick() {
    let Some(app) = TestApp::on_server().await else {
        return skipped("a crowd takes too long on the embedded engine");
    };
    let founder = app.founder().await;
    let many = std::env::var("CASTELLAN_TEST_CROWD").ok().and_then(|size| size.parse().ok()).unwrap_or(1000);
    let keeper = make_role(&app, "keeper", &["tenants.view"]).await;
    app.execute(&format!(
        "insert into control.users (id, email, name, status, is_staff)
            select gen_random_uuid(), 'crowd' || n || '@example.com', 'Crowd ' || n, 'active', true
            from generate_series(1, {many}) n;
        insert into control.assignments (id, user_id, role_id, scope_kind, reason)
            select gen_random_uuid(), u.id, '{keeper}', 'platform', 'test' from control.users u where u.name like 'Crowd%'"
    ))
    .await;
    app.execute("analyze control.users, control.assignments").await;
    let began = Instant::now();
    let review = begin_review(&founder, &[("covers", "role"), ("role_id", &keeper.to_string())]).await;
    println!("{many} items shown and begun in {:?}", began.elapsed());
    let began = Instant::now();
    let page = founder.get(&review).await;
    println!("a page of them in {:?}", began.elapsed());
    assert_eq!(page.rows().len(), 50);
    let (next, mut seen) = (page.link("Next"), page.attributes("tbody tr", "id"));
    seen.extend(founder.get(&next).await.attributes("tbody tr", "id"));
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 100, "pages do not overlap");
    let began = Instant::now();
    let (shown, done) = act(&founder, &format!("{review}/closing")).await;
    println!("closing them shown and done in {:?}", began.elapsed());
    assert_eq!((shown.status, done.status), (200, 303));
    assert_eq!(outcomes(&app).await, [format!("expired {many}")]);
}

#[actix_web::test]
async fn closing_by_hand_may_take_longer_than_other_requests() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    nobody_special(&app).await;
    let review = begin_review(&founder, &[]).await;
    app.execute(
        "create table public.patience (allowed text);
        create function public.note_patience() returns trigger language plpgsql security definer as
            'begin insert into public.patience values (current_setting(''statement_timeout'')); return null; end';
        create trigger note_patience after update on control.access_review_items
            for each statement execute function public.note_patience()",
    )
    .await;
    let (_, done) = act(&founder, &format!("{review}/closing")).await;
    assert_eq!(done.status, 303, "{:?}", done.errors());
    let allowed = app.texts("select distinct allowed from public.patience").await;
    assert_eq!(allowed, ["1min"]);
    assert_ne!(
        app.text("select current_setting('statement_timeout')").await,
        "1min",
        "the next on this connection has no more than others"
    );
}
