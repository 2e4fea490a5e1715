//! `castellan user`.

use crate::support::Castellan;

const EVENTS: &str = "select action || ' ' || coalesce(actor_label, '') from audit.events \
    where actor_kind = 'command' and actor_label = 'user' order by occurred_at";

#[test]
fn people_are_made_with_a_password_or_a_link() {
    let place = Castellan::migrated();
    let made = place.run(&["user", "add", "--email", "zoe@example.com", "--name", "Zoë", "--role", "admin"]);
    assert_eq!(made.status, 0, "{}", made.err);
    assert!(made.out.contains("zoe@example.com is made and has the role admin."), "{}", made.out);
    assert!(made.out.contains("http://127.0.0.1:8080/sign-in/link/"), "{}", made.out);

    let args = ["user", "add", "--email", "Kim@example.com", "--role", "support", "--password-stdin"];
    let short = place.run_with(&args, &[], "too short\n");
    assert_eq!(
        (short.status, short.err.as_str()),
        (1, "castellan: The password must have 15 to 256 characters; a few words are easy to remember.\n")
    );
    for (password, word) in [("for example a sentence\n", "“example”"), ("passwordpassword\n", "over and over")] {
        let refused = place.run_with(&args, &[], password);
        assert_eq!((refused.status, refused.err.contains(word)), (1, true), "{}", refused.err);
    }
    let made = place.run_with(&args, &[], "correct horse battery\n");
    assert_eq!(made.status, 0, "{}", made.err);
    assert!(!made.out.contains("/sign-in/link/"), "{}", made.out);
    assert_eq!(
        place.texts("select kind from control.user_credentials order by created_at"),
        ["sign_in_link", "password"]
    );
    assert_eq!(place.texts(EVENTS), ["user.create user", "user.make_sign_in_link user", "user.create user"]);
}

#[test]
fn what_cannot_be_made_is_said_in_words() {
    let place = Castellan::migrated();
    let add = |email: &str, role: &str| place.run(&["user", "add", "--email", email, "--role", role]);
    assert_eq!(add("zoe@example.com", "admin").status, 0);
    let twice = add("ZOE@example.com", "admin");
    assert_eq!(twice.status, 1);
    assert!(twice.err.contains("ZOE@example.com exists already."), "{}", twice.err);
    let unknown = add("kim@example.com", "king");
    assert_eq!(
        (unknown.status, unknown.err.as_str()),
        (1, "castellan: There is no role “king”. Known are: admin, auditor, founder, support.\n")
    );
    let nonsense = add("kim", "admin");
    assert_eq!((nonsense.status, nonsense.err.as_str()), (1, "castellan: “kim” is no e-mail address.\n"));
    let nobody = place.run(&["user", "recover", "--email", "nobody@example.com"]);
    assert_eq!(nobody.status, 1);
    assert!(nobody.err.contains("Nobody has the address nobody@example.com."), "{}", nobody.err);
}

#[test]
fn a_service_is_made_that_signs_in_nowhere() {
    let place = Castellan::migrated();
    let made = place.run(&["user", "add", "--service", "Nightly export", "--role", "auditor"]);
    assert_eq!(made.status, 0, "{}", made.err);
    assert!(made.out.starts_with("Nightly export is made and has the role auditor."), "{}", made.out);
    assert!(made.out.contains("/tokens/new?service=") && !made.out.contains("/sign-in/link/"), "{}", made.out);
    let made = "select concat_ws(' ', kind, status, is_staff, name, split_part(email::text, '@', 2)) from control.users
        where kind = 'service'";
    assert_eq!(place.texts(made), ["service active f Nightly export service.invalid"]);
    assert_eq!(place.texts("select count(*) from control.user_credentials"), ["0"]);
    assert_eq!(place.texts(EVENTS), ["user.create_service user"]);
    let unknown = place.run(&["user", "add", "--service", "Other", "--role", "king"]);
    assert_eq!(unknown.status, 1);
    assert!(unknown.err.contains("There is no role “king”."), "{}", unknown.err);
    let nameless = place.run(&["user", "add", "--service", " ", "--role", "auditor"]);
    assert_eq!((nameless.status, nameless.err.as_str()), (1, "castellan: The name must have 1 to 200 characters.\n"));
    let both = place.run(&["user", "add", "--service", "x", "--email", "zoe@example.com", "--role", "auditor"]);
    assert_eq!(both.status, 2, "{}", both.err);
    assert_eq!(place.run(&["user", "add", "--role", "auditor"]).status, 2, "neither the one nor the other");
}

