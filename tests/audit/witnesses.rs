//! Witnesses are shown each checkpoint, and say so when they have seen another log.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use castellan::audit::sealing::note::{self, SigningKey};
use castellan::audit::sealing::{Hash, tree};
use castellan::config::witness::witness;
use jiff::{SignedDuration, Timestamp};

use crate::support::{Authority, CHEAP, MailServer, TestApp};

/// An endpoint that keeps what it is sent, and answers what it is told to.
#[derive(Clone)]
struct Endpoint {
    port: u16,
    bodies: Arc<Mutex<Vec<String>>>,
    answers: Arc<Mutex<Vec<(u16, String)>>>,
}

impl Endpoint {
    fn start() -> Endpoint {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("a bound port has an address").port();
        let endpoint = Endpoint { port, bodies: Arc::default(), answers: Arc::default() };
        let heard = endpoint.clone();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut bytes = Vec::new();
                let body = loop {
                    let mut part = [0; 4096];
                    let length = stream.read(&mut part).unwrap_or(0);
                    if length == 0 {
                        break String::new();
                    }
                    bytes.extend_from_slice(&part[..length]);
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                    let head = head.to_ascii_lowercase();
                    let wanted = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
                    if wanted.is_some_and(|wanted| wanted.parse() == Ok(body.len())) {
                        break body.to_owned();
                    }
                };
                heard.bodies.lock().expect("nobody panics with the bodies").push(body);
                let mut answers = heard.answers.lock().expect("nobody panics with the answers");
                let (status, text) = if answers.is_empty() { (200, String::new()) } else { answers.remove(0) };
                let head =
                    format!("HTTP/1.1 {status} So\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", text.len());
                let _ = stream.write_all(format!("{head}{text}").as_bytes());
            }
        });
        endpoint
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn answers(&self, status: u16, text: &str) {
        self.answers.lock().expect("nobody panics with the answers").push((status, text.to_owned()));
    }

    fn bodies(&self) -> Vec<String> {
        self.bodies.lock().expect("nobody panics with the bodies").clone()
    }
}

/// A console with one witness.
async fn with_witness(place: &str) -> TestApp {
    TestApp::configured(CHEAP, |config| config.audit_witnesses = vec![witness(place).expect("a place")]).await
}

impl TestApp {
    /// Does what the clock does each minute with one kind of job; `minutes` from now.
    async fn tick(&self, kind: &str, minutes: i64) {
        let handlers = self.app.handlers().only(&[kind.to_owned()]).expect("it is a kind of job");
        let worker = self.app.worker(handlers).expect("a worker can be made");
        worker.plan(Timestamp::now() + SignedDuration::from_mins(minutes)).await.expect("it can be planned");
        self.execute("update control.job_queue set run_at = now() where status = 'queued'").await;
        worker.drain().await.expect("the queue can be read");
    }

    async fn show_witnesses(&self, minutes: i64) {
        self.tick("audit.witness", minutes).await;
    }

    /// One more event, sealed and signed.
    async fn grow(&self) {
        self.execute("select audit.record('test.grow', 'success', false, null, 'thing', null, null, null, null)").await;
        assert!(self.seal().await > 0);
    }

    async fn newest_checkpoint(&self) -> String {
        self.text("select note from audit.checkpoints order by tree_size desc, created_at desc limit 1").await
    }

    async fn receipts(&self) -> Vec<String> {
        self.texts("select outcome || ' ' || tree_size from audit.receipts order by received_at, id").await
    }

    async fn tampering(&self) -> Vec<String> {
        self.texts("select details ->> 'said' from audit.security_events where kind = 'malicious_log_tampering'").await
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("the file is there")
}

#[actix_web::test]
async fn a_file_holds_every_checkpoint_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("checkpoints");
    let app = with_witness(path.to_str().expect("a path")).await;
    let auditor = app.auditor().await;
    app.show_witnesses(0).await;
    assert!(!path.exists(), "nothing was signed yet");
    assert_eq!(auditor.get("/audit/integrity").await.texts("#witnesses .state"), ["waiting"]);
    let mut signed = Vec::new();
    for minute in 1..4 {
        app.grow().await;
        signed.push(app.newest_checkpoint().await);
        app.show_witnesses(minute).await;
        app.show_witnesses(minute + 10).await;
        assert_eq!(note::several(&read(&path)), signed);
    }
    assert_eq!(app.receipts().await.len(), 3);
    assert_eq!(auditor.get("/audit/integrity").await.texts("#witnesses .state"), ["fresh"]);
    assert_eq!(app.tampering().await, [""; 0]);
}

