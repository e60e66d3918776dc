//! The file of a recording: a head that says which one it is, and chunks of half a second, each sealed for its place.
//!
//! A telephone that is killed leaves a file that is whole up to its last chunk; one that ends in order marks the last. What was
//! altered, taken out, repeated or put elsewhere does not open where it stands, and is found out.

use super::FRAMES_PER_SECOND;
use super::seal::{ChunkCipher, KEY, KEY_ID, NONCE, RecordingKey, TAG, key_name};
use crate::domain::call_record::CallRecordId;
use crate::domain::recording::{Blank, Layout};
use jiff::Timestamp;
use uuid::Uuid;
use zeroize::Zeroizing;

/// Of a file's name.
pub const ENDING: &str = "patchrec";

const MAGIC: &[u8; 8] = b"PATCHREC";
const VERSION: u8 = 1;
/// Magic, version, layout, id, begin, key id, nonce.
const NAMED: usize = 8 + 1 + 1 + 16 + 8 + KEY_ID + NONCE;
/// And the recording's own key, sealed.
pub(super) const HEAD: usize = NAMED + KEY + TAG;

/// Frames after which a chunk is closed: what is lost at most when the telephone is killed.
const CHUNK_FRAMES: u32 = FRAMES_PER_SECOND / 2;
/// Octets of a sealed chunk: more than 25 frames of two of the longest packets.
const LONGEST_CHUNK: usize = 128 * 1024;
/// RFC 6716 §3.4, R2.
const LONGEST_PACKET: usize = 1_275;
/// No call lasts longer: 24 hours.
const MOST_FRAMES: u32 = 24 * 60 * 60 * FRAMES_PER_SECOND;
/// Chunks that may be missing in a row before the rest is given up, where nothing stands in their place.
const MOST_MISSING: u64 = 256;
/// Chunks that are looked for behind a gap at first.
const NEAR: u64 = 8;
/// Octets that no chunk is shorter than by much, on average.
const USUAL_CHUNK: u64 = 1_024;
/// What may be spent on looking for chunks where they are not likely, in octets that are tried: so much, and so much for each octet of the file.
const EFFORT: u64 = 4 * 1_024 * 1_024;
const EFFORT_PER_OCTET: u64 = 64;

const SOUND: u8 = 1;
const NOTHING: u8 = 2;
const END: u8 = 3;

/// Makes a recording's file, from its beginning to its end.
pub struct Writer {
    cipher: ChunkCipher,
    place: u64,
    /// Frames so far, and those of the chunk that is open.
    frames: u32,
    open_frames: u32,
    /// The chunk that is open.
    open: Zeroizing<Vec<u8>>,
    /// The last item of it is a blank of so many frames, for this reason, and begins there.
    blank: Option<(Blank, u32, usize)>,
}

impl Writer {
    /// With the file's head. `chance`: for the recording's own key, and for the nonce under which that is sealed. None:
    /// never, for what is so short.
    pub fn begin(
        key: &RecordingKey,
        id: CallRecordId,
        begun: Timestamp,
        layout: Layout,
        chance: ([u8; KEY], [u8; NONCE]),
    ) -> Option<(Self, Vec<u8>)> {
        let (own, nonce) = (Zeroizing::new(chance.0), chance.1);
        let mut head = Vec::with_capacity(HEAD);
        head.extend(MAGIC);
        head.extend([VERSION, layout_octet(layout)]);
        head.extend(id.0.as_bytes());
        head.extend(begun.as_millisecond().to_le_bytes());
        head.extend(key.id());
        head.extend(nonce);
        let wrapped = key.wrap(&own, nonce, &head)?;
        head.extend(wrapped);
        let mut writer = Self {
            cipher: ChunkCipher::of(&own),
            place: 0,
            frames: 0,
            open_frames: 0,
            open: Zeroizing::default(),
            blank: None,
        };
        writer.reopen();
        Some((writer, head))
    }

