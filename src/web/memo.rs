//! A value that need not be of this very moment.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::error::AppError;

/// Remembers what was found for a while.
#[derive(Debug)]
pub struct Memo<T> {
    lasts: Duration,
    found: Mutex<Option<(T, Instant)>>,
}

impl<T: Clone> Memo<T> {
    /// Remembers this long.
    pub fn lasting(lasts: Duration) -> Memo<T> {
        Memo { lasts, found: Mutex::default() }
    }

    /// What was found a moment ago, else what `find` finds now. Two who ask at once may both look.
    pub fn get(&self, find: impl FnOnce() -> Result<T, AppError>) -> Result<T, AppError> {
        if let Some(known) = self.recall() {
            return Ok(known);
        }
        let found = find()?;
        if let Ok(mut kept) = self.found.lock() {
            *kept = Some((found.clone(), Instant::now()));
        }
        Ok(found)
    }

    fn recall(&self) -> Option<T> {
        let kept = self.found.lock().ok()?;
        let (value, since) = kept.as_ref()?;
        (since.elapsed() < self.lasts).then(|| value.clone())
    }
}
