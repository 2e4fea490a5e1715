//! Making and changing streams. The answer that makes a secret shows it, once.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use diesel::PgConnection;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::actions::{action, trail};
use super::forms::{self, BEGINNINGS, CONSTRAINTS, NewStream, OVERLAP_HOURS, Rotation, StreamPatch};
use super::model::{self, Listed, Stream};
use super::store;
use super::targets::Targets;
use crate::action::Action;
use crate::actor::Can;
use crate::audit::{Stream as Manage, history};
use crate::db::{Db, Tx};
use crate::error::AppError;
use crate::web::conflict::Difference;
use crate::web::context::Context;
use crate::web::edit::{self, EditForm, Rendered};
use crate::web::flash::Flash;
use crate::web::form::{ConstraintField, FieldError, Form, FormView, field_errors};
use crate::web::page::{self, Shell, see_other};
use crate::web::route::RowId;

#[derive(Template)]
#[template(path = "audit/streams/new.html")]
struct New {
    shell: Shell,
    form: FormView,
    kinds: Vec<&'static str>,
    beginnings: [(&'static str, &'static str); 2],
}

/// The page that shows a secret.
#[derive(Template)]
#[template(path = "audit/streams/secret.html")]
struct Shown {
    shell: Shell,
    secret: String,
    url: String,
    /// What became of the one before.
    before: String,
}

fn form_page(
    context: &Context,
    targets: &Targets,
    form: FormView,
    status: StatusCode,
) -> Result<HttpResponse, AppError> {
    let shell = context.shell("New stream").under("Audit log", "/audit").under("Streams", "/audit/streams");
    let page = New { shell: shell.under("new", ""), form, kinds: targets.kinds(), beginnings: BEGINNINGS };
    page::html(status, page.render())
}

/// `/audit/streams/new`
pub async fn new(_: Can<Manage>, context: Context, targets: Data<Targets>) -> Result<HttpResponse, AppError> {
    form_page(&context, &targets, FormView::filled(&[("kind", "https"), ("beginning", "now")]), StatusCode::OK)
}

/// `POST /audit/streams`
pub async fn create(
    can: Can<Manage>,
    context: Context,
    db: Data<Db>,
    targets: Data<Targets>,
    form: Form,
) -> Result<HttpResponse, AppError> {
    let again = |status: StatusCode, errors: Vec<FieldError>| form_page(&context, &targets, form.view(errors), status);
    let new = match NewStream::from_form(&form, &targets) {
        Ok(new) => new,
        Err(errors) => return again(StatusCode::UNPROCESSABLE_ENTITY, errors),
    };
    let id = Uuid::now_v7();
    let url = format!("/audit/streams/{id}");
    let action = Action::on("audit_stream.create", "audit_stream", id).reason(&new.reason);
    let action = action.once(form.once(), url.clone());
    let (name, is_signed) = (new.name.clone(), new.kind == "https");
    match db.write(&can, action, move |tx| store::insert(tx, id, &new)).await {
        Ok(()) if is_signed => shown(&context, id, &name, 1, String::new()),
        Ok(()) => Ok(see_other(&url, Flash::ok(format!("{name} is made.")))),
        Err(AppError::Conflict(why)) => again(StatusCode::CONFLICT, vec![FieldError::new("base", why)]),
        Err(error) => again(StatusCode::UNPROCESSABLE_ENTITY, field_errors(error, &CONSTRAINTS)?),
    }
}

fn shown(context: &Context, id: Uuid, name: &str, number: i32, before: String) -> Result<HttpResponse, AppError> {
    let url = format!("/audit/streams/{id}");
    let shell =
        context.shell(format!("{name}: the secret")).under("Streams", "/audit/streams").under(name, url.clone());
    let secret = model::text(&context.site().secret, id, number);
    page::html(StatusCode::CREATED, Shown { shell, secret, url, before }.render())
}

#[derive(Template)]
#[template(path = "audit/streams/form.html")]
struct EditPage {
    shell: Shell,
    form: FormView,
    stream: Stream,
    conflict: Vec<Difference>,
}

/// `/audit/streams/{id}/edit`
pub async fn edit(can: Can<Manage>, context: Context, db: Data<Db>, id: RowId) -> Result<HttpResponse, AppError> {
    edit::edit::<StreamPatch>(can, context, db, id).await
}

/// `POST /audit/streams/{id}`: the address is judged by the kind, which the form does not hold.
pub async fn update(
    can: Can<Manage>,
    context: Context,
    db: Data<Db>,
    targets: Data<Targets>,
    id: RowId,
    form: Form,
) -> Result<HttpResponse, AppError> {
    let row = db.read(&can, move |conn| store::find(conn, id.0)).await?;
    if let (Ok(patch), kind) = (StreamPatch::from_form(&form), &row.stream.kind)
        && let Err(why) = targets.check(kind, &patch.address)
    {
        let form = form.view(vec![FieldError::new("address", why)]);
        let page = StreamPatch::page(&context, row, form, Vec::new());
        return page::html(StatusCode::UNPROCESSABLE_ENTITY, page);
    }
    edit::update::<StreamPatch>(can, context, db, id, form).await
}

