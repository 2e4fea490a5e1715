//! What events say of who acted besides the columns they have for it.

use std::borrow::Cow;

use serde_json::{Value, json};

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
