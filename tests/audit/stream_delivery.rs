//! What arrives at the other end of a stream, whatever comes in between.

use std::sync::Arc;

use castellan::audit::sealer::keys::KeyFile;
use castellan::audit::sealing::note::{self, PublicKeys};
use castellan::audit::streams::delivery::{Deliverer, Turn};
use castellan::config::Config;
use castellan::web::outgoing::Reach;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::streams::{Made, messages, syslog};
use crate::support::{Authority, CHEAP, Collector, Person, TestApp, Trouble};

impl TestApp {
    /// A deliverer as another process, or this one after a restart, would have it.
    pub fn deliverer(&self) -> Deliverer {
        self.app.deliverer().expect("a deliverer can be made")
    }

    /// Sends everything that waits. Returns how many batches arrived.
    pub async fn deliver(&self) -> usize {
        let (deliverer, mut batches) = (self.deliverer(), 0);
        loop {
            let turn = deliverer.turn(Timestamp::now()).await.expect("a turn");
            assert_eq!(turn.failed, 0, "{}", self.last_error().await);
            if turn.delivered == 0 {
                return batches;
            }
            batches += turn.delivered;
        }
    }

    async fn last_error(&self) -> String {
        self.texts("select last_error from control.audit_streams").await.join("; ")
    }

    async fn turn_after(&self, minutes: i64) -> Turn {
        let at = Timestamp::now() + SignedDuration::from_mins(minutes);
        self.deliverer().turn(at).await.expect("a turn")
    }

    async fn size(&self) -> i64 {
        self.number("select count(*) from audit.leaves").await
    }
}

/// The leaves in the lines, in the order they came.
fn leaves(lines: &[Value]) -> Vec<i64> {
    lines.iter().filter_map(|line| line["metadata"]["sequence"].as_i64()).collect()
}

fn all(size: i64) -> Vec<i64> {
    (0..size).collect()
}

/// A stream of the whole log, made by a founder.
async fn whole(app: &TestApp, collector: &Collector) -> (Person, Made) {
    let founder = app.founder().await;
    let made = Made::stream(&founder, "https", &collector.url, "first").await;
    (founder, made)
}

#[actix_web::test]
async fn every_leaf_comes_once_in_order_signed_with_checkpoints_between() {
    let app = TestApp::start().await;
    let collector = Collector::start();
    let (_, made) = whole(&app, &collector).await;
    for _ in 0..2 {
        app.happens(600).await;
        app.seal().await;
    }
    assert!(app.deliver().await > 1, "in batches");
    let lines = collector.lines();
    assert_eq!(leaves(&lines), all(app.size().await));
    for post in collector.posts() {
        assert!(post.is_signed_with(&made.secret), "{}", post.id);
        assert_eq!(post.signatures.len(), 1);
        let age = Timestamp::now().as_second() - post.timestamp.parse::<i64>().expect("seconds");
        assert!((0..60).contains(&age), "{age}");
    }
    let mut seen = 0;
    let keys = KeyFile::of(&app.config).public().expect("a file").expect("keys");
    let keys = PublicKeys::read(&keys).expect("keys");
    let mut checkpoints = 0;
    for line in &lines {
        match line["checkpoint"]["note"].as_str() {
            None => seen += 1,
            Some(text) => {
                checkpoints += 1;
                let signed = note::open(text, &keys).expect("it is signed");
                assert_eq!(
                    (signed.size, &line["checkpoint"]["tree_size"]),
                    (seen, &json!(seen)),
                    "right after its leaves"
                );
            }
        }
    }
    let signed = app.number("select count(*) from audit.checkpoints where tree_size > 0").await;
    assert!(checkpoints > 1 && checkpoints == signed, "{checkpoints} of {signed}");
    assert_eq!(app.deliver().await, 0, "nothing comes twice");
}

#[actix_web::test]
async fn a_new_stream_may_begin_with_what_comes() {
    let app = TestApp::start().await;
    let collector = Collector::start();
    app.happens(5).await;
    app.seal().await;
    let before = app.size().await;
    Made::stream(&app.founder().await, "https", &collector.url, "now").await;
    app.happens(3).await;
    app.seal().await;
    app.deliver().await;
    assert_eq!(leaves(&collector.lines()), (before..app.size().await).collect::<Vec<_>>());
}

