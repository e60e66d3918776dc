//! `patchcord-desk audit`: who looked at which client and did what.

use jiff::Timestamp;
use jiff::civil::{Date, Time};

use super::rules;
use super::{AuditArguments, DataArguments, Failure, open_named};
use crate::server::settings::Settings;
use crate::server::store::AuditFilter;

pub(super) async fn audit(arguments: AuditArguments) -> Result<(), Failure> {
    let AuditArguments { data: DataArguments { database, config }, client, person, from, to, json } =
        arguments;
    if from.zip(to).is_some_and(|(from, to)| to < from) {
        return Err(Failure::DaysReversed);
    }
    let settings = Settings::read(config.as_deref()).map_err(Failure::Settings)?;
    let store = open_named(database.as_deref(), &settings).await?;
    let zone = &settings.transfers.zone;
    let begins = |day: Date| -> Option<Timestamp> {
        Some(day.to_datetime(Time::midnight()).to_zoned(zone.clone()).ok()?.timestamp())
    };
    let client = match client {
        Some(text) => Some(rules::find(&store, &settings, &text).await?.id),
        None => None,
    };
    let filter = AuditFilter {
        client,
        person,
        from: from.and_then(begins),
        to: to.and_then(|day| begins(day.tomorrow().ok()?)),
    };
    let notes = store.audit(&filter).await.map_err(Failure::Store)?;
    store.close().await;
    if json {
        println!("{}", serde_json::json!({"v": 1, "notes": notes}));
        return Ok(());
    }
    for note in notes {
        let at = note.at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S");
        let about =
            [note.client.map(|id| format!(" client {id}")), note.order.map(|id| format!(" order {id}"))];
        let about: String = about.into_iter().flatten().collect();
        println!("{at} {} {} {} {} {}{about}", note.person, note.role, note.shown, note.status, note.what);
    }
    Ok(())
}
