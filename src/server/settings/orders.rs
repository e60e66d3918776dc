//! How the company sells: `[orders]` of the settings.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::config::{ConfigError, Document, Expected, Section};
use crate::desk_api::ClientTypeId;
use crate::domain::trade::amount::TaxRate;
use crate::domain::trade::credit::Tolerance;
use crate::domain::trade::delivery::{Route, RouteId, Warehouse};
use crate::domain::trade::price::{Column, ColumnId, ColumnRule};
use crate::domain::trade::promotion::Promotion;
use crate::domain::trade::terms::PriceList;
use crate::server::sample;
use crate::text::msg;

const ORDERS: Expected = Expected {
    what: msg!("what the sample of the settings shows for orders"),
    example: "{ least_offers = 3 }",
};

/// The company's rules for orders, where they are not code.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Orders {
    /// IANA name of the warehouse's time zone; none: this computer's.
    time_zone: Option<String>,
    /// Days on which nothing leaves the warehouse.
    closed_on: BTreeSet<Date>,
    /// Offers that must be made before an order is placed (duty 7).
    pub least_offers: usize,
    /// Stock, slot and credit are kept so long from the read-back.
    pub keep_minutes: u16,
    /// An order of who pays first waits so many days for the payment.
    pub payment_days: u16,
    /// What was delivered takes credit for so many days, unless it is closed before: then its invoice is known.
    pub invoice_days: u16,
    /// What the stock that the company's programs write does not hold any more.
    pub stock_lacks: StockLacks,
    /// A product is new for so many days.
    pub new_days: u16,
    /// Goods must live for so many days when they come, where the client asks for nothing else.
    pub least_life_days: u16,
    /// Debt that the company lets pass.
    pub tolerance: Tolerance,
    /// Types whose orders their managers take (duty 3).
    pub key_types: BTreeSet<ClientTypeId>,
    /// Types that agree payment and arrival (duty 13).
    pub regional_types: BTreeSet<ClientTypeId>,
    column: Vec<Column>,
    column_rule: Vec<ColumnRule>,
    promotion: Vec<Promotion>,
    tax: Vec<TaxRate>,
    route: Vec<Route>,
}

/// Which orders' goods are gone from the stock as the company's programs count it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StockLacks {
    /// Of those that are delivered; what is being picked still lies there.
    Delivered,
    /// Of those that are being picked, too.
    Picked,
}

impl Default for Orders {
    fn default() -> Self {
        let types = |id: &str| BTreeSet::from([ClientTypeId(id.to_owned())]);
        Self {
            time_zone: None,
            closed_on: BTreeSet::new(),
            least_offers: 3,
            keep_minutes: 10,
            payment_days: 3,
            invoice_days: 3,
            stock_lacks: StockLacks::Delivered,
            new_days: 30,
            least_life_days: 0,
            tolerance: Tolerance::default(),
            key_types: types("key"),
            regional_types: types("regional"),
            column: Vec::new(),
            column_rule: Vec::new(),
            promotion: Vec::new(),
            tax: Vec::new(),
            route: Vec::new(),
        }
    }
}

impl Orders {
    /// Without the section those of the sample company hold.
    pub fn read(root: &Section<'_>) -> Result<Self, ConfigError> {
        Ok(root.data("orders", ORDERS, Self::holds_together)?.unwrap_or_else(sample::order_rules))
    }

    /// The rules as they stand in a file.
    pub fn parse(source: &str, path: &Path) -> Result<Self, ConfigError> {
        Self::read(&Document::parse(source, path)?.root())
    }

    /// What refers to something refers to what is there.
    fn holds_together(&self) -> bool {
        let columns: BTreeSet<_> = self.column.iter().map(|column| &column.id).collect();
        let routes: BTreeSet<_> = self.route.iter().map(|route| &route.id).collect();
        columns.len() == self.column.len()
            && routes.len() == self.route.len()
            && self.column_rule.iter().all(|rule| columns.contains(&rule.column))
            && self.time_zone.as_deref().is_none_or(|zone| TimeZone::get(zone).is_ok())
            && self.route.iter().all(|route| route.days.iter().all(|day| (1..=7).contains(day)))
    }

    pub fn has_column(&self, id: &ColumnId) -> bool {
        self.column.iter().any(|column| column.id == *id)
    }

    pub fn columns(&self) -> &[Column] {
        &self.column
    }

    pub fn routes(&self) -> &[Route] {
        &self.route
    }

    pub fn tax_rates(&self) -> &[TaxRate] {
        &self.tax
    }

    pub fn price_list(&self) -> PriceList {
        PriceList {
            columns: self.column.clone(),
            column_rules: self.column_rule.clone(),
            promotions: self.promotion.clone(),
            tax_rates: self.tax.clone(),
        }
    }

    pub fn zone(&self) -> TimeZone {
        let named = self.time_zone.as_deref().and_then(|zone| TimeZone::get(zone).ok());
        named.unwrap_or_else(TimeZone::system)
    }

    pub fn route(&self, id: &RouteId) -> Option<&Route> {
        self.route.iter().find(|route| route.id == *id)
    }

    pub fn route_ids(&self) -> Vec<RouteId> {
        self.route.iter().map(|route| route.id.clone()).collect()
    }

    pub fn warehouse<'a>(&'a self, zone: &'a TimeZone) -> Warehouse<'a> {
        Warehouse { zone, closed_on: &self.closed_on }
    }
}
