//! Making and editing tenants.

use uuid::Uuid;

use crate::support::TestApp;

#[actix_web::test]
async fn a_tenant_is_made_with_policies_and_a_workspace() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let form = admin.get("/tenants/new").await.form();
    assert_eq!(form.action, "/tenants");
    let form = form.with("name", "Northwind").with("slug", "northwind").with("region", "eu-north");
    let answer = admin.submit(&form.with("trial_ends_at", "2099-01-31").with("notes", "Two\r\nlines")).await;
    assert_eq!((answer.status, answer.flash().as_str()), (303, "Northwind is made."));
    let page = admin.follow(&answer).await;
    assert_eq!((page.status, page.title().as_str()), (200, "Northwind"));
    assert!(page.texts(".flash").join("").contains("Northwind is made."));
    assert!(admin.get(&answer.location()).await.texts(".flash").is_empty(), "a notice is shown once");

    let event = app.last_event().await;
    assert_eq!((event.action.as_str(), event.target_kind.as_str()), ("tenant.create", "tenant"));
    assert_eq!((event.actor_id, event.actor_kind.as_str()), (admin.id, "person"));
    assert_eq!(event.target_id.map(|id| format!("/tenants/{id}")), Some(answer.location()));
    assert_eq!(event.changes.len(), 3, "{:?}", event.changes);
    let tenant = event.of("tenants")[0];
    assert_eq!((tenant.op.as_str(), tenant.after["slug"].as_str()), ("insert", Some("northwind")));
    assert_eq!((tenant.after["status"].as_str(), tenant.after["notes"].as_str()), (Some("trial"), Some("Two\nlines")));
    assert_eq!(tenant.after["created_by"].as_str(), admin.id.map(|id| id.to_string()).as_deref());
    assert!(tenant.before.is_null());
    assert_eq!((event.of("tenant_policies").len(), event.of("workspaces").len()), (1, 1));
}

#[actix_web::test]
async fn all_errors_are_shown_at_once_and_values_kept() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let form = admin.get("/tenants/new").await.form();
    let form = form.with("name", "  ").with("slug", "Not A Slug").with("region", "mars").with("notes", "keep <me>");
    let page = admin.submit(&form.with("trial_ends_at", "tomorrow")).await;
    assert_eq!(page.status, 422);
    assert_eq!(page.errors().len(), 4, "{:?}", page.errors());
    assert_eq!(page.field_error("name"), "is required");
    assert!(page.field_error("slug").contains("2 to 63 small letters"), "{}", page.field_error("slug"));
    assert!(page.field_error("region").contains("eu-west"), "{}", page.field_error("region"));
    assert!(page.field_error("trial_ends_at").contains("2026-01-31"));
    assert_eq!(page.field_error("notes"), "");
    let form = page.form();
    assert_eq!((form.value("slug"), form.value("notes")), ("Not A Slug", "keep <me>"));
    assert_eq!(form.value("trial_ends_at"), "tomorrow");
    assert_eq!(app.number("select count(*) from control.tenants").await, 0);

    let mended = form.with("name", "Mended").with("slug", "mended").with("region", "eu-west").with("trial_ends_at", "");
    assert_eq!(admin.submit(&mended).await.status, 303);
}

#[actix_web::test]
async fn a_taken_slug_is_an_error_of_its_field() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.tenant("northwind").await;
    let form = admin.get("/tenants/new").await.form().with("name", "Other").with("slug", "northwind");
    let page = admin.submit(&form).await;
    assert_eq!(page.status, 422);
    assert!(page.field_error("slug").contains("taken"), "{:?}", page.errors());
    assert_eq!(page.form().value("name"), "Other");
    assert_eq!(app.events("tenant.create").await.len(), 1, "what was refused leaves no event");

    let id = app.tenant("second").await;
    let form = admin.get(&format!("/tenants/{id}/edit")).await.form().with("slug", "northwind");
    let page = admin.submit(&form).await;
    assert_eq!(page.status, 422);
    assert!(page.field_error("slug").contains("taken"));
}

