//! `/sign-in/oidc/{key}` sends a browser to a provider, and `/sign-in/oidc/{key}/callback` takes it back.

use actix_web::http::StatusCode;
use actix_web::http::header::{HOST, LOCATION};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use jiff_diesel::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::ceremony::{self, Candidate, Ceremony};
use super::door::Door;
use super::id_token::Proven;
use super::store::{self, BoundTo, Comer, Purpose, Taken, Whose};
use super::{Fault, Provider, Providers};
use crate::actor::{Can, Privilege};
use crate::auth::sign_in::first_step::{self, First};
use crate::auth::sign_in::pages::origin;
use crate::auth::sign_in::store::ByProvider;
use crate::auth::{SignIn, cookie, identities};
use crate::db::{Db, SecurityKind};
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::query::Pairs;

const LATE: &str = "That sign-in was answered already, or took longer than ten minutes. Begin again.";

pub async fn begin(
    can: Can<SignIn>,
    context: Context,
    request: HttpRequest,
    db: Data<Db>,
    providers: Data<Providers>,
    key: Path<String>,
) -> Result<HttpResponse, AppError> {
    let door = Door { can: &can, context: &context, request: &request, db: &db, provider: providers.get(&key)? };
    if let Some(answer) = door.throttled().await? {
        return Ok(answer);
    }
    let mark = ceremony::browser(&context, &request).unwrap_or_else(cookie::new_token);
    let bound_to = BoundTo::Browser(cookie::hash(&mark));
    match send_away(&can, &context, &request, &db, door.provider, (Purpose::SignIn, bound_to)).await? {
        Ok(url) => {
            let cookie = ceremony::mark(&context, mark);
            Ok(HttpResponse::SeeOther().insert_header((LOCATION, url)).cookie(cookie).finish())
        }
        Err(fault) => door.refuse(fault, context.return_to(), None).await,
    }
}

/// Keeps what the answer has to fit. Returns the address to send the browser to.
pub async fn send_away<P: Privilege>(
    can: &Can<P>,
    context: &Context,
    request: &HttpRequest,
    db: &Db,
    provider: &Provider,
    (purpose, bound_to): (Purpose, BoundTo),
) -> Result<Result<String, Fault>, AppError> {
    // Nobody guesses it: 122 random bits.
    let id = Uuid::new_v4();
    let redirect_uri = redirect_uri(context, request, &provider.settings.key);
    let sent = match provider.send_away(id, &redirect_uri).await {
        Ok(sent) => sent,
        Err(fault) => return Ok(Err(fault)),
    };
    let origin = origin(context, request, "");
    let ceremony = Ceremony {
        provider: provider.settings.key.clone(),
        nonce: sent.nonce,
        verifier: sent.verifier,
        redirect_uri,
        return_to: context.return_to(),
        device: origin.device_id,
        network: origin.network_hash.as_deref().map(store::hex),
    };
    let state = serde_json::to_value(&ceremony).map_err(|error| AppError::Internal(error.to_string()))?;
    db.append(can, move |conn| store::keep(conn, id, purpose, bound_to, &state)).await?;
    Ok(Ok(sent.url.into()))
}

