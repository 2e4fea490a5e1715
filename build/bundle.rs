//! Which files are embedded, and under which name.

use crate::read;
use std::path::{Path, PathBuf};

/// One file as it will be served.
pub struct Bundle {
    pub name: &'static str,
    pub content_type: &'static str,
    pub bytes: Vec<u8>,
}

const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const WOFF2: &str = "font/woff2";

/// Third-party files: name, place in `node_modules`, type.
const THIRD_PARTY: [(&str, &str, &str); 6] = [
    ("inter-latin.woff2", "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2", WOFF2),
    ("inter-latin-ext.woff2", "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2", WOFF2),
    ("tabler.css", "@tabler/core/dist/css/tabler.min.css", CSS),
    ("uplot.css", "uplot/dist/uPlot.min.css", CSS),
    ("htmx.js", "htmx.org/dist/htmx.min.js", JAVASCRIPT),
    ("uplot.js", "uplot/dist/uPlot.iife.min.js", JAVASCRIPT),
];

/// Every file, the ones that others refer to first.
pub fn files(statics: &Path) -> Result<Vec<Bundle>, String> {
    let mut files = Vec::new();
    for (name, path, content_type) in THIRD_PARTY {
        let bytes = read(&statics.join("node_modules").join(path))?;
        let bytes = match content_type {
            CSS => in_kit_layer(&text(name, bytes)?).into_bytes(),
            JAVASCRIPT => without_source_map(&text(name, bytes)?).into(),
            _ => bytes,
        };
        files.push(Bundle { name, content_type, bytes });
    }
    for (name, folder, content_type) in [("app.css", "css", CSS), ("app.js", "js", JAVASCRIPT)] {
        let bytes = concatenated(&statics.join(folder))?;
        files.push(Bundle { name, content_type, bytes });
    }
    Ok(files)
}

/// Puts a third-party style sheet into the lowest cascade layer, so that ours wins whatever the
/// specificity.
fn in_kit_layer(css: &str) -> String {
    let css = without_source_map(css).trim_start_matches("@charset \"UTF-8\";");
    format!("@layer kit{{{css}}}\n")
}

/// The maps are not served, and a browser's tools would ask for them.
fn without_source_map(source: &str) -> &str {
    let end = source.rfind("sourceMappingURL=").and_then(|at| {
        let line = &source[..at];
        line.rfind("/*#").or_else(|| line.rfind("//#"))
    });
    source[..end.unwrap_or(source.len())].trim_end()
}

/// The files of a folder one after another, in the order of their paths.
fn concatenated(folder: &Path) -> Result<Vec<u8>, String> {
    let mut paths = Vec::new();
    walk(folder, &mut paths)?;
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        all.extend(read(&path)?);
        all.push(b'\n');
    }
    Ok(all)
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<(), String> {
    let fail = |error| format!("cannot list {}: {error}", folder.display());
    for entry in std::fs::read_dir(folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if path.is_dir() {
            walk(&path, paths)?;
        } else if path.extension().is_some_and(|end| end == "css" || end == "js") {
            paths.push(path);
        }
    }
    Ok(())
}

fn text(name: &str, bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|error| format!("{name} is not UTF-8: {error}"))
}
