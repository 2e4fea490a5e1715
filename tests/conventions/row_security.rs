//! Row level security alone: every table and view of the catalogue, read without any condition by those who have a scope.

use uuid::Uuid;

use crate::commands::demo;
use crate::support::TestApp;

/// The database roles of people who see some rows only.
const LIMITED: [&str; 3] = ["castellan_scoped", "castellan_viewing", "castellan_acting"];

/// What is in a scope.
#[derive(Default)]
struct Scope {
    tenants: Option<Uuid>,
    clients: Option<Uuid>,
    client_tenants: Option<Uuid>,
}

impl Scope {
    /// As the first statement of a transaction says it.
    fn setting(&self) -> String {
        let set = |name: &str, id: Option<Uuid>| {
            let id = id.map(|id| id.to_string()).unwrap_or_default();
            format!("set local castellan.{name} = '{id}'")
        };
        [
            set("tenant_ids", self.tenants),
            set("client_ids", self.clients),
            set("client_tenant_ids", self.client_tenants),
        ]
        .join("; ")
    }

    /// Which rows `r` of a table or view are in it, said in another way than the policies say it.
    fn condition(&self, relation: &Relation) -> String {
        let is = |column: &str, id: Option<Uuid>| match id {
            Some(id) => format!("coalesce({column} = '{id}', false)"),
            None => "false".to_owned(),
        };
        let of_tenant = |alias: &str| is(&format!("{alias}.tenant_id"), self.tenants);
        match (relation.name.as_str(), relation.has_tenant, relation.has_client) {
            // What roles there are is no secret.
            ("control.roles" | "control.role_privileges" | "control.privileges", ..) => "true".to_owned(),
            ("control.tenants", ..) => format!("{} or {}", is("r.id", self.tenants), is("r.id", self.client_tenants)),
            ("control.clients", ..) => format!("{} or {}", is("r.id", self.clients), of_tenant("r")),
            ("control.users", ..) => format!(
                "r.id in (select user_id from control.workspace_members m where deleted_at is null and {})",
                of_tenant("m")
            ),
            ("control.group_memberships", ..) => {
                format!("r.group_id in (select id from control.groups g where {})", of_tenant("g"))
            }
            ("audit.leaves", ..) => format!(
                "r.event_id in (select id from audit.events e where {} or {}
                    union all select id from audit.security_events s where {})",
                of_tenant("e"),
                is("e.client_id", self.clients),
                of_tenant("s")
            ),
            (_, true, true) => format!("{} or {}", of_tenant("r"), is("r.client_id", self.clients)),
            (_, true, false) => of_tenant("r"),
            (_, false, _) => "false".to_owned(),
        }
    }
}

/// One table or view.
struct Relation {
    name: String,
    has_tenant: bool,
    has_client: bool,
}

/// Everything that a database role has a right to read, in full or some columns of it, the partitions of logs included.
async fn readable(app: &TestApp, role: &str) -> Vec<Relation> {
    let has = |column: &str| {
        format!(
            "exists (select from pg_attribute where attrelid = c.oid and attname = '{column}' and not attisdropped)"
        )
    };
    let query = format!(
        "select n.nspname || '.' || c.relname || ' ' || {} || ' ' || {}
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname in ('control', 'audit') and c.relkind in ('r', 'p', 'v', 'm')
            and has_any_column_privilege('{role}', c.oid, 'select')
        order by 1",
        has("tenant_id"),
        has("client_id")
    );
    let relation = |line: String| {
        let mut words = line.split(' ');
        let (name, mut is) = (words.next().expect("a name").to_owned(), || words.next() == Some("true"));
        Relation { name, has_tenant: is(), has_client: is() }
    };
    app.texts(&query).await.into_iter().map(relation).collect()
}

/// A tenant and a client of another one, with as many rows about them as there are.
async fn scopes(app: &TestApp) -> [Scope; 3] {
    let tenant = "select tenant_id from control.departments join control.groups using (tenant_id) limit 1";
    let tenant = app.text(tenant).await.parse().expect("an id");
    let client = format!(
        "select d.client_id from control.client_deployments d join control.client_customizations using (client_id)
        where d.tenant_id <> '{tenant}' limit 1"
    );
    let client = app.text(&client).await.parse().expect("an id");
    let its_tenant = app.text(&format!("select tenant_id from control.clients where id = '{client}'")).await;
    [
        Scope { tenants: Some(tenant), ..Scope::default() },
        Scope { clients: Some(client), client_tenants: its_tenant.parse().ok(), ..Scope::default() },
        Scope::default(),
    ]
}

#[actix_web::test]
async fn whoever_has_a_scope_reads_the_rows_of_it_and_no_others() {
    let app = TestApp::start().await;
    app.leaves_jobs();
    demo::load(&app).await;
    let (mut wrong, mut told_apart) = (Vec::new(), 0);
    let scopes = scopes(&app).await;
    for role in LIMITED {
        for relation in readable(&app, role).await {
            let name = &relation.name;
            let all = app.number(&format!("select count(*) from {name}")).await;
            for scope in &scopes {
                let inside = format!("select count(*) from {name} r where {}", scope.condition(&relation));
                let inside = app.number(&inside).await;
                let seen = app.texts_as(role, &scope.setting(), &format!("select count(*) from {name}")).await;
                match seen {
                    Ok(seen) if seen == [inside.to_string()] => {
                        told_apart += usize::from(0 < inside && inside < all);
                    }
                    Err(why) if why.contains("permission denied") => {}
                    other => {
                        wrong.push(format!("{role} in {name}: {other:?} and not {inside} with {}", scope.setting()));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(told_apart > 50, "{told_apart} looks found some rows of a table and not the others");
}

/// A partition has no policies of its own, and the log is read through its whole.
#[actix_web::test]
async fn partitions_are_read_by_nobody_who_has_a_scope() {
    let app = TestApp::start().await;
    let partitions = "select c.oid from pg_class c where c.relispartition and c.relkind = 'r'";
    assert!(app.number(&format!("select count(*) from ({partitions}) p")).await > 0);
    for role in LIMITED {
        let open = format!(
            "select p.oid::regclass from ({partitions}) p
            where has_any_column_privilege('{role}', p.oid, 'select, insert, update')"
        );
        assert_eq!(app.texts(&open).await, [""; 0], "{role}");
    }
}
