//! Reads that are logged: audit pages, personal data, exports, secrets; one event a view, and none for anything else.

use castellan::actor::{Needs, Personal};
use castellan::routes;
use castellan::web::format::Format;
use castellan::web::route::Route;
use uuid::Uuid;

use crate::support::TestApp;

/// The end of an export, which has an event of its own, is not another read.
const READS: &str = "select count(*) from audit.events where is_read and action <> 'export.finish'";

/// A customer and what hangs on it.
struct Customer {
    tenant: Uuid,
    person: Uuid,
    client: Uuid,
    group: Uuid,
    department: Uuid,
}

async fn northwind(app: &TestApp) -> Customer {
    let tenant = app.tenant("northwind").await;
    let person = app.member(tenant, "bob@northwind.example", "owner").await;
    let client = app.client(tenant, "bakery", "active").await;
    let (group, department) = (Uuid::now_v7(), Uuid::now_v7());
    app.execute(&format!(
        "insert into control.groups (id, name) values ('{group}', 'Closers');
        insert into control.departments (id, tenant_id, name) values ('{department}', '{tenant}', 'Sales');
        update control.clients set contact_name = 'Carol Baker', contact_email = 'carol@bakery.example'"
    ))
    .await;
    Customer { tenant, person, client, group, department }
}

impl Customer {
    /// The address of a route, with ids of nothing for what the customer has not.
    fn address(&self, route: &Route) -> String {
        let mut address = route.path.replace("/exposure/{kind}", "/exposure/role");
        for (place, id) in [
            ("/tenants/{tenant_id}", self.tenant),
            ("/tenants/{id}", self.tenant),
            ("/people/{id}", self.person),
            ("/clients/{id}", self.client),
            ("/groups/{id}", self.group),
            ("/departments/{department_id}", self.department),
        ] {
            let kind = &place[..place.find('{').expect("a place for an id")];
            address = address.replace(place, &format!("{kind}{id}"));
        }
        while let (Some(from), Some(to)) = (address.find('{'), address.find('}')) {
            address.replace_range(from..=to, &Uuid::now_v7().to_string());
        }
        address
    }
}

/// Every page there is, asked for once by somebody who may see all of them.
#[actix_web::test]
async fn each_view_of_what_is_marked_is_one_event_and_nothing_else_is() {
    let app = TestApp::start().await;
    let customer = northwind(&app).await;
    let founder = app.founder().await;
    let mut shown = 0;
    for route in routes::table().into_iter().filter(|route| route.method == "GET") {
        let address = customer.address(&route);
        let before = app.number(READS).await;
        let page = founder.get(&address).await;
        let left = app.number(READS).await - before;
        // Counts are part of the list that they stand over, whose view left an event. By themselves they are a view.
        let is_view = route.logs_reads || route.path.ends_with("/summary");
        assert_eq!(left, i64::from(is_view), "{address}: {}", page.status);
        assert!(page.status < 500, "{address}: {}", page.status);
        shown += u32::from(route.personal.is_some() && page.status == 200);
    }
    assert!(shown > 15, "{shown} pages with personal data were seen");
    app.leaves_jobs();
}

/// What a route shows is said beside it; these rules find one that was forgotten.
#[actix_web::test]
async fn people_and_files_are_marked() {
    for route in routes::table() {
        let named = format!("{} {}", route.method, route.path);
        if route.method == "POST" {
            assert!(!route.logs_reads, "{named}: what is sent is no read, and a form would be lost on the way");
            continue;
        }
        let is_file = Format::of(route.path) != Format::Page && route.needs == Needs::Grant;
        assert!(!is_file || route.logs_reads, "{named} takes something out");
        let is_stream = route.path.starts_with("/audit/streams");
        let is_audit = route.path.starts_with("/audit") || route.path.starts_with("/security-events");
        let counts = ["/audit/summary", "/security-events/summary", "/audit/integrity", "/audit/checkpoint"];
        let is_plain = counts.contains(&route.path) || route.path == "/audit/public-key";
        assert!(!is_audit || is_plain || is_stream || route.logs_reads, "{named} is the log");
        if route.path.starts_with("/people/{id}") {
            assert_eq!(route.personal, Some(Personal::Of("user")), "{named}");
        }
        let is_of_people =
            route.path.split('/').next_back().is_some_and(|last| last.split('.').next() == Some("people"));
        assert!(!is_of_people || route.personal.is_some(), "{named} lists people");
    }
}

#[actix_web::test]
async fn the_event_says_whose_data_it_was() {
    let app = TestApp::start().await;
    let customer = northwind(&app).await;
    let founder = app.founder().await;
    let Customer { tenant, person, client, .. } = customer;
    for (path, action, kind, target, of_tenant, of_client) in [
        (format!("/people/{person}"), "access.view", "user", Some(person), None, None),
        (format!("/people/{person}/sign-ins"), "access.view", "user", Some(person), None, None),
        (format!("/people/{person}/edit"), "access.manage", "user", Some(person), None, None),
        (format!("/people/{person}/exposure"), "exposure.view", "user", Some(person), None, None),
        (format!("/exposure/tenant/{tenant}"), "exposure.view", "tenant", Some(tenant), None, None),
        (format!("/tenants/{tenant}/people"), "tenants.view", "log", None, Some(tenant), None),
        (format!("/clients/{client}"), "clients.view", "client", Some(client), None, Some(client)),
        ("/people?status=active".to_owned(), "access.view", "log", None, None, None),
    ] {
        assert_eq!(founder.get(&path).await.status, 200, "{path}");
        let event = app.last_read().await;
        assert_eq!((event.actor_id, event.action.as_str()), (founder.id, action), "{path}");
        assert_eq!((event.target_kind.as_str(), event.target_id), (kind, target), "{path}");
        assert_eq!((event.tenant_id, event.details["asked_for"].as_str()), (of_tenant, Some(path.as_str())));
        let noted = app.text(&format!("select client_id from audit.events where id = '{}'", event.id)).await;
        assert_eq!(noted, of_client.map(|id: Uuid| id.to_string()).unwrap_or_default(), "{path}");
    }
}

