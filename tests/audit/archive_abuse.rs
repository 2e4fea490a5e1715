//! Who changes a file, says that a month was archived, or has it dropped, and is refused or found out.

use std::fs;
use std::io::{Read, Write};

use castellan::audit::archives::check::{self, Wrong};
use castellan::audit::sealing::verification::Verdict;

use super::archive_erasure::Left;
use super::archives::{Keeping, MONTH};

#[actix_web::test]
async fn a_file_that_is_changed_or_missing_is_named() {
    let keeping = Keeping::with_an_old_month().await;
    assert_eq!(keeping.archive().await, None);
    keeping.app.seal().await;
    let path = keeping.file("events");
    let whole = fs::read(&path).expect("the file");
    let lines = unpacked(&whole);
    let without: Vec<&str> =
        lines.lines().enumerate().filter(|(number, _)| *number != 5).map(|(_, line)| line).collect();
    let fewer = without.join("\n").replacen("\"rows\":700", "\"rows\":699", 1) + "\n";
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    let other = fs::read(keeping.file("security_events")).expect("the other file");
    for (what, bytes) in [
        ("a byte is another one", flipped),
        ("a value is another one", packed(&lines.replacen("spoken 7\\\"", "spoken 8\\\"", 1))),
        ("a row is missing", packed(&(without.join("\n") + "\n"))),
        ("a row is missing and not counted", packed(&fewer)),
        ("it is of the other log", other),
        ("it is packed otherwise", packed(&lines)),
        ("its end is missing", whole[..whole.len() - 40].to_vec()),
    ] {
        fs::write(&path, &bytes).expect("the file can be written");
        let report = keeping.verify(true, None).await;
        assert_eq!(report.verdict, Verdict::Mismatch, "{what}: {:?}", report.problems);
        assert!(report.problems[0].starts_with("events-2024-03.ndjson.zst"), "{what}: {:?}", report.problems);
    }
    fs::remove_file(&path).expect("it can be removed");
    keeping.finds(Verdict::Incomplete).await;
    fs::write(&path, &whole).expect("the file can be written");
    keeping.finds(Verdict::Good).await;
    assert!(matches!(check::check(&path.with_extension("none"), None), Err(Wrong::Missing)));
}

fn unpacked(bytes: &[u8]) -> String {
    let mut text = String::new();
    zstd::Decoder::new(bytes).expect("a file").read_to_string(&mut text).expect("text");
    text
}

fn packed(text: &str) -> Vec<u8> {
    let mut out = zstd::Encoder::new(Vec::new(), 1).expect("an encoder");
    out.write_all(text.as_bytes()).expect("it can be packed");
    out.finish().expect("it can be packed")
}

