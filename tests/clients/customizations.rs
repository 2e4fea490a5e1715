//! What a client changed about its templates.

use super::{act, id_of};
use crate::support::TestApp;

#[actix_web::test]
async fn a_customization_is_made_published_edited_and_published_again() {
    let app = TestApp::start().await;
    let support = app.support().await;
    let tenant = app.tenant("north").await;
    let client = app.client(tenant, "bakery", "active").await;
    let list = format!("/clients/{client}/customizations");
    assert!(support.get(&list).await.texts(".empty p")[0].contains("templates as they come"));
    let form = support.get(&format!("{list}/new")).await.form();
    assert_eq!((form.action.as_str(), form.value("settings")), (list.as_str(), "{}"));
    let form = form.with("template_id", "shop").with("settings", "{\r\n \"headline\": \"Bröd\", \"columns\": [1, 2]}");
    let form = form.with("brand_primary_color", "#1F6feb").with("brand_logo_url", "https://bakery.example/logo.svg");
    let answer = support.submit(&form).await;
    assert_eq!(answer.status, 303, "{:?}", answer.errors());
    let (url, id) = (answer.location(), id_of(&answer.location()));
    let page = support.follow(&answer).await;
    assert!(page.texts("pre").join("").contains("\"headline\": \"Bröd\""));
    assert_eq!(page.attributes("svg.swatch rect", "fill"), ["#1F6feb"]);
    assert_eq!(support.get(&list).await.rows()[0][..3], ["shop", "draft", "2"]);
    let event = app.event("client_customization.create").await;
    assert_eq!((event.target_id, event.tenant_id), (Some(id), Some(tenant)));

    let answer = act(&support, &url, "publication", "").await;
    assert_eq!((answer.status, answer.location()), (303, url.clone()));
    assert_eq!(support.get(&list).await.rows()[0][1], "published");
    let page = support.get(&format!("{url}/publication/new")).await;
    assert_eq!((page.status, page.errors()), (409, vec!["Only a draft can be published.".to_owned()]));

    let form = support.get(&format!("{url}/edit")).await.form();
    assert!(form.value("settings").contains("  \"headline\": \"Bröd\""), "{}", form.value("settings"));
    assert_eq!(support.submit(&form.with("settings", "").with("reason", "Plain")).await.status, 303);
    assert_eq!(app.text("select settings::text || ' ' || status from control.client_customizations").await, "{} draft");
    assert!(support.get(&list).await.rows()[0][1].contains("changed since it was published"));
    assert_eq!(app.event("client_customization.update").await.reason.as_deref(), Some("Plain"));
    for history in [format!("/clients/{client}/history"), format!("/tenants/{tenant}/history"), url] {
        let lines = support.get(&history).await.texts("ol.history li").join("\n");
        for action in ["create", "publish", "update"] {
            assert!(lines.contains(&format!("client_customization.{action}")), "{action} is not in {history}");
        }
    }
}

#[actix_web::test]
async fn settings_that_are_not_json_are_refused_with_the_place() {
    let app = TestApp::start().await;
    let support = app.support().await;
    let tenant = app.tenant("north").await;
    let client = app.client(tenant, "bakery", "active").await;
    let form = support.get(&format!("/clients/{client}/customizations/new")).await.form().with("template_id", "shop");
    for (text, words) in [
        ("{\r\n  \"a\": 1\r\n  \"b\": 2\r\n}", vec!["line 3", "character 3", "expected `,` or `}`", "after “ \"”"]),
        ("{\"größe\": ü}", vec!["line 1", "character 10", "“{\"größe\": ”"]),
        ("{", vec!["line 1", "EOF"]),
        ("nonsense", vec!["line 1", "character 2"]),
        ("{\"a\": 1e999}", vec!["number out of range"]),
        ("[1, 2]", vec!["an object in braces"]),
        ("null", vec!["an object in braces"]),
        ("{\"a\": [\"\\u0000\"]}", vec!["\\u0000", "cannot be stored"]),
        ("{\"\\u0000\": 1}", vec!["cannot be stored"]),
        (&"[".repeat(200), vec!["recursion limit"]),
        (&format!("{{\"a\": \"{}\"}}", "x".repeat(100_000)), vec!["100000 characters"]),
    ] {
        let page = support.submit(&form.clone().with("settings", text)).await;
        assert_eq!(page.status, 422, "{text}");
        for word in words {
            assert!(
                page.field_error("settings").contains(word),
                "{text:?} should say {word}: {}",
                page.field_error("settings")
            );
        }
        assert_eq!(page.form().value("settings").trim(), text.replace("\r\n", "\n"), "what was typed is kept");
    }
    assert_eq!(app.number("select count(*) from control.client_customizations").await, 0);
}

