//! Who sees which rows of access, on pages and in the database.

use uuid::Uuid;

use super::{PLATFORM, give, make_role, on_tenant};
use crate::support::TestApp;

/// Two tenants with a department, a group, an override and an assignment each, and as much of the platform's.
async fn furnished(app: &TestApp) -> [Uuid; 2] {
    let tenants = [app.tenant("own").await, app.tenant("foreign").await];
    let viewer = make_role(app, "viewer", &["tenants.view"]).await;
    for (tenant, name) in tenants.iter().zip(["own", "foreign"]) {
        let member = app.member(*tenant, &format!("ada@{name}.example"), "owner").await;
        app.execute(&format!(
            "insert into control.departments (id, tenant_id, name) values (gen_random_uuid(), '{tenant}', '{name}');
            insert into control.department_memberships (id, department_id, tenant_id, user_id)
                select gen_random_uuid(), id, tenant_id, '{member}' from control.departments where name = '{name}';
            insert into control.groups (id, tenant_id, name) values (gen_random_uuid(), '{tenant}', '{name}');
            insert into control.group_memberships (id, group_id, user_id)
                select gen_random_uuid(), id, '{member}' from control.groups where name = '{name}';
            insert into control.policy_overrides (id, tenant_id, policy, value, reason, expires_at)
                values (gen_random_uuid(), '{tenant}', 'mfa_required', 'true', '{name}', now() + interval '1 day')"
        ))
        .await;
        give(app, viewer, ("user_id", member), &on_tenant(*tenant)).await;
    }
    let (somebody, _) = app.staff("support").await;
    app.execute(&format!(
        "insert into control.groups (id, name) values (gen_random_uuid(), 'everywhere');
        insert into control.group_memberships (id, group_id, user_id)
            select gen_random_uuid(), id, '{somebody}' from control.groups where name = 'everywhere'"
    ))
    .await;
    give(app, viewer, ("user_id", somebody), PLATFORM).await;
    tenants
}

#[actix_web::test]
async fn row_security_alone_keeps_tenants_apart() {
    let app = TestApp::start().await;
    let [own, foreign] = furnished(&app).await;
    let scope = format!("select set_config('castellan.tenant_ids', '{own}', true)");
    let seen = async |query: &str| app.texts_as("castellan_scoped", &scope, query).await.expect("it may read");
    for table in ["departments", "groups"] {
        assert_eq!(seen(&format!("select name from control.{table}")).await, ["own"], "{table}");
    }
    for table in ["department_memberships", "policy_overrides", "assignments"] {
        let tenants = seen(&format!("select distinct tenant_id from control.{table}")).await;
        assert_eq!(tenants, [own.to_string()], "{table}");
    }
    assert_eq!(seen("select count(*) from control.group_memberships").await, ["1"]);
    assert_eq!(seen("select distinct tenant_id from control.held_assignments").await, [own.to_string()]);
    assert_eq!(seen("select distinct tenant_id from control.effective_rights").await, [own.to_string()]);
    let none = "select set_config('castellan.tenant_ids', '', true)";
    for table in
        ["departments", "department_memberships", "groups", "group_memberships", "policy_overrides", "assignments"]
    {
        let rows = app.texts_as("castellan_scoped", none, &format!("select id from control.{table}")).await;
        assert_eq!(rows, Ok(Vec::new()), "{table} without a scope");
        for write in [
            format!("delete from control.{table}"),
            format!("update control.{table} set created_at = now()"),
            format!("insert into control.{table} (id) values (gen_random_uuid())"),
        ] {
            let refused = app.try_as("castellan_scoped", &write).await.expect_err("no scope writes");
            assert!(refused.contains("permission denied"), "{write}: {refused}");
        }
    }
    let foreign_one = format!("select count(*) from control.departments where tenant_id = '{foreign}'");
    assert_eq!(seen(&foreign_one).await, ["0"]);
}

#[actix_web::test]
async fn pages_show_what_is_in_scope_and_404_for_the_rest() {
    let app = TestApp::start().await;
    let [own, foreign] = furnished(&app).await;
    let person = app.scoped_to_tenant(&["access.view", "access.export", "tenants.view"], own).await;
    assert_eq!(person.get("/groups").await.names(), ["own"]);
    let page = person.get("/assignments").await;
    assert!(page.text().contains("ada@own.example") && !page.text().contains("foreign"), "{}", page.text());
    let csv = person.get("/assignments.csv").await;
    assert!(csv.text().contains("ada@own.example") && !csv.text().contains("foreign"));
    assert!(person.get("/roles").await.names().contains(&"founder".to_owned()), "roles are no secret");
    assert_eq!(person.get(&format!("/tenants/{own}/departments")).await.names(), ["own"]);
    assert_eq!(person.get(&format!("/tenants/{foreign}/departments")).await.status, 404);
    for (table, path) in [("groups", "groups"), ("assignments", "assignments")] {
        let name = if table == "groups" { "name <> 'own'" } else { "tenant_id is distinct from" };
        let condition = if table == "groups" { name.to_owned() } else { format!("{name} '{own}'") };
        for id in app.texts(&format!("select id from control.{table} where {condition}")).await {
            assert_eq!(person.get(&format!("/{path}/{id}")).await.status, 404, "{table}");
        }
    }
    let department = app.text("select id from control.departments where name = 'foreign'").await;
    for tenant in [own, foreign] {
        let path = format!("/tenants/{tenant}/departments/{department}");
        assert_eq!(person.get(&path).await.status, 404);
    }
    let stranger = app.text("select id from control.users where email = 'ada@foreign.example'").await;
    assert_eq!(person.get(&format!("/people/{stranger}/access")).await.status, 404);
    let known = app.text("select id from control.users where email = 'ada@own.example'").await;
    assert!(person.get(&format!("/people/{known}/access")).await.text().contains("tenants.view"));
}
