//! Identity providers, asked as sign-in asks them.

use super::Finding;
use crate::auth::oidc::{Fault, Providers};
use crate::config::Config;

pub fn examine(config: &Config) -> Vec<Finding> {
    if config.providers().next().is_none() {
        return vec![Finding::ok("identity providers: none (CASTELLAN_OIDC_FILE)")];
    }
    match Providers::of(config) {
        Ok(providers) => on_a_thread(&providers),
        Err(error) => vec![Finding::fail(format!("identity providers: {error}"), "look at the system's certificates")],
    }
}

/// The thread that runs commands has a runtime already, in which nothing can be waited for.
fn on_a_thread(providers: &Providers) -> Vec<Finding> {
    let work = || match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(ask(providers)),
        Err(error) => vec![Finding::fail(format!("identity providers: {error}"), "start it again")],
    };
    std::thread::scope(|scope| scope.spawn(work).join()).unwrap_or_default()
}

async fn ask(providers: &Providers) -> Vec<Finding> {
    let mut findings = Vec::new();
    for provider in providers.iter() {
        let (key, issuer) = (&provider.settings.key, &provider.settings.issuer);
        findings.push(match provider.known().await {
            Ok(_) => Finding::ok(format!("identity provider {key}: {issuer} answers")),
            Err(Fault::Unreachable(why) | Fault::Declined(why) | Fault::Bad { why, .. }) => Finding::warn(
                format!("identity provider {key}: {issuer}: {why}"),
                "until it answers, people sign in another way; look at the issuer in CASTELLAN_OIDC_FILE",
            ),
        });
    }
    findings
}