#[test]
fn a_reset_takes_the_password_away_and_ends_sessions() {
    let place = Castellan::migrated();
    let password = ["--password-stdin"];
    let zoe = ["--email", "zoe@example.com"];
    let add = [["user", "add"].as_slice(), &zoe, &["--role", "admin"], &password].concat();
    assert_eq!(place.run_with(&add, &[], "correct horse battery").status, 0);
    place.execute(
        "insert into control.sessions (id, user_id, token_hash, user_epoch, idle_expires_at, absolute_expires_at)
        select gen_random_uuid(), id, sha256('x'), 1, now() + interval '1 hour', now() + interval '1 hour'
            from control.users where email = 'zoe@example.com'",
    );
    let reset = place.run(&[["user", "reset-password"].as_slice(), &zoe].concat());
    assert_eq!(reset.status, 0, "{}", reset.err);
    assert!(reset.out.contains("has no password any more") && reset.out.contains("/sign-in/link/"), "{}", reset.out);
    let living = "select count(*) from control.user_credentials where kind = 'password' and revoked_at is null";
    assert_eq!(place.texts(living), ["0"]);
    assert_eq!(place.texts("select revoked_reason from control.sessions"), ["credential_changed"]);

    let again = [["user", "reset-password"].as_slice(), &zoe, &password].concat();
    assert_eq!(place.run_with(&again, &[], "another horse battery").status, 0);
    assert_eq!(place.texts(living), ["1"]);
}

#[test]
fn a_recovered_person_keeps_their_factors_unless_they_are_to_go() {
    let place = Castellan::migrated();
    let zoe = ["--email", "zoe@example.com"];
    assert_eq!(place.run(&[["user", "add"].as_slice(), &zoe, &["--role", "founder"]].concat()).status, 0);
    place.execute(
        "insert into control.user_credentials (id, user_id, kind) select gen_random_uuid(), id, 'totp'
            from control.users where email = 'zoe@example.com';
        update control.users set mfa_enabled = true where email = 'zoe@example.com'",
    );
    let live = "select count(*) from control.user_credentials where kind = 'totp' and revoked_at is null";
    assert_eq!(place.run(&[["user", "recover"].as_slice(), &zoe].concat()).status, 0);
    assert_eq!(place.texts(live), ["1"]);
    let removed = place.run(&[["user", "recover"].as_slice(), &zoe, &["--remove-factors"]].concat());
    assert_eq!(removed.status, 0, "{}", removed.err);
    assert!(removed.out.contains("has no second factor any more"), "{}", removed.out);
    assert_eq!(place.texts(live), ["0"]);
    assert_eq!(place.texts("select mfa_enabled from control.users where email = 'zoe@example.com'"), ["false"]);
    assert!(place.texts(EVENTS).contains(&"user.reset_factors user".to_owned()));
}

#[test]
fn whoever_is_recovered_is_an_active_founder() {
    let place = Castellan::migrated();
    let zoe = ["--email", "zoe@example.com"];
    assert_eq!(place.run(&[["user", "add"].as_slice(), &zoe, &["--role", "founder"]].concat()).status, 0);
    place.execute(
        "update control.users set status = 'deactivated', is_staff = false, locked_until = now() + interval '1 day'
            where email = 'zoe@example.com';
        update control.assignments set expires_at = now() - interval '1 day'",
    );
    let recovered = place.run(&[["user", "recover"].as_slice(), &zoe].concat());
    assert_eq!(recovered.status, 0, "{}", recovered.err);
    assert!(recovered.out.contains("/sign-in/link/"), "{}", recovered.out);
    let allowed = "select control.authority_of(id) -> 'grants' ? 'access.manage' and is_staff and status = 'active' \
        and locked_until is null from control.users where email = 'zoe@example.com'";
    assert_eq!(place.texts(allowed), ["true"]);
    assert!(place.texts(EVENTS).contains(&"user.recover user".to_owned()));
}
