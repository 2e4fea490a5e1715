//! npm's `oidc-provider`, a real provider, in a process of its own; and a browser that signs in at it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use castellan::config::oidc::ProviderSettings;
use reqwest::Client;
use serde_json::{Value, json};

use super::forger::{CLIENT_ID, CLIENT_SECRET};
use super::person::{builder, http};
use super::{Page, TestApp, skipped};
use crate::browser::npm;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/provider");

/// A running provider.
pub struct RealProvider {
    pub issuer: String,
    child: Child,
    /// Kept open, for a process that cannot print any more ends.
    _out: BufReader<ChildStdout>,
}

impl RealProvider {
    /// None where there is no Node.js, unless `CASTELLAN_BROWSER_TESTS=required`.
    pub fn start() -> Option<RealProvider> {
        if !has_node() {
            let why = "Node.js was not found, so that no real identity provider was tried";
            assert!(!std::env::var("CASTELLAN_BROWSER_TESTS").is_ok_and(|value| value == "required"), "{why}");
            skipped(why);
            return None;
        }
        npm::install_if_stale(Path::new(FOLDER)).expect("the provider can be installed");
        let mut child = Command::new("node")
            .arg("provider.mjs")
            .current_dir(FOLDER)
            .env("CLIENT_ID", CLIENT_ID)
            .env("CLIENT_SECRET", CLIENT_SECRET)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node can be run");
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().expect("it has an output"));
        out.read_line(&mut line).expect("it prints a line");
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("the provider says {line:?}"));
        Some(RealProvider { issuer: said["issuer"].as_str().expect("an address").to_owned(), child, _out: out })
    }

    /// How the console knows it.
    pub fn settings(&self) -> ProviderSettings {
        ProviderSettings {
            key: "acme".into(),
            name: "Acme".into(),
            issuer: self.issuer.clone(),
            client_id: CLIENT_ID.into(),
            client_secret: CLIENT_SECRET.into(),
            second_factor_by_provider: false,
        }
    }

    /// Tells it where the console is.
    pub async fn register(&self, app: &TestApp) {
        let at = |path: &str| format!("{}/sign-in/oidc/acme/{path}", app.base);
        let client = json!({
            "redirect_uris": [at("callback")], "backchannel_logout_uri": at("logout"),
            "backchannel_logout_session_required": true, "grant_types": ["authorization_code"],
            "response_types": ["code"], "token_endpoint_auth_method": "client_secret_basic"
        });
        let request = http().post(format!("{}/reg", self.issuer)).header("content-type", "application/json");
        let answer = request.body(client.to_string()).send().await.expect("the provider answers");
        assert_eq!(answer.status(), 201, "{}", answer.text().await.unwrap_or_default());
    }
}

impl Drop for RealProvider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn has_node() -> bool {
    let found = Command::new("node").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    found.is_ok_and(|status| status.success())
}

/// A browser with cookies at the provider.
pub struct Visitor {
    http: Client,
    issuer: String,
}

impl Visitor {
    pub fn of(provider: &RealProvider) -> Visitor {
        let http = builder().cookie_store(true).build();
        Visitor { http: http.expect("a client can be made"), issuer: provider.issuer.clone() }
    }

    /// Signs in on the provider's own pages, or goes on where that was done before. Returns the address on the console
    /// that the provider sends the browser back to.
    pub async fn authorize(&self, url: &str, login: &str) -> String {
        let mut page = self.get(url).await;
        for _ in 0..12 {
            let location = page.location();
            if location.contains("/sign-in/oidc/") {
                return location;
            }
            page = match page.status {
                302 | 303 => self.get(&location).await,
                _ => self.submit(&page, login).await,
            };
        }
        panic!("the provider does not send the browser back: {}", page.text());
    }

    /// Signs out there.
    pub async fn sign_out(&self) {
        let page = self.get("/session/end").await;
        let names = page.attributes("input[type=hidden]", "name");
        let hidden = names.into_iter().zip(page.attributes("input[type=hidden]", "value"));
        let fields: Vec<String> = hidden.map(|(name, value)| format!("{name}={value}")).collect();
        let answer = self.post("/session/end/confirm", format!("{}&logout=yes", fields.join("&"))).await;
        assert!(answer.status < 400, "{}", answer.text());
    }

    /// The page for signing in, or the one that asks for consent.
    async fn submit(&self, page: &Page, login: &str) -> Page {
        let prompt = page.attributes("input[name=prompt]", "value").pop().unwrap_or_default();
        let action = page.attributes("form[method=post]", "action").pop().unwrap_or_default();
        assert!(!action.is_empty(), "the provider shows no form: {}", page.text());
        self.post(&action, format!("prompt={prompt}&login={login}&password=x")).await
    }

    async fn get(&self, address: &str) -> Page {
        self.send(self.http.get(self.whole(address))).await
    }

    async fn post(&self, address: &str, body: String) -> Page {
        let form = "application/x-www-form-urlencoded";
        self.send(self.http.post(self.whole(address)).header("content-type", form).body(body)).await
    }

    fn whole(&self, address: &str) -> String {
        if address.starts_with('/') { format!("{}{address}", self.issuer) } else { address.to_owned() }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Page {
        let answer = request.send().await.expect("the provider answers");
        let (path, status) = (answer.url().path().to_owned(), answer.status().as_u16());
        let headers = answer.headers().clone();
        Page { path, status, headers, body: answer.bytes().await.expect("it comes whole").to_vec() }
    }
}
