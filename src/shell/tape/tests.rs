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
    asked: mpsc::Sender<()>,
    kept: mpsc::Sender<Kept>,
    full: bool,
}

impl Disk {
    fn take(&self, kept: Kept) -> io::Result<()> {
        let _ = self.asked.send(());
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
    /// A word for each moment that came as far as the disk.
    asked: mpsc::Receiver<()>,
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
    let (asks, asked) = mpsc::channel();
    let (news, heard) = mpsc::channel();
    let disk = Disk { go: Arc::clone(&go), asked: asks, kept, full };
    let begin: BeginTape = Box::new(move || Ok(Box::new(disk) as Box<dyn Deck>));
    let conversation =
        Conversation::begin(begin, telling, move |word| news.send(word).unwrap_or_default()).unwrap();
    (conversation, World { go, asked, kept: seen, news: heard })
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
    conversation.take(false, &level(0), &level(0));
    world.asked.recv().unwrap();
    // One is on its way to the disk, and room is for 500 more.
    (1..600).for_each(|n| conversation.take(false, &level(n), &level(n)));
    let ended = tokio::spawn(conversation.finish());
    world.let_go(FOR_EVER);
    ended.await.unwrap();
    let kept = world.kept();
    assert!(matches!(kept[kept.len() - 2..], [Kept::Blank(Blank::Lost, 99), Kept::End]));
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

/// Until the thread has told of its fault: then the conversation takes nothing more.
async fn told(conversation: &mut Conversation, world: &World) -> TapeNews {
    loop {
        conversation.take(false, &level(1), &level(1));
        if let Ok(told) = world.news.try_recv() {
            return told;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_was_recorded_before_a_fault_can_still_be_refused() {
    let (mut conversation, world) = conversation(Telling::Nothing, true);
    world.let_go(FOR_EVER);
    let fault = told(&mut conversation, &world).await;
    conversation.discard().wait().await;
    assert_eq!((fault, world.news()), (TapeNews::Fault(RecordingFault::DiskFull), vec![TapeNews::Discarded]));
    assert_eq!(world.kept(), [Kept::Gone]);
}

#[tokio::test]
async fn a_refusal_that_comes_with_a_fault_is_carried_out() {
    let (mut conversation, world) = conversation(Telling::Nothing, true);
    // The disk does not say yet that it is full.
    (0..10).for_each(|_| conversation.take(false, &level(1), &level(1)));
    let ending = conversation.discard();
    world.let_go(FOR_EVER);
    ending.wait().await;
    assert_eq!(world.kept(), [Kept::Gone]);
    assert_eq!(world.news().last(), Some(&TapeNews::Discarded));
}

/// Duty 26: what a client is told is true.
#[tokio::test]
async fn a_client_is_not_told_of_a_recording_that_has_ended() {
    for telling in [Telling::Tone(Duration::from_secs(1)), Telling::Voice(announcement())] {
        let (mut conversation, world) = conversation(telling, true);
        assert!(conversation.telling(Rate::Narrow).is_some());
        world.let_go(FOR_EVER);
        told(&mut conversation, &world).await;
        for tick in 0..200 {
            conversation.take(false, &level(1), &level(1));
            assert_eq!(conversation.telling(Rate::Narrow), None, "tick {tick}");
            assert!(!conversation.is_announcing());
        }
        conversation.finish().await;
        assert_eq!(world.news(), [], "nobody was told anything that would be over");
    }
}

/// An encoder that breaks down.
struct Breaks(mpsc::Sender<Kept>);

impl Deck for Breaks {
    fn both(&mut self, _sent: &Frame, _received: &Frame) -> io::Result<()> {
        panic!("as a test wants it")
    }

    fn blank(&mut self, _why: Blank, _frames: u32) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn discard(&mut self) -> io::Result<()> {
        self.0.send(Kept::Gone).map_err(io::Error::other)
    }
}

#[tokio::test]
async fn a_recording_whose_thread_breaks_down_is_told_and_can_be_refused() {
    let (kept, seen) = mpsc::channel();
    let (news, heard) = mpsc::channel();
    let begin: BeginTape = Box::new(|| Ok(Box::new(Breaks(kept)) as Box<dyn Deck>));
    let mut conversation =
        Conversation::begin(begin, Telling::Nothing, move |word| news.send(word).unwrap_or_default())
            .unwrap();
    conversation.take(false, &level(1), &level(1));
    assert_eq!(heard.recv(), Ok(TapeNews::Fault(RecordingFault::NotWritten)));
    conversation.discard().wait().await;
    assert_eq!(heard.try_iter().collect::<Vec<_>>(), [TapeNews::Discarded]);
    assert_eq!(seen.try_iter().collect::<Vec<_>>(), [Kept::Gone]);
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
pub(in crate::shell) fn announcement() -> WavSource {
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

/// Somebody else takes the client's place meanwhile.
#[tokio::test]
async fn an_announcement_waits_for_whom_it_is_for_and_goes_on_where_it_was() {
    let (mut conversation, world) = conversation(Telling::Voice(announcement()), false);
    world.let_go(FOR_EVER);
    for tick in 0..70 {
        let away = (10..40).contains(&tick);
        conversation.set_blank(away.then_some(Blank::Apart));
        conversation.set_waiting(away);
        let telling = conversation.telling(Rate::Narrow);
        assert_eq!(telling.is_some(), tick < 10 || (40..55).contains(&tick), "tick {tick}");
        assert_eq!(conversation.is_announcing(), tick < 55, "tick {tick}");
        conversation.take(false, &telling.unwrap_or(level(1)), &level(500));
    }
    conversation.finish().await;
    let kept = world.kept();
    assert!(kept[10..40].iter().all(|kept| *kept == Kept::Blank(Blank::Apart, 1)), "{kept:?}");
    assert!(kept[40..55].iter().all(|kept| matches!(kept, Kept::Both(8_900..=9_100, 0))), "{kept:?}");
    assert!(kept[55..70].iter().all(|kept| *kept == Kept::Both(1, 500)), "{kept:?}");
}
