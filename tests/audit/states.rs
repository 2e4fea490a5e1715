//! The time machine: a row as it was at a moment.

use std::sync::Arc;

use castellan::actor::{Actor, ActorKind, Can, Privilege};
use castellan::audit::erasure::{Subject, erase};
use uuid::Uuid;

use crate::support::{Page, TestApp};

/// Writes a change as it may have happened so many minutes ago, under an event of its own.
async fn happened(app: &TestApp, row: Uuid, minutes: i64, op: &str, before: &str, after: &str) -> Uuid {
    let (event, text) =
        (Uuid::new_v4(), |json: &str| if json.is_empty() { "null".into() } else { format!("'{json}'") });
    app.execute(&format!(
        "insert into audit.events (id, occurred_at, action, actor_kind, target_kind, target_id)
            values ('{event}', date_trunc('second', now()) - interval '{minutes} minutes', 'thing.change', 'job', 'thing', '{row}');
        insert into audit.changes (event_id, occurred_at, table_name, row_id, op, before, after)
            select '{event}', occurred_at, 'things', '{row}', '{op}', {}, {} from audit.events where id = '{event}'",
        text(before),
        text(after)
    ))
    .await;
    event
}

async fn moment(app: &TestApp, minutes: i64) -> String {
    let at = format!("date_trunc('second', now()) - interval '{minutes} minutes'");
    app.text(&format!("select to_char(({at}) at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')")).await
}

/// Column and value of each line.
fn values(page: &Page) -> Vec<(String, String)> {
    assert_eq!(page.status, 200, "{}: {}", page.path, page.message());
    page.rows().into_iter().map(|row| (row[0].clone(), row[1].clone())).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(column, value)| ((*column).to_owned(), (*value).to_owned())).collect()
}

#[actix_web::test]
async fn a_row_is_as_it_was_at_each_moment() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    let row = Uuid::now_v7();
    let made = happened(
        &app,
        row,
        50,
        "insert",
        "",
        r#"{"name": "A", "note": null, "settings": {"hue": 1, "font": "Inter"}}"#,
    )
    .await;
    let renamed = happened(&app, row, 40, "update", r#"{"name": "A"}"#, r#"{"name": "B"}"#).await;
    let tinted = happened(
        &app,
        row,
        30,
        "update",
        r#"{"settings": {"hue": 1, "font": "Inter"}}"#,
        r#"{"settings": {"hue": 2, "font": "Inter"}}"#,
    )
    .await;
    let gone = happened(
        &app,
        row,
        20,
        "delete",
        r#"{"name": "B", "note": null, "settings": {"hue": 2, "font": "Inter"}}"#,
        "",
    )
    .await;
    let url = format!("/audit/states/{row}");
    let at = async |minutes| auditor.get(&format!("{url}?at={}", moment(&app, minutes).await)).await;

    let page = at(60).await;
    assert_eq!(page.texts(".title .state"), ["did not exist yet"]);
    assert!(values(&page).is_empty());
    assert_eq!(page.attributes("#after", "href").len(), 1);
    let first = [("name", "A"), ("note", "empty"), ("settings.font", "Inter"), ("settings.hue", "1")];
    let page = auditor.get(&page.attributes("#after", "href")[0]).await;
    assert_eq!((values(&page), page.title().as_str()), (pairs(&first), "A"));
    assert!(page.attributes("#before", "href").is_empty(), "nothing was before");
    assert_eq!(values(&at(45).await), pairs(&first), "between two changes the earlier one holds");
    let page = at(35).await;
    assert_eq!(page.texts(".title .state"), ["existed"]);
    assert_eq!(values(&page)[0], ("name".to_owned(), "B".to_owned()));
    assert_eq!(values(&page)[3], ("settings.hue".to_owned(), "1".to_owned()));
    let since = page.attributes("table.listing td:last-child a", "href");
    assert_eq!(since[..2], [format!("/audit/{renamed}"), format!("/audit/{made}")]);
    let page = auditor.get(&page.attributes("#after", "href")[0]).await;
    assert_eq!(values(&page)[3], ("settings.hue".to_owned(), "2".to_owned()));
    assert_eq!(page.attributes("table.listing tr:last-child td:last-child a", "href"), [format!("/audit/{tinted}")]);
    let back = auditor.get(&page.attributes("#before", "href")[0]).await;
    assert_eq!(values(&back)[3].1, "1", "and back");

    let page = auditor.get(&url).await;
    assert_eq!(page.texts(".title .state"), ["was deleted"]);
    assert_eq!(page.attributes(".panel h2 a", "href"), [format!("/audit/{gone}")]);
    assert_eq!(values(&page)[3], ("settings.hue".to_owned(), "2".to_owned()), "what it held at its end");
    assert!(page.attributes("#after", "href").is_empty());
}

