//! Cookies that this console did not make are nobody's, and cause no trouble.

use crate::support::{CHEAP, Person, SESSION, TestApp};

/// Whether this browser is signed in.
async fn is_in(person: &Person) -> bool {
    person.get("/account/sessions").await.status == 200
}

/// The token in the signed cookie.
fn token(person: &Person) -> String {
    let cookie = person.cookie(SESSION);
    cookie[cookie.len() - 43..].to_owned()
}

#[actix_web::test]
async fn cookies_that_are_not_ours_are_nobody() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    let good = person.cookie(SESSION);
    let mut forged: Vec<String> = (0..good.len()).step_by(7).map(|end| good[..end].to_owned()).collect();
    for place in [0, 20, 43, 44, good.len() - 1] {
        let mut bytes = good.clone().into_bytes();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        forged.push(String::from_utf8(bytes).expect("plain text"));
    }
    forged.extend([token(&person), "x".repeat(3000), "%00".into(), "%FF%FE".into(), "\"".into(), "=".into()]);
    for value in forged {
        let thief = app.anonymous();
        thief.set_cookie(SESSION, &value);
        let page = thief.get("/tenants").await;
        assert_eq!((page.status, page.location().as_str()), (303, "/sign-in?return_to=/tenants"), "{value}");
    }
    assert!(is_in(&person).await);
}

/// The signature is made with the installation's own key.
#[actix_web::test]
async fn a_cookie_of_another_installation_is_nobodys() {
    let app = TestApp::start().await;
    let other = TestApp::configured(CHEAP, |config| config.secret_key = Some("ab".repeat(32))).await;
    let person = app.admin().await;
    let stranger = other.admin().await;
    for (here, cookie) in [(&app, stranger.cookie(SESSION)), (&other, person.cookie(SESSION))] {
        let thief = here.anonymous();
        thief.set_cookie(SESSION, &cookie);
        assert!(!is_in(&thief).await);
    }
    // The same row under another key: the token is right, its signature is not.
    let theirs = stranger.cookie(SESSION);
    let mixed = format!("{}{}", &theirs[..theirs.len() - 43], token(&person));
    let thief = app.anonymous();
    thief.set_cookie(SESSION, &mixed);
    assert!(!is_in(&thief).await);
    assert!(is_in(&person).await && is_in(&stranger).await);
}

/// A good token counts under its own name alone, and only where the row says that it is alive.
#[actix_web::test]
async fn another_name_or_a_token_of_ones_own_making_opens_nothing() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    for name in ["__Host-castellan", "__Secure-castellan", "Castellan", "castellan2", "session", "id"] {
        let thief = app.anonymous();
        thief.set_cookie(name, &person.cookie(SESSION));
        assert!(!is_in(&thief).await, "{name}");
    }
    let thief = app.anonymous();
    let request = thief.request(reqwest::Method::GET, "/account/sessions?castellan=1");
    let page = thief.send(request.header("X-Session", person.cookie(SESSION))).await;
    assert_eq!(page.status, 303);
    // Somebody who can read the table, and knows every hash, has no cookie from it.
    let hash =
        app.text("select encode(token_hash, 'hex') from control.sessions where revoked_at is null limit 1").await;
    for value in [hash.clone(), format!("{}{hash}", &person.cookie(SESSION)[..44])] {
        thief.set_cookie(SESSION, &value);
        assert!(!is_in(&thief).await, "{value}");
    }
    assert!(is_in(&person).await);
}

/// Two cookies of one name: nothing but a whole and good one signs in, and none is trouble.
#[actix_web::test]
async fn more_than_one_cookie_is_no_trouble() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    let good = person.cookie(SESSION);
    for header in [
        format!("{SESSION}=x; {SESSION}=y"),
        format!("{SESSION}=; {SESSION}="),
        format!("{SESSION}={good}x; {SESSION}={good}y"),
        "=; ;;; =x".to_owned(),
        SESSION.to_owned(),
        format!("{SESSION}={}", "a=b".repeat(500)),
    ] {
        let thief = app.anonymous();
        let page = thief.send(thief.request(reqwest::Method::GET, "/tenants").header("cookie", &header)).await;
        assert_eq!((page.status, page.location().as_str()), (303, "/sign-in?return_to=/tenants"), "{header}");
    }
}
