//! `castellan worker`.

use super::process::{PROMPTLY, Process};

#[test]
fn it_says_what_it_does_and_ends_when_it_is_asked_to() {
    let mut process = Process::start(&["worker", "--only", "auth.sweep,jobs.sweep"]);
    assert!(process.said.starts_with("Castellan works as "), "{}", process.said);
    assert!(process.said.ends_with(" on auth.sweep, jobs.sweep\n"), "{}", process.said);
    process.ask_to_end();
    assert!(process.ended_within(PROMPTLY).success());
}

#[test]
fn one_may_do_nothing_but_seal() {
    let mut process = Process::start(&["worker", "--only", "sealer"]);
    assert_eq!(process.said, "Castellan works as sealer on sealer\n");
    process.ask_to_end();
    assert!(process.ended_within(PROMPTLY).success());
}

#[test]
fn one_may_do_nothing_but_send_the_log_on() {
    let mut process = Process::start(&["worker", "--only", "streams"]);
    assert_eq!(process.said, "Castellan works as streams on streams\n");
    process.ask_to_end();
    assert!(process.ended_within(PROMPTLY).success());
}
