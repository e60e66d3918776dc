//! The command line of `patchcord-desk`.

mod account;
mod audit;
mod backup;
mod examine;
mod import;
mod lookup;
mod report;
mod rules;
mod serve;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use jiff::civil::{Date, DateTime};

use super::company::CompanyProblem;
use super::password::NoHash;
use super::settings::{self, Settings, SettingsError};
use super::store::{BackupError, Bearer, Database, DatabaseProblem, OpenError, Store, StoreError};
use super::token;
use crate::clock;
use crate::command_line::{self, Unfit, fitting, setting};
use crate::config::{Expected, PasswordFault, io_words};
use crate::desk_api::{ClientId, GapWhy, Role};
use crate::entropy::NoEntropy;
use crate::logging;
use crate::text::{Catalogue, Language, msg, say};

/// Longest name behind a token.
const LONGEST_PERSON: usize = 100;

#[derive(Parser)]
#[command(
    name = "patchcord-desk",
    version,
    about = msg!("The order desk behind Patchcord"),
    disable_help_subcommand = true,
    args_override_self = true,
    after_help = msg!("\
Exit codes:
  0   done as asked
  1   the desk does not keep the contract (examine)
  2   usage, settings, address, database or files
  8   the company's own system cannot be asked (lookup)
  70  our fault")
)]
struct Arguments {
    #[arg(help = msg!("en, ko or ru [default: the environment's]"))]
    #[arg(long, global = true, value_name = "CODE", value_parser = setting::<Language>)]
    lang: Option<Language>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    #[command(about = msg!("Answer operators' programs until told to stop"))]
    Serve(ServeArguments),
    #[command(about = msg!("Tokens of people and programs"))]
    Token {
        #[command(subcommand)]
        command: TokenCommand,
    },
    #[command(about = msg!("Accounts of the page: who may log in"))]
    Account {
        #[command(subcommand)]
        command: AccountCommand,
    },
    #[command(about = msg!("Who looked at which client and did what"))]
    Audit(AuditArguments),
    #[command(about = msg!("The rules by which clients are passed on"))]
    Rules {
        #[command(subcommand)]
        command: RulesCommand,
    },
    #[command(about = msg!("What the call register tells"))]
    Report {
        #[command(subcommand)]
        command: ReportCommand,
    },
    #[command(about = msg!("Ask the company's own system who has a number, and show each step; nothing is kept"))]
    Lookup(LookupArguments),
    #[command(about = msg!("Take over what the company's other programs export: all of it, or nothing"))]
    Import(ImportArguments),
    #[command(about = msg!("Ask a desk, ours or another, whether it keeps what the contract promises"))]
    Examine(ExamineArguments),
    #[command(about = msg!("Copy a SQLite database into a new file while the desk serves"))]
    Backup(BackupArguments),
    #[command(about = msg!("Put a copy in the place of a SQLite database, while no desk serves it"))]
    Restore(RestoreArguments),
}

