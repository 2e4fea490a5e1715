//! What a page needs to know of its request.

use std::collections::HashMap;
use std::future::{Ready, ready};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use actix_web::dev::{Payload, ResourceDef};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use uuid::Uuid;

use super::flash::{self, Flash};
use super::listed::Listed;
use super::many::{Counter, Many};
use super::nav::Nav;
use super::opening::Opening;
use super::page::{Crumb, Shell};
use super::query::{Pairs, own_path};
use crate::actor::{Actor, Personal};

/// What does not change while the process runs and every page shows or needs.
pub struct Site {
    pub nav: Nav,
    pub many: Arc<Many>,
    /// `development` or `production`.
    pub environment: &'static str,
    /// `https` and a `Secure` cookie.
    pub secure: bool,
    /// Scheme and host that people type, where it is configured.
    pub public_url: Option<String>,
    /// Who may say in `X-Forwarded-For` where a request came from.
    pub trusted_proxies: Vec<ipnet::IpNet>,
    /// Privileges that open something to an API token, each with a list that it opens.
    pub token_scopes: Vec<(&'static str, &'static str)>,
    /// Every list that has filters, and where it is.
    pub lists: Vec<Listed>,
    /// Every page and file, and the right that opens it.
    pub openings: Vec<Opening>,
    /// Patterns of pages that are each about one thing, and what a thing of theirs is called in addresses.
    pub exposed: HashMap<&'static str, &'static str>,
    /// Key and name of each identity provider that people may sign in with.
    pub providers: Vec<(String, String)>,
    /// Addresses to which other machines post.
    pub from_elsewhere: Vec<ResourceDef>,
    /// Addresses of pages that show personal data, and of whom.
    pub personal: HashMap<&'static str, Personal>,
    /// For hashes of addresses.
    pub secret: crate::config::Secret,
}

impl Site {
    /// What of people the page shows that is asked for, if its route says so.
    pub fn personal(&self, pattern: Option<String>) -> Option<Personal> {
        self.personal.get(pattern?.as_str()).copied()
    }

    /// The address that a request came from. A proxy of ours says in `X-Forwarded-For` who asked it; what anybody else
    /// writes there is ignored, so the header is read from its end up to the first address that is not ours.
    pub fn client_address(&self, request: &HttpRequest) -> Option<IpAddr> {
        let is_ours = |address: IpAddr| self.trusted_proxies.iter().any(|network| network.contains(&address));
        let mut known = request.peer_addr()?.ip().to_canonical();
        let headers: Vec<&str> =
            request.headers().get_all("x-forwarded-for").map(|value| value.to_str().unwrap_or_default()).collect();
        for text in headers.iter().rev().flat_map(|header| header.rsplit(',')) {
            match hop(text.trim()) {
                Some(address) if is_ours(known) => known = address,
                _ => break,
            }
        }
        Some(known)
    }

    /// The list at an address.
    pub fn list_at(&self, path: &str) -> Option<&Listed> {
        self.lists.iter().find(|listed| listed.is_at(path))
    }

    /// Keyed hash of the network a request came from (/24 or /48); the address itself is kept nowhere.
    pub fn network_hash(&self, request: &HttpRequest) -> Option<Vec<u8>> {
        let network = match self.client_address(request)? {
            IpAddr::V4(address) => address.octets()[..3].to_vec(),
            IpAddr::V6(address) => address.octets()[..6].to_vec(),
        };
        Some(self.secret.hash("network", &network).to_vec())
    }
}

/// An address as proxies write it: with or without a port.
fn hop(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().or_else(|_| text.parse().map(|socket: SocketAddr| socket.ip()));
    address.ok().map(|address| address.to_canonical())
}

/// The request as pages see it.
#[derive(Clone)]
pub struct Context {
    pub actor: Arc<Actor>,
    pub path: String,
    pub query: Vec<u8>,
    /// The page is asked for, not sent to.
    is_read: bool,
    /// The list alone is wanted, to be swapped in by htmx.
    pub wants_list: bool,
    /// What htmx will put the answer in the place of, as in `div#list`.
    fragment: Option<String>,
    pub(super) site: Data<Site>,
    theme: String,
    flash: Vec<Flash>,
    exposure: Option<String>,
}