    /// 20 ms, a packet for each track; one that is no packet leaves its track silent.
    pub fn sound<'a>(&mut self, packets: impl IntoIterator<Item = &'a [u8]>) {
        self.open.push(SOUND);
        for packet in packets {
            let packet = if packet.len() > LONGEST_PACKET { &[] } else { packet };
            // At most LONGEST_PACKET.
            self.open.extend((packet.len() as u16).to_le_bytes());
            self.open.extend(packet);
        }
        self.blank = None;
        self.count(1);
    }

    /// So many frames in which nothing of the conversation is kept.
    pub fn blank(&mut self, why: Blank, frames: u32) {
        let (total, at) = match self.blank {
            Some((reason, before, at)) if reason == why => (before.saturating_add(frames), at),
            _ => (frames, self.open.len()),
        };
        self.open.truncate(at);
        self.open.extend([NOTHING, blank_octet(why)]);
        self.open.extend(total.to_le_bytes());
        self.blank = Some((why, total, at));
        self.count(frames);
    }

    /// The next chunk, once half a second has come together.
    pub fn chunk(&mut self) -> Option<Vec<u8>> {
        (self.open_frames >= CHUNK_FRAMES).then(|| self.close(false)).flatten()
    }

    /// The last chunk.
    pub fn end(mut self) -> Option<Vec<u8>> {
        self.open.push(END);
        self.close(true)
    }

    fn count(&mut self, frames: u32) {
        self.frames = self.frames.saturating_add(frames);
        self.open_frames = self.open_frames.saturating_add(frames);
    }

    fn reopen(&mut self) {
        self.open.clear();
        self.open.extend(self.frames.to_le_bytes());
        (self.open_frames, self.blank) = (0, None);
    }

    fn close(&mut self, last: bool) -> Option<Vec<u8>> {
        let sealed = self.cipher.seal(self.place, last, &self.open)?;
        self.place += 1;
        self.reopen();
        let length = u32::try_from(sealed.len()).ok()?;
        Some([length.to_le_bytes().as_slice(), &sealed].concat())
    }
}

/// A recording as it was read.
#[derive(Clone, PartialEq, Eq)]
pub struct Recording {
    pub id: CallRecordId,
    pub begun: Timestamp,
    pub layout: Layout,
    /// In their order, without a hole.
    pub pieces: Vec<Piece>,
    /// 20 ms each.
    pub frames: u32,
    /// None: it is what was written, from beginning to end.
    pub damage: Vec<Damage>,
}

#[derive(Clone, PartialEq, Eq)]
pub enum Piece {
    /// 20 ms: a packet for each track, left before right; an empty one is silence.
    Sound(Vec<Box<[u8]>>),
    /// So many frames of nothing.
    Blank(Blank, u32),
}

/// In what it is not what was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Damage {
    /// It ends without its end: the telephone was killed, or the file was cut off.
    NoEnd,
    /// So many frames, from this one on, were altered, taken out or put elsewhere.
    Missing { from: u32, frames: u32 },
    /// So many octets belong nowhere: altered, repeated, out of their order, or added.
    Foreign { octets: u64 },
}

/// Why nothing can be read at all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// Not made by this program, or cut off in its head.
    NoRecording,
    /// By a later version of it.
    Version(u8),
    /// Sealed under another key than this one.
    OtherKey,
    /// The head is not what was written.
    Head,
}

/// The name of the key that a file is sealed with.
pub fn sealed_with(file: &[u8]) -> Result<String, Fault> {
    let named = file.get(..NAMED).ok_or(Fault::NoRecording)?;
    Head::read(named).map(|head| key_name(head.key_id))
}

/// Reads a file, as far as it is what was written. Whatever the octets are, it takes time and room in proportion to them.
pub fn read(file: &[u8], key: &RecordingKey) -> Result<Recording, Fault> {
    let (named, rest) = file.split_at_checked(NAMED).ok_or(Fault::NoRecording)?;
    let (wrapped, chunks) = rest.split_at_checked(KEY + TAG).ok_or(Fault::NoRecording)?;
    let head = Head::read(named)?;
    if head.key_id != key.id() {
        return Err(Fault::OtherKey);
    }
    let own = key.unwrap(wrapped, head.nonce, named).ok_or(Fault::Head)?;
    let layout = layout_of(head.layout).ok_or(Fault::Head)?;
    let mut reader = Reader {
        cipher: ChunkCipher::of(&own),
        tracks: if layout == Layout::Stereo { 2 } else { 1 },
        place: 0,
        pieces: Vec::new(),
        frames: 0,
        damage: Vec::new(),
        foreign: 0,
        failed: 0,
        in_row: 0,
        row_ends: usize::MAX,
        effort: EFFORT.saturating_add(EFFORT_PER_OCTET.saturating_mul(chunks.len() as u64)),
        ended: false,
    };
    reader.read(chunks);
    let Reader { pieces, frames, mut damage, foreign, ended, .. } = reader;
    if foreign > 0 {
        damage.push(Damage::Foreign { octets: foreign });
    }
    if !ended {
        damage.push(Damage::NoEnd);
    }
    Ok(Recording { id: head.id, begun: head.begun, layout, pieces, frames, damage })
}