#[derive(clap::Args)]
struct ExamineArguments {
    #[arg(help = msg!("Where the desk answers"))]
    #[arg(value_name = "URL")]
    url: String,
    #[arg(help = msg!("A file with a line role=token for each of operator, operator2 (another person), manager, head, admin and service, or some of them"))]
    #[arg(long, value_name = "FILE")]
    token_file: PathBuf,
    #[arg(help = msg!("Also what leaves clients, products, calls and orders behind"))]
    #[arg(long)]
    write: bool,
    #[arg(help = msg!("A delivery route with open slots: orders are placed for it"))]
    #[arg(long, value_name = "ID")]
    route: Option<String>,
    #[arg(help = msg!("One JSON object on stdout"))]
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
struct BackupArguments {
    #[arg(help = msg!("The copy; it must not be there yet"))]
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    data: DataArguments,
}

#[derive(clap::Args)]
struct RestoreArguments {
    #[arg(help = msg!("A copy that backup made"))]
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    data: DataArguments,
    #[arg(help = msg!("Even where a database is: it is gone then"))]
    #[arg(long)]
    replace: bool,
}

#[derive(clap::Args)]
struct ImportArguments {
    #[arg(help = msg!("A folder with clients.csv, products.csv, prices.csv, stock.csv and standings.csv, or some of them"))]
    #[arg(value_name = "FOLDER")]
    folder: Option<PathBuf>,
    #[command(flatten)]
    data: DataArguments,
    #[arg(help = msg!("Clients, by the company's own codes"))]
    #[arg(long, value_name = "FILE")]
    clients: Option<PathBuf>,
    #[arg(help = msg!("Products, by their articles"))]
    #[arg(long, value_name = "FILE")]
    products: Option<PathBuf>,
    #[arg(help = msg!("Prices by column, and those of contracts"))]
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    #[arg(help = msg!("All that lies in the warehouse; what the file does not name is not there"))]
    #[arg(long, value_name = "FILE")]
    stock: Option<PathBuf>,
    #[arg(help = msg!("What clients owe, and their limits"))]
    #[arg(long, value_name = "FILE")]
    standings: Option<PathBuf>,
    #[arg(help = msg!("Say what is wrong and what would change, and write nothing"))]
    #[arg(long)]
    dry_run: bool,
    #[arg(help = msg!("How the files are written: utf-8, windows-1251, euc-kr, … [default: found out]"))]
    #[arg(long, value_name = "NAME", value_parser = encoding)]
    encoding: Option<&'static encoding_rs::Encoding>,
    #[arg(help = msg!("One JSON object on stdout"))]
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
struct LookupArguments {
    #[arg(help = msg!("A telephone number in any form"))]
    #[arg(value_name = "NUMBER")]
    number: String,
    #[command(flatten)]
    data: DataArguments,
    #[arg(help = msg!("One JSON object on stdout"))]
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
struct ServeArguments {
    #[arg(help = msg!("Address and port, port 0 for any [default: 127.0.0.1:8420]"))]
    #[arg(long, value_name = "ADDR:PORT", value_parser = listen)]
    listen: Option<SocketAddr>,
    #[arg(help = msg!("The database; made if it is missing"))]
    #[arg(long, value_name = "DATABASE")]
    database: Option<String>,
    #[arg(help = msg!("Fill an empty database with N clients of a food wholesaler"))]
    #[arg(long, value_name = "N", value_parser = sample_size)]
    sample: Option<u32>,
    #[arg(help = msg!("And with so many products, and about so many order lines of the last year: for measuring"))]
    #[arg(long, value_name = "PRODUCTS,LINES", value_parser = sample_trade, requires = "sample")]
    sample_trade: Option<(u32, u64)>,
    #[arg(help = msg!("Where to write the port once the desk answers"))]
    #[arg(long, value_name = "FILE")]
    port_file: Option<PathBuf>,
    #[arg(help = msg!("End when standard input does: for a program that starts the desk and may be killed"))]
    #[arg(long)]
    until_input_ends: bool,
    #[arg(help = msg!("Settings file, like the sample config/desk.toml"))]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Subcommand)]
enum TokenCommand {
    #[command(about = msg!("Make a token and print it; it is kept nowhere and cannot be shown again"))]
    New {
        #[arg(help = msg!("The database; made if it is missing"))]
        #[arg(long, value_name = "DATABASE")]
        database: String,
        #[arg(help = msg!("What it may do: operator, manager, head, admin or service"))]
        #[arg(long, value_name = "ROLE")]
        role: String,
        #[arg(help = msg!("Whose token it is"))]
        #[arg(long, value_name = "NAME")]
        person: String,
    },
    #[command(about = msg!("Show whose tokens there are, each with an id that opens nothing"))]
    List {
        #[command(flatten)]
        data: DataArguments,
    },
    #[command(about = msg!("Forget tokens: whoever has one is nobody at once"))]
    Revoke {
        #[command(flatten)]
        data: DataArguments,
        #[arg(help = msg!("A token's id, or a name: then all of that person's"))]
        #[arg(value_name = "WHOSE")]
        whose: String,
    },
}

#[derive(Subcommand)]
enum AccountCommand {
    #[command(about = msg!("Make an account; its password is the first line of a file or of standard input"))]
    New {
        #[command(flatten)]
        account: AccountArguments,
        #[arg(help = msg!("What it may do: operator, manager, head, admin or service"))]
        #[arg(long, value_name = "ROLE")]
        role: String,
        #[arg(help = msg!("A file that its owner alone may read [default: standard input]"))]
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    #[command(about = msg!("Show who may log in"))]
    List {
        #[command(flatten)]
        data: DataArguments,
    },
    #[command(about = msg!("Give an account a new password, and log it out everywhere"))]
    Password {
        #[command(flatten)]
        account: AccountArguments,
        #[arg(help = msg!("A file that its owner alone may read [default: standard input]"))]
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    #[command(about = msg!("Close an account, and log it out everywhere; a new password opens it again"))]
    Disable {
        #[command(flatten)]
        account: AccountArguments,
    },
}

#[derive(clap::Args)]
struct AccountArguments {
    #[command(flatten)]
    data: DataArguments,
    #[arg(help = msg!("The person's id in the directory"))]
    #[arg(long, value_name = "ID")]
    person: String,
}

#[derive(clap::Args)]
struct AuditArguments {
    #[command(flatten)]
    data: DataArguments,
    #[arg(help = msg!("The client's name, id or telephone"))]
    #[arg(long, value_name = "CLIENT")]
    client: Option<String>,
    #[arg(help = msg!("Who looked"))]
    #[arg(long, value_name = "NAME")]
    person: Option<String>,
    #[arg(help = msg!("The first day"))]
    #[arg(long, value_name = "DATE", value_parser = day)]
    from: Option<Date>,
    #[arg(help = msg!("The last day"))]
    #[arg(long, value_name = "DATE", value_parser = day)]
    to: Option<Date>,
    #[arg(help = msg!("One JSON object on stdout"))]
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
enum RulesCommand {
    #[command(about = msg!("Say what is wrong with them, by rule and line"))]
    Check(CheckArguments),
    #[command(about = msg!("Say where a client goes, by which rule, and why nobody else is asked"))]
    Explain(ExplainArguments),
}

#[derive(clap::Args)]
struct CheckArguments {
    #[arg(help = msg!("Settings file, like the sample config/desk.toml"))]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[arg(help = msg!("Check departments and persons as well, against the directory of this database"))]
    #[arg(long, value_name = "DATABASE")]
    database: Option<String>,
    #[arg(help = msg!("One JSON object on stdout"))]
    #[arg(long)]
    json: bool,
}

/// Where a command finds the company's data.
#[derive(clap::Args)]
struct DataArguments {
    #[arg(help = msg!("The database [default: that of the settings file]"))]
    #[arg(long, value_name = "DATABASE")]
    database: Option<String>,
    #[arg(help = msg!("Settings file, like the sample config/desk.toml"))]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(clap::Args)]
struct ExplainArguments {
    #[command(flatten)]
    data: DataArguments,
    #[arg(help = msg!("The client's name, id or telephone [default: a caller whom nobody knows]"))]
    #[arg(long, value_name = "CLIENT")]
    client: Option<String>,
    #[arg(help = msg!("What the client calls for: the id of a purpose"))]
    #[arg(long, value_name = "ID")]
    purpose: Option<String>,
    #[arg(help = msg!("The type that the operator picks for a new client"))]
    #[arg(long = "type", value_name = "ID")]
    client_type: Option<String>,
    #[arg(help = msg!("The department that the operator picks"))]
    #[arg(long, value_name = "ID")]
    department: Option<String>,
    #[arg(help = msg!("Date and time where the office is [default: now]"))]
    #[arg(long, value_name = "TIME", value_parser = office_time)]
    at: Option<DateTime>,
    #[arg(help = msg!("One JSON object on stdout"))]
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
enum ReportCommand {
    #[command(about = msg!("What became of the clients who were passed on"))]
    Transfers(ReportArguments),
    #[command(about = msg!("What came of the offers in orders that were placed"))]
    Offers(ReportArguments),
    #[command(about = msg!("How operators and clients heard each other"))]
    Voice(ReportArguments),
}

#[derive(clap::Args)]
struct ReportArguments {
    #[command(flatten)]
    data: DataArguments,
    #[arg(help = msg!("The first day [default: today]"))]
    #[arg(long, value_name = "DATE", value_parser = day)]
    from: Option<Date>,
    #[arg(help = msg!("The last day [default: today]"))]
    #[arg(long, value_name = "DATE", value_parser = day)]
    to: Option<Date>,
    #[arg(help = msg!("One JSON object on stdout"))]
    #[arg(long)]
    json: bool,
}

fn office_time(text: &str) -> Result<DateTime, Unfit> {
    const EXPECTED: Expected = Expected { what: msg!("a date and a time"), example: "2026-05-06T14:30" };
    fitting(text.parse().ok(), EXPECTED)
}

fn day(text: &str) -> Result<Date, Unfit> {
    const EXPECTED: Expected = Expected { what: msg!("a date"), example: "2026-05-06" };
    fitting(text.parse().ok(), EXPECTED)
}

fn encoding(text: &str) -> Result<&'static encoding_rs::Encoding, Unfit> {
    const EXPECTED: Expected = Expected { what: msg!("the name of an encoding"), example: "windows-1251" };
    fitting(encoding_rs::Encoding::for_label(text.as_bytes()), EXPECTED)
}

fn listen(text: &str) -> Result<SocketAddr, Unfit> {
    fitting(text.parse().ok(), settings::LISTEN)
}

fn sample_size(text: &str) -> Result<u32, Unfit> {
    const EXPECTED: Expected = Expected { what: msg!("a number of clients"), example: "1000" };
    fitting(text.parse().ok(), EXPECTED)
}

fn sample_trade(text: &str) -> Result<(u32, u64), Unfit> {
    const EXPECTED: Expected =
        Expected { what: msg!("a number of products and one of order lines"), example: "100000,10000000" };
    let read = || {
        let (products, lines) = text.split_once(',')?;
        Some((products.parse().ok()?, lines.parse().ok()?))
    };
    fitting(read(), EXPECTED)
}

/// Why the program ends otherwise than asked.
#[derive(Debug)]
enum Failure {
    Settings(SettingsError),
    Database {
        text: String,
        problem: DatabaseProblem,
    },
    Open {
        database: Database,
        error: OpenError,
    },
    NoDatabase,
    Listen {
        address: SocketAddr,
        error: std::io::Error,
    },
    PortFile {
        file: PathBuf,
        error: std::io::Error,
    },
    BadRole(String),
    BadPerson,
    /// Characters of a password at the least and at the most.
    BadPassword(usize, usize),
    NoPassword(std::io::Error),
    Password(NoHash),
    /// Not in the directory.
    NoSuchPerson(String),
    NoSuchAccount(String),
    AccountThere(String),
    NoSuchToken(String),
    NoSuchDatabase(Database),
    NoClient(String),
    NoCompanySystem,
    NotANumber(String),
    /// The company's system cannot be asked who has the number.
    CompanyAway(GapWhy),
    Secret {
        file: PathBuf,
        fault: PasswordFault,
    },
    NoSecret,
    Authorities {
        file: PathBuf,
        /// None: it can be read, and holds none.
        error: Option<std::io::Error>,
    },
    Company(CompanyProblem),
    /// Name and id of each.
    ManyClients(Vec<(String, ClientId)>),
    /// The flag whose value the company does not know.
    UnknownWord(&'static str),
    DaysReversed,
    NotAnAddress(String),
    TokenFile {
        file: PathBuf,
        why: String,
    },
    Examiner(reqwest::Error),
    /// So many checks failed.
    Examined(u32),
    Backup(BackupError),
    PostgresBackup,
    /// Faults in its files.
    Import(u64),
    NothingToImport(Option<PathBuf>),
    Store(StoreError),
    Entropy(NoEntropy),
    System(std::io::Error),
}

/// The whole program. Exit codes: 0 done; 1 a desk that does not keep the contract; 2 usage, settings, address, database or files; 8 the company's system; 70 our fault.
pub fn run(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let environment = |name: &str| std::env::var(name).ok();
    let arguments: Arguments = match command_line::read(arguments, environment) {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    logging::start(1);
    let language = arguments.lang.unwrap_or_else(|| Language::from_environment(environment));
    let cat = Catalogue::new(language);
    match execute(arguments.command, &cat) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("patchcord-desk: {}", failure.say(&cat));
            ExitCode::from(failure.code())
        }
    }
}

fn execute(command: Command, cat: &Catalogue) -> Result<(), Failure> {
    // One thread serves; the database has threads of its own.
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::System)?;
    match command {
        Command::Serve(arguments) => runtime.block_on(serve::serve(arguments, cat)),
        Command::Token { command: TokenCommand::New { database, role, person } } => {
            runtime.block_on(new_token(&database, &role, person))
        }
        Command::Token { command: TokenCommand::List { data } } => runtime.block_on(account::tokens(&data)),
        Command::Token { command: TokenCommand::Revoke { data, whose } } => {
            runtime.block_on(account::revoke(&data, whose, cat))
        }
        Command::Account { command } => runtime.block_on(account::account(command, cat)),
        Command::Audit(arguments) => runtime.block_on(audit::audit(arguments)),
        Command::Rules { command: RulesCommand::Check(arguments) } => {
            runtime.block_on(rules::check(arguments, cat))
        }
        Command::Rules { command: RulesCommand::Explain(arguments) } => {
            runtime.block_on(rules::explain(arguments, cat))
        }
        Command::Report { command: ReportCommand::Transfers(arguments) } => {
            runtime.block_on(report::transfers(arguments, cat))
        }
        Command::Report { command: ReportCommand::Offers(arguments) } => {
            runtime.block_on(report::offers(arguments, cat))
        }
        Command::Report { command: ReportCommand::Voice(arguments) } => {
            runtime.block_on(report::voice(arguments, cat))
        }
        Command::Lookup(arguments) => runtime.block_on(lookup::lookup(arguments, cat)),
        Command::Examine(arguments) => runtime.block_on(examine::run(arguments, cat)),
        Command::Backup(arguments) => runtime.block_on(backup::backup(arguments, cat)),
        Command::Restore(arguments) => runtime.block_on(backup::restore(arguments, cat)),
        Command::Import(arguments) => runtime.block_on(import::run(arguments, cat)),
    }
}

async fn new_token(database: &str, role: &str, person: String) -> Result<(), Failure> {
    let role = Role::parse(role).ok_or_else(|| Failure::BadRole(role.to_owned()))?;
    let person_fits = (1..=LONGEST_PERSON).contains(&person.trim().chars().count());
    if !person_fits || person.contains(char::is_control) {
        return Err(Failure::BadPerson);
    }
    let store = open(database_named(database)?).await?;
    let token = token::new().map_err(Failure::Entropy)?;
    let bearer = Bearer { person: person.trim().to_owned(), role };
    store.add_token(token::hash(token.expose()), &bearer, clock::wall()).await.map_err(Failure::Store)?;
    store.close().await;
    println!("{}", token.expose());
    Ok(())
}

fn database_named(flag: &str) -> Result<Database, Failure> {
    Database::parse(flag).map_err(|problem| Failure::Database { text: flag.to_owned(), problem })
}

async fn open(database: Database) -> Result<Store, Failure> {
    Store::open(&database).await.map_err(|error| Failure::Open { database, error })
}

/// Whoever only asks makes no database.
async fn open_existing(flag: &str) -> Result<Store, Failure> {
    let database = database_named(flag)?;
    if database.is_there() { open(database).await } else { Err(Failure::NoSuchDatabase(database)) }
}

/// The flag's, else that of the settings.
async fn open_named(flag: Option<&str>, settings: &Settings) -> Result<Store, Failure> {
    match (flag, &settings.database) {
        (Some(flag), _) => open_existing(flag).await,
        (None, Some(database)) if database.is_there() => open(database.clone()).await,
        (None, Some(database)) => Err(Failure::NoSuchDatabase(database.clone())),
        (None, None) => Err(Failure::NoDatabase),
    }
}

impl Failure {
    const fn code(&self) -> u8 {
        match self {
            Self::Store(_)
            | Self::Entropy(_)
            | Self::System(_)
            | Self::Password(_)
            | Self::Examiner(_)
            | Self::Company(CompanyProblem::Client(_)) => 70,
            Self::Examined(_) => 1,
            Self::CompanyAway(_) => 8,
            _ => 2,
        }
    }

    fn say(&self, cat: &Catalogue) -> String {
        match self {
            Self::Settings(error) => error.say(cat),
            Self::Database { text, problem } => say_database(text, *problem, cat),
            Self::Open { database, error } => say_open(database, error, cat),
            Self::NoDatabase => {
                say!(cat, "No database. Say which with --database sqlite:FILE or in the settings file.")
            }
            Self::Listen { address, error } => {
                say!(
                    cat,
                    "The desk cannot listen on {address}: {why}. Choose another port, or 0 for any.",
                    address = address,
                    why = io_words(cat, error.kind())
                )
            }
            Self::PortFile { file, error } => {
                say!(
                    cat,
                    "The port file {file} cannot be written: {why}. Check the path and its permissions.",
                    file = file.display(),
                    why = io_words(cat, error.kind())
                )
            }
            Self::BadRole(role) => {
                say!(
                    cat,
                    "There is no role “{role}”. Roles: operator, manager, head, admin, service.",
                    role = role
                )
            }
            Self::BadPerson => say!(cat, "A person's name has 1 to 100 characters."),
            Self::BadPassword(shortest, longest) => say!(
                cat,
                "A password has {shortest} to {longest} characters; several words are good.",
                shortest = shortest,
                longest = longest
            ),
            Self::NoPassword(error) => {
                say!(cat, "The password cannot be read: {why}.", why = io_words(cat, error.kind()))
            }
            Self::Password(error) => say_failed(error, cat),
            Self::NoSuchPerson(person) => {
                say!(cat, "The directory has nobody with the id “{person}”.", person = person)
            }
            Self::NoSuchAccount(person) => say!(cat, "There is no account “{person}”.", person = person),
            Self::AccountThere(person) => say!(
                cat,
                "There is an account “{person}” already. Give it a new password with: account password",
                person = person
            ),
            Self::NoSuchToken(whose) => {
                say!(cat, "There is no token of “{whose}”. See: token list", whose = whose)
            }
            Self::NoSuchDatabase(file) => {
                say!(cat, "There is no database {file}. Name the one that the desk serves.", file = file)
            }
            Self::NoCompanySystem => {
                say!(
                    cat,
                    "The settings name no company system. See the section [company_system] of config/desk.toml."
                )
            }
            Self::NotANumber(text) => {
                say!(cat, "“{text}” is no telephone number that can be looked up.", text = text)
            }
            Self::CompanyAway(why) => cat.get(why.words()).to_owned(),
            Self::Secret { file, fault } => fault.say(cat, file),
            Self::NoSecret => say!(
                cat,
                "The password for the company's system is missing. Name a file as secret_file, or give the environment variable PATCHCORD_COMPANY_SECRET."
            ),
            Self::Authorities { file, error: Some(error) } => say!(
                cat,
                "The certificate file {file} cannot be read: {why}. Check the path and its permissions.",
                file = file.display(),
                why = io_words(cat, error.kind())
            ),
            Self::Authorities { file, error: None } => {
                say!(
                    cat,
                    "The certificate file {file} holds no PEM certificate of an authority.",
                    file = file.display()
                )
            }
            Self::Company(CompanyProblem::BadSecret) => {
                say!(cat, "The password for the company's system holds characters that cannot be sent.")
            }
            Self::Company(error @ CompanyProblem::Client(_)) => say_failed(error, cat),
            Self::NoClient(text) => {
                say!(cat, "No client is “{text}”. Give a name, an id or a telephone.", text = text)
            }
            Self::ManyClients(clients) => {
                let clients: Vec<_> = clients.iter().map(|(name, id)| format!("{id} {name}")).collect();
                say!(cat, "Several clients fit. Name one by its id:\n{clients}", clients = clients.join("\n"))
            }
            Self::UnknownWord(flag) => {
                say!(
                    cat,
                    "The company has no such {flag}. See the settings file and the directory.",
                    flag = format!("--{flag}")
                )
            }
            Self::DaysReversed => say!(cat, "The last day is before the first. Exchange --from and --to."),
            Self::NotAnAddress(text) => {
                say!(
                    cat,
                    "“{text}” is no address of a desk. Write it like https://desk.example.com.",
                    text = text
                )
            }
            Self::TokenFile { file, why } => {
                say!(cat, "The token file {file} cannot be used: {why}.", file = file.display(), why = why)
            }
            Self::Examiner(error) => say_failed(error, cat),
            Self::Examined(count) => {
                say!(cat, "The desk does not keep the contract. Failed checks: {count}.", count = count)
            }
            Self::Backup(error) => say_backup(error, cat),
            Self::PostgresBackup => say!(
                cat,
                "PostgreSQL has tools of its own for this: pg_dump --format=custom copies while the desk serves, pg_restore brings it back."
            ),
            Self::Import(faults) => {
                say!(cat, "Nothing was written. Faults in the files: {count}.", count = faults)
            }
            Self::NothingToImport(Some(folder)) => say!(
                cat,
                "There is nothing to import in {folder}. Files are called clients.csv, products.csv, prices.csv, stock.csv and standings.csv.",
                folder = folder.display()
            ),
            Self::NothingToImport(None) => {
                say!(cat, "Nothing to import. Name a folder, or files with --clients and the like.")
            }
            Self::Store(error) => say_failed(error, cat),
            Self::Entropy(error) => say_failed(error, cat),
            Self::System(error) => say_failed(error, cat),
        }
    }
}

/// Our fault, or the system's: details are for the log.
fn say_failed(error: &dyn std::error::Error, cat: &Catalogue) -> String {
    tracing::error!(%error, "the desk failed");
    say!(cat, "The desk failed. Its log says why.")
}

fn say_open(database: &Database, error: &OpenError, cat: &Catalogue) -> String {
    tracing::debug!(%error, "the database cannot be used");
    let file = database;
    match error {
        OpenError::Open(error) if matches!(database, Database::Postgres(_)) => {
            let why = match error.as_database_error() {
                Some(error) => error.message().to_owned(),
                None => error.to_string(),
            };
            say!(
                cat,
                "PostgreSQL at {file} cannot be used: {why}. Check address, name and password; the password comes from PGPASSWORD or ~/.pgpass.",
                file = file,
                why = why
            )
        }
        OpenError::Create(error) => say!(
            cat,
            "The database {file} cannot be created: {why}. Check the path and its permissions.",
            file = file,
            why = io_words(cat, error.kind())
        ),
        OpenError::Open(_) => {
            say!(
                cat,
                "{file} cannot be opened as a database: it is not a database, or it is damaged.",
                file = file
            )
        }
        OpenError::BeingRestored => {
            say!(cat, "A copy is being put in the place of {file}. Wait until it is done.", file = file)
        }
        OpenError::Migrate(_) => say!(
            cat,
            "The database {file} is of another version. Use the program that made it, or a newer one.",
            file = file
        ),
    }
}

fn say_backup(error: &BackupError, cat: &Catalogue) -> String {
    tracing::debug!(%error, "no copy was made");
    match error {
        BackupError::Exists(file) => {
            say!(cat, "{file} is there already. Nothing was written over it.", file = file.display())
        }
        BackupError::InUse(file) => {
            say!(cat, "A desk works on {file}. Stop it first.", file = file.display())
        }
        BackupError::BeingWritten(file) => {
            say!(cat, "Another program is writing {file}. Wait until it is done.", file = file.display())
        }
        BackupError::Damaged(file, why) => say!(
            cat,
            "{file} is not whole: {why}. Nothing was put in its place; take another copy.",
            file = file.display(),
            why = why
        ),
        BackupError::NotDesk(file) => {
            say!(cat, "{file} is not the database of a desk.", file = file.display())
        }
        BackupError::Newer(file) => say!(
            cat,
            "The database {file} is of another version. Use the program that made it, or a newer one.",
            file = file.display()
        ),
        BackupError::File(file, error) => say!(
            cat,
            "{file} cannot be read or written: {why}. Check the path, its permissions and the room on the disk.",
            file = file.display(),
            why = io_words(cat, error.kind())
        ),
        BackupError::Database(file, error) => say!(
            cat,
            "The database {file} could not be copied: {why}. Check the path, its permissions and the room on the disk.",
            file = file.display(),
            why = error
        ),
    }
}

fn say_database(text: &str, problem: DatabaseProblem, cat: &Catalogue) -> String {
    // What stands before it may be a password.
    let text = text.rsplit_once('@').map_or(text.to_owned(), |(_, host)| format!("…@{host}"));
    match problem {
        DatabaseProblem::Password => say!(
            cat,
            "A password does not belong into the database's address: others can read it there. Give it in PGPASSWORD or ~/.pgpass."
        ),
        DatabaseProblem::BadUrl => say!(
            cat,
            "“{text}” is no address of a PostgreSQL database. Write it like postgres://desk@db.example.com/desk.",
            text = text
        ),
        DatabaseProblem::NoSuchKind => {
            say!(cat, "“{text}” is not a database. Write it like sqlite:desk.db.", text = text)
        }
        DatabaseProblem::NoFile => say!(cat, "The database needs a file: sqlite:FILE."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn help_speaks_every_language() {
        command_line::testing::help_is_complete::<Arguments>();
    }
}