/// The log holds no names and addresses of people, so that it need not be erased from because somebody searched.
#[actix_web::test]
async fn the_words_of_a_search_for_people_are_left_out_and_so_are_cursors() {
    let app = TestApp::start().await;
    for number in 0..60 {
        app.execute(&format!(
            "insert into control.users (id, email, name) values (gen_random_uuid(), 'p{number}@example.com', 'Ann {number:02}')"
        ))
        .await;
    }
    let customer = northwind(&app).await;
    let founder = app.founder().await;
    for path in ["/people".to_owned(), "/people.csv".to_owned(), format!("/tenants/{}/people", customer.tenant)] {
        for q in ["bob@northwind.example", "bob%40northwind.example", "Bob"] {
            let page = founder.get(&format!("{path}?q={q}&sort=name")).await;
            assert!([200, 400].contains(&page.status), "{path}: {}", page.status);
            let asked_for = app.last_read().await.details["asked_for"].as_str().unwrap_or_default().to_owned();
            assert!(asked_for.starts_with(&path) && asked_for.contains("sort=name"), "{asked_for}");
            assert!(asked_for.contains("q=") && !asked_for.to_lowercase().contains("bob"), "{asked_for}");
        }
    }
    let page = founder.get("/people?sort=name").await;
    let cursor = page.attributes("a#next", "href").remove(0);
    assert_eq!(founder.get(&cursor).await.status, 200);
    let value = cursor.split("after=").nth(1).expect("a cursor").split('&').next().unwrap_or_default().to_owned();
    let asked_for = app.last_read().await.details["asked_for"].to_string();
    assert!(asked_for.contains("after=") && !asked_for.contains(&value), "{asked_for}");
}

#[actix_web::test]
async fn parts_of_pages_are_reads_and_refusals_are_not() {
    let app = TestApp::start().await;
    let customer = northwind(&app).await;
    let (founder, support) = (app.founder().await, app.support().await);
    let before = app.number(READS).await;
    let person = format!("/people/{}", customer.person);
    assert_eq!(support.get(&person).await.status, 403);
    assert_eq!(app.anonymous().get(&person).await.status, 303);
    assert_eq!(app.number(READS).await, before);
    // The next page of a list shows other people than the one before.
    assert!(!founder.htmx_get("/people?sort=name").await.is_whole());
    assert_eq!(app.number(READS).await, before + 1);
    // Counts come by themselves with each list of the log, and are a read of their own where somebody opens them.
    assert_eq!(founder.get("/audit").await.status, 200);
    for log in ["/audit", "/security-events"] {
        let counts = format!("{log}/summary");
        assert!(!founder.htmx_get_part(&counts, "div#summary").await.is_whole());
    }
    assert_eq!(app.number(READS).await, before + 2);
    assert_eq!(founder.get("/audit/summary").await.status, 200);
    assert_eq!(founder.get("/security-events/summary").await.status, 200);
    assert_eq!(app.number(READS).await, before + 4);
}

#[actix_web::test]
async fn reads_are_kept_out_of_histories_and_from_between_changes() {
    let app = TestApp::start().await;
    let customer = northwind(&app).await;
    let founder = app.founder().await;
    let person = format!("/people/{}", customer.person);
    let change = async |name: &str| {
        let form = founder.get(&format!("{person}/edit")).await.form().with("name", name).with("reason", "married");
        assert_eq!(founder.submit(&form).await.status, 303);
    };
    change("Bob Miller").await;
    change("Bob Smith").await;
    let changes = app.events("user.update").await;
    let page = founder.get(&format!("/audit/{}", changes[0].id)).await;
    assert_eq!(page.attributes("a#after", "href"), [format!("/audit/{}", changes[1].id)], "not the read between");
    let read = app.events("access.manage").await.into_iter().rfind(|event| event.is_read).expect("a read");
    let page = founder.get(&format!("/audit/{}", read.id)).await;
    assert_eq!(page.attributes("a#before", "href"), [format!("/audit/{}", changes[0].id)]);
    let history = founder.get(&format!("{person}/history")).await.text().to_owned();
    assert!(history.contains("user.update") && !history.contains("access.view"), "{history}");
}

/// What is shown once is made by a form, whose event says who saw it.
#[actix_web::test]
async fn secrets_are_shown_with_an_event() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    founder.make_token(&["tenants.export"], &[]).await;
    let made = app.event("api_token.create").await;
    assert_eq!((made.actor_id, made.target_kind.as_str()), (founder.id, "api_token"));
    app.add_totp(&founder).await;
    app.recovery_codes(&founder).await;
    assert_eq!(app.event("factor.replace_recovery_codes").await.target_id, founder.id);
}
