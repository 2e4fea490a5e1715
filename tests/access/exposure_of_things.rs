//! Who could see things of other kinds than tenants, clients and people: by which rights, and where those hold.

use castellan::web::query::encode;
use uuid::Uuid;

use super::exposure::{moment, rows};
use super::{PLATFORM, act, begin_review, give, hand_over, make_role, nobody_special, on_tenant};
use crate::operations::views::save;
use crate::support::{Person, TestApp};

/// Whether and how somebody could see a thing: the privileges, and through what.
async fn ways(asker: &Person, thing: &str, person: &Person) -> Vec<String> {
    let found = rows(asker, thing, "could").await;
    let of = found.iter().filter(|row| row["email"] == person.email.as_str());
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    of.map(|row| format!("{} by {}", text(&row["privileges"]), text(&row["via_kind"]))).collect()
}

async fn could(asker: &Person, thing: &str, person: &Person) -> bool {
    !ways(asker, thing, person).await.is_empty()
}

fn id_of(person: &Person) -> Uuid {
    person.id.expect("a person")
}

/// A department of a tenant. Returns its address here.
async fn department(app: &TestApp, tenant: Uuid) -> String {
    let id = Uuid::now_v7();
    app.execute(&format!("insert into control.departments (id, tenant_id, name) values ('{id}', '{tenant}', 'Sales')"))
        .await;
    format!("/exposure/department/{id}.json")
}

#[actix_web::test]
async fn a_thing_of_a_tenant_is_seen_by_rights_there_while_they_last() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let (northwind, acme) = (app.tenant("northwind").await, app.tenant("acme").await);
    let keeper = make_role(&app, "keeper", &["access.view", "jobs.view"]).await;
    let (everywhere, there, elsewhere) =
        (nobody_special(&app).await, nobody_special(&app).await, nobody_special(&app).await);
    let mut given = Vec::new();
    for (person, place) in [(&everywhere, PLATFORM), (&there, &on_tenant(northwind)), (&elsewhere, &on_tenant(acme))] {
        given.push(give(&app, keeper, ("user_id", id_of(person)), place).await);
    }
    let before = moment(&app).await;
    let sales = department(&app, northwind).await;
    let with = moment(&app).await;
    act(&founder, &format!("/assignments/{}/revocation", given[0])).await;
    act(&founder, &format!("/assignments/{}/revocation", given[1])).await;
    let revoked = moment(&app).await;
    for (at, person, expected) in [
        (&before, &everywhere, false),
        (&before, &there, false),
        (&with, &everywhere, true),
        (&with, &there, true),
        (&with, &elsewhere, false),
        (&revoked, &everywhere, false),
        (&revoked, &there, false),
    ] {
        assert_eq!(could(&founder, &format!("{sales}?at={at}"), person).await, expected, "{} at {at}", person.email);
    }
    assert_eq!(ways(&founder, &format!("{sales}?at={with}"), &there).await, ["access.view by user"]);
    let page = founder.get(&format!("{}?at={before}", sales.trim_end_matches(".json"))).await;
    assert!(page.text().contains("not there yet"), "{}", page.text());
}

#[actix_web::test]
async fn a_thing_of_a_client_is_seen_by_rights_on_that_client() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let northwind = app.tenant("northwind").await;
    let (bakery, shop) =
        (app.client(northwind, "bakery", "active").await, app.client(northwind, "shop", "active").await);
    let of_bakery = app.scoped_to_client(&["clients.view"], northwind, bakery).await;
    let of_tenant = app.scoped_to_tenant(&["clients.deploy"], northwind).await;
    let tenants_only = app.person_with(&["tenants.view"]).await;
    for (client, expected) in [(bakery, true), (shop, false)] {
        let thing = format!("/exposure/client_deployment/{}.json", app.deployment(client, "queued").await);
        assert_eq!(could(&founder, &thing, &of_bakery).await, expected, "{client}");
        assert!(!could(&founder, &thing, &tenants_only).await);
        // Whoever may deploy reaches the page that cancels it, and no other one.
        assert_eq!(ways(&founder, &thing, &of_tenant).await, ["clients.deploy by user"]);
    }
}