/// A file whose chunks hold anything, as only who has the key could make one: for what must not harm a reader.
#[doc(hidden)]
pub fn forged(key: &RecordingKey, layout: Layout, chunks: &[&[u8]]) -> Option<Vec<u8>> {
    let id = CallRecordId(Uuid::nil());
    let own = [7; KEY];
    let (_, mut file) = Writer::begin(key, id, Timestamp::UNIX_EPOCH, layout, (own, [7; NONCE]))?;
    let cipher = ChunkCipher::of(&own);
    for (place, text) in (0..).zip(chunks) {
        let sealed = cipher.seal(place, false, text)?;
        file.extend(u32::try_from(sealed.len()).ok()?.to_le_bytes());
        file.extend(sealed);
    }
    Some(file)
}

struct Head {
    layout: u8,
    id: CallRecordId,
    begun: Timestamp,
    key_id: [u8; KEY_ID],
    nonce: [u8; NONCE],
}

impl Head {
    fn read(octets: &[u8]) -> Result<Self, Fault> {
        let (magic, rest) = octets.split_first_chunk::<8>().ok_or(Fault::NoRecording)?;
        let ([version, layout], rest) = rest.split_first_chunk::<2>().ok_or(Fault::NoRecording)?;
        let (id, rest) = rest.split_first_chunk::<16>().ok_or(Fault::NoRecording)?;
        let (begun, rest) = rest.split_first_chunk::<8>().ok_or(Fault::NoRecording)?;
        let (key_id, rest) = rest.split_first_chunk::<KEY_ID>().ok_or(Fault::NoRecording)?;
        let nonce = rest.first_chunk::<NONCE>().ok_or(Fault::NoRecording)?;
        if magic != MAGIC {
            return Err(Fault::NoRecording);
        }
        if *version != VERSION {
            return Err(Fault::Version(*version));
        }
        let begun = Timestamp::from_millisecond(i64::from_le_bytes(*begun)).map_err(|_| Fault::Head)?;
        let id = CallRecordId(Uuid::from_bytes(*id));
        Ok(Self { layout: *layout, id, begun, key_id: *key_id, nonce: *nonce })
    }
}

struct Reader {
    cipher: ChunkCipher,
    tracks: usize,
    /// Of the next chunk.
    place: u64,
    pieces: Vec<Piece>,
    frames: u32,
    damage: Vec<Damage>,
    foreign: u64,
    /// Since the last good one: what looked like chunks, and did not open.
    failed: u32,
    /// Of those the ones that stand one behind the other, and how many octets are left behind the last of them.
    in_row: u64,
    row_ends: usize,
    /// What may still be spent.
    effort: u64,
    ended: bool,
}

impl Reader {
    /// A chunk says where the next one begins; where that was altered the next one is looked for octet by octet.
    fn read(&mut self, chunks: &[u8]) {
        let (mut left, mut looked_at) = (chunks, chunks);
        while !self.ended && !looked_at.is_empty() {
            let skipped = (left.len() - looked_at.len()) as u64;
            let opened = next_chunk(looked_at)
                .and_then(|(sealed, rest)| Some((self.open(sealed, skipped, rest.len())?, rest)));
            if let Some((text, rest)) = opened {
                self.foreign += skipped;
                self.take(&text);
                (left, looked_at) = (rest, rest);
            } else {
                looked_at = looked_at.get(1..).unwrap_or_default();
            }
        }
        while let Some((sealed, rest)) = next_chunk(left).filter(|_| !self.ended) {
            self.foreign += 4 + sealed.len() as u64;
            left = rest;
        }
        // A chunk that was being written when the telephone was killed is part of that; behind the end it is not.
        let torn = !self.ended && is_torn(left);
        self.foreign += if torn { 0 } else { left.len() as u64 };
    }

    /// Where it stands, or, where others are missing before it, further on: the further, the more there is that does not open.
    /// Each one that does not open may stand in place of another: as many places on is tried whatever was spent. `behind`: octets
    /// that are left behind it.
    fn open(&mut self, sealed: &[u8], skipped: u64, behind: usize) -> Option<Vec<u8>> {
        // No octet is in two of a row, so that this takes time in proportion to the file.
        let is_next = behind.saturating_add(4 + sealed.len()) <= self.row_ends;
        let likely = self.place.saturating_add(self.in_row);
        let likely = likely.saturating_sub(NEAR).max(self.place)..=likely.saturating_add(NEAR);
        if is_next {
            for place in likely.clone() {
                if let Some(text) = self.open_at(place, sealed) {
                    return Some(text);
                }
            }
            (self.in_row, self.row_ends) = (self.in_row.saturating_add(1), behind);
        }
        let near = NEAR << self.failed.min(5);
        let furthest = self.place.saturating_add((near + skipped / USUAL_CHUNK).min(MOST_MISSING));
        for place in (self.place..=furthest).filter(|place| !is_next || !likely.contains(place)) {
            self.effort = self.effort.checked_sub(2 * (KEY + sealed.len()) as u64)?;
            if let Some(text) = self.open_at(place, sealed) {
                return Some(text);
            }
        }
        self.failed = self.failed.saturating_add(1);
        None
    }

