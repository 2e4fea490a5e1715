//! A person leaves the log, and the log stays whole.

use std::collections::BTreeMap;
use std::sync::Arc;

use castellan::actor::{Actor, ActorKind, Can, Privilege};
use castellan::audit::erasure::{Erased, Subject, erase};
use castellan::audit::sealing::leaf::{Log, Reference};
use castellan::audit::sealing::store::leaves;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::support::TestApp;

const LOGS: [&str; 3] = ["events", "changes", "security_events"];
const ADDRESS: &str = "ada.lovelace@example.com";

struct Forget;

impl Privilege for Forget {
    const NAME: &'static str = "test.forget";
    const DESCRIPTION: &'static str = "Erase somebody";
}

fn as_job() -> Can<Forget> {
    Can::prove(Arc::new(Actor::process(ActorKind::Job, "test.forget"))).expect("jobs may do everything")
}

async fn forget(app: &TestApp, user_id: Uuid, texts: &[&str]) -> Erased {
    let texts = texts.iter().map(|text| (*text).to_owned()).collect();
    let placeholders = vec!["Deleted person".to_owned()];
    erase(app.db(), &as_job(), None, Subject { user_id, texts, placeholders }).await.expect("somebody can be erased")
}

/// What a leaf commits to, of every row in the log.
async fn commitments(app: &TestApp) -> Vec<String> {
    let mut all = Vec::new();
    for log in LOGS {
        let query = format!(
            "select t.id || ' ' || coalesce(encode(audit.row_commitment('{log}', to_jsonb(t)), 'hex'), 'none')
            from audit.{log} t order by t.occurred_at, t.id"
        );
        all.extend(app.texts(&query).await);
    }
    all
}

/// Everything the log says.
async fn spelled(app: &TestApp) -> String {
    let mut all = String::new();
    for log in LOGS {
        all += &app.texts(&format!("select to_jsonb(t) from audit.{log} t")).await.join("\n");
    }
    all
}

/// Somebody with a history: an account under two names, a session, a failed sign-in, a role, and a namesake beside.
async fn ada(app: &TestApp) -> Uuid {
    let (id, email) = app.staff("support").await;
    let browser = app.browser_of(id, &email).await;
    browser.get("/tenants").await;
    app.anonymous().sign_in(&email, "wrong").await;
    let rename = "update control.users set name = 'Ada Lovelace', email = 'ada.lovelace@example.com'";
    app.execute(&format!("{rename} where id = '{id}'")).await;
    app.tenant("northwind").await;
    app.execute(
        "update control.tenants set notes = E'Call ada.lovelace@EXAMPLE.com\\nAda Lovelace knows', name = 'Northwind & Sons';
        insert into control.roles (id, name, description) values (gen_random_uuid(), 'x', 'for nada.lovelace@example.com')",
    )
    .await;
    id
}

#[actix_web::test]
async fn a_person_goes_and_every_commitment_stays() {
    let app = TestApp::start().await;
    let id = ada(&app).await;
    let (other, others_email) = app.staff("support").await;
    let before = commitments(&app).await;
    assert!(!before.iter().any(|row| row.ends_with("none")));
    let erased = forget(&app, id, &[]).await;
    assert!(erased.events > 0 && erased.changes > 3, "{erased:?}");

    let after = commitments(&app).await;
    assert!(before.iter().all(|row| after.contains(row)), "a commitment has changed");
    let log = spelled(&app).await;
    // Somebody else's address ends in the same letters.
    let rest = log.replace("nada.lovelace@example.com", "");
    assert_ne!(log, rest);
    for gone in [ADDRESS, "ada.lovelace@EXAMPLE.com", "Ada Lovelace", "support1@example.com", "support 1"] {
        assert!(!rest.contains(gone), "{gone} is still in the log");
    }
    for stays in [others_email.as_str(), "Northwind & Sons", &other.to_string(), &id.to_string()] {
        assert!(log.contains(stays), "{stays} has gone");
    }
    let left = "select count(*) from audit.security_events where actor_id = '{id}' and (network_hash is not null or details <> '{}')";
    assert_eq!(app.number(&left.replace("{id}", &id.to_string())).await, 0);
    let half = "select count(*) from audit.changes where (commitments is null) <> (salt is not null)
        or (commitments is null) <> (salts is null)";
    assert_eq!(app.number(half).await, 0);
}

