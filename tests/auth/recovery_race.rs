//! One recovery code, many requests at the same moment: one gets through.

use tokio::task::JoinSet;

use crate::support::TestApp;

#[actix_web::test]
async fn of_twenty_tries_with_one_recovery_code_one_gets_in() {
    let Some(app) = TestApp::on_server().await else { return };
    let person = app.admin().await;
    app.add_totp(&person).await;
    let code = app.recovery_codes(&person).await.remove(0);
    let mut tries = JoinSet::new();
    for _ in 0..20 {
        let (browser, code) = (app.halfway(&person.email).await, code.clone());
        tries.spawn_local(async move { browser.post_form("/sign-in/factor", &[("code", &code)]).await.status });
    }
    let answers = tries.join_all().await;
    assert_eq!(answers.iter().filter(|status| **status == 303).count(), 1, "{answers:?}");
    let used = "select count(*) from control.user_credentials where kind = 'recovery_code' and used_at is not null";
    assert_eq!(app.number(used).await, 1);
}

/// Two browsers make new codes at the same moment: ten are left, those of one of them.
#[actix_web::test]
async fn codes_made_twice_at_once_are_ten() {
    let Some(app) = TestApp::on_server().await else { return };
    let person = app.admin().await;
    app.add_totp(&person).await;
    let person = std::rc::Rc::new(person);
    let mut makes = JoinSet::new();
    for _ in 0..4 {
        let person = person.clone();
        makes.spawn_local(async move { person.post_form("/account/factors/recovery-codes", &[]).await.status });
    }
    let answers = makes.join_all().await;
    assert!(answers.contains(&200), "{answers:?}");
    let live = "select count(*) from control.user_credentials where kind = 'recovery_code' and revoked_at is null";
    assert_eq!(app.number(live).await, 10);
}
