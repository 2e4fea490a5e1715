//! Everything with an id in an address can be asked about: who could see it.

use castellan::access::exposure::kinds::KINDS;
use castellan::routes;

use super::foreign_ids::everything;
use crate::support::TestApp;

/// Ids that name something which has its page elsewhere, and parameters that are no ids.
const BESIDES: [&str; 12] = [
    "/account/tokens/{id}",
    "/account/delegations/{id}",
    "/account/factors/{id}",
    "/account/sessions/{id}",
    "/account/identities/{id}",
    "/audit/states/{id}",
    "/audit/tenants/{id}",
    "/tenants/{tenant_id}",
    "/exposure/{kind}",
    "/exposure/{kind}/{id}",
    "{token}",
    "{key}",
];

#[test]
fn every_id_in_an_address_is_of_a_kind() {
    for route in routes::table() {
        for (start, _) in route.path.match_indices('{') {
            let end = start + route.path[start..].find('}').expect("a parameter ends") + 1;
            let (until, parameter) = (&route.path[..end], &route.path[start..end]);
            let is_known = KINDS.iter().any(|kind| kind.page == until);
            let is_besides = BESIDES.contains(&until) || BESIDES.contains(&parameter);
            assert!(is_known || is_besides, "{}: of what kind is {until}? See exposure::kinds", route.path);
        }
    }
}

#[test]
fn lists_of_kinds_are_in_the_table_of_routes() {
    let table = routes::table();
    for list in KINDS.iter().flat_map(|kind| kind.lists) {
        assert!(table.iter().any(|route| route.path == *list), "{list}");
    }
}

/// Each kind is told at this moment, is found by id, names privileges that show it, and leads to a page that is there.
#[actix_web::test]
async fn who_could_see_it_is_told_of_one_of_each_kind() {
    let app = TestApp::start().await;
    let things = everything(&app, "own").await;
    let founder = app.founder().await;
    app.leaves_jobs();
    // Nobody seals or archives here.
    app.execute(
        "insert into audit.checkpoints (id, tree_size, root, note)
            values (gen_random_uuid(), 1, decode(repeat('00', 32), 'hex'), 'note');
        update control.saved_views set is_shared = true",
    )
    .await;
    for kind in KINDS.iter().filter(|kind| kind.name != "archive") {
        let table = kind.table.rsplit('.').next().expect("a name");
        let id = match things.get(table) {
            Some(id) => id.clone(),
            None => app.text(&format!("select id from {} limit 1", kind.table)).await,
        };
        let address = format!("/exposure/{}/{id}", kind.name);
        let page = founder.get(&address).await;
        assert_eq!(page.status, 200, "{address}: {}", page.message());
        let shown = page.rows().iter().any(|row| row[0].contains(&founder.email));
        assert!(shown, "a founder sees {}", kind.name);
        assert_eq!(founder.get(&format!("/exposure?thing={id}")).await.location(), address);
        assert_eq!(founder.get(&format!("{address}.json")).await.status, 200, "{address}.json");
        for crumb in page.attributes(".crumbs a", "href") {
            // A view leads on to its list.
            let expected = if crumb.starts_with("/views/") { 303 } else { 200 };
            assert_eq!(founder.get(&crumb).await.status, expected, "{crumb} above {address}");
        }
        let own = page.attributes(".crumbs a", "href").pop().expect("a page that shows it");
        let has_page = routes::table().iter().any(|route| route.path == kind.page && route.method == "GET");
        let page = founder.get(&own).await;
        let back = page.link("Who could see this");
        assert!(!has_page || page.status == 303 || back == address, "{own} leads to {back}");
    }
}
