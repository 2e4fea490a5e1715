//! Somebody with a browser: keeps cookies, follows nothing by itself, says where forms come from.

use std::collections::BTreeMap;
use std::sync::Mutex;

use castellan::web::query::encode;
use reqwest::header::{CONTENT_TYPE, COOKIE, HeaderMap, ORIGIN, SET_COOKIE};
use reqwest::{Client, ClientBuilder, Method, RequestBuilder};
use uuid::Uuid;

use super::{FilledForm, Page, TestApp};

/// Name of the session cookie without TLS.
pub const SESSION: &str = "castellan";
const FORM: &str = "application/x-www-form-urlencoded";

/// A browser, signed in or not.
pub struct Person {
    pub email: String,
    /// None for somebody who never signed in.
    pub id: Option<Uuid>,
    base: String,
    http: Client,
    cookies: Mutex<BTreeMap<String, Stored>>,
}

struct Stored {
    value: String,
    path: String,
}

pub fn http() -> Client {
    builder().no_gzip().no_brotli().build().expect("a client can be made")
}

/// A client that follows nothing. The console's own asks identity providers over TLS, so that there has to be some.
pub fn builder() -> ClientBuilder {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none())
}

impl Person {
    /// A browser without cookies.
    pub fn anonymous(app: &TestApp) -> Person {
        Person {
            email: String::new(),
            id: None,
            base: app.base.clone(),
            http: app.http.clone(),
            cookies: Mutex::default(),
        }
    }

    /// A browser without cookies, at a console that is a process of its own.
    pub fn at(base: &str) -> Person {
        Person { email: String::new(), id: None, base: base.to_owned(), http: http(), cookies: Mutex::default() }
    }

    /// Opens a page.
    pub async fn get(&self, path: &str) -> Page {
        self.send(self.request(Method::GET, path)).await
    }

    /// Asks for the list of a page alone, as htmx does.
    pub async fn htmx_get(&self, path: &str) -> Page {
        self.htmx_get_part(path, "div#list").await
    }

    /// Asks for another part of a page, such as `div#summary`.
    pub async fn htmx_get_part(&self, path: &str, part: &str) -> Page {
        self.send(self.request(Method::GET, path).header("HX-Request", "true").header("HX-Target", part)).await
    }

    /// Sends fields as a form of our own pages.
    pub async fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        self.post_body(path, FORM, body.join("&").into_bytes()).await
    }

    /// Sends a form that a page showed.
    pub async fn submit(&self, form: &FilledForm) -> Page {
        let fields: Vec<(&str, &str)> =
            form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.post_form(&form.action, &fields).await
    }

    /// Sends any body from our own pages.
    pub async fn post_body(&self, path: &str, content_type: &str, body: Vec<u8>) -> Page {
        self.send(self.posting(path, content_type, body)).await
    }

    /// Makes a tenant by its form; returns the status, or none where the console died before it answered.
    pub async fn make_tenant(&self, slug: &str) -> Option<u16> {
        let body = format!("name=Tenant&slug={slug}&region=eu-west").into_bytes();
        Some(self.try_send(self.posting("/tenants", FORM, body)).await?.status)
    }

    fn posting(&self, path: &str, content_type: &str, body: Vec<u8>) -> RequestBuilder {
        let request = self.request(Method::POST, path).header(ORIGIN, &self.base).header(CONTENT_TYPE, content_type);
        request.body(body)
    }

    /// Opens the page that an answer sends people on to.
    pub async fn follow(&self, page: &Page) -> Page {
        let location = page.location();
        assert!(!location.is_empty(), "{} leads nowhere: {}", page.path, page.text());
        self.get(&location).await
    }

    /// Follows one neighbour of a list to the end. Returns the ids of every page, and the last page.
    pub async fn walk(&self, mut page: Page, rel: &str) -> (Vec<Vec<String>>, Page) {
        let mut pages = vec![page.attributes("table.listing tbody tr", "id")];
        while let Some(next) = page.attributes(&format!("a[rel={rel}]"), "href").first() {
            assert!(pages.len() < 10, "the pages do not end");
            page = self.get(next).await;
            assert_eq!(page.status, 200);
            pages.push(page.attributes("table.listing tbody tr", "id"));
        }
        (pages, page)
    }

    /// A bare request with this browser's cookies.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let address = format!("{}{path}", self.base);
        let request = self.http.request(method, address);
        let cookies = self.cookie_header(path);
        if cookies.is_empty() { request } else { request.header(COOKIE, cookies) }
    }

    /// Sends a request and keeps the cookies of its answer.
    pub async fn send(&self, request: RequestBuilder) -> Page {
        self.try_send(request).await.expect("the console answers, and the answer comes whole")
    }

    async fn try_send(&self, request: RequestBuilder) -> Option<Page> {
        let request = request.build().expect("a request can be made");
        let path = request.url().path().to_owned();
        let answer = self.http.execute(request).await.ok()?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        self.keep(&headers);
        let body = answer.bytes().await.ok()?;
        Some(Page { path, status: status.as_u16(), headers, body: body.to_vec() })
    }

    /// Signs in with a password.
    pub async fn sign_in(&self, email: &str, password: &str) -> Page {
        self.post_form("/sign-in", &[("email", email), ("password", password)]).await
    }

    /// The value of a cookie; empty without one.
    pub fn cookie(&self, name: &str) -> String {
        self.jar().get(name).map(|stored| stored.value.clone()).unwrap_or_default()
    }

    /// Puts a cookie into the browser.
    pub fn set_cookie(&self, name: &str, value: &str) {
        self.jar().insert(name.to_owned(), Stored { value: value.to_owned(), path: "/".to_owned() });
    }

    /// Takes a cookie out of the browser.
    pub fn forget_cookie(&self, name: &str) {
        self.jar().remove(name);
    }

    fn jar(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Stored>> {
        self.cookies.lock().expect("nobody panics with the cookies")
    }

    fn cookie_header(&self, path: &str) -> String {
        let jar = self.jar();
        let fitting = jar.iter().filter(|(_, stored)| path.starts_with(&stored.path));
        fitting.map(|(name, stored)| format!("{name}={}", stored.value)).collect::<Vec<_>>().join("; ")
    }

    fn keep(&self, headers: &HeaderMap) {
        for header in headers.get_all(SET_COOKIE) {
            let header = header.to_str().expect("cookies are plain text");
            let mut parts = header.split("; ");
            let (name, value) = parts.next().and_then(|pair| pair.split_once('=')).expect("a cookie has a value");
            let path = parts.clone().find_map(|part| part.strip_prefix("Path=")).unwrap_or("/").to_owned();
            match parts.any(|part| part == "Max-Age=0") {
                true => self.forget_cookie(name),
                false => drop(self.jar().insert(name.to_owned(), Stored { value: value.to_owned(), path })),
            }
        }
    }
}
