//! Rows to begin with, made the way people make them.

use castellan::action::Action;
use castellan::actor::{Actor, ActorKind, Can};
use castellan::tenancy;
use castellan::tenancy::tenants::forms::NewTenant;
use castellan::tenancy::tenants::store;
use uuid::Uuid;

use super::TestApp;

impl TestApp {
    /// An active tenant with this slug, whose name is the slug with a capital.
    pub async fn tenant(&self, slug: &str) -> Uuid {
        let name: String = slug[..1].to_uppercase() + &slug[1..];
        self.tenant_named(slug, &name).await
    }

    /// An active tenant.
    pub async fn tenant_named(&self, slug: &str, name: &str) -> Uuid {
        let new = NewTenant {
            name: name.to_owned(),
            slug: slug.to_owned(),
            region: "eu-west",
            isolation: "row",
            trial_ends_at: None,
            notes: String::new(),
        };
        let id = Uuid::now_v7();
        let actor = Actor::process(ActorKind::Command, "test");
        let can = Can::<tenancy::Make>::prove(actor.into()).expect("commands may make tenants");
        let action = Action::on("tenant.create", "tenant", id).tenant(id);
        let made = self.db().write(&can, action, move |tx| store::insert(tx, id, &new)).await;
        made.expect("a tenant can be made");
        id
    }

    /// Many tenants at once, all made in the same moment, so that their order hangs on the id.
    pub async fn many_tenants(&self, count: usize) {
        self.execute(&format!(
            "insert into control.tenants (id, slug, name, region)
            select gen_random_uuid(), 'tenant-' || n, 'Tenant ' || lpad((n / 3)::text, 4, '0'), 'eu-west'
            from generate_series(1, {count}) n"
        ))
        .await;
    }

    /// A client of a tenant in one of its states, whose name is the slug with a capital.
    pub async fn client(&self, tenant_id: Uuid, slug: &str, status: &str) -> Uuid {
        let (id, name) = (Uuid::now_v7(), slug[..1].to_uppercase() + &slug[1..]);
        self.execute(&format!(
            "insert into control.clients (id, tenant_id, slug, name, status)
            values ('{id}', '{tenant_id}', '{slug}', '{name}', '{status}')"
        ))
        .await;
        id
    }

    /// A deployment of a client to production in one of its states.
    pub async fn deployment(&self, client_id: Uuid, status: &str) -> Uuid {
        let id = Uuid::now_v7();
        self.execute(&format!(
            "insert into control.client_deployments
                (id, client_id, tenant_id, environment, status, version_label, started_at, finished_at)
            select '{id}', c.id, c.tenant_id, 'production', '{status}', 'v1',
                case when '{status}' <> 'queued' then now() end,
                case when '{status}' in ('live', 'failed', 'rolled_back', 'cancelled') then now() end
            from control.clients c where c.id = '{client_id}'"
        ))
        .await;
        id
    }

    /// Somebody of a tenant who is not staff. Returns their id.
    pub async fn member(&self, tenant_id: Uuid, email: &str, role: &str) -> Uuid {
        let id = Uuid::now_v7();
        self.execute(&format!(
            "insert into control.users (id, email, name, status) values ('{id}', '{email}', '{email}', 'active');
            insert into control.workspace_members (id, workspace_id, tenant_id, user_id, role)
                select gen_random_uuid(), w.id, w.tenant_id, '{id}', '{role}'
                from control.workspaces w where w.tenant_id = '{tenant_id}' order by w.created_at limit 1;
            insert into control.sessions (id, user_id, token_hash, user_epoch, idle_expires_at, absolute_expires_at)
                values (gen_random_uuid(), '{id}', decode(md5('{id}') || md5('{email}'), 'hex'), 1,
                    now() + interval '1 hour', now() + interval '1 hour')"
        ))
        .await;
        id
    }
}
