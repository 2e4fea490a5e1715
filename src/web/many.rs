//! Which lists were found to have more rows than are counted. Counting them again costs more than their pages.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::context::Context;
use crate::db::keyset::COUNT_CAP;
use crate::error::AppError;

/// Lists with their filters, and when they were counted.
#[derive(Debug, Default)]
pub struct Many(Mutex<HashMap<String, Instant>>);

/// After this long a list is counted again.
const REMEMBERED: Duration = Duration::from_secs(60);
/// Beyond it everything is forgotten, so that odd filters do not fill the memory.
const LISTS: usize = 1000;

impl Many {
    fn knows(&self, list: &str) -> bool {
        self.0.lock().is_ok_and(|lists| lists.get(list).is_some_and(|since| since.elapsed() < REMEMBERED))
    }

    fn note(&self, list: String) {
        if let Ok(mut lists) = self.0.lock() {
            if lists.len() >= LISTS {
                lists.clear();
            }
            lists.insert(list, Instant::now());
        }
    }
}

/// Counts lists for one reader and remembers the long ones for the next.
#[derive(Clone, Default)]
pub struct Counter(Option<Arc<Many>>);

impl Counter {
    /// Who sees some rows only has lists of another length: theirs are always counted.
    pub fn of(context: &Context) -> Counter {
        Counter(context.actor.sees_everything().then(|| context.site().many.clone()))
    }

    /// For everybody who sees every row.
    pub fn over(many: Arc<Many>) -> Counter {
        Counter(Some(many))
    }

    /// The number of rows behind the address of a list, by `count` unless there were too many a moment ago.
    pub fn count(&self, list: String, count: impl FnOnce() -> Result<i64, AppError>) -> Result<i64, AppError> {
        match &self.0 {
            Some(many) if many.knows(&list) => Ok(COUNT_CAP + 1),
            many => {
                let counted = count()?;
                if let Some(many) = many.as_ref().filter(|_| counted > COUNT_CAP) {
                    many.note(list);
                }
                Ok(counted)
            }
        }
    }
}
