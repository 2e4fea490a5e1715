//! Making clients and editing them.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;
use diesel::PgConnection;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::forms::{self, CONSTRAINTS, ClientFacts, ClientPatch};
use super::model::{Client, Owner};
use super::store;
use crate::action::Action;
use crate::actor::Can;
use crate::audit::history;
use crate::clients::Manage;
use crate::db::{Db, Tx};
use crate::error::AppError;
use crate::web::conflict::Difference;
use crate::web::context::Context;
use crate::web::edit::{EditForm, Rendered};
use crate::web::flash::Flash;
use crate::web::form::{ConstraintField, FieldError, Form, FormView, field_errors};
use crate::web::page::{self, Shell, see_other};

#[derive(Template)]
#[template(path = "clients/clients/form.html")]
struct FormPage {
    shell: Shell,
    form: FormView,
    /// The form asks which tenant the new client belongs to.
    asks_tenant: bool,
    /// The stored client; none for a new one.
    client: Option<Client>,
    conflict: Vec<Difference>,
    post_to: String,
    back_to: String,
}

impl FormPage {
    /// For a new client, of a tenant that is known or still to be named.
    fn of_new(context: &Context, form: FormView, owner: Option<&Owner>) -> FormPage {
        let (shell, post_to) = match owner {
            None => (context.shell("New client").under("Clients", "/clients"), "/clients".to_owned()),
            Some(owner) => {
                let list = format!("{}/clients", owner.url());
                let shell = context.shell(format!("New client of {}", owner.name));
                let shell = shell.under("Tenants", "/tenants").under(owner.slug.clone(), owner.url());
                (shell.under("clients", list.clone()), list)
            }
        };
        FormPage {
            shell: shell.under("new", ""),
            form,
            asks_tenant: owner.is_none(),
            client: None,
            conflict: Vec::new(),
            back_to: post_to.clone(),
            post_to,
        }
    }
}

/// The tenant is named in the form; `?tenant=` fills it in. Where there is none to name, there is no form.
pub async fn new(can: Can<Manage>, context: Context) -> Result<HttpResponse, AppError> {
    if !can.actor().holds_in_some_tenant("clients.manage") {
        return Err(AppError::NotFound);
    }
    let tenant = context.pairs()?.get("tenant").unwrap_or_default().to_owned();
    page::ok(FormPage::of_new(&context, FormView::filled(&[("tenant_id", &tenant)]), None).render())
}

pub async fn create(can: Can<Manage>, context: Context, db: Data<Db>, form: Form) -> Result<HttpResponse, AppError> {
    let facts = ClientFacts::from_form(&form);
    let named = form.get("tenant_id").trim().to_owned();
    let owner = match named.is_empty() {
        true => Err(FieldError::new("tenant_id", "is required")),
        false => match db.read(&can, move |conn| store::owner_by_text(conn, &named)).await {
            Ok(owner) if can.actor().holds_in_tenant("clients.manage", owner.id) => Ok(owner),
            Ok(_) | Err(AppError::NotFound) => {
                Err(FieldError::new("tenant_id", "is not the slug or id of a tenant that you may make clients for"))
            }
            Err(error) => return Err(error),
        },
    };
    let (owner, facts) = match (owner, facts) {
        (Ok(owner), Ok(facts)) => (owner, facts),
        (owner, facts) => {
            let errors = owner.err().into_iter().chain(facts.err().unwrap_or_default()).collect();
            return refused(&context, &form, errors, None);
        }
    };
    match insert(&can, &db, &form, owner.id, facts).await {
        Ok(made) => Ok(made),
        Err(AppError::Conflict(why)) => refused(&context, &form, vec![FieldError::new("tenant_id", why)], None),
        Err(error) => refused(&context, &form, field_errors(error, &CONSTRAINTS)?, None),
    }
}

pub async fn new_of_tenant(
    can: Can<Manage>,
    context: Context,
    db: Data<Db>,
    tenant_id: Path<Uuid>,
) -> Result<HttpResponse, AppError> {
    let owner = owner(&can, &db, *tenant_id).await?;
    let form = FormView::filled(&[("return_to", &context.return_to().unwrap_or_default())]);
    match owner.refuses_clients() {
        None => page::ok(FormPage::of_new(&context, form, Some(&owner)).render()),
        Some(why) => {
            let form = form.refused(vec![FieldError::new("base", why)]);
            page::html(StatusCode::CONFLICT, FormPage::of_new(&context, form, Some(&owner)).render())
        }
    }
}

