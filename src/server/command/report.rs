//! `patchcord-desk report`: what the register tells, in the terminal.

use std::fmt::Display;

use super::{DataArguments, Failure, TransfersArguments, open_named};
use crate::clock;
use crate::desk_api::{TransferCounts, TransferReport};
use crate::server::settings::Settings;
use crate::text::{Catalogue, say};

pub(super) async fn transfers(arguments: TransfersArguments, cat: &Catalogue) -> Result<(), Failure> {
    let DataArguments { database, config } = &arguments.data;
    let settings = Settings::read(config.as_deref()).map_err(Failure::Settings)?;
    let store = open_named(database.as_deref(), &settings).await?;
    let zone = &settings.transfers.zone;
    let today = clock::wall().to_zoned(zone.clone()).date();
    let (from, to) = (arguments.from.unwrap_or(today), arguments.to.unwrap_or(today));
    if to < from {
        return Err(Failure::DaysReversed);
    }
    let report = store.transfer_report(from, to, zone).await.map_err(Failure::Store)?;
    store.close().await;
    if arguments.json {
        println!("{}", serde_json::json!({"v": 1, "transfers": report}));
    } else {
        print!("{}", text(&report, cat));
    }
    Ok(())
}

fn text(report: &TransferReport, cat: &Catalogue) -> String {
    let TransferReport { from, to, all, days, operators } = report;
    let mut lines = vec![say!(cat, "Transfers from {from} to {to}", from = from, to = to)];
    lines.extend(days.iter().map(|of| line(&of.day, &of.counts, cat)));
    lines.extend(operators.iter().map(|of| line(&of.operator, &of.counts, cat)));
    lines.push(line(&say!(cat, "In all"), all, cat));
    if all.lost > 0 {
        lines.push(say!(cat, "Nobody may be lost. Look for these calls in the register."));
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

fn line(of: &dyn Display, counts: &TransferCounts, cat: &Catalogue) -> String {
    say!(
        cat,
        "{of}: reached {reached}, handed over {handed_over}, returned {returned}, lost {lost}, hung up {left}, unknown {unknown}",
        of = of,
        reached = counts.reached,
        handed_over = counts.handed_over,
        returned = counts.returned,
        lost = counts.lost,
        left = counts.left,
        unknown = counts.unknown
    )
}
