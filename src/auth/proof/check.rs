//! Looking at a proof. Wrong ones are counted for each person, and slow the next ones down as passwords do.

use std::iter;

use diesel::PgConnection;
use serde_json::json;
use uuid::Uuid;

use super::{Checked, Proof, USED};
use crate::actor::{Actor, Can, Privilege};
use crate::auth::factors::store;
use crate::auth::passkeys::{self, Passkeys};
use crate::auth::password::Passwords;
use crate::auth::sign_in::store::{self as attempts, Origin};
use crate::auth::sign_in::throttle;
use crate::auth::{recovery_codes, seal, totp};
use crate::config::Secret;
use crate::db::{Db, SecurityEvent, SecurityKind};
use crate::error::AppError;
use crate::web::form::FieldError;

/// Who proves it, and where from. The origin's account is a counter of its own, which strangers do not reach.
#[derive(Debug, Clone)]
pub struct Asker {
    pub user_id: Uuid,
    pub session_id: Uuid,
    pub origin: Origin,
}

impl Asker {
    /// With a counter for this kind of proof.
    pub fn new(user_id: Uuid, session_id: Uuid, mut origin: Origin, secret: &Secret, counter: &str) -> Asker {
        origin.account_hash = secret.hash(counter, user_id.as_bytes()).to_vec();
        Asker { user_id, session_id, origin }
    }

    /// Notes trouble where security events are read.
    async fn warn(&self, db: &Db, outcome: &str, is_limit: bool) {
        let kind = match outcome {
            "throttled" => SecurityKind::AuthnLoginLock,
            _ => SecurityKind::AuthnLoginFail,
        };
        for kind in iter::once(kind).chain(is_limit.then_some(SecurityKind::AuthnLoginFailMax)) {
            let event = SecurityEvent::of(kind, json!({ "outcome": outcome, "user_id": self.user_id }))
                .from_network(self.origin.network_hash.clone());
            db.note_security(Actor::signing_in(self.user_id, self.origin.request_id).into(), event).await;
        }
    }
}

/// A code of an authenticator app, or a recovery code.
pub async fn by_code<P: Privilege>(
    db: &Db,
    can: &Can<P>,
    asker: &Asker,
    code: String,
    secret: &Secret,
) -> Result<Checked, AppError> {
    let (user_id, secret) = (asker.user_id, secret.clone());
    in_turn(db, can, asker, move |conn| fitting(conn, user_id, &code, &secret)).await
}

/// A recovery code and nothing else.
pub async fn by_recovery_code<P: Privilege>(
    db: &Db,
    can: &Can<P>,
    asker: &Asker,
    code: String,
) -> Result<Checked, AppError> {
    let user_id = asker.user_id;
    in_turn(db, can, asker, move |conn| fitting_recovery(conn, user_id, &code)).await
}

/// One person's codes are looked at one after the other, so that those sent together are counted like those sent in a
/// row.
async fn in_turn<P: Privilege>(
    db: &Db,
    can: &Can<P>,
    asker: &Asker,
    fitting: impl FnOnce(&mut PgConnection) -> Result<Checked, AppError> + Send + 'static,
) -> Result<Checked, AppError> {
    let asked = asker.clone();
    let (checked, is_limit) = db
        .append(can, move |conn| {
            store::take_turns(conn, asked.user_id)?;
            let wait = throttle::wait(conn, &asked.origin.account_hash, asked.origin.device_id)?;
            if wait > 0 {
                attempts::note_failure(conn, &asked.origin, Some(asked.user_id), "throttled")?;
                return Ok((Checked::Wait(wait), false));
            }
            let found = fitting(conn)?;
            let is_limit = matches!(found, Checked::Wrong(_))
                && attempts::note_failure(conn, &asked.origin, Some(asked.user_id), "wrong_factor")?;
            Ok((found, is_limit))
        })
        .await?;
    match &checked {
        Checked::Fits(_) => {}
        Checked::Wrong(_) => asker.warn(db, "wrong_factor", is_limit).await,
        Checked::Wait(_) => asker.warn(db, "throttled", false).await,
    }
    Ok(checked)
}

