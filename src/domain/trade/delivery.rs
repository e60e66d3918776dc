//! When goods can come, and until when that can be ordered (duties 12, 13).

use std::collections::BTreeSet;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::client::Money;

/// The stable short name of a delivery route.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema), schema(value_type = String))]
pub struct RouteId(pub String);

/// A tour of a lorry that addresses belong to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Route {
    /// In data.
    pub id: RouteId,
    /// As the warehouse calls it.
    pub name: String,
    /// The days it runs on, Monday is 1.
    pub days: BTreeSet<u8>,
    /// When it comes, on each of these days.
    pub windows: Vec<Window>,
    /// So many days before, orders end for it.
    pub cut_off_days: u8,
    /// At this time of the warehouse.
    #[cfg_attr(feature = "desk", schema(value_type = String, format = "time-local"))]
    pub cut_off: Time,
    /// Orders that one window takes; none: any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u32>,
    /// What an order must come to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<Money>,
}

/// From when to when the goods come, by the clock of the address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Window {
    /// Not earlier.
    #[cfg_attr(feature = "desk", schema(value_type = String, format = "time-local"))]
    pub from: Time,
    /// Not later.
    #[cfg_attr(feature = "desk", schema(value_type = String, format = "time-local"))]
    pub to: Time,
}

/// One delivery of a route.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Slot {
    /// The day.
    #[cfg_attr(feature = "desk", schema(value_type = String, format = Date))]
    pub date: Date,
    /// The hours.
    #[serde(flatten)]
    pub window: Window,
}

/// A slot that can still be ordered for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct OpenSlot {
    /// Which.
    #[serde(flatten)]
    pub slot: Slot,
    /// Until when: nothing can be changed afterwards.
    #[cfg_attr(feature = "desk", schema(value_type = String, format = DateTime))]
    pub order_until: Timestamp,
    /// Orders that it takes yet; none: any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<u32>,
}

/// Why a slot cannot be had.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "why")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum SlotFault {
    /// The route does not run then.
    NoSuchSlot,
    /// Orders for it ended.
    TooLate {
        /// When.
        #[cfg_attr(feature = "desk", schema(value_type = String, format = DateTime))]
        ended: Timestamp,
    },
    /// It takes no more orders.
    Full,
}

/// What a warehouse's calendar says.
pub struct Warehouse<'a> {
    /// Where it stands.
    pub zone: &'a TimeZone,
    /// Days on which nothing leaves.
    pub closed_on: &'a BTreeSet<Date>,
}

/// Days ahead that slots are told for.
pub const HORIZON: i32 = 14;

impl Route {
    /// Those that can still be ordered for, the earliest first. `booked`: orders that have the slot already.
    pub fn open_slots(
        &self,
        now: Timestamp,
        warehouse: &Warehouse<'_>,
        booked: impl Fn(Slot) -> u32,
    ) -> Vec<OpenSlot> {
        let today = now.to_zoned(warehouse.zone.clone()).date();
        let days = (0..=HORIZON).filter_map(|ahead| today.checked_add(Span::new().days(ahead)).ok());
        let slots =
            days.flat_map(|date| self.windows.iter().map(move |window| Slot { date, window: *window }));
        slots.filter_map(|slot| self.open_slot(slot, now, warehouse, booked(slot)).ok()).collect()
    }

    /// Whether this one can be ordered for, with so many orders in it.
    pub fn open_slot(
        &self,
        slot: Slot,
        now: Timestamp,
        warehouse: &Warehouse<'_>,
        booked: u32,
    ) -> Result<OpenSlot, SlotFault> {
        let runs = self.days.contains(&number(slot.date.weekday()))
            && self.windows.contains(&slot.window)
            && !warehouse.closed_on.contains(&slot.date);
        let order_until =
            self.order_until(slot.date, warehouse).filter(|_| runs).ok_or(SlotFault::NoSuchSlot)?;
        if now >= order_until {
            return Err(SlotFault::TooLate { ended: order_until });
        }
        let left = self.capacity.map(|capacity| capacity.saturating_sub(booked));
        if left == Some(0) { Err(SlotFault::Full) } else { Ok(OpenSlot { slot, order_until, left }) }
    }

