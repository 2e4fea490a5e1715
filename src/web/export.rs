//! Lists as CSV, any size, in constant memory: batches by key, pushed while they are read.

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::Bytes;
use futures_util::stream;

use super::list::List;
use crate::db::keyset::Slice;
use crate::error::AppError;

/// Rows read at a time; between two batches others may use the connection.
pub const BATCH_ROWS: usize = 1000;

/// Streams batches. `load` reads one slice of the list; `cells` writes one row.
pub fn csv<T, L, R, C>(name: &str, header: &'static [&'static str], list: List, load: L, cells: C) -> HttpResponse
where
    T: 'static,
    L: Fn(List) -> R + 'static,
    R: Future<Output = Result<Slice<T>, AppError>> + 'static,
    C: Fn(&T) -> Vec<String> + 'static,
{
    let first = Some((list.for_export(BATCH_ROWS), true));
    let batches = stream::try_unfold((first, load, cells), move |(next, load, cells)| async move {
        let Some((list, is_first)) = next else { return Ok(None) };
        let slice = load(list.clone()).await.map_err(|error| {
            tracing::error!(%error, "an export broke off");
            std::io::Error::other("the export broke off")
        })?;
        let mut writer = csv::Writer::from_writer(Vec::with_capacity(slice.rows.len() * 128));
        if is_first {
            writer.write_record(header)?;
        }
        for row in &slice.rows {
            writer.write_record(cells(row).iter().map(|cell| harmless(cell)))?;
        }
        let bytes = writer.into_inner().map_err(|error| std::io::Error::other(error.to_string()))?;
        let next = slice.next.map(|cursor| (list.at(&cursor), false));
        Ok::<_, std::io::Error>(Some((Bytes::from(bytes), (next, load, cells))))
    });
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.csv\"")))
        .streaming(Box::pin(batches))
}

/// A spreadsheet would run a cell that begins with one of these as a formula.
fn harmless(cell: &str) -> String {
    match cell.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r') => format!("'{cell}"),
        _ => cell.to_owned(),
    }
}
