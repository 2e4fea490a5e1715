//! The list of people and the first page of each.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use diesel::PgConnection;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::forms::{self, CONSTRAINTS, PersonPatch};
use super::model::{KINDS, Membership, Person, STATUSES};
use super::store;
use crate::access::links::model::Given;
use crate::access::links::store::Invited;
use crate::access::{Export, Manage, View, links};
use crate::action::Action;
use crate::actor::{Can, Privilege, Scope};
use crate::audit::history::{self, Entry, Of};
use crate::db::{Db, Tx};
use crate::error::AppError;
use crate::mail::{self, Posted};
use crate::web::conflict::Difference;
use crate::web::context::Context;
use crate::web::edit::{EditForm, Rendered};
use crate::web::filters;
use crate::web::form::{ConstraintField, FieldError, Form, FormView};
use crate::web::list::{Field, FieldKind, List, ListSpec};
use crate::web::list_view::ListView;
use crate::web::page::{self, Shell};

const YES_NO: FieldKind = FieldKind::Choice(&["yes", "no"]);

/// What the list of people can be asked for.
pub const LIST: ListSpec = ListSpec {
    search: "name or e-mail",
    fields: &[
        Field { name: "status", label: "status", kind: FieldKind::Choice(&STATUSES) },
        Field { name: "staff", label: "staff", kind: YES_NO },
        Field { name: "kind", label: "kind", kind: FieldKind::Choice(&KINDS) },
        Field { name: "mfa", label: "second factor", kind: YES_NO },
        Field { name: "role", label: "role", kind: FieldKind::Id },
        Field { name: "created", label: "created", kind: FieldKind::Days },
    ],
    sorts: &["-created_at", "name", "last_login_at"],
};

#[derive(Template)]
#[template(path = "access/people/index.html", blocks = ["rows"])]
struct Index {
    shell: Shell,
    list: ListView,
    people: Vec<Person>,
    roles: HashMap<Uuid, Vec<String>>,
}

impl Index {
    /// The roles of somebody, in one line.
    fn roles_of(&self, person: &Person) -> String {
        self.roles.get(&person.id).map(|names| names.join(", ")).unwrap_or_default()
    }
}

fn by_person(held: Vec<(Uuid, String)>) -> HashMap<Uuid, Vec<String>> {
    let mut roles: HashMap<Uuid, Vec<String>> = HashMap::new();
    for (id, name) in held {
        roles.entry(id).or_default().push(name);
    }
    roles
}

pub async fn index(can: Can<View>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let list = List::of(&LIST, &context)?;
    let (slice, count, names, held, list) = db
        .read(&can, move |conn| {
            let slice = store::list(conn, &list)?;
            let count = list.count(&slice, || store::count(conn, &list))?;
            let held = store::roles_of(conn, slice.rows.iter().map(|person| person.id).collect())?;
            Ok((slice, count, store::roles(conn)?, held, list))
        })
        .await?;
    let list = list.view(&slice, count).naming("role", &names);
    let page = Index { shell: context.shell("People"), list, people: slice.rows, roles: by_person(held) };
    page::ok(if context.wants_list { page.as_rows().render() } else { page.render() })
}

pub async fn export(can: Can<Export>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    const HEADER: &[&str] = &[
        "id",
        "email",
        "name",
        "kind",
        "status",
        "is_staff",
        "mfa_enabled",
        "locale",
        "time_zone",
        "email_verified_at",
        "last_login_at",
        "locked_until",
        "created_at",
    ];
    let list = List::of(&LIST, &context)?;
    db.note_read(&can).await?;
    let load = move |list: List| {
        let (db, can) = (db.clone(), can.clone());
        async move { db.read(&can, move |conn| store::list(conn, &list)).await }
    };
    crate::web::export::send("people", HEADER, list, load, cells).await
}

fn cells(person: &Person) -> Vec<String> {
    let moment = |at: Option<jiff_diesel::Timestamp>| at.map(|at| filters::iso(at.to_jiff())).unwrap_or_default();
    vec![
        person.id.to_string(),
        person.email.clone(),
        person.name.clone(),
        person.kind.clone(),
        person.status.clone(),
        person.is_staff.to_string(),
        person.mfa_enabled.to_string(),
        person.locale.clone(),
        person.time_zone.clone(),
        moment(person.email_verified_at),
        moment(person.last_login_at),
        moment(person.locked_until),
        moment(Some(person.created_at)),
    ]
}

