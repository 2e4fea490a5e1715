//! Bursts of security events: told of once, to people who can do something.

use jiff::{SignedDuration, Timestamp};

use crate::support::{Person, TestApp};

impl TestApp {
    /// Has the clock look for bursts as it does each minute; `minutes` from now.
    pub async fn look(&self, minutes: i64) {
        let handlers = self.app.handlers().only(&["security.watch".to_owned()]).expect("it is a kind of job");
        let worker = self.app.worker(handlers).expect("a worker can be made");
        worker.plan(Timestamp::now() + SignedDuration::from_mins(minutes)).await.expect("it can be planned");
        self.execute("update control.job_queue set run_at = now() where status = 'queued'").await;
        worker.drain().await.expect("the queue can be read");
    }

    /// By name and address where people may be seen and in the mail, and by id in the log.
    async fn names_the_prober(&self, prober: &Person, auditor: &Person) {
        let (id, email) = (prober.id.expect("somebody"), &prober.email);
        let name = self.text(&format!("select name from control.users where id = '{id}'")).await;
        let said = format!("21 refusals of person {name} ({email}) within 5 minutes");
        let mails = "select distinct subject from control.outbox where subject like '%refusals%'";
        assert_eq!(self.texts(mails).await, [format!("Castellan: {said}")]);
        let unseeing = self.person_with(&["overview.view", "audit.view"]).await;
        for page in ["/", "/security-events"] {
            assert!(auditor.get(page).await.texts(".banner.bad").join("").contains(&said), "{page}");
            let other = unseeing.get(page).await.texts(".banner.bad").join("");
            assert!(other.contains(&format!("21 refusals of person {id} within")), "{page}: {other}");
        }
        let link = auditor.get("/security-events").await.link("What they were refused");
        assert_eq!(link, format!("/security-events?actor={id}"));
        let logged = "select count(*) from audit.security_events where details::text like ";
        assert_eq!(self.number(&format!("{logged} '%refusals of person {id}%'")).await, 1);
        assert_eq!(self.number(&format!("{logged} '%{email}%'")).await, 0);
        let event = format!("select id from audit.security_events where details ->> 'subject' = '{id}'");
        let event = self.text(&event).await;
        assert_eq!(auditor.get(&format!("/security-events/{event}")).await.link(email), format!("/people/{id}"));
    }

    async fn alerts(&self) -> Vec<String> {
        self.texts("select kind || ' ' || event_count from control.security_alerts order by kind").await
    }

    async fn refusals(&self, kind: &str, count: usize, more: &str) {
        self.execute(&format!(
            "insert into audit.security_events (kind, severity, network_hash, actor_id)
                select '{kind}', 'warning', {more} from generate_series(1, {count})"
        ))
        .await;
    }
}

#[actix_web::test]
async fn a_burst_from_one_network_is_told_once() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    app.refusals("authn_login_fail", 50, "'\\x01', null").await;
    app.look(0).await;
    assert_eq!(app.alerts().await, [""; 0], "fifty are no burst");
    app.refusals("authn_login_fail", 1, "'\\x01', null").await;
    app.refusals("authn_login_fail", 50, "'\\x02', null").await;
    for minute in 1..4 {
        app.look(minute).await;
    }
    assert_eq!(app.alerts().await, ["sign_in_failures_from_one_network 51"]);
    let told =
        "select severity || ' ' || (details ->> 'said') from audit.security_events where kind = 'malicious_burst'";
    assert_eq!(app.texts(told).await, ["critical 51 failed sign-ins from network 01 within 5 minutes"]);
    let mails = "select recipient || ': ' || subject from control.outbox order by recipient";
    let said = "Castellan: 51 failed sign-ins from network 01 within 5 minutes";
    assert_eq!(
        app.texts(mails).await,
        [format!("founder1@example.com: {said}"), format!("founder@example.com: {said}")]
    );
    let event = app.event("security.alert").await;
    assert_eq!((event.actor_id, event.details["count"].as_i64()), (None, Some(51)));

    for page in ["/", "/security-events"] {
        let banner = founder.get(page).await.texts(".banner.bad").join("");
        assert!(banner.contains("51 failed sign-ins from network 01"), "{page}: {banner}");
    }
    let support = app.support().await.get("/").await;
    assert_eq!(
        (support.status, support.texts(".banner.bad").len()),
        (200, 0),
        "who may not see the events is not told"
    );
    let link = founder.get("/security-events").await.link("What came from there");
    assert_eq!(link, "/security-events?network=01");
    assert_eq!(founder.get(&link).await.rows().len(), 50, "a page of what came from there");
    app.leaves_jobs();
}

#[actix_web::test]
async fn a_burst_that_goes_on_is_told_again_after_a_while() {
    let app = TestApp::start().await;
    app.refusals("authn_login_fail", 60, "'\\x01', null").await;
    app.look(0).await;
    app.execute(
        "update control.security_alerts set created_at = created_at - interval '16 minutes',
            window_at = window_at - interval '30 minutes'",
    )
    .await;
    app.look(1).await;
    assert_eq!(app.alerts().await.len(), 2);
    app.leaves_jobs();
}

