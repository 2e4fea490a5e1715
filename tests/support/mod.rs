//! What every test stands on: a database of its own, a running console, people who use it.

mod app;
mod cluster;
mod collector;
mod command;
mod database;
mod events;
mod factories;
mod factors;
pub mod forger;
mod jobs;
mod load;
mod page;
mod people;
mod person;
mod provider;
mod smtp;
mod sql;
mod template;
mod tls;
mod tokens;

pub use app::TestApp;
pub use cluster::Cluster;
pub use collector::{Collector, Trouble};
pub use command::{Castellan, Done};
pub use database::TestDatabase;
pub use events::{ACTIONS, actions};
pub use factors::Authenticator;
pub use forger::Forger;
pub use jobs::PACE;
pub use load::Load;
pub use page::{FilledForm, Page};
pub use people::PASSWORD;
pub use person::{Person, SESSION};
pub use provider::{RealProvider, Visitor};
pub use smtp::{Mail, MailServer};
pub use template::{CHEAP, config};
pub use tls::Authority;
pub use tokens::Token;

/// Says why a test did nothing; `cargo test -- --nocapture` shows it.
pub fn skipped(why: &str) {
    println!("skipped: {why}");
}

/// Waits for something asynchronous where nothing can be awaited, such as in a drop.
pub fn wait_for<T: Send>(work: impl Future<Output = T> + Send) -> T {
    let wait = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime starts").block_on(work)
    };
    std::thread::scope(|scope| scope.spawn(wait).join()).expect("nothing panics while it is waited for")
}