#[actix_web::test]
async fn the_same_form_sent_twice_makes_one_tenant() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let form = admin.get("/tenants/new").await.form().with("name", "Once").with("slug", "once");
    let first = admin.submit(&form).await;
    let second = admin.submit(&form).await;
    assert_eq!((first.status, second.status), (303, 303));
    assert_eq!(first.location(), second.location());

    let form = admin.get("/tenants/new").await.form().with("name", "Both").with("slug", "both");
    let (one, other) = tokio::join!(admin.submit(&form), admin.submit(&form));
    assert_eq!((one.status, other.status), (303, 303), "{} {}", one.text(), other.text());
    assert_eq!(one.location(), other.location());
    assert_eq!(app.number("select count(*) from control.tenants").await, 2);
    assert_eq!(app.events("tenant.create").await.len(), 2);
}

#[actix_web::test]
async fn a_key_that_was_used_for_other_content_is_refused() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let form = admin.get("/tenants/new").await.form().with("name", "One").with("slug", "one");
    assert_eq!(admin.submit(&form).await.status, 303);
    let page = admin.submit(&form.clone().with("name", "Two").with("slug", "two")).await;
    assert_eq!(page.status, 422);
    assert!(page.errors()[0].contains("already sent with other content"), "{:?}", page.errors());
    assert_eq!((page.form().value("name"), page.form().value("slug")), ("Two", "two"), "nothing typed is lost");
    let other = app.admin().await;
    let answer = other.submit(&form.with("slug", "three")).await;
    assert_eq!(answer.status, 303, "another person's key is another key");
    assert_eq!(admin.submit(&page.form()).await.status, 303, "the form that was shown again has another key");
    assert_eq!(app.texts("select slug from control.tenants order by slug").await, ["one", "three", "two"]);
}

#[actix_web::test]
async fn a_trial_is_moved_by_editing_and_stays_where_it_is_otherwise() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let id = app.tenant("northwind").await;
    let form = admin.get(&format!("/tenants/{id}/edit")).await.form().with("trial_ends_at", "2099-01-01");
    assert_eq!(admin.submit(&form).await.status, 303);
    let ends = format!("select coalesce(trial_ends_at::text, 'never') from control.tenants where id = '{id}'");
    assert_eq!(app.text(&ends).await, "never", "only a trial has an end");

    app.execute("update control.tenants set status = 'trial', trial_ends_at = timestamptz '2026-11-19 15:30:00+00'")
        .await;
    let page = admin.get(&format!("/tenants/{id}")).await;
    assert!(page.text().contains("trial ended on 19 Nov 2026"));
    let form = admin.get(&format!("/tenants/{id}/edit")).await.form();
    assert_eq!(form.value("trial_ends_at"), "2026-11-19");
    assert_eq!(admin.submit(&form.with("name", "Northwind GmbH")).await.status, 303);
    assert_eq!(app.text(&ends).await, "2026-11-19 15:30:00+00", "the same day moves nothing");
    let form = admin.get(&format!("/tenants/{id}/edit")).await.form();
    let page = admin.submit(&form.clone().with("trial_ends_at", "soon")).await;
    assert_eq!((page.status, page.form().value("trial_ends_at")), (422, "soon"));
    assert_eq!(admin.submit(&form.with("trial_ends_at", "2099-01-01")).await.status, 303);
    assert_eq!(app.text(&ends).await, "2099-01-01 00:00:00+00");
    assert!(admin.get("/tenants").await.text().contains("trial until 1 Jan 2099"));
}