#[actix_web::test]
async fn a_file_that_goes_on_from_another_log_is_a_conflict_and_told_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("checkpoints");
    let app = with_witness(path.to_str().expect("a path")).await;
    let (_, other) = SigningKey::generate("log.example/audit").expect("a key");
    let theirs = note::sign(&[&other], 1, [7; 32], Timestamp::now()).expect("signed");
    fs::write(&path, &theirs).expect("a file can be written");
    for minute in 0..3 {
        app.grow().await;
        app.show_witnesses(minute).await;
    }
    assert_eq!(read(&path), theirs, "what it holds stays");
    assert_eq!(app.receipts().await.len(), 1);
    assert_eq!(app.tampering().await, ["a witness has seen another audit log than this one"]);
    let page = app.auditor().await.get("/audit/integrity").await;
    assert_eq!(page.texts("#witnesses .state"), ["conflict"]);
    assert!(page.texts(".banner.bad").join("").contains("has seen another log"));
}

#[actix_web::test]
async fn a_file_whose_end_is_broken_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("checkpoints");
    let app = with_witness(path.to_str().expect("a path")).await;
    app.grow().await;
    fs::write(&path, "log.example/au").expect("a file can be written");
    app.show_witnesses(0).await;
    app.show_witnesses(1).await;
    assert_eq!((read(&path), app.receipts().await.len()), ("log.example/au".to_owned(), 1));
    fs::remove_file(&path).expect("it can go");
    app.show_witnesses(2).await;
    assert_eq!(read(&path).trim_end(), app.newest_checkpoint().await.trim_end());
}

#[actix_web::test]
async fn an_endpoint_that_was_away_is_tried_again_and_its_silence_told_once() {
    let endpoint = Endpoint::start();
    let app = with_witness(&endpoint.url("/checkpoints")).await;
    let auditor = app.auditor().await;
    let earlier = Timestamp::now() - SignedDuration::from_mins(20);
    app.app.sealer().expect("a sealer can be made").finish(earlier).await.expect("events can be sealed");
    for minute in 0..3 {
        endpoint.answers(503, "away");
        app.show_witnesses(minute).await;
        app.tick("security.watch", 20 * minute).await;
    }
    let page = auditor.get("/audit/integrity").await;
    assert_eq!(page.texts("#witnesses .state"), ["stale"]);
    assert!(page.texts(".banner.bad").join("").contains(&endpoint.url("/checkpoints")));
    assert_eq!(app.receipts().await.len(), 1, "the same trouble is written down once");
    assert_eq!(app.texts("select kind from control.security_alerts").await, ["witness_has_seen_nothing"]);
    let told = "select severity from audit.security_events where kind = 'sys_monitor_disabled'";
    assert_eq!(app.texts(told).await, ["critical"]);
    app.show_witnesses(3).await;
    assert_eq!(auditor.get("/audit/integrity").await.texts("#witnesses .state"), ["fresh"]);
    assert_eq!(endpoint.bodies().last(), Some(&app.newest_checkpoint().await));
    let shown = endpoint.bodies().len();
    app.show_witnesses(4).await;
    assert_eq!(endpoint.bodies().len(), shown, "nothing is new");
    app.grow().await;
    endpoint.answers(409, "another one");
    app.show_witnesses(5).await;
    assert_eq!(app.tampering().await.len(), 1);
}

/// The size, the proof and the checkpoint of a request as C2SP has it.
fn parts(body: &str) -> (u64, Vec<Hash>, String) {
    let (head, note) = body.split_once("\n\n").expect("a blank line");
    let mut lines = head.lines();
    let old = lines.next().and_then(|line| line.strip_prefix("old ")).expect("the size");
    let hash = |line: &str| STANDARD.decode(line).expect("base64").try_into().expect("32 bytes");
    (old.parse().expect("a number"), lines.map(hash).collect(), note.to_owned())
}

#[actix_web::test]
async fn a_cosigning_witness_gets_a_proof_that_the_log_goes_on() {
    let endpoint = Endpoint::start();
    let app = with_witness(&endpoint.url("/add-checkpoint")).await;
    app.grow().await;
    let cosigned = "\u{2014} witness.example AAAA";
    endpoint.answers(200, &format!("{cosigned}\n"));
    app.show_witnesses(0).await;
    let (old, proof, first) = parts(&endpoint.bodies()[0]);
    assert_eq!((old, proof.len(), &first), (0, 0, &app.newest_checkpoint().await));
    assert_eq!(app.text("select answer from audit.receipts").await, cosigned);
    app.grow().await;
    app.show_witnesses(1).await;
    let (old, proof, second) = parts(&endpoint.bodies()[1]);
    let [first, second] = [first, second].map(|text| note::read(&text).expect("a checkpoint"));
    assert_eq!(old, first.size);
    tree::check_consistency(&proof, second.size, second.root, first.size, first.root).expect("the proof holds");
    // It remembers less than we do, as after a restore of its own.
    app.grow().await;
    endpoint.answers(409, &first.size.to_string());
    app.show_witnesses(2).await;
    let (old, proof, third) = parts(&endpoint.bodies()[3]);
    let third = note::read(&third).expect("a checkpoint");
    assert_eq!(old, first.size);
    tree::check_consistency(&proof, third.size, third.root, first.size, first.root).expect("the proof holds");
    assert_eq!((app.receipts().await.len(), app.tampering().await.len()), (3, 0));
}

