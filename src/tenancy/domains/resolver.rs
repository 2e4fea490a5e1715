//! Asking the domain name system. A trait, so that tests answer themselves.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::RData;
use tokio::time::timeout;

/// The texts of the TXT records of a name, none when it has none. The error is a sentence about a question that got
/// no answer.
pub type Answer = Result<Vec<String>, String>;

/// Who knows names.
pub trait Resolver: Send + Sync {
    /// Asks for the TXT records of a name.
    fn txt<'a>(&'a self, name: &'a str) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;
}

/// The name servers that this machine is set up with.
pub struct NameServers;

/// Beyond it there is no answer.
const PATIENCE: Duration = Duration::from_secs(5);

impl Resolver for NameServers {
    fn txt<'a>(&'a self, name: &'a str) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>> {
        Box::pin(async move {
            let answer = timeout(PATIENCE, look_up(name)).await;
            answer.unwrap_or_else(|_| {
                Err(format!("The name servers did not answer within {} seconds.", PATIENCE.as_secs()))
            })
        })
    }
}

/// With a resolver of its own, which remembers nothing: a record that was published a minute ago is seen.
async fn look_up(name: &str) -> Answer {
    let resolver = TokioResolver::builder_tokio()
        .and_then(|builder| builder.build())
        .map_err(|error| format!("The name servers of this machine cannot be used: {error}."))?;
    // The dot says that the name is whole, so that no search domain is tried.
    match resolver.txt_lookup(format!("{name}.")).await {
        Ok(found) => Ok(found.answers().iter().filter_map(|record| text(&record.data)).collect()),
        Err(error) if error.is_no_records_found() => Ok(Vec::new()),
        Err(error) => Err(format!("The name servers did not answer the question: {error}.")),
    }
}

/// A long text comes in pieces.
fn text(data: &RData) -> Option<String> {
    match data {
        RData::TXT(txt) => Some(String::from_utf8_lossy(&txt.txt_data.concat()).into_owned()),
        _ => None,
    }
}
