//! API tokens: made, shown once, used by programs, replaced and revoked.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{Page, Person, TestApp, Token};

/// The rows of a JSON answer.
fn rows(page: &Page) -> Vec<Value> {
    assert_eq!(page.status, 200, "{}", page.text());
    let body: Value = serde_json::from_slice(&page.body).expect("JSON");
    body["rows"].as_array().expect("rows").clone()
}

async fn names(app: &TestApp, token: &str) -> Vec<String> {
    let page = app.read_with(token, "/tenants.json?sort=name").await;
    rows(&page).iter().map(|row| row["name"].as_str().unwrap_or_default().to_owned()).collect()
}

#[actix_web::test]
async fn a_token_is_shown_once_and_stored_nowhere() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let form = founder.get("/account/tokens/new").await.form().with("name", "Nightly").with("scopes", "tenants.export");
    let page = founder.submit(&form).await;
    let token = Token::shown_on(&page);
    assert!(castellan::token::is_whole(&token.text), "{}", token.text);
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(page.text().contains("/tenants.json"), "an example that works");

    let again = founder.submit(&form).await;
    assert_eq!((again.status, again.location()), (303, format!("/account/tokens/{}", token.id)));
    assert!(again.flash().contains("sent before"), "{}", again.flash());
    assert_eq!(app.number("select count(*) from control.api_tokens").await, 1);
    let shown = founder.follow(&again).await;
    assert_eq!((shown.status, shown.title().as_str()), (200, "Nightly"));
    let secret = &token.text[17..];
    for page in [&again, &shown, &founder.get("/account/tokens").await, &founder.get("/tokens").await] {
        assert!(!page.text().contains(secret), "{} repeats it", page.path);
    }
    for table in
        ["control.api_tokens", "control.idempotency_keys", "audit.events", "audit.changes", "audit.security_events"]
    {
        let found =
            app.number(&format!("select count(*) from {table} t where to_jsonb(t)::text like '%{secret}%'")).await;
        assert_eq!(found, 0, "{table} holds it");
    }
    let event = app.event("api_token.create").await;
    assert_eq!((event.actor_id, event.target_id), (founder.id, Some(token.id)));
    assert_eq!(event.of("api_tokens").len(), 1);
    let hash = app.text("select after ->> 'token_hash' from audit.changes where table_name = 'api_tokens'").await;
    assert_eq!(hash, "secret, changed");
}

#[actix_web::test]
async fn a_program_reads_lists_in_its_owners_name() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    for slug in ["north", "south"] {
        app.tenant(slug).await;
    }
    let token = founder.make_token(&["tenants.export"], &[]).await;
    assert_eq!(names(&app, &token.text).await, ["North", "South"]);
    let csv = app.read_with(&token.text, "/tenants.csv?q=north").await;
    assert_eq!((csv.status, csv.text().lines().count()), (200, 2));
    assert!(csv.set_cookies().is_empty());

    let events = app.events("tenants.export").await;
    let [first, ..] = &events[..] else { panic!("reading leaves no event") };
    assert_eq!((first.actor_id, first.session_id), (founder.id, None));
    assert_eq!(first.details["token_id"], token.id.to_string());
    let used = "select requests || ' ' || refused from control.api_token_usage";
    assert_eq!(app.text(used).await, "2 0");
    assert_eq!(app.number("select count(*) from control.api_tokens where last_used_at is not null").await, 1);

    let page = founder.get(&format!("/tokens/{}", token.id)).await;
    assert_eq!(page.rows(), [[page.rows()[0][0].clone(), "2".into(), "0".into()]]);
    let series: Value = serde_json::from_str(&page.attributes(".chart", "data-series")[0]).expect("a series");
    assert_eq!(series["x"].as_array().map(Vec::len), Some(14 * 24));
    assert_eq!(series["y"][0].as_array().and_then(|line| line.last()), Some(&Value::from(2)));
}