fn fitting(conn: &mut PgConnection, user_id: Uuid, code: &str, secret: &Secret) -> Result<Checked, AppError> {
    let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let now = jiff::Timestamp::now();
    for app in store::apps(conn, user_id)? {
        let seed = seal::open(secret, totp::SEALED_FOR, app.id.as_bytes(), &app.seed);
        match seed.and_then(|seed| totp::step_of(&seed, &digits, now)) {
            Some(step) if step > app.last_step => return Ok(Checked::Fits(Proof::Totp { id: app.id, step })),
            Some(_) => return Ok(Checked::Wrong(FieldError::new("code", USED))),
            None => {}
        }
    }
    fitting_recovery(conn, user_id, code)
}

fn fitting_recovery(conn: &mut PgConnection, user_id: Uuid, code: &str) -> Result<Checked, AppError> {
    let known = match recovery_codes::hash(code) {
        Some(hash) => store::recovery_code(conn, user_id, &hash)?,
        None => None,
    };
    Ok(match known {
        Some(id) => Checked::Fits(Proof::RecoveryCode { id }),
        None => Checked::Wrong(FieldError::new("code", "does not fit, or was used already")),
    })
}

/// A passkey's answer to what this session was asked.
pub async fn by_passkey<P: Privilege>(
    db: &Db,
    can: &Can<P>,
    asker: &Asker,
    (ceremony, answer): (Uuid, String),
    passkeys: &Passkeys,
) -> Result<Checked, AppError> {
    let (user_id, session_id) = (asker.user_id, asker.session_id);
    let taken = db.append(can, move |conn| {
        let state = passkeys::store::take(conn, ceremony, session_id, "assertion")?;
        Ok((state, store::passkeys(conn, user_id)?))
    });
    let (state, known) = taken.await?;
    let Some(state) = state else { return Ok(Checked::Wrong(FieldError::new("base", passkeys::LATE))) };
    match passkeys.accept(&answer, state, known)? {
        Ok((id, parameters)) => Ok(Checked::Fits(Proof::Passkey { id, parameters })),
        Err(why) => {
            asker.warn(db, "wrong_factor", false).await;
            Ok(Checked::Wrong(FieldError::new("base", why)))
        }
    }
}

/// The password of somebody who is signed in.
pub async fn by_password<P: Privilege>(
    db: &Db,
    can: &Can<P>,
    asker: &Asker,
    password: String,
    passwords: &Passwords,
) -> Result<Checked, AppError> {
    if password.len() > 1024 {
        return Ok(Checked::Wrong(FieldError::new("password", "may have 1024 bytes at most")));
    }
    // Tries that were sent together wait here for each other and for what the first of them got.
    let turn = passwords.turn().await?;
    let asked = asker.clone();
    let looked = db.read(can, move |conn| {
        let wait = throttle::wait(conn, &asked.origin.account_hash, asked.origin.device_id)?;
        Ok((wait, attempts::password_hash(conn, asked.user_id)?))
    });
    let (wait, stored) = looked.await?;
    if wait > 0 {
        return refused(db, can, asker, "throttled", Checked::Wait(wait)).await;
    }
    if turn.fits(password, stored).await? {
        return Ok(Checked::Fits(Proof::Password));
    }
    let wrong = Checked::Wrong(FieldError::new("password", "does not fit"));
    refused(db, can, asker, "wrong_password", wrong).await
}

async fn refused<P: Privilege>(
    db: &Db,
    can: &Can<P>,
    asker: &Asker,
    outcome: &'static str,
    checked: Checked,
) -> Result<Checked, AppError> {
    let asked = asker.clone();
    let noting = db.append(can, move |conn| attempts::note_failure(conn, &asked.origin, Some(asked.user_id), outcome));
    let is_limit = noting.await?;
    asker.warn(db, outcome, is_limit).await;
    Ok(checked)
}
