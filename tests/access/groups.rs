//! Groups: made, edited, deleted, restored; who belongs to them, and what that gives.

use uuid::Uuid;

use super::{PLATFORM, act, confirm, give, make_role, nobody_special, role, sides};
use crate::support::{Person, TestApp};

async fn group(founder: &Person, name: &str, tenant: &str) -> String {
    let form = founder.get("/groups/new").await.form().with("name", name).with("tenant_id", tenant);
    let answer = founder.submit(&form).await;
    assert_eq!(answer.status, 303, "{:?}", answer.errors());
    answer.location()
}

fn id_of(location: &str) -> Uuid {
    location.rsplit('/').next().and_then(|id| id.parse().ok()).expect("an id")
}

async fn join(founder: &Person, group: &str, email: &str) {
    let form = founder.get(&format!("{group}/members/new")).await.form();
    confirm(founder, &form.with("email", email).with("reason", "joins")).await;
}

#[actix_web::test]
async fn belonging_gives_what_the_group_holds_from_the_next_request_on() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let night = group(&founder, "night shift", "").await;
    give(&app, role(&app, "support").await, ("group_id", id_of(&night)), PLATFORM).await;
    let person = nobody_special(&app).await;
    assert_eq!(person.get("/tenants").await.status, 403);

    let form = founder.get(&format!("{night}/members/new")).await.form();
    let form = form.with("email", &person.email).with("reason", "works nights").with("expires_at", "2999-01-01");
    let (shown, done) = confirm(&founder, &form).await;
    let support = app.number("select count(*) from control.role_privileges p join control.roles r on r.id = p.role_id where r.name = 'support'").await;
    assert_eq!(sides(&shown), [format!("1 person gains {support} rights")]);
    assert_eq!(done.location(), night);
    assert_eq!(person.get("/tenants").await.status, 200);
    let event = app.event("group.add_member").await;
    assert_eq!((event.target_id, event.reason.as_deref()), (Some(id_of(&night)), Some("works nights")));

    let page = founder.get(&night).await;
    assert!(page.texts(".state.warn").contains(&"cross-tenant".to_owned()));
    assert!(page.text().contains(&person.email) && page.texts(".name").contains(&"support".to_owned()));
    assert!(page.texts(".history").join("").contains("group.add_member"));
    let again = founder.submit(&form.with("idempotency_key", "")).await;
    assert_eq!(again.field_error("email"), "belongs to this group already");

    let member = app.text("select id from control.group_memberships").await;
    let (shown, _) = act(&founder, &format!("{night}/members/{member}/removal")).await;
    assert_eq!(sides(&shown), [format!("1 person loses {support} rights")]);
    assert_eq!(person.get("/tenants").await.status, 403);
    join(&founder, &night, &person.email).await;
    assert_eq!(person.get("/tenants").await.status, 200);
}

#[actix_web::test]
async fn a_group_goes_and_comes_back_with_what_it_gives() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let night = group(&founder, "night shift", "").await;
    give(&app, make_role(&app, "viewer", &["tenants.view"]).await, ("group_id", id_of(&night)), PLATFORM).await;
    let (one, other) = (nobody_special(&app).await, nobody_special(&app).await);
    join(&founder, &night, &one.email).await;
    join(&founder, &night, &other.email).await;

    let form = founder.get(&format!("{night}/edit")).await.form();
    assert_eq!(founder.submit(&form.clone().with("name", "nights")).await.status, 303);
    assert_eq!(founder.submit(&form.with("name", "mine")).await.status, 409, "somebody else was quicker");
    let (shown, done) = act(&founder, &format!("{night}/deletion")).await;
    assert_eq!((sides(&shown), done.status), (vec!["2 people lose 2 rights".to_owned()], 303));
    assert_eq!(one.get("/tenants").await.status, 403);
    assert_eq!(founder.get("/groups").await.names(), [""; 0]);
    assert_eq!(founder.get("/groups?deleted=yes").await.names(), ["nights"]);
    assert_eq!(founder.get(&format!("{night}/members/new")).await.status, 404);
    let (shown, done) = act(&founder, &format!("{night}/restoration")).await;
    assert_eq!((sides(&shown), done.status), (vec!["2 people gain 2 rights".to_owned()], 303));
    assert_eq!(other.get("/tenants").await.status, 200);
}

