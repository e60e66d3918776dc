//! What a row says of a client, a product, a price or a batch, laid over what the desk has.

use std::collections::BTreeSet;
use std::fs::File;

use jiff::civil::Date;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use super::fault::{Fault, Finding};
use super::table::{Row, Table};
use super::{Import, Kind, cell, columns};
use crate::desk_api::{
    AddressData, ClientDraft, ClientTrade, ClientTypeId, Contact, DeliveryTerms, FieldFault, FieldProblem,
    Money, Names, PriceColumn, PriceColumnReason, ProductData,
};
use crate::domain::trade::amount::Percent;
use crate::domain::trade::delivery::RouteId;
use crate::domain::trade::price::{ColumnId, Prices};
use crate::domain::trade::product::{Packing, Product, ProductId, Unit, Weight};
use crate::server::routes;

/// Amounts and quantities end below this: they are added up as whole numbers of small parts.
const MOST: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);
const LONGEST_CODE: usize = 100;
const LONGEST_TEXT: usize = 500;

/// One row, and what is wrong in it.
pub(super) struct Cells<'a> {
    pub table: &'a Table<File>,
    pub row: &'a Row,
    pub kind: Kind,
    pub findings: Vec<Finding>,
}

impl<'a> Cells<'a> {
    pub fn new(table: &'a Table<File>, row: &'a Row, kind: Kind) -> Self {
        Self { table, row, kind, findings: Vec::new() }
    }

    pub fn is_sound(&self) -> bool {
        self.findings.iter().all(Finding::is_remark)
    }

    pub fn fault(&mut self, column: &str, fault: Fault) {
        let value = self.table.cell(self.row, column).unwrap_or_default();
        self.fault_at(column, value.to_owned(), fault);
    }

    pub fn fault_at(&mut self, column: &str, value: String, fault: Fault) {
        let column = Some(self.table.heading(column).to_owned());
        self.findings.push(Finding { kind: self.kind, row: self.row.number, column, value, fault });
    }

    /// Outer none: the file does not say; inner: it says that there is none.
    pub fn said<T>(
        &mut self,
        column: &str,
        read: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<Option<T>> {
        let text = self.table.cell(self.row, column)?;
        if text.is_empty() {
            return Some(None);
        }
        match read(text) {
            Ok(value) => Some(Some(value)),
            Err(fault) => {
                self.fault(column, fault);
                None
            }
        }
    }

    /// Into what holds a value or none.
    pub fn set<T>(&mut self, to: &mut Option<T>, column: &str, read: impl FnOnce(&str) -> Result<T, Fault>) {
        if let Some(said) = self.said(column, read) {
            *to = said;
        }
    }

    /// None, and a fault, where nothing stands.
    pub fn needed<T>(&mut self, column: &str, read: impl FnOnce(&str) -> Result<T, Fault>) -> Option<T> {
        let said = self.said(column, read)?;
        if said.is_none() {
            self.fault(column, Fault::Missing);
        }
        said
    }

    /// The company's own name of something.
    pub fn code(&mut self, column: &str) -> Option<String> {
        self.needed(column, code)
    }

    pub fn code_or_none(&mut self, column: &str) -> Option<String> {
        self.said(column, code).flatten()
    }

    pub fn amount(&mut self, column: &str) -> Option<Option<Decimal>> {
        let comma = self.table.comma();
        self.said(column, |text| amount(text, comma))
    }

    /// What the contract refuses of a whole document.
    fn refused(&mut self, faults: Vec<FieldProblem>, column_of: impl Fn(&str) -> &'static str) {
        for FieldProblem { field, fault } in faults {
            let column = column_of(&field);
            let said = match fault {
                FieldFault::Unknown => Fault::Unknown(Vec::new()),
                FieldFault::Missing => Fault::Missing,
                fault => Fault::Field(fault),
            };
            self.fault(column, said);
        }
    }
}

pub(super) fn code(text: &str) -> Result<String, Fault> {
    if cell::is_damaged(text) {
        return Err(Fault::Damaged);
    }
    bounded(cell::line(text)?, LONGEST_CODE)
}

pub(super) fn text(text: &str) -> Result<String, Fault> {
    bounded(cell::line(text)?, LONGEST_TEXT)
}

fn bounded(text: String, most: usize) -> Result<String, Fault> {
    if text.chars().count() > most { Err(Fault::Field(FieldFault::TooLong)) } else { Ok(text) }
}

/// Neither negative nor beyond what can be added up.
pub(super) fn amount(text: &str, comma: cell::Comma) -> Result<Decimal, Fault> {
    let number = cell::number(text, comma)?;
    let fits = (Decimal::ZERO..MOST).contains(&number) && number.scale() <= 6;
    if fits { Ok(number) } else { Err(Fault::OutOfRange) }
}

fn above_zero(text: &str, comma: cell::Comma) -> Result<Decimal, Fault> {
    amount(text, comma).and_then(|number| if number.is_zero() { Err(Fault::OutOfRange) } else { Ok(number) })
}

pub(super) fn whole<T: TryFrom<u32>>(text: &str, comma: cell::Comma) -> Result<T, Fault> {
    let number = amount(text, comma)?;
    let number = if number.fract().is_zero() { number.to_u32() } else { None };
    number.and_then(|number| T::try_from(number).ok()).ok_or(Fault::OutOfRange)
}

/// By its id or one of its names; else what there is.
pub(super) fn named<'a>(
    text: &str,
    known: impl Iterator<Item = (&'a str, Vec<&'a str>)> + Clone,
) -> Result<String, Fault> {
    let is_it = |name: &str| name.to_lowercase() == text.to_lowercase();
    let mut found = known.clone().filter(|(id, names)| *id == text || names.iter().any(|name| is_it(name)));
    match (found.next(), found.next()) {
        (Some((id, _)), None) => Ok(id.to_owned()),
        _ if known.clone().any(|(id, _)| id == text) => Ok(text.to_owned()),
        _ => {
            let ids: Vec<String> = known.map(|(id, _)| id.to_owned()).collect();
            // A long list helps nobody.
            Err(Fault::Unknown(if ids.len() > 20 { Vec::new() } else { ids }))
        }
    }
}