#[actix_web::test]
async fn everything_wrong_is_said_at_once_and_kept() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let networks = "10.0.0.0/8\n10.0.0.5/8\n\n 203.0.113.7 \nexample.com\0";
    let fields = [("name", " "), ("expires_at", "2020-01-01"), ("allowed_networks", networks)];
    let page = founder.post_form("/account/tokens", &fields).await;
    assert_eq!(page.status, 422);
    assert_eq!(page.field_error("name"), "is required");
    assert!(page.field_error("scopes").starts_with("must have one or more"), "{}", page.field_error("scopes"));
    assert_eq!(page.field_error("expires_at"), "must be after today and within 365 days");
    let lines: Vec<String> = page.errors().into_iter().filter(|error| error.starts_with("allowed_networks")).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].contains("line 2") && lines[0].contains("10.0.0.0/8"), "{lines:?}");
    assert!(lines[1].contains("line 5"), "{lines:?}");
    assert!(page.value("allowed_networks").contains("203.0.113.7"));
    for (field, value) in
        [("expires_at", "2999-01-01"), ("expires_at", "never"), ("expires_at", ""), ("name", &"x".repeat(101))]
    {
        let good = [("name", "x"), ("scopes", "tenants.export"), ("expires_at", "2099-01-01")];
        let fields: Vec<(&str, &str)> =
            good.into_iter().filter(|(name, _)| *name != field).chain([(field, value)]).collect();
        let page = founder.post_form("/account/tokens", &fields).await;
        assert_eq!((page.status, page.field_error(field).is_empty()), (422, false), "{field} {value}");
    }
    assert_eq!(app.number("select count(*) from control.api_tokens").await, 0);
}

#[actix_web::test]
async fn a_rotated_token_overlaps_and_ends() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let old = founder.make_token(&["tenants.export"], &[]).await;
    let form = founder.get(&format!("/account/tokens/{}/rotation/new", old.id)).await.form();
    assert_eq!(form.value("overlap_hours"), "24");
    for hours in ["-1", "169", "x"] {
        let page = founder.submit(&form.clone().with("overlap_hours", hours).with("reason", "x")).await;
        assert_eq!((page.status, page.field_error("overlap_hours").is_empty()), (422, false), "{hours}");
    }
    let page = founder.submit(&form.with("reason", "yearly")).await;
    let new = Token::shown_on(&page);
    assert!(page.text().contains("works for another 24 hours"));
    for token in [&old, &new] {
        assert_eq!(app.read_with(&token.text, "/tenants.json").await.status, 200);
    }
    let page = founder.get(&format!("/account/tokens/{}", old.id)).await;
    assert_eq!(page.texts("h1 + .state"), ["overlapping"]);
    assert_eq!(page.link("the token after"), format!("/account/tokens/{}", new.id));
    let path = format!("/account/tokens/{}/rotation", old.id);
    let again = founder.post_form(&path, &[("overlap_hours", "1"), ("reason", "x")]).await;
    assert_eq!(again.status, 409, "only the latest is rotated");

    app.execute("update control.api_tokens set overlap_ends_at = now() where overlap_ends_at is not null").await;
    assert_eq!(app.read_with(&old.text, "/tenants.json").await.status, 401);
    assert_eq!(app.read_with(&new.text, "/tenants.json").await.status, 200);
    let lifetimes = "select count(distinct date_trunc('hour', expires_at - created_at)) from control.api_tokens";
    assert_eq!(app.number(lifetimes).await, 1, "it lives for as long as the one before");
}

#[actix_web::test]
async fn a_revoked_token_is_refused_from_then_on() {
    let app = TestApp::start().await;
    let (founder, admin) = (app.founder().await, app.admin().await);
    let token = admin.make_token(&["tenants.export"], &[]).await;
    assert_eq!(app.read_with(&token.text, "/tenants.json").await.status, 200);
    let page = founder.get(&format!("/tokens/{}/revocation/new", token.id)).await;
    assert!(page.texts(".effect")[0].contains("cannot be undone"), "{}", page.text());
    let done = founder.submit(&page.form().with("reason", "left the company")).await;
    assert_eq!((done.status, done.flash().as_str()), (303, "Nightly export is revoked."));
    assert_eq!(app.read_with(&token.text, "/tenants.json").await.status, 401);
    let page = founder.get(&format!("/tokens/{}/revocation/new", token.id)).await;
    assert_eq!(page.status, 409);
    let by = format!("select revoked_by from control.api_tokens where id = '{}'", token.id);
    assert_eq!(app.text(&by).await, founder.id.unwrap().to_string());
}

