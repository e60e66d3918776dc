//! Report descriptors (HID 1.11 §6.2.2): which bits of which report mean what. Of all that a device declares, buttons of the
//! telephony page and lights alone are kept; pages of vendors are skipped but for one button that is known.

use std::collections::BTreeMap;

/// What a control or a light is for: its page and number in the HID Usage Tables.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Usage {
    pub page: u16,
    pub id: u16,
}

impl Usage {
    pub const fn telephony(id: u16) -> Self {
        Self { page: TELEPHONY, id }
    }

    pub const fn led(id: u16) -> Self {
        Self { page: LED, id }
    }

    /// The keypad's digits (0xB0 and up) are many, and nobody asks for them here.
    fn matters(self) -> bool {
        self.page == LED || self == JABRA_REJECT || self.page == TELEPHONY && self.id < 0xB0
    }
}

/// Of GN Audio's own page: `REJECT_CALL` of its call control interface.
pub const JABRA_REJECT: Usage = Usage { page: 0xFF30, id: 0xFFFD };

const LED: u16 = 0x08;
const TELEPHONY: u16 = 0x0B;

/// Some bits of a report: the place of one control.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bits {
    /// Zero where reports have no ids.
    pub report: u8,
    /// Behind the octet of the report's id.
    pub at: u32,
    /// 1 to 32.
    pub size: u32,
}

/// What is read or written there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Field {
    pub usage: Usage,
    pub place: Place,
    /// Each report tells a change, not a state.
    pub relative: bool,
    /// Springs back when it is let go: a push button (HID 1.11 §6.2.2.5).
    pub springs_back: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// Not zero while it is on.
    Variable(Bits),
    /// On while one of these holds this number.
    Array { slots: Vec<Bits>, number: u32 },
}

/// A whole descriptor, as far as it is about telephony.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Descriptor {
    /// Reports begin with an octet that names them.
    pub has_ids: bool,
    pub inputs: Vec<Field>,
    pub outputs: Vec<Field>,
    /// The length in bits of what is written, by report, without the octet of the id.
    pub output_sizes: BTreeMap<u8, u32>,
}

/// Why a descriptor cannot be understood.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DescriptorFault {
    /// It ends within an item.
    CutOff,
    /// More of it than a device may have, or a report longer than one can be.
    TooLong,
    /// More levels than anybody nests.
    TooDeep,
    /// An end without its beginning.
    Unbalanced,
    /// A report with the id 0 (HID 1.11 §6.2.2.7).
    ZeroId,
}

/// As the Linux kernel has it (`HID_MAX_DESCRIPTOR_SIZE`).
const LONGEST_DESCRIPTOR: usize = 4096;
/// In bits; the kernel's `HID_MAX_BUFFER_SIZE` is 16 KiB.
const LONGEST_REPORT: u32 = 16_384 * 8;
const DEEPEST: usize = 32;
/// Usages named before one main item, controls in one, and buttons and lights in all.
const MOST_USAGES: usize = 4096;
const MOST_CONTROLS: u32 = 4096;
const MOST_FIELDS: usize = 1024;
/// Buttons that may be held down together, where they are told as numbers.
const MOST_SLOTS: usize = 32;

/// HID 1.11 §6.2.2.3.
const LONG_ITEM: u8 = 0xFE;

impl Descriptor {
    /// # Errors
    /// Whatever does not follow HID 1.11; nothing of it is used then.
    pub fn parse(octets: &[u8]) -> Result<Self, DescriptorFault> {
        if octets.len() > LONGEST_DESCRIPTOR {
            return Err(DescriptorFault::TooLong);
        }
        let mut parser = Parser::default();
        let mut rest = octets;
        while let Some((item, after)) = Item::next(rest)? {
            parser.take(item)?;
            rest = after;
        }
        // A collection that is left open harms nobody; some devices do that.
        Ok(parser.found)
    }

    /// Where this light is switched.
    pub fn light(&self, usage: Usage) -> Option<Bits> {
        self.outputs.iter().find_map(|field| match field.place {
            Place::Variable(bits) if field.usage == usage => Some(bits),
            _ => None,
        })
    }
}

impl Bits {
    /// The number there; none in another report, and in one that ends before.
    pub fn read(self, report: u8, payload: &[u8]) -> Option<u32> {
        if report != self.report {
            return None;
        }
        let mut value = 0;
        for bit in 0..self.size.min(32) {
            let at = self.at.checked_add(bit)?;
            let octet = payload.get(usize::try_from(at / 8).ok()?)?;
            value |= u32::from(octet >> (at % 8) & 1) << bit;
        }
        Some(value)
    }

