use super::*;
use std::sync::{Condvar, Mutex, mpsc};

/// What came to a disk that works as fast as the test lets it.
#[derive(Clone, PartialEq, Debug)]
enum Kept {
    Both(i16, i16),
    Blank(Blank, u32),
    End,
    Gone,
}

struct Disk {
    /// Moments that it may still take.
    go: Arc<(Mutex<u32>, Condvar)>,
    kept: mpsc::Sender<Kept>,
    full: bool,
}

impl Disk {
    fn take(&self, kept: Kept) -> io::Result<()> {
        let mut left = self.go.0.lock().unwrap();
        while *left == 0 {
            left = self.go.1.wait(left).unwrap();
        }
        *left -= 1;
        if self.full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.kept.send(kept).unwrap();
        Ok(())
    }
}

impl Deck for Disk {
    fn both(&mut self, sent: &Frame, received: &Frame) -> io::Result<()> {
        self.take(Kept::Both(sent[0], received[0]))
    }

    fn blank(&mut self, why: Blank, frames: u32) -> io::Result<()> {
        self.take(Kept::Blank(why, frames))
    }

    fn finish(&mut self) -> io::Result<()> {
        self.take(Kept::End)
    }

    fn discard(&mut self) -> io::Result<()> {
        self.kept.send(Kept::Gone).unwrap();
        Ok(())
    }
}

struct World {
    go: Arc<(Mutex<u32>, Condvar)>,
    kept: mpsc::Receiver<Kept>,
    news: mpsc::Receiver<TapeNews>,
}

impl World {
    fn let_go(&self, moments: u32) {
        *self.go.0.lock().unwrap() += moments;
        self.go.1.notify_all();
    }

    fn kept(&self) -> Vec<Kept> {
        self.kept.try_iter().collect()
    }

    fn news(&self) -> Vec<TapeNews> {
        self.news.try_iter().collect()
    }
}

fn conversation(telling: Telling, full: bool) -> (Conversation, World) {
    let go = Arc::<(Mutex<u32>, Condvar)>::default();
    let (kept, seen) = mpsc::channel();
    let (news, heard) = mpsc::channel();
    let disk = Disk { go: Arc::clone(&go), kept, full };
    let begin: BeginTape = Box::new(move || Ok(Box::new(disk) as Box<dyn Deck>));
    let conversation =
        Conversation::begin(begin, telling, move |word| news.send(word).unwrap_or_default()).unwrap();
    (conversation, World { go, kept: seen, news: heard })
}

fn level(sample: i16) -> Frame {
    Frame::from_fn(Rate::Narrow, |_| sample)
}

const FOR_EVER: u32 = 1_000_000;

#[tokio::test]
async fn both_sides_are_kept_but_for_pauses_and_while_they_are_apart() {
    let (mut conversation, world) = conversation(Telling::Nothing, false);
    world.let_go(FOR_EVER);
    conversation.take(false, &level(1), &level(2));
    conversation.take(true, &level(3), &level(4));
    conversation.set_blank(Some(Blank::Paused));
    conversation.take(false, &level(5), &level(6));
    conversation.take(true, &level(5), &level(6));
    conversation.set_blank(None);
    conversation.take(false, &level(7), &level(8));
    conversation.finish().await;
    let kept = [
        Kept::Both(1, 2),
        Kept::Blank(Blank::Apart, 1),
        Kept::Blank(Blank::Paused, 1),
        Kept::Blank(Blank::Paused, 1),
        Kept::Both(7, 8),
        Kept::End,
    ];
    assert_eq!(world.kept(), kept);
    assert_eq!(world.news(), [TapeNews::Ended { complete: true }]);
}

#[tokio::test]
async fn a_disk_that_stalls_delays_nobody_and_what_it_cannot_take_is_told_and_leaves_a_blank() {
    let (mut conversation, world) = conversation(Telling::Nothing, false);
    // Twelve seconds at once: nobody waits for the disk, which takes nothing.
    (0..600).for_each(|n| conversation.take(false, &level(n), &level(n)));
    world.let_go(FOR_EVER);
    let mut kept = Vec::new();
    // Until there is room again.
    while kept.len() < 300 {
        kept.extend(world.kept.recv());
    }
    conversation.take(false, &level(1_000), &level(1_000));
    conversation.finish().await;
    kept.extend(world.kept());
    let lost: u32 = kept
        .iter()
        .filter_map(|kept| if let Kept::Blank(Blank::Lost, n) = kept { Some(*n) } else { None })
        .sum();
    let taken = kept.iter().filter(|kept| matches!(kept, Kept::Both(..))).count();
    assert_eq!(taken + lost as usize, 601, "every frame has its place");
    assert!((95..=100).contains(&lost), "{lost}");
    assert_eq!(
        kept[kept.len() - 2..],
        [Kept::Both(1_000, 1_000), Kept::End],
        "and it goes on behind the blank"
    );
    assert_eq!(
        world.news(),
        [TapeNews::Fault(RecordingFault::DiskSlow), TapeNews::Ended { complete: false }]
    );
}

