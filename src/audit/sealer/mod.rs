//! The sealer gives each event its place in the tree, after the transaction that wrote it, and signs the tree as it
//! grows. Any number of them may run; one works at a time.

mod clocks;
pub mod keys;
pub mod rotation;
pub mod store;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use diesel::PgConnection;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::actor::{Actor, ActorKind, Can, Privilege};
use crate::audit::sealing::tree::Tree;
use crate::audit::sealing::{note, store as leaves};
use crate::db::Db;
use crate::error::AppError;
use keys::KeyFile;
use store::{Queued, Signed};

/// The right to seal; no role contains it.
pub struct Seal;

impl Privilege for Seal {
    const NAME: &'static str = "audit.seal";
    const DESCRIPTION: &'static str = "Give events their places in the tree";
    const DATABASE_ROLE: Option<&'static str> = Some("castellan_sealer");
}

/// How a sealer paces itself.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Events that it takes at a time, in one transaction.
    pub batch: i64,
    /// Between two looks at an empty queue.
    pub pause: Duration,
    /// The same when the last look failed.
    pub pause_after_failure: Duration,
    /// How long it seals what is left when its process is to end, which should take no longer. More is left to the next.
    pub ending: Duration,
}

impl Pace {
    /// For a server with this many connections. With a single one, pages go first.
    pub fn of(connections: u32) -> Pace {
        let usual = Pace {
            batch: 4096,
            pause: Duration::from_secs(1),
            pause_after_failure: Duration::from_secs(10),
            ending: Duration::from_secs(5),
        };
        match connections {
            1 => Pace { batch: 256, pause: Duration::from_secs(2), ..usual },
            _ => usual,
        }
    }
}

/// While the tree grows it is signed this often, and this often while it does not.
const GROWING_SECONDS: i64 = 60;
const RESTING_SECONDS: i64 = 3600;

/// What one look came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Turn {
    /// Events that left the queue.
    pub taken: usize,
    /// Whether a checkpoint was signed.
    pub signed: bool,
}

/// One sealer of this process.
#[derive(Clone)]
pub struct Sealer {
    db: Db,
    keys: Option<KeyFile>,
    pace: Pace,
    can: Can<Seal>,
    /// That nothing can be signed is said once, not each second.
    said: Arc<AtomicBool>,
}

impl Sealer {
    /// A sealer that signs with the key of a file, or leaves signing to others.
    pub fn new(db: Db, keys: Option<KeyFile>, pace: Pace) -> Result<Sealer, AppError> {
        let can = Can::prove(Arc::new(Actor::process(ActorKind::Job, Seal::NAME)))?;
        Ok(Sealer { db, keys, pace, can, said: Arc::default() })
    }

    /// Seals until `stop` becomes true, then what is left, as far as there is time, and signs it.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let pause = match self.turn(Timestamp::now()).await {
                Ok(turn) if turn.taken > 0 => continue,
                Ok(_) => self.pace.pause,
                Err(error) => {
                    tracing::error!(%error, "events are not sealed; it is tried again");
                    self.pace.pause_after_failure
                }
            };
            let _ = timeout(pause, stop.changed()).await;
        }
        if let Err(error) = self.end().await {
            tracing::warn!(%error, "the last events are sealed by the next process");
        }
    }

    /// Takes one batch from the queue, and signs the tree when that is due at `now`.
    pub async fn turn(&self, now: Timestamp) -> Result<Turn, AppError> {
        self.take(now, GROWING_SECONDS).await
    }

    /// Empties the queue, and signs the tree when it has grown since it was signed. Returns how many events it took.
    pub async fn finish(&self, now: Timestamp) -> Result<usize, AppError> {
        let mut taken = 0;
        loop {
            let turn = self.take(now, 0).await?;
            taken += turn.taken;
            if turn.taken == 0 {
                return Ok(taken);
            }
        }
    }

    async fn end(&self) -> Result<(), AppError> {
        let until = Instant::now() + self.pace.ending;
        while Instant::now() < until && self.take(Timestamp::now(), 0).await?.taken > 0 {}
        Ok(())
    }

    async fn take(&self, now: Timestamp, growing_seconds: i64) -> Result<Turn, AppError> {
        let sealer = self.clone();
        let (turn, rotates) = self
            .db
            .append(&self.can, move |conn| {
                // Somebody else is at it.
                if !store::take_turn(conn)? {
                    return Ok(Default::default());
                }
                let queued = store::waiting(conn, sealer.pace.batch)?;
                let last = store::last_checkpoint(conn)?;
                // Mostly there is nothing to do, and finding that out is cheap.
                if queued.is_empty() && was_signed_lately(last.as_ref(), now, growing_seconds) {
                    return Ok(Default::default());
                }
                let (tree, taken) = seal(conn, queued)?;
                let signed = sealer.sign(conn, &tree, last.as_ref(), now, growing_seconds)?;
                Ok((Turn { taken, signed: signed > 0 }, signed > 1))
            })
            .await?;
        if let (true, Some(keys)) = (rotates, &self.keys) {
            keys.retire()?;
        }
        Ok(turn)
    }

    /// Signs the tree when it is time. Returns by how many keys. Without a key events are sealed all the same.
    fn sign(
        &self,
        conn: &mut PgConnection,
        tree: &Tree,
        last: Option<&Signed>,
        now: Timestamp,
        growing: i64,
    ) -> Result<usize, AppError> {
        let Some(keys) = &self.keys else { return Ok(0) };
        if !is_due(last, tree.size(), now, growing)? {
            return Ok(0);
        }
        let note = match note(keys, tree, last, now) {
            Ok(note) => note,
            Err(error) => {
                if !self.said.swap(true, Ordering::Relaxed) {
                    tracing::error!(%error, "the audit log is sealed and not signed");
                }
                return Ok(0);
            }
        };
        self.said.store(false, Ordering::Relaxed);
        store::insert_checkpoint(conn, size_of(tree)?, &tree.root(), &note.text, now)?;
        Ok(note.signatures)
    }
}

