//! Saved views: kept, opened, shared, edited and taken away.

use castellan::routes;
use castellan::web::query::encode;

use crate::support::{Page, Person, TestApp};

/// Saves what is seen at an address. Returns the address of the view.
pub async fn save(app: &TestApp, person: &Person, at: &str, name: &str, is_shared: bool) -> String {
    let form = person.get(&format!("/views/new?at={}", encode(at))).await.form().with("name", name);
    let form = if is_shared { form.with("is_shared", "on") } else { form };
    let answer = person.submit(&form).await;
    assert_eq!(answer.status, 303, "{name}: {:?}", answer.errors());
    format!("/views/{}", app.text(&format!("select id from control.saved_views where name = '{name}'")).await)
}

async fn menu(person: &Person, at: &str) -> Page {
    person.get(&format!("/views/menu?at={}", encode(at))).await
}

#[actix_web::test]
async fn what_is_seen_is_kept_and_found_again() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    for slug in ["northwind", "acme"] {
        app.tenant(slug).await;
    }
    app.execute("update control.tenants set region = 'us-east' where slug = 'northwind'").await;
    let seen = "/tenants?region=eu-west&sort=name";
    let page = founder.get(seen).await;
    let at = page.attributes("#views", "hx-get").remove(0);
    let empty = founder.get(&at).await;
    assert_eq!((empty.status, empty.title().as_str()), (200, "Views of Tenants"));
    let form = founder.get(&empty.link("Save this view")).await.form();
    assert_eq!((form.value("path"), form.value("query")), ("/tenants", "region=eu-west&sort=name"));

    let saved = founder.submit(&form.with("name", "Everything alive")).await;
    assert_eq!((saved.status, saved.location().as_str()), (303, seen));
    assert!(founder.follow(&saved).await.texts(".flash").join("").contains("Everything alive"));
    let event = app.event("view.create").await;
    let [change] = event.of("saved_views")[..] else { panic!("{event:?}") };
    assert_eq!((change.op.as_str(), &change.after["query"]), ("insert", &"region=eu-west&sort=name".into()));
    assert_eq!(event.actor_id, founder.id);

    let shown = menu(&founder, seen).await;
    assert_eq!(shown.texts("#views .name[aria-current]"), ["Everything alive"], "it is the one that is seen");
    assert!(menu(&founder, "/tenants").await.texts("#views .name[aria-current]").is_empty());
    assert!(menu(&founder, "/clients").await.texts("#views .name").is_empty(), "another list has its own");
    let opened = founder.get(&shown.link("Everything alive")).await;
    assert_eq!(opened.names(), ["Acme"]);
    let id = app.text("select id from control.saved_views").await;
    let link = founder.get(&format!("/views/{id}")).await;
    assert_eq!((link.status, link.location().as_str(), link.flash().as_str()), (303, seen, ""));
    let rows = founder.get("/views").await.rows();
    assert_eq!((rows.len(), rows[0][1].as_str(), rows[0][2].as_str()), (1, "Tenants", "region eu-west; sort name"));
}

#[actix_web::test]
async fn the_menu_is_a_part_of_the_page_or_a_page_of_its_own() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let request = founder.request(reqwest::Method::GET, "/views/menu?at=/tenants");
    let part = founder.send(request.header("HX-Request", "true").header("HX-Target", "div#views")).await;
    assert_eq!((part.status, part.is_whole()), (200, false));
    assert_eq!(part.link("Save this view"), "/views/new?at=/tenants");
    let page = menu(&founder, "/tenants").await;
    assert!(page.is_whole());
    assert_eq!(page.link("Save this view"), "/views/new?at=/tenants");
}

/// Where in the list somebody was is nobody's view: the row may be gone, and others do not see it.
#[actix_web::test]
async fn the_place_in_the_list_is_not_kept() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    app.many_tenants(60).await;
    let next = founder.get("/tenants?sort=name").await.attributes("a[rel=next]", "href").remove(0);
    assert!(next.contains("after="), "{next}");
    let view = save(&app, &founder, &next, "By name", false).await;
    assert_eq!(founder.get(&view).await.location(), "/tenants?sort=name");
    let form = founder.get(&format!("{view}/edit")).await.form();
    assert_eq!(founder.submit(&form.with("query", &next["/tenants?".len()..])).await.status, 303);
    assert_eq!(app.text("select query from control.saved_views").await, "sort=name");
}

