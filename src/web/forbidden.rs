//! Why somebody may not do something, in words that say what would help.

use crate::actor::Actor;

/// For whoever asks, without this privilege or without it everywhere.
pub fn sentence(actor: &Actor, privilege: &str) -> String {
    if actor.token_id.is_some() {
        return for_a_token(actor, privilege);
    }
    if let Some(acting) = &actor.acting_for {
        return match acting.is_impersonation() {
            true => format!("This needs the privilege {privilege}, which {} does not have.", acting.name),
            false => format!(
                "This needs the privilege {privilege}, which is not among the rights of {name} that you act with, or \
                 {name} does not hold it any more. Stop acting for {name} to go on as yourself.",
                name = acting.name
            ),
        };
    }
    match actor.holds(privilege) && !actor.holds_everywhere(privilege) {
        true => format!(
            "This needs the privilege {privilege} on the whole platform, and you hold it for some tenants or clients \
             only. A founder can give it to you there."
        ),
        false => {
            format!("This needs the privilege {privilege}, which your roles do not have. A founder can give it to you.")
        }
    }
}

fn for_a_token(actor: &Actor, privilege: &str) -> String {
    match actor.is_scoped_to(privilege) {
        true => format!("This needs the privilege {privilege}, which the roles of this token's owner do not have."),
        false => format!(
            "This needs the privilege {privilege}, which this token is not for. A token is made for some rights and \
             keeps them; make another one."
        ),
    }
}
