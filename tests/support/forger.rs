//! An identity provider that says what a test wants it to say, true or forged. Nobody signs in at it: a test takes the
//! question that the console sent a browser away with, and makes up an answer.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;

use actix_web::dev::ServerHandle;
use actix_web::web::{Data, Form};
use actix_web::{App, HttpResponse, HttpServer, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use castellan::config::oidc::{ProviderSettings, ProvidersFile};
use castellan::web::query::encode;
use hmac::{Hmac, KeyInit, Mac};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

use super::{CHEAP, Page, Person, TestApp};

/// What the console is to all providers of the tests.
pub const CLIENT_ID: &str = "console";
pub const CLIENT_SECRET: &str = "a secret of the tests";

/// A provider under the test's control.
pub struct Forger {
    pub issuer: String,
    said: Arc<Mutex<Said>>,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

/// What it says.
struct Said {
    issuer: String,
    /// A logout token and where it is sent, when the next code is redeemed.
    meanwhile: Option<(String, String)>,
    key: Key,
    /// Whether metadata promise that answers name their issuer.
    names_itself: bool,
    is_down: bool,
    /// What each code that is not used yet is worth: the digest of the verifier, and the token.
    codes: BTreeMap<String, (String, String)>,
    /// How often somebody asked for its keys.
    keys_fetched: usize,
}

struct Key {
    id: String,
    pair: EcdsaKeyPair,
}

impl Key {
    fn new() -> Key {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random);
        Key { id: uuid::Uuid::new_v4().to_string(), pair: pair.expect("a key") }
    }

    fn public(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        let (x, y) = (encoded(&point[1..33]), encoded(&point[33..]));
        json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.id, "x": x, "y": y })
    }
}

/// The question that a browser was sent away with.
#[derive(Debug, Clone)]
pub struct Away {
    pub url: Url,
    pub state: String,
    pub nonce: String,
    challenge: String,
    pub redirect_uri: String,
}

impl Away {
    /// Reads it off the address of the provider.
    pub fn of(location: &str) -> Away {
        let url = Url::parse(location).unwrap_or_else(|_| panic!("{location} is no address"));
        let one = |name: &str| {
            let found = url.query_pairs().find(|(key, _)| key == name);
            found.map(|(_, value)| value.into_owned()).unwrap_or_default()
        };
        let (state, nonce, challenge, redirect_uri) =
            (one("state"), one("nonce"), one("code_challenge"), one("redirect_uri"));
        Away { url, state, nonce, challenge, redirect_uri }
    }
}

impl Forger {
    pub fn start() -> Forger {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let issuer = format!("http://{}", listener.local_addr().expect("a bound port has an address"));
        let said = Arc::new(Mutex::new(Said {
            issuer: issuer.clone(),
            meanwhile: None,
            key: Key::new(),
            names_itself: true,
            is_down: false,
            codes: BTreeMap::new(),
            keys_fetched: 0,
        }));
        let (started, handle) = mpsc::channel();
        let data = Data::from(said.clone());
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    App::new()
                        .app_data(data.clone())
                        .route("/.well-known/openid-configuration", web::get().to(metadata))
                        .route("/keys", web::get().to(keys))
                        .route("/token", web::post().to(token))
                });
                let server = server.workers(1).disable_signals().listen(listener).expect("it can listen").run();
                let _ = started.send(server.handle());
                let _ = server.await;
            });
        });
        Forger { issuer, said, handle: handle.recv().expect("it starts"), thread: Some(thread) }
    }

    /// How the console knows it.
    pub fn settings(&self, key: &str) -> ProviderSettings {
        ProviderSettings {
            key: key.to_owned(),
            name: format!("{} Identity", key.to_uppercase()),
            issuer: self.issuer.clone(),
            client_id: CLIENT_ID.to_owned(),
            client_secret: CLIENT_SECRET.to_owned(),
            second_factor_by_provider: false,
        }
    }

    fn said(&self) -> std::sync::MutexGuard<'_, Said> {
        self.said.lock().expect("nobody panics with what it says")
    }

    /// Answers nothing any more, or again.
    pub fn is_down(&self, is_down: bool) {
        self.said().is_down = is_down;
    }

    /// Takes the promise back that answers name their issuer.
    pub fn is_nameless(&self) {
        self.said().names_itself = false;
    }

    /// Sends a logout to the console while it redeems the next code.
    pub fn logs_out_meanwhile(&self, address: &str, claims: &Value) {
        let token = self.sign(claims);
        self.said().meanwhile = Some((address.to_owned(), token));
    }

    /// Signs with another key from now on.
    pub fn rotate(&self) {
        self.said().key = Key::new();
    }

    pub fn keys_fetched(&self) -> usize {
        self.said().keys_fetched
    }

    /// What a sound token says.
    pub fn claims(&self, away: &Away, subject: &str) -> Value {
        let now = jiff::Timestamp::now().as_second();
        json!({
            "iss": self.issuer, "sub": subject, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": away.nonce,
            "sid": "session of the provider", "email": format!("{subject}@acme.example")
        })
    }

    /// What a sound logout of a person says.
    pub fn logout(&self, subject: &str) -> Value {
        let now = jiff::Timestamp::now().as_second();
        json!({
            "iss": self.issuer, "sub": subject, "aud": CLIENT_ID, "iat": now, "exp": now + 120,
            "jti": uuid::Uuid::new_v4().to_string(),
            "events": { "http://schemas.openid.net/event/backchannel-logout": {} }
        })
    }

    /// Signs as it should.
    pub fn sign(&self, claims: &Value) -> String {
        let header = json!({ "alg": "ES256", "typ": "JWT", "kid": self.said().key.id });
        self.sign_as(&header, claims)
    }

    /// Signs with its key, under any header.
    pub fn sign_as(&self, header: &Value, claims: &Value) -> String {
        let message = message(header, claims);
        let signature = self.said().key.pair.sign(&SystemRandom::new(), message.as_bytes()).expect("a signature");
        format!("{message}.{}", encoded(signature.as_ref()))
    }

    /// Its public key, as anybody can fetch it.
    pub fn public_key(&self) -> Value {
        self.said().key.public()
    }

    /// A code that is worth this token, once, for who can prove that the question was theirs.
    pub fn code(&self, away: &Away, token: &str) -> String {
        let code = uuid::Uuid::new_v4().to_string();
        self.said().codes.insert(code.clone(), (away.challenge.clone(), token.to_owned()));
        code
    }

    /// A code for a sound token.
    pub fn code_for(&self, away: &Away, subject: &str) -> String {
        self.code(away, &self.sign(&self.claims(away, subject)))
    }
}

