//! The secret in a link: which letter it was in, signed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::config::Secret;

const PURPOSE: &str = "link";
const ID: usize = 16;

/// The token for the letter with this id.
pub fn sign(secret: &Secret, id: Uuid) -> String {
    let bytes = [id.as_bytes().as_slice(), &secret.hash(PURPOSE, id.as_bytes())].concat();
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The id that was signed; none for anything that `sign` did not make with this secret.
pub fn verify(secret: &Secret, token: &str) -> Option<Uuid> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (id, mark) = bytes.split_at_checked(ID)?;
    let is_ours: bool = secret.hash(PURPOSE, id).ct_eq(mark).into();
    is_ours.then(|| Uuid::from_slice(id).ok()).flatten()
}