#[actix_web::test]
async fn sprays_storms_probing_people_and_guessed_tokens_are_bursts_too() {
    let app = TestApp::start().await;
    let (auditor, support) = (app.auditor().await, app.support().await);
    let person = support.id.expect("somebody");
    app.refusals("authz_fail", 20, &format!("null, '{person}'")).await;
    app.look(0).await;
    assert_eq!(app.alerts().await, [""; 0]);
    assert_eq!(support.get("/audit").await.status, 403);
    app.refusals("authn_token_fail", 51, "'\\x03', null").await;
    app.execute(
        "insert into control.login_attempts (id, account_hash, network_hash, outcome)
            select gen_random_uuid(), sha256((n % 30)::text::bytea), sha256(n::text::bytea), 'unknown_account'
            from generate_series(1, 70) n",
    )
    .await;
    app.look(1).await;
    assert_eq!(
        app.alerts().await,
        [
            "refusals_of_one_person 21",
            "refused_tokens_from_one_network 51",
            "sign_in_failures_far_above_usual 70",
            "sign_in_failures_on_many_accounts 70"
        ]
    );
    let shown = auditor.get("/security-events?kind=malicious_burst").await;
    assert_eq!(shown.rows().len(), 4);
    assert!(shown.text().contains(&format!("refusals of person {person}")));
    app.names_the_prober(&support, &auditor).await;
    app.leaves_jobs();
}

/// Founders are read in one way: whoever may act as one is told.
#[actix_web::test]
async fn founders_through_a_group_are_told_and_those_who_cannot_act_are_not() {
    let app = TestApp::start().await;
    let (through, _) = app.staff("support").await;
    let (suspended, _) = app.staff("founder").await;
    app.execute(&format!(
        "insert into control.groups (id, name) values ('00000000-0000-4000-8000-00000000000c', 'Owners');
        insert into control.group_memberships (id, group_id, user_id)
            values (gen_random_uuid(), '00000000-0000-4000-8000-00000000000c', '{through}');
        insert into control.assignments (id, role_id, group_id, reason, scope_kind)
            select gen_random_uuid(), id, '00000000-0000-4000-8000-00000000000c', 'test', 'platform'
            from control.roles where name = 'founder';
        update control.users set status = 'suspended' where id = '{suspended}'"
    ))
    .await;
    app.refusals("authn_login_fail", 51, "'\\x01', null").await;
    app.look(0).await;
    let mails = "select recipient from control.outbox order by recipient";
    assert_eq!(app.texts(mails).await, ["founder@example.com", "support1@example.com"]);
}

#[actix_web::test]
async fn sealing_that_stands_still_is_told_once_however_long_it_lasts() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    app.look(0).await;
    assert_eq!(app.alerts().await, [""; 0], "what waits for seconds is no stall");
    app.has_waited(3).await;
    for minute in [1, 2, 30, 90] {
        app.look(minute).await;
    }
    assert_eq!(app.number("select count(*) from control.security_alerts where kind = 'sealing_stands_still'").await, 1);
    let told = "select severity || ' ' || kind from audit.security_events where kind = 'sys_monitor_disabled'";
    assert_eq!(app.texts(told).await, ["critical sys_monitor_disabled"]);
    let mails =
        "select count(*) from control.outbox where subject like '%stands still%' and recipient = 'founder@example.com'";
    assert_eq!(app.number(mails).await, 1);
    assert!(founder.get("/").await.texts(".banner.bad").join("").contains("stands still"));
}

#[actix_web::test]
async fn a_guard_that_is_off_and_months_that_lack_are_told_and_shown() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    app.look(0).await;
    assert_eq!(app.alerts().await, [""; 0], "all is in order");
    let month = "to_char(date_trunc('month', now() at time zone 'UTC') + interval '1 month', 'YYYY_MM')";
    let month = app.text(&format!("select {month}")).await;
    app.execute(&format!("alter table audit.leaves enable trigger refuse_rewrite; drop table audit.changes_{month}"))
        .await;
    for minute in [1, 2, 30] {
        app.look(minute).await;
    }
    let count = |kind: &str| format!("select count(*) from control.security_alerts where kind = '{kind}'");
    for (kind, told) in [
        ("log_has_no_room", format!("no room from {} on", month.replace('_', "-"))),
        ("guards_of_the_log_are_off", "1 guard of the audit log is off; audit.leaves (refuse_rewrite)".to_owned()),
    ] {
        assert_eq!(app.number(&count(kind)).await, 1, "{kind}");
        let mails = format!(
            "select count(*) from control.outbox where subject like '%{told}%' and recipient = 'founder@example.com'"
        );
        assert_eq!(app.number(&mails).await, 1, "{told}");
        assert!(founder.get("/").await.texts(".banner.bad").join("").contains(&told), "{told}");
    }
    let page = founder.get("/audit/integrity").await;
    let banners = page.texts("main .banner.bad").join("\n");
    assert!(banners.contains("Guards of the log are off: audit.leaves (refuse_rewrite)."), "{banners}");
    assert!(banners.contains("The log has room for 0 months ahead and needs 2"), "{banners}");
    assert!(page.texts(".state.bad").contains(&"short".to_owned()));
}