#[actix_web::test]
async fn staff_make_and_rotate_tokens_of_services_and_of_nobody_else() {
    let app = TestApp::start().await;
    let (founder, admin) = (app.founder().await, app.admin().await);
    app.tenant("north").await;
    let service = app.service("Exporter", &["tenants.export"]).await.to_string();
    let form = founder.get("/tokens/new").await.form().with("name", "Nightly").with("expires_at", "never");
    let form = form.with("user_id", &service);
    let page = founder.submit(&form.clone().with("scopes", "clients.export")).await;
    assert_eq!(
        (page.status, page.field_error("scopes").as_str()),
        (422, "has what no role of this service has: clients.export")
    );
    let page = founder
        .submit(&form.clone().with("scopes", "tenants.export").with("user_id", &founder.id.unwrap().to_string()))
        .await;
    assert_eq!((page.status, page.field_error("user_id").as_str()), (422, "must be one of the services"));
    let token = Token::shown_on(&founder.submit(&form.with("scopes", "tenants.export")).await);
    assert_eq!(names(&app, &token.text).await, ["North"]);

    let page = founder.get(&format!("/tokens/{}/rotation/new", token.id)).await;
    let rotated = Token::shown_on(&founder.submit(&page.form().with("reason", "x").with("overlap_hours", "0")).await);
    assert_eq!(app.read_with(&token.text, "/tenants.json").await.status, 401);
    assert_eq!(app.read_with(&rotated.text, "/tenants.json").await.status, 200);

    let own = admin.make_token(&["tenants.export"], &[]).await;
    assert_eq!(founder.get(&format!("/tokens/{}", own.id)).await.link("Rotate…"), "");
    assert_eq!(founder.get(&format!("/tokens/{}/rotation/new", own.id)).await.status, 409);
    let fields = [("overlap_hours", "1"), ("reason", "x")];
    assert_eq!(founder.post_form(&format!("/tokens/{}/rotation", own.id), &fields).await.status, 409);
    assert_eq!(app.number("select count(*) from control.api_tokens").await, 3);
}

#[actix_web::test]
async fn the_list_is_narrowed_and_taken_out_without_secrets() {
    let app = TestApp::start().await;
    let (founder, admin) = (app.founder().await, app.admin().await);
    let mut tokens = Vec::new();
    for name in ["live", "overlapping", "expired", "revoked"] {
        tokens.push(founder.make_token(&["tenants.export"], &[("name", name)]).await);
    }
    let other = admin.make_token(&["clients.export"], &[("name", "other")]).await;
    let set =
        |place: usize, what: &str| format!("update control.api_tokens set {what} where id = '{}'", tokens[place].id);
    app.execute(&set(1, "overlap_ends_at = now() + interval '1 hour'")).await;
    app.execute(&set(2, "created_at = now() - interval '2 days', expires_at = now() - interval '1 day'")).await;
    app.execute(&set(3, "revoked_at = now()")).await;
    app.execute(&format!(
        "update control.api_tokens set created_at = now() - interval '100 days', expires_at = null where id = '{}'",
        other.id
    ))
    .await;
    let owner = format!("owner={}", admin.id.unwrap());
    for (query, found) in [
        ("state=live", vec!["live", "other"]),
        ("state=overlapping", vec!["overlapping"]),
        ("state=expired", vec!["expired"]),
        ("state=revoked,expired", vec!["expired", "revoked"]),
        ("unused=90%20days", vec!["other"]),
        ("expires=never", vec!["other"]),
        (owner.as_str(), vec!["other"]),
        ("q=over", vec!["overlapping"]),
        (&format!("q={}", &other.text[..17]), vec!["other"]),
    ] {
        let page = founder.get(&format!("/tokens?{query}")).await;
        let names: BTreeSet<String> = page.names().into_iter().collect();
        assert_eq!(names, found.into_iter().map(str::to_owned).collect(), "{query}: {}", page.status);
    }
    assert_eq!(founder.get("/tokens?state=gone").await.status, 400);
    assert_eq!(founder.get(&format!("/tokens?{owner}")).await.texts(".chip b"), [admin.email.as_str()]);
    let csv = founder.get("/tokens.csv").await;
    assert_eq!(csv.text().lines().count(), 6);
    assert!(csv.text().starts_with("id,prefix,name,owner_id,owner_email,owner_kind,state,scopes,"), "{}", csv.text());
    let json = rows(&founder.get("/tokens.json?state=live&sort=created_at").await);
    assert_eq!((json.len(), json[1]["name"].as_str()), (2, Some("live")));
    assert!(json[1]["revoked_at"].is_null(), "an empty cell is none");
    for token in tokens.iter().chain([&other]) {
        assert!(!csv.text().contains(&token.text[17..]));
        let hash = format!("select encode(token_hash, 'hex') from control.api_tokens where id = '{}'", token.id);
        assert!(!csv.text().contains(&app.text(&hash).await));
    }
    assert_eq!(admin.get("/account/tokens").await.names(), ["other"], "one's own alone");
}

