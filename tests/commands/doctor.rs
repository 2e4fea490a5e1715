//! `castellan doctor`.

use castellan::commands::doctor::{self, Finding, Level};

use crate::support::Castellan;

fn bad(place: &Castellan) -> Vec<String> {
    let findings = doctor::examine(&place.config(), &[]);
    // A superuser is what tests connect as, and the environment is not theirs.
    let expected = |finding: &Finding| finding.what.starts_with("login ") || finding.what.starts_with("settings: ");
    let bad = findings.iter().filter(|finding| finding.level != Level::Ok && !expected(finding));
    bad.map(|finding| finding.to_string().split("  - ").next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_sound_installation_has_nothing_to_mend() {
    let place = Castellan::migrated();
    assert_eq!(bad(&place), Vec::<String>::new());
    let run = place.run(&["doctor"]);
    assert_eq!(run.status, 0, "{}{}", run.out, run.err);
    assert!(run.out.contains("ok    schema: is this version's"), "{}", run.out);
    assert!(run.out.lines().all(|line| line.starts_with("ok ") || line.starts_with("warn ")), "{}", run.out);
}

#[test]
fn what_somebody_switched_off_is_found() {
    let place = Castellan::migrated();
    place.execute(
        "alter table control.tenants disable trigger record_change;
        alter table control.clients no force row level security;
        alter table audit.events disable trigger refuse_rewrite;
        grant usage on schema control to public;
        grant select on control.users to castellan_web;
        update control.users set status = 'deactivated';
        insert into control.audit_streams (id, name, kind, address, state) values (gen_random_uuid(), 'SIEM', 'file', 'x', 'dead');
        insert into control.job_queue (id, kind, status, finished_at) values (gen_random_uuid(), 'mail.send', 'dead', now())",
    );
    std::fs::write(place.file("secret.key"), "5e".repeat(32)).expect("the key can be written");
    let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(place.file("secret.key"), readable).expect("rights can be given");
    let bad = bad(&place).join("\n");
    for line in [
        "FAIL  secret key",
        "FAIL  idle connections may read: control.users",
        "FAIL  row level security is not forced on: control.clients",
        "FAIL  changes are not recorded on: control.tenants",
        "FAIL  rows can be changed or taken out of: audit.events (refuse_rewrite), audit.events_",
        "FAIL  no founder can sign in",
        "warn  jobs were given up: 1 of kind mail.send",
        "warn  streams of the audit log do not deliver: SIEM (gave up)",
    ] {
        assert!(bad.contains(line), "{line} is missing from:\n{bad}");
    }
    let run = place.run(&["doctor"]);
    assert_eq!((run.status, run.err.as_str()), (1, "castellan: 6 checks failed\n"), "{}", run.out);
}

#[test]
fn a_guard_that_rests_in_some_mode_or_on_some_table_is_found() {
    let place = Castellan::migrated();
    let month = place.texts("select to_char(now() at time zone 'UTC', 'YYYY_MM')").remove(0);
    let said = |broken: &str, mended: &str| {
        place.execute(broken);
        let found = bad(&place).join("\n");
        place.execute(mended);
        found
    };
    for (how, table, trigger) in [
        ("disable", format!("audit.events_{month}"), "refuse_rewrite"),
        ("enable", format!("audit.changes_{month}"), "refuse_truncate"),
        ("enable replica", format!("audit.security_events_{month}"), "await_sealing"),
        ("disable", "audit.leaves".to_owned(), "refuse_rewrite"),
        ("enable", "audit.tiles".to_owned(), "refuse_truncate"),
        ("enable replica", "audit.checkpoints".to_owned(), "refuse_rewrite"),
        ("disable", "audit.archives".to_owned(), "refuse_truncate"),
        ("enable", "audit.unsealed".to_owned(), "refuse_rewrite"),
    ] {
        let found = said(
            &format!("alter table {table} {how} trigger {trigger}"),
            &format!("alter table {table} enable always trigger {trigger}"),
        );
        assert!(found.contains(&format!("taken out of: {table} ({trigger})")), "{how}: {found}");
    }
    let found = said(
        "alter table control.tenants enable trigger record_change",
        "alter table control.tenants enable always trigger record_change",
    );
    assert!(found.contains("changes are not recorded on: control.tenants"), "{found}");
    let found = said(
        &format!("alter table audit.events_{month} no force row level security"),
        &format!("alter table audit.events_{month} force row level security"),
    );
    assert!(found.contains(&format!("not forced on: audit.events_{month}")), "{found}");
    assert_eq!(bad(&place), Vec::<String>::new());
}

#[test]
fn months_that_are_missing_are_named() {
    let place = Castellan::migrated();
    let ahead = |months: u8| {
        let month = format!("date_trunc('month', now() at time zone 'UTC') + interval '{months} months'");
        place.texts(&format!("select to_char({month}, 'YYYY_MM')")).remove(0)
    };
    let (next, later) = (ahead(1), ahead(5));
    place.execute(&format!("drop table audit.events_{next}, audit.changes_{later}"));
    let bad = bad(&place).join("\n");
    assert!(bad.contains(&format!("FAIL  these months of the audit log are missing: events_{next}")), "{bad}");
    assert!(bad.contains(&format!("or are gone: changes_{later}")), "{bad}");
}

#[test]
fn a_server_that_cannot_be_reached_is_said_so() {
    let place = Castellan::fresh();
    let run = place.run(&["doctor", "--database-url", "postgres://nobody@127.0.0.1:1/nothing"]);
    assert_eq!(run.status, 1, "{}", run.out);
    assert!(run.out.contains("FAIL  The database cannot be reached"), "{}", run.out);
}

#[test]
fn an_unknown_setting_is_a_warning() {
    let place = Castellan::migrated();
    let run = place.run_with(&["doctor"], &[("CASTELLAN_POOOL", "9")], "");
    assert_eq!(run.status, 0, "{}{}", run.out, run.err);
    assert!(run.out.contains("warn  settings: CASTELLAN_POOOL means nothing here"), "{}", run.out);
}

#[test]
fn it_says_where_old_months_of_the_log_go() {
    let place = Castellan::migrated();
    let said = |settings: &[(&str, &str)]| {
        let run = place.run_with(&["doctor"], settings, "");
        let line = run.out.lines().find(|line| line.contains("audit log: stays") || line.contains("archive of the"));
        (run.status, line.unwrap_or_else(|| panic!("{run:?}")).split(' ').next().unwrap_or_default().to_owned())
    };
    let (keep, folder) = (("CASTELLAN_AUDIT_KEEP_MONTHS", "3"), place.folder.path().to_str().expect("a path"));
    assert_eq!(said(&[]), (0, "ok".into()));
    assert_eq!(said(&[keep]), (0, "warn".into()));
    assert_eq!(said(&[("CASTELLAN_AUDIT_ARCHIVE", folder)]), (0, "warn".into()));
    assert_eq!(said(&[keep, ("CASTELLAN_AUDIT_ARCHIVE", folder)]), (0, "ok".into()));
    assert_eq!(said(&[keep, ("CASTELLAN_AUDIT_ARCHIVE", "/nowhere")]), (1, "FAIL".into()));
    let few = place.run_with(&["doctor"], &[("CASTELLAN_SECURITY_KEEP_MONTHS", "2")], "");
    assert!(few.status == 2 && few.err.contains("security-keep-months"), "{few:?}");
}

#[test]
fn an_identity_provider_that_does_not_answer_is_a_warning() {
    let place = Castellan::migrated();
    let path = providers(&place, "http://127.0.0.1:1");
    let run = place.run(&["doctor", "--oidc-file", &path]);
    assert_eq!(run.status, 0, "{}{}", run.out, run.err);
    assert!(run.out.contains("warn  identity provider acme: http://127.0.0.1:1"), "{}", run.out);
    assert!(!run.out.contains("s3cret") && !run.err.contains("s3cret"));
}

#[test]
fn a_wrong_file_of_identity_providers_is_said_in_one_sentence() {
    let place = Castellan::migrated();
    let path = providers(&place, "http://id.acme.example");
    for command in ["doctor", "serve"] {
        let run = place.run(&[command, "--oidc-file", &path]);
        assert_eq!((run.status, run.err.lines().count()), (2, 1), "{}", run.err);
        assert!(run.err.contains("CASTELLAN_OIDC_FILE") && run.err.contains("providers[0].issuer"), "{}", run.err);
    }
    let path = providers(&place, "http://127.0.0.1:1");
    let run = place.run(&["doctor", "--oidc-file", &path, "--public-url", "https://console.example.com"]);
    assert!(run.status == 2 && run.err.contains("must begin with https://"), "{}", run.err);
    let run = place.run(&["doctor", "--oidc-file", &path, "--listen", "0.0.0.0:8080"]);
    assert!(run.status == 2 && run.err.contains("CASTELLAN_PUBLIC_URL is missing"), "{}", run.err);
}

/// A file with one provider. Returns its path.
fn providers(place: &Castellan, issuer: &str) -> String {
    let one = serde_json::json!({
        "key": "acme", "name": "Acme", "issuer": issuer, "client_id": "console", "client_secret": "s3cret"
    });
    let path = place.file("providers.json");
    std::fs::write(&path, serde_json::json!({ "providers": [one] }).to_string()).expect("the file can be written");
    path.to_string_lossy().into_owned()
}

#[test]
fn a_log_that_was_rewritten_and_a_witness_that_has_not_seen_it_are_found() {
    let place = Castellan::migrated();
    place.execute(
        "insert into audit.verifications (id, job_id, started_at, finished_at, verdict, tree_size, checkpoint_count,
                unsealed_count, first_bad_leaf, findings, finding_count)
            values (gen_random_uuid(), gen_random_uuid(), now(), now(), 'mismatch', 9, 1, 0, 3, '[\"Leaf 3 is bad.\"]', 1);
        insert into audit.checkpoints (tree_size, root, note, created_at)
            values (1, sha256(''), 'x', now() - interval '20 minutes');
        insert into audit.receipts (id, witness, outcome, tree_size, answer)
            values (gen_random_uuid(), '/nowhere/checkpoints', 'failed', 1, 'No such file or directory')",
    );
    let settings = [("CASTELLAN_AUDIT_WITNESSES", "/nowhere/checkpoints,ada@example.com")];
    let run = place.run_with(&["doctor"], &settings, "");
    assert_eq!(run.status, 1, "{}", run.out);
    for line in [
        "FAIL  audit log: is not what was sealed: Leaf 3 is bad. Found ",
        "FAIL  witness of the audit log /nowhere/checkpoints: has not seen what was signed since ",
        "ok    witness of the audit log ada@example.com: has seen",
    ] {
        assert!(run.out.contains(line), "{line} is missing from:\n{}", run.out);
    }
    assert!(run.out.contains("No such file or directory"), "{}", run.out);
    place.execute(
        "insert into audit.verifications (id, job_id, started_at, finished_at, verdict, tree_size, checkpoint_count,
            unsealed_count, findings, finding_count)
        select gen_random_uuid(), gen_random_uuid(), now(), now() + interval '1 second', 'good', 9, 1, 0, '[]', 0",
    );
    assert!(bad(&place).iter().all(|line| !line.contains("is not what was sealed")), "the last one counts");
}

#[test]
fn a_place_that_is_none_stops_the_start_and_is_named() {
    let place = Castellan::fresh();
    for wrong in ["http://witness.example.com/", "checkpoints", "https://ada:secret@witness.example.com/"] {
        let run = place.run_with(&["doctor"], &[("CASTELLAN_AUDIT_WITNESSES", wrong)], "");
        assert_eq!((run.status, run.err.lines().count()), (2, 1), "{run:?}");
        assert!(run.err.contains("CASTELLAN_AUDIT_WITNESSES") && run.err.contains("mail addresses"), "{run:?}");
    }
}
