//! Blast radius: exact for many people, and for what somebody keeps otherwise.

use std::time::Instant;

use uuid::Uuid;

use super::{PLATFORM, act, give, make_role, nobody_special, on_tenant, role, sides};
use crate::support::{TestApp, skipped};

/// Groups of a thousand staff, each with a role of twenty privileges, half of them everywhere and half on a tenant:
/// `people` times twenty rights. One more group holds everybody.
async fn crowd(app: &TestApp, people: usize) {
    app.execute(&format!(
        "set local role castellan_owner;
        select set_config('castellan.actor_kind', 'command', true), set_config('castellan.actor_label', 'test', true);
        insert into control.privileges (name, description)
            select 'crowd.p' || n, 'made up' from generate_series(1, 20) n;
        insert into control.tenants (id, slug, name, region) values (gen_random_uuid(), 'crowd', 'Crowd', 'eu-west');
        insert into control.users (id, email, name, status, is_staff)
            select gen_random_uuid(), 'crowd' || n || '@example.com', 'Crowd ' || lpad(n::text, 6, '0'), 'active', true
            from generate_series(1, {people}) n;
        insert into control.roles (id, name) select gen_random_uuid(), 'crowd ' || n from generate_series(0, 9) n;
        insert into control.role_privileges (role_id, privilege_name)
            select r.id, p.name from control.roles r, control.privileges p
            where r.name like 'crowd %' and p.name like 'crowd.%';
        insert into control.groups (id, name)
            select gen_random_uuid(), 'crowd ' || n from generate_series(0, {people} / 1000) n;
        insert into control.group_memberships (id, group_id, user_id)
            select gen_random_uuid(), g.id, u.id from control.users u
            join control.groups g on g.name = 'crowd ' || ((substr(u.name, 7)::integer - 1) / 1000)
            where u.name like 'Crowd %';
        insert into control.assignments (id, group_id, role_id, scope_kind, tenant_id, reason)
            select gen_random_uuid(), g.id, r.id, case n % 2 when 0 then 'platform' else 'tenant' end,
                case n % 2 when 1 then (select id from control.tenants where slug = 'crowd') end, 'test'
            from control.groups g, lateral (select substr(g.name, 7)::integer as n) o
            join control.roles r on r.name = 'crowd ' || (n % 10) where g.name like 'crowd %';
        insert into control.groups (id, name) values (gen_random_uuid(), 'everybody');
        insert into control.group_memberships (id, group_id, user_id)
            select gen_random_uuid(), g.id, u.id from control.users u, control.groups g
            where g.name = 'everybody' and u.name like 'Crowd %';
        reset role"
    ))
    .await;
    app.execute("analyze control.users, control.groups, control.group_memberships, control.assignments").await;
}

/// `CASTELLAN_TEST_CROWD=50000` makes the million rights that the numbers in the notes come from.
fn size() -> usize {
    std::env::var("CASTELLAN_TEST_CROWD").ok().and_then(|size| size.parse().ok()).unwrap_or(3000)
}

#[actix_web::test]
async fn a_crowd_is_counted_exactly_and_spelled_out_in_part() {
    let Some(app) = TestApp::on_server().await else {
        return skipped("a crowd takes too long on the embedded engine");
    };
    let founder = app.founder().await;
    let people = size();
    crowd(&app, people).await;
    let everybody = app.text("select id from control.groups where name = 'everybody'").await;
    let began = Instant::now();
    let page = founder.get(&format!("/groups/{everybody}/deletion/new")).await;
    println!("a group of {people}, nothing lost: {:?}", began.elapsed());
    assert!(page.texts(".reach").join("").contains("Nobody gains or loses"));

    let all = role(&app, "crowd 0").await;
    app.execute(&format!(
        "update control.assignments set role_id = '{all}' where reason = 'test' and group_id is not null"
    ))
    .await;
    let began = Instant::now();
    let page = founder.get(&format!("/roles/{all}/deletion/new")).await;
    println!("a role of {people} people and {} rights: {:?}", people * 20, began.elapsed());
    let thousands = |n: usize| castellan::web::filters::thousands(n as i64);
    assert_eq!(sides(&page), [format!("{} people lose {} rights", thousands(people), thousands(people * 20))]);
    assert_eq!(page.texts(".reach .more"), [format!("and {} more", thousands(people - 25))]);
    assert_eq!(page.rows().len(), 25);
    assert!(page.rows()[0][0].starts_with("Crowd 000001"), "{:?}", page.rows()[0]);
}

#[actix_web::test]
async fn what_somebody_keeps_otherwise_is_not_lost() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let tenant = app.tenant("northwind").await;
    let bakery = app.client(tenant, "bakery", "active").await;
    let viewer = make_role(&app, "viewer", &["tenants.view", "clients.view"]).await;
    let clerk = make_role(&app, "clerk", &["clients.view"]).await;
    let person = nobody_special(&app).await.id.expect("a person");
    let everywhere = give(&app, viewer, ("user_id", person), PLATFORM).await;
    let on_one = give(&app, viewer, ("user_id", person), &on_tenant(tenant)).await;
    let on_client = format!("'client', '{tenant}'::uuid, '{bakery}'::uuid");
    let of_client = give(&app, clerk, ("user_id", person), &on_client).await;
    let revocation = |id: Uuid| format!("/assignments/{id}/revocation");

    let page = founder.get(&format!("{}/new", revocation(of_client))).await;
    assert!(page.texts(".reach").join("").contains("Nobody gains or loses"), "held more widely");
    assert_eq!(act(&founder, &revocation(everywhere)).await.1.status, 303);
    let page = founder.get(&format!("{}/new", revocation(of_client))).await;
    assert!(page.texts(".reach").join("").contains("Nobody gains or loses"), "held on the tenant of the client");
    let (shown, _) = act(&founder, &revocation(on_one)).await;
    assert_eq!(shown.rows()[0][1..], ["Northwind", "clients.view, tenants.view"]);
    let (shown, _) = act(&founder, &revocation(of_client)).await;
    assert_eq!(shown.rows()[0][1..], ["Bakery of Northwind", "clients.view"]);
}
