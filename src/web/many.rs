//! Which lists were found to have more rows than are counted. Counting them again costs more than their pages.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Lists with their filters, and when they were counted.
#[derive(Debug, Default)]
pub struct Many(Mutex<HashMap<String, Instant>>);

/// After this long a list is counted again.
const REMEMBERED: Duration = Duration::from_secs(60);
/// Beyond it everything is forgotten, so that odd filters do not fill the memory.
const LISTS: usize = 1000;

impl Many {
    /// Whether the list was found to be long a moment ago.
    pub fn knows(&self, list: &str) -> bool {
        self.0.lock().is_ok_and(|lists| lists.get(list).is_some_and(|since| since.elapsed() < REMEMBERED))
    }

    /// Remembers that the list is long.
    pub fn note(&self, list: String) {
        if let Ok(mut lists) = self.0.lock() {
            if lists.len() >= LISTS {
                lists.clear();
            }
            lists.insert(list, Instant::now());
        }
    }
}
