//! People with their rights, who really sign in.

use std::sync::atomic::Ordering;

use castellan::access::people::{NewStaff, add_staff};
use castellan::action::Action;
use castellan::commands::setup;
use uuid::Uuid;

use super::{Person, TestApp};

/// Everybody's.
pub const PASSWORD: &str = "correct horse battery staple";

/// What a manager of one tenant may do there.
const MANAGER: [&str; 7] = [
    "tenants.view",
    "tenants.manage",
    "tenants.suspend",
    "tenants.export",
    "clients.view",
    "clients.manage",
    "clients.export",
];

impl TestApp {
    /// Nobody.
    pub fn anonymous(&self) -> Person {
        Person::anonymous(self)
    }

    /// May do everything.
    pub async fn founder(&self) -> Person {
        self.signed_in("founder").await
    }

    /// Runs the platform.
    pub async fn admin(&self) -> Person {
        self.signed_in("admin").await
    }

    /// Helps customers.
    pub async fn support(&self) -> Person {
        self.signed_in("support").await
    }

    /// Sees and changes nothing.
    pub async fn auditor(&self) -> Person {
        self.signed_in("auditor").await
    }

    /// Holds just these privileges, everywhere.
    pub async fn person_with(&self, privileges: &[&str]) -> Person {
        let role = self.role_of(privileges).await;
        self.signed_in(&role).await
    }

    /// Holds what managers hold, on one tenant.
    pub async fn manager_of_tenant(&self, tenant_id: Uuid) -> Person {
        self.scoped_to_tenant(&MANAGER, tenant_id).await
    }

    /// Holds just these privileges, on one tenant.
    pub async fn scoped_to_tenant(&self, privileges: &[&str], tenant_id: Uuid) -> Person {
        self.scoped(privileges, &format!("scope_kind = 'tenant', tenant_id = '{tenant_id}'")).await
    }

    /// Holds just these privileges, on one client of a tenant.
    pub async fn scoped_to_client(&self, privileges: &[&str], tenant_id: Uuid, client_id: Uuid) -> Person {
        let scope = format!("scope_kind = 'client', tenant_id = '{tenant_id}', client_id = '{client_id}'");
        self.scoped(privileges, &scope).await
    }

    async fn scoped(&self, privileges: &[&str], scope: &str) -> Person {
        let role = self.role_of(privileges).await;
        let (id, email) = self.staff(&role).await;
        self.execute(&format!("update control.assignments set {scope} where user_id = '{id}'")).await;
        self.browser_of(id, &email).await
    }

    async fn signed_in(&self, role: &str) -> Person {
        let (id, email) = self.staff(role).await;
        self.browser_of(id, &email).await
    }

    /// Makes a person of the staff who has not signed in yet. Returns id and address.
    pub async fn staff(&self, role: &str) -> (Uuid, String) {
        let number = self.people.fetch_add(1, Ordering::Relaxed) + 1;
        let email = format!("{}{number}@example.com", role.replace(' ', ""));
        let new = NewStaff {
            id: Uuid::now_v7(),
            email: email.clone(),
            name: format!("{role} {number}"),
            role: role.to_owned(),
            password_hash: Some(self.app.passwords.hash_blocking(PASSWORD).expect("a hash can be made")),
            reason: "test".into(),
        };
        let id = new.id;
        let can = setup::authority("test").expect("commands may make people");
        let action = Action::on("user.create", "user", id).reason("test");
        self.db().write(&can, action, move |tx| add_staff(tx, &new)).await.expect("a person can be made");
        (id, email)
    }

    /// A browser in which this person has signed in, and may do dangerous work.
    pub async fn browser_of(&self, id: Uuid, email: &str) -> Person {
        let person = self.unelevated(id, email).await;
        self.elevate(&person).await;
        person
    }

    /// May do dangerous work from now on, in all their browsers.
    pub async fn elevate(&self, person: &Person) {
        let id = person.id.expect("somebody");
        self.execute(&format!(
            "update control.sessions set elevated_until = now() + interval '10 minutes', elevated_by = 'password'
            where user_id = '{id}' and revoked_at is null and awaits is null"
        ))
        .await;
    }

    /// A browser in which this person has signed in, and nothing more.
    pub async fn unelevated(&self, id: Uuid, email: &str) -> Person {
        let mut person = self.anonymous();
        let answer = person.sign_in(email, PASSWORD).await;
        assert_eq!(answer.status, 303, "{email} cannot sign in: {}", answer.text());
        person.email = email.to_owned();
        person.id = Some(id);
        person
    }

    /// Makes a role of just these privileges; those that no domain declares yet are left out. Returns its name.
    pub(super) async fn role_of(&self, privileges: &[&str]) -> String {
        let number = self.people.fetch_add(1, Ordering::Relaxed) + 1;
        let (name, id) = (format!("role {number}"), Uuid::now_v7());
        let wanted = privileges.join("','");
        self.execute(&format!(
            "insert into control.roles (id, name) values ('{id}', '{name}');
            insert into control.role_privileges (role_id, privilege_name)
                select '{id}', name from control.privileges where name in ('{wanted}')"
        ))
        .await;
        name
    }
}
