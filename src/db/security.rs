//! What a security event can be about: one list, named after the OWASP logging vocabulary.

use serde_json::{Value, json};

use crate::action::Action;

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $kind:ident = $name:literal, $severity:literal;)+) => {
        /// What happened. Nothing else is ever written to `audit.security_events`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum SecurityKind {
            $($(#[doc = $doc])+ $kind,)+
        }

        impl SecurityKind {
            /// Every kind there is.
            pub const ALL: &'static [SecurityKind] = &[$(SecurityKind::$kind),+];

            /// Every spelling, as filters offer them.
            pub const NAMES: &'static [&'static str] = &[$($name),+];

            /// The spelling of column `kind`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(SecurityKind::$kind => $name,)+
                }
            }

            /// How bad it is, unless more is known: `info`, `warning` or `critical`.
            pub const fn severity(self) -> &'static str {
                match self {
                    $(SecurityKind::$kind => $severity,)+
                }
            }

            /// What it means, in a sentence for people.
            pub fn meaning(self) -> &'static str {
                match self {
                    $(SecurityKind::$kind => concat!($($doc),+).trim(),)+
                }
            }
        }
    };
}

// Names and severities of the vocabulary; docs/security-events.md says where we differ, and why.
kinds! {
    /// Somebody signed in after tries that failed: their own mistakes, or a guess that fitted in the end.
    AuthnLoginSuccessafterfail = "authn_login_successafterfail", "info";
    /// A password or code that was wrong, or an account that there is not.
    AuthnLoginFail = "authn_login_fail", "warning";
    /// So many tries failed in a row that the next one has to wait.
    AuthnLoginFailMax = "authn_login_fail_max", "warning";
    /// A try to sign in that was not looked at, because the account must wait.
    AuthnLoginLock = "authn_login_lock", "warning";
    /// A password was set or taken away, by its owner, by a link, or on the command line.
    AuthnPasswordChange = "authn_password_change", "info";
    /// A password was to be changed without the old one, or by a link that does not count.
    AuthnPasswordChangeFail = "authn_password_change_fail", "warning";
    /// An answer of another identity provider than was asked, or for another browser than asked.
    AuthnProviderMixUp = "authn_provider_mix_up", "warning";
    /// An answer or a logout of an identity provider that was used before.
    AuthnProviderReplay = "authn_provider_replay", "warning";
    /// A token of an identity provider, to sign in or out, that does not hold.
    AuthnProviderTokenFail = "authn_provider_token_fail", "warning";
    /// An API token was made.
    AuthnTokenCreated = "authn_token_created", "info";
    /// An API token was revoked or replaced.
    AuthnTokenRevoked = "authn_token_revoked", "info";
    /// An API token was used after it had been revoked, replaced or had expired.
    AuthnTokenReuse = "authn_token_reuse", "critical";
    /// An API token that does not exist, comes from a network it is not for, or whose owner may not use it.
    AuthnTokenFail = "authn_token_fail", "warning";
    /// Something was asked for that the person has no right to, or that lies outside of their scope.
    AuthzFail = "authz_fail", "warning";
    /// More was sent than is looked at: tries to sign in from one network, or requests with one token.
    ExcessRateLimitExceeded = "excess_rate_limit_exceeded", "warning";
    /// Something that no page or form of ours sends: a body of another kind, a forged cursor, a NUL byte, text that is not UTF-8.
    InputValidationFail = "input_validation_fail", "warning";
    /// A value that the form did not offer, such as a right that the person has not or that does not exist.
    InputValidationDiscreteFail = "input_validation_discrete_fail", "warning";
    /// A program that looks for weaknesses, by the name it gives itself.
    MaliciousAttackTool = "malicious_attack_tool", "critical";
    /// Many security events of a kind within minutes, of which people are told.
    MaliciousBurst = "malicious_burst", "critical";
    /// Another site tried to load something from here, or to embed it.
    MaliciousCors = "malicious_cors", "critical";
    /// A change that did not come from a page of ours.
    MaliciousCsrf = "malicious_csrf", "warning";
    /// Many addresses within a minute at which there is nothing, asked for in one session or from one network.
    /// It is written once, however long that goes on.
    MaliciousExcess404 = "malicious_excess_404", "warning";
    /// An event that was written and is not there any more, before it was sealed, or whose time is not when it was written.
    MaliciousLogTampering = "malicious_log_tampering", "critical";
    /// A step was taken without the one before: a second factor without a first, or an action whose effect was not looked at.
    SequenceFail = "sequence_fail", "critical";
    /// The cookie of a session that has ended was used. It is worth a look where somebody had ended that session.
    SessionUseAfterExpire = "session_use_after_expire", "warning";
    /// The key of the audit log was lost, and another one signs.
    SysAuditKeyReplaced = "sys_audit_key_replaced", "critical";
    /// Something that watches does not: events wait to be sealed and nobody seals them.
    SysMonitorDisabled = "sys_monitor_disabled", "critical";
    /// A process of the console ended in order. One that was killed leaves nothing.
    SysShutdown = "sys_shutdown", "warning";
    /// A process of the console started.
    SysStartup = "sys_startup", "warning";
}

impl SecurityKind {
    /// The kind that is spelled so.
    pub fn named(name: &str) -> Option<SecurityKind> {
        SecurityKind::ALL.iter().copied().find(|kind| kind.name() == name)
    }
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
    /// One of a kind, as bad as that kind is, from no network that is known.
    pub fn of(kind: SecurityKind, details: Value) -> SecurityEvent {
        SecurityEvent { kind, severity: kind.severity(), network_hash: None, details }
    }

    /// The same, with where it came from.
    pub fn from_network(self, network_hash: Option<Vec<u8>>) -> SecurityEvent {
        SecurityEvent { network_hash, ..self }
    }

    /// A value was sent in this field that the form does not offer.
    pub(super) fn not_offered(field: &str) -> SecurityEvent {
        SecurityEvent::of(SecurityKind::InputValidationDiscreteFail, json!({ "field": field }))
    }

    /// Somebody tried to decide about what is their own.
    pub(super) fn own_matter(action: &Action) -> SecurityEvent {
        let details = json!({ "why": "deciding about one's own", "action": action.name,
            "target_kind": action.target_kind, "target_id": action.target_id });
        SecurityEvent::of(SecurityKind::AuthzFail, details)
    }
}
