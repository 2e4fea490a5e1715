//! The part of the walk that takes several people: reviews, acting for others, identities.

use super::{Left, PROVIDER, Walk, route_of};
use crate::support::Person;
use crate::support::forger::Away;

impl Walk {
    /// Of assignments of others, for nobody decides about their own.
    pub(super) async fn reviews(&mut self) {
        let mut given = Vec::new();
        for _ in 0..4 {
            let (id, _) = self.app.staff("support").await;
            given.push(self.app.text(&format!("select id from control.assignments where user_id = '{id}'")).await);
        }
        let due = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(2400)).strftime("%Y-%m-%d").to_string();
        // Not of everything, for what nobody answers for ends, one's own right as well.
        let role = self.app.text("select id from control.roles where name = 'support'").await;
        let of_role = [("due_at", due.as_str()), ("covers", "role"), ("role_id", role.as_str())];
        let named = |name| [&[("name", name)], of_role.as_slice()].concat();
        let review = self.twice("/reviews/new", &named("Quarter")).await;
        self.fill(&format!("{review}/edit"), &[("note", "Look twice")]).await;
        let mut items = Vec::new();
        for id in given {
            let of = format!("select id from control.access_review_items where assignment_id = '{id}'");
            items.push(self.app.text(&of).await);
        }
        self.send(&format!("{review}/items/{}/keeping", items[0]), &[("reason", "because")]).await;
        self.act(&format!("{review}/items/{}", items[1]), &["removal"]).await;
        let smaller = [("expires_at", due.as_str())];
        self.twice(&format!("{review}/items/{}/reduction/new", items[2]), &smaller).await;
        self.send(&format!("{review}/keeping"), &[("item_id", items[3].as_str()), ("reason", "because")]).await;
        let (last, _) = self.app.staff("support").await;
        let last = format!("select id from control.assignments where user_id = '{last}'");
        let other = self.twice("/reviews/new", &named("Last")).await;
        let of = format!("select i.id from control.access_review_items i where i.assignment_id = ({last})");
        let ticked = [("item_id", self.app.text(&of).await)];
        let page = self.person.post_form(&format!("{other}/removal"), &[("item_id", &ticked[0].1)]).await;
        let form = page.form().with("reason", "because");
        let fields: Vec<(&str, &str)> = form.fields.iter().map(|(name, value)| (&**name, &**value)).collect();
        self.send(&form.action, &fields).await;
        self.act(&review, &["closing"]).await;
    }

    /// One that is given and revoked, one that a founder revokes, and one that is used.
    pub(super) async fn delegations(&mut self) {
        let other = self.app.founder().await;
        let ends = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * 9);
        let (email, ends) = (other.email.clone(), ends.strftime("%Y-%m-%d").to_string());
        for list in ["/account/delegations", "/delegations"] {
            let new = [("email", &*email), ("ends_at", &*ends), ("action_scope", "tenants.view")];
            self.twice("/account/delegations/new", &new).await;
            let id = self.app.text("select id from control.delegations where revoked_at is null").await;
            self.act(&format!("{list}/{id}"), &["revocation"]).await;
        }
        let people = (other.id.expect("somebody"), self.person.id.expect("somebody"));
        self.app
            .execute(&format!(
                "insert into control.delegations
                    (id, grantor_user_id, delegate_user_id, action_scope, starts_at, ends_at, reason)
                values (gen_random_uuid(), '{}', '{}', '{{tenants.view}}', now(), now() + interval '1 day', 'away')",
                people.0, people.1
            ))
            .await;
        let id = self.app.text("select id from control.delegations where revoked_at is null").await;
        self.send(&format!("/account/delegations/{id}/acting"), &[]).await;
        self.send("/acting/end", &[]).await;
        self.app.elevate(&self.person).await;
    }

    /// Somebody of a tenant is looked at and acted as; other founders ask for what this one decides.
    pub(super) async fn impersonations(&mut self) {
        let bob = self.app.text("select id from control.users where email = 'bob@northwind.example'").await;
        let person = format!("/people/{bob}");
        let typed = [("ticket", "SUP-1")];
        let other = self.app.founder().await;
        let acting = [("mode", "acting"), ("ticket", "SUP-2"), ("reason", "because")];
        for noun in ["refusal", "approval"] {
            let mut form = other.get(&format!("{person}/impersonation/new")).await.form();
            for (name, value) in acting {
                form = form.with(name, value);
            }
            let shown = other.submit(&form).await;
            let asked = other.submit(&shown.form()).await.location();
            self.act(&asked, &[noun]).await;
            if noun == "approval" {
                assert_eq!(other.post_form(&format!("{asked}/beginning"), &[]).await.status, 303);
                self.act(&asked, &["ending"]).await;
            }
        }
        self.twice(&format!("{person}/impersonation/new"), &typed).await;
        self.send("/acting/end", &[]).await;
        self.app.elevate(&self.person).await;
        self.begin_approved(&person, &other).await;
        self.send("/acting/end", &[]).await;
        self.app.elevate(&self.person).await;
    }

    /// Begins what somebody else approved: the reason is the one of the request.
    async fn begin_approved(&mut self, person: &str, other: &Person) {
        other.post_form("/acting/end", &[]).await;
        self.app.elevate(other).await;
        let asked =
            self.twice(&format!("{person}/impersonation/new"), &[("mode", "acting"), ("ticket", "SUP-3")]).await;
        let form = other.get(&format!("{asked}/approval/new")).await.form().with("reason", "because");
        assert_eq!(other.submit(&form).await.status, 303);
        self.send(&format!("{asked}/beginning"), &[("reason", "because")]).await;
    }

    /// Links two identities, of which one is unlinked by its owner; the other's provider signs its owner out.
    pub(super) async fn identities(&mut self) {
        for subject in ["walker", "runner"] {
            let start = self.person.get("/account/identities/start/acme").await;
            let away = Away::of(&start.link("Go to ACME Identity"));
            let code = self.forger.code_for(&away, subject);
            let answer = [("code", &*code), ("state", &*away.state), ("iss", &*self.forger.issuer)];
            let page = self.person.come_back(PROVIDER, &answer).await.location();
            self.fill(&page, &[]).await;
        }
        let id = self.app.text("select id from control.user_identities where subject = 'walker'").await;
        self.act(&format!("/account/identities/{id}"), &["unlinking"]).await;
        let elsewhere = self.app.anonymous();
        assert_eq!(elsewhere.sign_in_by(&self.forger, PROVIDER, "runner").await.status, 303);
        let token = self.forger.sign(&self.forger.logout("runner"));
        let path = format!("/sign-in/oidc/{PROVIDER}/logout");
        assert_eq!(self.app.anonymous().post_form(&path, &[("logout_token", &token)]).await.status, 200);
        let event = self.app.event("session.end_by_provider").await;
        assert_eq!((event.actor_id, event.of("sessions").len()), (None, 1));
        self.walked.insert(route_of(&path), Left { action: event.action.clone(), with_reason: event.reason.is_some() });

        let other = self.app.admin().await.id.expect("somebody");
        self.app.identity(other, &self.forger.issuer, "sitter").await;
        let id = self.app.text("select id from control.user_identities where subject = 'sitter'").await;
        self.act(&format!("/people/{other}/identities/{id}"), &["unlinking"]).await;
    }
}
