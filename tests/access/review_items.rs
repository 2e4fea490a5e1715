//! Decisions about the items of an access review: keep, reduce, remove, one and several.

use uuid::Uuid;

use super::{PLATFORM, act, begin_review, confirm, give, item_of, make_role, nobody_special, on_tenant, role, sides};
use crate::support::{Person, TestApp};

/// A review of one role that one person holds everywhere.
struct Case {
    app: TestApp,
    founder: Person,
    person: Person,
    keeper: Uuid,
    given: Uuid,
    review: String,
    item: String,
}

async fn case() -> Case {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let keeper = make_role(&app, "keeper", &["tenants.view", "tenants.manage"]).await;
    let person = nobody_special(&app).await;
    let given = give(&app, keeper, ("user_id", person.id.expect("a person")), PLATFORM).await;
    let review = begin_review(&founder, &[("covers", "role"), ("role_id", &keeper.to_string())]).await;
    let item = item_of(&app, &review, given).await;
    Case { app, founder, person, keeper, given, review, item }
}

impl Case {
    async fn outcome(&self) -> String {
        let id = self.item.rsplit('/').next().expect("an id");
        self.app.text(&format!("select outcome from control.access_review_items where id = '{id}'")).await
    }
}

#[actix_web::test]
async fn what_is_kept_goes_on_and_who_comes_second_is_told() {
    let case = case().await;
    let (id, email) = case.app.staff("founder").await;
    let other = case.app.browser_of(id, &email).await;
    let page = case.founder.get(&case.item).await;
    assert!(page.texts("dl.facts").join(" ").contains("test"));
    for reason in ["", " "] {
        let refused = case.founder.submit(&page.form().with("reason", reason)).await;
        assert_eq!((refused.status, refused.message().contains("reason is required")), (422, true), "{reason:?}");
    }
    let form = page.form().with("reason", "runs the shop");
    assert_eq!(case.founder.submit(&form).await.location(), case.review);
    assert_eq!((case.outcome().await.as_str(), case.person.get("/tenants").await.status), ("kept", 200));
    let event = case.app.event("access_review.keep").await;
    assert_eq!((event.target_id, event.reason.as_deref()), (Some(case.given), Some("runs the shop")));
    assert_eq!(event.of("access_review_items").len(), 1);

    let late = other.post_form(&format!("{}/keeping", case.item), &[("reason", "needed")]).await;
    assert_eq!(late.status, 409);
    let removal = other.get(&format!("{}/removal/new", case.item)).await;
    assert_eq!(removal.status, 409);
    for said in [late.message(), removal.errors().join(" ")] {
        assert!(said.contains(&case.founder.email) && said.contains("runs the shop"), "{said}");
    }
    assert!(case.founder.get(&case.review).await.rows()[0].join(" ").contains("runs the shop"));
}

#[actix_web::test]
async fn what_is_removed_ends_after_its_effect_was_shown() {
    let case = case().await;
    let unexplained = case.founder.get(&format!("{}/removal/new", case.item)).await;
    let refused = case.founder.submit(&unexplained.form().with("reason", " ")).await;
    assert_eq!(refused.status, 422);
    let (shown, done) = act(&case.founder, &format!("{}/removal", case.item)).await;
    assert_eq!(sides(&shown), ["1 person loses 2 rights"]);
    assert_eq!(done.location(), case.review);
    assert_eq!((case.outcome().await.as_str(), case.person.get("/tenants").await.status), ("removed", 403));
    let event = case.app.event("access_review.remove").await;
    assert_eq!((event.of("assignments").len(), event.of("access_review_items").len()), (1, 1));
}

