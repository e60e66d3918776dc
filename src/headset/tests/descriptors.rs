//! What is found in descriptors, and what is none.

use super::super::descriptor::{Bits, Descriptor, DescriptorFault, Place, Usage};
use super::samples::*;

const HOOK: u16 = 0x20;
const FLASH: u16 = 0x21;
const HOLD: u16 = 0x23;
const REDIAL: u16 = 0x24;
const MUTE: u16 = 0x2F;

/// Report, first bit.
type At = (u8, u32);

/// Where buttons are (with `true` for those that tell changes alone), and where lights.
struct Found {
    sample: &'static str,
    buttons: &'static [(u16, At, bool)],
    lights: &'static [(u16, At)],
}

#[test]
fn buttons_and_lights_are_found_where_each_device_has_them() {
    let table = [
        Found {
            sample: SP325,
            buttons: &[
                (HOOK, (5, 0), false),
                (MUTE, (5, 1), true),
                (REDIAL, (5, 2), true),
                (FLASH, (5, 3), true),
                (0x07, (5, 7), false),
            ],
            lights: &[(0x17, (5, 0)), (0x09, (5, 1)), (0x18, (5, 2)), (0x20, (5, 3)), (0x21, (5, 4))],
        },
        Found {
            sample: POWERCONF,
            buttons: &[(HOOK, (2, 0), false), (MUTE, (2, 2), true), (FLASH, (2, 3), true)],
            lights: &[(0x17, (2, 0)), (0x09, (2, 1)), (0x18, (2, 2)), (0x20, (2, 3)), (0x21, (2, 4))],
        },
        Found { sample: RAZER_MICROPHONE, buttons: &[(HOOK, (2, 0), false)], lights: &[] },
        Found { sample: MX_BRIO, buttons: &[(MUTE, (8, 0), true)], lights: &[(0x09, (8, 0))] },
        Found {
            sample: BLACKWIRE,
            buttons: &[(MUTE, (8, 0), true), (HOOK, (8, 1), false), (FLASH, (8, 2), false)],
            lights: &[(0x09, (9, 0)), (0x17, (23, 0)), (0x18, (24, 0)), (0x20, (32, 0))],
        },
        Found {
            sample: JABRA,
            buttons: &[(HOOK, (2, 0), false), (MUTE, (2, 1), true), (FLASH, (2, 2), true)],
            lights: &[(0x18, (2, 0)), (0x21, (2, 1)), (0x17, (2, 2))],
        },
        Found {
            sample: SENNHEISER_SC30,
            buttons: &[(HOOK, (0, 0), false), (MUTE, (0, 1), true)],
            lights: &[(0x17, (0, 0)), (0x09, (0, 2)), (0x18, (0, 3))],
        },
    ];
    for Found { sample, buttons, lights } in table {
        let found = Descriptor::parse(&octets(sample)).unwrap();
        for (id, (report, at), relative) in buttons {
            let field = found.inputs.iter().find(|field| field.usage == Usage::telephony(*id));
            let field = field.unwrap_or_else(|| panic!("{id:#x} in {sample}"));
            assert_eq!(
                field.place,
                Place::Variable(Bits { report: *report, at: *at, size: 1 }),
                "{id:#x} in {sample}"
            );
            assert_eq!(field.relative, *relative, "{id:#x} in {sample}");
        }
        for (id, (report, at)) in lights {
            let light = found.light(Usage::led(*id));
            assert_eq!(light, Some(Bits { report: *report, at: *at, size: 1 }), "light {id:#x} in {sample}");
        }
    }
}

#[test]
fn the_length_of_what_is_written_is_that_of_the_whole_report() {
    let size =
        |sample: &str, report| Descriptor::parse(&octets(sample)).unwrap().output_sizes.get(&report).copied();
    assert_eq!(size(SP325, 5), Some(8));
    assert_eq!(size(POWERCONF, 2), Some(16));
    assert_eq!(size(BLACKWIRE, 24), Some(1));
    assert_eq!(size(SENNHEISER_SC30, 0), Some(8));
}

#[test]
fn buttons_that_are_told_as_numbers_are_known_by_theirs() {
    let found = Descriptor::parse(&octets(ARRAY)).unwrap();
    let slots = [0, 4].map(|at| Bits { report: 0, at, size: 4 }).to_vec();
    for (number, id) in [(1, HOOK), (2, FLASH), (3, REDIAL), (4, 0x26), (5, MUTE), (6, HOLD)] {
        let field = found.inputs.iter().find(|field| field.usage == Usage::telephony(id)).unwrap();
        assert_eq!(field.place, Place::Array { slots: slots.clone(), number }, "{id:#x}");
    }
    assert_eq!(
        found.light(Usage::led(0x17)),
        Some(Bits { report: 0, at: 8, size: 1 }),
        "from a row of usages"
    );
    assert_eq!(found.light(Usage::led(0x18)), Some(Bits { report: 0, at: 9, size: 1 }));
}