    /// One or zero, there.
    pub fn switch(self, payload: &mut [u8], on: bool) {
        let octet = usize::try_from(self.at / 8).ok().and_then(|at| payload.get_mut(at));
        if let Some(octet) = octet.filter(|_| on) {
            *octet |= 1 << (self.at % 8);
        }
    }
}

#[derive(Clone, Copy)]
struct Item {
    kind: Kind,
    tag: u8,
    /// Octets of the value: 0, 1, 2 or 4.
    length: usize,
    value: u32,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Main,
    Global,
    Local,
    /// Long items, and the type that is kept for later.
    Unknown,
}

impl Item {
    /// The first item, and what follows it; none at the end.
    fn next(octets: &[u8]) -> Result<Option<(Self, &[u8])>, DescriptorFault> {
        let Some((&prefix, rest)) = octets.split_first() else { return Ok(None) };
        if prefix == LONG_ITEM {
            let (&[size, _tag], rest) = rest.split_first_chunk().ok_or(DescriptorFault::CutOff)?;
            let (_, rest) = rest.split_at_checked(size.into()).ok_or(DescriptorFault::CutOff)?;
            return Ok(Some((Self { kind: Kind::Unknown, tag: 0, length: 0, value: 0 }, rest)));
        }
        let length = match prefix & 3 {
            3 => 4,
            length => usize::from(length),
        };
        let (data, rest) = rest.split_at_checked(length).ok_or(DescriptorFault::CutOff)?;
        let value = data.iter().rev().fold(0, |value, octet| value << 8 | u32::from(*octet));
        let kind = match prefix >> 2 & 3 {
            0 => Kind::Main,
            1 => Kind::Global,
            2 => Kind::Local,
            _ => Kind::Unknown,
        };
        Ok(Some((Self { kind, tag: prefix >> 4, length, value }, rest)))
    }
}

/// What holds until it is said otherwise.
#[derive(Clone, Copy, Default)]
struct Globals {
    page: u16,
    /// The number of an array's first usage.
    logical_minimum: u32,
    report: u8,
    size: u32,
    count: u32,
}

/// One usage, or a row of them.
#[derive(Clone, Copy)]
struct Named {
    first: Usage,
    last: u16,
    /// With a page of its own.
    extended: bool,
}

impl Named {
    fn count(self) -> u32 {
        u32::from(self.last.saturating_sub(self.first.id)) + 1
    }
}

#[derive(Default)]
struct Parser {
    globals: Globals,
    pushed: Vec<Globals>,
    open: usize,
    named: Vec<Named>,
    minimum: Option<(Usage, bool)>,
    /// Of alternatives the first counts: how many were named within the delimiters.
    alternatives: Option<usize>,
    input_sizes: BTreeMap<u8, u32>,
    found: Descriptor,
}

impl Parser {
    fn take(&mut self, item: Item) -> Result<(), DescriptorFault> {
        match item.kind {
            Kind::Main => self.main(item),
            Kind::Global => self.global(item),
            Kind::Local => self.local(item),
            Kind::Unknown => Ok(()),
        }
    }

    fn global(&mut self, item: Item) -> Result<(), DescriptorFault> {
        let low = item.value as u16;
        match item.tag {
            0x0 => self.globals.page = low,
            0x1 => self.globals.logical_minimum = item.value,
            0x7 => self.globals.size = item.value,
            0x8 => {
                self.globals.report =
                    u8::try_from(item.value).ok().filter(|id| *id != 0).ok_or(DescriptorFault::ZeroId)?;
                self.found.has_ids = true;
            }
            0x9 => self.globals.count = item.value,
            0xA if self.pushed.len() >= DEEPEST => return Err(DescriptorFault::TooDeep),
            0xA => self.pushed.push(self.globals),
            0xB => self.globals = self.pushed.pop().ok_or(DescriptorFault::Unbalanced)?,
            // Units and limits: what is on or off has none that matter.
            _ => {}
        }
        Ok(())
    }

    fn local(&mut self, item: Item) -> Result<(), DescriptorFault> {
        let usage = self.usage(item);
        let extended = item.length == 4;
        match item.tag {
            0x0 => self.name(Named { first: usage, last: usage.id, extended })?,
            0x1 => self.minimum = Some((usage, extended)),
            0x2 => {
                if let Some((first, begun_extended)) = self.minimum.take() {
                    let extended = extended || begun_extended;
                    self.name(Named { first, last: usage.id.max(first.id), extended })?;
                }
            }
            0xA => self.alternatives = (item.value == 1).then_some(0),
            _ => {}
        }
        Ok(())
    }

    fn usage(&self, item: Item) -> Usage {
        let page = if item.length == 4 { (item.value >> 16) as u16 } else { self.globals.page };
        Usage { page, id: item.value as u16 }
    }

