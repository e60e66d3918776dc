//! How clients are passed on: purposes, office hours, and the rules of the chain.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use super::names;
use crate::config::{ConfigError, Expected, Section, Setting};
use crate::desk_api::{ChainOrder, ClientType, ClientTypeId, Names, Purpose, PurposeId, WhenBusy};
use crate::domain::chain::rules::{
    ClientIs, HoursAre, Rule, RuleFault, RuleProblem, Rules, StandingIs, StepRule, When, Who, faults, shipped,
};
use crate::domain::chain::{OfficeHours, Opening};
use crate::text::msg;

const TEXT: &str = msg!("a text of one line");
const PURPOSE: Expected = Expected { what: TEXT, example: "delivery" };
const SECONDS: Expected = Expected { what: msg!("seconds from 5 to 600"), example: "25" };
const RING: Expected =
    Expected { what: msg!("seconds from 5, and fewer than voicemail_after_seconds"), example: "20" };
const TOTAL: Expected = Expected { what: msg!("seconds from 10 to 3600"), example: "90" };
const ZONE: Expected = Expected { what: msg!("the name of a time zone"), example: "Europe/Moscow" };
const OPENING: Expected =
    Expected { what: msg!("two times of one day, the later one last"), example: "09:00-18:00" };
const RULE_NAME: Expected = Expected { what: TEXT, example: "debtor" };
const CLIENT_TYPE: Expected = Expected { what: msg!("the id of a type of clients"), example: "key" };
const STANDING: Expected = Expected {
    what: msg!("one of \"overdue\", \"over limit\", \"overdue or over limit\", \"good\""),
    example: "overdue or over limit",
};
const OF_PURPOSE: Expected = Expected { what: msg!("the id of a purpose"), example: "other" };
const CLIENT: Expected = Expected { what: msg!("one of \"new\", \"known\""), example: "new" };
const DEPARTMENT: Expected = Expected { what: msg!("the id of a department"), example: "wholesale" };
const HOURS: Expected = Expected { what: msg!("one of \"open\", \"closed\""), example: "closed" };
const STEP: Expected = Expected {
    what: msg!(
        "a step: own manager, any manager, any key account manager, head of the department, head of wholesale, finance, department transport, person ivanova, queue 700 or voicemail 610"
    ),
    example: "own manager",
};
const WHEN_BUSY: Expected =
    Expected { what: msg!("\"skip\", or \"wait\" and seconds from 1 to 600"), example: "wait 20" };

/// The usual patience of a PBX before a mailbox answers, and one that ends before it.
const VOICEMAIL_AFTER: u16 = 25;
const RING_SECONDS: u16 = 20;
const TOTAL_SECONDS: u16 = 90;

const DAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

struct Holiday(Date);