#[tokio::test]
async fn what_is_lost_at_the_very_end_is_told_as_well() {
    let (mut conversation, world) = conversation(Telling::Nothing, false);
    (0..600).for_each(|n| conversation.take(false, &level(n), &level(n)));
    let ended = tokio::spawn(conversation.finish());
    world.let_go(FOR_EVER);
    ended.await.unwrap();
    let kept = world.kept();
    assert!(matches!(kept[kept.len() - 2..], [Kept::Blank(Blank::Lost, 95..=100), Kept::End]));
    assert_eq!(
        world.news(),
        [TapeNews::Fault(RecordingFault::DiskSlow), TapeNews::Ended { complete: false }]
    );
}

#[tokio::test]
async fn a_full_disk_is_told_once_and_harms_nobody() {
    let (mut conversation, world) = conversation(Telling::Nothing, true);
    world.let_go(FOR_EVER);
    let told = loop {
        conversation.take(false, &level(1), &level(1));
        if let Ok(told) = world.news.try_recv() {
            break told;
        }
        tokio::task::yield_now().await;
    };
    (0..1_000).for_each(|_| conversation.take(false, &level(1), &level(1)));
    conversation.finish().await;
    assert_eq!((told, world.news()), (TapeNews::Fault(RecordingFault::DiskFull), vec![]));
}

#[tokio::test]
async fn a_file_that_cannot_be_made_is_told() {
    let (news, heard) = mpsc::channel();
    let begin: BeginTape = Box::new(|| Err(io::ErrorKind::PermissionDenied.into()));
    let conversation =
        Conversation::begin(begin, Telling::Nothing, move |word| news.send(word).unwrap_or_default())
            .unwrap();
    conversation.finish().await;
    assert_eq!(heard.try_iter().collect::<Vec<_>>(), [TapeNews::Fault(RecordingFault::NotWritten)]);
}

#[tokio::test]
async fn what_is_refused_is_thrown_away_though_the_disk_lags_behind() {
    let (mut conversation, world) = conversation(Telling::Nothing, false);
    (0..100).for_each(|n| conversation.take(false, &level(n), &level(n)));
    let ending = conversation.discard();
    world.let_go(FOR_EVER);
    ending.wait().await;
    let kept: Vec<Kept> = world.kept.iter().collect();
    assert_eq!(kept.last(), Some(&Kept::Gone));
    assert!(!kept.contains(&Kept::End) && kept.len() < 5, "{kept:?}");
    assert_eq!(world.news(), [TapeNews::Discarded]);
}

#[tokio::test]
async fn a_tone_is_heard_at_once_and_again_in_its_time_but_not_in_a_pause() {
    let (mut conversation, world) = conversation(Telling::Tone(Duration::from_secs(15)), false);
    world.let_go(FOR_EVER);
    let heard = |conversation: &mut Conversation, frames: u32| {
        (0..frames)
            .map(|_| conversation.telling(Rate::Narrow).is_some_and(|frame| !frame.is_silent()))
            .collect::<Vec<_>>()
    };
    let told = heard(&mut conversation, 1_600);
    let starts: Vec<_> = (0..told.len()).filter(|at| told[*at] && (*at == 0 || !told[at - 1])).collect();
    assert_eq!(starts, [0, 750, 1_500]);
    assert_eq!(told.iter().filter(|told| **told).count(), 75, "half a second each");
    conversation.set_blank(Some(Blank::Paused));
    assert!(!heard(&mut conversation, 1_600).contains(&true));
    conversation.finish().await;
}

/// Half a second that is loud.
fn announcement() -> WavSource {
    use crate::audio::{Sink as _, WavRecorder};
    let file = std::env::temp_dir().join(format!(
        "patchcord-announcement-{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    ));
    let _ = std::fs::remove_file(&file);
    let mut wav = WavRecorder::create(&file).ok().unwrap();
    (0..25).for_each(|_| wav.write(&level(9_000), &level(9_000)).unwrap());
    wav.finish().unwrap();
    let source = WavSource::open(&file).ok().unwrap();
    std::fs::remove_file(&file).unwrap();
    source
}

#[tokio::test]
async fn nothing_that_a_client_says_is_kept_before_they_were_told() {
    let (mut conversation, world) = conversation(Telling::Voice(announcement()), false);
    world.let_go(FOR_EVER);
    for tick in 0..40 {
        let telling = conversation.telling(Rate::Narrow);
        assert_eq!(telling.is_some(), tick < 25, "tick {tick}");
        let sent = telling.unwrap_or(level(1));
        conversation.take(false, &sent, &level(500));
    }
    conversation.finish().await;
    let kept = world.kept();
    assert!(kept[..25].iter().all(|kept| matches!(kept, Kept::Both(8_900..=9_100, 0))), "{:?}", &kept[..25]);
    assert!(kept[25..40].iter().all(|kept| *kept == Kept::Both(1, 500)), "{:?}", &kept[25..]);
    assert_eq!(world.news(), [TapeNews::Announced, TapeNews::Ended { complete: true }]);
}