#[actix_web::test]
async fn a_reduction_is_smaller_in_role_place_or_time() {
    let case = case().await;
    let northwind = case.app.tenant("northwind").await;
    let reader = make_role(&case.app, "reader", &["tenants.view"]).await;
    let other = make_role(&case.app, "other", &["tenants.view", "clients.view"]).await;
    let form = case.founder.get(&format!("{}/reduction/new", case.item)).await.form().with("reason", "reads only");
    assert_eq!(form.value("role_id"), case.keeper.to_string());
    let unchanged = case.founder.submit(&form).await;
    assert_eq!(unchanged.status, 422);
    assert!(unchanged.field_error("role_id").contains("make one of them smaller"));
    for (field, value) in [("role_id", other.to_string()), ("role_id", role(&case.app, "founder").await.to_string())] {
        let page = case.founder.submit(&form.clone().with(field, &value)).await;
        assert_eq!(page.status, 422, "{field}={value}");
        assert!(page.field_error(field).contains("more than"), "{:?}", page.errors());
    }
    assert_eq!(case.founder.submit(&form.clone().with("reason", "")).await.field_error("reason"), "is required");
    let smaller = form.with("role_id", &reader.to_string()).with("scope_kind", "tenant").with("tenant_id", "northwind");
    let (shown, done) = confirm(&case.founder, &smaller).await;
    assert_eq!(sides(&shown), ["1 person loses 2 rights"], "and nobody gains");
    assert_eq!(done.location(), case.review);
    let now = case
        .app
        .text(
            "select a.role_id || ' ' || a.tenant_id || ' ' || a.reason from control.access_review_items i
            join control.assignments a on a.id = i.replacement_id where i.outcome = 'reduced'",
        )
        .await;
    assert_eq!(now, format!("{reader} {northwind} reads only"));
    assert_eq!(case.person.get(&format!("/tenants/{northwind}")).await.status, 200);
    assert_eq!(case.person.get(&format!("/tenants/{northwind}/edit")).await.status, 403);
    let event = case.app.event("access_review.reduce").await;
    assert_eq!((event.of("assignments").len(), event.reason.as_deref()), (2, Some("reads only")));
}

#[actix_web::test]
async fn a_place_or_an_end_that_is_not_smaller_is_refused() {
    let case = case().await;
    let (northwind, acme) = (case.app.tenant("northwind").await, case.app.tenant("acme").await);
    let bakery = case.app.client(northwind, "bakery", "active").await;
    let foreign = case.app.client(acme, "smithy", "active").await;
    let bob = nobody_special(&case.app).await;
    let given = give(&case.app, case.keeper, ("user_id", bob.id.expect("a person")), &on_tenant(northwind)).await;
    let until = "update control.assignments set expires_at = timestamptz '2998-01-01 12:00Z' where id";
    case.app.execute(&format!("{until} = '{given}'")).await;
    let review = begin_review(&case.founder, &[("covers", "tenant"), ("tenant_id", "northwind")]).await;
    let id = case
        .app
        .text(&format!(
            "select id from control.access_review_items where assignment_id = '{given}' and tenant_id is not null"
        ))
        .await;
    let item = format!("{review}/items/{id}");
    let form = case.founder.get(&format!("{item}/reduction/new")).await.form().with("reason", "less");
    for (fields, field) in [
        (vec![("scope_kind", "platform"), ("tenant_id", "")], "scope_kind"),
        (vec![("tenant_id", "acme")], "scope_kind"),
        (vec![("scope_kind", "client"), ("tenant_id", ""), ("client_id", "smithy")], "scope_kind"),
        (vec![("expires_at", "2999-01-01")], "expires_at"),
        (vec![("expires_at", "2001-01-01")], "expires_at"),
    ] {
        let form = fields.iter().fold(form.clone(), |form, (name, value)| form.with(name, value));
        let page = case.founder.submit(&form).await;
        assert_eq!(page.status, 422, "{fields:?}");
        assert!(!page.field_error(field).is_empty(), "{fields:?}: {:?}", page.errors());
    }
    let sooner = form.with("scope_kind", "client").with("tenant_id", "").with("client_id", "bakery");
    let (shown, _) = confirm(&case.founder, &sooner).await;
    assert_eq!(sides(&shown), ["1 person loses 2 rights"]);
    let stored = case
        .app
        .text(
            "select client_id || ' ' || (expires_at = timestamptz '2998-01-01 12:00Z') from control.assignments
            where client_id is not null",
        )
        .await;
    assert_eq!(stored, format!("{bakery} true"), "a blank end stays as it was");
    assert_ne!(bakery, foreign);
}

