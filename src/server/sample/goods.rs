//! The sample's assortment, and what its clients may buy of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Span;
use jiff::civil::Date;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::clients;
use crate::desk_api::{AddressData, ClientDraft, ClientTrade, ProductData};
use crate::domain::client::Money;
use crate::domain::trade::amount::Percent;
use crate::domain::trade::delivery::RouteId;
use crate::domain::trade::price::{ColumnId, Prices};
use crate::domain::trade::product::{Packing, Product, ProductId, Unit, Weight};
use crate::domain::trade::stock::Batch;

/// A line of goods: group, name, synonyms, pieces in a case, price of a piece in kopecks, and how it is sold.
struct Kind(&'static str, &'static str, &'static [&'static str], i64, i64, Sold);

#[derive(Clone, Copy, PartialEq)]
enum Sold {
    ByPiece,
    /// Ordered by the piece of so many grams, priced by the kilogram.
    ByWeight(i64),
    Loose,
    /// To those who have the permission.
    Licensed,
}

const KINDS: &[Kind] = &[
    Kind("tea", "Чай чёрный листовой", &["tea"], 24, 18_900, Sold::ByPiece),
    Kind("tea", "Чай зелёный", &["green tea"], 24, 20_500, Sold::ByPiece),
    Kind("coffee", "Кофе молотый", &["coffee"], 12, 41_250, Sold::ByPiece),
    Kind("coffee", "Кофе растворимый", &["instant coffee"], 12, 36_500, Sold::ByPiece),
    Kind("grain", "Рис круглозёрный", &["rice"], 10, 9_840, Sold::ByPiece),
    Kind("grain", "Гречка ядрица", &["buckwheat"], 10, 8_490, Sold::ByPiece),
    Kind("grain", "Мука пшеничная", &["flour"], 25, 4_200, Sold::Loose),
    Kind("sweets", "Конфеты шоколадные", &["chocolates", "candy"], 6, 54_000, Sold::ByPiece),
    Kind("sweets", "Печенье овсяное", &["cookies"], 14, 9_600, Sold::ByPiece),
    Kind("canned", "Горошек зелёный", &["peas"], 12, 7_130, Sold::ByPiece),
    Kind("canned", "Тунец в масле", &["tuna"], 24, 13_400, Sold::ByPiece),
    Kind("oil", "Масло подсолнечное", &["oil", "sunflower"], 15, 14_200, Sold::ByPiece),
    Kind("dairy", "Сыр Российский", &["cheese"], 4, 69_000, Sold::ByWeight(2_500)),
    Kind("dairy", "Масло сливочное", &["butter"], 20, 18_200, Sold::ByPiece),
    Kind("meat", "Колбаса варёная", &["sausage"], 8, 45_500, Sold::ByWeight(1_200)),
    Kind("drinks", "Сок яблочный", &["juice"], 12, 8_800, Sold::ByPiece),
    Kind("drinks", "Вода минеральная", &["water"], 6, 4_600, Sold::ByPiece),
    Kind("wine", "Вино красное сухое", &["wine"], 6, 52_000, Sold::Licensed),
];
const BRANDS: &[&str] = &["«Домашний»", "«Северный»", "«Золотое поле»", "«Восточный дворик»"];

/// As many as there are without being asked for more.
pub(crate) const USUAL: u32 = (BRANDS.len() * KINDS.len()) as u32;

/// So many of them: each brand has one of each kind, and those after the first four have numbers. `today`: batches expire
/// after it, and the fourth brand is new.
pub(crate) fn products(today: Date, count: u32) -> Vec<ProductData> {
    let all = (0..).flat_map(|brand| KINDS.iter().enumerate().map(move |(kind, data)| (brand, kind, data)));
    all.take(count as usize).map(|(brand, kind, data)| product(brand, kind, data, today)).collect()
}

fn brand_name(brand: usize) -> String {
    BRANDS.get(brand).map_or_else(
        || format!("{} {brand}", clients::WORDS[brand % clients::WORDS.len()]),
        |name| (*name).to_owned(),
    )
}

/// The identity of one of them.
fn id(brand: usize, kind: usize) -> ProductId {
    let number = brand * KINDS.len() + kind;
    ProductId(Uuid::from_u128(0x7061_7463_6863_4f72_8000_0000_0000_0000 + number as u128))
}

