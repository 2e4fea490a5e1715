//! One code, many requests at the same moment: one gets through.

use tokio::task::JoinSet;

use crate::support::TestApp;

#[actix_web::test]
async fn of_twenty_tries_with_one_code_one_gets_in() {
    let Some(app) = TestApp::on_server().await else { return };
    let person = app.admin().await;
    let phone = app.add_totp(&person).await;
    let mut browsers = Vec::new();
    for _ in 0..20 {
        browsers.push(app.halfway(&person.email).await);
    }
    app.codes_are_new().await;
    let code = phone.code();
    let mut tries = JoinSet::new();
    for browser in browsers {
        let code = code.clone();
        tries.spawn_local(async move { browser.post_form("/sign-in/factor", &[("code", &code)]).await.status });
    }
    let answers = tries.join_all().await;
    assert_eq!(answers.iter().filter(|status| **status == 303).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|status| matches!(status, 303 | 422 | 429)), "{answers:?}");
    let whole = "select count(*) from control.sessions where awaits is null and factors = '{password,totp}'";
    assert_eq!(app.number(whole).await, 1);
    assert_eq!(app.events("session.sign_in").await.len(), 2, "with the one before there was a factor");
}

#[actix_web::test]
async fn of_twenty_elevations_with_one_code_one_works() {
    let Some(app) = TestApp::on_server().await else { return };
    let person = app.admin().await;
    let phone = app.add_totp(&person).await;
    let mut browsers = Vec::new();
    for _ in 0..20 {
        app.codes_are_new().await;
        let browser = app.halfway(&person.email).await;
        assert_eq!(browser.post_form("/sign-in/factor", &[("code", &phone.code())]).await.status, 303);
        browsers.push(browser);
    }
    app.execute("update control.sessions set elevated_until = null, elevated_by = null").await;
    app.codes_are_new().await;
    let code = phone.code();
    let mut tries = JoinSet::new();
    for browser in browsers {
        let code = code.clone();
        tries.spawn_local(async move { browser.post_form("/elevation", &[("code", &code)]).await.status });
    }
    let answers = tries.join_all().await;
    assert_eq!(answers.iter().filter(|status| **status == 303).count(), 1, "{answers:?}");
    assert_eq!(app.number("select count(*) from control.sessions where elevated_until is not null").await, 1);
}

/// A real guesser does not wait for answers: guesses sent together are counted like guesses in a row.
#[actix_web::test]
async fn forty_guesses_at_once_get_few_looks() {
    let Some(app) = TestApp::on_server().await else { return };
    let person = app.admin().await;
    let phone = app.add_totp(&person).await;
    let browser = std::rc::Rc::new(app.halfway(&person.email).await);
    let mut guesses = JoinSet::new();
    for _ in 0..40 {
        let (browser, code) = (browser.clone(), phone.wrong_code());
        guesses.spawn_local(async move { browser.post_form("/sign-in/factor", &[("code", &code)]).await.status });
    }
    let answers = guesses.join_all().await;
    assert!(answers.iter().all(|status| matches!(status, 422 | 429)), "{answers:?}");
    let looks = app.number("select count(*) from control.login_attempts where outcome = 'wrong_factor'").await;
    assert!((5..=8).contains(&looks), "{looks} of 40 guesses were looked at");
}
