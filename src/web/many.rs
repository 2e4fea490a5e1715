//! How many rows long lists were found to have. Counting them again costs more than their pages.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::db::keyset::COUNT_CAP;
use crate::error::AppError;

/// Lists with their filters, how many rows they had, and when.
#[derive(Debug, Default)]
pub struct Many(Mutex<HashMap<String, (i64, Instant)>>);

/// Lists of fewer rows are counted each time: it is quick, and there a row more or less is seen.
const MANY: i64 = 1000;
/// After this long a list is counted again.
const REMEMBERED: Duration = Duration::from_secs(10);
/// The same for a list with more rows than are counted, which stays one.
const CAPPED_REMEMBERED: Duration = Duration::from_secs(60);
/// Beyond it everything is forgotten, so that odd filters do not fill the memory.
const LISTS: usize = 1000;

impl Many {
    fn recall(&self, list: &str) -> Option<i64> {
        let (count, since) = *self.0.lock().ok()?.get(list)?;
        let remembered = if count > COUNT_CAP { CAPPED_REMEMBERED } else { REMEMBERED };
        (since.elapsed() < remembered).then_some(count)
    }

    fn note(&self, list: String, count: i64) {
        if let Ok(mut lists) = self.0.lock() {
            if lists.len() >= LISTS {
                lists.clear();
            }
            lists.insert(list, (count, Instant::now()));
        }
    }
}

/// Counts lists for one reader and remembers the long ones for the next.
#[derive(Clone, Default)]
pub struct Counter(Option<Arc<Many>>);

impl Counter {
    /// For everybody who sees every row.
    pub fn over(many: Arc<Many>) -> Counter {
        Counter(Some(many))
    }

    /// The number of rows behind the address of a list, by `count` unless there were many a moment ago.
    pub fn count(&self, list: String, count: impl FnOnce() -> Result<i64, AppError>) -> Result<i64, AppError> {
        if let Some(known) = self.0.as_ref().and_then(|many| many.recall(&list)) {
            return Ok(known);
        }
        let counted = count()?;
        if let Some(many) = self.0.as_ref().filter(|_| counted > MANY) {
            many.note(list, counted);
        }
        Ok(counted)
    }
}
