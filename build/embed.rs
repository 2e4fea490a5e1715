//! Names each file by its content, compresses it and writes the table that the server embeds.

use crate::bundle::Bundle;
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Writes the files and `assets_table.rs` to the build's own folder.
pub fn write(files: Vec<Bundle>) -> Result<(), String> {
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets OUT_DIR"));
    let folder = out.join("assets");
    fs::create_dir_all(&folder).map_err(|error| format!("cannot create a folder: {error}"))?;

    let mut paths = BTreeMap::new();
    let mut entries = BTreeMap::new();
    for mut file in files {
        if file.content_type.starts_with("text/css") {
            file.bytes = with_hashed_urls(&file, &paths)?;
        }
        let hash = hash(&file.bytes);
        paths.insert(file.name, format!("/assets/{hash}/{}", file.name));
        let entry = store(&folder, &hash, &file).map_err(|error| format!("cannot write {}: {error}", file.name))?;
        entries.insert(file.name, entry);
    }
    let rows: String = entries.into_values().collect();
    fs::write(out.join("assets_table.rs"), format!("&[\n{rows}]\n"))
        .map_err(|error| format!("cannot write the table of assets: {error}"))
}

/// Sixteen hex digits are plenty to tell the versions of one file apart.
fn hash(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Replaces `url(name)` by the hashed path; an unknown name stops the build.
fn with_hashed_urls(file: &Bundle, paths: &BTreeMap<&'static str, String>) -> Result<Vec<u8>, String> {
    let css = String::from_utf8_lossy(&file.bytes);
    let mut pieces = css.split("url(");
    let mut done = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (target, rest) = piece.split_once(')').unwrap_or((piece, ""));
        done.push_str("url(");
        if target.trim_start_matches(['"', '\'']).starts_with("data:") {
            done.push_str(piece);
            continue;
        }
        let path =
            paths.get(target).ok_or_else(|| format!("{} refers to url({target}), which is no asset", file.name))?;
        done.push_str(path);
        done.push(')');
        done.push_str(rest);
    }
    Ok(done.into_bytes())
}

/// Writes one file and what it compresses to, and returns its row of the table.
fn store(folder: &Path, hash: &str, file: &Bundle) -> io::Result<String> {
    let raw = folder.join(format!("{hash}-{}", file.name));
    fs::write(&raw, &file.bytes)?;
    let (mut brotli, mut gzip) = (None, None);
    // Fonts are compressed already.
    if file.content_type.starts_with("text/") {
        let quality = brotli_quality();
        let name = raw.display();
        brotli = Some(once(format!("{name}.br{quality}"), || to_brotli(&file.bytes, quality))?);
        gzip = Some(once(format!("{name}.gz"), || to_gzip(&file.bytes))?);
    }
    let include = |path: PathBuf| format!("Some(include_bytes!({path:?}))");
    Ok(format!(
        "    Asset {{ name: {:?}, hash: {hash:?}, path: {:?}, content_type: {:?}, \
         raw: include_bytes!({raw:?}), brotli: {}, gzip: {} }},\n",
        file.name,
        format!("/assets/{hash}/{}", file.name),
        file.content_type,
        brotli.map_or("None".into(), include),
        gzip.map_or("None".into(), include),
    ))
}

/// The best quality takes seconds, too long for somebody who edits a style sheet.
fn brotli_quality() -> i32 {
    if env::var("PROFILE").is_ok_and(|profile| profile == "release") { 11 } else { 5 }
}

/// The name carries the content's hash, so a file that is there is right.
fn once(path: String, make: impl FnOnce() -> io::Result<Vec<u8>>) -> io::Result<PathBuf> {
    let path = PathBuf::from(path);
    if !path.exists() {
        let half = path.with_extension("half");
        fs::write(&half, make()?)?;
        fs::rename(half, &path)?;
    }
    Ok(path)
}

fn to_brotli(bytes: &[u8], quality: i32) -> io::Result<Vec<u8>> {
    let params = brotli::enc::BrotliEncoderParams { quality, lgwin: 22, ..Default::default() };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &bytes[..], &mut compressed, &params)?;
    Ok(compressed)
}

fn to_gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}
