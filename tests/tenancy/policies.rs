//! Policies: shown with their defaults, edited under a version.

use castellan::tenancy::policies::model::RULES;

use crate::support::TestApp;

#[actix_web::test]
async fn a_new_tenant_has_the_defaults_that_the_page_names() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let id = app.tenant("northwind").await;
    let rows = admin.get(&format!("/tenants/{id}/policies")).await.rows();
    assert_eq!(rows.len(), RULES.len());
    for row in rows {
        assert_eq!(format!("default {}", row[1]), row[2], "{}", row[0]);
    }
    let columns = "select column_name from information_schema.columns where table_schema = 'control'
        and table_name = 'tenant_policies' and column_name not in ('id', 'tenant_id', 'version', 'created_at',
        'updated_at', 'created_by', 'updated_by') order by ordinal_position";
    assert_eq!(app.texts(columns).await, RULES.map(|rule| rule.column));
}

#[actix_web::test]
async fn all_policies_are_written_and_lines_mended() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let id = app.tenant("northwind").await;
    let form = admin.get(&format!("/tenants/{id}/policies/edit")).await.form();
    let form = form
        .with("default_visibility", "tenant")
        .with("mfa_required", "on")
        .with("session_idle_minutes", "60")
        .with("allowed_email_domains", " Northwind.example \r\n\r\nshop.example\r\nnorthwind.example")
        .with("reason", "their wish");
    let answer = admin.submit(&form).await;
    assert_eq!((answer.status, answer.location()), (303, format!("/tenants/{id}/policies")));
    let event = app.event("tenant_policies.update").await;
    assert_eq!((event.tenant_id, event.reason.as_deref()), (Some(id), Some("their wish")));
    let change = event.of("tenant_policies")[0];
    assert_eq!(change.after["allowed_email_domains"], serde_json::json!(["northwind.example", "shop.example"]));
    assert_eq!((&change.before["mfa_required"], &change.after["mfa_required"]), (&false.into(), &true.into()));
    let page = admin.get(&format!("/tenants/{id}")).await;
    let side = page.texts("aside").join(" ");
    for words in ["60 min idle, 12 h in all", "second factor required", "northwind.example, shop.example"] {
        assert!(side.contains(words), "{words} is not in {side}");
    }
    let again = admin.get(&format!("/tenants/{id}/policies/edit")).await.form();
    assert_eq!((again.value("mfa_required"), again.value("public_links_allowed")), ("on", ""));
}

/// They say who needs a second factor, so that a browser that was left open is not enough.
#[actix_web::test]
async fn policies_are_changed_by_those_who_have_just_proved_who_they_are() {
    let app = TestApp::start().await;
    let id = app.tenant("northwind").await;
    let (person, email) = app.staff("admin").await;
    let admin = app.unelevated(person, &email).await;
    let url = format!("/tenants/{id}/policies");
    let over = [("policy", "mfa_required"), ("value", "no"), ("expires_at", "2999-01-01"), ("reason", "why")];
    for (path, fields) in [(url.clone(), [].as_slice()), (format!("{url}/overrides"), over.as_slice())] {
        assert_eq!(admin.post_form(&path, fields).await.status, 401, "{path}");
    }
    for path in [format!("{url}/edit"), format!("{url}/overrides/new")] {
        assert_eq!(admin.get(&path).await.location(), format!("/elevation?return_to={path}"));
    }
    assert_eq!(admin.get(&url).await.status, 200, "they are seen without it");
    assert_eq!(app.number("select count(*) from control.policy_overrides").await, 0);
}

#[actix_web::test]
async fn all_that_is_wrong_is_said_at_once() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let id = app.tenant("northwind").await;
    let form = admin.get(&format!("/tenants/{id}/policies/edit")).await.form();
    let wrong = form
        .clone()
        .with("default_visibility", "everybody")
        .with("session_idle_minutes", "4")
        .with("session_absolute_hours", "x")
        .with("allowed_email_domains", "northwind.example\nmünchen.example")
        .with("activity_retention_days", "29")
        .with("trash_retention_days", "366");
    let page = admin.submit(&wrong).await;
    assert_eq!((page.status, page.errors().len()), (422, 6), "{:?}", page.errors());
    assert!(page.field_error("allowed_email_domains").contains("“münchen.example” that must be in ASCII"));
    assert_eq!(page.value("allowed_email_domains"), "northwind.example\nmünchen.example");
    let page = admin.submit(&form.with("session_idle_minutes", "120").with("session_absolute_hours", "1")).await;
    assert_eq!(page.field_error("session_idle_minutes"), "may not be longer than the whole session");
    assert_eq!(app.support().await.get(&format!("/tenants/{id}/policies/edit")).await.status, 403);
}

#[actix_web::test]
async fn a_stale_form_shows_both_sides() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let id = app.tenant("northwind").await;
    let form = admin.get(&format!("/tenants/{id}/policies/edit")).await.form();
    let theirs = form.clone().with("mfa_required", "on").with("allowed_email_domains", "a.example\r\nb.example");
    assert_eq!(admin.submit(&theirs).await.status, 303);
    let page = admin.submit(&form.with("allowed_email_domains", "c.example")).await;
    assert_eq!(page.status, 409);
    let rows = page.rows();
    assert_eq!(rows[0], ["mfa_required", "", "on", ""]);
    assert_eq!(rows[1], ["allowed_email_domains", "", "a.example b.example", "c.example"]);
    assert_eq!(admin.submit(&page.form()).await.status, 303, "saving again is a choice");
    assert_eq!(app.text("select allowed_email_domains from control.tenant_policies").await, "{c.example}");
}
