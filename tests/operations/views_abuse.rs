//! Saved views: what is refused, and what the database refuses by itself.

use castellan::web::query::encode;
use uuid::Uuid;

use super::views::save;
use crate::support::{Person, TestApp};

/// Sends the form that makes a view.
async fn make(person: &Person, path: &str, query: &str, name: &str) -> crate::support::Page {
    let form = person.get("/views/new?at=/tenants").await.form();
    person.submit(&form.with("path", path).with("query", query).with("name", name)).await
}

#[actix_web::test]
async fn what_is_no_view_is_refused_in_words_and_kept() {
    let app = TestApp::start().await;
    let person = app.person_with(&["tenants.view"]).await;
    for (name, why) in
        [("", "required"), (&*"n".repeat(101), "100 characters"), ("a\0b", "NUL"), ("two\nlines", "single line")]
    {
        let page = make(&person, "/tenants", "status=active", name).await;
        assert_eq!(page.status, 422, "{name}");
        assert!(page.field_error("name").contains(why), "{name}: {}", page.field_error("name"));
        assert_eq!(page.value("query"), "status=active");
    }
    let long = format!("q={}", "%C3%BC".repeat(500));
    for (query, why) in [
        ("colour=red", "status, region"),
        ("status=purple", "trial"),
        ("sort=size", "created_at"),
        ("created=2026-02-01..2026-01-01", "not later"),
        ("status=%FF", "UTF-8"),
        ("after=forged", "cursor"),
        (&*long, "200"),
        (&*format!("q={}", "x".repeat(3000)), "200"),
    ] {
        let page = make(&person, "/tenants", query, "Mine").await;
        assert_eq!((page.status, page.value("query").as_str()), (422, query), "{query}");
        assert!(page.field_error("query").contains(why), "{query}: {}", page.field_error("query"));
    }
    for path in
        ["", "/", "/tenants/", "/tenants.csv", "/tenants/new", "//evil.example", "https://evil.example", "/jobs"]
    {
        let page = make(&person, path, "", "Mine").await;
        assert_eq!(page.status, 422, "{path}");
        assert!(page.errors().join("").contains("path"), "{path}: {:?}", page.errors());
        let menu = person.get(&format!("/views/menu?at={}", encode(path))).await;
        assert_eq!(menu.status, 400, "{path}");
        assert!(menu.message().contains("at must be"), "{path}: {}", menu.message());
    }
    for page in ["/views/menu", "/views/new"] {
        assert_eq!(person.get(page).await.location(), "/views", "{page} of no list");
    }
    let all = make(&person, "/jobs", "colour=red", "").await;
    assert_eq!((all.status, all.errors().len()), (422, 2), "{:?}", all.errors());
    assert_eq!(app.number("select count(*) from control.saved_views").await, 0);
}

#[actix_web::test]
async fn a_name_is_taken_once_for_each_list_and_person() {
    let app = TestApp::start().await;
    let (founder, admin) = (app.founder().await, app.admin().await);
    assert_eq!(make(&founder, "/tenants", "", "Mine").await.status, 303);
    let again = make(&founder, "/tenants", "status=active", "MINE").await;
    assert_eq!(again.status, 422);
    assert!(again.field_error("name").contains("taken"), "{}", again.field_error("name"));
    assert_eq!(make(&founder, "/clients", "", "Mine").await.status, 303, "another list");
    assert_eq!(make(&admin, "/tenants", "", "Mine").await.status, 303, "somebody else");
    let view = app.text("select id from control.saved_views where path = '/clients'").await;
    app.execute("update control.saved_views set path = '/tenants', name = 'Other' where path = '/clients'").await;
    let form = founder.get(&format!("/views/{view}/edit")).await.form();
    let renamed = founder.submit(&form.with("name", "mine")).await;
    assert!(renamed.status == 422 && renamed.field_error("name").contains("taken"), "{:?}", renamed.errors());
}

#[actix_web::test]
async fn nobody_keeps_more_than_a_hundred() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let fill = format!(
        "insert into control.saved_views (id, user_id, list, path, query, name)
            select gen_random_uuid(), '{}', '/tenants', '/tenants', '', 'View ' || n from generate_series(1, 99) n",
        founder.id.expect("an id")
    );
    app.execute(&fill).await;
    assert_eq!(make(&founder, "/tenants", "", "The last").await.status, 303);
    let page = make(&founder, "/tenants", "status=active", "One more").await;
    assert_eq!((page.status, page.value("name").as_str()), (422, "One more"));
    assert!(page.errors().join("").contains("100 views"), "{:?}", page.errors());
    assert_eq!(founder.get("/views").await.rows().len(), 50);
    assert_eq!(app.number("select count(*) from control.saved_views").await, 100);
    let other = app.admin().await;
    assert_eq!(make(&other, "/tenants", "", "First").await.status, 303, "each has a hundred of their own");
}

