//! Codes of authenticator apps (RFC 6238): six digits, thirty seconds, one step of drift either way.

pub mod pages;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use qrcode::QrCode;
use qrcode::render::svg;
use totp_rs::{Builder, Totp};

use crate::error::AppError;

/// Bytes of a seed.
const SEED: usize = 20;
/// What seeds are sealed for.
pub const SEALED_FOR: &str = "totp seed";

/// A new seed.
pub fn new_seed() -> [u8; SEED] {
    rand::random()
}

/// The step of the code, if it is one of now or of the thirty seconds before or after.
pub fn step_of(seed: &[u8], code: &str, at: jiff::Timestamp) -> Option<i64> {
    let totp = Builder::new().with_secret(seed).with_skew(1).build().ok()?;
    let step = totp.check(code, u64::try_from(at.as_second()).ok()?)?;
    i64::try_from(step).ok()
}

/// How a seed gets into an app.
pub struct Invitation {
    /// A picture of the address, as a `data:` address.
    pub picture: String,
    /// The seed for typing, in groups of four.
    pub text: String,
}

impl Invitation {
    /// For the account with this address.
    pub fn of(seed: &[u8], email: &str) -> Result<Invitation, AppError> {
        // The colon separates issuer and account.
        let account = email.replace(':', " ");
        let totp =
            Builder::new().with_secret(seed).with_skew(1).with_issuer(Some("Castellan")).with_account_name(account);
        let totp = totp.build().map_err(internal)?;
        Ok(Invitation { picture: picture(&totp)?, text: grouped(&totp.secret().to_base32(), 4, ' ') })
    }
}

fn picture(totp: &Totp) -> Result<String, AppError> {
    let address = totp.to_url().map_err(internal)?;
    let code = QrCode::new(address.as_bytes()).map_err(internal)?;
    let drawn = code.render::<svg::Color<'_>>().min_dimensions(232, 232).build();
    Ok(format!("data:image/svg+xml;base64,{}", STANDARD.encode(drawn)))
}

/// ASCII text in groups of so many characters, easier to read and type; a single last one joins the group before it.
pub fn grouped(text: &str, size: usize, separator: char) -> String {
    let mut grouped = String::with_capacity(text.len() + text.len() / size);
    for (place, letter) in text.chars().enumerate() {
        if place > 0 && place.is_multiple_of(size) && place + 1 < text.len() {
            grouped.push(separator);
        }
        grouped.push(letter);
    }
    grouped
}

fn internal(error: impl std::fmt::Display) -> AppError {
    AppError::Internal(format!("authenticator app: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, with six digits.
    #[test]
    fn codes_are_those_of_the_standard_with_one_step_of_drift() {
        let seed = b"12345678901234567890";
        let at = |second| jiff::Timestamp::from_second(second).unwrap();
        assert_eq!(step_of(seed, "287082", at(59)), Some(1));
        assert_eq!(step_of(seed, "081804", at(1_111_111_109)), Some(37_037_036));
        assert_eq!(step_of(seed, "287082", at(89)), Some(1), "late by one");
        assert_eq!(step_of(seed, "287082", at(29)), Some(1), "early by one");
        assert_eq!(step_of(seed, "287082", at(90)), None);
        for wrong in ["", "28708", "2870820", "28708a", "+87082", "٢٨٧٠٨٢"] {
            assert_eq!(step_of(seed, wrong, at(59)), None, "{wrong}");
        }
    }
}