fn in_languages(names: &Names) -> Vec<&str> {
    [Some(&names.en), names.ko.as_ref(), names.ru.as_ref()]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect()
}

/// A client, with what it may buy.
pub(super) fn client(
    cells: &mut Cells<'_>,
    import: &Import<'_>,
    before: Option<ClientDraft>,
    trade: &mut ClientTrade,
) -> ClientDraft {
    let mut draft = before.unwrap_or_else(nobody);
    let (directory, orders) = (import.directory, &import.settings.orders);
    if let Some(name) = cells.needed("name", cell::line) {
        draft.name = name;
    }
    let types =
        import.settings.client_types.iter().map(|kind| (kind.id.0.as_str(), in_languages(&kind.names)));
    if let Some(client_type) = cells.needed("type", |text| named(text, types)) {
        draft.client_type = ClientTypeId(client_type);
    }
    if let Some(phones) = cells.said("phones", cell::list) {
        draft.phones = phones.unwrap_or_default();
        for phone in &draft.phones {
            if cell::is_damaged(phone) {
                cells.fault_at("phones", phone.clone(), Fault::Damaged);
            } else if import.settings.plan.look_up_key(phone).is_none() {
                cells.fault_at("phones", phone.clone(), Fault::UnreadablePhone);
            }
        }
    }
    contact(cells, &mut draft.contacts);
    let people = directory.people.iter().map(|person| (person.id.0.as_str(), vec![person.name.as_str()]));
    if let Some(manager) = cells.said("manager", |text| named(text, people)) {
        draft.manager = manager.map(crate::desk_api::PersonId);
    }
    let departments =
        directory.departments.iter().map(|entry| (entry.id.as_str(), in_languages(&entry.names)));
    cells.set(&mut draft.department, "department", |text| named(text, departments));
    delivery(cells, &mut draft.delivery);
    cells.set(&mut draft.time_zone, "time_zone", text);
    cells.set(&mut draft.note, "note", |text| Ok(text.replace("\r\n", "\n")));
    if draft
        .note
        .as_ref()
        .is_some_and(|note| note.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t')))
    {
        cells.fault("note", Fault::Control);
    }
    if let Some(permissions) = cells.said("permissions", cell::list) {
        trade.permissions = permissions.unwrap_or_default().into_iter().collect::<BTreeSet<_>>();
    }
    let price_columns =
        orders.columns().iter().map(|column| (column.id.0.as_str(), vec![column.name.as_str()]));
    if let Some(column) = cells.said("contract_column", |text| named(text, price_columns)) {
        trade.contract_column = column.map(ColumnId);
        let of_contract =
            orders.columns().iter().find(|column| Some(&column.id) == trade.contract_column.as_ref());
        draft.price_column = of_contract
            .map(|column| PriceColumn { name: column.name.clone(), why: PriceColumnReason::Contract });
    }
    let comma = cells.table.comma();
    cells.set(&mut trade.least_life_days, "least_life_days", |text| whole(text, comma));
    address(cells, import, &draft, trade);
    cells.refused(routes::clients::faults(&draft), |field| match field {
        "name" => "name",
        "time_zone" => "time_zone",
        "note" => "note",
        "contacts" => "contact",
        "standing.currency" => "currency",
        _ => "phones",
    });
    draft
}

/// Of whom nothing is known yet.
pub(super) fn nobody() -> ClientDraft {
    ClientDraft {
        name: String::new(),
        client_type: ClientTypeId(String::new()),
        phones: Vec::new(),
        contacts: Vec::new(),
        manager: None,
        department: None,
        standing: None,
        price_column: None,
        delivery: None,
        time_zone: None,
        note: None,
    }
}

/// The one of the file, first; those whom somebody else entered stay behind.
fn contact(cells: &mut Cells<'_>, contacts: &mut Vec<Contact>) {
    let Some(name) = cells.said("contact", text) else { return };
    let position = cells.said("contact_position", text);
    let phone = cells.said("contact_phone", text);
    let Some(name) = name else { return contacts.clear() };
    let known = contacts.iter().position(|contact| contact.name == name);
    let mut contact =
        known.map_or(Contact { name, position: None, phone: None }, |place| contacts.remove(place));
    if let Some(position) = position {
        contact.position = position;
    }
    if let Some(phone) = phone {
        contact.phone = phone;
    }
    contacts.insert(0, contact);
}

fn delivery(cells: &mut Cells<'_>, delivery: &mut Option<DeliveryTerms>) {
    let mut terms = delivery.take().unwrap_or_default();
    cells.set(&mut terms.address, "address", text);
    cells.set(&mut terms.hours, "hours", text);
    if let Some(pays) = cells.said("pays_on_delivery", cell::yes) {
        terms.pays_on_delivery = pays.unwrap_or(false);
    }
    cells.set(&mut terms.shipping, "shipping", text);
    *delivery = (terms != DeliveryTerms::default()).then_some(terms);
}

/// The usual address, with its route; other addresses of the client stay.
fn address(cells: &mut Cells<'_>, import: &Import<'_>, draft: &ClientDraft, trade: &mut ClientTrade) {
    let orders = &import.settings.orders;
    let routes = orders.routes().iter().map(|route| (route.id.0.as_str(), vec![route.name.as_str()]));
    let route = cells.said("route", |text| named(text, routes));
    if !cells.table.has("address") && route.is_none() {
        return;
    }
    let text = draft.delivery.as_ref().and_then(|terms| terms.address.clone());
    match (trade.addresses.first_mut(), text) {
        (Some(usual), Some(text)) => {
            usual.text = text;
            if let Some(route) = route {
                usual.route = route.map(RouteId);
            }
        }
        (Some(_), None) => {
            trade.addresses.remove(0);
        }
        (None, Some(text)) => {
            let route = route.flatten().map(RouteId);
            trade.addresses.push(AddressData { number: 1, text, route, consignee: None });
        }
        (None, None) => {}
    }
}

/// A product; prices and stock are other files'. Codes of substitutes come back beside it.
pub(super) fn product(
    cells: &mut Cells<'_>,
    import: &Import<'_>,
    id: ProductId,
    code: &str,
    before: Option<ProductData>,
) -> (ProductData, Option<Vec<String>>) {
    let mut data = before.unwrap_or_else(|| ProductData {
        product: Product {
            id,
            code: String::new(),
            name: String::new(),
            synonyms: Vec::new(),
            barcodes: Vec::new(),
            group: None,
            packings: Vec::new(),
            weight: None,
            tax_kind: String::new(),
            permission: None,
            substitutes: Vec::new(),
        },
        prices: Prices::default(),
        batches: Vec::new(),
        new_since: None,
        pushed: None,
        phrase: None,
    });
    let comma = cells.table.comma();
    let product = &mut data.product;
    code.clone_into(&mut product.code);
    if let Some(name) = cells.needed("name", cell::line) {
        product.name = name;
    }
    let rates = import.settings.orders.tax_rates();
    let kinds: BTreeSet<&str> = rates.iter().map(|rate| rate.kind.as_str()).collect();
    if let Some(tax) = cells.needed("tax", |text| named(text, kinds.iter().map(|kind| (*kind, Vec::new())))) {
        product.tax_kind = tax;
    }
    cells.set(&mut product.group, "group", text);
    if let Some(synonyms) = cells.said("synonyms", cell::list) {
        product.synonyms = synonyms.unwrap_or_default();
    }
    if let Some(barcodes) = cells.said("barcodes", barcodes) {
        product.barcodes = barcodes.unwrap_or_default();
    }
    packings(cells, &mut product.packings);
    let average = cells.said("weight", |text| above_zero(text, comma));
    let tolerance = cells.said("weight_tolerance", |text| amount(text, comma));
    if let Some(average) = average {
        let known = product.weight.map(|weight| weight.tolerance.0);
        let tolerance = tolerance.unwrap_or(known).unwrap_or_default();
        product.weight = average.map(|average| Weight { average, tolerance: Percent(tolerance) });
    }
    cells.set(&mut product.permission, "permission", text);
    cells.set(&mut data.new_since, "new_since", cell::date);
    cells.set(&mut data.pushed, "pushed", |text| whole(text, comma));
    cells.set(&mut data.phrase, "phrase", text);
    let substitutes = cells.said("substitutes", cell::list).map(Option::unwrap_or_default);
    (data, substitutes)
}

/// What the contract refuses of a product once it is whole.
pub(super) fn check_product(cells: &mut Cells<'_>, data: &ProductData) {
    cells.refused(routes::products::faults(data.product.id, data), |field| match field {
        "product.code" => "code",
        "product.name" => "name",
        "product.synonyms" => "synonyms",
        "product.barcodes" => "barcodes",
        field if field.ends_with(".multiple") => "multiple",
        _ => "unit",
    });
}

fn barcodes(text: &str) -> Result<Vec<String>, Fault> {
    let codes = cell::list(text)?;
    if codes.iter().any(|code| cell::is_damaged(code)) {
        return Err(Fault::Damaged);
    }
    let are_digits =
        codes.iter().all(|code| code.len() <= 20 && code.bytes().all(|octet| octet.is_ascii_digit()));
    if are_digits { Ok(codes) } else { Err(Fault::NotNumber) }
}

const UNITS: [(&str, Unit); 5] = [
    ("case", Unit::Case),
    ("pack", Unit::Pack),
    ("piece", Unit::Piece),
    ("kilogram", Unit::Kilogram),
    ("pallet", Unit::Pallet),
];

/// What each packing holds; the one that is proposed first. Without a word of it, it is sold by the piece.
fn packings(cells: &mut Cells<'_>, packings: &mut Vec<Packing>) {
    let comma = cells.table.comma();
    let says = |column| cells.table.has(column);
    if !packings.is_empty()
        && !UNITS.iter().any(|(column, _)| says(*column))
        && !says("unit")
        && !says("multiple")
    {
        return;
    }
    let before = std::mem::take(packings);
    for (column, unit) in UNITS {
        let known = before.iter().find(|packing| packing.unit == unit);
        match cells.said(column, |text| above_zero(text, comma)) {
            Some(Some(holds)) => {
                packings.push(Packing {
                    unit,
                    holds,
                    multiple: known.map_or(Decimal::ONE, |known| known.multiple),
                });
            }
            Some(None) => {}
            None => packings.extend(known.copied()),
        }
    }
    if packings.is_empty() {
        packings.push(Packing { unit: Unit::Piece, holds: Decimal::ONE, multiple: Decimal::ONE });
    }
    let units = UNITS.iter().filter(|(_, unit)| packings.iter().any(|packing| packing.unit == *unit));
    let units: Vec<&str> = units.map(|(name, _)| *name).collect();
    let unit = cells.said("unit", |text| named(text, units.iter().map(|unit| (*unit, Vec::new()))));
    let first = match &unit {
        Some(Some(name)) => UNITS.iter().find(|(known, _)| known == name).map(|(_, unit)| *unit),
        Some(None) => None,
        None => before.first().map(|packing| packing.unit),
    };
    if let Some(place) = packings.iter().position(|packing| Some(packing.unit) == first) {
        packings.rotate_left(place);
        if let Some((_, others)) = packings.split_first_mut() {
            others.sort_by_key(|packing| UNITS.iter().position(|(_, unit)| *unit == packing.unit));
        }
    }
    let multiple = cells.said("multiple", |text| above_zero(text, comma));
    if let (Some(multiple), Some(first)) = (multiple, packings.first_mut()) {
        first.multiple = multiple.unwrap_or(Decimal::ONE);
    }
}

/// A row of prices: of everybody's, and of one client's contract.
pub(super) fn prices(cells: &mut Cells<'_>, import: &Import<'_>, prices: &mut Prices) {
    let comma = cells.table.comma();
    let price = |text: &str| amount(text, comma).map(Money);
    cells.set(&mut prices.floor, "floor", price);
    for column in import.settings.orders.columns() {
        match cells.said(&columns::price(&column.id.0), price) {
            Some(Some(price)) => {
                prices.columns.insert(column.id.clone(), price);
            }
            Some(None) => {
                prices.columns.remove(&column.id);
            }
            None => {}
        }
    }
}

/// None: nothing is agreed any more.
pub(super) fn contract_price(cells: &mut Cells<'_>) -> Option<Money> {
    cells.amount("contract_price").flatten().map(Money)
}

/// The batch's name, its last day, and thousandths of how much is there.
pub(super) fn batch(cells: &mut Cells<'_>) -> (String, Option<Date>, Option<Decimal>) {
    let comma = cells.table.comma();
    let batch = cells.code_or_none("batch").unwrap_or_default();
    let expires = cells.said("expires", cell::date).flatten();
    let quantity = cells.needed("quantity", |text| amount(text, comma));
    (batch, expires, quantity)
}
