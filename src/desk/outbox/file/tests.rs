use jiff::Timestamp;

use super::*;
use crate::desk_api::{CallRecord, CallRecordId, Direction, Order, OrderId, Outcome, Party, Picked};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("patchcord-outbox-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        Self(folder)
    }

    fn path(&self) -> PathBuf {
        self.0.join("outbox")
    }

    fn open(&self, token: &str) -> (OutboxFile, Recovered) {
        OutboxFile::open(&self.path(), &Secret::new(token), [7; 32]).unwrap()
    }

    fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.path()).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn record(number: u8, revision: u32) -> Entry {
    Entry::Call(Box::new(call_record(number, revision)))
}

fn call_record(number: u8, revision: u32) -> CallRecord {
    CallRecord {
        id: CallRecordId::new(Timestamp::UNIX_EPOCH, [number; 10]),
        revision,
        call_id: format!("call-{number}"),
        direction: Direction::Inbound,
        line: Some(1),
        operator: "Соколова".into(),
        caller: Party { written: Some("+79161234567".into()), ..Party::default() },
        called: Party::default(),
        client: None,
        matched: None,
        started_at: Timestamp::UNIX_EPOCH,
        answered_at: None,
        ended_at: Some(Timestamp::UNIX_EPOCH),
        outcome: Some(Outcome::Completed),
        status: None,
        transfers: vec![],
        voice: None,
        result: None,
        picked: Picked::default(),
        note: None,
        recording: None,
    }
}

/// Of a call that goes on.
fn standing(number: u8, revision: u32) -> Entry {
    Entry::Call(Box::new(CallRecord { ended_at: None, outcome: None, ..call_record(number, revision) }))
}

fn order(number: u8, revision: u32) -> Entry {
    let order: Order = serde_json::from_value(serde_json::json!({
        "id": OrderId::new(Timestamp::UNIX_EPOCH, [number; 10]), "revision": revision, "client": uuid::Uuid::nil(),
        "note": "у ворот",
    }))
    .unwrap();
    Entry::Order(Box::new(order))
}

fn place(number: u8, revision: u32) -> Entry {
    Entry::Place {
        id: OrderId::new(Timestamp::UNIX_EPOCH, [number; 10]),
        revision,
        command: Uuid::from_u128(number.into()),
    }
}

fn revisions(recovered: &Recovered) -> Vec<(String, u32)> {
    let revision = |entry: &Entry| match entry {
        Entry::Call(record) => (record.call_id.clone(), record.revision),
        Entry::Order(order) => ("order".into(), order.revision),
        Entry::Task(_) => ("task".into(), 0),
        Entry::Prospect(_) => ("prospect".into(), 0),
        Entry::Place { revision, .. } => ("place".into(), *revision),
        Entry::Act { .. } => ("act".into(), 0),
    };
    recovered.waiting.iter().map(revision).collect()
}

#[test]
fn entries_of_a_killed_process_wait_in_order() {
    let folder = Folder::new("order");
    let (mut file, _) = folder.open("token");
    for (number, revision) in [(1, 1), (2, 1), (1, 2)] {
        file.append(&[record(number, revision)]).unwrap();
    }
    drop(file);
    let (_, recovered) = folder.open("token");
    assert_eq!(revisions(&recovered), [("call-1".into(), 2), ("call-2".into(), 1)]);
}

#[test]
fn what_was_delivered_does_not_come_back_but_a_later_revision_does() {
    let folder = Folder::new("delivered");
    let (mut file, _) = folder.open("token");
    file.append(&[record(1, 1)]).unwrap();
    file.append(&[record(2, 1)]).unwrap();
    file.done(record(1, 1).command(), &[record(2, 1)]).unwrap();
    file.append(&[record(1, 2)]).unwrap();
    drop(file);
    let (mut file, recovered) = folder.open("token");
    assert_eq!(revisions(&recovered), [("call-2".into(), 1), ("call-1".into(), 2)]);
    file.done(record(2, 1).command(), &[record(1, 2)]).unwrap();
    file.done(record(1, 2).command(), &[]).unwrap();
    assert!(folder.bytes().is_empty());
}