#[actix_web::test]
async fn every_leaf_of_the_tree_keeps_its_hash() {
    let app = TestApp::start().await;
    let id = ada(&app).await;
    let rows =
        app.texts("select log || ' ' || event_id || ' ' || (to_json(occurred_at) #>> '{}') from audit.unsealed").await;
    let reference = |row: &String| {
        let [log, id, at] = row.split(' ').collect::<Vec<_>>()[..] else { panic!("{row}") };
        let (id, occurred_at) = (id.parse().expect("an id"), at.parse().expect("a moment"));
        Reference { log: Log::named(log).expect("a log"), id, occurred_at }
    };
    let references: Vec<Reference> = rows.iter().map(reference).collect();
    let hashes = async || {
        let references = references.clone();
        let leaves = app.db().read(&as_job(), move |conn| leaves(conn, &references)).await.expect("leaves");
        leaves.into_iter().map(|leaf| leaf.expect("a row").hash()).collect::<Vec<_>>()
    };
    let before = hashes().await;
    assert!(before.len() > 5);
    assert_ne!(forget(&app, id, &[]).await, Erased::default());
    assert_eq!(hashes().await, before);
}

#[actix_web::test]
async fn it_leaves_one_event_and_can_be_done_again() {
    let app = TestApp::start().await;
    let id = ada(&app).await;
    let erased = forget(&app, id, &[]).await;
    let event = app.event("audit.erase").await;
    assert_eq!((event.target_id, event.actor_label.as_deref()), (Some(id), Some("test.forget")));
    assert_eq!(event.details["changes"], erased.changes);
    assert_eq!(event.details["security_events"], erased.security_events);
    let before = (commitments(&app).await, spelled(&app).await);
    assert_eq!(forget(&app, id, &[]).await, Erased::default(), "there is nothing left");
    let after = (commitments(&app).await, spelled(&app).await);
    assert!(before.0.iter().all(|row| after.0.contains(row)));
    assert!(before.1.len() < after.1.len(), "the second event is all that is new");
}

#[actix_web::test]
async fn what_is_given_goes_as_well_and_more_may_go_later() {
    let app = TestApp::start().await;
    let id = ada(&app).await;
    let south = app.tenant("southwind").await;
    let notes = "update control.tenants set notes = 'asked by C-1000 (the countess)', name = 'C-10001'";
    app.execute(&format!("{notes} where id = '{south}'")).await;
    forget(&app, id, &[]).await;
    let before = commitments(&app).await;
    // Special to patterns, and to JSON.
    let erased = forget(&app, id, &["C-1000", "(the countess)", "a\"b\\c%", " "]).await;
    assert_eq!((erased.events, erased.changes, erased.security_events), (0, 1, 0));
    let log = spelled(&app).await;
    assert!(!log.contains("countess") && log.contains("C-10001"));
    let after = commitments(&app).await;
    assert!(before.iter().all(|row| after.contains(row)));
}

#[actix_web::test]
async fn a_name_that_others_bear_stays_with_them() {
    let app = TestApp::start().await;
    let id = ada(&app).await;
    let (namesake, _) = app.staff("support").await;
    app.execute(&format!("update control.users set name = 'Ada Lovelace' where id = '{namesake}'")).await;
    forget(&app, id, &[]).await;
    let named =
        "select string_agg(distinct row_id::text, ',') from audit.changes where after ->> 'name' = 'Ada Lovelace'";
    assert_eq!(app.text(named).await, namesake.to_string());
}

