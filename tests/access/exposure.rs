//! Who could see something at a moment, and who did: right also when what it rests on changed since.

use std::time::Instant;

use serde_json::Value;
use uuid::Uuid;

use super::{PLATFORM, act, confirm, give, make_role, nobody_special, on_tenant, untick};
use crate::support::{Person, TestApp, skipped};

const SHOWS: [&str; 1] = ["tenants.view"];

/// This very moment, later than all that was done and earlier than all that will be.
pub(super) async fn moment(app: &TestApp) -> String {
    app.text("select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')").await
}

/// The rows of one part of the export.
pub(super) async fn rows(asker: &Person, address: &str, part: &str) -> Vec<Value> {
    let answer = asker.get(address).await;
    assert_eq!(answer.status, 200, "{address}: {}", answer.text());
    let all: Value = serde_json::from_str(answer.text()).expect("JSON");
    let all = all["rows"].as_array().expect("rows").clone();
    all.into_iter().filter(|row| row["part"] == part).collect()
}

/// A person's ways to see a tenant at a moment: the role and what it came through.
async fn ways(asker: &Person, tenant: Uuid, at: &str, person: &Person) -> Vec<String> {
    let found = rows(asker, &format!("/tenants/{tenant}/exposure.json?at={at}"), "could").await;
    let of = found.iter().filter(|row| row["email"] == person.email.as_str());
    of.map(|row| format!("{} by {}", row["role"].as_str().unwrap_or("?"), row["via_kind"].as_str().unwrap_or("?")))
        .collect()
}

/// A group with one member that holds a role everywhere. Returns its address.
async fn group_of(app: &TestApp, person: &Person, role_id: Uuid) -> String {
    let (group, id) = (Uuid::now_v7(), person.id.expect("a person"));
    app.execute(&format!(
        "insert into control.groups (id, name) values ('{group}', 'Night shift');
        insert into control.group_memberships (id, group_id, user_id) values (gen_random_uuid(), '{group}', '{id}')"
    ))
    .await;
    give(app, role_id, ("group_id", group), PLATFORM).await;
    format!("/groups/{group}")
}

#[actix_web::test]
async fn a_role_that_lost_the_privilege_or_was_deleted_since_counts_as_it_was() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let northwind = app.tenant("northwind").await;
    let keeper = make_role(&app, "keeper", &["tenants.view", "jobs.view"]).await;
    let ada = nobody_special(&app).await;
    let before = moment(&app).await;
    give(&app, keeper, ("user_id", ada.id.expect("a person")), PLATFORM).await;
    let with = moment(&app).await;
    let form = founder.get(&format!("/roles/{keeper}/edit")).await.form().with("reason", "less");
    confirm(&founder, &untick(form, "tenants.view")).await;
    let without = moment(&app).await;
    let form = founder.get(&format!("/roles/{keeper}/edit")).await.form().with("reason", "more");
    confirm(&founder, &super::tick(form.with("name", "Keeper of all"), "tenants.view")).await;
    let again = moment(&app).await;
    act(&founder, &format!("/roles/{keeper}/deletion")).await;
    let deleted = moment(&app).await;
    for (at, expected) in [
        (&before, vec![]),
        (&with, vec!["keeper by user"]),
        (&without, vec![]),
        (&again, vec!["Keeper of all by user"]),
        (&deleted, vec![]),
    ] {
        assert_eq!(ways(&founder, northwind, at, &ada).await, expected, "{at}");
    }
}

#[actix_web::test]
async fn groups_and_memberships_count_while_they_lasted() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let northwind = app.tenant("northwind").await;
    let keeper = make_role(&app, "keeper", &SHOWS).await;
    let ada = nobody_special(&app).await;
    let group = group_of(&app, &ada, keeper).await;
    let member = moment(&app).await;
    let id = app.text("select id from control.group_memberships").await;
    act(&founder, &format!("{group}/members/{id}/removal")).await;
    let removed = moment(&app).await;
    let form =
        founder.get(&format!("{group}/members/new")).await.form().with("email", &ada.email).with("reason", "back");
    confirm(&founder, &form).await;
    let back = moment(&app).await;
    act(&founder, &format!("{group}/deletion")).await;
    let deleted = moment(&app).await;
    act(&founder, &format!("{group}/restoration")).await;
    let restored = moment(&app).await;
    for (at, is_member) in [(&member, true), (&removed, false), (&back, true), (&deleted, false), (&restored, true)] {
        let expected = if is_member { vec!["keeper by group"] } else { vec![] };
        assert_eq!(ways(&founder, northwind, at, &ada).await, expected, "{at}");
    }
}

