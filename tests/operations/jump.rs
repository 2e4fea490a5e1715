//! The jump: anything that is pasted leads to its page, or to what it could be.

use castellan::web::query::encode;
use uuid::Uuid;

use crate::support::{Person, TestApp};

async fn jump(person: &Person, q: &str) -> String {
    let page = person.get(&format!("/go?q={}", encode(q))).await;
    match page.status {
        303 => page.location(),
        status => format!("{status} {}", page.title()),
    }
}

#[actix_web::test]
async fn whatever_is_known_of_a_thing_leads_to_it() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let tenant = app.tenant("northwind").await;
    let user = app.member(tenant, "ada@northwind.example", "owner").await;
    let [client, job, request, thing] = [(); 4].map(|()| Uuid::now_v7());
    app.execute(&format!(
        "insert into control.clients (id, tenant_id, slug, name) values ('{client}', '{tenant}', 'bakery', 'Bakery');
        insert into control.tenant_domains (id, tenant_id, domain, verification_token)
            values (gen_random_uuid(), '{tenant}', 'northwind.example', 'aaaaaaaaaaaaaaaaaaaa');
        insert into control.job_queue (id, kind, status, finished_at)
            values ('{job}', 'mail.send', 'succeeded', now())"
    ))
    .await;
    let event = app.happened("test.done", "target_id, request_id", &format!("'{thing}', '{request}'")).await;
    let people = format!("/people/{user}");
    for (q, address) in [
        (tenant.to_string(), format!("/tenants/{tenant}")),
        (tenant.simple().to_string(), format!("/tenants/{tenant}")),
        (format!("  {tenant} "), format!("/tenants/{tenant}")),
        ("northwind".into(), format!("/tenants/{tenant}")),
        ("Northwind".into(), format!("/tenants/{tenant}")),
        ("northwind.example".into(), format!("/tenants/{tenant}")),
        ("https://NORTHWIND.example/path?x=y".into(), format!("/tenants/{tenant}")),
        (client.to_string(), format!("/clients/{client}")),
        (job.to_string(), format!("/jobs/{job}")),
        (user.to_string(), people.clone()),
        ("Ada@Northwind.example".into(), people.clone()),
        ("mailto:ada@northwind.example".into(), people),
        (event.to_string(), format!("/audit/{event}")),
        (request.to_string(), format!("/audit?request={request}")),
        (thing.to_string(), format!("/audit?target={thing}")),
    ] {
        assert_eq!(jump(&founder, &q).await, address, "{q}");
    }
    assert_eq!(jump(&founder, &founder.id.unwrap().to_string()).await, format!("/people/{}", founder.id.unwrap()));
    assert!(app.events("audit.view").await.is_empty(), "a jump reads no event");
    let support = app.support().await;
    let among_them = format!("/tenants/{tenant}/people?q=ada@northwind.example");
    for q in [user.to_string(), "ada@northwind.example".into()] {
        assert_eq!(jump(&support, &q).await, among_them, "who may not see people finds them in their tenant");
    }
    for id in [founder.id.unwrap(), event, request] {
        assert!(jump(&support, &id.to_string()).await.starts_with("200"), "the log is not for support");
    }
}

#[actix_web::test]
async fn a_part_of_a_name_shows_what_it_could_be() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let tenant = app.tenant_named("northwind", "Northwind 100%_off").await;
    app.member(tenant, "ada@northwind.example", "owner").await;
    app.execute(&format!(
        "insert into control.clients (id, tenant_id, slug, name)
            values (gen_random_uuid(), '{tenant}', 'north-bakery', 'North Bakery')"
    ))
    .await;
    let page = founder.get("/go?q=north").await;
    assert_eq!(page.title(), "What “north” could be");
    assert_eq!(page.names(), ["Northwind 100%_off", "North Bakery", "ada@northwind.example"]);
    assert_eq!(page.attributes(".panel h2 a", "href"), ["/tenants?q=north", "/clients?q=north", "/people?q=north"]);
    for (q, found) in [("no", 2), ("100%_", 1), ("%", 0), ("zzzz", 0), ("---", 0), ("northwind.exam", 1)] {
        let page = founder.get(&format!("/go?q={}", encode(q))).await;
        assert_eq!((page.status, page.names().len()), (200, found), "{q}: {:?}", page.names());
        assert_eq!(page.texts(".empty").is_empty(), found > 0, "{q}");
    }
}

#[actix_web::test]
async fn no_more_than_ten_of_a_kind_are_shown() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    app.many_tenants(30).await;
    let page = founder.get("/go?q=tenant").await;
    assert_eq!((page.rows().len(), page.link("more").as_str()), (10, "/tenants?q=tenant"));
}