#[actix_web::test]
async fn a_name_that_others_bore_or_that_stands_for_nobody_stays() {
    let app = TestApp::start().await;
    let id = ada(&app).await;
    let (namesake, _) = app.staff("support").await;
    for name in ["Ada Lovelace", "Grace Hopper"] {
        app.execute(&format!("update control.users set name = '{name}' where id = '{namesake}'")).await;
    }
    let south = app.tenant("southwind").await;
    let notes = "Deleted person was asked; ask Ada Lovelace";
    app.execute(&format!("update control.tenants set notes = '{notes}' where id = '{south}'")).await;
    let anonymous = "update control.users set name = 'Deleted person', email = 'gone@example.invalid'";
    app.execute(&format!("{anonymous} where id = '{id}'")).await;
    forget(&app, id, &[]).await;
    let log = spelled(&app).await;
    assert!(log.contains(notes), "neither name says that somebody was meant who is to be forgotten");
    assert!(!log.contains("gone@example.invalid") && !log.replace("nada.lovelace", "").contains(ADDRESS));
}

/// Capitals that only a language knows are found as well.
#[actix_web::test]
async fn letters_of_any_language_are_found_however_they_are_written() {
    let app = TestApp::start().await;
    let id = ada(&app).await;
    let south = app.tenant("southwind").await;
    app.execute(&format!("update control.tenants set notes = 'ZOË LEFÈVRE called' where id = '{south}'")).await;
    let erased = forget(&app, id, &["Zoë Lefèvre"]).await;
    assert!(erased.changes > 0, "{erased:?}");
    assert!(!spelled(&app).await.contains("ZOË"));
}

#[actix_web::test]
async fn the_log_lets_nothing_through_but_an_erasure() {
    let app = TestApp::start().await;
    let id = ada(&app).await;
    forget(&app, id, &[]).await;
    let before = (commitments(&app).await, spelled(&app).await);
    let whole = "c.salt is not null and c.table_name = 'tenants' and c.op = 'update'";
    let erased = "c.commitments is not null and c.table_name = 'users' and c.op = 'insert'";
    let becomes = |names: &str| format!("audit.erased('changes', to_jsonb(c), array[{names}])");
    let set = |becomes: &str| {
        format!(
            "salt = null, salts = ({becomes} -> 'salts'), commitments = ({becomes} -> 'commitments'),
            before = ({becomes} -> 'before'), after = ({becomes} -> 'after')"
        )
    };
    let right = set(&becomes("'name'"));
    app.tenant("southwind").await;
    app.execute("update control.tenants set name = name || '!', notes = 'new'").await;
    let near = [
        (whole, "after = c.after".to_owned()),
        (whole, "after = c.after - 'name'".to_owned()),
        (whole, "salt = null".to_owned()),
        (whole, "commitments = '{}', salts = '{}', salt = null".to_owned()),
        (whole, "commitments = '[]'".to_owned()),
        (whole, right.replace("salt = null", "salt = c.salt")),
        (whole, format!("{right}, row_id = gen_random_uuid()")),
        (whole, format!("{right}, occurred_at = c.occurred_at + interval '1 second'")),
        (whole, right.replace("-> 'after')", "-> 'after') || '{\"notes\": \"forged\"}'")),
        (whole, right.replace("salts = ", "salts = '{\"more\": \"00\"}' || ")),
        (whole, right.replace("commitments = ", "commitments = '{\"more\": \"00\"}' || ")),
        (whole, set(&becomes("'nothing'"))),
        (erased, "after = c.after || '{\"email\": \"forged@example.com\"}'".to_owned()),
        (erased, "commitments = c.commitments - 'email'".to_owned()),
        (erased, "commitments = c.commitments || '{\"email\": \"00\"}'".to_owned()),
        (erased, "commitments = null, salts = null, salt = sha256('new')".to_owned()),
    ];
    for (rows, change) in &near {
        assert!(app.number(&format!("select count(*) from audit.changes c where {rows}")).await > 0, "{rows}");
        for role in ["none", "castellan_owner"] {
            let statement = format!("update audit.changes c set {change} where {rows}");
            let refused = app.try_as(role, &statement).await.expect_err(&statement);
            assert!(refused.contains("append-only"), "{role}, {change}: {refused}");
        }
    }
    for change in ["reason = 'forged'", "details = '{}'", "action = 'test.forged'", "salt = null"] {
        let refused = app.try_as("none", &format!("update audit.events set {change}")).await.expect_err(change);
        assert!(refused.contains("append-only"), "{change}: {refused}");
    }
    let after = (commitments(&app).await, spelled(&app).await);
    assert!(before.0.iter().all(|row| after.0.contains(row)));
    let exactly = format!("update audit.changes c set {right} where {whole} and c.after ? 'name'");
    for role in ["none", "castellan_owner"] {
        for mode in ["", "set local castellan.erasure_id = 'c0ffee00-0000-4000-8000-000000000000';"] {
            let refused = app.try_as(role, &format!("{mode} {exactly}")).await.expect_err(role);
            assert!(refused.contains("needs its event"), "{role}: {refused}");
        }
    }
    let replica = format!("set local session_replication_role = replica; {exactly}");
    assert!(app.try_as("none", &replica).await.expect_err("no mode is a way around").contains("needs its event"));
    let announced = format!(
        "select audit.record('audit.erase', 'success', false, null, 'user', null, null, null, '{{\"changes\": 99}}');
        select set_config('castellan.erasure_id', current_setting('castellan.event_id'), true); {exactly}"
    );
    app.try_as("castellan_owner", &announced).await.expect("what is exactly an erasure and announced is one");
}

