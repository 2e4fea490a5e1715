//! All checkpoints in order of the tree's size, a page at a time.

use std::collections::VecDeque;

use diesel::PgConnection;
use uuid::Uuid;

use super::store::{self, Kept};
use crate::error::AppError;

/// Checkpoints that are read at once.
const PAGE: i64 = 1000;

#[derive(Default)]
pub struct Checkpoints {
    page: VecDeque<Kept>,
    last: Option<(i64, Uuid)>,
    is_over: bool,
}

impl Checkpoints {
    /// The tree's size in the next one.
    pub fn peek(&mut self, conn: &mut PgConnection) -> Result<Option<u64>, AppError> {
        if self.page.is_empty() && !self.is_over {
            self.page = store::checkpoints(conn, self.last, PAGE)?.into();
            self.is_over = self.page.is_empty();
        }
        Ok(self.page.front().map(|kept| kept.tree_size.cast_unsigned()))
    }

    /// The next one.
    pub fn take(&mut self) -> Option<Kept> {
        let kept = self.page.pop_front()?;
        self.last = Some((kept.tree_size, kept.id));
        Some(kept)
    }
}