#[actix_web::test]
async fn nobody_decides_about_what_they_hold_nor_gives_what_they_lack() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let group = Uuid::now_v7();
    let id = founder.id.expect("a person");
    app.execute(&format!(
        "insert into control.groups (id, name) values ('{group}', 'Chiefs');
        insert into control.group_memberships (id, group_id, user_id) values (gen_random_uuid(), '{group}', '{id}')"
    ))
    .await;
    let shared = give(&app, role(&app, "auditor").await, ("group_id", group), PLATFORM).await;
    let own = app.text(&format!("select id from control.assignments where user_id = '{id}'")).await;
    let review = begin_review(&founder, &[]).await;
    for held in [own.parse().expect("an id"), shared] {
        let item = item_of(&app, &review, held).await;
        assert_eq!(founder.post_form(&format!("{item}/keeping"), &[("reason", "mine")]).await.status, 409);
        assert_eq!(founder.get(&format!("{item}/removal/new")).await.status, 409);
        assert!(founder.get(&item).await.texts(".banner").join(" ").contains("yourself"));
        let form = founder.get(&format!("{item}/reduction/new")).await.form();
        let form = form.with("reason", "less").with("expires_at", "2998-01-01");
        let page = founder.submit(&form).await;
        assert_eq!(page.status, 409, "{:?}", page.errors());
    }
    let noted = "select count(*) from audit.security_events where kind = 'authz_fail' and details ->> 'action' = ";
    assert_eq!(app.number(&format!("{noted}'access_review.keep'")).await, 2, "that it was tried is noted");
    // Who may manage access and holds nothing else gives nothing smaller either.
    let manager = app.person_with(&["access.manage", "reviews.view"]).await;
    let (bob, _) = app.staff("support").await;
    let given = app.text(&format!("select id from control.assignments where user_id = '{bob}'")).await;
    let review = begin_review(&founder, &[]).await;
    let item = app
        .text(&format!(
            "select i.id from control.access_review_items i where i.assignment_id = '{given}' and i.review_id = '{}'",
            review.trim_start_matches("/reviews/")
        ))
        .await;
    let path = format!("{review}/items/{item}/reduction/new");
    let form = manager.get(&path).await.form().with("reason", "less").with("expires_at", "2998-01-01");
    let page = manager.submit(&form).await;
    assert_eq!(page.status, 422);
    assert!(page.field_error("role_id").contains("nobody gives what they lack"), "{:?}", page.errors());
}

#[actix_web::test]
async fn what_ended_meanwhile_is_marked_and_not_decided() {
    let case = case().await;
    case.app.execute(&format!("update control.assignments set expires_at = now() where id = '{}'", case.given)).await;
    assert!(case.founder.get(&case.review).await.rows()[0].join(" ").contains("ended meanwhile"));
    case.app.execute(&format!("update control.assignments set revoked_at = now() where id = '{}'", case.given)).await;
    assert!(case.founder.get(&case.review).await.rows()[0].join(" ").contains("revoked meanwhile"));
    assert!(case.founder.get(&case.item).await.texts(".banner").join(" ").contains("revoked meanwhile"));
    assert_eq!(case.founder.post_form(&format!("{}/keeping", case.item), &[("reason", "needed")]).await.status, 409);
    assert_eq!(case.founder.get(&format!("{}/removal/new", case.item)).await.status, 409);
    assert_eq!(case.founder.get(&format!("{}/reduction/new", case.item)).await.status, 409);
    let end = "update control.assignments set revoked_at = null, expires_at = now() + interval '9 days' where id";
    case.app.execute(&format!("{end} = '{}'", case.given)).await;
    assert!(case.founder.get(&case.review).await.rows()[0].join(" ").contains("was changed meanwhile"));
    assert_eq!(case.founder.post_form(&format!("{}/keeping", case.item), &[("reason", "needed")]).await.status, 303);
}

#[actix_web::test]
async fn an_item_has_one_address() {
    let case = case().await;
    let other = begin_review(&case.founder, &[]).await;
    let id = case.item.rsplit('/').next().expect("an id");
    for path in ["", "/removal/new", "/reduction/new"] {
        assert_eq!(case.founder.get(&format!("{other}/items/{id}{path}")).await.status, 404, "{path}");
    }
    for noun in ["keeping", "removal", "reduction"] {
        let answer = case.founder.post_form(&format!("{other}/items/{id}/{noun}"), &[("reason", "x")]).await;
        assert_eq!(answer.status, 404, "{noun}");
    }
    for noun in ["keeping", "removal"] {
        let answer = case.founder.post_form(&format!("{other}/{noun}"), &[("item_id", id), ("reason", "x")]).await;
        assert!([404, 409].contains(&answer.status), "{noun}: {}", answer.status);
    }
    assert_eq!(case.outcome().await, "undecided");
}

/// Three more holders of the same role in one review.
async fn several(case: &Case) -> (String, Vec<Uuid>) {
    let mut given = Vec::new();
    for _ in 0..3 {
        let person = nobody_special(&case.app).await;
        given.push(give(&case.app, case.keeper, ("user_id", person.id.expect("a person")), PLATFORM).await);
    }
    let role = case.keeper.to_string();
    (begin_review(&case.founder, &[("covers", "role"), ("role_id", &role)]).await, given)
}

