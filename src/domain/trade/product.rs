//! What is sold, and in what it is counted.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

use super::amount::Percent;

/// A product's identity, kept for life.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema), schema(value_type = String))]
pub struct ProductId(pub Uuid);

impl fmt::Display for ProductId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What an order counts in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum Unit {
    /// One of it: a bottle, a tin, a cheese.
    Piece,
    /// Several pieces in one wrapping.
    Pack,
    /// A box of them.
    Case,
    /// A pallet of boxes.
    Pallet,
    /// Loose goods.
    Kilogram,
}

impl Unit {
    /// All of them, the smallest first.
    pub const ALL: [Self; 5] = [Self::Piece, Self::Pack, Self::Case, Self::Pallet, Self::Kilogram];
}

/// Something that the company sells.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Product {
    /// Kept for life.
    pub id: ProductId,
    /// The article, as on the price list.
    pub code: String,
    /// As on the price list.
    pub name: String,
    /// What it is searched by beside name and article.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub synonyms: Vec<String>,
    /// EAN or UPC, digits alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub barcodes: Vec<String>,
    /// The group of the assortment that it stands in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// How it is packed; the first is proposed. What is priced and counted in the warehouse is the piece, or the kilogram of
    /// loose goods.
    pub packings: Vec<Packing>,
    /// None: a piece is a piece. Else it is ordered in pieces and priced by the kilogram.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<Weight>,
    /// The kind of goods that its tax goes by.
    pub tax_kind: String,
    /// Only clients who have this permission may buy it: `alcohol`, `tobacco`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission: Option<String>,
    /// What may be sold instead, the best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub substitutes: Vec<ProductId>,
}

/// One way in which a product is packed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Packing {
    /// Its name.
    pub unit: Unit,
    /// Pieces in one, or kilograms of loose goods.
    #[serde(with = "rust_decimal::serde::str")]
    #[cfg_attr(feature = "desk", schema(value_type = String))]
    pub holds: Decimal,
    /// It is sold in multiples of this.
    #[serde(with = "rust_decimal::serde::str", default = "one")]
    #[cfg_attr(feature = "desk", schema(value_type = String))]
    pub multiple: Decimal,
}

const fn one() -> Decimal {
    Decimal::ONE
}

/// Goods of which no two pieces weigh the same: priced by the kilogram, weighed when they are picked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Weight {
    /// Kilograms of a piece, on average.
    #[serde(with = "rust_decimal::serde::str")]
    #[cfg_attr(feature = "desk", schema(value_type = String))]
    pub average: Decimal,
    /// What is delivered weighs this much more at most.
    pub tolerance: Percent,
}

/// A quantity of a product, in what it is counted and priced by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Measured {
    /// Pieces, or kilograms of loose goods: what the warehouse counts.
    pub counted: Decimal,
    /// Pieces or kilograms: what the price is for.
    pub priced: Decimal,
    /// As `priced`, at the most that may be delivered; credit must suffice for this.
    pub most: Decimal,
}

impl Measured {
    /// The sum is only known when the goods are weighed.
    pub fn is_about(&self) -> bool {
        self.priced != self.most
    }
}

/// Why a quantity cannot be ordered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "why")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum QuantityFault {
    /// It is not packed like this.
    NotPackedSo,
    /// Nothing, or less.
    NotPositive,
    /// It is sold in multiples; these two can be had.
    NotMultiple {
        /// The next smaller one; 0 where that is none.
        #[serde(with = "rust_decimal::serde::str")]
        #[cfg_attr(feature = "desk", schema(value_type = String))]
        below: Decimal,
        /// The next larger one.
        #[serde(with = "rust_decimal::serde::str")]
        #[cfg_attr(feature = "desk", schema(value_type = String))]
        above: Decimal,
    },
    /// More than [`MOST`]: a slip of the hand.
    TooMuch,
}

/// Pieces or kilograms in one line at most.
pub const MOST: Decimal = Decimal::from_parts(1_000_000, 0, 0, false, 0);

impl Product {
    /// How it is packed by this name.
    pub fn packing(&self, unit: Unit) -> Option<&Packing> {
        self.packings.iter().find(|packing| packing.unit == unit)
    }

