//! `castellan migrate`, and what every command says about its settings.

use crate::support::{Castellan, Done};

#[test]
fn migrating_says_what_it_did() {
    let place = Castellan::fresh();
    let first = place.run(&["migrate"]);
    assert_eq!(first.status, 0, "{}", first.err);
    assert!(first.out.lines().count() >= 8, "{}", first.out);
    assert!(first.out.lines().all(|line| line.starts_with("applied 20")), "{}", first.out);

    let second = place.run(&["migrate"]);
    assert_eq!((second.status, second.out.as_str()), (0, "nothing to do\n"), "{}", second.err);
}

/// A wrong setting ends the start before anything is touched, so no database is needed.
fn refused(args: &[&str], settings: &[(&str, &str)]) -> String {
    let place = Castellan::fresh();
    let Done { status, out, err } = place.run_with(args, settings, "");
    assert_eq!((status, out.as_str()), (2, ""), "{err}");
    assert_eq!(err.lines().count(), 1, "{err}");
    err.trim_end().to_owned()
}

#[test]
fn a_wrong_setting_is_named_with_what_is_allowed() {
    assert_eq!(
        refused(&[], &[("CASTELLAN_LISTEN", "everywhere")]),
        "castellan: CASTELLAN_LISTEN (--listen) cannot be “everywhere”: it must be an address and a port, such as \
        127.0.0.1:8080."
    );
    assert_eq!(
        refused(&["migrate"], &[("CASTELLAN_POOL", "0")]),
        "castellan: CASTELLAN_POOL (--pool) cannot be “0”: it must be from 1 to 64."
    );
    assert_eq!(
        refused(&[], &[("CASTELLAN_LOG_FORMAT", "xml")]),
        "castellan: CASTELLAN_LOG_FORMAT (--log-format) cannot be “xml”: it must be one of text, json."
    );
    assert_eq!(
        refused(&[], &[("CASTELLAN_DEMO", "yes")]),
        "castellan: CASTELLAN_DEMO (--demo) cannot be “yes”: it must be 0 or 1."
    );
    assert_eq!(
        refused(&["demo", "--tenants", "0"], &[]),
        "castellan: --tenants cannot be “0”: it must be from 1 to 1000000."
    );
    assert_eq!(
        refused(&[], &[("CASTELLAN_FOUNDER_EMAIL", "founder@example.com")]),
        "castellan: CASTELLAN_FOUNDER_PASSWORD is missing: the founder needs both an address and a password."
    );
    assert_eq!(
        refused(&[], &[("CASTELLAN_FOUNDER_EMAIL", "founder"), ("CASTELLAN_FOUNDER_PASSWORD", "a long enough one")]),
        "castellan: CASTELLAN_FOUNDER_EMAIL (--founder-email) cannot be “founder”: it must be an e-mail address such \
        as founder@example.com."
    );
    let email = ("CASTELLAN_FOUNDER_EMAIL", "founder@example.com");
    assert_eq!(
        refused(&[], &[email, ("CASTELLAN_FOUNDER_PASSWORD", "correct horse")]),
        "castellan: CASTELLAN_FOUNDER_PASSWORD must have 15 to 256 characters; a few words are easy to remember."
    );
    let said = refused(&[], &[email, ("CASTELLAN_FOUNDER_PASSWORD", "the founder of all this")]);
    assert_eq!(
        said,
        "castellan: CASTELLAN_FOUNDER_PASSWORD may not contain “founder”, which is the first thing others would try."
    );
}

#[test]
fn a_secret_that_is_wrong_is_not_repeated() {
    let said = refused(&[], &[("DATABASE_URL", "mysql://root:sesame@db/x")]);
    assert!(said.starts_with("castellan: DATABASE_URL (--database-url) has a value that cannot be used"), "{said}");
    assert!(!said.contains("sesame"), "{said}");
    assert!(!refused(&[], &[("CASTELLAN_SECRET_KEY", "sesame")]).contains("sesame"));
}

#[test]
fn help_names_every_setting() {
    let place = Castellan::fresh();
    let help = place.run(&["--help"]);
    assert_eq!(help.status, 0);
    for setting in ["LISTEN", "DATA_DIR", "POOL", "DEMO", "PUBLIC_URL", "SECRET_KEY", "LOG", "LOG_FORMAT"] {
        assert!(help.out.contains(&format!("[env: CASTELLAN_{setting}")), "{setting} is missing:\n{}", help.out);
    }
    assert!(help.out.contains("[env: DATABASE_URL"), "{}", help.out);
}
