//! Passwords: argon2id, off the async threads, behind a gate of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::error::AppError;

/// Hashes and verifies. One at a time, a few waiting, the rest refused at once: a flood of sign-ins must not starve
/// the pages of those who are signed in.
#[derive(Clone)]
pub struct Passwords {
    params: Params,
    queue: Arc<Semaphore>,
    worker: Arc<Semaphore>,
    /// Verified for unknown people, so that they cost the same time.
    dummy: Arc<String>,
    verified: Arc<AtomicU64>,
}

const WAITING: usize = 8;
const RETRY_SECONDS: u32 = 2;

/// Memory in KiB and passes over it.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    pub memory_kib: u32,
    pub passes: u32,
}

impl Default for Cost {
    /// About a tenth of a second on one core.
    fn default() -> Self {
        Cost { memory_kib: 65_536, passes: 3 }
    }
}

impl Passwords {
    /// Ready to hash at this cost.
    pub fn new(cost: Cost) -> Result<Passwords, AppError> {
        let params = Params::new(cost.memory_kib, cost.passes, 1, None).map_err(internal)?;
        let dummy = fits_nothing(&params);
        Ok(Passwords {
            params,
            queue: Arc::new(Semaphore::new(WAITING)),
            worker: Arc::new(Semaphore::new(1)),
            dummy: Arc::new(dummy),
            verified: Arc::default(),
        })
    }

    /// How many passwords were looked at since the start: what guessing costs this process.
    pub fn verified(&self) -> u64 {
        self.verified.load(Ordering::Relaxed)
    }

    /// A new hash in PHC form, on this thread; for the command line.
    pub fn hash_blocking(&self, password: &str) -> Result<String, AppError> {
        hash_now(&self.params, password)
    }

    /// Waits for one's turn to have a password looked at. `TooMany` when too many wait already.
    pub async fn turn(&self) -> Result<Turn<'_>, AppError> {
        let waiting = self.queue.try_acquire().map_err(|_| AppError::TooMany(RETRY_SECONDS))?;
        let working = self.worker.acquire().await.map_err(internal)?;
        Ok(Turn { passwords: self, _permits: [waiting, working] })
    }
}

/// The right to look at a password while nobody else does.
pub struct Turn<'p> {
    passwords: &'p Passwords,
    _permits: [SemaphorePermit<'p>; 2],
}

impl Turn<'_> {
    /// Whether the password fits the stored hash; none stored takes as long and never fits.
    pub async fn fits(&self, password: String, stored: Option<String>) -> Result<bool, AppError> {
        let known = stored.is_some();
        let hash = stored.unwrap_or_else(|| self.passwords.dummy.to_string());
        self.passwords.verified.fetch_add(1, Ordering::Relaxed);
        let verified = tokio::task::spawn_blocking(move || verify_now(&hash, &password)).await.map_err(internal)?;
        Ok(verified? && known)
    }

    /// A new hash in PHC form.
    pub async fn hash(&self, password: String) -> Result<String, AppError> {
        let params = self.passwords.params.clone();
        tokio::task::spawn_blocking(move || hash_now(&params, &password)).await.map_err(internal)?
    }
}

fn hash_now(params: &Params, password: &str) -> Result<String, AppError> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    let hash: PasswordHash = argon2.hash_password(password.as_bytes()).map_err(internal)?;
    Ok(hash.to_string())
}

/// Looks like a hash and costs as much to verify, but nobody knows a password for it.
fn fits_nothing(params: &Params) -> String {
    let (salt, output): ([u8; 16], [u8; 32]) = (rand::random(), rand::random());
    let cost = format!("m={},t={},p={}", params.m_cost(), params.t_cost(), params.p_cost());
    format!("$argon2id$v=19${cost}${}${}", STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(output))
}

fn verify_now(hash: &str, password: &str) -> Result<bool, AppError> {
    let hash = PasswordHash::new(hash).map_err(internal)?;
    Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

fn internal(error: impl std::fmt::Display) -> AppError {
    AppError::Internal(format!("password hashing: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_fits_the_stand_in_and_it_costs_what_a_hash_costs() {
        let passwords = Passwords::new(Cost { memory_kib: 8, passes: 2 }).expect("a cost");
        let real = passwords.hash_blocking("correct horse").expect("a hash");
        let cost = |hash: &str| hash.rsplitn(3, '$').nth(2).map(str::to_owned);
        assert_eq!(cost(&passwords.dummy), cost(&real));
        assert_eq!(passwords.dummy.len(), real.len());
        assert!(verify_now(&real, "correct horse").expect("readable"));
        assert!(!verify_now(&passwords.dummy, "correct horse").expect("readable"));
    }
}