#[test]
fn a_row_torn_at_any_octet_costs_no_other_row() {
    let folder = Folder::new("torn");
    let (mut file, _) = folder.open("token");
    file.append(&[record(1, 1)]).unwrap();
    let whole = folder.bytes().len();
    file.append(&[record(2, 1)]).unwrap();
    drop(file);
    let bytes = folder.bytes();
    for cut in (whole..bytes.len()).step_by(3) {
        // Some file systems leave room made of zeros where the rest of the row was to come.
        let tail = if cut % 2 == 0 { &[][..] } else { &[0; 40][..] };
        std::fs::write(folder.path(), [&bytes[..cut], tail].concat()).unwrap();
        let (mut file, recovered) = folder.open("token");
        assert_eq!(revisions(&recovered), [("call-1".into(), 1)], "cut at {cut}");
        file.append(&[record(3, 1)]).unwrap();
        drop(file);
        let (_, recovered) = folder.open("token");
        assert_eq!(revisions(&recovered), [("call-1".into(), 1), ("call-3".into(), 1)], "cut at {cut}");
    }
}

#[test]
fn a_revision_kept_while_the_one_before_was_on_its_way_is_still_waiting() {
    let folder = Folder::new("overtaken");
    let (mut file, _) = folder.open("token");
    file.append(&[record(1, 1)]).unwrap();
    file.append(&[record(1, 2)]).unwrap();
    file.done(record(1, 1).command(), &[record(1, 2)]).unwrap();
    drop(file);
    let (_, recovered) = folder.open("token");
    assert_eq!(revisions(&recovered), [("call-1".into(), 2)]);
}

#[test]
fn a_last_row_whose_length_alone_reached_the_disk_is_no_damage() {
    let folder = Folder::new("length");
    let (mut file, _) = folder.open("token");
    file.append(&[record(1, 1)]).unwrap();
    let whole = folder.bytes().len();
    file.append(&[record(2, 1)]).unwrap();
    drop(file);
    let mut bytes = folder.bytes();
    bytes[whole + 20..].fill(0);
    // The key's id of the row is there, its text is not.
    std::fs::write(folder.path(), &bytes).unwrap();
    let (_, recovered) = folder.open("token");
    assert_eq!((revisions(&recovered), recovered.damaged), (vec![("call-1".into(), 1)], 0));
    assert_eq!(folder.bytes().len(), whole);
}

#[test]
fn a_damaged_row_costs_itself_alone() {
    let folder = Folder::new("damaged");
    let (mut file, _) = folder.open("token");
    file.append(&[record(1, 1)]).unwrap();
    let first = folder.bytes().len();
    file.append(&[record(2, 1)]).unwrap();
    drop(file);
    let mut bytes = folder.bytes();
    bytes[first - 1] ^= 1;
    std::fs::write(folder.path(), &bytes).unwrap();
    let (_, recovered) = folder.open("token");
    assert_eq!((revisions(&recovered), recovered.damaged), (vec![("call-2".into(), 1)], 1));
}

#[test]
fn octets_that_no_crash_leaves_behind_are_put_aside() {
    let folder = Folder::new("aside");
    let (mut file, _) = folder.open("token");
    file.append(&[record(1, 1)]).unwrap();
    drop(file);
    std::fs::write(folder.path(), [folder.bytes(), b"\xff\xff\xff\xffrubbish".to_vec()].concat()).unwrap();
    let (_, recovered) = folder.open("token");
    assert_eq!(revisions(&recovered), [("call-1".into(), 1)]);
    assert!(std::fs::read(folder.0.join("outbox.damaged")).unwrap().ends_with(b"rubbish"));
}

