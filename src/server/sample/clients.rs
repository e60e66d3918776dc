//! The sample's clients.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use uuid::Uuid;

use crate::desk_api::{
    ClientDraft, ClientId, ClientTypeId, Contact, DeliveryTerms, Money, PersonId, PriceColumn,
    PriceColumnReason, Standing,
};

/// The first client of every sample, for demonstrations.
pub const DEMO_CLIENT: &str = "ООО «Северный ветер»";
/// The telephone of [`DEMO_CLIENT`], nobody else's.
pub const DEMO_PHONE: &str = "+79160000001";

const SEED: u64 = 0x5061_7463_6863_6f72;
/// Coprime to 10^9: spreads numbers over the range without ever meeting the same twice.
const STRIDE: u64 = 387_420_489;
const NATIONAL: u64 = 1_000_000_000;
/// Phones per client at most.
const PHONES: u64 = 3;
/// Every so many clients share their main number with the one before: two firms of one owner.
const SHARED_EVERY: u32 = 40;

pub(super) fn clients(count: u32) -> impl Iterator<Item = (ClientId, ClientDraft)> + Clone {
    let mut rng = ChaCha20Rng::seed_from_u64(SEED);
    (0..count).map(move |index| {
        let id = uuid::Builder::from_random_bytes(octets(&mut rng)).into_uuid();
        (ClientId(id), if index == 0 { demo() } else { client(index, id, &mut rng) })
    })
}

fn demo() -> ClientDraft {
    ClientDraft {
        name: DEMO_CLIENT.to_owned(),
        client_type: ClientTypeId("market".to_owned()),
        phones: vec!["8 (916) 000-00-01".to_owned(), "+7 495 000-00-01 доб. 12".to_owned()],
        contacts: vec![Contact {
            name: "Ветров Николай".to_owned(),
            position: Some("владелец".to_owned()),
            phone: Some("8 (916) 000-00-01".to_owned()),
        }],
        manager: Some(PersonId("ivanova".to_owned())),
        department: None,
        standing: Some(standing(4_500_000, 20_000_000, 0)),
        price_column: Some(PriceColumn { name: "2".to_owned(), why: PriceColumnReason::Volume }),
        delivery: Some(DeliveryTerms {
            address: Some("Москва, Складочная ул., 1, пав. 14".to_owned()),
            hours: Some("с 7 до 11, кроме понедельника".to_owned()),
            pays_on_delivery: true,
            shipping: None,
        }),
        time_zone: Some("Europe/Moscow".to_owned()),
        note: Some("Просит звонить до полудня.".to_owned()),
    }
}

fn client(index: u32, id: Uuid, rng: &mut ChaCha20Rng) -> ClientDraft {
    let kind = kind_of(index);
    let korean = index % 50 == 7;
    let phones = phones(index, korean, rng);
    let contact = person_name(rng);
    ClientDraft {
        name: firm_name(index, korean, rng),
        client_type: ClientTypeId(kind.to_owned()),
        contacts: vec![Contact {
            name: contact,
            position: Some(pick(POSITIONS, rng)),
            phone: phones.first().cloned(),
        }],
        phones,
        manager: manager_of(kind, index).map(|manager| PersonId(manager.to_owned())),
        department: (kind == "new")
            .then(|| if index.is_multiple_of(2) { "wholesale" } else { "regional" }.to_owned()),
        standing: Some(standing_of(kind, index, rng)),
        price_column: (kind != "new").then(|| price_column(kind, index)),
        delivery: Some(delivery(kind, rng)),
        time_zone: Some(if kind == "regional" { pick(ZONES, rng) } else { "Europe/Moscow".to_owned() }),
        note: (id.as_u128().is_multiple_of(5)).then(|| pick(NOTES, rng)),
    }
}

fn kind_of(index: u32) -> &'static str {
    match index % 20 {
        0..=7 => "market",
        8..=12 => "retail",
        13..=15 => "regional",
        16 | 17 => "own_outlet",
        18 => "key",
        _ => "new",
    }
}

/// New clients have none yet, and one old client in thirty lost the one it had (duty 3).
fn manager_of(kind: &str, index: u32) -> Option<&'static str> {
    if index % 30 == 29 {
        return None;
    }
    let even = index.is_multiple_of(2);
    match kind {
        "market" => Some("ivanova"),
        "key" => Some(if index % 40 < 20 { "ivanova" } else { "petrov" }),
        "own_outlet" => Some("petrov"),
        "retail" => Some(if even { "petrov" } else { "kim" }),
        "regional" => Some("kim"),
        _ => None,
    }
}