#[actix_web::test]
async fn several_are_kept_at_once_and_the_rest_is_said() {
    let case = case().await;
    let (review, given) = several(&case).await;
    let ids = case.founder.get(&review).await.attributes("input[name=item_id]", "value");
    assert_eq!(ids.len(), 4);
    case.app.execute(&format!("update control.assignments set revoked_at = now() where id = '{}'", given[0])).await;
    let ticked: Vec<(&str, &str)> = ids.iter().map(|id| ("item_id", id.as_str())).collect();
    let refused = case.founder.post_form(&format!("{review}/keeping"), &ticked).await;
    assert_eq!((refused.status, refused.message().contains("reason is required")), (422, true));
    let with_why: Vec<(&str, &str)> = ticked.into_iter().chain([("reason", "needed")]).collect();
    let done = case.founder.post_form(&format!("{review}/keeping"), &with_why).await;
    assert_eq!((done.status, done.location()), (303, review.clone()));
    assert!(done.flash().starts_with("3 kept. 1 stay"), "{}", done.flash());
    let event = case.app.event("access_review.keep").await;
    assert_eq!(event.of("access_review_items").len(), 3, "one event with every diff");
    assert_eq!(case.founder.post_form(&format!("{review}/keeping"), &with_why).await.status, 409, "nothing is left");
    assert_eq!(case.founder.post_form(&format!("{review}/keeping"), &[]).await.status, 422);
    let odd = [("item_id", "x"), ("reason", "\0")];
    assert_eq!(case.founder.post_form(&format!("{review}/keeping"), &odd).await.status, 422);
    let page = case.founder.get(&format!("{review}?outcome=undecided")).await;
    assert_eq!(page.rows().len(), 1);
    let page = case.founder.get(&format!("{review}?outcome=kept&used=never&principal=user&sort=-name")).await;
    assert_eq!(page.rows().len(), 3);
    let search = case.founder.get(&format!("{review}?q={}", case.person.email.to_uppercase())).await;
    assert_eq!(search.rows().len(), 1);
}

#[actix_web::test]
async fn several_are_removed_once_all_of_them_were_shown() {
    let case = case().await;
    let (review, given) = several(&case).await;
    let ids = case.founder.get(&review).await.attributes("input[name=item_id]", "value");
    let ticked: Vec<(&str, &str)> = ids.iter().map(|id| ("item_id", id.as_str())).collect();
    let shown = case.founder.post_form(&format!("{review}/removal"), &ticked).await;
    assert_eq!((shown.status, shown.title()), (200, "Remove 4 assignments".to_owned()));
    assert_eq!(sides(&shown), ["4 people lose 8 rights"]);
    assert_eq!(case.founder.submit(&shown.form()).await.field_error("reason"), "is required");
    let form = shown.form().with("reason", "unused");
    // Somebody else was quicker with one of them.
    case.app.execute(&format!("update control.assignments set revoked_at = now() where id = '{}'", given[0])).await;
    let changed = case.founder.submit(&form).await;
    assert_eq!(changed.status, 409, "{:?}", changed.errors());
    case.app.execute(&format!("update control.assignments set revoked_at = null where id = '{}'", given[0])).await;
    let shown = case.founder.post_form(&format!("{review}/removal"), &ticked).await;
    let done = case.founder.submit(&shown.form().with("reason", "unused")).await;
    assert_eq!(done.location(), review, "{:?}", done.errors());
    assert_eq!(case.person.get("/tenants").await.status, 403);
    let event = case.app.event("access_review.remove").await;
    assert_eq!((event.of("assignments").len(), event.reason.as_deref()), (4, Some("unused")));
}

#[actix_web::test]
async fn of_two_who_decide_at_once_one_is_refused() {
    let Some(app) = TestApp::on_server().await else { return };
    let founder = app.founder().await;
    let (id, email) = app.staff("founder").await;
    let other = app.browser_of(id, &email).await;
    let keeper = make_role(&app, "keeper", &["tenants.view"]).await;
    for _ in 0..5 {
        let person = nobody_special(&app).await;
        let given = give(&app, keeper, ("user_id", person.id.expect("a person")), PLATFORM).await;
        let review = begin_review(&founder, &[("covers", "role"), ("role_id", &keeper.to_string())]).await;
        let item = item_of(&app, &review, given).await;
        let form = other.get(&format!("{item}/removal/new")).await.form().with("reason", "unused");
        let keeping = format!("{item}/keeping");
        let (kept, removed) =
            futures_util::join!(founder.post_form(&keeping, &[("reason", "needed")]), other.submit(&form));
        let mut both = [kept.status, removed.status];
        both.sort_unstable();
        assert_eq!(both, [303, 409]);
        let live = person.get("/tenants").await.status;
        assert_eq!(live == 200, kept.status == 303, "what was answered first holds");
        let decided =
            app.text(&format!("select outcome from control.access_review_items where assignment_id = '{given}'")).await;
        assert_eq!(decided == "kept", kept.status == 303);
        app.execute(&format!(
            "update control.assignments set revoked_at = now() where id = '{given}' and revoked_at is null"
        ))
        .await;
    }
}