/// One telephony input after these items.
fn input_after(items: &str) -> Option<Bits> {
    let text = format!("050b0905a101 15002501 {items} c0");
    let found = Descriptor::parse(&octets(&text)).unwrap();
    let hook = found.inputs.into_iter().find(|field| field.usage == Usage::telephony(HOOK))?;
    match hook.place {
        Place::Variable(bits) => Some(bits),
        Place::Array { .. } => None,
    }
}

#[test]
fn every_kind_of_item_is_understood() {
    let at = |report, at| Some(Bits { report, at, size: 1 });
    let table = [
        ("a usage with its own page", "050c 0b20000b00 75019501 8102", at(0, 0)),
        ("a page that comes behind its usage", "050c 0920 050b 75019501 8102", at(0, 0)),
        ("a row of usages", "191f 2921 75019503 8102", at(0, 1)),
        ("a row that ends behind a page of its own", "050c 1b1f000b00 2b21000b00 75019503 8102", at(0, 1)),
        ("what is pushed comes back", "75019501 8507 a4 750895108503 8101 b4 0920 8102", at(7, 0)),
        ("of alternatives the first", "a901 0920 0921 a900 0922 75019502 8102", at(0, 0)),
        ("none but the first of alternatives", "a901 0921 0920 a900 75019501 8102", None),
        ("a long item is passed over", "fe0342aabbcc 0920 75019501 8102", at(0, 0)),
        ("collections within", "a102 a100 0920 75019501 8102 c0 c0", at(0, 0)),
        ("usages end with their item", "0920 75079501 8101 09219501 7501 8102", None),
        ("usages of a collection are not those of its fields", "0920 a102 75019501 8102 c0", None),
        ("features are no inputs", "0920 75019501 b102", None),
        ("vendors' pages", "0600ff 0920 75019501 8102", None),
        ("a field of no bits", "0920 75009501 8102", None),
        (
            "fields in another report count there alone",
            "8501 75089504 8101 8502 0920 75019501 8102",
            at(2, 0),
        ),
        ("four octets of value", "0920 7701000000 9701000000 8302000000", at(0, 0)),
        ("the last usage is that of all the rest", "0921 0920 75019503 8102", at(0, 1)),
    ];
    for (what, items, expected) in table {
        assert_eq!(input_after(items), expected, "{what}");
    }
}

#[test]
fn what_is_no_descriptor_is_refused_with_its_reason() {
    let pushes = "a4".repeat(40);
    let levels = "a100".repeat(40);
    let long = "8101".repeat(2_100);
    let table = [
        ("a value is cut off", "26ff", DescriptorFault::CutOff),
        ("a long item is cut off", "fe0510aabb", DescriptorFault::CutOff),
        ("a long item without its head", "fe05", DescriptorFault::CutOff),
        ("an end without beginning", "c0", DescriptorFault::Unbalanced),
        ("a pop without push", "b4", DescriptorFault::Unbalanced),
        ("a report with the id 0", "8500", DescriptorFault::ZeroId),
        ("an id beyond an octet", "860001", DescriptorFault::ZeroId),
        ("pushed too often", &pushes, DescriptorFault::TooDeep),
        ("nested too deep", &levels, DescriptorFault::TooDeep),
        ("a report without end", "7520 97ffffffff 8102", DescriptorFault::TooLong),
        ("reports that add up without end", "7520 960020 8102 8102", DescriptorFault::TooLong),
        ("more than a device may have", &long, DescriptorFault::TooLong),
    ];
    for (what, text, fault) in table {
        assert_eq!(Descriptor::parse(&octets(text)), Err(fault), "{what}");
    }
    assert_eq!(Descriptor::parse(&[]), Ok(Descriptor::default()), "a device may have none");
}

#[test]
fn every_sample_cut_anywhere_and_with_any_octet_spoilt_is_read_or_refused() {
    for sample in [SP325, POWERCONF, RAZER_MICROPHONE, MX_BRIO, BLACKWIRE, JABRA, SENNHEISER_SC30, ARRAY] {
        let whole = octets(sample);
        for at in 0..whole.len() {
            let _ = Descriptor::parse(&whole[..at]);
            for octet in [0x00, 0xFE, 0xFF] {
                let mut spoilt = whole.clone();
                spoilt[at] = octet;
                let _ = Descriptor::parse(&spoilt);
            }
        }
    }
}
