//! `cargo bench`: how quick the main pages are with 100,000 tenants and a million events, beside the same statements
//! without the console around them.
//!
//! `BENCH_DATABASE_URL` names an empty database of a PostgreSQL server, or one that an earlier run filled; it is filled
//! once. Without it the embedded engine is measured, with less. Clients, server and database share this machine's
//! cores, so the numbers are for comparing, not for promising.

mod bare;
mod http;
mod load;
mod server;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use castellan::actor::{Actor, ActorKind};
use castellan::commands::demo::{self, Amounts};
use castellan::config::Config;
use castellan::db::{Db, Engine, migrate};
use clap::Parser;

use bare::{Page, Sample};
use load::Rate;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How many ask at the same time.
const CROWDS: [usize; 3] = [1, 16, 64];
const LASTS: Duration = Duration::from_secs(3);
const ON_SERVER: Amounts = Amounts { tenants: 100_000, clients: 100_000, events: 1_000_000 };
const EMBEDDED: Amounts = Amounts { tenants: 2_000, clients: 4_000, events: 40_000 };

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    config: Config,
}

fn main() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let config = config(folder.path());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(fill(&config))?;
    let (sample, bare) = {
        let engine = Engine::open(&config)?;
        let db = Db::connect(engine.url(), engine.pool())?;
        let sample = runtime.block_on(Sample::take(&db, actor()))?;
        let bare = runtime.block_on(measure_bare(&db, &sample))?;
        (sample, bare)
    };
    let server = server::Server::start(&config, folder.path())?;
    println!("\nstart to first page  {:7.0} ms", server.first_page.as_secs_f64() * 1000.0);
    println!("binary               {:7.1} MB", server::binary_bytes()? as f64 / 1e6);
    println!("memory at rest       {:7.1} MB", server.memory_mb()?);
    weigh(&server, &sample)?;
    println!(
        "\n{:42} {:>4} {:>9} {:>9} {:>9} {:>10} {:>6}",
        "", "at", "pages/s", "p50 ms", "p99 ms", "bare/s", "ratio"
    );
    for page in Page::ALL {
        for (place, crowd) in CROWDS.into_iter().enumerate() {
            let rate = load::pages(&server, &sample.address(page), crowd, LASTS)?;
            print_line(page, crowd, &rate, &bare[page as usize][place]);
        }
    }
    println!("\nmemory after all     {:7.1} MB", server.memory_mb()?);
    Ok(())
}

/// Settings of this run alone, whatever the environment says.
fn config(folder: &Path) -> Config {
    let mut config = Cli::parse_from(["bench", "--listen", "127.0.0.1:0"]).config;
    config.database_url = std::env::var("BENCH_DATABASE_URL").ok().filter(|url| !url.is_empty());
    config.data_dir = folder.to_owned();
    config.demo = Some(false);
    config.public_url = None;
    config.founder_email = None;
    config.founder_password = None;
    config
}

fn actor() -> Arc<Actor> {
    Arc::new(Actor::process(ActorKind::Command, "bench"))
}

async fn fill(config: &Config) -> Result<(), Failure> {
    let (engine, amounts) = (Engine::open(config)?, if config.database_url.is_some() { ON_SERVER } else { EMBEDDED });
    migrate::migrate(engine.url())?;
    demo::prepare(config, &engine).await?;
    println!("{} tenants, {} clients, {} events", amounts.tenants, amounts.clients, amounts.events);
    if demo::is_empty(engine.url())? {
        let began = Instant::now();
        demo::load(engine.url(), amounts, |_, _| ())?;
        println!("loaded in {:.1} s", began.elapsed().as_secs_f64());
    } else {
        println!("loaded by an earlier run");
    }
    Ok(())
}

/// For each page, for each crowd.
async fn measure_bare(db: &Db, sample: &Sample) -> Result<Vec<Vec<Rate>>, Failure> {
    let mut all = Vec::new();
    for page in Page::ALL {
        let mut rates = Vec::new();
        for crowd in CROWDS {
            rates.push(load::bare(db, actor(), page, sample, crowd, LASTS).await?);
        }
        all.push(rates);
    }
    Ok(all)
}

fn weigh(server: &server::Server, sample: &Sample) -> Result<(), Failure> {
    println!("\n{:42} {:>9} {:>9}", "bytes", "plain", "gzip");
    for page in Page::ALL {
        let mut client = server.client()?;
        let (plain, packed) = (client.get(&sample.address(page), false)?, client.get(&sample.address(page), true)?);
        println!("{:42} {:9} {:9}", page.name(), plain.body.len(), packed.body.len());
    }
    Ok(())
}

fn print_line(page: Page, crowd: usize, rate: &Rate, bare: &Rate) {
    println!(
        "{:42} {crowd:4} {:9.0} {:9.2} {:9.2} {:10.0} {:6.2}",
        page.name(),
        rate.each_second,
        rate.half.as_secs_f64() * 1000.0,
        rate.nearly_all.as_secs_f64() * 1000.0,
        bare.each_second,
        rate.each_second / bare.each_second
    );
}