/// One way for all of them: whatever draws filters above a list has views of it.
#[actix_web::test]
async fn every_list_has_its_views() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let lists: Vec<&str> = routes::lists().iter().map(|list| list.route).collect();
    for path in lists.iter().filter(|path| !path.contains('{')) {
        let page = founder.get(path).await;
        assert_eq!(page.attributes("#views", "hx-get"), [format!("/views/menu?at={path}")], "{path}");
        assert_eq!(menu(&founder, path).await.status, 200, "{path}");
    }
    for route in routes::table().iter().filter(|route| route.method == "GET" && !route.path.contains('{')) {
        let page = founder.get(route.path).await;
        let has_menu = page.status == 200 && page.text().contains("id=\"views\" hx-get");
        assert_eq!(has_menu, lists.contains(&route.path), "{}", route.path);
    }
    let tenant = app.tenant("northwind").await;
    let people = format!("/tenants/{tenant}/people");
    let view = save(&app, &founder, &format!("{people}?q=ada"), "Ada", true).await;
    assert_eq!(founder.get(&view).await.location(), format!("{people}?q=ada"));
    assert_eq!(app.text("select list from control.saved_views").await, "/tenants/{id}/people");
}

#[actix_web::test]
async fn a_shared_view_shows_everybody_what_they_may_see() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let own = app.tenant("northwind").await;
    app.tenant("acme").await;
    let shared = save(&app, &founder, "/tenants?status=active", "Alive", true).await;
    let kept = save(&app, &founder, "/tenants?status=trial", "On trial", false).await;

    let manager = app.manager_of_tenant(own).await;
    let seen = menu(&manager, "/tenants").await;
    assert_eq!(seen.texts("#views .name"), ["Alive"], "what is not shared is not seen");
    let owner = app.text(&format!("select name from control.users where id = '{}'", founder.id.expect("an id"))).await;
    assert!(seen.texts("#views li").join("").contains(&owner), "whose it is stands beside it");
    assert_eq!(manager.follow(&manager.get(&shared).await).await.names(), ["Northwind"]);
    assert_eq!(manager.get(&kept).await.status, 404);
    let rows = manager.get("/views").await.rows();
    assert_eq!((rows.len(), rows[0][3].as_str()), (1, owner.as_str()));
    assert!(manager.get("/views?whose=own").await.rows().is_empty());

    let other = app.person_with(&["jobs.view"]).await;
    assert_eq!(other.get("/tenants").await.status, 403);
    assert_eq!(other.get(&shared).await.status, 404, "who may not open the list does not see its views");
    assert!(other.get("/views").await.rows().is_empty());
    assert_eq!(menu(&other, "/tenants").await.status, 400);
}

#[actix_web::test]
async fn a_view_is_renamed_shared_and_given_other_filters() {
    let app = TestApp::start().await;
    let (founder, admin) = (app.founder().await, app.admin().await);
    let view = save(&app, &founder, "/tenants?status=active", "Alive", false).await;
    let now = "/tenants?status=suspended";
    let keep = menu(&founder, now).await.link("Keep this");
    let form = founder.get(&keep).await.form();
    assert_eq!((form.value("name"), form.value("query")), ("Alive", "status=suspended"));
    let stale = form.clone();
    let saved = founder.submit(&form.with("name", "In trouble").with("is_shared", "on")).await;
    assert_eq!((saved.status, saved.location().as_str()), (303, now), "back to what was seen");
    assert_eq!(founder.get(&view).await.location(), now, "the link stays the same");
    assert_eq!(menu(&admin, "/tenants").await.texts("#views .name"), ["In trouble"]);
    let event = app.event("view.update").await;
    let [change] = event.of("saved_views")[..] else { panic!("{event:?}") };
    assert_eq!((&change.before["name"], &change.after["name"]), (&"Alive".into(), &"In trouble".into()));

    let conflict = founder.submit(&stale.with("name", "Mine")).await;
    assert_eq!(conflict.status, 409);
    assert!(conflict.text().contains("In trouble") && conflict.value("name") == "Mine");
    let form = founder.get(&format!("{view}/edit")).await.form();
    let fields: Vec<(&str, &str)> =
        form.fields.iter().filter(|(name, _)| name != "is_shared").map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(founder.post_form(&view, &fields).await.status, 303);
    assert_eq!(admin.get(&view).await.status, 404, "it is shared no longer");
}

