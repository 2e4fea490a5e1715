//! Secrets that have to be read again, such as the seed of an authenticator app: encrypted with a key of the
//! installation, and bound to what they belong to, so that one cannot be put in another's place.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rand::Rng;

use crate::config::Secret;
use crate::error::AppError;

const NONCE: usize = 24;

/// Encrypts for one purpose. What it is bound to has to be known again to open it.
pub fn seal(secret: &Secret, purpose: &str, bound_to: &[u8], plain: &[u8]) -> Result<String, AppError> {
    let mut nonce = [0_u8; NONCE];
    rand::rng().fill_bytes(&mut nonce);
    let cipher = XChaCha20Poly1305::new(&secret.derive(purpose).into());
    let sealed = cipher
        .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: bound_to })
        .map_err(|error| AppError::Internal(format!("encryption: {error}")))?;
    Ok(URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat()))
}

/// What was sealed; nothing when it was changed, or sealed for something else or with another key.
pub fn open(secret: &Secret, purpose: &str, bound_to: &[u8], sealed: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
    let (nonce, sealed) = bytes.split_at_checked(NONCE)?;
    let nonce = XNonce::from(<[u8; NONCE]>::try_from(nonce).ok()?);
    let cipher = XChaCha20Poly1305::new(&secret.derive(purpose).into());
    cipher.decrypt(&nonce, Payload { msg: sealed, aad: bound_to }).ok()
}