#[actix_web::test]
async fn an_assignment_counts_until_it_was_revoked_or_ended_by_itself() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let northwind = app.tenant("northwind").await;
    let keeper = make_role(&app, "keeper", &SHOWS).await;
    let (ada, bob) = (nobody_special(&app).await, nobody_special(&app).await);
    let given = give(&app, keeper, ("user_id", ada.id.expect("a person")), PLATFORM).await;
    let ending = give(&app, keeper, ("user_id", bob.id.expect("a person")), PLATFORM).await;
    app.execute(&format!(
        "update control.assignments set expires_at = clock_timestamp() + interval '700 ms' where id = '{ending}'"
    ))
    .await;
    let live = moment(&app).await;
    act(&founder, &format!("/assignments/{given}/revocation")).await;
    let over = "select count(*) from control.assignments where expires_at < clock_timestamp()";
    app.until(over, 1).await;
    let ended = moment(&app).await;
    for person in [&ada, &bob] {
        assert_eq!(ways(&founder, northwind, &live, person).await, ["keeper by user"]);
        assert!(ways(&founder, northwind, &ended, person).await.is_empty());
    }
}

#[actix_web::test]
async fn who_was_suspended_for_a_while_could_not_meanwhile() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let northwind = app.tenant("northwind").await;
    let keeper = make_role(&app, "keeper", &SHOWS).await;
    let ada = nobody_special(&app).await;
    let id = ada.id.expect("a person");
    give(&app, keeper, ("user_id", id), PLATFORM).await;
    let before = moment(&app).await;
    let form = founder.get(&format!("/people/{id}/suspension/new")).await.form();
    let done = founder.submit(&form.with("reason", "odd").with("confirm", &ada.email)).await;
    assert_eq!(done.status, 303, "{:?}", done.errors());
    let suspended = moment(&app).await;
    act(&founder, &format!("/people/{id}/reactivation")).await;
    let back = moment(&app).await;
    app.execute(&format!("update control.users set is_staff = false where id = '{id}'")).await;
    let left = moment(&app).await;
    for (at, could) in [(&before, 1), (&suspended, 0), (&back, 1), (&left, 0)] {
        assert_eq!(ways(&founder, northwind, at, &ada).await.len(), could, "{at}");
    }
}

#[actix_web::test]
async fn departments_count_while_their_people_belong_to_the_tenant() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let northwind = app.tenant("northwind").await;
    let keeper = make_role(&app, "keeper", &SHOWS).await;
    let mut ada = app.anonymous();
    ada.email = "ada@northwind.example".to_owned();
    let id = app.member(northwind, &ada.email, "member").await;
    let department = Uuid::now_v7();
    app.execute(&format!(
        "update control.users set is_staff = true where id = '{id}';
        insert into control.departments (id, tenant_id, name) values ('{department}', '{northwind}', 'Sales');
        insert into control.department_memberships (id, department_id, tenant_id, user_id)
            values (gen_random_uuid(), '{department}', '{northwind}', '{id}')"
    ))
    .await;
    give(&app, keeper, ("department_id", department), &on_tenant(northwind)).await;
    let member = moment(&app).await;
    let row = app.text("select id from control.workspace_members").await;
    act(&founder, &format!("/tenants/{northwind}/people/{row}/removal")).await;
    let removed = moment(&app).await;
    app.execute("update control.workspace_members set deleted_at = null, deleted_by = null").await;
    let back = moment(&app).await;
    // A row that is gone altogether is known from the log.
    app.execute("delete from control.department_memberships").await;
    let gone = moment(&app).await;
    for (at, could) in [(&member, 1), (&removed, 0), (&back, 1), (&gone, 0)] {
        assert_eq!(ways(&founder, northwind, at, &ada).await.len(), could, "{at}");
    }
}

#[actix_web::test]
async fn rights_count_where_they_hold() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let (northwind, acme) = (app.tenant("northwind").await, app.tenant("acme").await);
    let (bakery, shop) =
        (app.client(northwind, "bakery", "active").await, app.client(northwind, "shop", "active").await);
    let all = ["tenants.view", "clients.view", "access.view"];
    let of_tenant = app.scoped_to_tenant(&all, northwind).await;
    let of_client = app.scoped_to_client(&all, northwind, bakery).await;
    let member = app.member(northwind, "ada@northwind.example", "member").await;
    let stranger = nobody_special(&app).await.id.expect("a person");
    let could = async |address: String, person: &Person| {
        let found = rows(&founder, &format!("{address}/exposure.json"), "could").await;
        found.iter().any(|row| row["email"] == person.email.as_str())
    };
    for (address, by_tenant, by_client) in [
        (format!("/tenants/{northwind}"), true, true),
        (format!("/tenants/{acme}"), false, false),
        (format!("/clients/{bakery}"), true, true),
        (format!("/clients/{shop}"), true, false),
        (format!("/people/{member}"), true, false),
        (format!("/people/{stranger}"), false, false),
    ] {
        assert!(could(address.clone(), &founder).await, "{address}");
        assert_eq!(could(address.clone(), &of_tenant).await, by_tenant, "{address}");
        assert_eq!(could(address.clone(), &of_client).await, by_client, "{address}");
    }
    // Who sees tenants sees their people, and nobody else.
    let viewer = app.person_with(&SHOWS).await;
    assert!(could(format!("/people/{member}"), &viewer).await);
    assert!(!could(format!("/people/{stranger}"), &viewer).await);
}