#[actix_web::test]
async fn brand_and_template_are_checked() {
    let app = TestApp::start().await;
    let support = app.support().await;
    let tenant = app.tenant("north").await;
    let client = app.client(tenant, "bakery", "active").await;
    let form = support.get(&format!("/clients/{client}/customizations/new")).await.form();
    let form = form.with("template_id", "").with("brand_logo_url", "http://bakery.example/logo.svg");
    let page = support.submit(&form.clone().with("brand_primary_color", "red")).await;
    assert_eq!((page.status, page.errors().len()), (422, 3), "{:?}", page.errors());
    assert!(page.field_error("brand_logo_url").ends_with("begins with https://"));
    for color in ["1f6feb", "#1f6fe", "#1f6fe_", "#ééé", "#1f6febb"] {
        let page = support.submit(&form.clone().with("brand_primary_color", color)).await;
        assert!(!page.field_error("brand_primary_color").is_empty(), "{color}");
    }
    let form = form.with("template_id", "shop").with("brand_logo_url", "");
    assert_eq!(support.submit(&form).await.status, 303);
    let again = support.get(&format!("/clients/{client}/customizations/new")).await.form().with("template_id", "shop");
    let page = support.submit(&again).await;
    assert_eq!(page.status, 422);
    assert!(page.field_error("template_id").contains("already"), "{:?}", page.errors());
}

#[actix_web::test]
async fn two_people_who_edit_the_same_settings_see_each_others() {
    let app = TestApp::start().await;
    let (one, other) = (app.admin().await, app.admin().await);
    let tenant = app.tenant("north").await;
    let client = app.client(tenant, "bakery", "active").await;
    let new = one.get(&format!("/clients/{client}/customizations/new")).await.form();
    let url = one.submit(&new.with("template_id", "shop").with("settings", "{\"a\": 1}")).await.location();
    let (mine, theirs) = (one.get(&format!("{url}/edit")).await.form(), other.get(&format!("{url}/edit")).await.form());
    assert_eq!(mine.action, url);
    assert_eq!(other.submit(&theirs.with("settings", "{\"a\": 2}")).await.status, 303);
    let page = one.submit(&mine.with("settings", "{\"a\": 3}")).await;
    assert_eq!(page.status, 409);
    assert_eq!(page.rows(), [["settings", "{ \"a\": 1 }", "{ \"a\": 2 }", "{\"a\": 3}"]]);
    assert_eq!(one.submit(&page.form()).await.status, 303);
    assert_eq!(app.text("select settings from control.client_customizations").await, "{\"a\": 3}");
}

#[actix_web::test]
async fn a_deleted_customization_can_be_restored_while_its_template_is_free() {
    let app = TestApp::start().await;
    let support = app.support().await;
    let tenant = app.tenant("north").await;
    let client = app.client(tenant, "bakery", "active").await;
    let list = format!("/clients/{client}/customizations");
    let make = async || {
        let form = support.get(&format!("{list}/new")).await.form().with("template_id", "shop");
        support.submit(&form).await.location()
    };
    let first = make().await;
    act(&support, &first, "publication", "").await;
    let answer = act(&support, &first, "deletion", "").await;
    assert_eq!((answer.status, answer.location()), (303, list.clone()));
    assert!(support.get(&list).await.names().is_empty());
    assert_eq!(support.get(&format!("{list}?deleted=yes")).await.names(), ["shop"]);
    assert_eq!(support.get(&format!("{first}/edit")).await.status, 404);
    assert_eq!(support.get(&format!("{first}/publication/new")).await.status, 409);
    let second = make().await;
    let page = support.get(&format!("{first}/restoration/new")).await;
    assert_eq!(page.status, 409);
    assert!(page.errors()[0].contains("customized anew"), "{:?}", page.errors());
    act(&support, &second, "deletion", "").await;
    assert_eq!(act(&support, &first, "restoration", "").await.status, 303);
    assert_eq!(support.get(&list).await.rows()[0][1], "draft, changed since it was published");
    let other = app.client(tenant, "other", "active").await;
    let moved = first.replace(&client.to_string(), &other.to_string());
    assert_eq!(support.get(&moved).await.status, 404, "under another client it is not found");
    assert_eq!(support.get(&format!("{moved}/deletion/new")).await.status, 404);
}