#[actix_web::test]
async fn a_cosigning_witness_that_knows_more_or_another_root_is_a_conflict() {
    for (status, text) in [(409, "999999"), (422, "the proof does not hold")] {
        let endpoint = Endpoint::start();
        let app = with_witness(&endpoint.url("/add-checkpoint")).await;
        app.grow().await;
        for minute in 0..2 {
            endpoint.answers(status, text);
            app.show_witnesses(minute).await;
        }
        assert_eq!(app.tampering().await.len(), 1, "{status}");
        assert_eq!(app.auditor().await.get("/audit/integrity").await.texts("#witnesses .state"), ["conflict"]);
    }
}

/// Who is trusted is said to another process, as an operator does.
#[actix_web::test]
async fn over_https_it_is_one_whom_a_trusted_authority_knows_by_that_name() {
    let (trusted, unknown) = (Authority::new("ours"), Authority::new("somebody else's"));
    let endpoint = Endpoint::start();
    let shown = [
        (trusted.before("localhost", endpoint.port), "accepted"),
        (trusted.before("elsewhere.example", endpoint.port), "certificate not valid for name"),
        (unknown.before("localhost", endpoint.port), "its certificate is of no authority that is trusted here"),
    ]
    .map(|(port, said)| (format!("https://localhost:{port}/checkpoints"), said));
    let places = shown.clone().map(|(place, _)| place);
    let all = places.iter().map(|place| witness(place).expect("a place")).collect();
    let Some(app) = TestApp::on_server_with(|config| config.audit_witnesses = all).await else { return };
    app.grow().await;
    let settings = [("SSL_CERT_FILE", trusted.file()), ("CASTELLAN_AUDIT_WITNESSES", &places.join(","))];
    let _worker = app.beside(&["worker", "--only", "audit.witness"], &settings);
    app.until("select count(*) from audit.receipts", shown.len() as i64).await;
    let integrity = app.auditor().await.get("/audit/integrity").await.text().to_owned();
    for (place, said) in shown {
        let receipt =
            format!("select outcome || ' ' || coalesce(answer, '') from audit.receipts where witness = '{place}'");
        let receipt = app.text(&receipt).await;
        assert!(receipt.contains(said), "{place}: {receipt}");
        assert!(said == "accepted" || integrity.contains(said), "{said}: {integrity}");
    }
    assert_eq!(endpoint.bodies(), [app.newest_checkpoint().await], "nobody else was shown anything");
}

#[actix_web::test]
async fn mail_goes_once_a_day_with_the_checkpoint_in_it() {
    let server = MailServer::start();
    let url = server.url();
    let app = TestApp::configured(CHEAP, |config| {
        config.smtp_url = Some(url);
        config.mail_from = Some("Castellan <console@castellan.example>".into());
        config.audit_witnesses = vec![witness("Ada <ada@example.com>").expect("a place")];
    })
    .await;
    app.grow().await;
    let checkpoint = app.newest_checkpoint().await;
    app.show_witnesses(0).await;
    app.grow().await;
    app.show_witnesses(1).await;
    app.run_jobs().await;
    let letters = app.texts("select recipient || ' ' || (payload ->> 'text') from control.outbox").await;
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert!(letters[0].starts_with("ada@example.com ") && letters[0].contains(&checkpoint), "{letters:?}");
    assert_eq!(server.mails().len(), 1);
    assert_eq!(app.auditor().await.get("/audit/integrity").await.texts("#witnesses .state"), ["fresh"]);
}

#[actix_web::test]
async fn nobody_rewrites_receipts_and_verifications() {
    let app = TestApp::start().await;
    app.execute(
        "insert into audit.receipts (id, witness, outcome, tree_size) values (gen_random_uuid(), 'x', 'failed', 1)",
    )
    .await;
    for statement in
        ["update audit.receipts set outcome = 'accepted'", "delete from audit.receipts", "truncate audit.receipts"]
    {
        for role in
            ["none", "castellan_owner", "castellan_jobs", "castellan_staff", "castellan_scoped", "castellan_sealer"]
        {
            assert!(app.try_as(role, statement).await.is_err(), "{role}: {statement}");
        }
    }
    for role in ["castellan_jobs", "castellan_staff", "castellan_scoped", "castellan_auth"] {
        let forged = "insert into audit.verifications select gen_random_uuid(), gen_random_uuid(), null, now(), now(), 'good', 1, 1, 0, null, '[]', 0";
        assert!(app.try_as(role, forged).await.is_err(), "{role}");
    }
}