#[actix_web::test]
async fn a_view_goes_with_its_owners_will_or_with_that_of_who_answers_for_all() {
    let app = TestApp::start().await;
    let (founder, support) = (app.founder().await, app.support().await);
    let own = save(&app, &support, "/tenants?status=active", "Alive", true).await;
    let kept = save(&app, &support, "/tenants?status=trial", "On trial", false).await;
    let rude = save(&app, &support, "/tenants", "Rude words", true).await;

    let other = app.support().await;
    assert_eq!(other.get(&format!("{own}/deletion/new")).await.status, 404, "a shared one is not theirs");
    assert_eq!(other.post_form(&format!("{own}/deletion"), &[("reason", "mine")]).await.status, 404);
    assert_eq!(other.get(&format!("{own}/removal/new")).await.status, 403);
    assert_eq!(other.get(&format!("{own}/edit")).await.status, 404);
    assert_eq!(founder.get(&format!("{kept}/removal/new")).await.status, 404, "what is not shared is nobody else's");
    assert!(founder.get("/views").await.text().contains(&format!("{rude}/removal/new")));

    let form = founder.get(&format!("{rude}/removal/new")).await.form();
    assert_eq!(founder.submit(&form.clone()).await.status, 422, "a reason is asked for");
    assert_eq!(founder.submit(&form.with("reason", "insults a customer")).await.status, 303);
    let event = app.event("view.remove").await;
    assert_eq!(event.reason.as_deref(), Some("insults a customer"));
    assert_eq!(event.of("saved_views")[0].before["name"], "Rude words");
    assert_eq!(support.get(&rude).await.status, 404);

    let form = support.get(&format!("{own}/deletion/new")).await.form();
    assert_eq!(support.submit(&form.with("reason", "no use")).await.status, 303);
    assert_eq!(app.event("view.delete").await.actor_id, support.id);
    assert_eq!(app.text("select name from control.saved_views").await, "On trial");
}

#[actix_web::test]
async fn filters_that_a_list_does_not_know_any_more_are_said() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    app.tenant("northwind").await;
    let view = save(&app, &founder, "/tenants?status=active", "Alive", false).await;
    app.execute("update control.saved_views set query = 'colour=red'").await;
    let answer = founder.get(&view).await;
    assert_eq!((answer.status, answer.location().as_str()), (303, "/tenants"));
    let page = founder.follow(&answer).await;
    assert!(page.texts(".flash.warn").join("").contains("colour"), "{:?}", page.texts(".flash"));
    assert_eq!(page.names(), ["Northwind"], "nothing is filtered");
    let stale = menu(&founder, "/tenants").await;
    assert_eq!(stale.link("Alive"), view, "so that it is said from there, too");
    let form = founder.get(&format!("{view}/edit")).await.form();
    let refused = founder.submit(&form.clone()).await;
    assert_eq!((refused.status, refused.value("query").as_str()), (422, "colour=red"));
    assert!(refused.field_error("query").contains("status"), "{}", refused.field_error("query"));
    assert_eq!(founder.submit(&form.with("query", "")).await.status, 303);

    app.execute("update control.saved_views set list = '/gone', path = '/gone'").await;
    let answer = founder.get(&view).await;
    assert_eq!(answer.location(), "/views");
    assert!(!answer.flash().is_empty());
}