#[actix_web::test]
async fn roles_are_seen_from_anywhere_and_campaigns_from_the_platform_alone() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let northwind = app.tenant("northwind").await;
    let everywhere = app.person_with(&["access.view", "reviews.view"]).await;
    let there = app.scoped_to_tenant(&["access.view", "reviews.view", "audit.view"], northwind).await;
    let keeper = make_role(&app, "keeper", &["tenants.view"]).await;
    let role = format!("/exposure/role/{keeper}.json");
    assert_eq!(ways(&founder, &role, &everywhere).await, ["access.view by user"]);
    assert_eq!(
        ways(&founder, &role, &there).await,
        ["access.view by user"],
        "what the log says of roles is not theirs"
    );
    let review = begin_review(&founder, &[("covers", "tenant"), ("tenant_id", "northwind")]).await;
    let review = format!("/exposure/access_review/{}.json", review.trim_start_matches("/reviews/"));
    assert_eq!(ways(&founder, &review, &everywhere).await, ["reviews.view by user"]);
    assert_eq!(ways(&founder, &review, &there).await, ["audit.view by user"], "the log of their tenant tells of it");
}

#[actix_web::test]
async fn delegations_open_what_they_hand_over_where_they_do() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let (northwind, acme) = (app.tenant("northwind").await, app.tenant("acme").await);
    let ada = app.person_with(&["access.view", "tenants.view"]).await;
    let (bob, eve) = (nobody_special(&app).await, nobody_special(&app).await);
    hand_over(&app, &ada, &bob, &["tenants.view"]).await;
    let within = hand_over(&app, &ada, &eve, &["access.view"]).await;
    app.execute(&format!("update control.delegations set tenant_id = '{northwind}' where id = '{within}'")).await;
    let (here, there) = (department(&app, northwind).await, department(&app, acme).await);
    assert_eq!(ways(&founder, &here, &eve).await, ["access.view by delegation"]);
    assert!(!could(&founder, &there, &eve).await && !could(&founder, &here, &bob).await);
    // Both parties see the delegation itself, whatever their rights.
    let delegation = format!("/exposure/delegation/{within}.json");
    assert!(ways(&founder, &delegation, &eve).await.contains(&" by owner".to_owned()));
    assert!(ways(&founder, &delegation, &ada).await.contains(&" by owner".to_owned()));
    assert!(!could(&founder, &delegation, &bob).await);
}

#[actix_web::test]
async fn what_people_keep_is_theirs_until_it_is_shared_or_gone() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let (ada, bob) = (app.person_with(&["tenants.view"]).await, app.person_with(&["tenants.view"]).await);
    let reader = app.person_with(&["audit.view"]).await;
    let view = save(&app, &ada, "/tenants?status=trial", "Mine alone", false).await;
    let thing = format!("/exposure/view/{}", view.trim_start_matches("/views/"));
    let kept = moment(&app).await;
    let form = ada.get(&format!("{view}/edit")).await.form().with("is_shared", "on");
    assert_eq!(ada.submit(&form).await.status, 303);
    let shared = moment(&app).await;
    act(&ada, &format!("{view}/deletion")).await;
    assert_eq!(app.number("select count(*) from control.saved_views").await, 0);
    let gone = moment(&app).await;
    for (at, owner, other) in
        [(&kept, vec![" by owner"], vec![]), (&shared, vec![" by owner"], vec![" by shared"]), (&gone, vec![], vec![])]
    {
        let thing = format!("{thing}.json?at={at}");
        assert_eq!(ways(&founder, &thing, &ada).await, owner, "{at}");
        assert_eq!(ways(&founder, &thing, &bob).await, other, "{at}");
        assert!(ways(&founder, &thing, &reader).await.contains(&"audit.view by user".to_owned()), "{at}");
    }
    let page = founder.get(&format!("{thing}?at={kept}")).await;
    assert!(page.status == 200 && !page.text().contains("Mine alone"), "what nobody else sees is named to nobody");
    assert!(founder.get(&format!("{thing}?at={gone}")).await.text().contains("gone by then"));
}

#[actix_web::test]
async fn a_token_is_seen_by_its_owner_and_who_sees_access_everywhere() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let northwind = app.tenant("northwind").await;
    let owner = app.person_with(&["tenants.view", "tenants.export"]).await;
    let token = owner.make_token(&["tenants.export"], &[]).await;
    let there = app.scoped_to_tenant(&["access.view"], northwind).await;
    let everywhere = app.person_with(&["access.view"]).await;
    let thing = format!("/exposure/api_token/{}.json", token.id);
    assert_eq!(ways(&founder, &thing, &owner).await, [" by owner"]);
    assert_eq!(ways(&founder, &thing, &everywhere).await, ["access.view by user"]);
    assert!(!could(&founder, &thing, &there).await);
}

