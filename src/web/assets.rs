//! The style sheets, scripts and fonts embedded in the binary.
//!
//! Every file has its content's hash in its address, so a browser keeps it for ever and a new
//! version is a new address. Compression was done by the build.

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    http::header::{
        AcceptEncoding, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, Encoding, EntityTag, IfNoneMatch, VARY,
    },
    web,
};

/// One embedded file.
struct Asset {
    name: &'static str,
    hash: &'static str,
    path: &'static str,
    content_type: &'static str,
    raw: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets_table.rs"));

/// The address of an embedded file, for templates: `url("app.css")`.
///
/// # Panics
/// When there is no such file: a name is written in a template, so the first test of that page
/// finds the mistake.
pub fn url(name: &str) -> &'static str {
    match find(name) {
        Some(asset) => asset.path,
        None => panic!("no asset is called {name}"),
    }
}

/// How many files are embedded.
pub fn count() -> usize {
    ASSETS.len()
}

/// `GET /assets/{hash}/{name}`
pub async fn serve(request: HttpRequest, path: web::Path<(String, String)>) -> HttpResponse {
    let (hash, name) = path.into_inner();
    match find(&name).filter(|asset| asset.hash == hash) {
        Some(asset) => respond(&request, asset),
        None => HttpResponse::NotFound().finish(),
    }
}

fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

fn respond(request: &HttpRequest, asset: &'static Asset) -> HttpResponse {
    let (encoding, body) = choose(request, asset);
    let tag = tag(asset, encoding);
    let known = is_known(request, &tag);
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((VARY, "Accept-Encoding"))
        .insert_header((ETAG, tag));
    if known {
        return response.finish();
    }
    if let Some(encoding) = encoding {
        response.insert_header((CONTENT_ENCODING, encoding));
    }
    response.insert_header((CONTENT_TYPE, asset.content_type)).body(web::Bytes::from_static(body))
}

/// The form the client likes best, and the name of its encoding.
fn choose(request: &HttpRequest, asset: &'static Asset) -> (Option<&'static str>, &'static [u8]) {
    let plain = (None, asset.raw);
    let forms = [
        (Encoding::brotli(), Some("br"), asset.brotli),
        (Encoding::gzip(), Some("gzip"), asset.gzip),
        (Encoding::identity(), None, Some(asset.raw)),
    ];
    let there = forms.iter().filter(|(.., body)| body.is_some());
    let Some(best) = request
        .get_header::<AcceptEncoding>()
        .and_then(|accepted| accepted.negotiate(there.map(|(encoding, ..)| encoding)))
    else {
        return plain;
    };
    forms
        .into_iter()
        .find(|(encoding, ..)| *encoding == best)
        .and_then(|(_, name, body)| Some((name, body?)))
        .unwrap_or(plain)
}

/// Two encodings of one file are different bytes, so they may not share a strong tag.
fn tag(asset: &Asset, encoding: Option<&str>) -> EntityTag {
    EntityTag::new_strong(match encoding {
        Some(encoding) => format!("{}-{encoding}", asset.hash),
        None => asset.hash.to_owned(),
    })
}

fn is_known(request: &HttpRequest, tag: &EntityTag) -> bool {
    match request.get_header::<IfNoneMatch>() {
        Some(IfNoneMatch::Any) => true,
        Some(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(tag)),
        None => false,
    }
}