fn standing_of(kind: &str, index: u32, rng: &mut ChaCha20Rng) -> Standing {
    if kind == "new" {
        return Standing { currency: "RUB".to_owned(), ..Standing::default() };
    }
    let limit = i64::from(below(rng, 90) + 10) * 1_000_000;
    let debt = match index % 7 {
        0 => limit + limit / 5,
        1 => 0,
        _ => i64::from(below(rng, 100)) * limit / 100,
    };
    let overdue = if index % 7 == 2 || index.is_multiple_of(35) { debt / 3 } else { 0 };
    standing(debt, limit, overdue)
}

/// All in hundredths of a rouble.
fn standing(debt: i64, limit: i64, overdue: i64) -> Standing {
    Standing {
        currency: "RUB".to_owned(),
        overdue: Money::from_hundredths(overdue),
        over_limit: Money::from_hundredths((debt - limit).max(0)),
        limit: Some(Money::from_hundredths(limit)),
        credit_left: Some(Money::from_hundredths((limit - debt).max(0))),
        exposure: Some(Money::from_hundredths(debt)),
        disputed: Money::ZERO,
    }
}

fn price_column(kind: &str, index: u32) -> PriceColumn {
    let (name, why) = match (kind, index % 11) {
        (_, 0) => ("5", PriceColumnReason::Contract),
        (_, 1) => ("4", PriceColumnReason::Promotion),
        ("key", _) => ("4", PriceColumnReason::ClientType),
        (_, 2 | 3) => ("3", PriceColumnReason::Volume),
        ("own_outlet", _) => ("3", PriceColumnReason::ClientType),
        _ => ("1", PriceColumnReason::ClientType),
    };
    PriceColumn { name: name.to_owned(), why }
}

fn delivery(kind: &str, rng: &mut ChaCha20Rng) -> DeliveryTerms {
    let regional = kind == "regional";
    let city = if regional { pick(CITIES, rng) } else { "Москва".to_owned() };
    DeliveryTerms {
        address: Some(format!("{city}, {}, {}", pick(STREETS, rng), below(rng, 120) + 1)),
        hours: (!regional).then(|| pick(HOURS, rng)),
        pays_on_delivery: below(rng, 2) == 0,
        shipping: regional.then(|| pick(SHIPPING, rng)),
    }
}

/// One to three numbers, written as differently as people write them.
fn phones(index: u32, korean: bool, rng: &mut ChaCha20Rng) -> Vec<String> {
    let count = u64::from(below(rng, 3)) + 1;
    (0..count.min(PHONES))
        .map(|position| {
            let shares = position == 0 && index % SHARED_EVERY == 1 && index > 1;
            let owner = if shares { index - 1 } else { index };
            let national = (u64::from(owner) * PHONES + position) * STRIDE % NATIONAL;
            if korean && !shares { korean_phone(national, rng) } else { russian_phone(national, rng) }
        })
        .collect()
}

fn russian_phone(national: u64, rng: &mut ChaCha20Rng) -> String {
    // The mobile numbers of the sample begin with 90 to 98; the demonstration's number stays alone.
    let national = 9_000_000_000 + national % 990_000_000;
    let national = if national == 9_160_000_001 { 9_990_000_001 } else { national };
    let digits = national.to_string();
    let (code, a, b, c) = match (digits.get(..3), digits.get(3..6), digits.get(6..8), digits.get(8..)) {
        (Some(code), Some(a), Some(b), Some(c)) => (code, a, b, c),
        _ => return digits,
    };
    match below(rng, 9) {
        0 => format!("+7{national}"),
        1 => format!("8{national}"),
        2 => format!("8 ({code}) {a}-{b}-{c}"),
        3 => format!("+7 {code} {a} {b} {c}"),
        4 => format!("8-{code}-{a}-{b}{c}"),
        5 => format!("{code}{a}{b}{c}"),
        6 => format!("+7\u{a0}({code})\u{a0}{a}\u{2011}{b}\u{2011}{c}"),
        7 => format!("8 {code} {a}{b}{c} доб. {}", below(rng, 900) + 100),
        _ => format!("tel:+7-{code}-{a}-{b}{c}"),
    }
}

fn korean_phone(national: u64, rng: &mut ChaCha20Rng) -> String {
    let local = 10_000_000 + national % 90_000_000;
    let (a, b) = (local / 10_000, local % 10_000);
    match below(rng, 3) {
        0 => format!("+82 10-{a}-{b:04}"),
        1 => format!("8 10 82 10 {a} {b:04}"),
        _ => format!("+82 (0)10 {a} {b:04}"),
    }
}