/// What every tab of a person shows above itself.
pub struct Head {
    pub person: Person,
    pub tab: &'static str,
    /// Who is limited to some tenants sees people there, but not how they sign in.
    pub is_whole: bool,
    /// It is the asker.
    pub is_me: bool,
}

impl Head {
    /// Loads it for one tab.
    pub fn load(
        conn: &mut PgConnection,
        can: &Can<impl Privilege>,
        id: Uuid,
        tab: &'static str,
    ) -> Result<Head, AppError> {
        let person = store::find(conn, id)?;
        let is_me = can.actor().user_id == Some(id);
        Ok(Head { person, tab, is_whole: *can.scope() == Scope::Platform, is_me })
    }

    /// Refuses those who are limited to some tenants: what this tab shows belongs to no tenant.
    pub fn whole(self) -> Result<Head, AppError> {
        if self.is_whole { Ok(self) } else { Err(AppError::NotFound) }
    }

    /// The frame of the page.
    pub fn shell(&self, context: &Context) -> Shell {
        context.shell(self.person.name.clone()).under("People", "/people").under(self.person.email.clone(), "")
    }
}

#[derive(Template)]
#[template(path = "access/people/show.html")]
struct Show {
    shell: Shell,
    head: Head,
    memberships: Vec<Membership>,
    alive_sessions: i64,
    invited: Option<(Invited, Option<Posted>)>,
    /// What somebody pending is invited to.
    given: Vec<Given>,
    history: Vec<Entry>,
}

const MEMBERSHIPS_SHOWN: i64 = 20;

pub async fn show(can: Can<View>, context: Context, db: Data<Db>, id: Path<Uuid>) -> Result<HttpResponse, AppError> {
    let (id, asker) = (*id, can.clone());
    let page = db
        .read(&can, move |conn| {
            let head = Head::load(conn, &asker, id, "overview")?;
            let shows_invitation = head.is_whole && head.person.status == "pending";
            Ok(Show {
                shell: head.shell(&context),
                memberships: store::memberships(conn, id, MEMBERSHIPS_SHOWN)?,
                alive_sessions: if head.is_whole { store::alive_sessions(conn, id)? } else { 0 },
                invited: if shows_invitation { invited(conn, id)? } else { None },
                given: if shows_invitation { links::store::given(conn, id)? } else { Vec::new() },
                history: history::latest(conn, Of::Person(id), 5)?,
                head,
            })
        })
        .await?;
    page::ok(page.render())
}

fn invited(conn: &mut PgConnection, id: Uuid) -> Result<Option<(Invited, Option<Posted>)>, AppError> {
    let Some(invited) = links::store::latest_invitation(conn, id)? else { return Ok(None) };
    let posted = mail::of_letter(conn, invited.id)?;
    Ok(Some((invited, posted)))
}

#[derive(Template)]
#[template(path = "access/people/edit.html")]
struct Edit {
    shell: Shell,
    form: FormView,
    person: Person,
    conflict: Vec<Difference>,
}

impl EditForm for PersonPatch {
    type Row = Person;
    type Needs = Manage;
    const COLUMNS: &'static [&'static str] = &["name", "email", "locale", "time_zone"];
    const CONSTRAINTS: &'static [ConstraintField] = &CONSTRAINTS;

    fn load(conn: &mut PgConnection, id: Uuid) -> Result<Person, AppError> {
        store::find(conn, id)
    }
    fn values_at(conn: &mut PgConnection, person: &Person, version: i32) -> Result<Map<String, Value>, AppError> {
        history::values_at(conn, "users", person.id, version)
    }
    fn fill(person: &Person) -> FormView {
        forms::filled(person)
    }
    fn read(form: &Form) -> Result<PersonPatch, Vec<FieldError>> {
        PersonPatch::from_form(form)
    }
    fn action(person: &Person) -> Action {
        Action::on("user.update", "user", person.id)
    }
    fn apply(&self, tx: &mut Tx<'_, Manage>, person: &Person) -> Result<(), AppError> {
        store::update(tx, person, self)
    }
    fn done(&self, _: &Person) -> String {
        format!("{} is saved.", self.name)
    }
    fn post_to(person: &Person) -> String {
        person.url()
    }
    fn back_to(person: &Person) -> String {
        person.url()
    }
    fn page(context: &Context, person: Person, form: FormView, conflict: Vec<Difference>) -> Rendered {
        let shell = context.shell(format!("Edit {}", person.name)).under("People", "/people");
        let shell = shell.under(person.email.clone(), person.url()).under("edit", "");
        Edit { shell, form, person, conflict }.render()
    }
}