impl Setting for Holiday {
    const EXPECTED: Expected = Expected { what: msg!("a list of dates"), example: "2027-01-01" };

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

/// All that the desk needs to say where a client goes.
#[derive(Clone, Debug)]
pub(crate) struct Transfers {
    pub purposes: Vec<Purpose>,
    pub rules: Rules,
    /// Where the office is.
    pub zone: TimeZone,
}

impl Default for Transfers {
    fn default() -> Self {
        let rules = Rules { rules: shipped(RING_SECONDS), hours: None, total_seconds: TOTAL_SECONDS };
        Self { purposes: usual_purposes(), rules, zone: TimeZone::system() }
    }
}

fn usual_purposes() -> Vec<Purpose> {
    let named = |id: &str, en: &str, ko: &str, ru: &str| Purpose {
        id: PurposeId(id.to_owned()),
        names: Names { en: en.to_owned(), ko: Some(ko.to_owned()), ru: Some(ru.to_owned()) },
    };
    vec![
        named("order", "order", "주문", "заказ"),
        named("payment", "payment", "결제", "оплата"),
        named("other", "anything else", "기타", "другое"),
    ]
}

impl Transfers {
    /// Reads its sections; what is wrong with rules that can be read comes beside them.
    pub fn read(root: &Section<'_>, types: &[ClientType]) -> Result<(Self, Vec<RuleFault>), ConfigError> {
        let own_purposes = root.sections("purpose")?;
        let own_purposes = own_purposes.iter().map(purpose).collect::<Result<Vec<_>, _>>()?;
        let purposes = if own_purposes.is_empty() { usual_purposes() } else { own_purposes };
        let (times, total_seconds) = Times::read(&root.section("transfer")?)?;
        let (hours, zone) = office_hours(&root.section("office_hours")?)?;
        let mut found = Vec::new();
        let mut own_rules = Vec::new();
        for (place, entry) in root.sections("rule")?.iter().enumerate() {
            own_rules.push(rule(entry, place, times, &mut found)?);
        }
        if !own_rules.is_empty() {
            let types: Vec<ClientTypeId> = types.iter().map(|known| known.id.clone()).collect();
            let purposes: Vec<PurposeId> = purposes.iter().map(|known| known.id.clone()).collect();
            found.extend(faults(&own_rules, &types, &purposes, times.voicemail_after));
            found.sort_by_key(|fault| fault.line);
        }
        let rules = if own_rules.is_empty() { shipped(times.ring) } else { own_rules };
        Ok((Self { purposes, rules: Rules { rules, hours, total_seconds }, zone }, found))
    }
}

#[derive(Clone, Copy)]
struct Times {
    ring: u16,
    voicemail_after: u16,
}

impl Times {
    /// And the time of a whole chain.
    fn read(section: &Section<'_>) -> Result<(Self, u16), ConfigError> {
        let seconds = |number| (5..=600).contains(&number).then_some(number);
        let voicemail_after =
            section.number("voicemail_after_seconds", SECONDS, seconds)?.unwrap_or(VOICEMAIL_AFTER);
        let ring = section
            .number("ring_seconds", RING, |ring| seconds(ring).filter(|ring| *ring < voicemail_after))?;
        let total =
            section.number("total_seconds", TOTAL, |total| (10..=3600).contains(&total).then_some(total))?;
        section.refuse_unknown()?;
        let ring = ring.unwrap_or(RING_SECONDS.min(voicemail_after - 1));
        Ok((Self { ring, voicemail_after }, total.unwrap_or(TOTAL_SECONDS)))
    }
}

/// None where no day is named.
fn office_hours(section: &Section<'_>) -> Result<(Option<OfficeHours>, TimeZone), ConfigError> {
    let zone = section.text("time_zone", ZONE, |name| TimeZone::get(name).ok())?;
    let mut hours = None;
    for (name, day) in DAYS {
        if let Some(opening) = section.text(name, OPENING, Opening::parse)? {
            hours = Some(hours.unwrap_or_else(OfficeHours::default).with(day, opening));
        }
    }
    if let Some(holidays) = section.list::<Holiday>("closed_on", Holiday::EXPECTED)? {
        let days = holidays.into_iter().map(|Holiday(day)| day);
        hours = Some(hours.unwrap_or_else(OfficeHours::always).closed_on(days));
    }
    section.refuse_unknown()?;
    Ok((hours, zone.unwrap_or_else(TimeZone::system)))
}

fn purpose(entry: &Section<'_>) -> Result<Purpose, ConfigError> {
    let id = PurposeId(entry.needed("id", PURPOSE, String::parse)?);
    let names = names(entry)?;
    entry.refuse_unknown()?;
    Ok(Purpose { id, names })
}

fn rule(
    entry: &Section<'_>,
    place: usize,
    times: Times,
    found: &mut Vec<RuleFault>,
) -> Result<Rule, ConfigError> {
    let name = entry.text("name", RULE_NAME, String::parse)?;
    let name = name.unwrap_or_else(|| format!("rule_{}", place + 1));
    let when = when(&entry.section("when")?)?;
    let (chain, offer) = (steps(entry, "chain", times)?, steps(entry, "offer", times)?);
    entry.refuse_unknown()?;
    let line = entry.line();
    if chain.is_some() && offer.is_some() {
        found.push(RuleFault { rule: name.clone(), line, problem: RuleProblem::ChainAndOffer });
    }
    let order = if offer.is_some() { ChainOrder::OperatorChooses } else { ChainOrder::InOrder };
    Ok(Rule { name, line, when, order, steps: chain.or(offer).unwrap_or_default() })
}

fn when(section: &Section<'_>) -> Result<When, ConfigError> {
    let when = When {
        client_type: section.text("client_type", CLIENT_TYPE, String::parse)?.map(ClientTypeId),
        standing: section.text("standing", STANDING, StandingIs::parse)?,
        purpose: section.text("purpose", OF_PURPOSE, String::parse)?.map(PurposeId),
        client: section.text("client", CLIENT, ClientIs::parse)?,
        department: section.text("department", DEPARTMENT, String::parse)?,
        hours: section.text("hours", HOURS, HoursAre::parse)?,
    };
    section.refuse_unknown()?;
    Ok(when)
}

fn steps(entry: &Section<'_>, key: &'static str, times: Times) -> Result<Option<Vec<StepRule>>, ConfigError> {
    let usual =
        |who| StepRule { line: 0, who, ring_seconds: times.ring, when_busy: WhenBusy::Skip, confirm: false };
    let steps = entry.items(key, STEP, |text| Who::parse(text).map(usual), |full| full_step(full, usual))?;
    let placed = |steps: Vec<(usize, StepRule)>| {
        steps.into_iter().map(|(line, step)| StepRule { line, ..step }).collect()
    };
    Ok(steps.map(placed))
}

fn full_step(section: &Section<'_>, usual: impl Fn(Who) -> StepRule) -> Result<StepRule, ConfigError> {
    let step = usual(section.needed("step", STEP, Who::parse)?);
    let seconds = |number| (5..=600).contains(&number).then_some(number);
    let ring_seconds = section.number("ring_seconds", SECONDS, seconds)?.unwrap_or(step.ring_seconds);
    let when_busy = section.text("when_busy", WHEN_BUSY, when_busy)?.unwrap_or(step.when_busy);
    let confirm = section.yes_no("confirm")?.unwrap_or(step.confirm);
    section.refuse_unknown()?;
    Ok(StepRule { ring_seconds, when_busy, confirm, ..step })
}

fn when_busy(text: &str) -> Option<WhenBusy> {
    if text == "skip" {
        return Some(WhenBusy::Skip);
    }
    let seconds: u16 = text.strip_prefix("wait ")?.trim().parse().ok()?;
    (1..=600).contains(&seconds).then_some(WhenBusy::Wait { seconds })
}
