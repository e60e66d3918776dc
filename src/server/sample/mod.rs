//! Sample data: a food wholesaler with clients of every type and standing, the same for the same number of clients and day.

mod clients;
mod goods;
mod history;
mod people;

pub use clients::{DEMO_CLIENT, DEMO_PHONE};

use std::path::Path;

use jiff::civil::Date;

use super::settings::Orders;
use crate::desk_api::{ClientDraft, ClientId, ClientType, ClientTypeId, Directory, Names};
pub(crate) use goods::{USUAL, products, trade};
pub(crate) use history::{History, OldOrder, with_contracts};

/// The company on this day: people, departments, client types. Extensions are those of the practice PBX.
pub(crate) fn directory(types: &[ClientType], today: Date) -> Directory {
    people::directory(types, today)
}

/// So many clients; the first is always [`DEMO_CLIENT`] with the telephone [`DEMO_PHONE`].
pub(crate) fn clients(count: u32) -> impl Iterator<Item = (ClientId, ClientDraft)> + Clone {
    clients::clients(count)
}

/// The client types of a company that configured none.
pub(crate) fn usual_types() -> Vec<ClientType> {
    let named = |id: &str, en: &str, ko: &str, ru: &str| ClientType {
        id: ClientTypeId(id.to_owned()),
        names: Names { en: en.to_owned(), ko: Some(ko.to_owned()), ru: Some(ru.to_owned()) },
    };
    vec![
        named("market", "market trader", "시장 상인", "рыночник"),
        named("key", "key client", "주요 거래처", "ключевой клиент"),
        named("own_outlet", "own outlet", "직영점", "собственная точка"),
        named("retail", "retail client", "소매 거래처", "розничный клиент"),
        named("regional", "regional client", "지방 거래처", "региональный клиент"),
        named("new", "new client", "신규 고객", "новый клиент"),
    ]
}

/// How the sample company sells: as the sample of the settings says.
pub(crate) fn order_rules() -> Orders {
    let sample = include_str!("../../../config/desk.toml");
    // A test reads it.
    Orders::parse(sample, Path::new("desk.toml")).unwrap_or_default()
}

#[cfg(test)]
mod tests;
