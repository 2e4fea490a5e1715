//! Leads on to what was asked for, or shows what it could have been.

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;

use super::asked::Asked;
use super::store::{self, Among, FoundClient, FoundTenant, Place, ROWS};
use crate::actor::{Can, Privilege};
use crate::audit::Glance;
use crate::db::Db;
use crate::error::AppError;
use crate::operations::{Search, ViewJobs};
use crate::web::context::Context;
use crate::web::flash::Flash;
use crate::web::form::Form;
use crate::web::page::{self, Shell, see_other};
use crate::web::query::encode;
use crate::{access, clients, tenancy, token};

const LONGEST: usize = 200;

/// Found rows of one kind.
struct Found<T> {
    rows: Vec<T>,
    /// There are others.
    more: bool,
}

impl<T> Found<T> {
    fn of(mut rows: Vec<T>) -> Found<T> {
        let more = rows.len() > ROWS;
        rows.truncate(ROWS);
        Found { rows, more }
    }
}

#[derive(Template)]
#[template(path = "operations/jump/index.html")]
struct Index {
    shell: Shell,
    q: String,
    tenants: Found<FoundTenant>,
    clients: Found<FoundClient>,
    people: Found<Place>,
}

impl Index {
    fn is_empty(&self) -> bool {
        self.tenants.rows.is_empty() && self.clients.rows.is_empty() && self.people.rows.is_empty()
    }

    /// A full list, searched for the same.
    fn list(&self, path: &str) -> String {
        format!("{path}?q={}", encode(&self.q))
    }
}

/// Where the search box is sent to: what was typed is in no address before it is known to be no API token. Everything
/// else goes on to the address that can be linked to.
pub async fn ask(can: Can<Search>, db: Data<Db>, form: Form) -> Result<HttpResponse, AppError> {
    let q = form.get("q").trim();
    if token::is_in(q) {
        return to_token(&can, &db, q).await;
    }
    if is_refused(q) {
        return Err(AppError::Refused("q", format!("may have up to {LONGEST} characters of text")));
    }
    let address = if q.is_empty() { "/go".to_owned() } else { format!("/go?q={}", encode(q)) };
    Ok(HttpResponse::SeeOther().insert_header(("location", address)).finish())
}

fn is_refused(q: &str) -> bool {
    q.chars().count() > LONGEST || q.contains('\0')
}

pub async fn index(can: Can<Search>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let pairs = context.pairs()?;
    let q = pairs.get("q").unwrap_or_default().trim().to_owned();
    // A link may be made by anybody, and with anything in it.
    if token::is_in(&q) {
        return to_token(&can, &db, &q).await;
    }
    if is_refused(&q) {
        return Err(AppError::BadRequest(format!("q may have up to {LONGEST} characters of text.")));
    }
    let jump = Jump { can, db };
    if !q.is_empty()
        && let Some(address) = jump.direct(&Asked::of(&q)).await?
    {
        return Ok(HttpResponse::SeeOther().insert_header(("location", address)).finish());
    }
    let shell = context.shell("Jump");
    page::ok(jump.search(shell, q).await?.render())
}

/// Whoever finds an API token somewhere comes to its page, from where it is revoked. The answer always leads to another
/// address, so that the token stays in no page and in no history.
async fn to_token(can: &Can<Search>, db: &Db, q: &str) -> Result<HttpResponse, AppError> {
    let text = q.trim().trim_matches(['<', '>', '"', '\'', '(', ')', ',', ';']);
    if !token::is_whole(text) {
        let said = "That holds an API token, or a part of one. Paste the token alone and whole to get to its page.";
        return Ok(see_other("/go", Flash::warn(said)));
    }
    match access::token_page(db, can.actor(), text).await? {
        Some(page) => Ok(HttpResponse::SeeOther().insert_header(("location", page)).finish()),
        None => {
            let said = "That has the form of an API token, but there is none like it among those you may see.";
            Ok(see_other("/go", Flash::warn(said)))
        }
    }
}

/// Whoever jumps, and where to look.
struct Jump {
    can: Can<Search>,
    db: Data<Db>,
}

impl Jump {
    /// Looks under the right to see what is looked for; without it there is nothing to be found.
    async fn look<P: Privilege, T: Default + Send + 'static>(
        &self,
        work: impl FnOnce(&mut diesel::PgConnection) -> Result<T, AppError> + Send + 'static,
    ) -> Result<T, AppError> {
        match Can::<P>::prove(self.can.actor().clone()) {
            Ok(can) => self.db.read(&can, work).await,
            Err(_) => Ok(T::default()),
        }
    }

    /// Among whom to look for people.
    fn among(&self) -> Among {
        let actor = self.can.actor();
        match actor.holds_everywhere(tenancy::View::NAME) || actor.holds_everywhere(access::View::NAME) {
            true => Among::Everybody,
            false => Among::Members,
        }
    }

    /// The one page that is meant, if one is.
    async fn direct(&self, asked: &Asked) -> Result<Option<String>, AppError> {
        match asked {
            Asked::Id(id) => self.by_id(*id).await,
            Asked::Email(email) => {
                let (email, among) = (email.clone(), self.among());
                let wanted = email.clone();
                let people = self.look::<access::View, _>(move |conn| store::address(conn, &wanted, among)).await?;
                if let Some(place) = people.first() {
                    return Ok(Some(format!("/people/{}", place.person.id)));
                }
                let places = self.look::<tenancy::View, _>(move |conn| store::address(conn, &email, among)).await?;
                Ok(match places.as_slice() {
                    [only] if only.tenant.is_some() => Some(only.url()),
                    _ => None,
                })
            }
            Asked::Domain(domain) => {
                let domain = domain.clone();
                self.look::<tenancy::View, _>(move |conn| store::domain(conn, &domain)).await
            }
            Asked::Word(word) => {
                let slug = word.to_ascii_lowercase();
                self.look::<tenancy::View, _>(move |conn| store::slug(conn, &slug)).await
            }
        }
    }

    async fn by_id(&self, id: uuid::Uuid) -> Result<Option<String>, AppError> {
        let mut found = self.look::<access::View, _>(move |conn| store::person(conn, id)).await?;
        if found.is_none() {
            found = self.look::<tenancy::View, _>(move |conn| store::tenant_or_person(conn, id)).await?;
        }
        if found.is_none() {
            found = self.look::<clients::View, _>(move |conn| store::client(conn, id)).await?;
        }
        if found.is_none() {
            found = self.look::<ViewJobs, _>(move |conn| store::job(conn, id)).await?;
        }
        if found.is_none() {
            found = self.look::<Glance, _>(move |conn| crate::audit::events::search::place_of(conn, id)).await?;
        }
        Ok(found)
    }

    async fn search(&self, shell: Shell, q: String) -> Result<Index, AppError> {
        let (mut tenants, mut people, mut clients) = Default::default();
        if !q.is_empty() {
            let (first, second, among) = (q.clone(), q.clone(), self.among());
            let find = move |conn: &mut diesel::PgConnection| {
                Ok((store::tenants(conn, &first)?, store::people(conn, &first, among)?))
            };
            (tenants, people) = self.look::<tenancy::View, _>(find).await?;
            if people.is_empty() {
                let (third, among) = (q.clone(), self.among());
                people = self.look::<access::View, _>(move |conn| store::people(conn, &third, among)).await?;
            }
            clients = self.look::<clients::View, _>(move |conn| store::clients(conn, &second)).await?;
        }
        Ok(Index { shell, q, tenants: Found::of(tenants), clients: Found::of(clients), people: Found::of(people) })
    }
}
