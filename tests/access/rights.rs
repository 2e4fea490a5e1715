//! What a person may do and why; and that it ends at once.

use uuid::Uuid;

use super::{PLATFORM, give, nobody_special, on_tenant, role};
use crate::support::TestApp;

#[actix_web::test]
async fn every_right_names_the_path_that_grants_it() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    let northwind = app.tenant("northwind").await;
    let person = nobody_special(&app).await;
    let id = person.id.expect("a person");
    let group = Uuid::now_v7();
    app.execute(&format!(
        "insert into control.groups (id, name) values ('{group}', 'night shift');
        insert into control.group_memberships (id, group_id, user_id) values (gen_random_uuid(), '{group}', '{id}')"
    ))
    .await;
    let support = role(&app, "support").await;
    let through = give(&app, support, ("group_id", group), PLATFORM).await;
    give(&app, support, ("user_id", id), &on_tenant(northwind)).await;
    let page = auditor.get(&format!("/people/{id}/access")).await;
    let rights: Vec<Vec<String>> = page.rows().into_iter().filter(|row| row[0] == "tenants.suspend").collect();
    assert_eq!(rights.len(), 2);
    assert_eq!(rights[0][1..], ["Northwind", "support"]);
    assert_eq!(rights[1][1..], ["everywhere", "support through group night shift"]);
    assert!(page.attributes(".rights a", "href").contains(&format!("/assignments/{through}")));
    assert!(page.texts(".name").contains(&"night shift".to_owned()));
    assert_eq!(page.link("Assign a role"), "", "an auditor gives nothing");
    let founder = app.founder().await;
    let page = founder.get(&format!("/people/{id}/access")).await;
    assert!(page.link("Assign a role").starts_with(&format!("/assignments/new?user_id={id}")));
    let form = founder.get(&page.link("Assign a role")).await.form();
    assert_eq!((form.value("user_id"), form.value("return_to")), (&*id.to_string(), &*format!("/people/{id}/access")));
    assert_eq!(founder.get(&format!("/people/{}/access", Uuid::now_v7())).await.status, 404);

    app.execute(&format!("update control.users set status = 'suspended' where id = '{id}'")).await;
    assert!(auditor.get(&format!("/people/{id}/access")).await.texts(".banner").join("").contains("cannot sign in"));
}

#[actix_web::test]
async fn what_comes_through_groups_and_departments_ends_at_the_next_request() {
    let app = TestApp::start().await;
    let tenant = app.tenant("northwind").await;
    let (one, other) = (nobody_special(&app).await, nobody_special(&app).await);
    let (grouped, sorted) = (one.id.expect("a person"), other.id.expect("a person"));
    let (group, department) = (Uuid::now_v7(), Uuid::now_v7());
    app.execute(&format!(
        "insert into control.groups (id, name) values ('{group}', 'night shift');
        insert into control.group_memberships (id, group_id, user_id)
            values (gen_random_uuid(), '{group}', '{grouped}');
        insert into control.departments (id, tenant_id, name) values ('{department}', '{tenant}', 'sales');
        insert into control.department_memberships (id, department_id, tenant_id, user_id)
            values (gen_random_uuid(), '{department}', '{tenant}', '{sorted}');
        insert into control.workspace_members (id, workspace_id, tenant_id, user_id)
            select gen_random_uuid(), id, tenant_id, '{sorted}' from control.workspaces"
    ))
    .await;
    let support = role(&app, "support").await;
    give(&app, support, ("group_id", group), PLATFORM).await;
    give(&app, support, ("department_id", department), &on_tenant(tenant)).await;
    for (person, table, taken, given) in [
        (&one, "group_memberships", "expires_at = now()", "expires_at = null"),
        (&one, "group_memberships", "deleted_at = now()", "deleted_at = null"),
        (&one, "groups", "deleted_at = now()", "deleted_at = null"),
        (&one, "assignments", "revoked_at = now()", "revoked_at = null"),
        (&one, "assignments", "expires_at = now()", "expires_at = null"),
        (&other, "department_memberships", "deleted_at = now()", "deleted_at = null"),
        (&other, "departments", "deleted_at = now()", "deleted_at = null"),
        (&other, "workspace_members", "deleted_at = now()", "deleted_at = null"),
        (&other, "assignments", "revoked_at = now()", "revoked_at = null"),
    ] {
        assert_eq!(person.get("/tenants").await.status, 200, "before {table} {taken}");
        let of = if table == "assignments" { "where user_id is null" } else { "" };
        app.execute(&format!("update control.{table} set {taken} {of}")).await;
        assert_eq!(person.get("/tenants").await.status, 403, "{table} {taken}");
        app.execute(&format!("update control.{table} set {given} {of}")).await;
    }
}
