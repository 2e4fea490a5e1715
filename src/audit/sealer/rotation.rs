//! Another key for the log: together with the one before, or in its place when that is lost.

use serde_json::json;

use super::keys::{self, KeyFile, NewKey};
use super::{broken, load, store};
use crate::action::Action;
use crate::actor::{Can, Privilege};
use crate::audit::sealing::{note, store as leaves, tree};
use crate::db::{Db, SecurityEvent, SecurityKind, Tx};
use crate::error::AppError;
use crate::token::hex;

const SAID: &str = "the audit log is signed by a key that the one before did not vouch for";

/// The right to do this; no role contains it.
pub struct Rotate;

impl Privilege for Rotate {
    const NAME: &'static str = "audit.rotate_key";
    const DESCRIPTION: &'static str = "Give the audit log another key";
    const DATABASE_ROLE: Option<&'static str> = Some("castellan_sealer");
}

/// A key in the place of a lost one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// Its public half.
    pub public: String,
    /// Who signed last, where that public key is not here either: what it signed cannot be checked without it.
    pub unknown: Vec<String>,
}

/// Has a new key sign from now on, and the one before once more together with it. Returns the public key.
pub async fn rotate(db: &Db, can: &Can<Rotate>, file: &KeyFile) -> Result<String, AppError> {
    let origin = file.origin()?;
    let new = NewKey::draw(&origin)?;
    let (file, public) = (file.clone(), new.public().to_owned());
    let details = json!({ "key": note::name_of(&public), "public_key": public });
    db.write(can, Action::general("audit_key.rotate", "audit_key").details(details), move |tx| {
        let keys = file.keys()?;
        if keys.is_empty() {
            return refuse(
                "There is no key here. The first one is made when the log is signed for the first time; one that is \
                 lost is replaced with --lost.",
            );
        }
        if store::last_checkpoint(tx)?.is_some_and(|last| !keys::have_signed(&keys, &last.note)) {
            return refuse(
                "The last checkpoint was signed by another key than the one here. Rotate where that one is, or, if it \
                 is lost, with --lost.",
            );
        }
        file.rotate(&new)
    })
    .await?;
    Ok(public)
}

/// Has a new key sign though the one before is lost. Nothing but the tree itself says that the log is still the same, so
/// that is proven first, and people are told.
pub async fn replace(db: &Db, can: &Can<Rotate>, file: &KeyFile) -> Result<Replaced, AppError> {
    let last = db.read(can, store::last_checkpoint).await?;
    let Some(last) = last else {
        return refuse("Nothing was signed yet, so that no key is lost: the first one is made then.");
    };
    let known = file.public()?.unwrap_or_default();
    let is_known = |key: &String| known.lines().any(|public| note::name_of(public) == key);
    let unknown = note::signers(&last.note).into_iter().filter(|key| !is_known(key)).collect();
    let last = note::read(&last.note).map_err(|_| broken("the last checkpoint cannot be read"))?;
    let new = NewKey::draw(&last.origin)?;
    let (file, public) = (file.clone(), new.public().to_owned());
    let details = json!({
        "key": note::name_of(&public), "public_key": public, "goes_on_from": last.size, "root": hex(&last.root),
    });
    let action = Action::general("audit_key.replace", "audit_key").details(details.clone());
    db.write(can, action, move |tx| {
        if !store::await_turn(tx)? {
            return refuse("The log is being sealed just now. Try again.");
        }
        let Some(last) = store::last_checkpoint(tx)? else { return Err(broken("its checkpoints are gone")) };
        if keys::have_signed(&file.keys()?, &last.note) {
            return refuse("The key that signed last is here. Rotate it without --lost.");
        }
        let said = json!({ "said": SAID, "change": details });
        tx.note_security(&SecurityEvent::of(SecurityKind::SysAuditKeyReplaced, said))?;
        sign_anew(tx, &file, &new, &last.note)
    })
    .await?;
    Ok(Replaced { public, unknown })
}

/// Signs the tree with a key that has signed nothing, after proving that it begins with the one that was signed last.
fn sign_anew(tx: &mut Tx<'_, Rotate>, file: &KeyFile, new: &NewKey, last: &str) -> Result<(), AppError> {
    let last = note::read(last).map_err(|_| broken("the last checkpoint cannot be read"))?;
    let tree = load(tx)?;
    if last.size > tree.size() {
        return Err(broken(&format!("{} leaves were signed and there are {}", last.size, tree.size())));
    }
    let tile = |level, number| leaves::tile(tx, level, number).map_err(|error| error.to_string());
    let goes_on = match last.size {
        0 => true,
        size if size == tree.size() => last.root == tree.root(),
        size => {
            let path = tree::prove_consistency(tree.size(), size, tile).map_err(|error| broken(&error.to_string()))?;
            tree::check_consistency(&path, tree.size(), tree.root(), size, last.root).is_ok()
        }
    };
    if !goes_on {
        return Err(broken("it does not go on from the last checkpoint"));
    }
    let now = jiff::Timestamp::now();
    let text = note::sign(&[new.key()], tree.size(), tree.root(), now);
    let text = text.map_err(|error| AppError::Internal(format!("The tree cannot be signed: {error}.")))?;
    store::insert_checkpoint(tx, super::size_of(&tree)?, &tree.root(), &text, now)?;
    file.replace(new)
}

fn refuse<T>(why: &str) -> Result<T, AppError> {
    Err(AppError::Conflict(why.to_owned()))
}