/// Somebody holds the role of jobs, and says what they like.
#[actix_web::test]
async fn a_month_that_is_not_archived_cannot_be_dropped() {
    let keeping = Keeping::with_an_old_month().await;
    let app = &keeping.app;
    app.execute("select audit.record('test.happen', 'success', false, null, 'thing', null, null, null, null)").await;
    app.seal().await;
    let this = app.text("select to_char(now() at time zone 'UTC', 'YYYY-MM')").await;
    let last = app.text("select to_char(now() at time zone 'UTC' - interval '1 month', 'YYYY-MM')").await;
    let facts = |month: &str| {
        let (from, to) =
            (format!("'{month}-01 00:00+00'"), format!("'{month}-01 00:00+00'::timestamptz + interval '1 month'"));
        format!(
            "select jsonb_build_object('log', 'events', 'month', '{month}', 'rows', count(*), 'first_leaf', min(leaf),
                'last_leaf', max(leaf), 'erased', 0, 'changes', (select count(*) from audit.changes where occurred_at >= {from}
                    and occurred_at < {to}), 'tree_size', c.tree_size, 'root', encode(c.root, 'hex'), 'file', 'f',
                'file_size', 1, 'sha256', encode(sha256(''), 'hex'))
            from audit.leaves, (select tree_size, root from audit.checkpoints order by tree_size desc limit 1) c
            where log = 'events' and occurred_at >= {from} and occurred_at < {to} group by c.tree_size, c.root"
        )
    };
    let exact = app.text(&facts(MONTH)).await;
    let but = |member: &str, value: &str| format!("{exact}' || jsonb_build_object('{member}', {value}) || '{{}}");
    let (archived, happened) = ("'audit.archive', 'success'", "'test.happen', 'success'");
    for (action, details, why) in [
        (happened, exact.clone(), "needs its event"),
        ("'audit.archive', 'failure'", exact.clone(), "needs its event"),
        (archived, app.text(&facts(&this)).await, "not old enough"),
        (archived, but("month", &format!("'{last}'")), "not old enough"),
        (archived, but("month", "'2019-01'"), "not in the log"),
        (archived, but("rows", "699"), "the log 700 rows"),
        (archived, but("rows", "null"), "null value"),
        (archived, but("first_leaf", "0"), "the log 700 rows"),
        (archived, but("changes", "1"), "the log 700"),
        (archived, but("erased", "1"), "were erased"),
        (archived, but("tree_size", "100000"), "no checkpoint"),
        (archived, but("root", "encode(sha256('forged'), 'hex')"), "no checkpoint"),
        (archived, but("log", "'changes'"), "archives_log_check"),
    ] {
        let call = drop_by(action, &details);
        let refused = app.try_as("castellan_jobs", &call).await.expect_err(&details);
        assert!(refused.contains(why), "{details}: {refused}");
    }
    for role in ["castellan_staff", "castellan_scoped", "castellan_auth", "castellan_web", "castellan_sealer"] {
        let refused = app.try_as(role, &drop_by(archived, &exact)).await.expect_err(role);
        assert!(refused.contains("permission denied"), "{role}: {refused}");
        for table in ["audit.events", "audit.events_2024_03"] {
            let refused = app.try_as(role, &format!("drop table {table}")).await.expect_err(role);
            assert!(refused.contains("must be owner"), "{role}: {refused}");
        }
    }
    assert!(app.try_as("castellan_jobs", "drop table audit.events_2024_03").await.is_err());
    app.execute(
        "insert into audit.unsealed (log, event_id, occurred_at) values ('events', gen_random_uuid(), '2024-03-09')",
    )
    .await;
    let refused = app.try_as("castellan_jobs", &drop_by(archived, &exact)).await.expect_err("a row that waits");
    assert!(refused.contains("wait to be sealed"), "{refused}");
    assert_eq!(keeping.old_events().await, 700);
    assert_eq!(app.number("select count(*) from audit.archives").await, 0);
}

fn drop_by(action: &str, details: &str) -> String {
    format!(
        "select audit.drop_archived_month(
            audit.record({action}, false, null, 'log', null, null, null, '{details}'::jsonb), '{{}}')"
    )
}

#[actix_web::test]
async fn a_record_that_no_sealed_event_speaks_of_hides_nothing() {
    let keeping = Keeping::with_an_old_month().await;
    keeping.writes("2024-05", 70).await;
    keeping.app.seal().await;
    assert_eq!(keeping.archive().await, None);
    keeping.app.seal().await;
    keeping.finds(Verdict::Good).await;
    keeping.app.execute("create table public.kept as table audit.archives").await;
    let forged = |change: &str| {
        format!("delete from audit.archives; insert into audit.archives select * from public.kept; {change}")
    };
    for change in [
        "update audit.archives set row_count = row_count - 1 where month = '2024-03-01'",
        "update audit.archives set sha256 = sha256('another file') where log = 'events' and month = '2024-03-01'",
        "update audit.archives set event = event || '{\"data\": \"{}\"}' where log = 'events' and month = '2024-05-01'",
        "delete from audit.archives where log = 'security_events' and month = '2024-03-01'",
        // A month that was cleared away, with the record of another one.
        "insert into audit.archives select gen_random_uuid(), log, '2024-04-01', row_count, change_count, erased_count,
            first_leaf, last_leaf, tree_size, root, file_name, file_size, sha256, event_id, event from audit.archives
            where month = '2024-03-01'",
        "update audit.leaves set occurred_at = '2024-03-09' where leaf = 0",
    ] {
        keeping.unguarded(&forged(change)).await;
        let report = keeping.verify(false, None).await;
        assert_eq!(report.verdict, Verdict::Mismatch, "{change}: {:?}", report.problems);
    }
}

