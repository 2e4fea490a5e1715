//! The form that makes a service.

use askama::Template;
use diesel::PgConnection;
use uuid::Uuid;

use super::forms::{CONSTRAINTS, NewService};
use super::store;
use crate::access::Manage;
use crate::access::assignments::model::{Principal, SCOPES};
use crate::access::assignments::store::{self as assignments, Resolved};
use crate::access::people::store as people;
use crate::action::Action;
use crate::db::Tx;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::create::NewForm;
use crate::web::edit::Rendered;
use crate::web::form::{ConstraintField, FieldError, Form, FormView};
use crate::web::page::Shell;
use crate::web::query::Pairs;

#[derive(Template)]
#[template(path = "access/services/new.html")]
struct New {
    shell: Shell,
    form: FormView,
    roles: Vec<(Uuid, String)>,
    scopes: &'static [&'static str],
}

/// A service whose first role is known to be there.
pub struct Making {
    id: Uuid,
    name: String,
    given: Resolved,
}

impl NewForm for NewService {
    type Needs = Manage;
    type Choices = Vec<(Uuid, String)>;
    type Found = Making;
    const CONSTRAINTS: &'static [ConstraintField] = &CONSTRAINTS;

    fn begin(_: &mut PgConnection, _: &Pairs) -> Result<FormView, AppError> {
        Ok(FormView::filled(&[("scope_kind", "platform")]))
    }
    fn choices(conn: &mut PgConnection) -> Result<Vec<(Uuid, String)>, AppError> {
        people::roles(conn)
    }
    fn read(form: &Form) -> Result<NewService, Vec<FieldError>> {
        NewService::from_form(form)
    }
    fn find(self, conn: &mut PgConnection) -> Result<Making, AppError> {
        let given = assignments::resolve_for(conn, &self.given, Principal::Person(self.id))?;
        Ok(Making { id: self.id, name: self.name, given })
    }
    fn action(new: &Making) -> Action {
        new.given.place.of(Action::on("user.create_service", "user", new.id))
    }
    fn apply(tx: &mut Tx<'_, Manage>, new: &Making) -> Result<(), AppError> {
        store::insert(tx, new.id, &new.name, &new.given)
    }
    fn done(new: &Making) -> String {
        format!("{} is made. It acts with API tokens, which you make for it here.", new.name)
    }
    fn go_to(new: &Making) -> String {
        format!("/people/{}/tokens", new.id)
    }
    fn page(context: &Context, roles: Vec<(Uuid, String)>, form: FormView) -> Rendered {
        let shell = context.shell("New service").under("People", "/people").under("new service", "");
        New { shell, form, roles, scopes: &SCOPES }.render()
    }
}