#[actix_web::test]
async fn an_edit_is_saved_with_its_reason_and_diff() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let id = app.tenant("northwind").await;
    let form = admin.get(&format!("/tenants/{id}/edit?return_to=/tenants%3Fq%3Dnorth")).await.form();
    assert_eq!((form.value("name"), form.value("version")), ("Northwind", "1"));
    let answer = admin.submit(&form.with("name", "Northwind GmbH").with("reason", "  They asked  ")).await;
    assert_eq!((answer.status, answer.location().as_str()), (303, "/tenants?q=north"));
    assert_eq!(answer.flash(), "Northwind GmbH is saved.");

    let event = app.event("tenant.update").await;
    assert_eq!((event.reason.as_deref(), event.target_id), (Some("They asked"), Some(id)));
    assert_eq!((event.changes.len(), event.changes[0].op.as_str()), (1, "update"));
    let change = &event.changes[0];
    assert_eq!((change.row_id, change.tenant_id), (Some(id), Some(id)));
    assert_eq!((&change.before["name"], &change.after["name"]), (&"Northwind".into(), &"Northwind GmbH".into()));
    assert_eq!((&change.before["version"], &change.after["version"]), (&1.into(), &2.into()));
    assert!(change.before.get("region").is_none(), "only what changed is written down: {change:?}");

    let history = admin.get(&format!("/tenants/{id}/history")).await;
    let line = history.texts("ol.history li").remove(0);
    for word in [admin.email.as_str(), "tenant.update", "They asked", "Northwind", "Northwind GmbH"] {
        assert!(line.contains(word), "{word} is not in {line}");
    }
}

#[actix_web::test]
async fn a_refused_edit_keeps_what_was_typed() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let id = app.tenant("northwind").await;
    let form = admin.get(&format!("/tenants/{id}/edit")).await.form();
    let page = admin.submit(&form.clone().with("name", "").with("slug", "a--b").with("notes", "kept")).await;
    assert_eq!(page.status, 422);
    assert_eq!(page.errors().len(), 2);
    assert_eq!((page.form().value("notes"), page.form().value("slug")), ("kept", "a--b"));
    let page = admin.submit(&form.with("version", "x")).await;
    assert_eq!(page.status, 422);
    assert!(page.errors().join("").contains("version"), "{:?}", page.errors());
    assert!(app.events("tenant.update").await.is_empty());
}

#[actix_web::test]
async fn two_people_who_edit_the_same_tenant_see_each_others_values() {
    let app = TestApp::start().await;
    let (one, other) = (app.admin().await, app.admin().await);
    let id = app.tenant("northwind").await;
    let edit = format!("/tenants/{id}/edit");
    let (mine, theirs) = (one.get(&edit).await.form(), other.get(&edit).await.form());
    assert_eq!(other.submit(&theirs.with("name", "Theirs").with("region", "us-west")).await.status, 303);
    let page = one.submit(&mine.with("name", "Mine").with("notes", "mine too")).await;
    assert_eq!(page.status, 409);
    assert_eq!(
        page.rows(),
        [
            ["name", "Northwind", "Theirs", "Mine"],
            ["region", "eu-west", "us-west", "eu-west"],
            ["notes", "", "", "mine too"]
        ]
    );
    let form = page.form();
    assert_eq!((form.value("name"), form.value("version")), ("Mine", "2"));
    assert_eq!(app.text("select name from control.tenants").await, "Theirs", "nothing was written over");

    let answer = one.submit(&form).await;
    assert_eq!(answer.status, 303, "saving again is allowed");
    assert_eq!(app.text("select name || ' ' || region || ' ' || version from control.tenants").await, "Mine eu-west 3");
}

#[actix_web::test]
async fn what_is_not_there_cannot_be_edited() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let id = app.tenant("northwind").await;
    let form = admin.get(&format!("/tenants/{id}/edit")).await.form();
    app.execute(&format!("update control.tenants set deleted_at = now() where id = '{id}'")).await;
    assert_eq!(admin.get(&format!("/tenants/{id}/edit")).await.status, 404);
    assert_eq!(admin.submit(&form.clone().with("name", "Ghost")).await.status, 404);
    let mut foreign = form;
    foreign.action = format!("/tenants/{}", Uuid::now_v7());
    assert_eq!(admin.submit(&foreign).await.status, 404);
    foreign.action = "/tenants/not-an-id".into();
    assert_eq!(admin.submit(&foreign).await.status, 404);
}
