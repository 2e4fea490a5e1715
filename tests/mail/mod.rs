//! Mail over a real conversation with a mail server: what is sent, what is tried again, what is given up.

use castellan::access::Manage;
use castellan::action::Action;
use castellan::commands::setup;
use castellan::mail::{self, Letter};
use uuid::Uuid;

use crate::support::{Authority, CHEAP, MailServer, TestApp};

/// Posts a letter the way a change does. Returns its id.
async fn post(app: &TestApp, letter: Letter) -> Uuid {
    let can: castellan::actor::Can<Manage> = setup::authority("test").expect("commands may post letters");
    let (id, action) = (letter.id, Action::general("test.post", "mail"));
    app.db().write(&can, action, move |tx| mail::post(tx, &letter)).await.expect("a letter can be posted");
    id
}

fn letter() -> Letter {
    Letter::new("ada@northwind.example", "Ada", "Hello", "Some words.\nAnd more.")
}

async fn state(app: &TestApp, id: Uuid) -> String {
    let columns = "status || ' ' || attempts || ' ' || (sent_at is not null)";
    app.text(&format!("select {columns} from control.outbox where id = '{id}'")).await
}

#[actix_web::test]
async fn a_letter_is_sent_once_it_is_committed() {
    let (app, server) = TestApp::with_mail().await;
    let id = post(&app, Letter::new("zoë@exämple.org", "Zoë, the “Quick”", "Grüße", "Schöne Grüße")).await;
    let plain = post(&app, letter()).await;
    assert_eq!(state(&app, plain).await, "pending 0 false");
    assert_eq!(app.run_jobs().await, 2);
    let mails = server.mails();
    assert_eq!(mails.len(), 1, "an address that the server cannot take by this way is no reason to stop: {mails:?}");
    let mail = &mails[0];
    assert_eq!(
        (mail.from.as_str(), mail.to.join(" ").as_str()),
        ("console@castellan.example", "ada@northwind.example")
    );
    assert_eq!(mail.header("From"), "Castellan <console@castellan.example>");
    assert_eq!(mail.header("To"), "Ada <ada@northwind.example>");
    assert_eq!(mail.header("Subject"), "Hello");
    assert_eq!(mail.header("Message-ID"), format!("<{plain}@castellan.example>"));
    assert_eq!(mail.text().trim_end(), "Some words.\nAnd more.");
    assert_eq!(state(&app, plain).await, "sent 1 true");
    assert_eq!(state(&app, id).await, "pending 1 false", "it takes a server that knows such addresses");
    assert_eq!(app.run_jobs().await, 0);
    app.leaves_jobs();
}

#[actix_web::test]
async fn what_the_server_cannot_take_now_is_tried_again_and_sent_once() {
    let (app, server) = TestApp::with_mail().await;
    server.answer_next("451 busy, come back");
    server.answer_next("535 who are you");
    let id = post(&app, letter()).await;
    for (attempts, said) in [(1, "busy, come back"), (2, "who are you")] {
        app.run_jobs().await;
        assert_eq!(state(&app, id).await, format!("pending {attempts} false"));
        let error = app.text("select last_error from control.outbox").await;
        assert!(error.contains(said), "{error}");
        let wait =
            "select (run_at > now() + interval '3 seconds')::text from control.job_queue where kind = 'mail.send'";
        assert_eq!(app.text(wait).await, "true", "it waits before the next try");
        app.skip_backoff().await;
    }
    assert!(server.mails().is_empty());
    app.run_jobs().await;
    assert_eq!((server.mails().len(), state(&app, id).await), (1, "sent 3 true".into()));
    assert_eq!(app.text("select coalesce(last_error, 'none') from control.outbox").await, "none");
}