#[actix_web::test]
async fn what_people_did_is_told_as_far_as_the_log_says_it() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let (northwind, acme) = (app.tenant("northwind").await, app.tenant("acme").await);
    let (admin, auditor) = (app.admin().await, app.auditor().await);
    let before = moment(&app).await;
    for notes in ["one", "two"] {
        let form = admin.get(&format!("/tenants/{northwind}/edit")).await.form().with("notes", notes);
        assert_eq!(admin.submit(&form).await.status, 303);
    }
    auditor.get(&format!("/audit?tenant={northwind}")).await;
    auditor.get("/tenants.csv").await;
    let after = moment(&app).await;
    let did = async |tenant: Uuid, query: &str| {
        let found = rows(&founder, &format!("/tenants/{tenant}/exposure.json?{query}"), "did").await;
        let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let told =
            found.iter().map(|row| format!("{} {} {}", text(row, "email"), text(row, "what"), text(row, "times")));
        let mut told: Vec<String> =
            told.filter(|line| line.starts_with("admin") || line.starts_with("auditor")).collect();
        told.sort();
        told
    };
    let (admin, auditor) = (&admin.email, &auditor.email);
    let window = format!("from={before}&until={after}");
    let changed = format!("{admin} changed 2");
    let (exported, read) = (format!("{auditor} exported 1"), format!("{auditor} read 1"));
    assert_eq!(did(northwind, &window).await, [changed, exported.clone(), read]);
    assert_eq!(did(acme, &window).await, [exported]);
    assert!(did(northwind, &format!("from={before}&until={before}")).await.is_empty());

    let page = founder.get(&format!("/tenants/{northwind}/exposure?{window}")).await;
    let log = page.attributes("a[href*='/audit?actor=']", "href");
    assert!(log.len() >= 3, "{log:?}");
    for address in log {
        assert_eq!(founder.get(&address).await.status, 200, "{address}");
    }
    // It is a read that is recorded, and so seen the next time.
    let id = founder.id.expect("a person").to_string();
    let found = rows(&founder, &format!("/tenants/{northwind}/exposure.json"), "did").await;
    assert!(found.iter().any(|row| row["person_id"] == id.as_str() && row["what"] == "read"), "{found:?}");
    assert!(!app.events("exposure.view").await.is_empty() && !app.events("exposure.export").await.is_empty());
}

#[actix_web::test]
async fn the_page_names_everybody_and_leads_there_from_what_it_is_about() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let northwind = app.tenant("northwind").await;
    let page = founder.get(&format!("/tenants/{northwind}")).await;
    let page = founder.get(&page.link("Who could see this")).await;
    assert_eq!((page.status, page.title()), (200, "Who could see Northwind".to_owned()));
    assert!(page.rows().iter().any(|row| row[0].contains(&founder.email) && row[1] == "founder"), "{:?}", page.rows());
    let form = founder.get(&format!("/tenants/{northwind}/edit")).await.form().with("notes", "new");
    founder.submit(&form).await;
    let event = app.event("tenant.update").await;
    let then = founder.get(&format!("/audit/{}", event.id)).await.link("who could see it then");
    let then = founder.get(&then).await;
    assert_eq!(founder.follow(&then).await.status, 200, "{}", then.location());
    let csv = founder.get(&format!("/tenants/{northwind}/exposure.csv")).await;
    assert!(csv.text().starts_with("part,at,from,until,") && csv.text().contains("\ncould,"));
}

