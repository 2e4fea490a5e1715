//! What gives away that a refused request does not come from a page of ours, or that somebody tries addresses.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::USER_AGENT;
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest};
use serde_json::json;

use super::context::{Site, actor};
use super::query::Pairs;
use super::repeats::Repeats;
use crate::db::{SecurityEvent, SecurityKind};

/// Why a form is none that a browser sends.
#[derive(Debug, Clone, Copy)]
pub struct OddForm(pub &'static str);

/// A step was taken without the one before.
#[derive(Debug, Clone, Copy)]
pub struct OutOfSequence(pub &'static str);

pub const NUL: &str = "a NUL byte";

/// So many addresses of nothing are still somebody with old links.
const MISSING: u32 = 30;
const MINUTE: Duration = Duration::from_secs(60);

/// Programs that call themselves by their names, in small letters as they stand in `User-Agent`.
const TOOLS: [&str; 14] = [
    "acunetix",
    "dirbuster",
    "feroxbuster",
    "ffuf",
    "gobuster",
    "masscan",
    "nessus",
    "nikto",
    "nmap",
    "nuclei",
    "sqlmap",
    "wfuzz",
    "wpscan",
    "zgrab",
];

/// What a browser does not send: bytes that cannot be typed.
pub fn odd_input(request: &HttpRequest) -> Option<SecurityEvent> {
    let in_form = request.extensions().get::<OddForm>().map(|odd| odd.0);
    let why = in_form.or_else(|| has_nul(request).then_some(NUL))?;
    Some(SecurityEvent::of(SecurityKind::InputValidationFail, json!({ "why": why })))
}

fn has_nul(request: &HttpRequest) -> bool {
    let query = Pairs::parse(request.query_string().as_bytes()).unwrap_or_default();
    query.0.iter().any(|(name, value)| name.contains('\0') || value.contains('\0'))
        || request.uri().path().contains("%00")
}

/// What somebody does besides, whatever this request was refused for.
pub fn besides(request: &HttpRequest, status: StatusCode) -> Vec<SecurityEvent> {
    let tool = tool(request).map(|tool| SecurityEvent::of(SecurityKind::MaliciousAttackTool, json!({ "tool": tool })));
    let missing = status == StatusCode::NOT_FOUND;
    let missing = missing.then(|| {
        SecurityEvent::of(SecurityKind::MaliciousExcess404, json!({ "why": format!("{MISSING} within a minute") }))
    });
    tool.into_iter().chain(missing).collect()
}

fn tool(request: &HttpRequest) -> Option<&'static str> {
    let agent = request.headers().get(USER_AGENT)?.to_str().ok()?.to_ascii_lowercase();
    TOOLS.into_iter().find(|tool| agent.contains(tool))
}

/// Whether an event is worth writing: of what one asker repeats, the first, and of what is bad in numbers, the one that
/// makes it many.
pub fn is_news(request: &HttpRequest, kind: SecurityKind) -> bool {
    let many = match kind {
        SecurityKind::MaliciousExcess404 => MISSING,
        SecurityKind::AuthnPasswordChangeFail
        | SecurityKind::InputValidationFail
        | SecurityKind::MaliciousAttackTool
        | SecurityKind::SequenceFail => 1,
        _ => return true,
    };
    let Some(repeats) = request.app_data::<Data<Repeats>>() else { return true };
    repeats.begins(kind, &asker(request), many, MINUTE)
}

/// The session or the token of a request; the network, where it has neither.
fn asker(request: &HttpRequest) -> Vec<u8> {
    let actor = actor(request);
    match actor.session_id.or(actor.token_id) {
        Some(id) => id.as_bytes().to_vec(),
        None => request.app_data::<Data<Site>>().and_then(|site| site.network_hash(request)).unwrap_or_default(),
    }
}
