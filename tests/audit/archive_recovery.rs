//! Erasing from archived months when a run is broken off, or a file is not what it should be.

use std::fs;
use std::path::PathBuf;

use castellan::audit::sealing::verification::Verdict;
use castellan::error::AppError;
use uuid::Uuid;

use super::archive_erasure::Left;
use super::archives::MONTH;

const NOTES: &str = "select count(*) from audit.changes where after ->> 'notes' like '%ada@old.example'";

/// Where a draft lies until its record is committed.
fn draft(left: &Left) -> PathBuf {
    left.keeping.folder.path().join(format!(".events-{MONTH}.ndjson.zst.0000abcd.part"))
}

fn drafts(left: &Left) -> usize {
    let entries = fs::read_dir(left.keeping.folder.path()).expect("the folder can be read");
    entries
        .filter(|entry| entry.as_ref().is_ok_and(|entry| entry.path().extension().is_some_and(|end| end == "part")))
        .count()
}

fn why(refused: Result<impl std::fmt::Debug, AppError>) -> String {
    match refused {
        Err(AppError::Conflict(why)) => why,
        other => panic!("it is not refused: {other:?}"),
    }
}

#[actix_web::test]
async fn broken_off_before_its_record_a_file_is_as_it_was() {
    let left = Left::archived().await;
    let path = left.path("events", MONTH);
    let before = fs::read(&path).expect("a file");
    let app = &left.keeping.app;
    let broken = "create function audit.break() returns trigger language plpgsql as $$ begin raise exception 'broken'; end $$;
        create constraint trigger break after insert on audit.rewrites deferrable initially deferred for each row execute function audit.break()";
    app.execute(broken).await;
    left.forget(left.ada, &[]).await.expect_err("it is broken off at the very end");
    assert_eq!(fs::read(&path).expect("a file"), before);
    assert_eq!((app.number(NOTES).await, drafts(&left)), (1, 1), "what is known of them is still there");
    left.keeping.finds(Verdict::Good).await;
    app.execute("drop function audit.break() cascade").await;
    left.forget(left.ada, &[]).await.expect("they are erased");
    left.is_forgotten().await;
    assert_eq!(drafts(&left), 0);
    left.keeping.finds(Verdict::Good).await;
}

#[actix_web::test]
async fn broken_off_behind_its_record_a_file_is_put_in_its_place_by_the_next_run() {
    for by_erasing in [false, true] {
        let left = Left::archived().await;
        let path = left.path("events", MONTH);
        let before = fs::read(&path).expect("a file");
        left.forget(left.ada, &[]).await.expect("they are erased");
        fs::rename(&path, draft(&left)).expect("a draft");
        fs::write(&path, &before).expect("the file from before");
        let report = left.keeping.verify(true, None).await;
        assert_eq!(report.verdict, Verdict::Incomplete, "{:?}", report.problems);
        assert!(report.problems[0].contains("from before an erasure"), "{:?}", report.problems);
        match by_erasing {
            true => drop(left.forget(Uuid::now_v7(), &[]).await.expect("somebody else is erased")),
            false => assert_eq!(left.keeping.archive().await, None),
        }
        assert_eq!(drafts(&left), 0);
        left.is_forgotten().await;
        left.keeping.finds(Verdict::Good).await;
    }
}

#[actix_web::test]
async fn a_file_from_before_an_erasure_is_erased_from_once_more() {
    let left = Left::archived().await;
    let path = left.path("events", MONTH);
    let before = fs::read(&path).expect("a file");
    let other = Uuid::now_v7();
    left.forget(left.ada, &[]).await.expect("they are erased");
    left.forget(other, &["spoken 3"]).await.expect("somebody else is erased");
    fs::write(&path, &before).expect("the file from before");
    left.keeping.finds(Verdict::Incomplete).await;

    let refused = why(left.forget(Uuid::now_v7(), &["spoken 4"]).await);
    assert!(refused.contains(&left.ada.to_string()) && refused.contains("events-2024-03"), "{refused}");
    left.keeping.finds(Verdict::Incomplete).await;
    let refused = why(left.forget(left.ada, &[]).await);
    assert!(refused.contains(&other.to_string()), "{refused}");
    left.keeping.finds(Verdict::Incomplete).await;
    left.forget(other, &["spoken 3"]).await.expect("nobody is left");
    left.is_forgotten().await;
    left.keeping.finds(Verdict::Good).await;
}

#[actix_web::test]
async fn a_file_that_is_missing_or_another_keeps_nothing_else_from_being_erased() {
    let left = Left::archived().await;
    let path = left.path("events", MONTH);
    let before = fs::read(&path).expect("a file");
    let elsewhere = left.keeping.folder.path().join("elsewhere");
    fs::rename(&path, &elsewhere).expect("it can be moved");
    let refused = why(left.forget(left.ada, &["ada@old.example", "Ada Lovelace"]).await);
    assert!(refused.contains("events-2024-03.ndjson.zst: it is not there."), "{refused}");
    assert_eq!(left.keeping.app.number(NOTES).await, 0, "the log is erased from");
    let event = left.keeping.app.event("audit.erase").await;
    assert_eq!(event.details["unreached"], serde_json::json!(["events-2024-03.ndjson.zst"]));
    assert_eq!(event.details["archived"], 3, "and so are the other files");

    let other = fs::read(left.path("security_events", MONTH)).expect("a file");
    fs::write(&path, &other).expect("the file can be written");
    let refused = why(left.forget(left.ada, &[]).await);
    assert!(refused.contains("not the file that was recorded"), "{refused}");
    assert_eq!(fs::read(&path).expect("a file"), other, "it is left as it is");

    fs::write(&path, before).expect("the file is back");
    let erased = left.forget(left.ada, &["ada@old.example", "Ada Lovelace"]).await.expect("they are erased");
    assert_eq!(erased.archived, 5);
    left.is_forgotten().await;
    left.keeping.finds(Verdict::Good).await;
}

#[actix_web::test]
async fn without_its_folder_no_archived_month_is_skipped_in_silence() {
    let left = Left::archived().await;
    let refused = why(left.forget_in(None, left.ada, &[]).await);
    assert!(refused.contains("events-2024-03.ndjson.zst: no folder is set (CASTELLAN_AUDIT_ARCHIVE)"), "{refused}");
    let nowhere = left.keeping.folder.path().join("nowhere");
    let refused = why(left.forget_in(Some(&nowhere), left.ada, &[]).await);
    assert!(refused.contains("nowhere cannot be used"), "{refused}");
    let given = ["ada@old.example", "Ada Lovelace", "Ada King"];
    left.forget(left.ada, &given).await.expect("they are erased");
    left.is_forgotten().await;
}

#[actix_web::test]
async fn while_months_are_archived_nobody_is_erased() {
    let left = Left::archived().await;
    let turn = fs::File::create(left.keeping.folder.path().join(".lock")).expect("a file");
    turn.lock().expect("months are archived");
    let refused = left.forget(left.ada, &[]).await.expect_err("it has to wait");
    assert!(matches!(refused, AppError::Unavailable(_)), "{refused}");
    assert_eq!(left.keeping.app.events("audit.erase").await.len(), 0);
    drop(turn);
    left.forget(left.ada, &[]).await.expect("they are erased");
}