fn product(brand: usize, kind: usize, data: &Kind, today: Date) -> ProductData {
    let Kind(group, name, synonyms, in_case, kopecks, sold) = *data;
    let number = 1001 + brand * KINDS.len() + kind;
    let packing = |unit, holds: i64| Packing { unit, holds: Decimal::from(holds), multiple: Decimal::ONE };
    let packings = match sold {
        Sold::Loose => vec![packing(Unit::Kilogram, 1), packing(Unit::Pack, in_case)],
        _ => vec![packing(Unit::Case, in_case), packing(Unit::Piece, 1)],
    };
    let weight = match sold {
        Sold::ByWeight(grams) => {
            Some(Weight { average: Decimal::new(grams, 3), tolerance: Percent(Decimal::from(8)) })
        }
        _ => None,
    };
    let dearer = 100 + 7 * i64::try_from(brand % BRANDS.len()).unwrap_or(0);
    let column = |id: &str, percent: i64| {
        (ColumnId(id.to_owned()), Money(Decimal::new(kopecks * dearer * percent / 10_000, 2)))
    };
    let batch = |id: &str, days: i64, quantity: i64| Batch {
        id: id.to_owned(),
        expires: today.checked_add(Span::new().days(days)).ok(),
        free: Decimal::from(quantity),
    };
    // Some goods are short, so that there is something to settle.
    let plenty = match (brand < BRANDS.len(), number.is_multiple_of(17)) {
        (true, true) => 5,
        (true, false) => 40 * in_case,
        (false, _) => 40_000 * in_case,
    };
    // What is pushed stays as little as can be said.
    let is_pushed = number.is_multiple_of(23) && brand < 100;
    let barcode = |digits: usize| format!("460{digits:010}");
    ProductData {
        product: Product {
            id: id(brand, kind),
            code: number.to_string(),
            name: format!("{name} {}", brand_name(brand)),
            synonyms: synonyms.iter().map(|word| (*word).to_owned()).collect(),
            barcodes: vec![barcode(number)],
            group: Some(group.to_owned()),
            packings,
            weight,
            tax_kind: if sold == Sold::Licensed { "standard" } else { "food" }.to_owned(),
            permission: (sold == Sold::Licensed).then(|| "alcohol".to_owned()),
            substitutes: (1..BRANDS.len())
                .map(|other| id(brand - brand % BRANDS.len() + (brand + other) % BRANDS.len(), kind))
                .collect(),
        },
        prices: Prices {
            columns: BTreeMap::from([column("1", 100), column("2", 93), column("3", 88)]),
            contract: None,
            floor: Some(column("floor", 80).1),
        },
        batches: vec![batch("A", 20, plenty / 4), batch("B", 120, plenty)],
        new_since: (brand + 1 == BRANDS.len())
            .then(|| today.checked_sub(Span::new().days(10)).ok())
            .flatten(),
        pushed: is_pushed.then(|| u32::try_from(number / 23).unwrap_or(1)),
        phrase: is_pushed.then(|| format!("{name}: со склада завтра, цена держится до конца месяца.")),
    }
}

/// Where this client's goods go, by one of the routes that begin so; some may buy wine.
pub(crate) fn trade(client: &ClientDraft, routes: &[RouteId]) -> ClientTrade {
    let begins = if client.client_type.0 == "regional" { "region" } else { "city" };
    let fitting: Vec<_> = routes.iter().filter(|route| route.0.starts_with(begins)).collect();
    let place =
        client.delivery.as_ref().and_then(|delivery| delivery.address.as_ref()).map_or(0, String::len);
    let route = fitting.get((place + client.name.len()) % fitting.len().max(1)).copied();
    let address = client.delivery.as_ref().and_then(|delivery| delivery.address.clone());
    let addresses =
        address.map(|text| AddressData { number: 1, text, route: route.cloned(), consignee: None });
    let is_licensed = client.name.chars().count().is_multiple_of(3);
    ClientTrade {
        addresses: addresses.into_iter().collect(),
        permissions: is_licensed.then(|| "alcohol".to_owned()).into_iter().collect::<BTreeSet<_>>(),
        ..ClientTrade::default()
    }
}
