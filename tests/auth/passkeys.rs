//! Passkeys, as far as they go without a browser; the rest is in `tests/browser/passkeys.mjs`.

use castellan::web::query::encode;
use reqwest::Method;
use reqwest::header::{HOST, ORIGIN};

use crate::support::{Page, Person, TestApp};

const NEW: &str = "/account/factors/passkeys/new";
const PATH: &str = "/account/factors/passkeys";
/// Where browsers on a development machine take passkeys.
const LOCAL: &str = "localhost:8080";

/// Opens a page as a browser that is at `localhost`.
async fn get(person: &Person, path: &str) -> Page {
    person.send(person.request(Method::GET, path).header(HOST, LOCAL)).await
}

async fn post(person: &Person, path: &str, fields: &[(&str, &str)]) -> Page {
    let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let request = person.request(Method::POST, path).header(HOST, LOCAL).header(ORIGIN, format!("http://{LOCAL}"));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    person.send(request.body(body.join("&"))).await
}

#[actix_web::test]
async fn the_page_asks_for_a_verified_person_and_says_what_to_do_without_a_script() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    let page = get(&person, NEW).await;
    let options = page.attributes("form[data-passkey=create]", "data-options").remove(0);
    let options: serde_json::Value = serde_json::from_str(&options).expect("the question is JSON");
    let asked = &options["publicKey"];
    assert_eq!(
        (asked["rp"]["id"].as_str(), asked["user"]["name"].as_str()),
        (Some("localhost"), Some(person.email.as_str()))
    );
    assert_eq!(asked["authenticatorSelection"]["userVerification"], "required");
    assert_eq!(page.attributes("form[data-passkey] button", "hidden").len(), 1, "the button comes with the script");
    assert!(page.text().contains("need JavaScript"));
    let empty = post(&person, PATH, &[("label", "x")]).await;
    assert_eq!(empty.status, 422);
    assert!(empty.errors()[0].contains("It needs JavaScript"), "{:?}", empty.errors());
}

#[actix_web::test]
async fn at_a_bare_number_the_page_says_where_to_go() {
    let app = TestApp::start().await;
    let page = app.admin().await.get(NEW).await;
    assert_eq!(page.status, 200);
    assert!(page.attributes("main a", "href").iter().any(|link| link.starts_with("http://localhost")));
    assert!(page.attributes("form[data-passkey]", "action").is_empty());
}

#[actix_web::test]
async fn a_question_is_answered_once_in_time_and_by_the_session_that_was_asked() {
    let app = TestApp::start().await;
    let (person, other) = (app.admin().await, app.admin().await);
    let late = |page: &Page| page.errors().iter().any(|error| error.contains("longer than two minutes"));
    let answer = async |person: &Person, ceremony: &str| {
        let fields = [("label", "x"), ("ceremony", ceremony), ("credential", "{\"id\": \"x\"}")];
        let page = post(person, PATH, &fields).await;
        assert_eq!(page.status, 422);
        page
    };
    let mine = get(&person, NEW).await.value("ceremony");
    assert!(late(&answer(&other, &mine).await), "another session was not asked");
    assert!(!late(&answer(&person, &mine).await), "it is looked at and does not fit");
    assert!(late(&answer(&person, &mine).await), "but only once");
    let mine = get(&person, NEW).await.value("ceremony");
    app.execute("update control.ceremonies set created_at = now() - interval '3 minutes', expires_at = now() - interval '1 minute'").await;
    assert!(late(&answer(&person, &mine).await));
    get(&person, NEW).await;
    let left = app.number("select count(*) from control.ceremonies where expires_at < now()").await;
    assert_eq!(left, 0, "what nobody answered goes");
    for odd in ["", "nonsense", "019a0000-0000-7000-8000-000000000000"] {
        assert!(late(&answer(&person, odd).await), "{odd}");
    }
    assert_eq!(app.number("select count(*) from control.user_credentials where kind = 'passkey'").await, 0);
}

#[actix_web::test]
async fn staff_cannot_read_what_browsers_were_asked() {
    let app = TestApp::start().await;
    for role in ["castellan_staff", "castellan_scoped", "castellan_jobs", "castellan_web"] {
        let refused = app.try_as(role, "select from control.ceremonies").await.expect_err(role);
        assert!(refused.contains("permission denied"), "{role}: {refused}");
    }
}
