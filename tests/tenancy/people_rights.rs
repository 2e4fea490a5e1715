//! Who leaves a tenant loses what its departments and groups gave them, and who comes back is given no more than whoever
//! adds them may give.

use uuid::Uuid;

use crate::support::{Page, Person, TestApp};

/// A department and a group of a tenant with one person, each with a role on the tenant. Returns the membership.
async fn in_both(app: &TestApp, tenant: Uuid, user: Uuid) -> String {
    app.execute(&format!(
        "insert into control.roles (id, name) values
            ('00000000-0000-4000-8000-00000000000a', 'of department'), ('00000000-0000-4000-8000-00000000000b', 'of group');
        insert into control.role_privileges (role_id, privilege_name) values
            ('00000000-0000-4000-8000-00000000000a', 'clients.view'),
            ('00000000-0000-4000-8000-00000000000b', 'clients.manage');
        with d as (insert into control.departments (id, tenant_id, name)
                values (gen_random_uuid(), '{tenant}', 'Sales') returning id, tenant_id),
            m as (insert into control.department_memberships (id, department_id, tenant_id, user_id)
                select gen_random_uuid(), id, tenant_id, '{user}' from d)
        insert into control.assignments (id, role_id, department_id, reason, scope_kind, tenant_id)
            select gen_random_uuid(), '00000000-0000-4000-8000-00000000000a', id, 'test', 'tenant', tenant_id from d;
        with g as (insert into control.groups (id, tenant_id, name)
                values (gen_random_uuid(), '{tenant}', 'Closers') returning id, tenant_id),
            m as (insert into control.group_memberships (id, group_id, user_id)
                select gen_random_uuid(), id, '{user}' from g)
        insert into control.assignments (id, role_id, group_id, reason, scope_kind, tenant_id)
            select gen_random_uuid(), '00000000-0000-4000-8000-00000000000b', id, 'test', 'tenant', tenant_id from g"
    ))
    .await;
    membership(app, user).await
}

async fn membership(app: &TestApp, user: Uuid) -> String {
    let living = "select id from control.workspace_members where deleted_at is null";
    app.text(&format!("{living} and user_id = '{user}' order by created_at limit 1")).await
}

async fn add(app: &TestApp, person: &Person, tenant: Uuid, email: &str) -> Page {
    let workspace = app.text(&format!("select id from control.workspaces where tenant_id = '{tenant}'")).await;
    let fields = [("email", email), ("name", "Ada"), ("role", "member"), ("workspace_id", workspace.as_str())];
    person.post_form(&format!("/tenants/{tenant}/people"), &fields).await
}

#[actix_web::test]
async fn the_effect_of_removing_somebody_says_what_they_lose() {
    let app = TestApp::start().await;
    let tenant = app.tenant("northwind").await;
    let user = app.member(tenant, "ada@northwind.example", "member").await;
    app.member(tenant, "bob@northwind.example", "owner").await;
    let member = in_both(&app, tenant, user).await;
    let manager =
        app.scoped_to_tenant(&["tenants.view", "tenants.manage", "clients.view", "clients.manage"], tenant).await;
    for person in [&app.admin().await, &manager] {
        let page = person.get(&format!("/tenants/{tenant}/people/{member}/removal/new")).await;
        assert_eq!(page.texts(".reach h3"), ["1 person loses 2 rights"], "{}", page.text());
        assert!(page.rows().iter().all(|row| row[1] == "Northwind"), "{:?}", page.rows());
    }
    let path = format!("/tenants/{tenant}/people/{member}/removal");
    let form = manager.get(&format!("{path}/new")).await.form().with("reason", "left");
    assert_eq!(manager.submit(&form).await.status, 303);
    assert_eq!(app.number(&format!("select count(*) from control.effective_rights where user_id = '{user}'")).await, 0);

    // With another membership of the tenant left, nothing is lost.
    assert_eq!(add(&app, &app.admin().await, tenant, "ada@northwind.example").await.status, 303);
    app.execute(&format!(
        "with w as (insert into control.workspaces (id, tenant_id, name) values (gen_random_uuid(), '{tenant}', 'Shop')
            returning id, tenant_id)
        insert into control.workspace_members (id, workspace_id, tenant_id, user_id, role)
            select gen_random_uuid(), id, tenant_id, '{user}', 'member' from w"
    ))
    .await;
    let page = manager.get(&format!("/tenants/{tenant}/people/{}/removal/new", membership(&app, user).await)).await;
    assert!(page.texts(".reach").join("").contains("Nobody gains or loses"), "{}", page.text());
}