#[actix_web::test]
async fn somebody_in_two_tenants_is_shown_in_both() {
    let app = TestApp::start().await;
    let support = app.support().await;
    let (north, south) = (app.tenant("north").await, app.tenant("south").await);
    let user = app.member(north, "ada@example.org", "owner").await;
    app.execute(&format!(
        "insert into control.workspace_members (id, workspace_id, tenant_id, user_id)
            select gen_random_uuid(), id, tenant_id, '{user}' from control.workspaces where tenant_id = '{south}'"
    ))
    .await;
    let page = support.get("/go?q=ada@example.org").await;
    assert_eq!(page.status, 200);
    let mut links = page.attributes("a.name", "href");
    links.sort_unstable();
    let mut wanted = [north, south].map(|id| format!("/tenants/{id}/people?q=ada@example.org"));
    wanted.sort_unstable();
    assert_eq!(links, wanted);
}

#[actix_web::test]
async fn who_has_a_scope_finds_what_is_in_it() {
    let app = TestApp::start().await;
    let (own, foreign) = (app.tenant("own").await, app.tenant("foreign").await);
    let canary = app.member(foreign, "canary@foreign.example", "owner").await;
    let member = app.member(own, "ada@own.example", "owner").await;
    let rights = ["search.use", "tenants.view", "clients.view", "audit.view"];
    let manager = app.scoped_to_tenant(&rights, own).await;
    for q in ["foreign", "canary@foreign.example", "canary", "foreign.example", "fo"] {
        let page = manager.get(&format!("/go?q={q}")).await;
        assert_eq!((page.status, page.names().len()), (200, 0), "{q}: {:?}", page.names());
    }
    let nothing = |id: Uuid| format!("200 What “{id}” could be");
    for id in [foreign, canary, app.event("session.sign_in").await.id] {
        assert_eq!(jump(&manager, &id.to_string()).await, nothing(id));
    }
    assert_eq!(jump(&manager, "own").await, format!("/tenants/{own}"));
    assert_eq!(jump(&manager, &member.to_string()).await, format!("/tenants/{own}/people?q=ada@own.example"));
    let blind = app.person_with(&["search.use"]).await;
    assert_eq!(jump(&blind, &own.to_string()).await, nothing(own), "finding needs the right to see");
    assert_eq!(app.person_with(&["tenants.view"]).await.get("/go?q=own").await.status, 403);
}

#[actix_web::test]
async fn what_cannot_be_looked_for_is_refused_and_nothing_is_said_of_it() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    assert_eq!(founder.get("/go").await.title(), "Jump");
    assert_eq!(founder.get("/go?q=+").await.title(), "Jump");
    let long = "é".repeat(200);
    assert_eq!(founder.get(&format!("/go?q={}", encode(&long))).await.status, 200);
    for (q, said) in [("%ff", "UTF-8"), ("a%00b", "200 characters"), (&"x".repeat(201), "200 characters")] {
        let page = founder.get(&format!("/go?q={q}")).await;
        assert_eq!(page.status, 400, "{q}");
        assert!(page.message().contains(said), "{q}: {}", page.message());
    }
    let page = founder.get("/go?q=%3Cscript%3Ealert(1)%3C/script%3E").await;
    assert!(!page.text().contains("<script>alert"), "{}", page.text());
}

/// The search box of each page is a form that is sent in a body, with JavaScript or without.
#[actix_web::test]
async fn what_is_typed_into_the_search_box_is_in_no_address_before_it_is_looked_at() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let page = founder.get("/tenants").await;
    assert_eq!(page.attributes("form.jump", "method"), ["post"]);
    assert_eq!(page.attributes("form.jump", "action"), ["/go"]);
    let before = app.log_size().await;
    for (q, address) in [("", "/go"), ("  ", "/go"), ("north wind&x", "/go?q=north%20wind%26x")] {
        let answer = founder.post_form("/go", &[("q", q)]).await;
        assert_eq!((answer.status, answer.location().as_str()), (303, address), "{q}");
    }
    assert_eq!(founder.post_form("/go", &[]).await.location(), "/go");
    for q in ["x".repeat(201), "a\0b".to_owned()] {
        let page = founder.post_form("/go", &[("q", &q)]).await;
        assert_eq!(page.status, 422);
        assert!(page.message().starts_with("q may have up to 200"), "{}", page.message());
    }
    assert_eq!(app.log_size().await, before, "looking changes nothing");

    let token = founder.make_token(&["tenants.export"], &[]).await;
    let answer = founder.post_form("/go", &[("q", &format!(" {} ", token.text))]).await;
    assert_eq!(answer.location(), format!("/tokens/{}", token.id));
    let part = founder.post_form("/go", &[("q", &token.text[..40])]).await;
    assert_eq!(part.location(), "/go");
    // Whoever has to sign in first finds what they looked for in the form that is sent again, but for a token.
    let away = app.anonymous();
    let page = away.post_form("/go", &[("q", "northwind")]).await;
    assert_eq!((page.status, page.form().value("q")), (401, "northwind"));
    let page = away.post_form("/go", &[("q", &token.text)]).await;
    assert!(page.status == 303 && page.location() == "/sign-in", "{} {}", page.status, page.text());
    assert_eq!(app.person_with(&["tenants.view"]).await.post_form("/go", &[("q", "own")]).await.status, 403);
}