/// It fails, dies in the middle, dies before it can say that it took them, and sends elsewhere.
#[actix_web::test]
async fn nothing_is_missing_after_failures_and_the_same_lines_have_the_same_id() {
    let app = TestApp::start().await;
    let collector = Collector::start();
    let (founder, made) = whole(&app, &collector).await;
    app.happens(3).await;
    app.seal().await;
    let troubles =
        [Trouble::Answers(503), Trouble::Dies, Trouble::Answers(302), Trouble::DiesAfterwards, Trouble::Answers(410)];
    collector.trouble(&troubles);
    for attempt in 0..5_i64 {
        let at = Timestamp::now() + SignedDuration::from_mins(attempt * 20);
        let turn = app.deliverer().turn(at).await.expect("a turn");
        assert_eq!((turn.delivered, turn.failed), (0, 1), "attempt {attempt}");
        let again = app.deliverer().turn(at).await.expect("a turn");
        assert_eq!(again, Turn::default(), "it waits before it is tried again");
    }
    let page = founder.get(&made.url).await;
    assert!(page.texts(".state").contains(&"failing".to_owned()) && page.text().contains("410"), "{}", page.text());
    assert_eq!(app.turn_after(100).await.delivered, 1);
    let posts = collector.posts();
    assert_eq!(posts.len(), 2, "one was taken without a word");
    assert_eq!((&posts[0].id, &posts[0].body), (&posts[1].id, &posts[1].body));
    assert_eq!(leaves(&posts[1].lines()), all(app.size().await));
    let state = "select state || ' ' || failures || ' ' || coalesce(last_error, '-') from control.audit_streams";
    assert_eq!(app.text(state).await, "active 0 -");
    assert_eq!(founder.get(&made.url).await.texts(".state"), ["active"]);
}

#[actix_web::test]
async fn after_a_day_it_gives_up_and_goes_on_when_somebody_says_so() {
    let app = TestApp::start().await;
    let collector = Collector::start();
    let (founder, made) = whole(&app, &collector).await;
    app.happens(2).await;
    app.seal().await;
    collector.trouble(&[Trouble::Answers(500); 3]);
    for hours in [0, 23] {
        app.turn_after(hours * 60).await;
        assert_eq!(app.text("select state from control.audit_streams").await, "active", "after {hours} hours");
    }
    app.turn_after(24 * 60).await;
    assert_eq!(app.text("select state from control.audit_streams").await, "dead");
    let event = app.event("audit_stream.give_up").await;
    let change = event.of("audit_streams")[0].clone();
    assert_eq!((change.before["state"].clone(), change.after["state"].clone()), (json!("active"), json!("dead")));
    assert_eq!(app.turn_after(48 * 60).await, Turn::default(), "nobody tries it any more");
    assert!(founder.get(&made.url).await.texts(".banner.bad").join("").contains("gave up"));
    for minute in 0..3 {
        app.look(minute).await;
    }
    let told =
        "select count(*) from audit.security_events where kind = 'sys_monitor_disabled' and severity = 'critical'";
    assert_eq!(app.number(told).await, 1, "people are told once");
    app.happens(2).await;
    app.seal().await;
    made.act(&founder, "resumption", &[]).await;
    app.deliver().await;
    assert_eq!(leaves(&collector.lines()), all(app.size().await), "nothing was skipped");
}

#[actix_web::test]
async fn both_secrets_sign_while_they_overlap() {
    let app = TestApp::start().await;
    let collector = Collector::start();
    let (founder, made) = whole(&app, &collector).await;
    let new = made.rotate(&founder, "24").await;
    assert_ne!(new, made.secret);
    app.seal().await;
    app.deliver().await;
    let post = collector.posts().pop().expect("a post");
    assert!(post.is_signed_with(&made.secret) && post.is_signed_with(&new), "{:?}", post.signatures);
    app.happens(1).await;
    app.seal().await;
    assert_eq!(app.turn_after(24 * 60 + 1).await.delivered, 1);
    let post = collector.posts().pop().expect("a post");
    assert!(!post.is_signed_with(&made.secret) && post.is_signed_with(&new), "{:?}", post.signatures);
}

#[actix_web::test]
async fn another_process_goes_on_where_one_stopped() {
    let app = TestApp::start().await;
    let collector = Collector::start();
    whole(&app, &collector).await;
    app.happens(1200).await;
    app.seal().await;
    for _ in 0..2 {
        assert_eq!(app.deliverer().turn(Timestamp::now()).await.expect("a turn").delivered, 1);
    }
    app.deliver().await;
    assert_eq!(leaves(&collector.lines()), all(app.size().await));
}

/// Killed while it was at it, a process leaves a lease that ends.
#[actix_web::test]
async fn what_a_killed_process_was_at_is_taken_over() {
    let app = TestApp::start().await;
    let collector = Collector::start();
    whole(&app, &collector).await;
    app.seal().await;
    app.execute(
        "update control.audit_streams set lease_token = gen_random_uuid(), lease_until = now() + interval '1 minute'",
    )
    .await;
    assert_eq!(app.turn_after(0).await, Turn::default());
    assert_eq!(app.turn_after(2).await.delivered, 1);
    assert_eq!(leaves(&collector.lines()), all(app.size().await));
}