/// Somebody holds the role of jobs, and says what they like about a file.
#[actix_web::test]
async fn a_file_that_goes_on_from_none_that_is_known_is_not_recorded() {
    let left = Left::archived().await;
    let app = &left.keeping.app;
    left.forget(left.ada, &[]).await.expect("they are erased");
    let exact = app
        .text(&format!(
            "select jsonb_build_object('log', a.log, 'month', '{MONTH}', 'file', file_name, 'number', 2, 'subject', subject_id,
                'erasure', erasure_id, 'erased', r.erased_count + 1, 'file_size', 1, 'sha256', encode(sha256('new'), 'hex'),
                'previous_sha256', encode(r.sha256, 'hex'))
            from audit.rewrites r join audit.archives a on a.id = r.archive_id where a.log = 'events' and month = '{MONTH}-01'"
        ))
        .await;
    let but = |member: &str, value: &str| format!("{exact}' || jsonb_build_object('{member}', {value}) || '{{}}");
    let (rewritten, happened) = ("'audit.rewrite', 'success'", "'test.happen', 'success'");
    for (action, details, why) in [
        (happened, exact.clone(), "needs its event"),
        ("'audit.rewrite', 'failure'", exact.clone(), "needs its event"),
        (rewritten, but("month", "'2019-01'"), "no such archive"),
        (rewritten, but("log", "'changes'"), "no such archive"),
        (rewritten, but("file", "'another'"), "no such archive"),
        (rewritten, but("erasure", "gen_random_uuid()"), "needs an erasure"),
        (rewritten, but("subject", "gen_random_uuid()"), "needs an erasure"),
        (rewritten, but("number", "1"), "rewrites_archive_id_number_key"),
        (rewritten, but("number", "3"), "rewritten 1 times"),
        (rewritten, but("number", "null"), "null value"),
        (rewritten, but("previous_sha256", "encode(sha256('forged'), 'hex')"), "on record"),
        (rewritten, but("erased", "7"), "on record"),
        (rewritten, but("erased", "0"), "rewrites_erased_count_check"),
        (rewritten, but("sha256", "'00'"), "rewrites_sha256_check"),
    ] {
        let refused = app.try_as("castellan_jobs", &rewrite_by(action, &details)).await.expect_err(&details);
        assert!(refused.contains(why), "{details}: {refused}");
    }
    for role in ["castellan_staff", "castellan_scoped", "castellan_auth", "castellan_web", "castellan_sealer"] {
        let refused = app.try_as(role, &rewrite_by(rewritten, &exact)).await.expect_err(role);
        assert!(refused.contains("permission denied"), "{role}: {refused}");
    }
    left.keeping.finds(Verdict::Good).await;
    // What is recorded all the same is not what its event says.
    app.try_as("castellan_jobs", &rewrite_by(rewritten, &exact)).await.expect("a job says which file counts");
    app.seal().await;
    let report = left.keeping.verify(true, None).await;
    assert_eq!(report.verdict, Verdict::Mismatch, "{:?}", report.problems);
}

fn rewrite_by(action: &str, details: &str) -> String {
    format!(
        "select audit.record_rewrite(
            audit.record({action}, false, null, 'log', null, null, null, '{details}'::jsonb), '{{}}')"
    )
}

#[actix_web::test]
async fn a_file_that_was_erased_from_by_nobody_is_found() {
    let left = Left::archived().await;
    let path = left.path("events", MONTH);
    let archived = fs::read(&path).expect("a file");
    left.forget(left.ada, &[]).await.expect("they are erased");
    let whole = fs::read(&path).expect("a file");
    // Each of these proves; none is on record.
    let of_another = Left::archived().await;
    of_another.forget(of_another.ada, &[]).await.expect("they are erased");
    for (what, bytes) in [
        ("it is packed otherwise", packed(&unpacked(&whole))),
        ("it is of another log", fs::read(of_another.path("events", MONTH)).expect("a file")),
        ("a value is another one", packed(&unpacked(&whole).replacen("spoken 7\\\"", "spoken 8\\\"", 1))),
    ] {
        fs::write(&path, bytes).expect("the file can be written");
        let report = left.keeping.verify(true, None).await;
        assert_eq!(report.verdict, Verdict::Mismatch, "{what}: {:?}", report.problems);
    }
    fs::write(&path, archived).expect("the file can be written");
    left.keeping.finds(Verdict::Incomplete).await;
    fs::write(&path, whole).expect("the file can be written");
    left.keeping.finds(Verdict::Good).await;

    left.keeping.app.execute("create table public.kept as table audit.rewrites").await;
    let of_march =
        format!("archive_id = (select id from audit.archives where log = 'events' and month = '{MONTH}-01')");
    for change in [
        format!("delete from audit.rewrites where {of_march}"),
        format!("update audit.rewrites set sha256 = sha256('another file') where {of_march}"),
        format!("update audit.rewrites set erased_count = erased_count + 1 where {of_march}"),
        format!("update audit.rewrites set event = '{{}}' where {of_march}"),
        format!("update audit.rewrites set subject_id = gen_random_uuid() where {of_march}"),
    ] {
        let forged =
            format!("delete from audit.rewrites; insert into audit.rewrites select * from public.kept; {change}");
        left.keeping.unguarded(&forged).await;
        let report = left.keeping.verify(true, None).await;
        assert_eq!(report.verdict, Verdict::Mismatch, "{change}: {:?}", report.problems);
    }
}