impl Drop for Forger {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

pub fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn message(header: &Value, claims: &Value) -> String {
    format!("{}.{}", encoded(header.to_string().as_bytes()), encoded(claims.to_string().as_bytes()))
}

/// A token that nobody signed.
pub fn unsigned(claims: &Value) -> String {
    format!("{}.", message(&json!({ "alg": "none", "typ": "JWT" }), claims))
}

/// A token that is signed with something that others know, too.
pub fn signed_with_shared(secret: &[u8], claims: &Value) -> String {
    let message = message(&json!({ "alg": "HS256", "typ": "JWT" }), claims);
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("keys may have any length");
    mac.update(message.as_bytes());
    format!("{message}.{}", encoded(&mac.finalize().into_bytes()))
}

type Shared = Data<Mutex<Said>>;

async fn metadata(said: Shared) -> HttpResponse {
    let said = said.lock().expect("nobody panics with what it says");
    if said.is_down {
        return HttpResponse::ServiceUnavailable().finish();
    }
    let at = |path: &str| format!("{}/{path}", said.issuer);
    HttpResponse::Ok().json(json!({
        "issuer": said.issuer, "authorization_endpoint": at("authorize"), "token_endpoint": at("token"),
        "jwks_uri": at("keys"), "response_types_supported": ["code"], "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "authorization_response_iss_parameter_supported": said.names_itself
    }))
}

async fn keys(said: Shared) -> HttpResponse {
    let mut said = said.lock().expect("nobody panics with what it says");
    said.keys_fetched += 1;
    HttpResponse::Ok().json(json!({ "keys": [said.key.public()] }))
}

async fn token(said: Shared, form: Form<BTreeMap<String, String>>) -> HttpResponse {
    let meanwhile = said.lock().expect("nobody panics with what it says").meanwhile.take();
    if let Some((address, token)) = meanwhile {
        let logout = super::person::http().post(address).header("content-type", "application/x-www-form-urlencoded");
        let answer = logout.body(format!("logout_token={token}")).send().await.expect("the console answers");
        assert_eq!(answer.status(), 200);
    }
    let mut said = said.lock().expect("nobody panics with what it says");
    if said.is_down {
        return HttpResponse::ServiceUnavailable().finish();
    }
    let verifier = form.get("code_verifier").map(String::as_str).unwrap_or_default();
    let digest = encoded(&Sha256::digest(verifier.as_bytes()));
    match form.get("code").and_then(|code| said.codes.remove(code)) {
        Some((challenge, token)) if challenge == digest => HttpResponse::Ok().json(json!({
            "access_token": "of no use", "token_type": "Bearer", "expires_in": 60, "id_token": token
        })),
        _ => HttpResponse::BadRequest().json(json!({ "error": "invalid_grant" })),
    }
}

impl TestApp {
    /// Starts one that people can sign in to with these.
    pub async fn with_providers(providers: Vec<ProviderSettings>) -> TestApp {
        TestApp::configured(CHEAP, |config| config.oidc = Some(ProvidersFile { providers })).await
    }

    /// Links a person to a provider, past its pages.
    pub async fn identity(&self, user_id: uuid::Uuid, issuer: &str, subject: &str) {
        self.execute(&format!(
            "insert into control.user_identities (id, user_id, issuer, subject, provider_key, label)
            values ('{}', '{user_id}', '{issuer}', '{subject}', 'acme', '{subject}@acme.example')",
            uuid::Uuid::now_v7()
        ))
        .await;
    }

    /// Why answers and logouts of providers were not taken, with what each was taken for.
    pub async fn provider_trouble(&self) -> Vec<String> {
        self.texts(
            "select kind || ': ' || coalesce(details ->> 'why', details ->> 'outcome') from audit.security_events
            where details ? 'provider' order by occurred_at, id",
        )
        .await
    }
}

impl Person {
    /// Presses the button of a provider.
    pub async fn leave(&self, key: &str) -> Away {
        let answer = self.get(&format!("/sign-in/oidc/{key}")).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        Away::of(&answer.location())
    }

    /// Comes back from a provider with these parameters.
    pub async fn come_back(&self, key: &str, answer: &[(&str, &str)]) -> Page {
        let query: Vec<String> = answer.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        self.get(&format!("/sign-in/oidc/{key}/callback?{}", query.join("&"))).await
    }

    /// Goes to a provider and comes back as somebody.
    pub async fn sign_in_by(&self, forger: &Forger, key: &str, subject: &str) -> Page {
        let away = self.leave(key).await;
        let code = forger.code_for(&away, subject);
        self.come_back(key, &[("code", &code), ("state", &away.state), ("iss", &forger.issuer)]).await
    }
}
