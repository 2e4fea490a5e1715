//! Forms whose effect is shown before it is done: sent once they show what would change, sent again they do it.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

use super::context::Context;
use super::effect::EffectView;
use super::filters;
use super::form::{FieldError, Form, FormView};
use super::page::{Crumb, Shell, html};
use crate::action::{Action, Effect};
use crate::actor::{Can, Privilege};
use crate::db::{Db, Tx};
use crate::error::AppError;

/// What the page that asks once more says.
#[derive(Default)]
pub struct Question {
    /// `Save Operator`: the title, and the button.
    pub title: String,
    pub post_to: String,
    pub trail: Vec<Crumb>,
    /// What will happen, where the rows that change do not say it.
    pub sentence: String,
}

/// What became of a form.
pub enum Sent {
    Done,
    /// Nothing yet: this is what it would change.
    Shown(Effect),
    /// Nothing: it would change something else by now than was shown.
    Changed(Effect),
}

/// Shows the effect of a form that does not say which effect was seen, and does it for one that does.
pub async fn send<P, F>(can: &Can<P>, db: &Db, action: Action, form: &Form, work: F) -> Result<Sent, AppError>
where
    P: Privilege,
    F: FnOnce(&mut Tx<'_, P>) -> Result<(), AppError> + Send + 'static,
{
    if form.effect().is_empty() {
        return Ok(Sent::Shown(db.preview(can, action, work).await?.effect));
    }
    match db.write(can, action.expect(form.effect()), work).await {
        Ok(()) => Ok(Sent::Done),
        Err(AppError::EffectChanged(effect)) => Ok(Sent::Changed(*effect)),
        Err(error) => Err(error),
    }
}

/// Whether the person wants the form back instead of doing what it says.
pub fn wants_form(form: &Form) -> bool {
    !form.get("again").is_empty()
}

#[derive(Template)]
#[template(path = "ui/confirm.html")]
struct ConfirmPage {
    shell: Shell,
    question: Question,
    form: FormView,
    effect: EffectView,
}

/// The effect with the form in hidden fields.
pub fn shown(context: &Context, question: Question, form: &Form, effect: &Effect) -> Result<HttpResponse, AppError> {
    page(context, question, form.view(Vec::new()), effect, StatusCode::OK)
}

/// The same with 409, when the effect is another one by now.
pub fn changed(context: &Context, question: Question, form: &Form, effect: &Effect) -> Result<HttpResponse, AppError> {
    let why = "What this would change is not what you saw any more. Look at it again, then confirm.";
    page(context, question, form.view(vec![FieldError::new("base", why)]), effect, StatusCode::CONFLICT)
}

fn page(
    context: &Context,
    question: Question,
    form: FormView,
    effect: &Effect,
    status: StatusCode,
) -> Result<HttpResponse, AppError> {
    let mut shell = context.shell(question.title.clone());
    shell.trail.clone_from(&question.trail);
    html(status, ConfirmPage { shell, question, form, effect: EffectView::of(effect) }.render())
}
