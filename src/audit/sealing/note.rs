//! Checkpoints: states of the tree, signed, as C2SP `tlog-checkpoint` and `signed-note` have them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey as Ed25519;
use jiff::Timestamp;
use signed_note::{
    Note, NoteError, Signature, Signer, StandardSigner, StandardVerifier, VerificationError, Verifier, Verifiers,
};
use tlog_tiles::Checkpoint as Body;
use tlog_tiles::tlog;

use super::Hash;

const ED25519: u8 = 1;
/// Begins the line that says when a checkpoint was signed.
const TIME: &str = "time ";
/// Begins the line of a signature.
const SIGNS: &str = "\u{2014} ";

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
#[derive(Clone)]
pub struct PublicKeys(Vec<StandardVerifier>);

impl PublicKeys {
    /// From a file with one key on each line.
    pub fn read(text: &str) -> Result<PublicKeys, Refused> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let mut keys: Vec<StandardVerifier> = Vec::new();
        for line in lines {
            let key = StandardVerifier::new(line).map_err(|error| Refused::Key(error.to_string()))?;
            if !keys.iter().any(|known| known.key_id() == key.key_id() && known.name() == key.name()) {
                keys.push(key);
            }
        }
        match keys.is_empty() {
            true => Err(Refused::Key("there is none".into())),
            false => Ok(PublicKeys(keys)),
        }
    }
}

impl Verifiers for PublicKeys {
    fn verifier(&self, name: &str, id: u32) -> Result<&dyn Verifier, VerificationError> {
        let key = self.0.iter().find(|key| key.key_id() == id && key.name() == name);
        key.map(|key| -> &dyn Verifier { key })
            .ok_or_else(|| VerificationError::UnknownKey { name: name.to_owned(), id })
    }
}

/// What a key is called by: name and hash, as its public half begins.
pub fn name_of(public: &str) -> &str {
    let ends = public.match_indices('+').nth(1).map_or(public.len(), |(place, _)| place);
    &public[..ends]
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
    Ok(verified(text, keys)?.checkpoint)
}

/// The same, and which of the keys signed it.
pub fn signed_by(text: &str, keys: &PublicKeys) -> Result<(Checkpoint, Vec<String>), Refused> {
    let verified = verified(text, keys)?;
    Ok((verified.checkpoint, verified.ours))
}

/// Reads a checkpoint that nobody has signed but the keys, so that nothing in it is unproven.
pub fn open_strictly(text: &str, keys: &PublicKeys) -> Result<Checkpoint, Refused> {
    let verified = verified(text, keys)?;
    match verified.other {
        None => Ok(verified.checkpoint),
        Some(other) => Err(Refused::AnotherKey(other)),
    }
}

/// What a checkpoint says, whoever signed it.
pub fn read(text: &str) -> Result<Checkpoint, Refused> {
    body(Note::from_bytes(text.as_bytes()).map_err(|_| Refused::Malformed)?.text())
}

/// Who says to have signed a checkpoint.
pub fn signers(text: &str) -> Vec<String> {
    let signature = |line: &str| {
        let (name, signature) = line.strip_prefix(SIGNS)?.split_once(' ')?;
        let bytes = STANDARD.decode(signature.trim_end()).ok()?;
        let id = u32::from_be_bytes(*bytes.first_chunk()?);
        Some(format!("{name}+{id:08x}"))
    };
    text.lines().filter_map(signature).collect()
}

/// A checkpoint with those who signed it.
struct Verified {
    checkpoint: Checkpoint,
    /// Those that are believed.
    ours: Vec<String>,
    /// One that is not.
    other: Option<String>,
}

fn verified(text: &str, keys: &PublicKeys) -> Result<Verified, Refused> {
    let note = Note::from_bytes(text.as_bytes()).map_err(|_| Refused::Malformed)?;
    if note.to_bytes() != text.as_bytes() {
        return Err(Refused::Malformed);
    }
    let (ours, others) = note.verify(keys).map_err(|error| match error {
        NoteError::InvalidSignature { name, id } => Refused::Signature(format!("{name}+{id:08x}")),
        NoteError::UnverifiedNote => Refused::UnknownKey,
        _ => Refused::Malformed,
    })?;
    let checkpoint = body(note.text())?;
    if ours.iter().any(|signature| signature.name() != checkpoint.origin) {
        return Err(Refused::Origin(checkpoint.origin));
    }
    let spelled = |signature: &Signature| format!("{}+{:08x}", signature.name(), signature.id());
    Ok(Verified { checkpoint, ours: ours.iter().map(spelled).collect(), other: others.first().map(spelled) })
}

/// The checkpoints in a file that many were written to, one after the other.
pub fn several(text: &str) -> Vec<String> {
    let (mut all, mut one, mut is_signed) = (Vec::new(), String::new(), false);
    for line in text.split_inclusive('\n') {
        let signs = line.starts_with(SIGNS);
        if is_signed && !signs {
            all.push(std::mem::take(&mut one));
            is_signed = false;
        }
        // Blank lines between two of them belong to neither.
        if !one.is_empty() || !line.trim().is_empty() {
            one.push_str(line);
        }
        is_signed |= signs;
    }
    if !one.is_empty() {
        all.push(one);
    }
    all
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
