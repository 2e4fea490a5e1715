//! What every request passes on its way in and every answer on its way out.

use std::io::Write;
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::cookie::Cookie;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{
    self, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, VARY,
};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};
use actix_web::{Error, HttpMessage};
use uuid::Uuid;

use super::context::{RequestId, Site, request_id};
use super::{bearer, errors, flash, noting, page, receipt};
use crate::error::AppError;

/// The outermost layer: request id, origin check, error pages, headers, compression, the log line.
pub async fn gate(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let began = Instant::now();
    request.extensions_mut().insert(RequestId(Uuid::now_v7()));
    let is_program = bearer::of(request.headers()).is_some();
    if is_program {
        // Whoever speaks with a token is nobody else besides.
        request.headers_mut().remove(header::COOKIE);
    }
    let response = match bearer::only_reads(&request).and_then(|()| own_origin(&request)) {
        Err(refusal) => request.error_response(refusal).map_into_boxed_body(),
        Ok(()) => match next.call(request).await {
            Ok(response) => response.map_into_boxed_body(),
            Err(error) => return Err(error),
        },
    };
    noting::refusal(&response).await;
    let response = receipt::follow(response);
    let mut response = errors::dress(response);
    forget_shown_notice(&mut response);
    secure_cookies(&mut response);
    if is_program {
        response.headers_mut().remove(header::SET_COOKIE);
    }
    add_headers(&mut response);
    log(&response, began);
    Ok(compressed(response))
}

/// State changes only come from our own pages. Browsers say where a request comes from in `Sec-Fetch-Site`, older
/// ones and scripts in `Origin`; who says neither is refused.
fn own_origin(request: &ServiceRequest) -> Result<(), AppError> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let fetch_site = header("Sec-Fetch-Site");
    if request.method().is_safe() {
        let foreign =
            fetch_site == Some("cross-site") && header("Sec-Fetch-Mode").is_some_and(|mode| mode != "navigate");
        return match foreign {
            true => Err(AppError::CrossSite("Other sites may link here, not embed or load from here.")),
            false => Ok(()),
        };
    }
    let is_own = match (fetch_site, header("Origin")) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => is_own(request, origin),
        (None, None) => false,
    };
    match is_own || is_from_elsewhere(request) {
        true => Ok(()),
        false => Err(AppError::CrossSite(
            "Changes are only taken from this console's own pages. Scripts send an Origin header.",
        )),
    }
}

/// What other machines post brings its own proof of where it comes from.
fn is_from_elsewhere(request: &ServiceRequest) -> bool {
    let site = request.app_data::<Data<Site>>();
    let takes = |site: &Data<Site>| site.from_elsewhere.iter().any(|address| address.is_match(request.path()));
    request.method() == Method::POST && site.is_some_and(takes)
}

fn is_own(request: &ServiceRequest, origin: &str) -> bool {
    let configured = request.app_data::<Data<Site>>().and_then(|site| site.public_url.as_deref());
    match configured {
        Some(url) => origin == url,
        None => {
            let host = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
            host.is_some_and(|host| origin.strip_prefix("http://") == Some(host))
        }
    }
}

fn forget_shown_notice(response: &mut ServiceResponse<BoxBody>) {
    let shown = response.request().cookie(flash::COOKIE).is_some();
    let is_page = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if shown && is_page {
        page::forget_flash(response.response_mut());
    }
}

/// Behind TLS every cookie stays there, whoever set it.
fn secure_cookies(response: &mut ServiceResponse<BoxBody>) {
    if !response.request().app_data::<Data<Site>>().is_some_and(|site| site.secure) {
        return;
    }
    let cookies: Vec<Cookie<'static>> = response.response().cookies().map(Cookie::into_owned).collect();
    response.headers_mut().remove(header::SET_COOKIE);
    for mut cookie in cookies {
        cookie.set_secure(true);
        if let Err(error) = response.response_mut().add_cookie(&cookie) {
            tracing::error!(%error, "a cookie could not be set");
        }
    }
}

const HEADERS: [(&str, &str); 8] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'; \
         require-trusted-types-for 'script'; trusted-types castellan",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()"),
    ("x-permitted-cross-domain-policies", "none"),
];

fn add_headers(response: &mut ServiceResponse<BoxBody>) {
    let id = request_id(response.request()).to_string();
    let secure = response.request().app_data::<Data<Site>>().is_some_and(|site| site.secure);
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    if secure {
        let two_years = HeaderValue::from_static("max-age=63072000; includeSubDomains");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, two_years);
    }
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(VARY, HeaderValue::from_static("HX-Request, HX-Target, Accept-Encoding, Cookie"));
    }
}

/// The path pattern and no more: addresses and queries may hold personal data.
fn log(response: &ServiceResponse<BoxBody>, began: Instant) {
    let request = response.request();
    let route = request.match_pattern().unwrap_or_else(|| "unmatched".to_owned());
    let id = request_id(request);
    tracing::debug!(
        request_id = %id, method = %request.method(), route, status = response.status().as_u16(),
        ms = began.elapsed().as_secs_f64() * 1000.0, "request {id}"
    );
}

const WORTH_COMPRESSING: usize = 1024;

/// Pages are compressed here in one piece; streams and assets, which come compressed, pass.
fn compressed(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    if !accepts_gzip(response.request().headers()) || !is_text(response.headers()) {
        return response;
    }
    response.map_body(|head, body| match body.try_into_bytes() {
        Ok(bytes) if bytes.len() >= WORTH_COMPRESSING => match gzip(&bytes) {
            Ok(packed) => {
                head.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                BoxBody::new(Bytes::from(packed))
            }
            Err(_) => BoxBody::new(bytes),
        },
        Ok(bytes) => BoxBody::new(bytes),
        Err(stream) => stream,
    })
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|one| {
        let mut parts = one.split(';').map(str::trim);
        parts.next() == Some("gzip") && !parts.any(|weight| matches!(weight, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}

fn is_text(headers: &HeaderMap) -> bool {
    !headers.contains_key(CONTENT_ENCODING)
        && headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let packed = Vec::with_capacity(bytes.len() / 4);
    let mut encoder = flate2::write::GzEncoder::new(packed, flate2::Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}