    fn open_at(&mut self, place: u64, sealed: &[u8]) -> Option<Vec<u8>> {
        for last in [false, true] {
            if let Some(text) = self.cipher.open(place, last, sealed) {
                (self.place, self.failed, self.in_row, self.ended) = (place + 1, 0, 0, last);
                return Some(text);
            }
        }
        None
    }

    /// It was sealed by this program; still, nothing in it is believed beyond its bounds.
    fn take(&mut self, text: &[u8]) {
        let Some((first, mut items)) = text.split_first_chunk::<4>() else { return };
        let missing = u32::from_le_bytes(*first).saturating_sub(self.frames).min(self.room());
        if missing > 0 {
            self.damage.push(Damage::Missing { from: self.frames, frames: missing });
            self.blank(Blank::Spoilt, missing);
        }
        while let Some((kind, rest)) = items.split_first() {
            let taken = match *kind {
                SOUND => self.sound(rest),
                NOTHING => self.nothing(rest),
                _ => None,
            };
            match taken {
                Some(rest) => items = rest,
                None => return,
            }
        }
    }

    /// Frames until the longest call there can be.
    const fn room(&self) -> u32 {
        MOST_FRAMES.saturating_sub(self.frames)
    }

    fn sound<'a>(&mut self, mut items: &'a [u8]) -> Option<&'a [u8]> {
        let mut packets = Vec::with_capacity(self.tracks);
        for _ in 0..self.tracks {
            let (length, rest) = items.split_first_chunk::<2>()?;
            let (packet, rest) = rest.split_at_checked(u16::from_le_bytes(*length).into())?;
            packets.push(packet.into());
            items = rest;
        }
        if self.room() > 0 {
            self.pieces.push(Piece::Sound(packets));
            self.frames += 1;
        }
        Some(items)
    }

    fn nothing<'a>(&mut self, items: &'a [u8]) -> Option<&'a [u8]> {
        let ([why], rest) = items.split_first_chunk::<1>()?;
        let (frames, rest) = rest.split_first_chunk::<4>()?;
        self.blank(blank_of(*why), u32::from_le_bytes(*frames).min(self.room()));
        Some(rest)
    }

    fn blank(&mut self, why: Blank, frames: u32) {
        self.frames += frames;
        if let Some(Piece::Blank(reason, before)) = self.pieces.last_mut()
            && *reason == why
        {
            *before = before.saturating_add(frames);
        } else {
            self.pieces.push(Piece::Blank(why, frames));
        }
    }
}

/// Without what was said.
impl std::fmt::Debug for Recording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { id, frames, damage, .. } = self;
        write!(f, "Recording({id}, {frames} frames, {damage:?})")
    }
}

impl std::fmt::Debug for Piece {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sound(tracks) => write!(f, "Sound({} tracks)", tracks.len()),
            Self::Blank(why, frames) => write!(f, "Blank({why:?}, {frames})"),
        }
    }
}

fn next_chunk(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = octets.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    if !(TAG..=LONGEST_CHUNK).contains(&length) {
        return None;
    }
    rest.split_at_checked(length)
}

/// The beginning of a chunk, or room that the system had made for one.
fn is_torn(tail: &[u8]) -> bool {
    match tail.split_first_chunk::<4>() {
        None => true,
        Some((length, _)) => {
            let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
            (TAG..=LONGEST_CHUNK).contains(&length) || tail.iter().all(|octet| *octet == 0)
        }
    }
}

const fn layout_octet(layout: Layout) -> u8 {
    match layout {
        Layout::Mixed => 1,
        Layout::Stereo => 2,
    }
}

const fn layout_of(octet: u8) -> Option<Layout> {
    match octet {
        1 => Some(Layout::Mixed),
        2 => Some(Layout::Stereo),
        _ => None,
    }
}

const fn blank_octet(why: Blank) -> u8 {
    match why {
        Blank::Paused => 1,
        Blank::Apart => 2,
        Blank::Lost => 3,
        Blank::Spoilt => 4,
    }
}

/// A reason that this version does not know is one all the same.
const fn blank_of(octet: u8) -> Blank {
    match octet {
        1 => Blank::Paused,
        3 => Blank::Lost,
        4 => Blank::Spoilt,
        _ => Blank::Apart,
    }
}

#[cfg(test)]
mod tests;
