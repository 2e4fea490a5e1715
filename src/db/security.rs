//! What a security event can be about: one list, named after the OWASP logging vocabulary.

use serde_json::{Value, json};

use crate::action::Action;

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $kind:ident = $name:literal,)+) => {
        /// What happened. Nothing else is ever written to `audit.security_events`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum SecurityKind {
            $($(#[doc = $doc])+ $kind,)+
        }

        impl SecurityKind {
            /// Every spelling, as filters offer them.
            pub const NAMES: &'static [&'static str] = &[$($name),+];

            /// The spelling of column `kind`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(SecurityKind::$kind => $name,)+
                }
            }
        }
    };
}

kinds! {
    /// A password that was wrong, or an account that there is not.
    AuthnLoginFail = "authn_login_fail",
    /// A try to sign in that was not looked at, because the account must wait.
    AuthnLoginLock = "authn_login_lock",
    /// An answer of another identity provider than was asked, or for another browser than asked.
    AuthnProviderMixUp = "authn_provider_mix_up",
    /// An answer or a logout of an identity provider that was used before.
    AuthnProviderReplay = "authn_provider_replay",
    /// A token of an identity provider, to sign in or out, that does not hold.
    AuthnProviderTokenFail = "authn_provider_token_fail",
    /// An API token was made.
    AuthnTokenCreated = "authn_token_created",
    /// An API token was revoked or replaced.
    AuthnTokenRevoked = "authn_token_revoked",
    /// An API token was used after it had been revoked, replaced or had expired.
    AuthnTokenReuse = "authn_token_reuse",
    /// An API token that does not exist, comes from a network it is not for, or whose owner may not use it.
    AuthnTokenFail = "authn_token_fail",
    /// Something was asked for that the person has no right to, or that lies outside of their scope.
    AuthzFail = "authz_fail",
    /// More was sent than is looked at: tries to sign in from one network, or requests with one token.
    ExcessRateLimitExceeded = "excess_rate_limit_exceeded",
    /// A body that none of our forms sends.
    InputValidationFail = "input_validation_fail",
    /// A value that the form did not offer, such as a right that the person has not.
    InputValidationDiscreteFail = "input_validation_discrete_fail",
    /// An event that was written and is not there any more, before it was sealed, or whose time is not when it was written.
    MaliciousLogTampering = "malicious_log_tampering",
    /// A change that did not come from a page of ours.
    MaliciousCsrf = "malicious_csrf",
    /// Many security events of a kind within minutes, of which people are told.
    MaliciousBurst = "malicious_burst",
    /// The key of the audit log was lost, and another one signs.
    SysAuditKeyReplaced = "sys_audit_key_replaced",
    /// Something that watches does not: events wait to be sealed and nobody seals them.
    SysMonitorDisabled = "sys_monitor_disabled",
}

/// A refusal or sign-in trouble, named after the OWASP logging vocabulary.
#[derive(Debug, Clone)]
pub struct SecurityEvent {
    pub kind: SecurityKind,
    /// `info`, `warning` or `critical`.
    pub severity: &'static str,
    pub network_hash: Option<Vec<u8>>,
    pub details: Value,
}

impl SecurityEvent {
    /// Somebody tried to decide about what is their own.
    pub(super) fn own_matter(action: &Action) -> SecurityEvent {
        let details = json!({ "why": "deciding about one's own", "action": action.name,
            "target_kind": action.target_kind, "target_id": action.target_id });
        SecurityEvent { kind: SecurityKind::AuthzFail, severity: "warning", network_hash: None, details }
    }
}
