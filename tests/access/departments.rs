//! Departments: the tree of a tenant, moves, members, and what a department holds.

use uuid::Uuid;

use super::{act, confirm, give, nobody_special, on_tenant, role, sides};
use crate::support::{Person, TestApp};

async fn department(app: &TestApp, founder: &Person, tenant: Uuid, name: &str, parent: Option<Uuid>) -> Uuid {
    let parent = parent.map(|id| id.to_string()).unwrap_or_default();
    let form = founder.get(&format!("/tenants/{tenant}/departments/new?parent_id={parent}")).await.form();
    assert_eq!(form.value("parent_id"), parent);
    let answer = founder.submit(&form.with("name", name)).await;
    assert_eq!(answer.status, 303, "{:?}", answer.errors());
    let made = format!("select id from control.departments where name = '{name}' and tenant_id = '{tenant}'");
    app.text(&made).await.parse().expect("an id")
}

#[actix_web::test]
async fn departments_are_a_tree_without_circles() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let (tenant, other) = (app.tenant("northwind").await, app.tenant("acme").await);
    let sales = department(&app, &founder, tenant, "sales", None).await;
    let north = department(&app, &founder, tenant, "north", Some(sales)).await;
    let oslo = department(&app, &founder, tenant, "oslo", Some(north)).await;
    department(&app, &founder, tenant, "finance", None).await;
    let foreign = department(&app, &founder, other, "sales", None).await;
    let tree = format!("/tenants/{tenant}/departments");
    assert_eq!(founder.get(&tree).await.names(), ["finance", "sales", "north", "oslo"]);

    let form = founder.get(&format!("{tree}/{sales}/edit")).await.form();
    for parent in [oslo, sales, foreign, Uuid::nil()] {
        let page = founder.submit(&form.clone().with("parent_id", &parent.to_string())).await;
        assert_eq!(page.status, 422, "{parent}");
        assert!(!page.field_error("parent_id").is_empty(), "{:?}", page.errors());
    }
    let page = founder.submit(&form.clone().with("parent_id", "").with("name", "finance")).await;
    assert!(page.field_error("name").contains("taken"), "{:?}", page.errors());
    let page = founder.submit(&form.clone().with("parent_id", "nonsense").with("name", "\0")).await;
    assert_eq!((page.status, page.errors().len()), (422, 2), "{:?}", page.errors());
    let moved = founder.get(&format!("{tree}/{oslo}/edit")).await.form().with("parent_id", "");
    assert_eq!(founder.submit(&moved).await.status, 303);
    assert_eq!(founder.get(&tree).await.names(), ["finance", "oslo", "sales", "north"]);
    assert_eq!(founder.submit(&moved.with("name", "late")).await.status, 409);

    let page = founder.get(&format!("{tree}/{sales}/deletion/new")).await;
    assert_eq!(page.status, 409);
    assert!(page.errors().join("").contains("below it"), "{:?}", page.errors());
    assert_eq!(act(&founder, &format!("{tree}/{north}/deletion")).await.1.status, 303);
    assert_eq!(act(&founder, &format!("{tree}/{sales}/deletion")).await.1.status, 303);
    assert_eq!(founder.get(&format!("{tree}/{north}/restoration/new")).await.status, 409, "what is above comes first");
    assert_eq!(act(&founder, &format!("{tree}/{sales}/restoration")).await.1.status, 303);
    assert_eq!(act(&founder, &format!("{tree}/{north}/restoration")).await.1.status, 303);
    for page in [format!("/{foreign}"), format!("/{foreign}/edit"), format!("/{foreign}/members/new")] {
        assert_eq!(founder.get(&format!("{tree}{page}")).await.status, 404, "{page} is another tenant's");
    }
}

#[actix_web::test]
async fn members_hold_what_the_department_holds() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let tenant = app.tenant("northwind").await;
    let sales = department(&app, &founder, tenant, "sales", None).await;
    let north = department(&app, &founder, tenant, "north", Some(sales)).await;
    give(&app, role(&app, "support").await, ("department_id", sales), &on_tenant(tenant)).await;
    let person = nobody_special(&app).await;
    let url = format!("/tenants/{tenant}/departments/{sales}");
    let form = founder.get(&format!("{url}/members/new")).await.form().with("email", &person.email);
    let form = form.with("reason", "sells");
    let page = founder.submit(&form).await;
    assert!(page.field_error("email").contains("does not belong to this tenant"), "{:?}", page.errors());
    app.execute(&format!(
        "insert into control.workspace_members (id, workspace_id, tenant_id, user_id)
            select gen_random_uuid(), id, tenant_id, '{}' from control.workspaces where tenant_id = '{tenant}'",
        person.id.expect("a person")
    ))
    .await;
    let below = founder.get(&format!("/tenants/{tenant}/departments/{north}/members/new")).await.form();
    let (shown, _) = confirm(&founder, &below.with("email", &person.email).with("reason", "sells")).await;
    assert!(shown.texts(".reach").join("").contains("Nobody gains or loses"), "nothing comes from above");
    assert_eq!(person.get("/tenants").await.status, 403);

    let (shown, done) = confirm(&founder, &form).await;
    assert_eq!(sides(&shown).len(), 1);
    assert_eq!(done.location(), url);
    assert_eq!(person.get("/tenants").await.names(), ["Northwind"]);
    let page = founder.get(&url).await;
    assert!(page.text().contains(&person.email) && page.text().contains("support"));
    assert!(founder.get(&format!("{url}?q=nobody")).await.texts(".empty").join("").contains("Nothing matches"));

    let member = format!("select id from control.department_memberships where department_id = '{sales}'");
    let member = app.text(&member).await;
    assert_eq!(act(&founder, &format!("{url}/members/{member}/removal")).await.1.status, 303);
    assert_eq!(person.get("/tenants").await.status, 403);
}
