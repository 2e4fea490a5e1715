//! Events that bear another time than the one at which they were written.

use serde_json::Value;

use crate::support::TestApp;

const TOLD: &str =
    "select details from audit.security_events where kind = 'malicious_log_tampering' and severity = 'critical'
    order by occurred_at";

impl TestApp {
    /// An event so far from now, as the clock had it. Returns its id.
    async fn happens_at(&self, action: &str, apart: &str) -> String {
        self.execute(&format!(
            "insert into audit.events (occurred_at, actor_kind, action, target_kind, target_id, request_id, reason)
                values (now() + interval '{apart}', 'database', '{action}', 'thing', gen_random_uuid(), gen_random_uuid(),
                    'sundial')"
        ))
        .await;
        self.text(&format!("select id from audit.events where action = '{action}'")).await
    }

    /// As if the clock that gave an event its time had queued it, too.
    async fn was_queued_by_that_clock(&self, event: &str) {
        self.execute(&format!(
            "with gone as (delete from audit.unsealed where event_id = '{event}' returning log, event_id, occurred_at)
                insert into audit.unsealed (log, event_id, occurred_at, queued_at) select *, occurred_at from gone"
        ))
        .await;
    }

    async fn told_of_clocks(&self) -> Vec<Value> {
        let told = self.texts(TOLD).await;
        told.iter().map(|details| serde_json::from_str(details).expect("details are JSON")).collect()
    }
}

#[actix_web::test]
async fn an_event_ahead_of_the_clock_is_found_like_any_other() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let id = app.happens_at("test.ahead", "2 days").await;
    let column = async |name: &str| app.text(&format!("select {name} from audit.events where id = '{id}'")).await;
    let (target, request) = (column("target_id").await, column("request_id").await);
    let page = founder.get(&format!("/audit/{id}")).await;
    assert_eq!(page.status, 200);
    for filter in ["", "?q=sundial", "?action=test.ahead", &format!("?target={target}"), &format!("?request={request}")]
    {
        let page = founder.get(&format!("/audit{filter}")).await;
        assert!(page.text().contains(&id), "/audit{filter}");
    }
    assert!(founder.get("/audit.ndjson?action=test.ahead").await.text().contains(&id));
    for (what, address) in [
        (&id, format!("/audit/{id}")),
        (&request, format!("/audit?request={request}")),
        (&target, format!("/audit?target={target}")),
    ] {
        assert_eq!(founder.get(&format!("/go?q={what}")).await.location(), address);
    }
    app.execute(
        "insert into audit.security_events (occurred_at, kind, severity) values (now() + interval '2 days', 'authz_fail', 'info')",
    )
    .await;
    let refusal = app.text("select id from audit.security_events where occurred_at > now()").await;
    assert_eq!(founder.get(&format!("/security-events/{refusal}")).await.status, 200);
    assert!(founder.get("/security-events").await.text().contains(&refusal));
}

#[actix_web::test]
async fn times_that_are_not_the_clocks_are_told_once_a_batch() {
    let app = TestApp::start().await;
    app.seal().await;
    assert!(app.told_of_clocks().await.is_empty());
    let late = app.happens_at("test.late", "-10 minutes").await;
    app.happens_at("test.later", "-6 minutes").await;
    app.happens_at("test.soon", "-4 minutes").await;
    app.seal().await;
    let told = app.told_of_clocks().await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((&told[0]["event"], &told[0]["events"]), (&Value::from(late), &Value::from(2)));
    let ahead = app.happens_at("test.ahead", "2 days").await;
    app.was_queued_by_that_clock(&ahead).await;
    app.happens(1).await;
    app.seal().await;
    app.happens(1).await;
    app.seal().await;
    let told = app.told_of_clocks().await;
    assert_eq!((told.len(), &told[1]["event"]), (2, &Value::from(ahead)), "a clock that was wrong then is seen now");
}

#[actix_web::test]
async fn a_clock_that_was_set_back_after_sealing_is_told_once() {
    let app = TestApp::start().await;
    let ahead = app.happens_at("test.ahead", "2 days").await;
    // Sealed while the clock said so.
    app.execute(&format!(
        "with gone as (delete from audit.unsealed where event_id = '{ahead}' returning log, event_id, occurred_at)
            insert into audit.unsealed (log, event_id, occurred_at, transaction_number) select *, 0 from gone"
    ))
    .await;
    app.seal().await;
    let is_told = app.told_of_clocks().await.len();
    assert_eq!(is_told, 0);
    for _ in 0..2 {
        app.happens(1).await;
        app.seal().await;
        let told = app.told_of_clocks().await;
        assert_eq!((told.len(), &told[0]["event"]), (1, &Value::from(ahead.clone())));
    }
}

#[actix_web::test]
async fn made_up_data_has_a_past() {
    let app = TestApp::start().await;
    app.seal().await;
    app.execute(
        "select audit.record('demo.load', 'success', false, null, 'database', null, null, null, null);
        insert into audit.events (occurred_at, actor_kind, action, target_kind)
            values (now() - interval '20 days', 'database', 'test.past', 'thing')",
    )
    .await;
    app.seal().await;
    assert!(app.told_of_clocks().await.is_empty());
}
