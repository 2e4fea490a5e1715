//! The way to a provider and back: the address that a browser is sent to, and what the code it comes back with is worth.

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreClientAuthMethod, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreResponseType, CoreRevocableToken,
    CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, AuthType, AuthenticationFlow, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret,
    CsrfToken, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, IdTokenClaims, IdTokenFields,
    IdTokenVerifier, IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope,
    SignatureVerificationError, StandardErrorResponse, StandardTokenResponse, TokenResponse,
};
use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;

use super::ceremony::Ceremony;
use super::http::HttpError;
use super::provider::{Known, Provider};
use super::{ALGORITHMS, Fault, LEEWAY};
use crate::config::oidc::is_trusted_way;
use crate::db::SecurityKind;

/// What the library does not know of claims.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Additional {
    /// The provider's own session.
    sid: Option<String>,
}

impl AdditionalClaims for Additional {}

type Claims = IdTokenClaims<Additional, CoreGenderClaim>;
type Fields = IdTokenFields<
    Additional,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
type Client = openidconnect::Client<
    Additional,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<Fields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Who has signed in at a provider, by its word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    pub issuer: String,
    pub subject: String,
    pub sid: Option<String>,
    /// To be shown and for nothing else.
    pub label: String,
    /// Whether it was by more than one factor.
    pub by_two_factors: bool,
}

/// Longest subject and session that the standard allows.
const LONGEST: usize = 255;
const LABEL: usize = 254;

/// What a browser is sent away with, and what is kept of it.
pub struct SentAway {
    pub url: Url,
    pub nonce: String,
    pub verifier: String,
}

impl Provider {
    /// Where to send a browser. `state` is the id under which its answer is waited for.
    pub async fn send_away(&self, state: Uuid, redirect_uri: &str) -> Result<SentAway, Fault> {
        let known = self.known().await?;
        let client = self.client(&known, redirect_uri)?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
        let (url, _, nonce) = client
            .authorize_url(flow, move || CsrfToken::new(state.to_string()), Nonce::new_random)
            .add_scope(Scope::new("email".into()))
            .add_scope(Scope::new("profile".into()))
            .set_pkce_challenge(challenge)
            .url();
        if !is_trusted_way(&url, self.settings.is_plain()) {
            return Err(Fault::Unreachable("its page for signing in is not https".into()));
        }
        Ok(SentAway { url, nonce: nonce.secret().clone(), verifier: verifier.secret().clone() })
    }

    /// Whether each answer has to name its issuer.
    pub async fn names_itself(&self) -> Result<bool, Fault> {
        Ok(self.known().await?.metadata.additional_metadata().authorization_response_iss_parameter_supported)
    }

    /// Exchanges the code that a browser came back with, and looks at the token that comes for it.
    pub async fn redeem(&self, code: String, asked: &Ceremony) -> Result<Proven, Fault> {
        let known = self.known().await?;
        let client = self.client(&known, &asked.redirect_uri)?;
        let exchange = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| Fault::Unreachable(error.to_string()))?
            .set_pkce_verifier(PkceCodeVerifier::new(asked.verifier.clone()));
        let answer = exchange.request_async(&self.http).await.map_err(declined)?;
        let token = answer.id_token().ok_or_else(|| Fault::token("no token of identity came"))?;
        let nonce = Nonce::new(asked.nonce.clone());
        let claims = match token.claims(&self.verifier(&known)?, &nonce) {
            Err(error) if is_unknown_key(&error) => {
                let anew = self.known_anew(&known).await?;
                token.claims(&self.verifier(&anew)?, &nonce).map_err(bad)?
            }
            looked_at => looked_at.map_err(bad)?,
        };
        self.proven(claims)
    }

    fn client(&self, known: &Known, redirect_uri: &str) -> Result<Client, Fault> {
        let redirect = RedirectUrl::new(redirect_uri.to_owned()).map_err(|error| Fault::token(error.to_string()))?;
        let (id, secret) = self.credentials();
        let client = Client::from_provider_metadata(known.metadata.clone(), id, Some(secret));
        Ok(client.set_redirect_uri(redirect).set_auth_type(auth_type(known)))
    }

    fn credentials(&self) -> (ClientId, ClientSecret) {
        (ClientId::new(self.settings.client_id.clone()), ClientSecret::new(self.settings.client_secret.clone()))
    }

    /// Signature, issuer, audience, nonce and end are looked at by the library, with these keys and algorithms only.
    fn verifier(&self, known: &Known) -> Result<IdTokenVerifier<'static, CoreJsonWebKey>, Fault> {
        let issuer =
            IssuerUrl::new(self.settings.issuer.clone()).map_err(|error| Fault::Unreachable(error.to_string()))?;
        let (id, _) = self.credentials();
        // Without the secret, so that nothing can be signed with it.
        Ok(IdTokenVerifier::new_public_client(id, issuer, known.keys.clone()).set_allowed_algs(ALGORITHMS))
    }

    /// What the library leaves to us, and what is kept of the claims.
    fn proven(&self, claims: &Claims) -> Result<Proven, Fault> {
        let party = claims.authorized_party();
        if party.is_some_and(|party| party.as_str() != self.settings.client_id) {
            return Err(Fault::token("the token is for another party"));
        }
        if claims.issue_time().timestamp() > jiff::Timestamp::now().as_second() + LEEWAY {
            return Err(Fault::token("the token is from the future"));
        }
        let subject = claims.subject().to_string();
        let sid = claims.additional_claims().sid.clone().filter(|sid| !sid.is_empty());
        let too_long = |text: &str| text.is_empty() || text.chars().count() > LONGEST || text.contains('\0');
        if too_long(&subject) || sid.as_deref().is_some_and(too_long) {
            return Err(Fault::token("the token's subject or session is no such thing"));
        }
        Ok(Proven {
            issuer: self.settings.issuer.clone(),
            label: label(claims).unwrap_or_else(|| subject.clone()),
            subject,
            sid,
            by_two_factors: self.settings.second_factor_by_provider && by_two_factors(claims),
        })
    }
}