pub async fn create_of_tenant(
    can: Can<Manage>,
    context: Context,
    db: Data<Db>,
    tenant_id: Path<Uuid>,
    form: Form,
) -> Result<HttpResponse, AppError> {
    let owner = owner(&can, &db, *tenant_id).await?;
    let facts = match ClientFacts::from_form(&form) {
        Ok(facts) => facts,
        Err(errors) => return refused(&context, &form, errors, Some(&owner)),
    };
    match insert(&can, &db, &form, owner.id, facts).await {
        Ok(made) => Ok(made),
        Err(AppError::Conflict(why)) => {
            let form = form.view(vec![FieldError::new("base", why)]);
            page::html(StatusCode::CONFLICT, FormPage::of_new(&context, form, Some(&owner)).render())
        }
        Err(error) => refused(&context, &form, field_errors(error, &CONSTRAINTS)?, Some(&owner)),
    }
}

/// The tenant, if clients can be made there by this person: a right on some of its clients is not enough.
async fn owner(can: &Can<Manage>, db: &Db, tenant_id: Uuid) -> Result<Owner, AppError> {
    let owner = db.read(can, move |conn| store::owner(conn, tenant_id)).await?;
    match can.actor().holds_in_tenant("clients.manage", tenant_id) {
        true => Ok(owner),
        false => Err(AppError::NotFound),
    }
}

async fn insert(
    can: &Can<Manage>,
    db: &Db,
    form: &Form,
    tenant_id: Uuid,
    facts: ClientFacts,
) -> Result<HttpResponse, AppError> {
    let id = Uuid::now_v7();
    let location = format!("/clients/{id}");
    let action = Action::on("client.create", "client", id).tenant(tenant_id).client(id);
    let action = action.once(form.once(), location.clone());
    let done = Flash::ok(format!("{} is made.", facts.name));
    db.write(can, action, move |tx| store::insert(tx, id, tenant_id, &facts)).await?;
    Ok(see_other(&location, done))
}

fn refused(
    context: &Context,
    form: &Form,
    errors: Vec<FieldError>,
    owner: Option<&Owner>,
) -> Result<HttpResponse, AppError> {
    let page = FormPage::of_new(context, form.view(errors), owner);
    page::html(StatusCode::UNPROCESSABLE_ENTITY, page.render())
}

impl EditForm for ClientPatch {
    type Row = Client;
    type Needs = Manage;
    const COLUMNS: &'static [&'static str] = ClientFacts::COLUMNS;
    const CONSTRAINTS: &'static [ConstraintField] = &CONSTRAINTS;

    fn load(conn: &mut PgConnection, id: Uuid) -> Result<Client, AppError> {
        store::find_living(conn, id)
    }
    fn values_at(conn: &mut PgConnection, client: &Client, version: i32) -> Result<Map<String, Value>, AppError> {
        history::values_at(conn, "clients", client.id, version)
    }
    fn fill(client: &Client) -> FormView {
        forms::filled(client)
    }
    fn read(form: &Form) -> Result<ClientPatch, Vec<FieldError>> {
        ClientPatch::from_form(form)
    }
    fn action(client: &Client) -> Action {
        Action::on("client.update", "client", client.id).tenant(client.tenant_id).client(client.id)
    }
    fn apply(&self, tx: &mut Tx<'_, Manage>, client: &Client) -> Result<(), AppError> {
        store::update(tx, client.id, self)
    }
    fn done(&self, _: &Client) -> String {
        format!("{} is saved.", self.facts.name)
    }
    fn post_to(client: &Client) -> String {
        client.url()
    }
    fn back_to(client: &Client) -> String {
        client.url()
    }
    fn page(context: &Context, client: Client, form: FormView, conflict: Vec<Difference>) -> Rendered {
        let shell = context.shell(format!("Edit {}", client.name)).under("Clients", "/clients");
        let shell = shell.under(client.slug.clone(), client.url()).under("edit", "");
        let (post_to, back_to) = (client.url(), client.url());
        FormPage { shell, form, asks_tenant: false, client: Some(client), conflict, post_to, back_to }.render()
    }
}
