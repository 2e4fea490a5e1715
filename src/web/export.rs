//! Lists for programs: as CSV of any size, in constant memory, or as JSON page by page. Both have the same columns.

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::Bytes;
use futures_util::stream;
use serde::{Serialize, Serializer};

use super::format::Format;
use super::list::List;
use crate::db::keyset::Slice;
use crate::error::AppError;

/// Rows read at a time; between two batches others may use the connection.
pub const BATCH_ROWS: usize = 1000;

/// Sends the list in the form it was asked for. `load` reads one slice of it; `cells` writes one row.
pub async fn send<T, L, R, C>(
    name: &str,
    header: &'static [&'static str],
    list: List,
    load: L,
    cells: C,
) -> Result<HttpResponse, AppError>
where
    T: 'static,
    L: Fn(List) -> R + 'static,
    R: Future<Output = Result<Slice<T>, AppError>> + 'static,
    C: Fn(&T) -> Vec<String> + 'static,
{
    match list.format {
        Format::Json => {
            let slice = load(list.with_rows(BATCH_ROWS)).await?;
            let rows = slice.rows.iter().map(|row| Row { header, cells: cells(row) }).collect();
            Ok(HttpResponse::Ok().json(Rows { rows, next: slice.next }))
        }
        _ => csv(name, header, list, load, cells).await,
    }
}

/// One page, and the cursor of the next as the parameter `after` takes it.
#[derive(Serialize)]
struct Rows {
    rows: Vec<Row>,
    next: Option<String>,
}

struct Row {
    header: &'static [&'static str],
    cells: Vec<String>,
}

impl Serialize for Row {
    /// Columns in their order; an empty cell is none.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let cells = self.cells.iter().map(|cell| Some(cell).filter(|cell| !cell.is_empty()));
        serializer.collect_map(self.header.iter().zip(cells))
    }
}

/// Streams batches from the list's beginning. The first is read before the answer begins, so that what is wrong with the
/// question is still said with a status of its own.
async fn csv<T, L, R, C>(
    name: &str,
    header: &'static [&'static str],
    list: List,
    load: L,
    cells: C,
) -> Result<HttpResponse, AppError>
where
    T: 'static,
    L: Fn(List) -> R + 'static,
    R: Future<Output = Result<Slice<T>, AppError>> + 'static,
    C: Fn(&T) -> Vec<String> + 'static,
{
    let list = list.for_export(BATCH_ROWS);
    let mut lines = csv::Writer::from_writer(Vec::new());
    lines.write_record(header).map_err(|error| AppError::Internal(error.to_string()))?;
    let first = load(list.clone()).await?;
    let batches = stream::try_unfold((Some((first, lines)), load, cells), move |(next, load, cells)| {
        let list = list.clone();
        async move {
            let Some((slice, mut lines)) = next else { return Ok(None) };
            for row in &slice.rows {
                lines.write_record(cells(row).iter().map(|cell| harmless(cell)))?;
            }
            let bytes = lines.into_inner().map_err(|error| std::io::Error::other(error.to_string()))?;
            let next = match slice.next {
                None => None,
                Some(cursor) => {
                    let slice = load(list.at(&cursor)).await.map_err(|error| {
                        tracing::error!(%error, "an export broke off");
                        std::io::Error::other("the export broke off")
                    })?;
                    Some((slice, csv::Writer::from_writer(Vec::with_capacity(bytes.len()))))
                }
            };
            Ok::<_, std::io::Error>(Some((Bytes::from(bytes), (next, load, cells))))
        }
    });
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.csv\"")))
        .streaming(Box::pin(batches)))
}

/// A spreadsheet would run a cell that begins with one of these as a formula.
fn harmless(cell: &str) -> String {
    match cell.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r') => format!("'{cell}"),
        _ => cell.to_owned(),
    }
}