#[actix_web::test]
async fn two_deliverers_send_nothing_twice() {
    let Some(app) = TestApp::on_server().await else { return };
    let collector = Collector::start();
    whole(&app, &collector).await;
    app.happens(3000).await;
    app.seal().await;
    let delivering = async |deliverer: Deliverer| {
        for _ in 0..20 {
            deliverer.turn(Timestamp::now()).await.expect("a turn");
        }
    };
    futures_util::join!(delivering(app.deliverer()), delivering(app.deliverer()));
    app.deliver().await;
    assert_eq!(leaves(&collector.lines()), all(app.size().await));
}

#[actix_web::test]
async fn what_is_not_there_any_more_leaves_a_gap_that_is_said() {
    let app = TestApp::start().await;
    let collector = Collector::start();
    whole(&app, &collector).await;
    app.happens(3).await;
    app.seal().await;
    let last = app.size().await - 1;
    let gone = app.text(&format!("select event_id from audit.leaves where leaf = {last}")).await;
    app.tamper("events", &format!("delete from audit.events where id = '{gone}'")).await;
    app.deliver().await;
    let gaps: Vec<Value> = collector.lines().into_iter().filter(|line| line.get("gap").is_some()).collect();
    assert_eq!(gaps, [json!({ "gap": { "leaf": last, "uid": gone, "log_name": "events" } })]);
    assert_eq!(leaves(&collector.lines()), all(last));
}

/// Behind https nothing inside is reached, whatever a name resolves to.
#[actix_web::test]
async fn in_production_this_machine_is_not_reached() {
    let Some(app) = TestApp::on_server().await else { return };
    let collector = Collector::start();
    let (founder, made) = whole(&app, &collector).await;
    app.seal().await;
    let public_url = Some("https://console.example.com".to_owned());
    let production = Config { public_url, ..app.config.clone() };
    let engine = app.database.engine();
    let other = castellan::app::App::build(&production, engine, CHEAP).expect("a console");
    let turn = other.deliverer().expect("a deliverer").turn(Timestamp::now()).await.expect("a turn");
    assert_eq!((turn.delivered, turn.failed), (0, 1));
    assert!(founder.get(&made.url).await.text().contains("must begin with https://"));
    assert!(collector.posts().is_empty());
    let reach = Arc::new(Reach::new(&[], false));
    let refused = reach.resolve("localhost", 443).await.expect_err("it is inside");
    assert!(refused.contains("no address that may be reached"), "{refused}");
}

/// Who is trusted is said to another process, as an operator does: to the authorities of the system, or those of a file.
#[actix_web::test]
async fn over_tls_it_goes_to_whom_a_trusted_authority_knows_by_that_name_and_to_nobody_else() {
    let Some(app) = TestApp::on_server().await else { return };
    let founder = app.founder().await;
    let (trusted, unknown) = (Authority::new("ours"), Authority::new("somebody else's"));
    let (collector, (syslog, hears)) = (Collector::start(), syslog());
    let mut streams = Vec::new();
    for (kind, scheme, port) in [("https", "https", collector.port), ("syslog", "tls", syslog)] {
        for (front, said) in [
            (trusted.before("localhost", port), ""),
            (trusted.before("elsewhere.example", port), "certificate not valid for name"),
            (unknown.before("localhost", port), "its certificate is of no authority that is trusted here"),
        ] {
            let address = format!("{scheme}://localhost:{front}");
            streams.push((Made::stream(&founder, kind, &address, "first").await, said));
        }
    }
    app.seal().await;
    let _deliverer = app.beside(&["worker", "--only", "streams"], &[("SSL_CERT_FILE", trusted.file())]);
    let tried = "select count(*) from control.audit_streams where next_leaf > 0 or last_error is not null";
    app.until(tried, streams.len() as i64).await;
    for (made, said) in streams {
        let page = founder.get(&made.url).await;
        match said.is_empty() {
            true => assert_eq!(page.texts(".state"), ["active"], "{}", page.text()),
            false => assert!(page.text().contains(said), "{said}: {}", page.text()),
        }
    }
    assert_eq!(leaves(&collector.lines()), all(app.size().await), "nobody else was sent anything");
    let messages = messages(&hears.recv().expect("a connection"));
    assert_eq!(messages.len() as i64, app.size().await + 1, "whole, with a checkpoint");
    assert!(hears.try_recv().is_err(), "nobody else was sent anything");
}