/// Where the provider sends the browser back to: below the public address, or in development where the person is.
fn redirect_uri(context: &Context, request: &HttpRequest, key: &str) -> String {
    let base = context.site().public_url.clone().unwrap_or_else(|| {
        let host = request.headers().get(HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
        format!("http://{host}")
    });
    format!("{base}/sign-in/oidc/{key}/callback")
}

/// What a browser brings back.
struct Answer {
    state: Option<Uuid>,
    code: String,
    issuer: Option<String>,
    error: Option<String>,
}

impl Answer {
    /// None when a parameter is there twice, which no provider does.
    fn read(pairs: &Pairs) -> Option<Answer> {
        let one = |name: &str| match pairs.all(name).count() {
            0 | 1 => Some(pairs.get(name).map(str::to_owned)),
            _ => None,
        };
        let (state, code, issuer, error) = (one("state")?, one("code")?, one("iss")?, one("error")?);
        Some(Answer { state: state.and_then(|id| id.parse().ok()), code: code.unwrap_or_default(), issuer, error })
    }
}

pub async fn callback(
    can: Can<SignIn>,
    context: Context,
    request: HttpRequest,
    db: Data<Db>,
    providers: Data<Providers>,
    key: Path<String>,
) -> Result<HttpResponse, AppError> {
    let door = Door { can: &can, context: &context, request: &request, db: &db, provider: providers.get(&key)? };
    let answer = Answer::read(&context.pairs()?);
    let Some((answer, state)) = answer.and_then(|answer| answer.state.map(|state| (answer, state))) else {
        return door.show(LATE, None, StatusCode::UNPROCESSABLE_ENTITY);
    };
    let browser = ceremony::browser(&context, &request).map(|mark| cookie::hash(&mark));
    let comer = Comer { browser, session: context.actor.session_id };
    let (asked, purpose, since) = match db.append(&can, move |conn| store::take(conn, state, comer)).await? {
        Taken::Fresh(asked, purpose, since) => (asked, purpose, since),
        Taken::Unknown => return door.show(LATE, None, StatusCode::UNPROCESSABLE_ENTITY),
        Taken::Again => {
            door.note(SecurityKind::AuthnProviderReplay, "an answer that came before").await;
            return door.show(LATE, None, StatusCode::UNPROCESSABLE_ENTITY);
        }
        Taken::Elsewhere => {
            let fault = Fault::mix_up("another browser was asked");
            return door.refuse(fault, None, None).await;
        }
    };
    match (door.proven(answer, &asked).await, purpose) {
        (Err(fault), Purpose::SignIn) => door.refuse(fault, asked.return_to.clone(), Some(&asked)).await,
        (Err(fault), Purpose::Link) => door.refuse_link(fault).await,
        (Ok(proven), Purpose::SignIn) => door.sign_in(proven, asked, since).await,
        (Ok(proven), Purpose::Link) => door.ask_to_link(proven).await,
    }
}

impl Door<'_> {
    /// Looks at where the answer comes from, and then at what it is worth.
    async fn proven(&self, answer: Answer, asked: &Ceremony) -> Result<Proven, Fault> {
        let settings = &self.provider.settings;
        if asked.provider != settings.key {
            return Err(Fault::mix_up("another provider was asked"));
        }
        match &answer.issuer {
            Some(issuer) if *issuer != settings.issuer => {
                return Err(Fault::mix_up("the answer is of another issuer"));
            }
            None if self.provider.names_itself().await? => {
                return Err(Fault::mix_up("the answer does not name its issuer"));
            }
            _ => {}
        }
        match answer.error {
            Some(_) => Err(Fault::Declined("the person or the provider said no".into())),
            None if answer.code.is_empty() => Err(Fault::token("no code came")),
            None => self.provider.redeem(answer.code, asked).await,
        }
    }

    /// The account that the identity is linked to. Nobody learns whether there is one that may not sign in.
    async fn sign_in(&self, proven: Proven, asked: Ceremony, since: Timestamp) -> Result<HttpResponse, AppError> {
        let (issuer, subject) = (proven.issuer.clone(), proven.subject.clone());
        let whose = self.db.read(self.can, move |conn| store::whose(conn, &issuer, &subject)).await?;
        let Some(Whose { identity_id, account, email }) =
            whose.clone().filter(|whose| whose.account.may_open_the_console)
        else {
            let outcome = if whose.is_some() { "inactive" } else { "unknown_account" };
            self.count_failure(&asked, outcome, whose.map(|whose| whose.account.id)).await?;
            self.note(SecurityKind::AuthnLoginFail, outcome).await;
            return self.show(&self.unknown(), asked.return_to, StatusCode::UNPROCESSABLE_ENTITY);
        };
        let mut origin = origin(self.context, self.request, &email);
        origin.device_id = asked.device.or(origin.device_id);
        let first = First {
            factors: if proven.by_two_factors { vec!["oidc", "provider_factor"] } else { vec!["oidc"] },
            is_enough: proven.by_two_factors,
            by_provider: Some(ByProvider { identity_id, sid: proven.sid, since }),
            details: json!({ "factor": "oidc", "provider": asked.provider, "identity_id": identity_id }),
        };
        let to = asked.return_to.clone().unwrap_or_else(|| "/".to_owned());
        match first_step::begin(self.context, self.request, self.db, account, origin, first, &to).await {
            // Unlinked a moment ago.
            Err(AppError::NotFound) => self.show(&self.unknown(), asked.return_to, StatusCode::UNPROCESSABLE_ENTITY),
            // Signed out at the provider a moment ago.
            Err(AppError::Conflict(why)) => {
                self.note(SecurityKind::AuthnLoginFail, "signed out at the provider meanwhile").await;
                self.show(&why, asked.return_to, StatusCode::CONFLICT)
            }
            answer => answer,
        }
    }

    fn unknown(&self) -> String {
        format!(
            "No account here is linked to what you have at {}. Sign in another way, then link it under “Identities”.",
            self.provider.settings.name
        )
    }

    /// The person says yes on a page of ours: whoever is signed in at the provider may be somebody else.
    async fn ask_to_link(&self, proven: Proven) -> Result<HttpResponse, AppError> {
        let session_id = self.context.actor.session_id.ok_or(AppError::SignIn)?;
        let candidate = Candidate {
            provider: self.provider.settings.key.clone(),
            issuer: proven.issuer,
            subject: proven.subject,
            label: proven.label,
        };
        let keep = self.db.append(self.can, move |conn| identities::store::propose(conn, session_id, &candidate));
        let id = keep.await?;
        Ok(HttpResponse::SeeOther()
            .insert_header((LOCATION, format!("{}/new?ceremony={id}", identities::PATH)))
            .finish())
    }
}
