//! `/account/identities`: linking and unlinking one's own.

use crate::support::forger::Away;
use crate::support::{Forger, PASSWORD, Page, Person, TestApp};

const PATH: &str = "/account/identities";
const LINKED: &str = "select count(*) from control.user_identities where revoked_at is null";

async fn app_with(forger: &Forger) -> TestApp {
    TestApp::with_providers(vec![forger.settings("acme")]).await
}

/// Goes to the provider and comes back as somebody. Returns the page that asks whether to link.
async fn proposal(person: &Person, forger: &Forger, subject: &str) -> Page {
    let start = person.get(&format!("{PATH}/start/acme")).await;
    assert_eq!(start.status, 200, "{}", start.text());
    let away = Away::of(&start.link("Go to ACME Identity"));
    let code = forger.code_for(&away, subject);
    let answer = [("code", &*code), ("state", &*away.state), ("iss", &*forger.issuer)];
    person.follow(&person.come_back("acme", &answer).await).await
}

#[actix_web::test]
async fn a_person_links_an_identity_and_signs_in_with_it() {
    let forger = Forger::start();
    let app = app_with(&forger).await;
    let person = app.support().await;
    let elsewhere = app.unelevated(person.id.expect("somebody"), &person.email).await;
    let page = person.get(PATH).await;
    assert_eq!(page.link("Link ACME Identity"), "/account/identities/start/acme");
    assert!(page.text().contains("You have linked no identity"));

    let page = proposal(&person, &forger, "ada").await;
    assert_eq!(app.number(LINKED).await, 0, "nothing is linked before somebody said yes");
    assert!(page.text().contains("ada@acme.example"), "{}", page.text());
    let answer = person.submit(&page.form()).await;
    assert_eq!((answer.status, answer.location().as_str()), (303, PATH));
    assert_eq!(person.get(PATH).await.rows()[0][..2], ["ada@acme.example", "ACME Identity"]);
    let event = app.event("identity.link").await;
    assert_eq!((event.actor_id, event.target_id, event.of("user_identities").len()), (person.id, person.id, 1));
    assert_eq!(elsewhere.get("/").await.status, 303, "other sessions end with a new way in");
    let mails = app.texts("select subject from control.outbox").await;
    assert_eq!(mails, ["An identity was linked to your account"]);
    assert_eq!(app.anonymous().sign_in_by(&forger, "acme", "ada").await.location(), "/");
}

#[actix_web::test]
async fn linking_takes_elevation_and_a_session() {
    let forger = Forger::start();
    let app = app_with(&forger).await;
    let (id, email) = app.staff("support").await;
    let person = app.unelevated(id, &email).await;
    for path in ["/start/acme", "/new"] {
        let answer = person.get(&format!("{PATH}{path}")).await;
        assert!(answer.location().starts_with("/elevation?"), "{path}: {}", answer.location());
    }
    assert_eq!(person.post_form(PATH, &[("ceremony", "x")]).await.status, 401);
    assert!(app.anonymous().get(PATH).await.location().starts_with("/sign-in?"));
    assert_eq!(person.get(PATH).await.status, 200, "looking takes none");
    app.elevate(&person).await;
    assert_eq!(person.get(&format!("{PATH}/start/other")).await.status, 404);
}

#[actix_web::test]
async fn elevation_that_ends_on_the_way_is_asked_for_again() {
    let forger = Forger::start();
    let app = app_with(&forger).await;
    let person = app.support().await;
    let page = proposal(&person, &forger, "ada").await;
    app.execute("update control.sessions set elevated_until = null, elevated_by = null").await;
    let asked = person.submit(&page.form()).await;
    assert_eq!(asked.status, 401);
    app.elevate(&person).await;
    assert_eq!(person.submit(&page.form()).await.location(), PATH);
    assert_eq!(app.number(LINKED).await, 1);
}

#[actix_web::test]
async fn a_proposal_counts_once_in_time_and_for_its_session() {
    let forger = Forger::start();
    let app = app_with(&forger).await;
    let (person, other) = (app.support().await, app.admin().await);
    let page = proposal(&person, &forger, "ada").await;
    let form = page.form();
    assert_eq!(other.submit(&form).await.status, 409, "another session has proven nothing");
    assert_eq!(other.get(&format!("{PATH}/new?ceremony={}", form.value("ceremony"))).await.location(), PATH);
    app.execute("update control.ceremonies set created_at = now() - interval '1 hour', expires_at = now()").await;
    assert_eq!(person.submit(&form).await.status, 409);
    assert_eq!(app.number(LINKED).await, 0);

    let form = proposal(&person, &forger, "ada").await.form();
    assert_eq!(person.submit(&form).await.status, 303);
    assert_eq!(person.submit(&form).await.location(), PATH, "sent twice, it is done once");
    assert_eq!(person.post_form(PATH, &[("ceremony", form.value("ceremony"))]).await.status, 409);
    assert_eq!(person.get(&format!("{PATH}/new")).await.location(), PATH);
    assert_eq!(app.number(LINKED).await, 1);
}

