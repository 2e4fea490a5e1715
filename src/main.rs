//! The command line.

use std::io::IsTerminal;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use castellan::commands::{audit, demo, doctor, migrate, serve, usage, user, worker};
use castellan::config::Config;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The admin console of a multi-tenant SaaS
///
/// Without a command it serves the console, and without any setting on a PostgreSQL inside the process that keeps its
/// data in ./data. Every option is also a setting in the environment or in a file .env, under the name that is given
/// with it.
#[derive(Parser)]
#[command(name = "castellan", version, after_help = AFTERWARDS)]
struct Cli {
    #[command(flatten)]
    config: Config,
    #[command(subcommand)]
    command: Option<Command>,
}

const AFTERWARDS: &str = "Exit status: 0 when it worked, 1 when it did not, 2 when a setting is wrong.";

#[derive(Subcommand)]
enum Command {
    /// Serve the console and run jobs (the default)
    Serve,
    /// Run jobs and serve nothing, beside a server or on another machine
    Worker(worker::Kinds),
    /// Bring the database to this version's schema
    Migrate,
    /// Load made-up data to look at and to measure with
    Demo(demo::Amounts),
    /// Make people of the staff and give them means to sign in
    #[command(subcommand)]
    User(user::User),
    /// Verify the audit log, and prove that an event is in it
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Check settings, database and rights, and say how to mend what is wrong
    Doctor,
}

fn main() {
    if let Err(error) = dotenvy::dotenv()
        && !error.not_found()
    {
        stop(2, &format!(".env cannot be read: {error}"));
    }
    let cli = parse();
    if let Err(problem) = cli.config.check() {
        stop(2, &problem);
    }
    start_logging(&cli.config);
    let done = actix_web::rt::System::new().block_on(async move {
        match cli.command.unwrap_or(Command::Serve) {
            Command::Serve => serve::run(cli.config).await,
            Command::Worker(kinds) => worker::run(cli.config, kinds).await,
            Command::Migrate => migrate::run(&cli.config),
            Command::Demo(amounts) => demo::run(cli.config, amounts).await,
            Command::User(user) => user::run(cli.config, user).await,
            Command::Audit(asked) => match audit::run(&cli.config, &asked).await {
                Ok(0) => Ok(()),
                Ok(status) => std::process::exit(status),
                Err(problem) => Err(problem),
            },
            Command::Doctor => doctor::run(&cli.config, &usage::settings(&Cli::command())),
        }
    });
    if let Err(problem) = done {
        stop(1, &problem);
    }
}

/// Help goes out as it is, a wrong value in one sentence.
fn parse() -> Cli {
    let mut command = Cli::command();
    let found = command.try_get_matches_from_mut(std::env::args_os()).and_then(|found| Cli::from_arg_matches(&found));
    found.unwrap_or_else(|error| match usage::sentence(&command, &error) {
        Some(sentence) => stop(2, &sentence),
        None => error.exit(),
    })
}

fn start_logging(config: &Config) {
    let filter = tracing_subscriber::EnvFilter::try_new(&config.log).unwrap_or_else(|error| {
        stop(
            2,
            &format!("CASTELLAN_LOG (--log) cannot be used: {error}. Allowed is for example info or castellan=debug."),
        )
    });
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A file gets no colours.
    let builder = builder.with_ansi(std::io::stderr().is_terminal());
    match config.log_format.as_str() {
        "json" => builder.json().init(),
        _ => builder.init(),
    }
}

fn stop(status: i32, problem: &str) -> ! {
    eprintln!("castellan: {problem}");
    std::process::exit(status);
}
