//! Turning page structs into answers.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::cookie::Cookie;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, LOCATION};
use uuid::Uuid;

use super::filters;
use super::flash::{COOKIE, Flash};
use super::nav::NavArea;
use super::query::encode;
use crate::actor::{ActingFor, Actor, ReadReason};
use crate::error::AppError;

/// The frame around a page: navigation, who is signed in, notices.
#[derive(Clone)]
pub struct Shell {
    pub title: String,
    pub(super) theme: String,
    pub environment: &'static str,
    pub person: String,
    pub nav: Vec<NavArea>,
    pub flash: Vec<Flash>,
    pub trail: Vec<Crumb>,
    pub(super) actor: Arc<Actor>,
    /// The address of the page, to come back to; empty where it cannot be asked for again.
    pub(super) here: String,
    pub(super) exposure: Option<String>,
}

/// One breadcrumb; the last has no address.
#[derive(Debug, Clone)]
pub struct Crumb {
    pub label: String,
    pub href: String,
}

impl Shell {
    /// `light`, `dark`, or empty for the system's choice.
    pub fn theme(&self) -> &str {
        &self.theme
    }

    /// Until when dangerous actions are possible, for machines and for people; nothing when they are not.
    pub fn elevation(&self) -> Option<(String, String)> {
        let until = self.actor.elevated_until.filter(|_| self.actor.is_elevated())?;
        Some((filters::iso(until), filters::utc(until)))
    }

    /// Why the person reads what is logged, with the moment it ends for machines and for people.
    pub fn read_reason(&self) -> Option<(&ReadReason, String, String)> {
        let reason = self.actor.reading.reason.as_ref()?;
        let until = reason.until?;
        Some((reason, filters::iso(until), filters::utc(until)))
    }

    /// Where they change it.
    pub fn change_reason(&self) -> String {
        format!("/read-reason?return_to={}", encode(&self.here))
    }

    /// Where it is told who could see what the page is about.
    pub fn exposure(&self) -> Option<&str> {
        self.exposure.as_deref()
    }

    /// In whose name the person acts, for the bar on every page.
    pub fn acting(&self) -> Option<&ActingFor> {
        self.actor.acting_for.as_ref()
    }

    /// Whether the person is in an impersonation.
    pub fn impersonates(&self) -> bool {
        self.actor.impersonation().is_some()
    }

    /// Adds a breadcrumb.
    pub fn under(mut self, label: impl Into<String>, href: impl Into<String>) -> Shell {
        self.trail.push(Crumb { label: label.into(), href: href.into() });
        self
    }

    /// Whether to draw what needs this privilege.
    pub fn may(&self, privilege: &str) -> bool {
        self.actor.holds(privilege)
    }

    /// Whether to draw what needs this privilege for the whole of a tenant, and not just for some of its clients.
    pub fn may_in_tenant(&self, privilege: &str, tenant_id: &Uuid) -> bool {
        self.actor.holds_in_tenant(privilege, *tenant_id)
    }

    /// The same for whichever tenant.
    pub fn may_in_some_tenant(&self, privilege: &str) -> bool {
        self.actor.holds_in_some_tenant(privilege)
    }

    /// Whether to draw what needs this privilege on the whole platform.
    pub fn may_everywhere(&self, privilege: &str) -> bool {
        self.actor.holds_everywhere(privilege)
    }
}

/// An HTML answer. Shown notices are forgotten.
pub fn html(status: StatusCode, body: Result<String, askama::Error>) -> Result<HttpResponse, AppError> {
    let body = body.map_err(|error| AppError::Internal(format!("a template failed: {error}")))?;
    let mut response = HttpResponse::build(status);
    response.insert_header((CONTENT_TYPE, "text/html; charset=utf-8"));
    Ok(response.body(body))
}

/// 200 with a page.
pub fn ok(body: Result<String, askama::Error>) -> Result<HttpResponse, AppError> {
    html(StatusCode::OK, body)
}

/// 303 after something was done, with a notice for the next page.
pub fn see_other(location: &str, flash: Flash) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, location)).cookie(flash.cookie()).finish()
}

/// 308 to the one address of a thing.
pub fn permanent(location: &str) -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, location)).finish()
}

/// Takes a shown notice away.
pub(super) fn forget_flash(response: &mut HttpResponse) {
    let mut gone = Cookie::build(COOKIE, "").path("/").finish();
    gone.make_removal();
    if let Err(error) = response.add_cookie(&gone) {
        tracing::error!(%error, "a notice could not be taken away");
    }
}