#[actix_web::test]
async fn who_comes_back_is_given_no_more_than_the_one_who_adds_them_has() {
    let app = TestApp::start().await;
    let tenant = app.tenant("northwind").await;
    let user = app.member(tenant, "ada@northwind.example", "member").await;
    in_both(&app, tenant, user).await;
    app.execute(&format!("update control.workspace_members set deleted_at = now() where user_id = '{user}'")).await;
    // A scoped manager sees people of the tenant; this one belongs to another of theirs.
    let other = app.tenant("other").await;
    app.execute(&format!(
        "insert into control.workspace_members (id, workspace_id, tenant_id, user_id, role)
            select gen_random_uuid(), id, tenant_id, '{user}', 'member' from control.workspaces where tenant_id = '{other}'"
    ))
    .await;
    let lacking = app.person_with(&["tenants.view", "tenants.manage"]).await;
    let page = add(&app, &lacking, tenant, "ada@northwind.example").await;
    assert_eq!(page.status, 422);
    let why = page.field_error("email");
    assert!(why.starts_with("would be given clients.manage, clients.view by"), "{why}");
    let holding = app.person_with(&["tenants.view", "tenants.manage", "clients.view", "clients.manage"]).await;
    assert_eq!(add(&app, &holding, tenant, "ada@northwind.example").await.status, 303);
    let stranger = add(&app, &lacking, tenant, "new@northwind.example").await;
    assert_eq!(stranger.status, 303, "who comes for the first time is given nothing: {:?}", stranger.errors());
}

/// The founders' role of a department makes a founder of whoever belongs to the tenant. Who may do less than founders
/// takes none away, nor does anybody take the last one.
#[actix_web::test]
async fn the_last_founder_is_not_removed_from_the_tenant_that_makes_them_one() {
    let app = TestApp::start().await;
    let tenant = app.tenant("northwind").await;
    app.member(tenant, "bob@northwind.example", "owner").await;
    let founder = app.person_with(&["tenants.view"]).await;
    let user = founder.id.expect("a person");
    app.execute(&format!(
        "insert into control.workspace_members (id, workspace_id, tenant_id, user_id, role)
            select gen_random_uuid(), id, tenant_id, '{user}', 'member' from control.workspaces where tenant_id = '{tenant}';
        with d as (insert into control.departments (id, tenant_id, name)
                values (gen_random_uuid(), '{tenant}', 'Board') returning id, tenant_id),
            m as (insert into control.department_memberships (id, department_id, tenant_id, user_id)
                select gen_random_uuid(), id, tenant_id, '{user}' from d)
        insert into control.assignments (id, role_id, department_id, reason, scope_kind)
            select gen_random_uuid(), r.id, d.id, 'test', 'platform' from d, control.roles r where r.name = 'founder';
        update control.assignments a set revoked_at = now() from control.users u
            where u.id = a.user_id and u.email = 'founder@example.com'"
    ))
    .await;
    let path = format!("/tenants/{tenant}/people/{}/removal", membership(&app, user).await);
    let manager = app.scoped_to_tenant(&["tenants.view", "tenants.manage"], tenant).await;
    for (person, why) in [(&founder, "last active founder"), (&manager, "rights that you lack")] {
        assert_eq!(person.get(&format!("{path}/new")).await.status, 409);
        let page = person.post_form(&path, &[("reason", "bye")]).await;
        assert!(page.errors().join("").contains(why), "{:?}", page.errors());
    }
    let other = app.founder().await;
    assert_eq!(manager.post_form(&path, &[("reason", "bye")]).await.status, 409, "who could not suspend them either");
    assert_eq!(other.post_form(&path, &[("reason", "bye")]).await.status, 303);
}