#[actix_web::test]
async fn what_belongs_to_somebody_is_not_linked_again() {
    let forger = Forger::start();
    let app = app_with(&forger).await;
    let (person, other) = (app.support().await, app.admin().await);
    app.identity(other.id.expect("somebody"), &forger.issuer, "ada").await;
    for (one, why) in [(&person, "somebody else's account"), (&other, "your account already")] {
        let answer = one.submit(&proposal(one, &forger, "ada").await.form()).await;
        assert_eq!(answer.status, 409);
        assert!(answer.errors()[0].contains(why), "{:?}", answer.errors());
    }
    assert_eq!(app.number("select count(*) from control.user_identities").await, 1);
    app.execute("update control.user_identities set revoked_at = now()").await;
    assert_eq!(person.submit(&proposal(&person, &forger, "ada").await.form()).await.status, 303, "it is free again");
}

#[actix_web::test]
async fn an_unlinked_identity_opens_nothing() {
    let forger = Forger::start();
    let app = app_with(&forger).await;
    let person = app.support().await;
    app.identity(person.id.expect("somebody"), &forger.issuer, "ada").await;
    let by_identity = app.anonymous();
    assert_eq!(by_identity.sign_in_by(&forger, "acme", "ada").await.location(), "/");
    let page = person.get(&person.get(PATH).await.link("Unlink…")).await;
    assert_eq!(page.status, 200, "{}", page.text());
    let answer = person.submit(&page.form().with("reason", "left Acme")).await;
    assert_eq!((answer.status, answer.location().as_str()), (303, PATH), "{:?}", answer.errors());
    assert_eq!(by_identity.get("/").await.status, 303, "its session has ended");
    assert_eq!(app.anonymous().sign_in_by(&forger, "acme", "ada").await.status, 422);
    let event = app.event("identity.unlink").await;
    assert_eq!((event.reason.as_deref(), event.target_id), (Some("left Acme"), person.id));
    let mails = app.texts("select subject from control.outbox").await;
    assert_eq!(mails, ["An identity was unlinked from your account"]);
    assert_eq!(person.get(PATH).await.rows().len(), 0);
}

#[actix_web::test]
async fn nobody_unlinks_their_only_way_in_or_what_is_not_theirs() {
    let forger = Forger::start();
    let app = app_with(&forger).await;
    let (person, other) = (app.support().await, app.admin().await);
    let id = person.id.expect("somebody");
    app.identity(id, &forger.issuer, "ada").await;
    let identity = app.text("select id from control.user_identities").await;
    let path = format!("{PATH}/{identity}/unlinking");
    assert_eq!(other.get(&format!("{path}/new")).await.status, 404);
    assert_eq!(other.post_form(&path, &[("reason", "because")]).await.status, 404);

    app.execute(&format!("update control.user_credentials set revoked_at = now() where user_id = '{id}'")).await;
    let page = person.get(&format!("{path}/new")).await;
    assert_eq!(page.status, 409);
    assert!(page.errors()[0].contains("only way"), "{:?}", page.errors());
    assert_eq!(person.post_form(&path, &[("reason", "because")]).await.status, 409);
    app.identity(id, &forger.issuer, "ada too").await;
    assert_eq!(person.post_form(&path, &[("reason", "because")]).await.status, 303, "another identity is a way in");
    assert_eq!(app.number(LINKED).await, 1);
}

#[actix_web::test]
async fn without_a_provider_the_page_says_so() {
    let app = TestApp::start().await;
    let person = app.support().await;
    let page = person.get(PATH).await;
    assert!(page.text().contains("no provider to sign in with"));
    assert_eq!(app.anonymous().get("/sign-in").await.texts(".providers").len(), 0);
    assert_eq!(app.anonymous().sign_in(&person.email, PASSWORD).await.status, 303);
}

#[actix_web::test]
async fn a_provider_that_is_down_is_said_so() {
    let app = TestApp::with_providers(vec![{
        let mut gone = Forger::start().settings("gone");
        gone.issuer = "http://127.0.0.1:1".into();
        gone
    }])
    .await;
    let answer = app.support().await.get(&format!("{PATH}/start/gone")).await;
    assert_eq!(answer.location(), PATH);
    assert!(answer.flash().contains("cannot be reached"), "{}", answer.flash());
}
