//! Lists for programs: as a file of any size, in constant memory, or as JSON page by page. CSV and JSON have the same
//! columns; what has a format of its own is sent line by line.

use std::borrow::Cow;
use std::future::ready;

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::rt::task::JoinHandle;
use actix_web::web::Bytes;
use futures_util::stream;
use serde::{Serialize, Serializer};

use super::format::Format;
use super::list::List;
use super::receipt::Taken;
use crate::db::keyset::Slice;
use crate::error::AppError;

/// Rows read at a time; between two batches others may use the connection.
pub const BATCH_ROWS: usize = 1000;
/// The same where rows are short, for a batch has a price of its own: a transaction, and finding where it begins.
const SHORT_ROWS: usize = 4000;
/// Bytes that a row mostly has.
const ROW_BYTES: usize = 512;

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
        _ => {
            let mut head = csv::Writer::from_writer(Vec::new());
            head.write_record(header).map_err(internal)?;
            let head = head.into_inner().map_err(internal)?;
            let rows = move |rows: &[T]| csv_rows(rows, &cells);
            let list = list.for_export(SHORT_ROWS);
            file(&format!("{name}.csv"), "text/csv; charset=utf-8", head, list, load, rows).await
        }
    }
}

/// Sends the list as a file of lines. `line` writes one row, without the end of its line.
pub async fn send_lines<T, L, R, W>(name: &str, list: List, load: L, line: W) -> Result<HttpResponse, AppError>
where
    T: 'static,
    L: Fn(List) -> R + 'static,
    R: Future<Output = Result<Slice<T>, AppError>> + 'static,
    W: Fn(&T, &mut Vec<u8>) -> std::io::Result<()> + 'static,
{
    let rows = move |rows: &[T]| {
        let mut bytes = Vec::with_capacity(rows.len() * ROW_BYTES);
        for row in rows {
            line(row, &mut bytes)?;
            bytes.push(b'\n');
        }
        Ok(bytes)
    };
    let list = list.for_export(BATCH_ROWS);
    file(&format!("{name}.ndjson"), "application/x-ndjson", Vec::new(), list, load, rows).await
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

/// What is still to be read of a list.
struct Rest<T> {
    list: List,
    /// Under way already, beside the writing of what came before it.
    reading: JoinHandle<Result<Slice<T>, AppError>>,
}

/// Streams the list in pages of its size. While one is written the next is read, and no other. The first is read
/// before the answer begins, so that what is wrong with the question is still said with a status of its own.
async fn file<T, L, R, W>(
    name: &str,
    content_type: &'static str,
    head: Vec<u8>,
    list: List,
    load: L,
    write: W,
) -> Result<HttpResponse, AppError>
where
    T: 'static,
    L: Fn(List) -> R + 'static,
    R: Future<Output = Result<Slice<T>, AppError>> + 'static,
    W: Fn(&[T]) -> std::io::Result<Vec<u8>> + 'static,
{
    let taken = Taken::new(name);
    let counted = taken.clone();
    let first = load(list.clone()).await?;
    let rest = Some(Rest { list, reading: actix_web::rt::spawn(ready(Ok(first))) });
    let batches = stream::try_unfold((rest, head, load, write), move |(rest, mut bytes, load, write)| {
        let counted = counted.clone();
        async move {
            let Some(Rest { list, reading }) = rest else { return Ok(None) };
            let slice = reading.await.map_err(std::io::Error::other)?.map_err(broken_off)?;
            let rest = slice.next.map(|cursor| {
                let list = list.at(&cursor);
                Rest { reading: actix_web::rt::spawn(load(list.clone())), list }
            });
            bytes.extend(write(&slice.rows)?);
            counted.add_rows(slice.rows.len());
            Ok::<_, std::io::Error>(Some((Bytes::from(bytes), (rest, Vec::new(), load, write))))
        }
    });
    let mut answer = HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, content_type))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .streaming(Box::pin(batches));
    answer.extensions_mut().insert(taken);
    Ok(answer)
}

fn csv_rows<T>(rows: &[T], cells: impl Fn(&T) -> Vec<String>) -> std::io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::with_capacity(rows.len() * ROW_BYTES));
    for row in rows {
        for cell in cells(row) {
            writer.write_field(harmless(&cell).as_bytes())?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    writer.into_inner().map_err(|error| std::io::Error::other(error.to_string()))
}

fn broken_off(error: AppError) -> std::io::Error {
    tracing::error!(%error, "an export broke off");
    std::io::Error::other("the export broke off")
}

fn internal(error: impl std::fmt::Display) -> AppError {
    AppError::Internal(error.to_string())
}

/// A spreadsheet would run a cell that begins with one of these as a formula.
fn harmless(cell: &str) -> Cow<'_, str> {
    match cell.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r') => Cow::Owned(format!("'{cell}")),
        _ => Cow::Borrowed(cell),
    }
}
