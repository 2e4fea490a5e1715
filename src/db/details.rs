//! What events say of who acted besides the columns they have for it.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use crate::actor::{ActingKind, Actor};

/// Facts about what a program did say with which token it did.
pub fn with_token<'d>(details: &'d Value, actor: &Actor) -> Cow<'d, Value> {
    let mut details = Cow::Borrowed(details);
    if let (Some(id), true) = (actor.token_id, details.is_object()) {
        details.to_mut()["token_id"] = json!(id);
    }
    details
}

/// Refusals say in whose name somebody acted; events have columns for it.
pub fn with_name<'d>(mut details: Cow<'d, Value>, actor: &Actor) -> Cow<'d, Value> {
    if let (Some(acting), true) = (&actor.acting_for, details.is_object()) {
        let details = details.to_mut();
        details["acting_for"] = json!(acting.user_id);
        match acting.kind {
            ActingKind::Delegation => details["delegation_id"] = json!(acting.id),
            ActingKind::Impersonation => details["impersonation_id"] = json!(acting.id),
        }
    }
    details
}

/// What somebody sent may hold a NUL, which PostgreSQL stores in no text; what is noted of it does not get lost for that.
pub fn storable(details: Cow<'_, Value>) -> Cow<'_, Value> {
    if holds_nul(&details) { Cow::Owned(without_nul(details.into_owned())) } else { details }
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(values) => values.iter().any(holds_nul),
        Value::Object(fields) => fields.iter().any(|(name, value)| name.contains('\0') || holds_nul(value)),
        _ => false,
    }
}

/// Each becomes the sign for a character that cannot be shown.
fn without_nul(value: Value) -> Value {
    let shown = |text: String| text.replace('\0', "\u{FFFD}");
    match value {
        Value::String(text) => Value::String(shown(text)),
        Value::Array(values) => values.into_iter().map(without_nul).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, value)| (shown(name), without_nul(value)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        other => other,
    }
}