#[actix_web::test]
async fn a_refused_letter_is_a_dead_letter_until_somebody_tries_again() {
    let (app, server) = TestApp::with_mail().await;
    let founder = app.founder().await;
    server.answer_next("550 no such mailbox");
    let id = post(&app, letter()).await;
    app.run_jobs().await;
    assert_eq!(state(&app, id).await, "failed 1 false");
    let job = app.text("select id from control.job_queue where status = 'dead'").await;
    let page = founder.get(&format!("/jobs/{job}")).await;
    assert!(page.text().contains("no such mailbox"), "{}", page.text());
    let ask = founder.get(&page.link("Try again…")).await;
    assert_eq!(founder.submit(&ask.form().with("reason", "the mailbox is there now")).await.status, 303);
    app.run_jobs().await;
    assert_eq!((server.mails().len(), state(&app, id).await), (1, "sent 2 true".into()));
}

#[actix_web::test]
async fn a_server_that_is_away_loses_nothing() {
    let (app, _) = TestApp::with_mail().await;
    drop(app);
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let url = format!("smtp://{}", closed.local_addr().expect("an address"));
    drop(closed);
    let app = TestApp::configured(CHEAP, |config| {
        config.smtp_url = Some(url);
        config.mail_from = Some("console@castellan.example".into());
    })
    .await;
    let id = post(&app, letter()).await;
    app.run_jobs().await;
    assert_eq!(state(&app, id).await, "pending 1 false");
    app.leaves_jobs();
}

/// Who is trusted is said to another process, as an operator does.
#[actix_web::test]
async fn over_tls_it_goes_to_a_server_that_a_trusted_authority_knows_by_that_name() {
    let Some(app) = TestApp::on_server().await else { return };
    let (founder, server) = (app.founder().await, MailServer::start());
    let (trusted, unknown) = (Authority::new("ours"), Authority::new("somebody else's"));
    let mut sent = Vec::new();
    for (authority, host, said) in [
        (&trusted, "localhost", ""),
        (&trusted, "elsewhere.example", "certificate not valid for name"),
        (&unknown, "localhost", "its certificate is of no authority that is trusted here"),
    ] {
        for url in [
            format!("smtps://localhost:{}", authority.before(host, server.port)),
            format!("smtp://localhost:{}?tls=required", authority.before_mail(host, server.port)),
        ] {
            let id = post(&app, letter()).await;
            let settings = [
                ("SSL_CERT_FILE", trusted.file()),
                ("CASTELLAN_SMTP_URL", url.as_str()),
                ("CASTELLAN_MAIL_FROM", "console@castellan.example"),
            ];
            let worker = app.beside(&["worker", "--only", "mail.send"], &settings);
            let tried = format!("select count(*) from control.outbox where id = '{id}' and attempts > 0");
            app.until(&tried, 1).await;
            let job = "select id from control.job_queue where kind = 'mail.send' order by created_at desc, id desc";
            let job = app.texts(job).await.remove(0);
            app.until(&format!("select count(*) from control.job_queue where id = '{job}' and status <> 'running'"), 1)
                .await;
            drop(worker);
            let page = founder.get(&format!("/jobs/{job}")).await;
            assert!(page.text().contains(said), "{url} {said}: {}", page.text());
            if said.is_empty() {
                assert_eq!(state(&app, id).await, "sent 1 true", "{url}");
                sent.push(format!("<{id}@castellan.example>"));
            }
        }
    }
    let taken: Vec<String> = server.mails().iter().map(|mail| mail.header("Message-ID")).collect();
    assert_eq!(taken, sent, "nobody else was sent anything");
    app.leaves_jobs();
}

#[actix_web::test]
async fn where_tls_is_required_nothing_is_sent_without_it() {
    let server = MailServer::start();
    let url = format!("{}?tls=required", server.url());
    let app = TestApp::configured(CHEAP, |config| {
        config.smtp_url = Some(url);
        config.mail_from = Some("console@castellan.example".into());
    })
    .await;
    let id = post(&app, letter()).await;
    app.run_jobs().await;
    assert_eq!((state(&app, id).await, server.mails().len()), ("pending 1 false".into(), 0));
    let error = app.text("select last_error from control.outbox").await;
    assert!(error.to_lowercase().contains("starttls"), "{error}");
    app.leaves_jobs();
}

