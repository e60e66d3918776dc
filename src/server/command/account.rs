//! `patchcord-desk account` and what `token` does beside making one.

use std::io::BufRead as _;
use std::path::Path;

use super::{AccountArguments, AccountCommand, DataArguments, Failure, LONGEST_PERSON, open_named};
use crate::clock;
use crate::config::read_password;
use crate::desk_api::{PersonId, Role};
use crate::secrets::Secret;
use crate::server::password;
use crate::server::settings::Settings;
use crate::server::store::{Bearer, Store};
use crate::text::{Catalogue, say};

pub(super) async fn account(command: AccountCommand, cat: &Catalogue) -> Result<(), Failure> {
    match command {
        AccountCommand::New { account, role, password_file } => {
            let role = Role::parse(&role).ok_or(Failure::BadRole(role))?;
            new(account, role, password_file.as_deref(), cat).await
        }
        AccountCommand::List { data } => list(&data, cat).await,
        AccountCommand::Password { account: AccountArguments { data, person }, password_file } => {
            let store = open(&data).await?;
            let hash = hash(password_file.as_deref())?;
            let is_there = store.set_password(&person, &hash).await.map_err(Failure::Store)?;
            store.close().await;
            let said = say!(cat, "The account {person} has a new password.", person = person);
            told(is_there, said, person)
        }
        AccountCommand::Disable { account: AccountArguments { data, person } } => {
            let store = open(&data).await?;
            let is_there = store.disable_account(&person).await.map_err(Failure::Store)?;
            store.close().await;
            let said = say!(cat, "The account {person} is closed.", person = person);
            told(is_there, said, person)
        }
    }
}

fn told(is_there: bool, said: String, person: String) -> Result<(), Failure> {
    if !is_there {
        return Err(Failure::NoSuchAccount(person));
    }
    eprintln!("patchcord-desk: {said}");
    Ok(())
}

async fn new(
    AccountArguments { data, person }: AccountArguments,
    role: Role,
    password_file: Option<&Path>,
    cat: &Catalogue,
) -> Result<(), Failure> {
    let store = open(&data).await?;
    let directory = store.directory().await.map_err(Failure::Store)?;
    // Admins and programs need be nobody's colleagues.
    let is_known = directory.person(&PersonId(person.clone())).is_some();
    let is_name = (1..=LONGEST_PERSON).contains(&person.chars().count())
        && !person.contains(|c: char| c.is_control() || c.is_whitespace());
    match role {
        Role::Admin | Role::Service if !is_name => return Err(Failure::BadPerson),
        Role::Operator | Role::Manager | Role::Head if !is_known => {
            return Err(Failure::NoSuchPerson(person));
        }
        _ => {}
    }
    let hash = hash(password_file)?;
    let bearer = Bearer { person, role };
    let is_new = store.add_account(&bearer, &hash, clock::wall()).await.map_err(Failure::Store)?;
    store.close().await;
    if !is_new {
        return Err(Failure::AccountThere(bearer.person));
    }
    eprintln!(
        "patchcord-desk: {}",
        say!(cat, "{person} may log in to the desk's page.", person = bearer.person)
    );
    Ok(())
}

async fn list(data: &DataArguments, cat: &Catalogue) -> Result<(), Failure> {
    let store = open(data).await?;
    for account in store.accounts().await.map_err(Failure::Store)? {
        let since = account.created_at.strftime("%Y-%m-%d");
        let state = if account.is_disabled { say!(cat, "may not log in") } else { String::new() };
        println!("{}", format!("{since} {} {} {state}", account.role.as_str(), account.person).trim_end());
    }
    store.close().await;
    Ok(())
}

pub(super) async fn tokens(data: &DataArguments) -> Result<(), Failure> {
    let store = open(data).await?;
    for token in store.tokens().await.map_err(Failure::Store)? {
        let since = token.created_at.strftime("%Y-%m-%d");
        println!("{} {since} {} {}", token.id, token.bearer.role.as_str(), token.bearer.person);
    }
    store.close().await;
    Ok(())
}

pub(super) async fn revoke(data: &DataArguments, whose: String, cat: &Catalogue) -> Result<(), Failure> {
    let store = open(data).await?;
    let count = store.revoke_tokens(&whose).await.map_err(Failure::Store)?;
    store.close().await;
    if count == 0 {
        return Err(Failure::NoSuchToken(whose));
    }
    eprintln!("patchcord-desk: {}", say!(cat, "Tokens revoked: {count}.", count = count));
    Ok(())
}

async fn open(DataArguments { database, config }: &DataArguments) -> Result<Store, Failure> {
    let settings = Settings::read(config.as_deref()).map_err(Failure::Settings)?;
    open_named(database.as_deref(), &settings).await
}

/// Of the password in the first line of a file or of standard input; an argument could be seen by others.
fn hash(file: Option<&Path>) -> Result<String, Failure> {
    let password = match file {
        Some(file) => {
            read_password(file).map_err(|fault| Failure::Secret { file: file.to_owned(), fault })?
        }
        None => {
            let mut line = zeroize::Zeroizing::new(String::new());
            std::io::stdin().lock().read_line(&mut line).map_err(Failure::NoPassword)?;
            Secret::new(line.trim_end_matches(['\r', '\n']))
        }
    };
    let length = password.expose().chars().count();
    if !(password::SHORTEST..=password::LONGEST).contains(&length) {
        return Err(Failure::BadPassword(password::SHORTEST, password::LONGEST));
    }
    password::hash(&password).map_err(Failure::Password)
}
