//! Who is limited to some tenants sees their people, and no more of them than belongs there.

use crate::support::TestApp;

const RIGHTS: [&str; 4] = ["access.view", "access.export", "access.manage", "tenants.view"];

#[actix_web::test]
async fn a_manager_of_a_tenant_sees_its_people_alone() {
    let app = TestApp::start().await;
    let (own, foreign) = (app.tenant("own").await, app.tenant("foreign").await);
    let ada = app.member(own, "ada@own.example", "owner").await;
    let eve = app.member(foreign, "eve@foreign.example", "owner").await;
    let (staff, _) = app.staff("support").await;
    let manager = app.scoped_to_tenant(&RIGHTS, own).await;
    let mut seen = manager.get("/people").await.texts("#list tbody td:first-child small");
    seen.sort_unstable();
    let mut wanted = ["ada@own.example".to_owned(), manager.email.clone()];
    wanted.sort_unstable();
    assert_eq!(seen, wanted);
    for q in ["eve", "foreign", "founder"] {
        assert!(manager.get(&format!("/people?q={q}")).await.names().is_empty(), "{q}");
    }
    let csv = manager.get("/people.csv").await;
    assert!(csv.text().contains("ada@own.example") && !csv.text().contains("foreign"), "{}", csv.text());
    let page = manager.get(&format!("/people/{ada}")).await;
    assert_eq!(
        (page.status, page.texts(".tabs a")),
        (200, ["Overview", "Access", "History"].map(str::to_owned).to_vec())
    );
    for id in [eve, staff] {
        for tab in ["", "/sessions", "/sign-ins", "/credentials", "/history"] {
            assert_eq!(manager.get(&format!("/people/{id}{tab}")).await.status, 404, "{id}{tab}");
        }
    }
    for tab in ["/sessions", "/sign-ins", "/credentials"] {
        assert_eq!(manager.get(&format!("/people/{ada}{tab}")).await.status, 404, "{tab} belongs to no tenant");
    }
    assert_eq!(manager.get(&format!("/people/{ada}/history")).await.status, 200);
}

/// Even who was given the right to manage on a tenant alone changes nobody: people are not a tenant's to change.
#[actix_web::test]
async fn a_right_to_manage_on_one_tenant_changes_nobody() {
    let app = TestApp::start().await;
    let own = app.tenant("own").await;
    let ada = app.member(own, "ada@own.example", "owner").await;
    let manager = app.scoped_to_tenant(&RIGHTS, own).await;
    let before = app.texts("select to_jsonb(u) from control.users u where last_login_at is null order by id").await;
    for (noun, fields) in [
        ("suspension", vec![("confirm", "ada@own.example")]),
        ("lock", vec![("hours", "2")]),
        ("deactivation", vec![("confirm", "ada@own.example")]),
        ("sign-out", vec![]),
        ("password-reset", vec![]),
        ("invitation", vec![]),
        ("revocation", vec![]),
    ] {
        let path = format!("/people/{ada}/{noun}");
        let mut fields = fields;
        fields.push(("reason", "mine"));
        let (asked, done) = (manager.get(&format!("{path}/new")).await, manager.post_form(&path, &fields).await);
        assert!(matches!(asked.status, 403 | 404), "{noun}: {}", asked.status);
        assert!(matches!(done.status, 403 | 404), "{noun}: {}", done.status);
    }
    let edit = [("version", "1"), ("name", "Taken"), ("email", "x@y.z"), ("locale", "en"), ("time_zone", "UTC")];
    assert!(matches!(manager.post_form(&format!("/people/{ada}"), &edit).await.status, 403 | 404));
    let role = app.text("select id from control.roles where name = 'support'").await;
    let invite = [("email", "new@own.example"), ("name", "New"), ("role_id", role.as_str()), ("reason", "x")];
    assert!(matches!(manager.post_form("/people", &invite).await.status, 403 | 404));
    let after = app.texts("select to_jsonb(u) from control.users u where last_login_at is null order by id").await;
    assert_eq!(after, before);
}
