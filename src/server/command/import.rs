//! `patchcord-desk import`: what the company's other programs export, into the desk.

use std::path::PathBuf;

use serde_json::json;

use super::{DataArguments, Failure, ImportArguments, database_named, open, open_existing};
use crate::clock;
use crate::server::import::{self, FileReport, Finding, Import, Kind as File, Report};
use crate::server::settings::Settings;
use crate::server::store::Kind;
use crate::text::{Catalogue, say};

pub(super) async fn run(arguments: ImportArguments, cat: &Catalogue) -> Result<(), Failure> {
    let files = files(&arguments)?;
    let DataArguments { database, config } = &arguments.data;
    let settings = Settings::read(config.as_deref()).map_err(Failure::Settings)?;
    let named = match (database, &settings.database) {
        (Some(flag), _) => flag.clone(),
        (None, Some(database)) => database.address(),
        (None, None) => return Err(Failure::NoDatabase),
    };
    let is_dry = arguments.dry_run;
    let store = if is_dry { open_existing(&named).await? } else { open(database_named(&named)?).await? };
    if !is_dry {
        store.set_client_types(&settings.client_types).await.map_err(Failure::Store)?;
        store.index_by(&settings.plan).await.map_err(Failure::Store)?;
    }
    let directory = store.directory().await.map_err(Failure::Store)?;
    let encoding = arguments.encoding;
    let import = Import { files, encoding, settings: &settings, directory: &directory, at: clock::wall() };
    let report = import::import(&store, &import, is_dry).await.map_err(Failure::Store)?;
    if !is_dry && report.faults == 0 {
        // What clients and goods are found by: a desk that serves does not make it anew.
        for kind in [Kind::Client, Kind::Product] {
            store.make_keys(kind, usize::MAX).await.map_err(Failure::Store)?;
        }
    }
    store.close().await;
    if arguments.json {
        println!("{}", as_json(&report, is_dry, cat));
    } else {
        println!("{}", words(&import, &report, is_dry, cat));
    }
    if report.faults == 0 { Ok(()) } else { Err(Failure::Import(report.faults)) }
}

/// Those that were named, and those of the folder.
fn files(arguments: &ImportArguments) -> Result<Vec<(File, PathBuf)>, Failure> {
    let ImportArguments { clients, products, prices, stock, standings, folder, .. } = arguments;
    let named = File::ALL.into_iter().zip([clients, products, prices, stock, standings]);
    let files: Vec<_> = named
        .filter_map(|(kind, file)| {
            let in_folder = || {
                let file = folder.as_ref()?.join(format!("{}.csv", kind.name()));
                file.exists().then_some(file)
            };
            Some((kind, file.clone().or_else(in_folder)?))
        })
        .collect();
    if files.is_empty() { Err(Failure::NothingToImport(folder.clone())) } else { Ok(files) }
}

fn words(import: &Import<'_>, report: &Report, is_dry: bool, cat: &Catalogue) -> String {
    let path = |kind: File| {
        let file = import.files.iter().find(|(known, _)| *known == kind);
        file.map(|(_, path)| path.display().to_string()).unwrap_or_default()
    };
    let mut lines: Vec<String> =
        report.files.iter().map(|file| file_words(&path(file.kind), file, cat)).collect();
    lines.extend(report.findings.iter().map(|finding| place_words(&path(finding.kind), finding, cat)));
    let untold = report.faults + report.remarks - report.findings.len() as u64;
    if untold > 0 {
        lines.push(say!(cat, "Not told: {count} more.", count = untold));
    }
    if report.faults == 0 && is_dry {
        lines.push(say!(cat, "Nothing was written: this was a trial."));
    }
    lines.join("\n")
}

fn file_words(path: &str, file: &FileReport, cat: &Catalogue) -> String {
    let separator = if file.separator == '\t' { "TAB".to_owned() } else { file.separator.to_string() };
    let words = say!(
        cat,
        "{file} ({encoding}, separator {separator}): rows {rows}; made {made}, changed {changed}, unchanged {unchanged}.",
        file = path,
        encoding = file.encoding,
        separator = separator,
        rows = file.rows,
        made = file.made,
        changed = file.changed,
        unchanged = file.unchanged
    );
    match file.gone {
        0 => words,
        gone => {
            let gone =
                say!(cat, "Batches that the file does not name, and that are gone: {count}.", count = gone);
            format!("{words} {gone}")
        }
    }
}

fn place_words(path: &str, finding: &Finding, cat: &Catalogue) -> String {
    let what = finding.say(cat);
    match (&finding.column, finding.row) {
        (Some(column), 0) => {
            say!(cat, "{file}, column “{column}”: {what}", file = path, column = column, what = what)
        }
        (None, 0) => say!(cat, "{file}: {what}", file = path, what = what),
        (Some(column), row) => say!(
            cat,
            "{file}, row {row}, column “{column}”: {what}",
            file = path,
            row = row,
            column = column,
            what = what
        ),
        (None, row) => say!(cat, "{file}, row {row}: {what}", file = path, row = row, what = what),
    }
}

fn as_json(report: &Report, is_dry: bool, cat: &Catalogue) -> serde_json::Value {
    let file = |file: &FileReport| {
        json!({
            "file": file.kind.name(), "encoding": file.encoding, "separator": file.separator, "rows": file.rows,
            "made": file.made, "changed": file.changed, "unchanged": file.unchanged, "gone": file.gone,
        })
    };
    let finding = |finding: &Finding| {
        json!({
            "file": finding.kind.name(), "row": finding.row, "column": finding.column,
            "stops": !finding.is_remark(), "message": finding.say(cat),
        })
    };
    json!({
        "v": 1, "written": !is_dry && report.faults == 0, "faults": report.faults, "remarks": report.remarks,
        "files": report.files.iter().map(file).collect::<Vec<_>>(),
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
    })
}