#[actix_web::test]
async fn without_a_server_letters_wait_for_one() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let id = post(&app, letter()).await;
    assert_eq!((app.run_jobs().await, state(&app, id).await), (0, "pending 0 false".into()));
    let page = founder.get("/jobs").await;
    assert!(page.texts(".banner").join("").contains("No mail server is configured"), "{:?}", page.texts(".banner"));
    let job = app.text("select id from control.job_queue where kind = 'mail.send'").await;
    let page = founder.get(&format!("/jobs/{job}")).await;
    assert!(page.texts(".banner").join("").contains("No mail server is configured here"));
}

#[actix_web::test]
async fn a_withdrawn_letter_is_not_sent() {
    let (app, server) = TestApp::with_mail().await;
    let id = post(&app, letter()).await;
    let can: castellan::actor::Can<Manage> = setup::authority("test").expect("commands may withdraw letters");
    let action = Action::general("test.withdraw", "mail");
    app.db().write(&can, action, move |tx| mail::withdraw(tx, id)).await.expect("a letter can be withdrawn");
    assert_eq!((app.run_jobs().await, server.mails().len()), (1, 0));
}

/// A name and a subject are words of people; neither may begin a header, another mail, or a command.
#[actix_web::test]
async fn nothing_in_a_letter_becomes_a_header() {
    let (app, server) = TestApp::with_mail().await;
    let evil = "Eve\r\nBcc: everybody@example.org\r\n\r\nBuy now";
    let mut headers: Vec<Vec<String>> = Vec::new();
    for (name, subject) in
        [("Ada", "Hello"), (evil, evil), ("a\nBcc: x@example.org", "b\rBcc: x@example.org"), ("\u{7f}", "\u{2028}x")]
    {
        post(&app, Letter::new("ada@northwind.example", name, subject, "Text\r\n.\r\nMAIL FROM:<x@y.z>")).await;
    }
    let odd = post(&app, Letter::new("ada@northwind.example>\r\nRCPT TO:<x@y.z", "Ada", "Hello", "Text")).await;
    app.run_jobs().await;
    for mail in server.mails() {
        assert_eq!(mail.to, ["ada@northwind.example"]);
        assert_eq!((mail.header("Bcc"), mail.from.as_str()), (String::new(), "console@castellan.example"));
        headers.push(mail.headers());
    }
    assert!(headers.len() >= 3 && headers.iter().all(|names| *names == headers[0]), "{headers:?}");
    assert!(state(&app, odd).await.starts_with("failed"), "an address that is none is refused");
    app.leaves_jobs();
}

#[test]
fn settings_that_cannot_work_stop_the_start() {
    let place = crate::support::Castellan::fresh();
    for (settings, said) in [
        (vec![("CASTELLAN_SMTP_URL", "mail.example.com")], "must be smtps://"),
        (vec![("CASTELLAN_SMTP_URL", "smtp://")], "must be smtps://"),
        (vec![("CASTELLAN_SMTP_URL", "smtp://u:hidden@mail.example.com")], "holds a password"),
        (vec![("CASTELLAN_SMTP_URL", "smtp://mail.example.com")], "CASTELLAN_MAIL_FROM is missing"),
        (vec![("CASTELLAN_MAIL_FROM", "a@b.c")], "CASTELLAN_SMTP_URL is missing"),
        (vec![("CASTELLAN_SMTP_URL", "smtp://localhost"), ("CASTELLAN_MAIL_FROM", "nobody")], "must be an address"),
    ] {
        let run = place.run_with(&["migrate"], &settings, "");
        assert_eq!(run.status, 2, "{settings:?}: {}{}", run.out, run.err);
        assert!(run.err.contains(said) && !run.err.contains("hidden"), "{settings:?}: {}", run.err);
        assert_eq!(run.err.lines().count(), 1, "{}", run.err);
    }
    let server = MailServer::start();
    let settings = [("CASTELLAN_SMTP_URL", server.url()), ("CASTELLAN_MAIL_FROM", "a@b.example".into())];
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let run = crate::support::Castellan::migrated().run_with(&["doctor"], &settings, "");
    assert!(run.out.contains("ok    mail: by smtp over 127.0.0.1:"), "{}", run.out);
}
