//! Every statement of the jump. Each reads an index and stops after a few rows.

use castellan_schema::control::{clients, job_queue, tenant_domains, tenants, users, workspace_members};
use diesel::dsl::exists;
use diesel::pg::Pg;
use diesel::prelude::*;
use uuid::Uuid;

use crate::db::functions::text;
use crate::error::AppError;
use crate::web::list::anywhere;
use crate::web::query::encode;

/// Found rows of each kind; one more says that there are others.
pub const ROWS: usize = 10;
const LIMIT: i64 = ROWS as i64 + 1;

/// The page of a person.
pub fn person(conn: &mut PgConnection, id: Uuid) -> Result<Option<String>, AppError> {
    let is_one = exists(users::table.find(id).filter(users::deleted_at.is_null()));
    let is_one: bool = diesel::select(is_one).get_result(conn)?;
    Ok(is_one.then(|| format!("/people/{id}")))
}

/// The page of a tenant or of somebody among its people.
pub fn tenant_or_person(conn: &mut PgConnection, id: Uuid) -> Result<Option<String>, AppError> {
    if diesel::select(exists(tenants::table.find(id))).get_result(conn)? {
        return Ok(Some(format!("/tenants/{id}")));
    }
    let person: Option<Person> = users::table.find(id).select(Person::as_select()).first(conn).optional()?;
    let Some(person) = person else { return Ok(None) };
    Ok(places(conn, vec![person])?.iter().find(|place| place.tenant.is_some()).map(Place::url))
}

/// The page of a client.
pub fn client(conn: &mut PgConnection, id: Uuid) -> Result<Option<String>, AppError> {
    let is_one: bool = diesel::select(exists(clients::table.find(id))).get_result(conn)?;
    Ok(is_one.then(|| format!("/clients/{id}")))
}

/// The page of a job.
pub fn job(conn: &mut PgConnection, id: Uuid) -> Result<Option<String>, AppError> {
    let is_one: bool = diesel::select(exists(job_queue::table.find(id))).get_result(conn)?;
    Ok(is_one.then(|| format!("/jobs/{id}")))
}

/// The page of the living tenant with this slug.
pub fn slug(conn: &mut PgConnection, slug: &str) -> Result<Option<String>, AppError> {
    let living = tenants::table.filter(tenants::slug.eq(slug.to_owned()).and(tenants::deleted_at.is_null()));
    let id: Option<Uuid> = living.select(tenants::id).first(conn).optional()?;
    Ok(id.map(|id| format!("/tenants/{id}")))
}

/// The page of the tenant that claims this domain.
pub fn domain(conn: &mut PgConnection, domain: &str) -> Result<Option<String>, AppError> {
    let claimed = tenant_domains::table
        .filter(tenant_domains::domain.eq(domain.to_owned()).and(tenant_domains::deleted_at.is_null()));
    let id: Option<Uuid> = claimed.select(tenant_domains::tenant_id).first(conn).optional()?;
    Ok(id.map(|id| format!("/tenants/{id}")))
}

/// A tenant that was found.
#[derive(Queryable, Selectable)]
#[diesel(table_name = tenants, check_for_backend(Pg))]
pub struct FoundTenant {
    pub id: Uuid,
    pub name: String,
    pub slug: String,
    pub status: String,
}

/// Living tenants by a part of name or slug. Not sorted, so that looking stops at the last row that is shown.
pub fn tenants(conn: &mut PgConnection, q: &str) -> Result<Vec<FoundTenant>, AppError> {
    let living = tenants::table.filter(tenants::deleted_at.is_null()).limit(LIMIT).select(FoundTenant::as_select());
    let found: Vec<FoundTenant> = match Searched::of(q) {
        Searched::Anywhere(pattern) => {
            living.filter(tenants::name.ilike(pattern.clone()).or(tenants::slug.ilike(pattern))).load(conn)?
        }
        Searched::From(from, until) => {
            living.filter(tenants::name_sort.ge(from)).filter(tenants::name_sort.lt(until)).load(conn)?
        }
    };
    Ok(found)
}

/// A client that was found.
#[derive(Queryable, Selectable)]
#[diesel(table_name = clients, check_for_backend(Pg))]
pub struct FoundClient {
    pub id: Uuid,
    pub name: String,
    pub slug: String,
    pub status: String,
}

