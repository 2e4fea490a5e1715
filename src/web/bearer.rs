//! Requests of programs, which bring an API token in `Authorization: Bearer`. What it is worth is found out in `auth`;
//! here is where it may be sent at all.

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{AUTHORIZATION, HeaderMap};

use super::format::Format;
use crate::error::AppError;

const SCHEME: &str = "bearer";

/// The token that a request brings. One that cannot be read, or is sent beside another, is none that exists.
pub fn of(headers: &HeaderMap) -> Option<&str> {
    let mut sent = headers.get_all(AUTHORIZATION).filter_map(|value| {
        let (scheme, token) = value.as_bytes().split_at_checked(SCHEME.len())?;
        let is_bearer = scheme.eq_ignore_ascii_case(SCHEME.as_bytes())
            && token.first().is_none_or(|byte| matches!(byte, b' ' | b'\t'));
        is_bearer.then(|| std::str::from_utf8(token).unwrap_or_default().trim())
    });
    let first = sent.next()?;
    Some(if sent.next().is_none() { first } else { "" })
}

/// Tokens read and never write.
pub fn only_reads(request: &ServiceRequest) -> Result<(), AppError> {
    match of(request.headers()) {
        Some(_) if !request.method().is_safe() => Err(AppError::NotForTokens),
        _ => Ok(()),
    }
}

/// Pages are for people; tokens are taken by the forms of lists that programs read. The route decides, since the last
/// part of an address may be anything.
pub fn only_lists(request: &ServiceRequest) -> Result<(), AppError> {
    match request.match_pattern().map(|pattern| Format::of(&pattern)) {
        Some(Format::Csv | Format::Json | Format::Ndjson) => Ok(()),
        _ => Err(AppError::NotForTokens),
    }
}