#[actix_web::test]
async fn the_list_is_taken_out_with_its_filters() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let northwind = app.tenant("northwind").await.to_string();
    let night = group(&founder, "night shift", "").await;
    join(&founder, &night, &nobody_special(&app).await.email).await;
    let bakers = group(&founder, "=bakers", &northwind).await;
    let csv = founder.get("/groups.csv").await;
    let csv = csv.text();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "id,name,description,tenant_id,tenant,members,created_at,deleted_at");
    assert!(lines[1].starts_with(&format!("{},'=bakers,,{northwind},Northwind,0,", id_of(&bakers))), "{csv}");
    assert!(lines[2].starts_with(&format!("{},night shift,,,,1,", id_of(&night))), "{csv}");
    let page = founder.get("/groups?kind=tenant").await;
    let links = page.attributes(".actions a[download]", "href");
    assert_eq!(links, ["/groups.csv?kind=tenant"]);
    assert_eq!(founder.get(&links[0]).await.text().lines().count(), 2);
    let json: serde_json::Value = serde_json::from_str(founder.get("/groups.json?q=night").await.text()).expect("JSON");
    assert_eq!((&json["rows"][0]["members"], json["rows"].as_array().map(Vec::len)), (&"1".into(), Some(1)));
    let reads = "select count(*) from audit.events where action = 'access.export' and is_read";
    assert_eq!(app.number(reads).await, 3);
}

#[actix_web::test]
async fn a_group_of_a_tenant_holds_that_tenants_people_alone() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let northwind = app.tenant("northwind").await;
    let acme = app.tenant("acme").await;
    let insider = nobody_special(&app).await;
    app.execute(&format!(
        "insert into control.workspace_members (id, workspace_id, tenant_id, user_id)
            select gen_random_uuid(), id, tenant_id, '{}' from control.workspaces where tenant_id = '{northwind}'",
        insider.id.expect("a person")
    ))
    .await;
    app.member(acme, "eve@acme.example", "owner").await;
    let keepers = group(&founder, "keepers", "northwind").await;
    give(&app, role(&app, "support").await, ("group_id", id_of(&keepers)), &super::on_tenant(northwind)).await;
    let form = founder.get(&format!("{keepers}/members/new")).await.form().with("reason", "why");
    for email in ["eve@acme.example", "nobody@example.com", ""] {
        let page = founder.submit(&form.clone().with("email", email)).await;
        assert_eq!(page.status, 422, "{email}");
        assert!(!page.field_error("email").is_empty(), "{email}");
    }
    join(&founder, &keepers, &insider.email).await;
    assert_eq!(insider.get("/tenants").await.names(), ["Northwind"]);
    assert!(founder.get("/groups?kind=tenant").await.rows()[0][1].contains("Northwind"));
    assert_eq!(founder.get("/groups?kind=platform").await.names(), [""; 0]);

    app.execute("update control.workspace_members set deleted_at = now(), deleted_by = user_id").await;
    assert_eq!(insider.get("/tenants").await.status, 403, "who leaves the tenant leaves what it gives");
}

#[actix_web::test]
async fn wrong_forms_are_refused() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    group(&founder, "night shift", "").await;
    let form = founder.get("/groups/new").await.form();
    for (field, value) in [("name", ""), ("name", "night shift"), ("tenant_id", "nowhere"), ("name", "\0")] {
        let page = founder.submit(&form.clone().with("name", "new").with(field, value)).await;
        assert_eq!(page.status, 422, "{field}={value:?}");
        assert!(!page.field_error(field).is_empty(), "{field}={value:?}: {:?}", page.errors());
    }
    for value in ["x".repeat(10_000), "🦊".into()] {
        assert!(founder.submit(&form.clone().with("name", &value).with("tenant_id", &value)).await.status == 422);
    }
}