#[actix_web::test]
async fn moments_outside_of_the_log_are_refused_at_their_field() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let northwind = app.tenant("northwind").await;
    let at = moment(&app).await;
    for (field, value) in [
        ("at", "2001-01-01T00:00"),
        ("at", "3001-01-01T00:00Z"),
        ("at", "yesterday"),
        ("at", "2026-13-45T99:99"),
        ("from", "2001-01-01T00:00"),
        ("until", "3001-01-01T00:00"),
        ("from", "'; drop table control.users; --"),
    ] {
        let page = founder.get(&format!("/tenants/{northwind}/exposure?{field}={value}")).await;
        assert_eq!(page.status, 422, "{field}={value}");
        assert!(!page.field_error(field).is_empty(), "{field}={value}: {:?}", page.errors());
        assert_eq!(page.value(field), value, "what was typed stays");
        let csv = founder.get(&format!("/tenants/{northwind}/exposure.csv?{field}={value}")).await;
        assert_eq!(csv.status, 422, "{field}={value}");
    }
    let later = moment(&app).await;
    let page = founder.get(&format!("/tenants/{northwind}/exposure?from={later}&until={at}")).await;
    assert!(!page.field_error("from").is_empty());
    let plain = &at[..at.len() - 1];
    assert_eq!(
        founder.get(&format!("/tenants/{northwind}/exposure?at={plain}")).await.status,
        200,
        "UTC without a zone"
    );
    assert_eq!(founder.get(&format!("/tenants/{northwind}/exposure?odd=1")).await.status, 400);
    assert_eq!(founder.get(&format!("/tenants/{}/exposure", Uuid::nil())).await.status, 404);
    let scoped = app.scoped_to_tenant(&["exposure.view", "exposure.export", "tenants.view"], northwind).await;
    for end in ["", ".csv", ".json"] {
        assert_eq!(scoped.get(&format!("/tenants/{northwind}/exposure{end}")).await.status, 403, "{end}");
    }
    assert_eq!(scoped.get(&format!("/tenants/{northwind}")).await.link("Who could see this"), "");
}

/// `CASTELLAN_TEST_CROWD=50000` fills in the people and the million changes that the numbers in the notes come from.
#[actix_web::test]
async fn many_people_and_changes_are_quick() {
    let Some(app) = TestApp::on_server().await else {
        return skipped("a crowd takes too long on the embedded engine");
    };
    let founder = app.founder().await;
    let northwind = app.tenant("northwind").await;
    let many: i64 = std::env::var("CASTELLAN_TEST_CROWD").ok().and_then(|size| size.parse().ok()).unwrap_or(2000);
    let keeper = make_role(&app, "keeper", &SHOWS).await;
    app.execute(&format!(
        "insert into control.users (id, email, name, status, is_staff)
            select gen_random_uuid(), 'crowd' || n || '@example.com', 'Crowd ' || n, 'active', n % 100 = 0
            from generate_series(1, {many}) n;
        insert into control.groups (id, name) select gen_random_uuid(), 'crowd ' || n from generate_series(0, 9) n;
        insert into control.group_memberships (id, group_id, user_id)
            select gen_random_uuid(), g.id, u.id from control.users u
            join control.groups g on g.name = 'crowd ' || right(u.name, 1) where u.name like 'Crowd%';
        insert into control.assignments (id, group_id, role_id, scope_kind, reason)
            select gen_random_uuid(), g.id, '{keeper}', 'platform', 'test' from control.groups g where g.name like 'crowd%'"
    ))
    .await;
    let at = moment(&app).await;
    // Everybody's row and membership changed since, and twenty times as much besides.
    app.execute(&format!(
        "insert into audit.changes (event_id, occurred_at, table_name, row_id, op, before, after)
            select gen_random_uuid(), clock_timestamp(), 'users', u.id, 'update', '{{\"locale\": \"de\"}}', '{{\"locale\": \"en\"}}'
            from control.users u where u.name like 'Crowd%';
        insert into audit.changes (event_id, occurred_at, table_name, row_id, op, before, after)
            select gen_random_uuid(), clock_timestamp(), 'group_memberships', m.id, 'update', '{{\"version\": 1}}', '{{\"version\": 2}}'
            from control.group_memberships m;
        insert into audit.changes (event_id, occurred_at, table_name, row_id, op, before, after)
            select gen_random_uuid(), clock_timestamp(), 'clients', gen_random_uuid(), 'update', '{{\"notes\": \"a\"}}', '{{\"notes\": \"b\"}}'
            from generate_series(1, {many} * 18)"
    ))
    .await;
    app.execute("analyze control.users, control.groups, control.group_memberships, control.assignments, audit.changes")
        .await;
    for at in [at, moment(&app).await] {
        let began = Instant::now();
        let page = founder.get(&format!("/tenants/{northwind}/exposure?at={at}")).await;
        println!("{many} people and {} changes, at {at}: {:?}", many * 20, began.elapsed());
        assert_eq!(page.status, 200);
        assert_eq!(page.rows().iter().filter(|row| row[0].contains("crowd")).count() as i64, many / 100);
    }
}
