//! How many guesses are really looked at, whoever sends them and however. A guess that is looked at costs a hash, which
//! is counted. Nothing here waits: time passes by moving the tries into the past.

use std::time::Instant;

use castellan::app::App;
use castellan::auth::sign_in::throttle::{Try, Verdict, judge};
use castellan::db::Db;
use reqwest::Method;
use uuid::Uuid;

use crate::support::{CHEAP, PASSWORD, Page, Person, TestApp, skipped};

/// A console that believes the test where a request comes from.
async fn start() -> TestApp {
    let here = "127.0.0.1/32".parse().expect("a network");
    TestApp::configured(CHEAP, |config| config.trusted_proxies = vec![here]).await
}

async fn guess(person: &Person, app: &TestApp, from: &str, email: &str, password: &str) -> Page {
    let body =
        format!("email={}&password={}", castellan::web::query::encode(email), castellan::web::query::encode(password));
    let request = person.request(Method::POST, "/sign-in").header("origin", &app.base).header("x-forwarded-for", from);
    person.send(request.header("content-type", "application/x-www-form-urlencoded").body(body)).await
}

async fn pass(app: &TestApp, seconds: u64) {
    let shift = format!("update control.login_attempts set occurred_at = occurred_at - interval '{seconds} seconds'");
    app.execute(&shift).await;
}

fn network(number: usize) -> String {
    format!("198.{}.{}.7", 18 + number / 256, number % 256)
}

#[actix_web::test]
async fn a_thousand_guesses_at_one_account_get_a_handful_of_looks() {
    let app = start().await;
    let (id, email) = app.staff("admin").await;
    let owner = app.browser_of(id, &email).await;
    assert_eq!(owner.post_form("/sign-out", &[]).await.status, 303);
    let before = app.app.passwords.verified();
    let stranger = app.anonymous();
    for number in 0..1000 {
        let page = guess(&stranger, &app, &network(number), &email, &format!("guess {number}")).await;
        assert!(matches!(page.status, 422 | 429), "{}", page.status);
    }
    let looks = app.app.passwords.verified() - before;
    assert!(looks <= 12, "{looks} of a thousand guesses were looked at");
    assert_eq!(owner.sign_in(&email, PASSWORD).await.status, 303, "the owner on a known device is let in");
}

#[actix_web::test]
async fn a_patient_guesser_gets_few_hundred_looks_in_a_day() {
    let app = start().await;
    let (id, email) = app.staff("admin").await;
    let owner = app.browser_of(id, &email).await;
    let before = app.app.passwords.verified();
    let (stranger, mut passed, mut sent) = (app.anonymous(), 0, 0);
    while passed < 24 * 3600 && sent < 2000 {
        let page = guess(&stranger, &app, &network(sent), &email, "guess").await;
        sent += 1;
        let wait: u64 = page.header("retry-after").parse().unwrap_or(0);
        if wait > 0 {
            pass(&app, wait).await;
            passed += wait;
        }
    }
    let looks = app.app.passwords.verified() - before;
    assert!(passed >= 24 * 3600, "the day went by in {sent} guesses");
    assert!(looks < 600, "{looks} guesses were looked at in a day");
    assert_eq!(owner.sign_in(&email, PASSWORD).await.status, 303, "the owner is let in at any time");
}

#[actix_web::test]
async fn one_network_gets_twenty_looks_a_minute_over_all_accounts() {
    let app = start().await;
    let (id, email) = app.staff("admin").await;
    let owner = app.browser_of(id, &email).await;
    let before = app.app.passwords.verified();
    let stranger = app.anonymous();
    for number in 0..1000 {
        guess(&stranger, &app, "203.0.113.9", &format!("person{number}@example.com"), "Summer2026!").await;
    }
    let looks = app.app.passwords.verified() - before;
    assert!((20..=24).contains(&looks), "{looks} of a thousand guesses were looked at");
    let page = guess(&stranger, &app, "203.0.113.77", "somebody@example.com", "x").await;
    let wait: u64 = page.header("retry-after").parse().expect("seconds to wait");
    assert_eq!((page.status, (1..=60).contains(&wait)), (429, true));
    assert!(page.errors()[0].contains("from your network"), "{:?}", page.errors());
    assert!(
        app.number("select count(*) from audit.security_events where kind = 'excess_rate_limit_exceeded'").await > 900
    );

    let elsewhere = app.anonymous();
    assert_eq!(
        guess(&elsewhere, &app, "192.0.2.1", "somebody@example.com", "x").await.status,
        422,
        "others do not wait"
    );
    assert_eq!(guess(&owner, &app, "203.0.113.9", &email, PASSWORD).await.status, 303, "nor does a known device there");
    pass(&app, 61).await;
    assert_eq!(guess(&stranger, &app, "203.0.113.9", "somebody@example.com", "x").await.status, 422, "the minute ends");
}

