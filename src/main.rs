//! The command line.

use clap::{Parser, Subcommand};

use castellan::commands::serve;
use castellan::config::Config;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The admin console of a multi-tenant SaaS
#[derive(Parser)]
#[command(name = "castellan", version)]
struct Cli {
    #[command(flatten)]
    config: Config,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the console and run jobs (the default)
    Serve,
}

fn main() {
    if let Err(error) = dotenvy::dotenv()
        && !error.not_found()
    {
        stop(&format!(".env cannot be read: {error}"));
    }
    let cli = Cli::parse();
    if let Err(problem) = cli.config.check() {
        stop(&problem);
    }
    start_logging(&cli.config);
    let done = actix_web::rt::System::new().block_on(async move {
        match cli.command.unwrap_or(Command::Serve) {
            Command::Serve => serve::run(cli.config).await,
        }
    });
    if let Err(problem) = done {
        stop(&problem);
    }
}

fn start_logging(config: &Config) {
    let filter = tracing_subscriber::EnvFilter::try_new(&config.log)
        .unwrap_or_else(|error| stop(&format!("CASTELLAN_LOG is wrong: {error}")));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match config.log_format.as_str() {
        "json" => builder.json().init(),
        _ => builder.init(),
    }
}

fn stop(problem: &str) -> ! {
    eprintln!("castellan: {problem}");
    std::process::exit(2);
}
