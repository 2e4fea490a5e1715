//! What people and scripts ask of the log that it cannot answer: a message that names it, and nothing is lost or shown.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use castellan::db::Cursor;
use castellan::web::query::encode;
use uuid::Uuid;

use crate::support::{TestApp, actions};

/// Every address that takes the filters of the log, and the one of the security events.
const LOGS: [&str; 6] =
    ["/audit", "/audit/summary", "/audit.csv", "/audit.json", "/security-events", "/security-events.csv"];

#[actix_web::test]
async fn a_stretch_of_time_that_ends_before_it_begins_is_refused() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    for log in LOGS {
        for range in [
            "2026-02-01..2026-01-31",
            "2026-01-01T10:00..2026-01-01T09:59",
            "2026-01-01T10:00..2026-01-01T10:00",
            "2026-01-01T10:00%2B02:00..2026-01-01T08:00Z",
            "..",
            "2026-02-30",
            "2026-01-01..2026-01-02..2026-01-03",
            "yesterday",
            "2026-01-01T25:00..",
            "99999-01-01..",
        ] {
            let page = founder.get(&format!("{log}?occurred={range}")).await;
            assert_eq!(page.status, 400, "{log} {range}");
            let said = if page.is_whole() { page.message() } else { page.text().to_owned() };
            assert!(said.contains("occurred cannot be") && said.contains("not later"), "{log} {range}: {said}");
        }
    }
    // The same day is a day, and the edges of the calendar are no error of ours.
    for range in ["2026-01-01..2026-01-01", "0001-01-01..9998-12-31", "..2026-01-01T00:00:00.000001Z"] {
        assert_eq!(founder.get(&format!("/audit?occurred={range}")).await.status, 200, "{range}");
        assert_eq!(founder.get(&format!("/audit/summary?occurred={range}")).await.status, 200, "{range}");
    }
    let ages = founder.get("/audit/summary?occurred=0001-01-01..9998-12-31").await;
    let bars = ages.attributes(".histogram a", "aria-label");
    assert!(bars.iter().any(|bar| !bar.contains(": 0 events")), "the events of a long time are drawn: {bars:?}");
}

#[actix_web::test]
async fn an_unknown_facet_is_named_with_those_that_are_known() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    for log in LOGS {
        for facet in ["colour", "Actor", "actor[]", "constructor", "'; drop table audit.events; --"] {
            let page = founder.get(&format!("{log}?{}=1", encode(facet))).await;
            assert_eq!(page.status, 400, "{log} {facet}");
            let said = if page.is_whole() { page.message() } else { page.text().to_owned() };
            assert!(said.contains("There is no filter") && said.contains("occurred"), "{log} {facet}: {said}");
        }
    }
}

/// A cursor says where to begin, never what may be seen.
#[actix_web::test]
async fn a_forged_cursor_shows_nothing_more() {
    let app = TestApp::start().await;
    let (own, foreign) = (app.tenant("own").await, app.tenant("foreign").await);
    app.happened("test.own", "tenant_id", &format!("'{own}'")).await;
    app.happened("test.foreign", "tenant_id", &format!("'{foreign}'")).await;
    let manager = app.scoped_to_tenant(&["audit.view"], own).await;
    let forged = |sort: &str, key: &str, id: &str| URL_SAFE_NO_PAD.encode(format!(">{sort}\n{id}\n{key}"));
    let (last, none) = (Uuid::max().to_string(), Uuid::nil().to_string());
    for text in [
        "nonsense".to_owned(),
        "=".to_owned(),
        "%00".to_owned(),
        forged("name", "x", &last),
        forged("occurred_at' or 1=1 --", "1", &last),
        forged("occurred_at", "1", "1 or 1=1"),
        forged("occurred_at", "a\0b", &last),
        URL_SAFE_NO_PAD.encode("?occurred_at\nno\nid"),
        URL_SAFE_NO_PAD.encode([0xff, 0xfe]),
    ] {
        let page = manager.get(&format!("/audit?after={text}")).await;
        assert_eq!(page.status, 400, "{text}");
        assert!(page.message().contains("after is not a cursor"), "{text}: {}", page.message());
    }
    for (key, id) in [("9999999999999999", &last), ("-9223372036854775808", &none), ("nonsense", &last), ("", &none)] {
        for backwards in [false, true] {
            let sort = "occurred_at".to_owned();
            let cursor = Cursor { sort, key: key.to_owned(), id: id.parse().expect("an id"), backwards };
            let page = manager.get(&format!("/audit?after={}", cursor.encode())).await;
            let shown = page.rows().concat().join(" ");
            assert!(!shown.contains("test.foreign"), "{cursor:?}: {shown}");
            assert!(page.status == 200 || page.status == 400, "{cursor:?}: {}", page.status);
        }
    }
}

#[actix_web::test]
async fn signs_of_patterns_are_looked_for_as_they_are() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    app.happened("test.odd", "reason", "'ticket (a+)+$ [x-z] 100% a_b \\d{3} ^abc|def$ \"O''Brien\"'").await;
    app.happened("test.plain", "reason", "'ticket aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 1000 axb 123'").await;
    for q in [
        "ticket (a+)+$",
        "[x-z] 100%",
        "100% a_b",
        "a_b \\d{3} ^abc",
        "^abc|def$",
        "\"O'Brien\"",
        "d{3} ^abc",
        "TICKET (A+)",
    ] {
        assert_eq!(actions(&auditor.get(&format!("/audit?q={}", encode(q))).await), ["test.odd"], "{q}");
    }
    for q in ["tick.*", "ticket.(a", "100_", "%aaa%bbb%", "(ticket|abc)", "\\dticket", "ticket' or 'a'='a", "tic%ket"] {
        let page = auditor.get(&format!("/audit?q={}", encode(q))).await;
        assert!(actions(&page).is_empty(), "{q}: {:?}", actions(&page));
        assert_eq!(page.attributes("#search", "value"), [q], "what was typed is kept");
    }
}

#[actix_web::test]
async fn a_reason_of_a_hundred_thousand_characters_is_refused_and_kept() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let tenant = app.tenant("northwind").await;
    let form = admin.get(&format!("/tenants/{tenant}/suspension/new")).await.form().with("confirm", "northwind");
    let before = app.log_size().await;
    let long = "because ".repeat(12_500);
    let page = admin.submit(&form.clone().with("reason", long.trim())).await;
    assert_eq!(page.status, 422);
    assert_eq!(page.field_error("reason"), "may have 2000 characters at most; this has 99999");
    assert_eq!(page.value("reason"), long.trim(), "nothing typed is lost");
    // Each of these letters takes six bytes on its way, which is more than any form may have.
    let page = admin.submit(&form.clone().with("reason", &"ü".repeat(100_000))).await;
    assert_eq!(page.status, 413);
    assert!(page.message().contains("256 kB"), "{}", page.message());
    assert_eq!(app.log_size().await, before, "nothing was done, and nothing written");

    let page = admin.submit(&form.clone().with("reason", &"ü".repeat(2001))).await;
    assert_eq!(page.field_error("reason"), "may have 2000 characters at most; this has 2001");
    let longest = "ü".repeat(2000);
    assert_eq!(admin.submit(&form.with("reason", &longest)).await.status, 303);
    let event = app.event("tenant.suspend").await;
    assert_eq!(event.reason.as_deref(), Some(longest.as_str()));
    let auditor = app.auditor().await;
    assert!(auditor.get(&format!("/audit/{}", event.id)).await.text().contains(&longest));
    app.leaves_jobs();
}