/// Providers take the secret in a header unless they say that they do not.
fn auth_type(known: &Known) -> AuthType {
    match known.metadata.token_endpoint_auth_methods_supported() {
        Some(ways)
            if !ways.contains(&CoreClientAuthMethod::ClientSecretBasic)
                && ways.contains(&CoreClientAuthMethod::ClientSecretPost) =>
        {
            AuthType::RequestBody
        }
        _ => AuthType::BasicAuth,
    }
}

/// As the standard (RFC 8176) and the common contexts of authentication say it.
fn by_two_factors(claims: &Claims) -> bool {
    const CONTEXTS: [&str; 3] = ["http://schemas.openid.net/pape/policies/2007/06/multi-factor", "phr", "phrh"];
    let methods = claims.auth_method_refs().into_iter().flatten();
    let context = claims.auth_context_ref().map(|context| context.as_str());
    methods.into_iter().any(|method| method.as_str() == "mfa") || context.is_some_and(|acr| CONTEXTS.contains(&acr))
}

fn label(claims: &Claims) -> Option<String> {
    let email = claims.email().map(|email| email.to_string());
    let named = email.or_else(|| claims.preferred_username().map(|name| name.to_string()))?;
    let plain: String = named.chars().filter(|c| !c.is_control()).take(LABEL).collect();
    Some(plain.trim().to_owned()).filter(|label| !label.is_empty())
}

fn is_unknown_key(error: &ClaimsVerificationError) -> bool {
    matches!(error, ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey))
}

/// In a few words, without what the token says, which a stranger may have written.
fn bad(error: ClaimsVerificationError) -> Fault {
    use {ClaimsVerificationError as Claim, SignatureVerificationError as Signature};
    Fault::token(match error {
        Claim::Expired(_) => "expired",
        Claim::InvalidAudience(_) => "another audience",
        Claim::InvalidIssuer(_) => return Fault::mix_up("the token is of another issuer"),
        Claim::InvalidNonce(_) => "another nonce",
        Claim::SignatureVerification(Signature::NoMatchingKey) => "signed with an unknown key",
        Claim::SignatureVerification(Signature::NoSignature) => "not signed",
        Claim::SignatureVerification(Signature::DisallowedAlg(_) | Signature::UnsupportedAlg(_)) => {
            "signed in a way that is not taken"
        }
        Claim::SignatureVerification(_) => "the signature does not fit",
        _ => "the token cannot be taken",
    })
}

type Unredeemed = RequestTokenError<HttpError, StandardErrorResponse<CoreErrorResponseType>>;

fn declined(error: Unredeemed) -> Fault {
    match error {
        RequestTokenError::ServerResponse(answer) if *answer.error() == CoreErrorResponseType::InvalidGrant => {
            Fault::Bad {
                kind: SecurityKind::AuthnProviderReplay,
                why: "a code that the provider does not take, as when it was used before".into(),
            }
        }
        // Such as a wrong secret, which nobody who signs in can mend.
        RequestTokenError::ServerResponse(answer) => Fault::Unreachable(format!("it answers {}", answer.error())),
        RequestTokenError::Request(error) => Fault::Unreachable(error.to_string()),
        RequestTokenError::Parse(..) => Fault::token("the answer to the code cannot be read"),
        RequestTokenError::Other(why) => Fault::Unreachable(why),
    }
}
