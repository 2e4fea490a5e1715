//! The form that invites somebody.

use askama::Template;
use diesel::PgConnection;
use uuid::Uuid;

use super::forms::{CONSTRAINTS, NewPerson};
use super::store::{self, Invitee};
use crate::access::Manage;
use crate::access::assignments::model::{Principal, SCOPES};
use crate::access::assignments::store as assignments;
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
#[template(path = "access/invitations/new.html")]
struct New {
    shell: Shell,
    form: FormView,
    roles: Vec<(Uuid, String)>,
    scopes: &'static [&'static str],
}

impl NewForm for NewPerson {
    type Needs = Manage;
    type Choices = Vec<(Uuid, String)>;
    type Found = Invitee;
    const CONSTRAINTS: &'static [ConstraintField] = &CONSTRAINTS;

    fn begin(_: &mut PgConnection, _: &Pairs) -> Result<FormView, AppError> {
        Ok(FormView::filled(&[("scope_kind", "platform")]))
    }
    fn choices(conn: &mut PgConnection) -> Result<Vec<(Uuid, String)>, AppError> {
        people::roles(conn)
    }
    fn read(form: &Form) -> Result<NewPerson, Vec<FieldError>> {
        NewPerson::from_form(form)
    }
    fn find(self, conn: &mut PgConnection) -> Result<Invitee, AppError> {
        let given = assignments::resolve_for(conn, &self.given, Principal::Person(self.id))?;
        Ok(Invitee { id: self.id, email: self.email, name: self.name, given })
    }
    fn action(new: &Invitee) -> Action {
        new.given.place.of(Action::on("user.invite", "user", new.id))
    }
    fn apply(tx: &mut Tx<'_, Manage>, new: &Invitee) -> Result<(), AppError> {
        store::insert(tx, new)
    }
    fn done(new: &Invitee) -> String {
        format!("An invitation is on its way to {}.", new.email)
    }
    fn go_to(new: &Invitee) -> String {
        format!("/people/{}", new.id)
    }
    fn page(context: &Context, roles: Vec<(Uuid, String)>, form: FormView) -> Rendered {
        let shell = context.shell("Invite a person").under("People", "/people").under("invite", "");
        New { shell, form, roles, scopes: &SCOPES }.render()
    }
}
