//! What the company's other programs write for order taking: products with prices and stock, and each client's terms.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::client::Money;
use crate::domain::mask_debug;
use crate::domain::trade::credit::Account;
use crate::domain::trade::delivery::RouteId;
use crate::domain::trade::order::EntityId;
use crate::domain::trade::price::{ColumnId, Prices};
use crate::domain::trade::product::{Product, ProductId};
use crate::domain::trade::stock::Batch;

/// A product, whole: what is not said does not hold any more.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct ProductData {
    /// What it is.
    pub product: Product,
    /// By column; contract prices are the client's.
    pub prices: Prices,
    /// What lies in the warehouse; what orders have been promised of it is not taken off.
    #[serde(default)]
    pub batches: Vec<Batch>,
    /// The day it came into the assortment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "desk", schema(value_type = Option<String>, format = Date))]
    pub new_since: Option<Date>,
    /// The commercial service wants it sold; 1 is the most urgent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pushed: Option<u32>,
    /// What the operator says then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phrase: Option<String>,
}

/// What a client may buy, who pays, and where goods go; whole.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct ClientTrade {
    /// Legal entities; where none pays, the client itself does, with the standing of its card.
    pub entities: Vec<Entity>,
    /// Where goods go, the usual one first.
    pub addresses: Vec<AddressData>,
    /// What not everybody may buy: `alcohol`.
    pub permissions: BTreeSet<String>,
    /// The column that was agreed in writing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract_column: Option<ColumnId>,
    /// Prices of single products that were agreed in writing.
    pub contract_prices: BTreeMap<ProductId, Money>,
    /// Goods must live for so many days when they come; none: as the company says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least_life_days: Option<u16>,
}

impl ClientTrade {
    /// Legal entities that pay.
    pub fn payers(&self) -> impl Iterator<Item = &Entity> {
        self.entities.iter().filter(|entity| !entity.is_consignee_only)
    }

    /// Whose account this entity buys on.
    pub fn account_owner<'a>(&'a self, entity: &'a Entity) -> &'a Entity {
        let owner = entity.on_account_of.as_ref();
        owner.and_then(|id| self.entities.iter().find(|other| other.id == *id)).unwrap_or(entity)
    }

    /// Legal entities that pay from an account of their own.
    pub fn accounts(&self) -> impl Iterator<Item = &Entity> {
        self.payers().filter(|entity| entity.on_account_of.is_none())
    }

    /// The account that this entity buys on, with all that is owed on it: one limit, however many buy on it.
    pub fn account_of(&self, entity: &Entity) -> Account {
        let owner = self.account_owner(entity);
        let mut account = owner.account.clone();
        let owes_there = |member: &&Entity| member.owes_there && member.id != owner.id;
        let members = self.payers().filter(owes_there);
        for member in members.filter(|member| self.account_owner(member).id == owner.id) {
            account.invoices.extend(member.account.invoices.iter().cloned());
            account.open_orders.0 = account.open_orders.0.saturating_add(member.account.open_orders.0);
        }
        account
    }
}

/// A legal entity with its account.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Entity {
    /// In data.
    pub id: EntityId,
    /// As on its papers.
    pub name: String,
    /// INN, business registration number: clients are found by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_number: Option<String>,
    /// The numbers of its contracts with us: clients are found by them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contracts: Vec<String>,
    /// What it owes; orders that the desk has are added.
    pub account: Account,
    /// Goods go to it, and it pays for none: its account is not looked at.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_consignee_only: bool,
    /// It buys on the account of this one, as all of a group do that share a limit; its own account is not looked at, unless
    /// `owes_there`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_account_of: Option<EntityId>,
    /// What its own account owes is owed on that one, too, in the same currency; how it pays, that one says.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub owes_there: bool,
}

/// An address with its route.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct AddressData {
    /// Among the client's, kept for life.
    pub number: u32,
    /// As the driver reads it.
    pub text: String,
    /// Which lorry goes there; none: no lorry of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<RouteId>,
    /// The legal entity whose it is: goods that come there go to it by their papers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consignee: Option<EntityId>,
}

mask_debug!(ClientTrade, Entity, AddressData);