impl EditForm for StreamPatch {
    type Row = Listed;
    type Needs = Manage;
    const COLUMNS: &'static [&'static str] = &["name", "address"];
    const CONSTRAINTS: &'static [ConstraintField] = &CONSTRAINTS;

    fn load(conn: &mut PgConnection, id: Uuid) -> Result<Listed, AppError> {
        store::find(conn, id)
    }
    fn values_at(conn: &mut PgConnection, row: &Listed, version: i32) -> Result<Map<String, Value>, AppError> {
        history::values_at(conn, "audit_streams", row.stream.id, version)
    }
    fn fill(row: &Listed) -> FormView {
        forms::filled(&row.stream)
    }
    fn read(form: &Form) -> Result<StreamPatch, Vec<FieldError>> {
        StreamPatch::from_form(form)
    }
    fn action(row: &Listed) -> Action {
        action("audit_stream.update", &row.stream)
    }
    fn apply(&self, tx: &mut Tx<'_, Manage>, row: &Listed) -> Result<(), AppError> {
        store::update(tx, &row.stream, self)
    }
    fn done(&self, _: &Listed) -> String {
        format!("{} is saved.", self.name)
    }
    fn post_to(row: &Listed) -> String {
        row.stream.url()
    }
    fn back_to(row: &Listed) -> String {
        row.stream.url()
    }
    fn page(context: &Context, row: Listed, form: FormView, conflict: Vec<Difference>) -> Rendered {
        let mut shell = context.shell(format!("Edit {}", row.stream.name));
        shell.trail = trail(&row.stream, "edit");
        EditPage { shell, form, stream: row.stream, conflict }.render()
    }
}

#[derive(Template)]
#[template(path = "audit/streams/rotation.html")]
struct RotationPage {
    shell: Shell,
    form: FormView,
    stream: Stream,
}

fn rotation_page(
    context: &Context,
    stream: Stream,
    form: FormView,
    status: StatusCode,
) -> Result<HttpResponse, AppError> {
    let mut shell = context.shell(format!("Rotate the secret of {}", stream.name));
    shell.trail = trail(&stream, "rotation");
    page::html(status, RotationPage { shell, form, stream }.render())
}

/// The stream, if what it sends is signed.
async fn signed(can: &Can<Manage>, db: &Db, id: Uuid) -> Result<Stream, AppError> {
    let Listed { stream, .. } = db.read(can, move |conn| store::find(conn, id)).await?;
    match stream.is_signed() {
        true => Ok(stream),
        false => Err(AppError::Conflict("Only what goes to an HTTPS endpoint is signed with a secret.".into())),
    }
}

/// `/audit/streams/{id}/rotation/new`
pub async fn ask_rotation(
    can: Can<Manage>,
    context: Context,
    db: Data<Db>,
    id: RowId,
) -> Result<HttpResponse, AppError> {
    let stream = signed(&can, &db, id.0).await?;
    let form = FormView::filled(&[("overlap_hours", &OVERLAP_HOURS.1.to_string())]);
    rotation_page(&context, stream, form, StatusCode::OK)
}

/// `POST /audit/streams/{id}/rotation`
pub async fn rotate(
    can: Can<Manage>,
    context: Context,
    db: Data<Db>,
    id: RowId,
    form: Form,
) -> Result<HttpResponse, AppError> {
    let stream = signed(&can, &db, id.0).await?;
    let rotation = match Rotation::from_form(&form) {
        Ok(rotation) => rotation,
        Err(errors) => return rotation_page(&context, stream, form.view(errors), StatusCode::UNPROCESSABLE_ENTITY),
    };
    let number = stream.secret_number + 1;
    let action = action("audit_stream.rotate", &stream).details(json!({ "secret_number": number }));
    let action = action.reason(&rotation.reason).once(form.once(), stream.url());
    let row = stream.clone();
    match db.write(&can, action, move |tx| store::rotate(tx, &row, rotation.overlap)).await {
        Ok(()) => {
            let before = match rotation.overlap.as_hours() {
                0 => "The secret before has ended.".to_owned(),
                hours => format!("The secret before signs for another {hours} hours, beside the new one."),
            };
            shown(&context, stream.id, &stream.name, number, before)
        }
        Err(AppError::AlreadyDone(url)) => {
            let said = "This form was sent before, and the secret was shown then. If nobody kept it, rotate it again.";
            Ok(see_other(&url, Flash::warn(said)))
        }
        Err(AppError::Conflict(why)) => {
            rotation_page(&context, stream, form.view(vec![FieldError::new("base", why)]), StatusCode::CONFLICT)
        }
        Err(error) => Err(error),
    }
}
