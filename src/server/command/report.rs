//! `patchcord-desk report`: what the register and the orders tell, in the terminal.

use std::fmt::Display;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{DataArguments, Failure, ReportArguments, open_named};
use crate::clock;
use crate::desk_api::{
    HeardHow, Hundredths, Listener, OfferCounts, OfferReport, TransferCounts, TransferReport, VoiceCause,
    VoiceCounts, VoiceReport,
};
use crate::server::settings::Settings;
use crate::server::store::Store;
use crate::text::{Catalogue, msg, say};

pub(super) async fn transfers(arguments: ReportArguments, cat: &Catalogue) -> Result<(), Failure> {
    let (store, zone, from, to) = opened(&arguments).await?;
    let report = store.transfer_report(from, to, &zone).await.map_err(Failure::Store)?;
    store.close().await;
    if arguments.json {
        println!("{}", serde_json::json!({"v": 1, "transfers": report}));
    } else {
        print!("{}", text(&report, cat));
    }
    Ok(())
}

pub(super) async fn offers(arguments: ReportArguments, cat: &Catalogue) -> Result<(), Failure> {
    let (store, zone, from, to) = opened(&arguments).await?;
    let report = store.offer_report(from, to, &zone).await.map_err(Failure::Store)?;
    store.close().await;
    if arguments.json {
        println!("{}", serde_json::json!({"v": 1, "offers": report}));
    } else {
        print!("{}", offers_text(&report, cat));
    }
    Ok(())
}

pub(super) async fn voice(arguments: ReportArguments, cat: &Catalogue) -> Result<(), Failure> {
    let (store, zone, from, to) = opened(&arguments).await?;
    let report = store.voice_report(from, to, &zone).await.map_err(Failure::Store)?;
    store.close().await;
    if arguments.json {
        println!("{}", serde_json::json!({"v": 1, "voice": report}));
    } else {
        print!("{}", voice_text(&report, cat));
    }
    Ok(())
}

/// The database, the office's time zone, the first and the last day.
async fn opened(arguments: &ReportArguments) -> Result<(Store, TimeZone, Date, Date), Failure> {
    let DataArguments { database, config } = &arguments.data;
    let settings = Settings::read(config.as_deref()).map_err(Failure::Settings)?;
    let store = open_named(database.as_deref(), &settings).await?;
    let zone = settings.transfers.zone;
    let today = clock::wall().to_zoned(zone.clone()).date();
    let (from, to) = (arguments.from.unwrap_or(today), arguments.to.unwrap_or(today));
    if to < from { Err(Failure::DaysReversed) } else { Ok((store, zone, from, to)) }
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

fn offers_text(report: &OfferReport, cat: &Catalogue) -> String {
    let OfferReport { from, to, all, days, operators } = report;
    let mut lines = vec![say!(cat, "Offers from {from} to {to}", from = from, to = to)];
    lines.extend(days.iter().map(|of| offers_line(&of.day, &of.counts, cat)));
    lines.extend(operators.iter().map(|of| offers_line(&of.operator, &of.counts, cat)));
    lines.push(offers_line(&say!(cat, "In all"), all, cat));
    lines.into_iter().map(|line| line + "\n").collect()
}

fn offers_line(of: &dyn Display, counts: &OfferCounts, cat: &Catalogue) -> String {
    say!(
        cat,
        "{of}: orders {orders}, wanted no offers {no_offers}; offers {made}, taken {taken} ({percent} %), has enough {has_stock}, too dear {price}, does not sell {not_sold}, other {other}",
        of = of,
        orders = counts.orders,
        no_offers = counts.no_offers,
        made = counts.made,
        taken = counts.taken,
        percent = counts.percent_taken().map_or_else(|| "–".to_owned(), |percent| percent.to_string()),
        has_stock = counts.has_stock,
        price = counts.price,
        not_sold = counts.not_sold,
        other = counts.other
    )
}

fn voice_text(report: &VoiceReport, cat: &Catalogue) -> String {
    let VoiceReport { from, to, all, days, operators, causes } = report;
    let mut lines = vec![say!(cat, "Voice from {from} to {to}", from = from, to = to)];
    lines.extend(days.iter().map(|of| voice_line(&of.day, &of.counts, cat)));
    lines.extend(operators.iter().map(|of| voice_line(&of.operator, &of.counts, cat)));
    lines.push(voice_line(&say!(cat, "In all"), all, cat));
    lines.extend(causes.iter().map(|of| cause_line(of, cat)));
    lines.into_iter().map(|line| line + "\n").collect()
}

fn voice_line(of: &dyn Display, counts: &VoiceCounts, cat: &Catalogue) -> String {
    let score =
        |mos: Option<Hundredths>| mos.map_or_else(|| "–".to_owned(), |mos| f64::from(mos).to_string());
    say!(
        cat,
        "{of}: calls {calls}, MOS of operators {operator_mos}, of clients {client_mos}, heard badly {badly}, not at all {nothing}",
        of = of,
        calls = counts.calls,
        operator_mos = score(counts.operator_mos),
        client_mos = score(counts.client_mos),
        badly = counts.badly,
        nothing = counts.nothing
    )
}

fn cause_line(of: &VoiceCause, cat: &Catalogue) -> String {
    let VoiceCause { listener, heard, cause, calls } = of;
    let who = cat.get(match (listener, heard) {
        (Listener::Operator, HeardHow::Badly) => msg!("the operator heard badly"),
        (Listener::Operator, HeardHow::Nothing) => msg!("the operator heard nothing"),
        (Listener::Client, HeardHow::Badly) => msg!("the client heard badly"),
        (Listener::Client, HeardHow::Nothing) => msg!("the client heard nothing"),
    });
    say!(cat, "{who} ({cause}): calls {calls}", who = who, cause = cause, calls = calls)
}
