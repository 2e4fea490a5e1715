//! Proving who one is once more: at the second step of signing in, and before dangerous work.

mod check;
mod ways;

pub use check::{Asker, by_code, by_passkey, by_password, by_recovery_code};
pub use ways::{Ways, host};

use serde_json::Value;
use uuid::Uuid;

use super::factors::store;
use crate::db::Tx;
use crate::error::AppError;
use crate::web::form::{FieldError, Form};

/// What was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// From an authenticator app or from the paper with recovery codes.
    Code(String),
    Passkey {
        ceremony: Uuid,
        answer: String,
    },
    Password(String),
    Nothing,
}

impl Given {
    /// Reads it off a form; the field that is filled says which it is.
    pub fn read(form: &Form) -> Given {
        let field = |name: &str| Some(form.get(name).to_owned()).filter(|value| !value.trim().is_empty());
        if let Some(answer) = field("credential") {
            return Given::Passkey { ceremony: form.get("ceremony").parse().unwrap_or_default(), answer };
        }
        if let Some(code) = field("code") {
            return Given::Code(code);
        }
        field("password").map_or(Given::Nothing, Given::Password)
    }
}

/// Something that fits and is still to be used up.
#[derive(Debug, Clone, PartialEq)]
pub enum Proof {
    Totp { id: Uuid, step: i64 },
    RecoveryCode { id: Uuid },
    Passkey { id: Uuid, parameters: Value },
    Password,
    Link,
}

impl Proof {
    /// As events and sessions name it.
    pub fn name(&self) -> &'static str {
        match self {
            Proof::Totp { .. } => "totp",
            Proof::RecoveryCode { .. } => "recovery_code",
            Proof::Passkey { .. } => "passkey",
            Proof::Password => "password",
            Proof::Link => "link",
        }
    }

    /// Uses it up. Of many requests with the same code one gets through.
    pub fn spend<P>(&self, tx: &mut Tx<'_, P>, user_id: Uuid) -> Result<(), AppError> {
        let spent = match self {
            Proof::Totp { id, step } => store::spend_step(tx, *id, *step)?,
            Proof::RecoveryCode { id } => store::spend_recovery_code(tx, *id)?,
            Proof::Passkey { id, parameters } => store::spend_passkey(tx, *id, parameters)?,
            Proof::Password | Proof::Link => true,
        };
        if !spent {
            return Err(AppError::Refused("code", USED.to_owned()));
        }
        if let Proof::RecoveryCode { .. } = self {
            let left = store::means(tx, user_id)?.recovery_codes;
            let text = format!("A recovery code of your account was used. {left} are left.");
            store::tell(tx, user_id, "A recovery code was used", &text)?;
        }
        Ok(())
    }
}

const USED: &str = "was used already. Wait for the next one";

/// What came of looking at it.
#[derive(Debug)]
pub enum Checked {
    Fits(Proof),
    Wrong(FieldError),
    /// Seconds until the next try is looked at.
    Wait(u32),
}