struct Note {
    text: String,
    signatures: usize,
}

/// The tree, signed by the keys of a file. The first of all keys is made here; afterwards only who has it signs.
fn note(file: &KeyFile, tree: &Tree, last: Option<&Signed>, now: Timestamp) -> Result<Note, AppError> {
    let keys = match (file.keys()?, last) {
        (keys, None) if keys.is_empty() => file.make()?,
        (keys, Some(last)) if !keys::have_signed(&keys, &last.note) => {
            let words = if keys.is_empty() { "there is no key here" } else { "the key here is another one" };
            return Err(AppError::Internal(format!(
                "The last checkpoint was signed elsewhere and {words}. Give this process the file with that key \
                 (CASTELLAN_AUDIT_KEY), or leave signing to the one that has it."
            )));
        }
        (keys, _) => keys,
    };
    let signers: Vec<_> = keys.iter().collect();
    let text = note::sign(&signers, tree.size(), tree.root(), now);
    let text = text.map_err(|error| AppError::Internal(format!("The tree cannot be signed: {error}.")))?;
    Ok(Note { text, signatures: keys.len() })
}

/// Whether no tree that grew is due to be signed, however much it grew.
fn was_signed_lately(last: Option<&Signed>, now: Timestamp, growing: i64) -> bool {
    last.is_some_and(|last| (0..growing).contains(&now.duration_since(last.created_at.to_jiff()).as_secs()))
}

/// Whether it is time to sign. Where the clock was set back, a tree that grew is signed at once.
fn is_due(last: Option<&Signed>, size: u64, now: Timestamp, growing: i64) -> Result<bool, AppError> {
    let Some(last) = last else { return Ok(size > 0) };
    let signed = u64::try_from(last.tree_size).unwrap_or(u64::MAX);
    if signed > size {
        return Err(broken(&format!("{signed} leaves were signed and there are {size}")));
    }
    let seconds = now.duration_since(last.created_at.to_jiff()).as_secs();
    Ok(match signed < size {
        true => seconds >= growing || seconds < 0,
        false => growing > 0 && seconds >= RESTING_SECONDS,
    })
}

/// Gives events of the queue their places. Returns the tree and how many events it took.
fn seal(conn: &mut PgConnection, queued: Vec<Queued>) -> Result<(Tree, usize), AppError> {
    let mut tree = load(conn)?;
    if queued.is_empty() {
        return Ok((tree, 0));
    }
    clocks::note(conn, &queued)?;
    let references = queued.iter().map(Queued::reference).collect::<Result<Vec<_>, _>>()?;
    let (mut present, mut hashes, mut vanished) = (Vec::new(), Vec::new(), Vec::new());
    for (queued, leaf) in queued.into_iter().zip(leaves::leaves(conn, &references)?) {
        match leaf {
            Some(leaf) => {
                hashes.push(leaf.hash());
                present.push(queued);
            }
            None => vanished.push(queued),
        }
    }
    let first = size_of(&tree)?;
    let tiles = tree.append(&hashes);
    store::place(conn, first, &present)?;
    store::put_tiles(conn, &tiles)?;
    store::dequeue(conn, &present)?;
    store::dequeue(conn, &vanished)?;
    for queued in &vanished {
        tracing::error!(event = %queued.event_id, log = queued.log, "an event vanished before it was sealed");
        store::note_vanished(conn, queued)?;
    }
    Ok((tree, present.len() + vanished.len()))
}

/// The tree as it stands. What contradicts itself is not built on: verification says where.
fn load(conn: &mut PgConnection) -> Result<Tree, AppError> {
    let (leaves, hashes) = store::sizes(conn)?;
    if leaves != hashes {
        return Err(broken(&format!("there are {leaves} leaves and {hashes} hashes")));
    }
    leaves::tree(conn)
}

fn size_of(tree: &Tree) -> Result<i64, AppError> {
    i64::try_from(tree.size()).map_err(|error| broken(&error.to_string()))
}

fn broken(why: &str) -> AppError {
    AppError::Internal(format!(
        "The tree of the audit log was tampered with: {why}. castellan audit verify says where."
    ))
}