/// Counters are in the database, so that neither a start nor another process forgets them.
#[actix_web::test]
async fn waiting_outlives_the_process() {
    let app = start().await;
    if app.database.engine().is_embedded() {
        return skipped("a second process needs TEST_DATABASE_URL, for the embedded engine has one connection");
    }
    let stranger = app.anonymous();
    for number in 0..20 {
        guess(&stranger, &app, "203.0.113.9", &format!("person{number}@example.com"), "x").await;
    }
    let another = App::build(&app.config, app.database.engine(), CHEAP).expect("another process begins");
    let network = another.site.secret.hash("network", &[203, 0, 113]).to_vec();
    let verdict = verdict(&another.db, b"somebody", Some(network), None).await;
    assert!(matches!(verdict, Verdict::NetworkWaits(_)), "{verdict:?}");
}

async fn failures(app: &TestApp, count: usize, ago: &str) {
    app.execute(&format!(
        "insert into control.login_attempts (id, occurred_at, account_hash, network_hash, outcome)
            select gen_random_uuid(), now() - interval '{ago}', sha256(n::text::bytea), sha256(n::text::bytea),
                'unknown_account'
            from generate_series(1, {count}) n"
    ))
    .await;
}

async fn verdict(db: &Db, account: &[u8], network: Option<Vec<u8>>, device: Option<Uuid>) -> Verdict {
    let account = account.to_vec();
    let judged = db.ask(move |conn| {
        use diesel::Connection;
        use diesel::connection::SimpleConnection;
        conn.transaction(|conn| {
            conn.batch_execute("set local role castellan_auth")?;
            judge(conn, &Try { account: &account, network: network.as_deref(), device })
        })
    });
    judged.await.expect("a try is judged")
}

#[actix_web::test]
async fn when_failures_come_from_everywhere_strangers_are_slowed_down_and_known_devices_are_not() {
    let app = start().await;
    let (id, email) = app.staff("admin").await;
    let owner = app.browser_of(id, &email).await;
    let account = app.app.site.secret.hash("account", email.as_bytes());
    let device: Uuid = app.text("select device_id from control.login_attempts").await.parse().expect("a device");
    failures(&app, 59, "30 seconds").await;
    assert_eq!(verdict(app.db(), &account, None, None).await, Verdict::LookAtIt, "fewer than sixty are no storm");
    failures(&app, 1, "30 seconds").await;
    assert_eq!(verdict(app.db(), &account, None, None).await, Verdict::LookAtItLater);
    assert_eq!(
        verdict(app.db(), &account, None, Some(Uuid::now_v7())).await,
        Verdict::LookAtItLater,
        "any device will not do"
    );
    assert_eq!(verdict(app.db(), &account, None, Some(device)).await, Verdict::LookAtIt);
    assert_eq!(owner.sign_in(&email, PASSWORD).await.status, 303);

    let began = Instant::now();
    assert_eq!(app.anonymous().sign_in(&email, PASSWORD).await.status, 303, "slowed down, not locked out");
    assert!(began.elapsed().as_secs() >= 2, "{:?}", began.elapsed());

    failures(&app, 60 * 20, "90 minutes").await;
    assert_eq!(
        verdict(app.db(), &account, None, None).await,
        Verdict::LookAtIt,
        "where twenty a minute are usual, sixty are not far above"
    );
}