#[test]
fn nothing_of_an_entry_can_be_read_in_the_file() {
    let folder = Folder::new("secret");
    let (mut file, _) = folder.open("token");
    file.append(&[record(1, 1)]).unwrap();
    let bytes = folder.bytes();
    for text in ["79161234567", "Соколова", "call-1", "inbound"] {
        assert!(!bytes.windows(text.len()).any(|window| window == text.as_bytes()), "{text}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn entries_of_another_token_are_kept_until_it_is_used_again() {
    let folder = Folder::new("token");
    let (mut file, _) = folder.open("old");
    file.append(&[record(1, 1)]).unwrap();
    drop(file);
    let (mut file, recovered) = folder.open("new");
    assert_eq!((recovered.waiting.len(), recovered.unreadable), (0, 1));
    file.append(&[record(2, 1)]).unwrap();
    file.done(record(2, 1).command(), &[]).unwrap();
    drop(file);
    let (_, recovered) = folder.open("old");
    // What the new token delivered has left nothing behind.
    assert_eq!((revisions(&recovered), recovered.unreadable), (vec![("call-1".into(), 1)], 0));
}

#[test]
fn a_second_process_is_told_that_the_outbox_is_in_use() {
    let folder = Folder::new("lock");
    let (_file, _) = folder.open("token");
    let second = OutboxFile::open(&folder.path(), &Secret::new("token"), [8; 32]);
    assert!(matches!(second, Err(OutboxError::InUse)));
}

#[test]
fn a_long_outage_does_not_leave_a_long_file() {
    let folder = Folder::new("compact");
    let (mut file, _) = folder.open("token");
    let mut revision = 1;
    while folder.bytes().len() as u64 <= COMPACT_ABOVE {
        for _ in 0..200 {
            revision += 1;
            let row = file.row(&Row::Entry(record(1, revision))).unwrap();
            file.write(&row).unwrap();
        }
    }
    file.append(&[record(2, 1)]).unwrap();
    file.done(record(1, revision).command(), &[record(2, 1)]).unwrap();
    assert!(folder.bytes().len() < 2000);
    file.append(&[record(3, 1)]).unwrap();
    drop(file);
    let (_, recovered) = folder.open("token");
    assert_eq!(revisions(&recovered), [("call-2".into(), 1), ("call-3".into(), 1)]);
}

#[test]
fn what_a_killed_telephone_left_open_is_closed_once_though_the_desk_had_it() {
    let folder = Folder::new("open");
    let (mut file, _) = folder.open("token");
    file.append(&[standing(1, 1)]).unwrap();
    file.done(standing(1, 1).command(), &[]).unwrap();
    file.append(&[standing(2, 1)]).unwrap();
    file.append(&[standing(1, 2)]).unwrap();
    let killed_at =
        Timestamp::try_from(std::fs::metadata(folder.path()).unwrap().modified().unwrap()).unwrap();
    drop(file);
    let (file, recovered) = folder.open("token");
    let closed = |entry: &Entry| match entry {
        Entry::Call(record) => (record.call_id.clone(), record.revision, record.ended_at, record.outcome),
        _ => unreachable!("there were calls alone"),
    };
    let ends: Vec<_> = recovered.waiting.iter().map(closed).collect();
    let failed = Some(Outcome::Failed);
    let expected =
        [("call-1".into(), 3, Some(killed_at), failed), ("call-2".into(), 2, Some(killed_at), failed)];
    assert_eq!(ends, expected);
    // Killed again before the desk had it: the same revision says the same.
    drop(file);
    let (mut file, recovered) = folder.open("token");
    assert_eq!(recovered.waiting.iter().map(closed).collect::<Vec<_>>(), expected);
    file.done(record(1, 3).command(), &[record(2, 2)]).unwrap();
    file.done(record(2, 2).command(), &[]).unwrap();
    assert!(folder.bytes().is_empty());
}

#[test]
fn a_call_that_goes_on_outlives_a_file_that_is_written_anew() {
    let folder = Folder::new("goes-on");
    let (mut file, _) = folder.open("old");
    file.append(&[record(9, 1)]).unwrap();
    drop(file);
    let (mut file, _) = folder.open("token");
    file.append(&[standing(1, 1)]).unwrap();
    file.append(&[record(2, 1)]).unwrap();
    file.done(standing(1, 1).command(), &[record(2, 1)]).unwrap();
    let left = file.left(&[record(2, 1)]).unwrap();
    file.put_in_place(&left).unwrap();
    file.done(record(2, 1).command(), &[]).unwrap();
    drop(file);
    let (_, recovered) = folder.open("token");
    assert_eq!((revisions(&recovered), recovered.unreadable), (vec![("call-1".into(), 2)], 1));
}

#[test]
fn an_order_torn_at_any_octet_costs_nothing_that_was_kept() {
    let folder = Folder::new("torn-order");
    let (mut file, _) = folder.open("token");
    file.append(&[order(1, 1)]).unwrap();
    let whole = folder.bytes().len();
    file.append(&[order(1, 2), place(1, 2)]).unwrap();
    drop(file);
    let bytes = folder.bytes();
    let mut seen = Vec::new();
    for cut in whole..=bytes.len() {
        std::fs::write(folder.path(), &bytes[..cut]).unwrap();
        let (_, recovered) = folder.open("token");
        assert_eq!(recovered.damaged, 0, "cut at {cut}");
        let revisions = revisions(&recovered);
        if seen.last() != Some(&revisions) {
            seen.push(revisions);
        }
    }
    let (one, two, placed) = (("order".into(), 1), ("order".into(), 2), ("place".into(), 2));
    assert_eq!(seen, [vec![one], vec![two.clone()], vec![two, placed]], "never a place without its order");
}

#[test]
fn what_the_desk_has_of_an_order_stays_no_longer_and_what_is_to_be_done_with_it_does() {
    let folder = Folder::new("order-done");
    let (mut file, _) = folder.open("token");
    file.append(&[order(1, 1)]).unwrap();
    file.append(&[place(1, 1), order(1, 2)]).unwrap();
    file.done(order(1, 1).command(), &[place(1, 1), order(1, 2)]).unwrap();
    drop(file);
    let (mut file, recovered) = folder.open("token");
    assert_eq!(revisions(&recovered), [("place".into(), 1), ("order".into(), 2)]);
    file.done(place(1, 1).command(), &[order(1, 2)]).unwrap();
    file.done(order(1, 2).command(), &[]).unwrap();
    assert!(folder.bytes().is_empty());
}

#[test]
fn an_hour_of_typing_while_the_desk_is_away_leaves_no_long_file() {
    let folder = Folder::new("typing");
    let (mut file, _) = folder.open("token");
    let order = |revision| match order(1, revision) {
        Entry::Order(mut order) => {
            order.note = Some("x".repeat(100_000));
            Entry::Order(order)
        }
        entry => entry,
    };
    for revision in 1..=30 {
        let order = order(revision);
        file.append(std::slice::from_ref(&order)).unwrap();
        if file.is_long() {
            file.compact(&[order]).unwrap();
        }
        assert!(folder.bytes().len() as u64 <= COMPACT_ABOVE);
    }
    drop(file);
    assert_eq!(revisions(&folder.open("token").1), [("order".into(), 30)]);
}

#[test]
fn an_order_that_is_too_large_keeps_no_other_away() {
    let folder = Folder::new("too-large");
    let (mut file, _) = folder.open("token");
    let Entry::Order(mut large) = order(1, 1) else { unreachable!("it is one") };
    large.note = Some("x".repeat(LONGEST_ROW));
    let kept = file.append(&[record(1, 1), Entry::Order(large), order(2, 1)]);
    assert!(matches!(kept, Err(OutboxError::TooLarge)));
    drop(file);
    assert_eq!(revisions(&folder.open("token").1), [("call-1".into(), 1), ("order".into(), 1)]);
}
