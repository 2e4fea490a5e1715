//! `castellan user`: staff from the command line, above all when nobody can sign in any more.

use std::io::Read;

use clap::{Args, Subcommand};
use uuid::Uuid;

use super::setup;
use crate::access::assignments::model::Principal;
use crate::access::assignments::store::Resolved;
use crate::access::people::{self, LINK_MINUTES, NewStaff};
use crate::access::{Manage, roles, services};
use crate::action::Action;
use crate::actor::Can;
use crate::auth::factors::store as factors;
use crate::auth::password::{Cost, Passwords};
use crate::config::Config;
use crate::db::{Db, Engine, migrate};
use crate::error::AppError;
use crate::new_password::NewPassword;
use crate::routes;

/// What can be done.
#[derive(Subcommand)]
pub enum User {
    /// Make a person who may open the console, or a service; without a password a one-time link is printed
    Add(Add),
    /// Take a person's password away and end their sessions; without a new one a one-time link is printed
    ResetPassword(ResetPassword),
    /// Make a person an active founder again, whatever became of the account, and print a one-time link
    Recover(Recover),
}

/// A new person.
#[derive(Args)]
pub struct Add {
    /// E-mail address that the person signs in with
    #[arg(long, required_unless_present = "service")]
    email: Option<String>,
    /// Make a service of this name instead, which acts with API tokens and never signs in
    #[arg(long, value_name = "NAME", conflicts_with_all = ["email", "name", "password_stdin"])]
    service: Option<String>,
    /// Name, as others see it; the part of the address before the @ when left out
    #[arg(long)]
    name: Option<String>,
    /// Role on the whole platform, such as founder, admin, support or auditor
    #[arg(long)]
    role: String,
    #[command(flatten)]
    password: Password,
}

/// Another password.
#[derive(Args)]
pub struct ResetPassword {
    #[command(flatten)]
    whom: Whom,
    #[command(flatten)]
    password: Password,
}

/// Somebody who cannot get in.
#[derive(Args)]
pub struct Recover {
    #[command(flatten)]
    whom: Whom,
    /// Also take the person's second factors and recovery codes away
    #[arg(long)]
    remove_factors: bool,
}

/// Whose account.
#[derive(Args)]
pub struct Whom {
    /// E-mail address that the person signs in with
    #[arg(long)]
    email: String,
}

/// Where a password comes from; never from the arguments, which other users of the machine can see.
#[derive(Args)]
pub struct Password {
    /// Read the password, 15 characters or more, from the first line of the input
    #[arg(long)]
    password_stdin: bool,
}

/// Does it and prints what the person needs to know.
pub async fn run(config: Config, user: User) -> Result<(), String> {
    let engine = Engine::open(&config)?;
    migrate::migrate(engine.url())?;
    let desk = Desk::open(&config, &engine).await.map_err(|error| error.to_string())?;
    match user {
        User::Add(add) => desk.add(add).await,
        User::ResetPassword(reset) => desk.reset_password(reset).await,
        User::Recover(recover) => desk.recover(recover).await,
    }
}

/// What all of them need.
struct Desk<'a> {
    db: Db,
    can: Can<Manage>,
    config: &'a Config,
}