#[actix_web::test]
async fn a_form_that_is_sent_twice_makes_one() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let form = founder.get("/views/new?at=/tenants%3Fstatus=active").await.form().with("name", "Alive");
    for _ in 0..2 {
        let answer = founder.submit(&form).await;
        assert_eq!((answer.status, answer.location().as_str()), (303, "/tenants?status=active"));
    }
    assert_eq!(app.number("select count(*) from control.saved_views").await, 1);
}

#[actix_web::test]
async fn markup_in_names_and_filters_stays_text() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let evil = "<img src=x onerror=alert(1)>\"'{{7*7}}";
    assert_eq!(make(&founder, "/tenants", &format!("q={}", encode(evil)), evil).await.status, 303);
    let view = format!("/views/{}", app.text("select id from control.saved_views").await);
    for path in ["/views", "/views/menu?at=/tenants", &format!("{view}/edit"), &format!("{view}/deletion/new")] {
        let page = founder.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        let found = page.document().select(&scraper::Selector::parse("img, [onerror]").expect("a selector")).count();
        assert_eq!(found, 0, "{path} runs what was typed");
        assert!(page.text().contains("&#60;img") || page.text().contains("&lt;img"), "{path} shows it");
    }
}

/// A right that is lost closes the list, the view leads there all the same, and it cannot be shared any more.
#[actix_web::test]
async fn a_view_opens_nothing_that_its_owner_may_not_open() {
    let app = TestApp::start().await;
    let person = app.person_with(&["tenants.view"]).await;
    let view = save(&app, &person, "/tenants?status=active", "Alive", false).await;
    app.execute("delete from control.role_privileges where privilege_name = 'tenants.view'").await;
    assert_eq!(person.follow(&person.get(&view).await).await.status, 403);
    let form = person.get(&format!("{view}/edit")).await.form();
    let page = person.submit(&form.with("is_shared", "on")).await;
    assert_eq!(page.status, 422);
    assert!(page.field_error("is_shared").contains("open the list"), "{:?}", page.errors());
    let deletion = person.get(&format!("{view}/deletion/new")).await.form();
    assert_eq!(person.submit(&deletion.with("reason", "of no use")).await.status, 303);
}

#[actix_web::test]
async fn whoever_acts_for_somebody_else_has_no_views() {
    let app = TestApp::start().await;
    let (grantor, delegate) = (app.admin().await, app.support().await);
    let id = Uuid::now_v7();
    app.execute(&format!(
        "insert into control.delegations (id, grantor_user_id, delegate_user_id, action_scope, starts_at, ends_at, reason)
            values ('{id}', '{}', '{}', '{{tenants.view}}', now(), now() + interval '1 day', 'away')",
        grantor.id.expect("an id"),
        delegate.id.expect("an id"),
    ))
    .await;
    assert!(!delegate.get("/tenants").await.attributes("#views", "hx-get").is_empty());
    assert_eq!(delegate.post_form(&format!("/account/delegations/{id}/acting"), &[]).await.status, 303);
    let page = delegate.get("/tenants").await;
    assert_eq!(page.status, 200);
    assert!(page.attributes("#views", "hx-get").is_empty(), "nothing is offered that is refused");
    assert_eq!(delegate.get("/views").await.status, 403);
}

/// The role under which people keep their views sees and writes no others, whatever a statement says.
#[actix_web::test]
async fn the_database_keeps_views_apart() {
    let app = TestApp::start().await;
    let (owner, other) = (app.founder().await, app.admin().await);
    save(&app, &owner, "/tenants", "Kept", false).await;
    save(&app, &owner, "/tenants", "Shared", true).await;
    let me = format!("set local castellan.actor_id = '{}'", other.id.expect("an id"));
    for role in ["castellan_auth", "castellan_staff"] {
        let seen = app.texts_as(role, &me, "select name from control.saved_views").await;
        assert_eq!(seen.expect("it may look"), ["Shared"], "{role}");
    }
    for role in ["castellan_scoped", "castellan_jobs", "castellan_viewing", "castellan_acting", "castellan_web"] {
        assert!(app.texts_as(role, &me, "select name from control.saved_views").await.is_err(), "{role}");
    }
    let forged = format!(
        "insert into control.saved_views (id, user_id, list, path, query, name)
            values (gen_random_uuid(), '{}', '/tenants', '/tenants', '', 'Forged')",
        owner.id.expect("an id")
    );
    for change in ["update control.saved_views set name = 'Taken'", "delete from control.saved_views", &forged] {
        let tried = app.try_as("castellan_auth", &format!("{me}; {change}")).await;
        assert!(tried.is_ok() || tried.is_err_and(|why| why.contains("row-level security")), "{change}");
    }
    assert_eq!(app.texts("select name from control.saved_views order by name").await, ["Kept", "Shared"]);
}