/// An event of the past, or of now, that announces an erasure. Returns its id.
async fn announce(app: &TestApp, details: &str, outcome: &str, days: u8) -> String {
    let id = Uuid::now_v7();
    app.execute(&format!(
        "insert into audit.events (id, occurred_at, actor_kind, action, outcome, target_kind, details)
            values ('{id}', now() - interval '{days} days', 'job', 'audit.erase', '{outcome}', 'user', '{details}')"
    ))
    .await;
    id.to_string()
}

#[actix_web::test]
async fn an_erasure_goes_no_further_than_it_announced() {
    let app = TestApp::start().await;
    let says = "select audit.record('test.said', 'success', false, 'why', 'thing', null, null, null, null)";
    app.execute(&format!("{says} from generate_series(1, 3)")).await;
    let said = "select jsonb_agg(jsonb_build_object('id', id, 'occurred_at', occurred_at, 'names', array['reason']))
        from audit.events where action = 'test.said' and reason is not null";
    let erase = async |event: &str| {
        app.try_as("castellan_jobs", &format!("select audit.erase('{event}', 'events', ({said}))")).await
    };
    for (details, outcome, days, why) in [
        ("{}", "success", 0, "announced 0 rows of events"),
        (r#"{"changes": 3}"#, "success", 0, "announced 0 rows of events"),
        (r#"{"events": "many"}"#, "success", 0, "announced 0 rows of events"),
        (r#"{"events": 2}"#, "success", 0, "announced 2 rows of events, and this would make 3"),
        (r#"{"events": 3}"#, "failure", 0, "needs its event"),
        (r#"{"events": 3}"#, "success", 2, "needs its event"),
    ] {
        let refused = erase(&announce(&app, details, outcome, days).await).await.expect_err(details);
        assert!(refused.contains(why), "{details} {outcome} {days}: {refused}");
    }
    let event = announce(&app, r#"{"events": 3}"#, "success", 0).await;
    erase(&event).await.expect("as many as it announced");
    assert_eq!(
        app.texts("select log || ' ' || row_count || ' ' || event_id from audit.erasures").await,
        [format!("events 3 {event}")]
    );
    app.execute(says).await;
    let refused = erase(&event).await.expect_err("it is over");
    assert!(refused.contains("announced 3 rows of events, and this would make 4"), "{refused}");
    let forged = format!("insert into audit.erasures (event_id, log, row_count) values ('{event}', 'events', 1)");
    assert!(app.try_as("castellan_owner", &forged).await.expect_err("nor by hand").contains("would make 4"));
}

#[actix_web::test]
async fn only_a_job_erases_and_only_under_its_event() {
    let app = TestApp::start().await;
    let id = ada(&app).await;
    let batch = "'[]'::jsonb";
    for role in [
        "castellan_web",
        "castellan_auth",
        "castellan_staff",
        "castellan_scoped",
        "castellan_acting",
        "castellan_sealer",
        "castellan_streamer",
    ] {
        for call in [
            format!("audit.erase('{id}', 'events', {batch})"),
            "audit.values_about('{}', null)".to_owned(),
            "audit.known_by('{}', null)".to_owned(),
        ] {
            let refused = app.try_as(role, &format!("select {call}")).await.expect_err(role);
            assert!(refused.contains("permission denied"), "{role}: {refused}");
        }
    }
    let other = app.text("select id from audit.events where not is_read limit 1").await;
    let call = format!("select audit.erase('{other}', 'events', {batch})");
    let refused = app.try_as("castellan_jobs", &call).await.expect_err("an event of something else");
    assert!(refused.contains("needs its event"), "{refused}");
}

#[actix_web::test]
async fn pages_say_that_values_were_erased() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let id = ada(&app).await;
    let created =
        app.text(&format!("select id from audit.events where target_id = '{id}' and action = 'user.create'")).await;
    let address = format!("/audit/{created}");
    let values = async || founder.get(&address).await.texts(".diff > div").join("\n");
    assert!(!values().await.contains("erased"));
    forget(&app, id, &[]).await;
    assert!(values().await.lines().any(|line| line.starts_with("email") && line.ends_with("erased")));
    assert!(founder.get(&address).await.texts(".facts dd").contains(&"erased".to_owned()));
    let history = founder.get(&format!("/people/{id}")).await;
    assert_eq!(history.status, 200);
}

#[actix_web::test]
async fn commitments_are_those_of_the_written_format() {
    let app = TestApp::start().await;
    app.tenant("northwind").await;
    app.execute("update control.tenants set notes = 'Zoë \"x\"'").await;
    let change = "from audit.changes c where table_name = 'tenants' and op = 'update' and after ->> 'notes' like 'Zo%'";
    let hex = async |column: &str| app.text(&format!("select encode({column}, 'hex') {change}")).await;
    let salt = bytes(&hex("salt").await);
    let mut names = BTreeMap::new();
    for row in app.texts(&format!("select k || '|' || (before -> k) || '|' || (after -> k) from (select c.*, jsonb_object_keys(after) k {change}) c")).await {
        let mut parts = row.splitn(3, '|').map(str::to_owned);
        let mut next = || parts.next().expect("three parts");
        names.insert(next(), [next(), next()]);
    }
    assert!(names.len() >= 2, "{names:?}");
    let sized = |text: &str| [&(text.len() as u32).to_be_bytes()[..], text.as_bytes()].concat();
    let mut row = Sha256::new_with_prefix([3]);
    for (name, [before, after]) in &names {
        let own = Sha256::new_with_prefix([5]).chain_update(&salt).chain_update(name).finalize();
        let value = Sha256::new_with_prefix([4]).chain_update(own);
        let value = value.chain_update([1]).chain_update(sized(before)).chain_update([1]).chain_update(sized(after));
        row.update(sized(name));
        row.update(value.finalize());
    }
    assert_eq!(bytes(&hex("audit.row_commitment('changes', to_jsonb(c))").await), row.finalize().as_slice());
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex")).collect()
}

#[actix_web::test]
async fn personal_columns_exist() {
    let app = TestApp::start().await;
    let unknown = "select p.table_name || '.' || name from audit.personal_columns() p, unnest(p.columns || p.owner) name
        where not exists (select from pg_attribute a where a.attrelid = ('control.' || p.table_name)::regclass and a.attname = name)";
    assert_eq!(app.texts(unknown).await, [""; 0]);
}