    /// Orders for this day end a number of working days before: nobody picks goods on a day when nothing leaves.
    fn order_until(&self, date: Date, warehouse: &Warehouse<'_>) -> Option<Timestamp> {
        let mut day = date;
        for _ in 0..self.cut_off_days {
            day = day.yesterday().ok()?;
            while warehouse.closed_on.contains(&day) {
                day = day.yesterday().ok()?;
            }
        }
        Some(day.to_datetime(self.cut_off).to_zoned(warehouse.zone.clone()).ok()?.timestamp())
    }
}

fn number(day: Weekday) -> u8 {
    day.to_monday_one_offset().unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::{date, time};

    fn window(from: i8, to: i8) -> Window {
        Window { from: time(from, 0, 0, 0), to: time(to, 0, 0, 0) }
    }

    /// Monday, Wednesday, Friday; until 16:00 the working day before.
    fn route() -> Route {
        Route {
            id: RouteId("north".into()),
            name: "North".into(),
            days: [1, 3, 5].into(),
            windows: vec![window(9, 13), window(14, 18)],
            cut_off_days: 1,
            cut_off: time(16, 0, 0, 0),
            capacity: Some(2),
            minimum: None,
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn slots_end_at_the_warehouse_s_cut_off_and_when_they_are_full() {
        let zone = TimeZone::get("Europe/Moscow").unwrap();
        let closed_on = [date(2026, 12, 7), date(2026, 12, 8)].into();
        let warehouse = Warehouse { zone: &zone, closed_on: &closed_on };
        let (monday, friday) = (date(2026, 11, 30), date(2026, 12, 4));
        let full = |ended: &str| SlotFault::TooLate { ended: at(ended) };
        // day, hours, now, booked → left or why not
        let table = [
            (monday, window(9, 13), "2026-11-29T12:59:59Z", 0, Ok(2)),
            (monday, window(9, 13), "2026-11-29T13:00:00Z", 0, Err(full("2026-11-29T13:00:00Z"))),
            (monday, window(14, 18), "2026-11-29T09:00:00Z", 1, Ok(1)),
            (monday, window(14, 18), "2026-11-29T09:00:00Z", 2, Err(SlotFault::Full)),
            (monday, window(14, 18), "2026-11-29T09:00:00Z", 3, Err(SlotFault::Full)),
            (monday, window(10, 13), "2026-11-29T09:00:00Z", 0, Err(SlotFault::NoSuchSlot)),
            (date(2026, 12, 1), window(9, 13), "2026-11-29T09:00:00Z", 0, Err(SlotFault::NoSuchSlot)),
            (date(2026, 12, 7), window(9, 13), "2026-11-29T09:00:00Z", 0, Err(SlotFault::NoSuchSlot)),
            (friday, window(9, 13), "2026-12-03T12:00:00Z", 0, Ok(2)),
            // The two days before are holidays, so orders end on the Sunday before them.
            (date(2026, 12, 9), window(9, 13), "2026-12-06T12:00:00Z", 0, Ok(2)),
            (date(2026, 12, 9), window(9, 13), "2026-12-06T13:00:00Z", 0, Err(full("2026-12-06T13:00:00Z"))),
        ];
        for (date, window, now, booked, expected) in table {
            let open = route().open_slot(Slot { date, window }, at(now), &warehouse, booked);
            assert_eq!(open.map(|open| open.left.unwrap()), expected, "{date} {now} {booked}");
        }
    }

    #[test]
    fn the_earliest_open_slot_comes_first_and_full_ones_are_left_out() {
        let zone = TimeZone::get("Europe/Moscow").unwrap();
        let warehouse = Warehouse { zone: &zone, closed_on: &BTreeSet::new() };
        let now = at("2026-11-29T12:00:00Z");
        let monday = Slot { date: date(2026, 11, 30), window: window(9, 13) };
        let open = route().open_slots(now, &warehouse, |slot| if slot == monday { 2 } else { 0 });
        let first: Vec<Slot> = open.iter().map(|open| open.slot).take(2).collect();
        let wednesday = Slot { date: date(2026, 12, 2), window: window(9, 13) };
        assert_eq!(first, [Slot { window: window(14, 18), ..monday }, wednesday]);
        assert_eq!(open.len(), 11, "six days of the route in two weeks, less one window");
        assert_eq!(open[1].order_until, at("2026-12-01T13:00:00Z"));
    }
}
