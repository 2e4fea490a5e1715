//! Asking before an event is undone: what that changes, what stays, and what stands against it.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;
use serde_json::json;
use uuid::Uuid;

use super::model::Plan;
use super::plan::{plan, undo};
use super::{Undo, ViewUndo};
use crate::action::{Action, Effect};
use crate::actor::Can;
use crate::audit::events::diff::Cell;
use crate::audit::events::pages::Words;
use crate::audit::history::Event;
use crate::db::Db;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::effect::EffectView;
use crate::web::filters;
use crate::web::flash::Flash;
use crate::web::form::{FieldError, Form, FormView};
use crate::web::list::{List, ListSpec};
use crate::web::page::{Shell, html, see_other};

/// Nothing is asked for by query but where to go back to.
const ASKED: ListSpec = ListSpec { search: "", fields: &[], sorts: &["position"] };

#[derive(Template)]
#[template(path = "audit/undo/new.html")]
struct Ask {
    shell: Shell,
    plan: Plan,
    words: Words,
    form: FormView,
    effect: EffectView,
    /// Nothing stands against it.
    is_open: bool,
}

pub async fn ask(
    looks: Can<ViewUndo>,
    context: Context,
    db: Data<Db>,
    id: Path<Uuid>,
) -> Result<HttpResponse, AppError> {
    db.note_read(&looks).await?;
    let can = Can::<Undo>::prove(looks.actor().clone())?;
    show(&can, &context, &db, *id, FormView::filled(&[]), StatusCode::OK).await
}

pub async fn act(
    can: Can<Undo>,
    context: Context,
    db: Data<Db>,
    id: Path<Uuid>,
    form: Form,
) -> Result<HttpResponse, AppError> {
    let (id, actor) = (*id, can.actor().clone());
    let planned = db.read(&can, move |conn| plan(conn, id, None, &actor)).await?;
    let mut check = form.check();
    let reason = check.reason();
    if let Err(errors) = check.finish(()) {
        return show(&can, &context, &db, id, form.view(errors), StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let back = planned.event.url();
    let action = action(&planned.event).reason(&reason).expect(form.effect()).once(form.once(), back.clone());
    let refused = match db.write(&can, action, move |tx| undo(tx, id)).await {
        Ok(()) => return Ok(see_other(&back, Flash::ok(format!("{} is undone.", planned.event.action)))),
        Err(AppError::EffectChanged(_)) => {
            "What this would change is not what you saw any more. Look at it again, then confirm.".to_owned()
        }
        Err(AppError::Conflict(why)) => why,
        Err(error) => return Err(error),
    };
    show(&can, &context, &db, id, form.view(vec![FieldError::new("base", refused)]), StatusCode::CONFLICT).await
}

/// On what the event was, so that it is in the same histories.
fn action(event: &Event) -> Action {
    Action {
        target_id: event.target_id,
        tenant_id: event.tenant_id,
        client_id: event.client_id,
        ..Action::general("event.undo", kind_of(&event.target_kind))
    }
    .details(json!({ "undoes": event.id, "action": event.action }))
}

/// Kinds of targets whose rows can be undone, as actions name them.
const KINDS: [&str; 14] = [
    "tenant",
    "domain",
    "tenant_policies",
    "policy_override",
    "workspace",
    "member",
    "client",
    "client_customization",
    "department",
    "group",
    "role",
    "assignment",
    "user",
    "event",
];

fn kind_of(kind: &str) -> &'static str {
    KINDS.iter().copied().find(|known| *known == kind).unwrap_or("event")
}

/// Does it, takes it back, and shows what it changed; or shows what stands against it.
async fn show(
    can: &Can<Undo>,
    context: &Context,
    db: &Db,
    id: Uuid,
    mut form: FormView,
    status: StatusCode,
) -> Result<HttpResponse, AppError> {
    let (actor, list) = (can.actor().clone(), List::parse(&ASKED, &context.path, &[])?);
    let (plan, words) = db
        .read(can, move |conn| {
            let plan = plan(conn, id, None, &actor)?;
            let cells = plan.conflicts.iter().flat_map(|conflict| [&conflict.set_to, &conflict.is_now]).flatten();
            let ids: Vec<Uuid> =
                cells.filter_map(|cell| if let Cell::Id(id) = cell { Some(*id) } else { None }).collect();
            let mut words = Words::of(conn, &list, std::slice::from_ref(&plan.event))?;
            words.learn(conn, &ids)?;
            Ok((plan, words))
        })
        .await?;
    let previewed = match plan.objection() {
        Some(why) => Err(AppError::Conflict(why)),
        None => db.preview(can, action(&plan.event), move |tx| undo(tx, id)).await,
    };
    let (effect, status) = match previewed {
        Ok(preview) => (preview.effect, status),
        Err(AppError::Conflict(why)) => {
            form.errors.retain(|error| error.message != why);
            form.errors.push(FieldError::new("base", why));
            (Effect::default(), StatusCode::CONFLICT)
        }
        Err(error) => return Err(error),
    };
    let shell = context
        .shell(format!("Undo {}", plan.event.action))
        .under("Audit log", "/audit")
        .under(plan.event.id.to_string(), plan.event.url())
        .under("undo", "");
    let effect = EffectView::of(&effect);
    let is_open = effect.rows > 0;
    html(status, Ask { shell, words, form, is_open, effect, plan }.render())
}