impl<'a> Desk<'a> {
    async fn open(config: &'a Config, engine: &Engine) -> Result<Desk<'a>, AppError> {
        let db = Db::connect(engine.url(), engine.pool())?;
        let can = setup::authority("user")?;
        roles::sync(&db, &can, routes::privileges()).await?;
        Ok(Desk { db, can, config })
    }

    async fn add(&self, add: Add) -> Result<(), String> {
        if let Some(name) = &add.service {
            return self.add_service(name.trim(), &add.role).await;
        }
        let email = add.email.as_deref().unwrap_or_default().trim().to_owned();
        let name = add.name.unwrap_or_else(|| email.split('@').next().unwrap_or_default().to_owned());
        let hash = add.password.hash(&[&email, &name])?;
        let id = Uuid::now_v7();
        let new = NewStaff {
            id,
            email: email.clone(),
            name: name.trim().to_owned(),
            role: add.role.clone(),
            password_hash: hash.clone(),
            reason: "made on the command line".into(),
        };
        let action = Action::on("user.create", "user", id).reason("made on the command line");
        match self.db.write(&self.can, action, move |tx| people::add_staff(tx, &new)).await {
            Ok(()) => println!("{email} is made and has the role {}.", add.role),
            Err(AppError::NotFound) => return Err(self.no_role(&add.role).await),
            Err(error) => return Err(explain(error, &email)),
        }
        match hash {
            Some(_) => Ok(()),
            None => self.print_link(&email, id).await,
        }
    }

    async fn add_service(&self, name: &str, role: &str) -> Result<(), String> {
        const WHY: &str = "made on the command line";
        let id = Uuid::now_v7();
        let action = Action::on("user.create_service", "user", id).reason(WHY);
        let (called, wanted) = (name.to_owned(), role.to_owned());
        let write = self.db.write(&self.can, action, move |tx| {
            let role_id = people::role_by_name(tx, &wanted)?;
            services::store::insert(tx, id, &called, &Resolved::everywhere(role_id, Principal::Person(id), WHY))
        });
        match write.await {
            Ok(()) => {
                let page = format!("{}/tokens/new?service={id}", self.config.base());
                println!("{name} is made and has the role {role}. Make a token for it: {page}");
                Ok(())
            }
            Err(AppError::NotFound) => Err(self.no_role(role).await),
            Err(error) => Err(explain(error, name)),
        }
    }

    async fn reset_password(&self, reset: ResetPassword) -> Result<(), String> {
        let email = reset.whom.email.trim().to_owned();
        let (id, name) = self.person(&email).await?;
        let hash = reset.password.hash(&[&email, &name])?;
        let action = Action::on("user.reset_password", "user", id).reason("reset on the command line");
        let new = hash.clone();
        let write = self.db.write(&self.can, action, move |tx| people::set_password(tx, id, new.as_deref()));
        write.await.map_err(|error| explain(error, &email))?;
        match hash {
            Some(_) => {
                println!("{email} has a new password, and all sessions have ended.");
                Ok(())
            }
            None => {
                println!("{email} has no password any more, and all sessions have ended.");
                self.print_link(&email, id).await
            }
        }
    }

    async fn recover(&self, recover: Recover) -> Result<(), String> {
        let email = recover.whom.email.trim().to_owned();
        let (id, _) = self.person(&email).await?;
        let action = Action::on("user.recover", "user", id).reason("recovered on the command line");
        let write = self.db.write(&self.can, action, move |tx| people::recover(tx, id));
        write.await.map_err(|error| explain(error, &email))?;
        println!("{email} is an active founder.");
        if recover.remove_factors {
            let action = Action::on("user.reset_factors", "user", id).reason("removed on the command line");
            let write = self.db.write(&self.can, action, move |tx| factors::remove_all(tx, id));
            write.await.map_err(|error| explain(error, &email))?;
            println!("{email} has no second factor any more, and all sessions have ended.");
        }
        self.print_link(&email, id).await
    }

    async fn person(&self, email: &str) -> Result<(Uuid, String), String> {
        let wanted = email.to_owned();
        match self.db.read(&self.can, move |conn| people::by_email(conn, &wanted)).await {
            Err(AppError::NotFound) => Err(format!(
                "Nobody has the address {email}. Make a person with: castellan user add --email {email} --role founder"
            )),
            other => other.map_err(|error| error.to_string()),
        }
    }

    async fn print_link(&self, email: &str, id: Uuid) -> Result<(), String> {
        let link = setup::sign_in_link(&self.db, self.config, "user", id).await.map_err(|error| error.to_string())?;
        println!("Sign in as {email} within {LINK_MINUTES} minutes, once: {link}");
        Ok(())
    }

    async fn no_role(&self, role: &str) -> String {
        match self.db.read(&self.can, people::role_names).await {
            Ok(names) => format!("There is no role “{role}”. Known are: {}.", names.join(", ")),
            Err(error) => error.to_string(),
        }
    }
}

impl Password {
    /// Checked against what the account is called.
    fn hash(&self, known: &[&str]) -> Result<Option<String>, String> {
        if !self.password_stdin {
            return Ok(None);
        }
        let mut input = String::new();
        let explain = |error: std::io::Error| format!("The password cannot be read from the input: {error}.");
        std::io::stdin().read_to_string(&mut input).map_err(explain)?;
        let password = input.lines().next().unwrap_or_default();
        let new = NewPassword::check(password, known).map_err(|faults| format!("The password {}.", faults[0]))?;
        let passwords = Passwords::new(Cost::default()).map_err(|error| error.to_string())?;
        passwords.hash_blocking(&new.0).map(Some).map_err(|error| error.to_string())
    }
}

fn explain(error: AppError, email: &str) -> String {
    match error {
        AppError::Constraint(constraint) => match constraint.as_str() {
            "users_email_key" => format!("{email} exists already. To let the person in: castellan user reset-password"),
            "users_email_check" => format!("“{email}” is no e-mail address."),
            "users_name_check" => "The name must have 1 to 200 characters.".into(),
            _ => format!("The database refused it ({constraint})."),
        },
        other => other.to_string(),
    }
}
