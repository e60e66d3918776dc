//! `patchcord-desk lookup`: an admin tries what the settings ask of the company's own system.

use serde_json::json;

use super::{DataArguments, Failure, LookupArguments, open_named};
use crate::clock::{self, Clock};
use crate::config::read_password;
use crate::desk_api::{ClientDraft, Directory, Gap};
use crate::http;
use crate::secrets::Secret;
use crate::server::company::{Answer, Asked, Authentication, CompanySettings, CompanySystem, Got};
use crate::server::settings::Settings;
use crate::text::{Catalogue, say};

/// Asked for where no file is named.
const SECRET: &str = "PATCHCORD_COMPANY_SECRET";

/// With its password and the authorities that it is trusted by.
pub(super) fn company_system(settings: CompanySettings) -> Result<CompanySystem, Failure> {
    let secret = match (&settings.authentication, &settings.secret_file) {
        (Authentication::None, _) => Secret::new(""),
        (_, Some(file)) => {
            read_password(file).map_err(|fault| Failure::Secret { file: file.clone(), fault })?
        }
        (_, None) => std::env::var(SECRET).map(Secret::new).map_err(|_| Failure::NoSecret)?,
    };
    let authorities = match &settings.ca {
        None => Vec::new(),
        Some(file) => {
            let failed = |error| Failure::Authorities { file: file.clone(), error };
            let pem = std::fs::read(file).map_err(|error| failed(Some(error)))?;
            http::certificates(&pem).ok_or_else(|| failed(None))?
        }
    };
    CompanySystem::new(settings, &secret, authorities, Clock::start()).map_err(Failure::Company)
}

pub(super) async fn lookup(arguments: LookupArguments, cat: &Catalogue) -> Result<(), Failure> {
    let LookupArguments { number, data: DataArguments { database, config }, json } = arguments;
    let settings = Settings::read(config.as_deref()).map_err(Failure::Settings)?;
    let company = settings.company.clone().ok_or(Failure::NoCompanySystem)?;
    let company = company_system(company)?;
    let plan = &settings.plan;
    let number = plan.look_up_key(&number).ok_or(Failure::NotANumber(number))?;
    // Who looks after a client is found in the directory. Settings can be tried before there is a database.
    let directory = match open_named(database.as_deref(), &settings).await {
        Ok(store) => {
            let directory = store.directory().await.map_err(Failure::Store)?;
            store.close().await;
            directory
        }
        Err(Failure::NoDatabase | Failure::NoSuchDatabase(_)) => Directory {
            people: Vec::new(),
            departments: Vec::new(),
            client_types: settings.client_types.clone(),
            purposes: Vec::new(),
        },
        Err(failure) => return Err(failure),
    };
    let today = clock::wall().to_zoned(settings.transfers.zone.clone()).date();
    let (found, asked) = company.by_number(number, plan, today).await;
    let away = found.as_ref().err().copied();
    let clients: Vec<_> = found
        .unwrap_or_default()
        .iter()
        .map(|found| {
            let got = Got {
                own_id: &found.own_id,
                values: &found.values,
                meaning: company.meaning(),
                directory: &directory,
                number: Some(number),
                plan,
            };
            (found.own_id.clone(), got.client(None))
        })
        .collect();
    if json {
        let clients = clients
            .iter()
            .map(|(own_id, (client, gaps))| json!({"own_id": own_id, "client": client, "gaps": gaps}));
        let requests = asked.iter().map(as_json);
        let clients = clients.collect::<Vec<_>>();
        println!(
            "{}",
            json!({"v": 1, "requests": requests.collect::<Vec<_>>(), "clients": clients, "why": away})
        );
    } else {
        for asked in &asked {
            println!("{}", request_words(asked, cat));
        }
        for (own_id, (client, gaps)) in &clients {
            println!("{}", client_words(own_id, client, gaps, cat));
        }
        if clients.is_empty() && away.is_none() {
            println!("{}", say!(cat, "The company's system knows nobody with this number: a new client."));
        }
    }
    away.map_or(Ok(()), |why| Err(Failure::CompanyAway(why)))
}

fn as_json(asked: &Asked) -> serde_json::Value {
    let (octets, why, status) = match asked.answer {
        Answer::Json(octets) => (Some(octets), None, None),
        Answer::Nothing(why, status) => (None, Some(why), status),
    };
    let missed: Vec<_> =
        asked.missed.iter().map(|(name, pointer)| json!({"name": name, "pointer": pointer})).collect();
    json!({
        "address": asked.address, "took_ms": asked.took.as_millis(), "octets": octets, "why": why,
        "status": status, "found_nothing": missed,
    })
}

fn request_words(asked: &Asked, cat: &Catalogue) -> String {
    let ms = asked.took.as_millis();
    let answer = match asked.answer {
        Answer::Json(octets) => say!(cat, "{ms} ms, {octets} octets of JSON", ms = ms, octets = octets),
        Answer::Nothing(why, Some(status)) => {
            let why = cat.get(why.words());
            say!(cat, "{ms} ms, status {status}: {why}", ms = ms, status = status, why = why)
        }
        Answer::Nothing(why, None) => {
            say!(cat, "{ms} ms, no answer: {why}", ms = ms, why = cat.get(why.words()))
        }
    };
    let missed = asked.missed.iter().map(|(name, pointer)| {
        say!(cat, "found nothing: {name} at {pointer}", name = name, pointer = pointer)
    });
    let lines = [format!("GET {}", readable(&asked.address)), format!("  {answer}")];
    lines.into_iter().chain(missed.map(|line| format!("  {line}"))).collect::<Vec<_>>().join("\n")
}

/// As people write it: an address of 1C has every letter encoded.
fn readable(address: &str) -> String {
    let mut octets = Vec::new();
    let mut rest = address.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| *first == b'%').and_then(|code| std::str::from_utf8(code).ok());
        let octet = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        octets.push(octet.unwrap_or(*first));
        rest = if octet.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&octets).chars().filter(|c| !c.is_control()).collect()
}

fn client_words(own_id: &str, client: &ClientDraft, gaps: &[Gap], cat: &Catalogue) -> String {
    let mut lines = vec![say!(cat, "Client {own_id}: {name}", own_id = own_id, name = client.name)];
    let mut line = |text: String| lines.push(format!("  {text}"));
    line(say!(cat, "Client type: {kind}", kind = client.client_type.0));
    line(say!(cat, "Telephones: {phones}", phones = client.phones.join(", ")));
    if let Some(manager) = &client.manager {
        line(say!(cat, "Manager: {manager}", manager = manager.0));
    }
    if let Some(standing) = &client.standing {
        let currency = &standing.currency;
        line(say!(cat, "Overdue: {amount} {currency}", amount = standing.overdue, currency = currency));
        line(say!(
            cat,
            "Over the limit: {amount} {currency}",
            amount = standing.over_limit,
            currency = currency
        ));
        if let Some(limit) = standing.limit {
            line(say!(cat, "Limit: {amount} {currency}", amount = limit, currency = currency));
        }
    }
    for gap in gaps {
        line(format!("{}: {}", cat.get(gap.part.words()), cat.get(gap.why.words())));
    }
    lines.join("\n")
}