    fn name(&mut self, named: Named) -> Result<(), DescriptorFault> {
        if let Some(count) = &mut self.alternatives {
            *count += 1;
            if *count > 1 {
                return Ok(());
            }
        }
        if self.named.len() >= MOST_USAGES {
            return Err(DescriptorFault::TooLong);
        }
        self.named.push(named);
        Ok(())
    }

    fn main(&mut self, item: Item) -> Result<(), DescriptorFault> {
        match item.tag {
            0x8 => self.fields(item.value, true)?,
            0x9 => self.fields(item.value, false)?,
            0xA if self.open >= DEEPEST => return Err(DescriptorFault::TooDeep),
            0xA => self.open += 1,
            0xC => self.open = self.open.checked_sub(1).ok_or(DescriptorFault::Unbalanced)?,
            _ => {}
        }
        self.named.clear();
        self.minimum = None;
        self.alternatives = None;
        Ok(())
    }

    fn fields(&mut self, flags: u32, is_input: bool) -> Result<(), DescriptorFault> {
        let Globals { report, size, count, .. } = self.globals;
        let sizes = if is_input { &mut self.input_sizes } else { &mut self.found.output_sizes };
        let begin = sizes.entry(report).or_default();
        let at = *begin;
        let length = size.checked_mul(count).ok_or(DescriptorFault::TooLong)?;
        *begin =
            at.checked_add(length).filter(|bits| *bits <= LONGEST_REPORT).ok_or(DescriptorFault::TooLong)?;
        let flags = Flags(flags);
        // Controls that nobody can switch; many headsets declare their buttons so all the same.
        if flags.is_constant() && !is_input || !(1..=32).contains(&size) {
            return Ok(());
        }
        self.bring_up_to_page();
        let slots = (0..count.min(MOST_CONTROLS)).map(|index| Bits { report, at: at + index * size, size });
        let fields = match flags.is_variable() {
            true => self.variables(slots, flags),
            false => self.arrays(slots.take(MOST_SLOTS).collect(), flags),
        };
        let into = if is_input { &mut self.found.inputs } else { &mut self.found.outputs };
        into.extend(fields);
        if into.len() > MOST_FIELDS { Err(DescriptorFault::TooLong) } else { Ok(()) }
    }

    /// A page that comes behind usages is theirs, up to those that have it already. (The standard gives it to all, HID 1.11
    /// §6.2.2.8; headsets that name a programmable button, turn to the page of buttons and name button 1 want what Linux makes of it.)
    fn bring_up_to_page(&mut self) {
        let page = self.globals.page;
        let behind = self.named.iter_mut().rev().filter(|named| !named.extended);
        behind.take_while(|named| named.first.page != page).for_each(|named| named.first.page = page);
    }

    /// The last usage is that of all controls that are left (HID 1.11 §6.2.2.8).
    fn variables(&self, slots: impl Iterator<Item = Bits>, flags: Flags) -> Vec<Field> {
        let usages = self.usages();
        let last = self.named.last().map(|named| Usage { page: named.first.page, id: named.last });
        let usages = usages.map(Some).chain(std::iter::repeat(last)).map_while(|usage| usage);
        slots
            .zip(usages)
            .filter(|(_, usage)| usage.matters())
            .map(|(bits, usage)| flags.field(usage, Place::Variable(bits)))
            .collect()
    }

    fn arrays(&self, slots: Vec<Bits>, flags: Flags) -> Vec<Field> {
        let numbers = (self.globals.logical_minimum..=u32::MAX).take(MOST_USAGES);
        let wanted = self.usages().zip(numbers).filter(|(usage, _)| usage.matters() && usage.page != LED);
        wanted
            .map(|(usage, number)| flags.field(usage, Place::Array { slots: slots.clone(), number }))
            .collect()
    }

    fn usages(&self) -> impl Iterator<Item = Usage> {
        let row = |named: &Named| {
            let Usage { page, id } = named.first;
            (0..named.count()).map(move |step| Usage { page, id: id.saturating_add(step as u16) })
        };
        self.named.iter().flat_map(row).take(MOST_USAGES)
    }
}

/// The data of an input or output item.
#[derive(Clone, Copy)]
struct Flags(u32);

impl Flags {
    fn is_constant(self) -> bool {
        self.0 & 0x01 != 0
    }

    fn is_variable(self) -> bool {
        self.0 & 0x02 != 0
    }

    fn field(self, usage: Usage, place: Place) -> Field {
        Field { usage, place, relative: self.0 & 0x04 != 0, springs_back: self.0 & 0x20 == 0 }
    }
}
