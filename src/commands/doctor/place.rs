//! What lies outside of the database: settings, files, clock data, assets.

use std::path::Path;

use super::Finding;
use crate::config::Config;
use crate::web::assets;

pub fn examine(config: &Config, settings: &[String]) -> Vec<Finding> {
    let mut findings = vec![unknown_settings(settings), reach(config), folder(config), key(config)];
    findings.push(streams(config));
    findings.push(mail(config));
    findings.push(retention(config));
    findings.push(zones());
    findings.push(assets());
    findings
}

/// A service manager may set names of its own, so an unknown one is no failure.
fn unknown_settings(settings: &[String]) -> Finding {
    let mut unknown: Vec<String> = std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| name.starts_with("CASTELLAN_") && !settings.contains(name))
        .collect();
    unknown.sort();
    match unknown.is_empty() {
        true => Finding::ok("settings: all known"),
        false => Finding::warn(
            format!("settings: {} means nothing here", unknown.join(", ")),
            "castellan --help lists the settings",
        ),
    }
}

fn reach(config: &Config) -> Finding {
    let listen = config.listen;
    match (listen.ip().is_loopback(), config.is_secure()) {
        (true, _) => Finding::ok(format!("listens on {listen}, which only this machine reaches")),
        (false, true) => Finding::ok(format!("listens on {listen} behind https")),
        (false, false) => Finding::warn(
            format!("listens on {listen}, which others reach, without https"),
            "put a proxy with TLS in front and set CASTELLAN_PUBLIC_URL=https://...",
        ),
    }
}

fn folder(config: &Config) -> Finding {
    let folder = &config.data_dir;
    let what = |said: &str| format!("data folder {}: {said}", folder.display());
    if config.database_url.is_some() && config.secret_key.is_some() {
        return Finding::ok("data folder: not needed");
    }
    if !folder.exists() {
        return Finding::ok(what("is made at the first start"));
    }
    match is_writable(folder) {
        Ok(()) => Finding::ok(what("can be written")),
        Err(error) => {
            Finding::fail(what(&error.to_string()), "give it to the user of this process, or set CASTELLAN_DATA_DIR")
        }
    }
}

fn streams(config: &Config) -> Finding {
    let Some(folder) = &config.stream_dir else {
        return Finding::ok("streams of the audit log: none is a file (CASTELLAN_STREAM_DIR)");
    };
    let what = |said: &str| format!("folder of streams {}: {said}", folder.display());
    match is_writable(folder) {
        Ok(()) => Finding::ok(what("can be written")),
        Err(error) => Finding::fail(
            what(&error.to_string()),
            "make it and give it to the user of this process, or correct CASTELLAN_STREAM_DIR",
        ),
    }
}

fn is_writable(folder: &Path) -> std::io::Result<()> {
    let probe = folder.join(format!(".doctor-{}", std::process::id()));
    std::fs::File::create_new(&probe)?;
    std::fs::remove_file(probe)
}

fn key(config: &Config) -> Finding {
    use std::os::unix::fs::PermissionsExt;
    if config.secret_key.is_some() {
        return Finding::ok("secret key: from CASTELLAN_SECRET_KEY");
    }
    let path = config.data_dir.join("secret.key");
    let shown = path.display();
    let mode = match std::fs::metadata(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Finding::ok("secret key: is made at the first start");
        }
        Err(error) => {
            return Finding::fail(format!("secret key {shown}: {error}"), "give it to the user of this process");
        }
        Ok(found) => found.permissions().mode() & 0o777,
    };
    if mode & 0o077 != 0 {
        return Finding::fail(
            format!("secret key {shown}: others may read it ({mode:o})"),
            format!("chmod 600 {shown}"),
        );
    }
    match std::fs::read_to_string(&path) {
        Ok(text) if text.trim().len() >= 64 => Finding::ok("secret key: from the data folder, for its owner only"),
        Ok(_) => Finding::fail(
            format!("secret key {shown}: is too short"),
            "delete it; a new one is made, and everybody signs in again",
        ),
        Err(error) => Finding::fail(format!("secret key {shown}: {error}"), "give it to the user of this process"),
    }
}

/// The address alone; the setting may hold a password.
fn mail(config: &Config) -> Finding {
    match (&config.smtp_url, &config.mail_from) {
        (Some(url), Some(from)) => {
            let (scheme, rest) = url.split_once("://").unwrap_or_default();
            let host = rest.rsplit('@').next().unwrap_or_default();
            Finding::ok(format!("mail: by {scheme} over {host}, from {from}"))
        }
        _ => Finding::ok("mail: no server (CASTELLAN_SMTP_URL), so invitations and notices wait in control.outbox"),
    }
}

/// Where old months of the audit log go.
fn retention(config: &Config) -> Finding {
    let terms = [("events", config.audit_keep_months), ("security events", config.security_keep_months)];
    let terms: Vec<String> =
        terms.iter().filter_map(|(log, keep)| Some(format!("{log} {} months", (*keep)?))).collect();
    let Some(folder) = &config.audit_archive else {
        return match terms.is_empty() {
            true => Finding::ok("audit log: stays in the database for ever"),
            false => Finding::warn(
                format!("audit log: stays in the database for ever, and was to be kept there ({})", terms.join(", ")),
                "set CASTELLAN_AUDIT_ARCHIVE to the folder that older months go to",
            ),
        };
    };
    let what = |said: &str| format!("archive of the audit log {}: {said}", folder.display());
    match (is_writable(folder), terms.is_empty()) {
        (Err(error), _) => Finding::fail(what(&error.to_string()), "make it, and give it to the user of this process"),
        (Ok(()), true) => Finding::warn(
            what("nothing goes there"),
            "set CASTELLAN_AUDIT_KEEP_MONTHS and CASTELLAN_SECURITY_KEEP_MONTHS, or leave the folder out",
        ),
        (Ok(()), false) => Finding::ok(what(&format!("takes what is older than {}", terms.join(", ")))),
    }
}

fn zones() -> Finding {
    match jiff::tz::TimeZone::get("Europe/Berlin") {
        Ok(_) => Finding::ok("time zones: known"),
        Err(error) => Finding::fail(format!("time zones: {error}"), "build the binary again; they come with it"),
    }
}

fn assets() -> Finding {
    match assets::count() {
        0 => Finding::fail("style sheets and scripts: none", "build the binary again with npm at hand"),
        files => Finding::ok(format!("style sheets and scripts: {files} files")),
    }
}
