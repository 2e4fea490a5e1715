//! Who could see something in somebody else's name: under a delegation, in an impersonation.

use uuid::Uuid;

use super::exposure::{moment, rows};
use super::{act, hand_over, impersonations, nobody_special};
use crate::support::{Person, TestApp};

#[actix_web::test]
async fn who_acts_for_somebody_else_could_what_that_opens() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let (northwind, acme) = (app.tenant("northwind").await, app.tenant("acme").await);
    let ada = app.person_with(&["tenants.view", "tenants.suspend", "jobs.view"]).await;
    let (bob, eve, kay) = (nobody_special(&app).await, nobody_special(&app).await, nobody_special(&app).await);
    let id = hand_over(&app, &ada, &bob, &["tenants.view"]).await;
    hand_over(&app, &ada, &kay, &["jobs.view"]).await;
    let within = hand_over(&app, &ada, &eve, &["tenants.view"]).await;
    app.execute(&format!("update control.delegations set tenant_id = '{northwind}' where id = '{within}'")).await;
    let with = moment(&app).await;
    act(&founder, &format!("/delegations/{id}/revocation")).await;
    let revoked = moment(&app).await;
    let by_delegation = |person: &Person, tenant: Uuid, at: &str| {
        let (address, email) = (format!("/tenants/{tenant}/exposure.json?at={at}"), person.email.clone());
        let founder = &founder;
        async move {
            let found = rows(founder, &address, "could").await;
            let of = found.into_iter().filter(|row| row["email"] == email.as_str());
            of.map(|row| format!("{} {} {}", row["via_kind"], row["via"], row["privileges"])).collect::<Vec<_>>()
        }
    };
    let way = format!("\"delegation\" \"{}\" \"tenants.view\"", ada.email);
    for (at, expected) in [(&with, vec![way.clone()]), (&revoked, vec![])] {
        assert_eq!(by_delegation(&bob, northwind, at).await, expected, "{at}");
    }
    assert_eq!(by_delegation(&eve, northwind, &revoked).await, [way], "on this tenant");
    assert!(by_delegation(&eve, acme, &revoked).await.is_empty(), "and on no other");
    assert!(by_delegation(&kay, northwind, &revoked).await.is_empty(), "jobs show no tenant");
    let page = founder.get(&format!("/tenants/{northwind}/exposure?at={with}")).await;
    for link in page.attributes("td a[href^='/delegations/']", "href") {
        assert_eq!(founder.get(&link).await.status, 200, "{link}");
    }
}

#[actix_web::test]
async fn who_impersonated_somebody_could_see_their_tenant_meanwhile() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let (northwind, bob) = impersonations::northwind(&app).await;
    let acme = app.tenant("acme").await;
    let ada = app.person_with(&["people.impersonate", "access.view"]).await;
    app.elevate(&ada).await;
    impersonations::look(&app, &ada, bob).await;
    let during = moment(&app).await;
    assert_eq!(ada.post_form("/acting/end", &[]).await.status, 303);
    let after = moment(&app).await;
    let ways = async |address: String| {
        let found = rows(&founder, &address, "could").await;
        let of = found.iter().filter(|row| row["email"] == ada.email.as_str() && row["via_kind"] == "impersonation");
        of.map(|row| row["via"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    let bob = ["bob@northwind.example"];
    assert_eq!(ways(format!("/tenants/{northwind}/exposure.json?at={during}")).await, bob);
    assert!(ways(format!("/tenants/{northwind}/exposure.json?at={after}")).await.is_empty());
    assert!(ways(format!("/tenants/{acme}/exposure.json?at={during}")).await.is_empty());
    let page = founder.get(&format!("/tenants/{northwind}/exposure?at={during}")).await;
    assert!(page.text().contains("impersonation of"), "{}", page.text());
}
