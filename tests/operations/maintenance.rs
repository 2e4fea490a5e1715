//! What the console does for itself by the clock.

use castellan::tenancy;
use jiff::Timestamp;

use crate::support::TestApp;

impl TestApp {
    /// Has the clock add all its jobs, and does them. Returns how many.
    pub async fn run_jobs_of_the_clock(&self) -> usize {
        let worker = self.app.worker(self.app.handlers()).expect("a worker can be made");
        worker.plan(Timestamp::now()).await.expect("they can be planned");
        self.run_jobs().await
    }

    async fn troubles(&self) -> Vec<String> {
        self.texts("select kind || ' ' || status || ' ' || coalesce(last_error, '') from control.job_queue where status <> 'succeeded'")
            .await
    }
}

#[actix_web::test]
async fn every_job_of_the_clock_can_be_done_and_leaves_no_trace_when_nothing_is_due() {
    let app = TestApp::start().await;
    let (before, planned) = (app.log_size().await, app.app.handlers().schedule().len());
    assert_eq!(app.run_jobs_of_the_clock().await, planned);
    assert_eq!(app.troubles().await, [""; 0]);
    assert_eq!(app.log_size().await, before);
    let idle = app.db().ask(|conn| {
        use diesel::prelude::*;
        let role = diesel::select(diesel::dsl::sql::<diesel::sql_types::Text>("current_user::text"));
        Ok(role.get_result::<String>(conn)?)
    });
    assert_eq!(idle.await.expect("the database can be asked"), "castellan_web", "no job leaves its rights behind");
}

#[actix_web::test]
async fn every_scheduled_kind_has_somebody_who_does_it() {
    let app = TestApp::start().await;
    let handlers = app.app.handlers();
    for entry in handlers.schedule() {
        assert!(handlers.kinds().contains(&entry.kind), "{}", entry.kind);
    }
    assert_eq!(handlers.kinds().contains(&"db.checkpoint"), !app.database.is_server());
}

#[actix_web::test]
async fn a_closing_whose_grace_period_is_over_is_finished_under_the_tenant() {
    let app = TestApp::start().await;
    let (due, waiting) = (app.tenant("northwind").await, app.tenant("southwind").await);
    for (id, when) in [(due, "- interval '1 minute'"), (waiting, "+ interval '1 day'")] {
        app.execute(&format!(
            "update control.tenants set status = 'closing', closing_at = now() {when} where id = '{id}'"
        ))
        .await;
        app.member(id, &format!("owner-{id}@example.com"), "owner").await;
    }
    app.leaves_jobs();
    app.run_jobs_of_the_clock().await;
    assert_eq!(app.troubles().await, ["mail.send queued "], "the letter to the owner");
    let status = async |id| app.text(&format!("select status from control.tenants where id = '{id}'")).await;
    assert_eq!((status(due).await.as_str(), status(waiting).await.as_str()), ("closed", "closing"));
    let event = app.event("tenant.finish_closing").await;
    assert_eq!((event.target_id, event.tenant_id), (Some(due), Some(due)));
    assert_eq!((event.actor_kind.as_str(), event.actor_label.as_deref()), ("job", Some("tenancy.finish_closing")));
    let job = app.text("select id from control.job_queue where kind = 'tenancy.finish_closing'").await;
    assert_eq!(event.request_id.map(|id| id.to_string()), Some(job), "the event leads to its job");
    assert_eq!(event.of("tenants")[0].after["status"], "closed");
    assert_eq!(event.of("sessions").len(), 1, "its people are signed out");
    let told = app.texts("select recipient from control.outbox").await;
    assert_eq!(told, [format!("owner-{due}@example.com")]);
    assert_eq!(tenancy::NAV.href, "/tenants");
}

#[actix_web::test]
async fn what_is_old_goes_and_what_is_not_stays() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let user = founder.id.expect("the founder has signed in");
    app.execute(&format!(
        "delete from control.login_attempts;
        insert into control.login_attempts (id, account_hash, outcome, occurred_at)
            select gen_random_uuid(), '\\x00', 'success', now() - interval '91 days' from generate_series(1, 2500);
        insert into control.login_attempts (id, account_hash, outcome, occurred_at)
            values (gen_random_uuid(), '\\x00', 'success', now() - interval '89 days');
        insert into control.idempotency_keys (user_id, key, route, body_hash, location, created_at)
            select '{user}', gen_random_uuid(), 'test.one', sha256('x'), '/', now() - interval '8 days'
            from generate_series(1, 2500);
        insert into control.idempotency_keys (user_id, key, route, body_hash, location)
            values ('{user}', gen_random_uuid(), 'test.one', sha256('x'), '/');
        insert into control.sessions (id, user_id, token_hash, user_epoch, created_at, idle_expires_at, absolute_expires_at)
            values (gen_random_uuid(), '{user}', sha256('old'), 1, now() - interval '92 days',
                now() - interval '91 days', now() - interval '91 days');
        insert into control.job_queue (id, kind, status, finished_at, schedule_slot) values
            (gen_random_uuid(), 'test.done', 'succeeded', now() - interval '15 days', null),
            (gen_random_uuid(), 'test.kept', 'succeeded', now() - interval '13 days', null),
            (gen_random_uuid(), 'test.tick', 'succeeded', now() - interval '4 days', now() - interval '4 days'),
            (gen_random_uuid(), 'test.dead', 'dead', now() - interval '99 days', null);
        insert into control.outbox (id, event_id, kind, recipient, status, sent_at) values
            (gen_random_uuid(), gen_random_uuid(), 'mail', 'old@example.org', 'sent', now() - interval '31 days'),
            (gen_random_uuid(), gen_random_uuid(), 'mail', 'new@example.org', 'sent', now() - interval '29 days'),
            (gen_random_uuid(), gen_random_uuid(), 'mail', 'unsent@example.org', 'pending', null)"
    ))
    .await;
    app.run_jobs_of_the_clock().await;
    app.leaves_jobs();
    assert_eq!(app.number("select count(*) from control.login_attempts").await, 1);
    assert_eq!(app.number("select count(*) from control.idempotency_keys").await, 1);
    let kinds = app.texts("select kind from control.job_queue where kind like 'test.%' order by 1").await;
    assert_eq!(kinds, ["test.dead", "test.kept"]);
    assert_eq!(app.number("select count(*) from control.sessions where token_hash = sha256('old')").await, 0);
    let letters = app.texts("select recipient from control.outbox order by 1").await;
    assert_eq!(letters, ["new@example.org", "unsent@example.org"]);
    let event = app.event("session.sweep").await;
    assert_eq!((event.changes.len(), event.changes[0].op.as_str()), (1, "delete"));
    assert_eq!(founder.get("/tenants").await.status, 200, "who is signed in stays so");
}
