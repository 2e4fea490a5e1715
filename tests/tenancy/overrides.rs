//! A policy that holds for a while instead of the tenant's own.

use crate::support::TestApp;

#[actix_web::test]
async fn an_override_holds_until_it_ends() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let id = app.tenant("northwind").await;
    let policies = format!("/tenants/{id}/policies");
    let said = async |label: &str| {
        let rows = admin.get(&policies).await.rows();
        rows.into_iter().find(|row| row[0].starts_with(label)).expect("a policy")[1].clone()
    };
    let url = format!("{policies}/overrides/new?policy=session_idle_minutes");
    let form = admin.get(&url).await.form().with("value", "5").with("expires_at", "2999-01-01");
    let answer = admin.submit(&form.clone().with("reason", "an incident")).await;
    assert_eq!((answer.status, answer.location()), (303, policies.clone()), "{:?}", answer.errors());
    let shown = said("Idle minutes").await;
    assert!(shown.starts_with("5 overridden until") && shown.contains("instead of 30 an incident"), "{shown}");
    let event = app.event("policy_override.create").await;
    assert_eq!((event.tenant_id, event.reason.as_deref()), (Some(id), Some("an incident")));
    let again = admin.submit(&form.clone().with("reason", "more").with("idempotency_key", "")).await;
    assert!(again.field_error("policy").contains("overridden already"), "{:?}", again.errors());

    let past = "created_at = now() - interval '2 days', expires_at = now() - interval '1 day'";
    app.execute(&format!("update control.policy_overrides set {past}")).await;
    assert_eq!(said("Idle minutes").await, "30", "it ends by itself");
    assert_eq!(admin.submit(&form.with("reason", "more").with("idempotency_key", "")).await.status, 303);
    let one = app.text("select id from control.policy_overrides where deleted_at is null").await;
    let form = admin.get(&format!("{policies}/overrides/{one}/removal/new")).await.form();
    assert_eq!(admin.submit(&form.with("reason", "over")).await.status, 303);
    assert_eq!(said("Idle minutes").await, "30");
    assert_eq!(admin.get(&format!("{policies}/overrides/{one}/removal/new")).await.status, 404);
}

#[actix_web::test]
async fn an_override_is_what_counts() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let id = app.tenant("northwind").await;
    let form = admin.get(&format!("/tenants/{id}/policies/overrides/new?policy=allowed_email_domains")).await.form();
    let form = form.with("value", "Northwind.example").with("expires_at", "2999-01-01").with("reason", "an incident");
    assert_eq!(admin.submit(&form).await.status, 303);
    let person = admin.get(&format!("/tenants/{id}/people/new")).await.form().with("role", "member");
    let page = admin.submit(&person.with("email", "ada@elsewhere.example").with("name", "Ada")).await;
    assert!(page.field_error("email").contains("northwind.example"), "{:?}", page.errors());
}

#[actix_web::test]
async fn wrong_values_are_refused_by_kind() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let id = app.tenant("northwind").await;
    let url = format!("/tenants/{id}/policies/overrides");
    for (policy, value) in [
        ("session_idle_minutes", "4"),
        ("session_idle_minutes", "many"),
        ("mfa_required", "perhaps"),
        ("default_visibility", "world"),
        ("allowed_email_domains", "no domain\nat all"),
        ("mfa_required", "\0"),
    ] {
        let fields = [("policy", policy), ("value", value), ("expires_at", "2999-01-01"), ("reason", "why")];
        let page = admin.post_form(&url, &fields).await;
        assert_eq!(page.status, 422, "{policy}={value}");
        assert!(!page.field_error("value").is_empty(), "{policy}={value}: {:?}", page.errors());
    }
    let page = admin.post_form(&url, &[("policy", "version"), ("value", "1")]).await;
    assert_eq!((page.status, page.errors().len()), (422, 3), "{:?}", page.errors());
    let past = [("policy", "mfa_required"), ("value", "yes"), ("expires_at", "2001-01-01"), ("reason", "why")];
    assert!(admin.post_form(&url, &past).await.field_error("expires_at").contains("future"));
    assert_eq!(app.manager_of_tenant(id).await.post_form(&url, &past[..2]).await.status, 422);
    let good = [("policy", "mfa_required"), ("value", "yes"), ("expires_at", "2999-01-01"), ("reason", "why")];
    assert_eq!(app.manager_of_tenant(id).await.post_form(&url, &good).await.status, 403, "for the platform to decide");
}
