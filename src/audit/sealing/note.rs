//! Checkpoints: states of the tree, signed, as C2SP `tlog-checkpoint` and `signed-note` have them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey as Ed25519;
use jiff::Timestamp;
use signed_note::{Note, NoteError, Signer, StandardSigner, StandardVerifier, Verifier, VerifierList};
use tlog_tiles::Checkpoint as Body;
use tlog_tiles::tlog;

use super::Hash;

const ED25519: u8 = 1;
/// Begins the line that says when a checkpoint was signed.
const TIME: &str = "time ";

/// What a signed checkpoint says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log; the name of the key as well.
    pub origin: String,
    pub size: u64,
    pub root: Hash,
    pub signed_at: Option<Timestamp>,
}

/// Why a checkpoint or a key is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("the key cannot be read: {0}")]
    Key(String),
    #[error("the checkpoint cannot be read")]
    Malformed,
    #[error("the checkpoint is not signed by any of the public keys")]
    UnknownKey,
    #[error("the checkpoint is also signed by {0}, which is none of the public keys")]
    AnotherKey(String),
    #[error("the checkpoint's signature by {0} is wrong")]
    Signature(String),
    #[error("the checkpoint is of the log “{0}”, its key of another")]
    Origin(String),
}

/// A key that signs. Its text is a secret.
pub struct SigningKey {
    signer: StandardSigner,
    public: String,
}

impl SigningKey {
    /// A new key: its text, to be kept, and the key itself.
    pub fn generate(origin: &str) -> Result<(String, SigningKey), Refused> {
        let key = Ed25519::from_bytes(&rand::random());
        let public = signed_note::new_ed25519_verifier_key(origin, &key.verifying_key());
        let id = public.split('+').nth(1).unwrap_or_default();
        let secret = STANDARD.encode([&[ED25519], key.as_bytes().as_slice()].concat());
        let text = format!("PRIVATE+KEY+{origin}+{id}+{secret}");
        let key = SigningKey::read(&text)?;
        Ok((text, key))
    }

    /// From the one line that [`SigningKey::generate`] made.
    pub fn read(text: &str) -> Result<SigningKey, Refused> {
        let signer = StandardSigner::new(text.trim()).map_err(|error| Refused::Key(error.to_string()))?;
        let secret = text.trim().splitn(5, '+').nth(4).and_then(|secret| STANDARD.decode(secret).ok());
        let bytes = secret.and_then(|secret| secret[1..].try_into().ok());
        let key = Ed25519::from_bytes(&bytes.ok_or_else(|| Refused::Key("it has not 32 bytes".into()))?);
        let public = signed_note::new_ed25519_verifier_key(signer.name(), &key.verifying_key());
        Ok(SigningKey { signer, public })
    }

    /// The name of the log that it signs.
    pub fn origin(&self) -> &str {
        self.signer.name()
    }

    /// The public key, as `.pub` files hold it.
    pub fn public(&self) -> &str {
        &self.public
    }
}

/// Keys that are believed.
pub struct PublicKeys(VerifierList);

impl PublicKeys {
    /// From a file with one key on each line.
    pub fn read(text: &str) -> Result<PublicKeys, Refused> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let mut keys: Vec<Box<dyn Verifier>> = Vec::new();
        for line in lines {
            let key = StandardVerifier::new(line).map_err(|error| Refused::Key(error.to_string()))?;
            if !keys.iter().any(|known| known.key_id() == key.key_id() && known.name() == key.name()) {
                keys.push(Box::new(key));
            }
        }
        match keys.is_empty() {
            true => Err(Refused::Key("there is none".into())),
            false => Ok(PublicKeys(VerifierList::new(keys))),
        }
    }
}

/// A state of the tree, signed by each key; the first names the log.
pub fn sign(keys: &[&SigningKey], size: u64, root: Hash, at: Timestamp) -> Result<String, Refused> {
    let origin = keys.first().map(|key| key.origin()).unwrap_or_default();
    let time = format!("{TIME}{}\n", at.strftime("%Y-%m-%dT%H:%M:%SZ"));
    let body = Body::new(origin, size, tlog::Hash(root), &time).map_err(|_| Refused::Key("it has no name".into()))?;
    let signers: Vec<&dyn Signer> = keys.iter().map(|key| -> &dyn Signer { &key.signer }).collect();
    let mut note = Note::new(&body.to_bytes(), &[]).map_err(|_| Refused::Malformed)?;
    note.add_sigs(&signers).map_err(|error| Refused::Key(error.to_string()))?;
    String::from_utf8(note.to_bytes()).map_err(|_| Refused::Malformed)
}

/// Reads a checkpoint that one of the keys signed; signatures of others do not count.
pub fn open(text: &str, keys: &PublicKeys) -> Result<Checkpoint, Refused> {
    Ok(verified(text, keys)?.0)
}

/// Reads a checkpoint that nobody has signed but the keys, so that nothing in it is unproven.
pub fn open_strictly(text: &str, keys: &PublicKeys) -> Result<Checkpoint, Refused> {
    match verified(text, keys)? {
        (checkpoint, None) => Ok(checkpoint),
        (_, Some(other)) => Err(Refused::AnotherKey(other)),
    }
}

/// What a checkpoint says, whoever signed it.
pub fn read(text: &str) -> Result<Checkpoint, Refused> {
    body(Note::from_bytes(text.as_bytes()).map_err(|_| Refused::Malformed)?.text())
}

/// The checkpoint, and who else signed it.
fn verified(text: &str, keys: &PublicKeys) -> Result<(Checkpoint, Option<String>), Refused> {
    let note = Note::from_bytes(text.as_bytes()).map_err(|_| Refused::Malformed)?;
    if note.to_bytes() != text.as_bytes() {
        return Err(Refused::Malformed);
    }
    let (ours, others) = note.verify(&keys.0).map_err(|error| match error {
        NoteError::InvalidSignature { name, id } => Refused::Signature(format!("{name}+{id:08x}")),
        NoteError::UnverifiedNote => Refused::UnknownKey,
        _ => Refused::Malformed,
    })?;
    let checkpoint = body(note.text())?;
    if ours.iter().any(|signature| signature.name() != checkpoint.origin) {
        return Err(Refused::Origin(checkpoint.origin));
    }
    Ok((checkpoint, others.first().map(|other| format!("{}+{:08x}", other.name(), other.id()))))
}

fn body(text: &[u8]) -> Result<Checkpoint, Refused> {
    let body = Body::from_bytes(text).map_err(|_| Refused::Malformed)?;
    let time = body.extension().lines().find_map(|line| line.strip_prefix(TIME));
    Ok(Checkpoint {
        origin: body.origin().to_owned(),
        size: body.size(),
        root: body.hash().0,
        signed_at: time.and_then(|time| time.parse().ok()),
    })
}