fn firm_name(index: u32, korean: bool, rng: &mut ChaCha20Rng) -> String {
    let number = index + 1;
    if korean {
        return format!("{} {} {number}", pick(KOREAN_FIRMS, rng), pick(KOREAN_TRADES, rng));
    }
    match below(rng, 10) {
        0..=3 => format!("ИП {} {number}", person_name(rng)),
        4 => format!("{} {} Ltd {number}", pick(ENGLISH_FIRMS, rng), pick(ENGLISH_TRADES, rng)),
        5..=6 => format!("Магазин «{}» {number}", pick(WORDS, rng)),
        _ => format!("ООО «{}» {number}", pick(WORDS, rng)),
    }
}

fn person_name(rng: &mut ChaCha20Rng) -> String {
    format!("{} {}", pick(SURNAMES, rng), pick(NAMES, rng))
}

fn pick(from: &[&str], rng: &mut ChaCha20Rng) -> String {
    let length = u32::try_from(from.len()).unwrap_or(u32::MAX).max(1);
    from.get(below(rng, length) as usize).copied().unwrap_or_default().to_owned()
}

/// Not quite even, which is no harm here.
fn below(rng: &mut ChaCha20Rng, bound: u32) -> u32 {
    rng.next_u32() % bound.max(1)
}

fn octets(rng: &mut ChaCha20Rng) -> [u8; 16] {
    let mut octets = [0; 16];
    rng.fill_bytes(&mut octets);
    octets
}

const SURNAMES: &[&str] = &[
    "Абрамов",
    "Белова",
    "Васильев",
    "Громова",
    "Денисов",
    "Егорова",
    "Жуков",
    "Зайцева",
    "Ильин",
    "Карпова",
    "Ли",
    "Макаров",
    "Никитина",
    "Осипов",
    "Пак",
    "Романова",
    "Степанов",
    "Тихонова",
    "Ушаков",
    "Фролова",
    "Хан",
    "Цой",
];
const NAMES: &[&str] = &[
    "Алексей",
    "Борис",
    "Вера",
    "Галина",
    "Дмитрий",
    "Евгения",
    "Зоя",
    "Игорь",
    "Лидия",
    "Михаил",
    "Нина",
    "Роман",
];
const POSITIONS: &[&str] = &["владелец", "директор", "товаровед", "бухгалтер", "заведующая", "закупщик"];
pub(super) const WORDS: &[&str] = &[
    "Берёзка",
    "Восход",
    "Гастроном",
    "Дары моря",
    "Ёлочка",
    "Журавль",
    "Заря",
    "Колос",
    "Лагуна",
    "Меридиан",
    "Нива",
    "Оазис",
    "Продмир",
    "Родник",
    "Сытый дом",
    "Тайга",
    "Уют",
    "Хлебница",
    "Чайка",
    "Южный базар",
    "Янтарь",
];
const KOREAN_FIRMS: &[&str] = &["한빛", "대성", "푸른", "새벽", "동해", "미래", "금강"];
const KOREAN_TRADES: &[&str] = &["식품", "유통", "상회", "마트", "수산"];
const ENGLISH_FIRMS: &[&str] = &["North Star", "Blue River", "Golden Field", "Old Town", "Harbour"];
const ENGLISH_TRADES: &[&str] = &["Foods", "Grocery", "Trading", "Delicatessen"];
const STREETS: &[&str] = &[
    "Складочная ул.",
    "Рыночная пл.",
    "ул. Мира",
    "Заводской пр.",
    "Садовая ул.",
    "наб. Речная",
    "ул. Победы",
    "Лесной пер.",
];
const CITIES: &[&str] =
    &["Тверь", "Казань", "Екатеринбург", "Новосибирск", "Хабаровск", "Калининград", "Самара", "Иркутск"];
const ZONES: &[&str] =
    &["Europe/Moscow", "Europe/Kaliningrad", "Asia/Yekaterinburg", "Asia/Novosibirsk", "Asia/Vladivostok"];
const HOURS: &[&str] = &["с 6 до 10", "с 9 до 18", "после 14", "по будням с 8 до 12"];
const SHIPPING: &[&str] =
    &["железная дорога, до станции", "транспортная компания, до терминала", "самовывоз со склада"];
const NOTES: &[&str] = &[
    "Просит звонить до полудня.",
    "Заказывает по вторникам и пятницам.",
    "Говорит по-корейски.",
    "Накладные только на бумаге.",
    "Въезд со двора.",
];