/// Living clients by a part of name or slug.
pub fn clients(conn: &mut PgConnection, q: &str) -> Result<Vec<FoundClient>, AppError> {
    let living = clients::table.filter(clients::deleted_at.is_null()).limit(LIMIT).select(FoundClient::as_select());
    let found: Vec<FoundClient> = match Searched::of(q) {
        Searched::Anywhere(pattern) => {
            living.filter(clients::name.ilike(pattern.clone()).or(clients::slug.ilike(pattern))).load(conn)?
        }
        Searched::From(from, until) => {
            living.filter(clients::name_sort.ge(from)).filter(clients::name_sort.lt(until)).load(conn)?
        }
    };
    Ok(found)
}

/// Somebody who was found.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = users, check_for_backend(Pg))]
pub struct Person {
    pub id: Uuid,
    pub name: String,
    pub email: String,
}

/// Among whom to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Among {
    Everybody,
    /// The members of the tenants that may be seen. Who has a row scope sees no others, and looking from the tenants
    /// to their members is quicker than asking of everybody whether they are one.
    Members,
}

fn living(among: Among) -> users::BoxedQuery<'static, Pg> {
    let living = users::table.filter(users::deleted_at.is_null()).into_boxed();
    let members = workspace_members::table.filter(workspace_members::deleted_at.is_null());
    match among {
        Among::Everybody => living,
        Among::Members => living.filter(users::id.eq_any(members.select(workspace_members::user_id))),
    }
}

/// Living people by a part of name or address, each once for every tenant they belong to.
pub fn people(conn: &mut PgConnection, q: &str, among: Among) -> Result<Vec<Place>, AppError> {
    let found = match Searched::of(q) {
        Searched::Anywhere(pattern) => {
            living(among).filter(users::name.ilike(pattern.clone()).or(text(users::email).ilike(pattern)))
        }
        Searched::From(from, until) => {
            living(among).filter(users::name_sort.ge(from)).filter(users::name_sort.lt(until))
        }
    };
    let found: Vec<Person> = found.limit(LIMIT).select(Person::as_select()).load(conn)?;
    places(conn, found)
}

/// Everywhere the person with this address is.
pub fn address(conn: &mut PgConnection, email: &str, among: Among) -> Result<Vec<Place>, AppError> {
    let found: Vec<Person> =
        living(among).filter(users::email.eq(email.to_owned())).select(Person::as_select()).load(conn)?;
    places(conn, found)
}

/// A person in a tenant, or among the staff.
pub struct Place {
    pub person: Person,
    /// Id and slug of the tenant.
    pub tenant: Option<(Uuid, String)>,
}

impl Place {
    /// For those who may not see people: a tenant's are on its page, and what staff did is in the log.
    pub fn url(&self) -> String {
        match &self.tenant {
            Some((tenant, _)) => format!("/tenants/{tenant}/people?q={}", encode(&self.person.email)),
            None => format!("/audit?actor={}", self.person.id),
        }
    }
}

fn places(conn: &mut PgConnection, people: Vec<Person>) -> Result<Vec<Place>, AppError> {
    let ids: Vec<Uuid> = people.iter().map(|person| person.id).collect();
    let rows: Vec<(Uuid, Uuid, String)> = workspace_members::table
        .inner_join(tenants::table.on(tenants::id.eq(workspace_members::tenant_id)))
        .filter(workspace_members::user_id.eq_any(ids).and(workspace_members::deleted_at.is_null()))
        .select((workspace_members::user_id, tenants::id, tenants::slug))
        .distinct()
        .limit(LIMIT * 5)
        .load(conn)?;
    let placed = people.into_iter().flat_map(|person| {
        let own = rows.iter().filter(|(user, _, _)| *user == person.id);
        let mut tenants: Vec<_> = own.map(|(_, id, slug)| Some((*id, slug.clone()))).collect();
        if tenants.is_empty() {
            tenants.push(None);
        }
        tenants.into_iter().map(move |tenant| Place { person: person.clone(), tenant })
    });
    Ok(placed.collect())
}

/// How a part of a name is looked for.
enum Searched {
    /// A `like` pattern, for the index of three letters in a row.
    Anywhere(String),
    /// Too short for that index: names that begin so.
    From(String, String),
}

impl Searched {
    fn of(q: &str) -> Searched {
        match q.split(|c: char| !c.is_alphanumeric()).any(|word| word.chars().count() >= 3) {
            true => Searched::Anywhere(anywhere(q)),
            false => {
                let from = q.to_ascii_lowercase();
                let until = format!("{from}\u{10FFFF}");
                Searched::From(from, until)
            }
        }
    }
}