impl Context {
    /// Reads the request; who acts was found out before.
    pub fn of(request: &HttpRequest) -> Context {
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        let cookie = |name| request.cookie(name).map(|cookie| cookie.value().to_owned());
        let is_fragment = header("HX-Request") == Some("true") && header("HX-History-Restore-Request").is_none();
        let fragment = header("HX-Target").filter(|_| is_fragment).map(str::to_owned);
        Context {
            actor: actor(request),
            path: request.path().to_owned(),
            query: request.query_string().as_bytes().to_vec(),
            is_read: request.method().is_safe(),
            wants_list: fragment.as_ref().is_some_and(|target| target.ends_with("#list")),
            fragment,
            site: request.app_data::<Data<Site>>().expect("the app registers its site").clone(),
            theme: cookie("theme").filter(|theme| theme == "light" || theme == "dark").unwrap_or_default(),
            flash: cookie(flash::COOKIE).and_then(|text| Flash::decode(&text)).into_iter().collect(),
            exposure: exposure(request),
        }
    }

    /// The frame around a page.
    pub fn shell(&self, title: impl Into<String>) -> Shell {
        Shell {
            title: title.into(),
            theme: self.theme.clone(),
            environment: self.site.environment,
            person: self.actor.label.clone(),
            nav: self.site.nav.areas(&self.actor, &self.path),
            flash: self.flash.clone(),
            trail: Vec::<Crumb>::new(),
            actor: self.actor.clone(),
            here: if self.is_read { self.without_return() } else { String::new() },
            exposure: self.exposure.clone(),
        }
    }

    /// Only the part of the page with this id is wanted, to be swapped in by htmx.
    pub fn wants(&self, id: &str) -> bool {
        self.fragment.as_ref().and_then(|target| target.split_once('#')).is_some_and(|(_, target)| target == id)
    }

    /// The query as pairs.
    pub fn pairs(&self) -> Result<Pairs, crate::error::AppError> {
        Pairs::parse(&self.query).map_err(crate::error::AppError::no_text)
    }

    /// Where the person came from, when it is a page of ours.
    pub fn return_to(&self) -> Option<String> {
        let pairs = Pairs::parse(&self.query).ok()?;
        own_path(pairs.get("return_to"))
    }

    /// This page's address, to come back to.
    pub fn here(&self) -> String {
        match std::str::from_utf8(&self.query) {
            Ok(query) if !query.is_empty() => format!("{}?{query}", self.path),
            _ => self.path.clone(),
        }
    }

    /// The same without the page that comes after it, which may be anybody's word.
    fn without_return(&self) -> String {
        self.pairs().map_or_else(|_| self.path.clone(), |pairs| pairs.without("return_to").url(&self.path))
    }

    /// Counts lists for whoever asks. Who sees some rows only has lists of another length: theirs are always counted.
    pub fn counter(&self) -> Counter {
        match self.actor.sees_everything() {
            true => Counter::over(self.site.many.clone()),
            false => Counter::default(),
        }
    }

    /// Settings of the whole site.
    pub fn site(&self) -> &Site {
        &self.site
    }
}

/// Where it is told who could see what the page is about, if that is one thing.
fn exposure(request: &HttpRequest) -> Option<String> {
    let kind = request.app_data::<Data<Site>>()?.exposed.get(request.match_pattern()?.as_str())?;
    let (_, id) = request.match_info().iter().last()?;
    Some(format!("/exposure/{kind}/{}", id.parse::<Uuid>().ok()?))
}

/// Who acts in this request; nobody unless the session said so.
pub fn actor(request: &HttpRequest) -> Arc<Actor> {
    let found = request.extensions().get::<Arc<Actor>>().cloned();
    found.unwrap_or_else(|| Arc::new(Actor::anonymous(request_id(request))))
}

/// The id that the answer's header, the logs and the events share.
pub fn request_id(request: &HttpRequest) -> Uuid {
    request.extensions().get::<RequestId>().map(|id| id.0).unwrap_or_default()
}

/// Set by the gate before anything else.
#[derive(Clone, Copy)]
pub struct RequestId(pub Uuid);

impl FromRequest for Context {
    type Error = crate::error::AppError;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Context::of(request)))
    }
}
