//! In whose name a session acts. Each change gives the session another token and ends its elevation.

use castellan_schema::control::sessions as s;
use diesel::prelude::*;
use jiff_diesel::Timestamp;
use uuid::Uuid;

use crate::actor::ActingKind;
use crate::auth::StopActing;
use crate::db::Tx;
use crate::error::AppError;

/// From now on the session acts under this delegation or impersonation. One that does already is not nested.
pub fn begin<P>(
    tx: &mut Tx<'_, P>,
    session_id: Uuid,
    (kind, id): (ActingKind, Uuid),
    token_hash: [u8; 32],
) -> Result<(), AppError> {
    let of = |wanted| (kind == wanted).then_some(id);
    let own = s::delegation_id.is_null().and(s::impersonation_id.is_null());
    let alive = s::table.find(session_id).filter(s::revoked_at.is_null().and(s::awaits.is_null()).and(own));
    let changed = diesel::update(alive)
        .set((
            s::delegation_id.eq(of(ActingKind::Delegation)),
            s::impersonation_id.eq(of(ActingKind::Impersonation)),
            s::token_hash.eq(token_hash.as_slice()),
            s::elevated_until.eq(None::<Timestamp>),
            s::elevated_by.eq(None::<String>),
        ))
        .execute(&mut **tx)?;
    match changed {
        0 => Err(AppError::Conflict("You act for somebody else already. Stop that first.".into())),
        _ => Ok(()),
    }
}

/// From now on the session acts for its own person.
pub fn end(tx: &mut Tx<'_, StopActing>, session_id: Uuid, token_hash: [u8; 32]) -> Result<(), AppError> {
    diesel::update(s::table.find(session_id))
        .set((
            s::delegation_id.eq(None::<Uuid>),
            s::impersonation_id.eq(None::<Uuid>),
            s::token_hash.eq(token_hash.as_slice()),
            s::elevated_until.eq(None::<Timestamp>),
            s::elevated_by.eq(None::<String>),
        ))
        .execute(&mut **tx)?;
    Ok(())
}