#[actix_web::test]
async fn who_read_changed_and_took_out_a_thing_is_told() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let (ada, auditor) = (nobody_special(&app).await, app.auditor().await);
    let keeper = make_role(&app, "keeper", &["tenants.view"]).await;
    let from = moment(&app).await;
    let given = give(&app, keeper, ("user_id", id_of(&ada)), PLATFORM).await;
    act(&founder, &format!("/assignments/{given}/revocation")).await;
    assert_eq!(auditor.get("/assignments.csv").await.status, 200);
    assert_eq!(auditor.get(&format!("/audit?target={given}")).await.status, 200);
    let until = moment(&app).await;
    let address = format!("/exposure/assignment/{given}");
    let did = async |address: &str| {
        let found = rows(&founder, address, "did").await;
        let told = found.iter().filter(|row| row["email"] == auditor.email.as_str());
        let mut told: Vec<String> = told.map(|row| row["what"].as_str().unwrap_or_default().to_owned()).collect();
        told.sort();
        let changed = found.iter().any(|row| row["what"] == "changed" && row["email"] == founder.email.as_str());
        (told, changed)
    };
    let during = format!("from={from}&until={until}");
    let told = did(&format!("{address}.json?{during}")).await;
    assert_eq!(told, (vec!["exported".to_owned(), "read".to_owned()], true));
    // Nobody touched the role itself, whose list is no file.
    assert_eq!(did(&format!("/exposure/role/{keeper}.json?{during}")).await, (vec![], false));
    let page = founder.get(&format!("{address}?{during}")).await;
    for log in page.attributes("a[href*='/audit?actor=']", "href") {
        assert_eq!(founder.get(&log).await.status, 200, "{log}");
    }
    let read = app.events("exposure.view").await.into_iter().next_back().expect("a read");
    assert_eq!((read.target_kind.as_str(), read.target_id), ("assignment", Some(given)));
}

#[actix_web::test]
async fn anything_is_found_by_its_id_or_address() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let northwind = app.tenant("northwind").await;
    let keeper = make_role(&app, "keeper", &["tenants.view"]).await;
    for (typed, found) in [
        (keeper.to_string(), format!("/exposure/role/{keeper}")),
        (format!("https://console.example/roles/{keeper}/edit"), format!("/exposure/role/{keeper}")),
        (format!("/tenants/{northwind}/people"), format!("/exposure/tenant/{northwind}")),
    ] {
        let answer = founder.get(&format!("/exposure?thing={}", encode(&typed))).await;
        assert_eq!((answer.status, answer.location()), (303, found), "{typed}");
    }
    let at = moment(&app).await;
    let location = founder.get(&format!("/exposure?thing={keeper}&at={at}")).await.location();
    let page = founder.get(&location).await;
    assert_eq!((page.status, page.title(), page.value("at")), (200, "Who could see keeper".to_owned(), at));
    for typed in ["northwind", &Uuid::now_v7().to_string(), "0197a1b2"] {
        let page = founder.get(&format!("/exposure?thing={typed}")).await;
        assert_eq!((page.status, page.value("thing").as_str()), (422, typed));
        assert!(!page.field_error("thing").is_empty(), "{typed}");
    }
    assert_eq!(founder.get("/exposure?odd=1").await.status, 400);
}

#[actix_web::test]
async fn what_is_unknown_or_of_another_kind_is_not_found() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let northwind = app.tenant("northwind").await;
    let sales = department(&app, northwind).await;
    let page = founder.get(&format!("/exposure/invoice/{northwind}")).await;
    assert_eq!(page.status, 404);
    assert!(page.message().contains("no kind of thing") && page.message().contains("department"), "{}", page.message());
    for (kind, id) in [("client", northwind), ("role", Uuid::now_v7()), ("event", northwind)] {
        for end in ["", ".csv", ".json"] {
            assert_eq!(founder.get(&format!("/exposure/{kind}/{id}{end}")).await.status, 404, "{kind}{end}");
        }
    }
    assert_eq!(founder.get("/exposure/role/northwind").await.status, 404);
    let refused = founder.get(&format!("{sales}?at=yesterday")).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    let all = ["exposure.view", "exposure.export", "access.view"];
    let there = app.scoped_to_tenant(&all, northwind).await;
    for address in [sales.as_str(), sales.trim_end_matches(".json"), "/exposure"] {
        assert_eq!(there.get(address).await.status, 403, "{address}");
    }
    let without = app.person_with(&["access.view", "tenants.view"]).await;
    let page = founder.get(&format!("/tenants/{northwind}")).await;
    assert_eq!(page.link("Who could see this"), format!("/exposure/tenant/{northwind}"));
    assert_eq!(without.get(&format!("/tenants/{northwind}")).await.link("Who could see this"), "");
}