#[actix_web::test]
async fn a_row_that_is_older_than_its_log_is_told_from_later_changes() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    let row = Uuid::now_v7();
    happened(&app, row, 40, "update", r#"{"name": "A"}"#, r#"{"name": "B"}"#).await;
    happened(&app, row, 30, "update", r#"{"name": "B", "slug": "a"}"#, r#"{"name": "C", "slug": "c"}"#).await;
    let at = async |minutes| auditor.get(&format!("/audit/states/{row}?at={}", moment(&app, minutes).await)).await;
    assert_eq!(values(&at(50).await), pairs(&[("name", "A"), ("slug", "a")]));
    let page = at(35).await;
    assert_eq!(values(&page), pairs(&[("name", "B"), ("slug", "a")]));
    assert!(page.texts(".banner").join("").contains("from its beginning"));
    assert_eq!(values(&at(10).await), pairs(&[("name", "C"), ("slug", "c")]));
}

struct Forget;

impl Privilege for Forget {
    const NAME: &'static str = "test.forget";
    const DESCRIPTION: &'static str = "Erase somebody";
}

#[actix_web::test]
async fn real_rows_keep_their_secrets_and_say_what_was_erased() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    let id = app.tenant("northwind").await;
    app.execute("update control.tenants set notes = 'Call ada.lovelace@example.com'").await;
    let can = Can::<Forget>::prove(Arc::new(Actor::process(ActorKind::Job, "test.forget"))).expect("jobs may");
    let texts = vec!["ada.lovelace@example.com".to_owned()];
    erase(app.db(), &can, None, Subject { user_id: Uuid::now_v7(), texts, placeholders: Vec::new() })
        .await
        .expect("somebody is erased");
    let page = auditor.get(&format!("/audit/states/{id}")).await;
    let values = values(&page);
    let value = |column: &str| values.iter().find(|(name, _)| name == column).map(|(_, value)| value.as_str());
    assert_eq!((value("notes"), value("slug"), value("version")), (Some("erased"), Some("northwind"), Some("2")));

    let token = "secretsecretsecretsecretsecretsecretsecret1";
    app.execute(&format!(
        "insert into control.tenant_domains (id, tenant_id, domain, verification_token)
            values (gen_random_uuid(), '{id}', 'northwind.example', '{token}')"
    ))
    .await;
    let domain = app.text("select id from control.tenant_domains").await;
    let page = auditor.get(&format!("/audit/states/{domain}")).await;
    assert_eq!((page.status, page.title().as_str()), (200, "northwind.example"));
    assert!(page.text().contains("verification_token") && !page.text().contains(token));
    assert_eq!(page.link("northwind"), format!("/tenants/{id}"), "ids have names");
    app.execute("update control.tenant_domains set deleted_at = now()").await;
    assert_eq!(
        auditor.get(&format!("/audit/states/{domain}")).await.texts(".title .state"),
        ["was deleted or revoked"]
    );
}

#[actix_web::test]
async fn it_is_reached_from_where_one_looks() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let id = app.tenant("northwind").await;
    let event = app.event("tenant.create").await.id;
    let page = founder.get(&format!("/audit/{event}")).await;
    let then = page.link("as it was then");
    assert!(then.starts_with(&format!("/audit/states/{id}?at=")), "{then}");
    assert_eq!(founder.get(&then).await.title(), "Northwind");
    let links = page.attributes("ol.history a", "href");
    assert_eq!(links.iter().filter(|link| link.starts_with("/audit/states/")).count(), 3, "{links:?}");
    let history = founder.get(&format!("/tenants/{id}/history")).await;
    assert_eq!(history.link("as it was then"), then);
    let list = founder.get(&format!("/audit?target={id}")).await;
    assert_eq!(list.link("As it was at a moment"), format!("/audit/states/{id}"));
    let support = app.support().await;
    assert_eq!(support.get(&format!("/tenants/{id}/history")).await.link("as it was then"), "");
}

#[actix_web::test]
async fn each_page_is_a_read_and_who_has_a_scope_sees_rows_of_it() {
    let app = TestApp::start().await;
    let (auditor, support) = (app.auditor().await, app.support().await);
    let (own, foreign) = (app.tenant("own").await, app.tenant("foreign").await);
    let url = format!("/audit/states/{own}");
    assert_eq!(auditor.get(&url).await.status, 200);
    let read = app.event("audit.view").await;
    assert!(read.is_read && read.actor_id == auditor.id && read.details["asked_for"] == url, "{read:?}");
    assert_eq!(support.get(&url).await.status, 403);
    let manager = app.scoped_to_tenant(&["audit.view"], own).await;
    assert_eq!(manager.get(&url).await.title(), "Own");
    assert_eq!(manager.get(&format!("/audit/states/{foreign}")).await.status, 404);
    assert_eq!(auditor.get(&format!("/audit/states/{}", Uuid::new_v4())).await.status, 404);
    let reads = app.events("audit.view").await.len();
    for (at, said) in [
        ("yesterday", "must be a moment"),
        ("2026-02-30", "must be a moment"),
        ("2999-01-01", "must not be in the future"),
        ("%27;drop", "must be a moment"),
    ] {
        let page = auditor.get(&format!("{url}?at={at}")).await;
        assert_eq!(page.status, 422, "{at}");
        assert!(page.field_error("at").contains(said), "{at}: {}", page.field_error("at"));
    }
    assert_eq!(auditor.get(&format!("{url}?when=now")).await.status, 400);
    assert_eq!(app.events("audit.view").await.len(), reads, "nothing was read");
}
