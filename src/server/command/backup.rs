//! `patchcord-desk backup` and `restore`.

use std::path::Path;

use super::{BackupArguments, DataArguments, Failure, RestoreArguments, database_named};
use crate::server::settings::Settings;
use crate::server::store::{self, Database};
use crate::text::{Catalogue, say};

pub(super) async fn backup(arguments: BackupArguments, cat: &Catalogue) -> Result<(), Failure> {
    let database = named(&arguments.data)?;
    let Database::Sqlite(file) = &database else { return Err(Failure::PostgresBackup) };
    if !database.is_there() {
        return Err(Failure::NoSuchDatabase(database));
    }
    let holds = store::backup(file, &arguments.file).await.map_err(Failure::Backup)?;
    println!("{}", words(&arguments.file, holds, cat));
    Ok(())
}

pub(super) async fn restore(arguments: RestoreArguments, cat: &Catalogue) -> Result<(), Failure> {
    let Database::Sqlite(file) = named(&arguments.data)? else { return Err(Failure::PostgresBackup) };
    let holds = store::restore(&arguments.file, &file, arguments.replace).await.map_err(Failure::Backup)?;
    println!("{}", words(&file, holds, cat));
    Ok(())
}

fn named(arguments: &DataArguments) -> Result<Database, Failure> {
    let settings = Settings::read(arguments.config.as_deref()).map_err(Failure::Settings)?;
    match (&arguments.database, settings.database) {
        (Some(flag), _) => database_named(flag),
        (None, Some(database)) => Ok(database),
        (None, None) => Err(Failure::NoDatabase),
    }
}

fn words(file: &Path, holds: store::Holds, cat: &Catalogue) -> String {
    say!(
        cat,
        "{file} is whole. Clients: {clients}, calls: {calls}, orders: {orders}.",
        file = file.display(),
        clients = holds.clients,
        calls = holds.calls,
        orders = holds.orders
    )
}