    /// So many of this packing.
    pub fn measure(&self, quantity: Decimal, unit: Unit) -> Result<Measured, QuantityFault> {
        let packing = self.packing(unit).ok_or(QuantityFault::NotPackedSo)?;
        if quantity <= Decimal::ZERO {
            return Err(QuantityFault::NotPositive);
        }
        if quantity > MOST {
            return Err(QuantityFault::TooMuch);
        }
        // A packing without a sensible multiple is sold by any.
        if let Some(rest) = quantity.checked_rem(packing.multiple)
            && !rest.is_zero()
        {
            // Said to the client as a number: 12, not 12.0.
            let below = (quantity - rest).normalize();
            return Err(QuantityFault::NotMultiple { below, above: (below + packing.multiple).normalize() });
        }
        let measured = || {
            let counted = quantity.checked_mul(packing.holds).filter(|counted| *counted <= MOST)?.normalize();
            let Some(weight) = self.weight else {
                return Some(Measured { counted, priced: counted, most: counted });
            };
            let priced = counted.checked_mul(weight.average)?;
            let most = priced.checked_add(weight.tolerance.of(priced)?)?;
            Some(Measured { counted, priced: priced.normalize(), most: most.normalize() })
        };
        measured().ok_or(QuantityFault::TooMuch)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    pub fn product(packings: &[(Unit, &str, &str)], weight: Option<(&str, &str)>) -> Product {
        let packing = |(unit, holds, multiple): &(Unit, &str, &str)| Packing {
            unit: *unit,
            holds: decimal(holds),
            multiple: decimal(multiple),
        };
        Product {
            id: ProductId(Uuid::from_u128(1)),
            code: "1001".into(),
            name: "Tea".into(),
            synonyms: Vec::new(),
            barcodes: Vec::new(),
            group: None,
            packings: packings.iter().map(packing).collect(),
            weight: weight.map(|(average, tolerance)| Weight {
                average: decimal(average),
                tolerance: Percent(decimal(tolerance)),
            }),
            tax_kind: "food".into(),
            permission: None,
            substitutes: Vec::new(),
        }
    }

    #[test]
    fn a_quantity_is_counted_in_pieces_and_priced_in_pieces_or_kilograms() {
        let tea =
            product(&[(Unit::Case, "24", "1"), (Unit::Pack, "6", "2"), (Unit::Pallet, "960", "1")], None);
        let cheese = product(&[(Unit::Piece, "1", "1"), (Unit::Case, "4", "1")], Some(("2.5", "8")));
        let flour = product(&[(Unit::Kilogram, "1", "0.5")], None);
        // product, quantity, unit → counted, priced, most
        let table = [
            (&tea, "2", Unit::Case, "48", "48", "48"),
            (&tea, "4", Unit::Pack, "24", "24", "24"),
            (&tea, "1", Unit::Pallet, "960", "960", "960"),
            (&cheese, "3", Unit::Piece, "3", "7.5", "8.1"),
            (&cheese, "2", Unit::Case, "8", "20", "21.6"),
            (&flour, "12.5", Unit::Kilogram, "12.5", "12.5", "12.5"),
        ];
        for (product, quantity, unit, counted, priced, most) in table {
            let measured = product.measure(decimal(quantity), unit).unwrap();
            let expected =
                Measured { counted: decimal(counted), priced: decimal(priced), most: decimal(most) };
            assert_eq!(measured, expected, "{quantity} {unit:?}");
        }
    }

    #[test]
    fn a_quantity_that_cannot_be_had_says_what_can() {
        let tea = product(&[(Unit::Pack, "6", "4"), (Unit::Pallet, "960", "1")], None);
        let table = [
            ("2", Unit::Case, QuantityFault::NotPackedSo),
            ("0", Unit::Pack, QuantityFault::NotPositive),
            ("-4", Unit::Pack, QuantityFault::NotPositive),
            ("6", Unit::Pack, QuantityFault::NotMultiple { below: decimal("4"), above: decimal("8") }),
            ("3", Unit::Pack, QuantityFault::NotMultiple { below: decimal("0"), above: decimal("4") }),
            ("0.5", Unit::Pallet, QuantityFault::NotMultiple { below: decimal("0"), above: decimal("1") }),
            ("5000", Unit::Pallet, QuantityFault::TooMuch),
            ("1000001", Unit::Pack, QuantityFault::TooMuch),
        ];
        for (quantity, unit, fault) in table {
            assert_eq!(tea.measure(decimal(quantity), unit), Err(fault), "{quantity} {unit:?}");
        }
        let broken = product(&[(Unit::Piece, "1", "0")], None);
        assert!(broken.measure(decimal("3"), Unit::Piece).is_ok(), "a multiple of nothing is no bound");
    }
}