async fn paste(person: &Person, text: &str) -> (String, String) {
    let linked = person.get(&format!("/go?q={}", castellan::web::query::encode(text))).await;
    let page = person.post_form("/go", &[("q", text)]).await;
    assert_eq!((page.status, linked.status), (303, 303), "a token stays in no address");
    assert_eq!(page.location(), linked.location());
    (page.location(), page.flash())
}

#[actix_web::test]
async fn a_pasted_token_leads_to_its_page_and_is_written_down_nowhere() {
    let app = TestApp::start().await;
    let (founder, support) = (app.founder().await, app.support().await);
    let helper = app.person_with(&["search.use", "tenants.export"]).await;
    let token = founder.make_token(&["tenants.export"], &[]).await;
    let (page, _) = paste(&founder, &format!("  {} ", token.text)).await;
    assert_eq!(page, format!("/tokens/{}", token.id));
    let shown = founder.get(&page).await;
    assert!(shown.text().contains(&founder.email) && shown.title() == "Nightly export");
    assert_eq!(shown.link("Revoke…"), format!("/tokens/{}/revocation/new", token.id));

    let own = helper.make_token(&["tenants.export"], &[]).await;
    assert_eq!(paste(&helper, &own.text).await.0, format!("/account/tokens/{}", own.id));
    let unknown = castellan::token::NewToken::random().text;
    for (person, text) in [(&support, &token.text), (&helper, &token.text), (&founder, &unknown)] {
        let (to, said) = paste(person, text).await;
        assert_eq!((to.as_str(), said.contains("there is none like it")), ("/go", true), "{said}");
    }
    let (to, said) = paste(&founder, &token.text[..60]).await;
    assert_eq!((to.as_str(), said.contains("a part of one")), ("/go", true), "{said}");

    // Before signing in, and where a read is recorded with what was asked for.
    let away = app.anonymous().get(&format!("/go?q={}", token.text)).await;
    assert_eq!(away.location(), "/sign-in?return_to=/go");
    founder.get(&format!("/tenants.csv?q={}", token.text)).await;
    founder.get(&format!("/tenants.csv?q=%63st{}", &token.text[3..])).await;
    founder.get(&format!("/audit?actor={}", token.text)).await;
    support.get(&format!("/audit?actor={}", token.text)).await;
    let secret = &token.text[17..40];
    for table in ["audit.events", "audit.changes", "audit.security_events"] {
        let found =
            app.number(&format!("select count(*) from {table} t where to_jsonb(t)::text like '%{secret}%'")).await;
        assert_eq!(found, 0, "{table} holds it");
    }
    assert_eq!(app.events("tenants.export").await.len(), 2, "the reads themselves are recorded");
}
