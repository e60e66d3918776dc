//! Two lines in a conference, tick by tick on a time of its own: who hears whom, and how loud.

use super::*;

/// Whom the operator's headset belongs to hears this, and says 1000.
#[derive(Clone, Default)]
struct Ear(Arc<Mutex<i16>>);

impl Earpiece for Ear {
    fn play(&mut self, frame: &Frame) -> bool {
        *self.0.lock().unwrap() = frame[80];
        true
    }
}

/// A far end that says one sample over and over, and what it hears.
struct Party {
    voice: Voice,
    far_end: std::net::UdpSocket,
    says: u8,
    spoken: u16,
    heard: i16,
}

impl Party {
    /// 2016 and 4032 in A-law.
    const LOW: u8 = 0xea;
    const HIGH: u8 = 0x9a;

    fn new(headset: &Headset, ear: &Ear, says: u8) -> Self {
        let (mut voice, far_end) = answered(headset, None);
        voice.earpiece = Some(Box::new(ear.clone()));
        Self { voice, far_end, says, spoken: 0, heard: 0 }
    }

    fn level(&self) -> i16 {
        Codec::Pcma.decode(&[self.says])[0]
    }

    fn tick(&mut self, now: Instant) {
        let [high, low] = self.spoken.to_be_bytes();
        let [_, _, third, fourth] = (u32::from(self.spoken) * 160).to_be_bytes();
        let header = [0x80, 8, high, low, 0, 0, third, fourth, 0, 0, 0, 1];
        let packet: Vec<u8> = header.into_iter().chain([self.says; 160]).collect();
        self.spoken += 1;
        let from = self.far_end.local_addr().unwrap();
        self.voice.stream.handle_rtp(now, received(from, self.voice.local, Some(&packet)));
        self.voice.tick(now);
        self.voice.drain();
        let mut packet = [0; 512];
        let length = self.far_end.recv(&mut packet).unwrap();
        self.heard = Codec::Pcma.decode(&packet[12..length])[80];
    }
}

/// Client and colleague with the operator.
struct Table {
    client: Party,
    colleague: Party,
    headset: Headset,
    ear: Ear,
    now: Instant,
}

const OPERATOR: i16 = 1_000;

impl Table {
    fn new() -> Self {
        let (headset, ear) = (Headset::default(), Ear::default());
        let client = Party::new(&headset, &ear, Party::LOW);
        let colleague = Party::new(&headset, &ear, Party::HIGH);
        let now = client.voice.clock.now();
        let mut table = Self { client, colleague, headset, ear, now };
        table.seat(Seat::pair().map(Some));
        table
    }

    fn seat(&mut self, [first, second]: [Option<Seat>; 2]) {
        self.client.voice.obey(ToLine::Confer(first));
        self.colleague.voice.obey(ToLine::Confer(second));
    }

    /// Half a second, so that playout has begun; the lines tick 7 ms apart.
    fn talk(&mut self) -> (i16, i16, i16) {
        for _ in 0..25 {
            self.client.tick(self.now);
            self.colleague.tick(self.now + Duration::from_millis(7));
            self.now = self.now + TICK;
        }
        (self.client.heard, self.colleague.heard, *self.ear.0.lock().unwrap())
    }

    /// Client, colleague and operator hear this, as exactly as A-law says it.
    #[track_caller]
    fn hear(&mut self, client: i16, colleague: i16, operator: i16) {
        let heard = self.talk();
        let near = near(heard.0, client) && near(heard.1, colleague) && near(heard.2, operator);
        assert!(near, "{heard:?}, not {:?}", (client, colleague, operator));
    }

    fn levels(&self) -> (i16, i16) {
        (self.client.level(), self.colleague.level())
    }
}

#[tokio::test]
async fn each_hears_the_two_others_and_not_itself() {
    let mut table = Table::new();
    let (client, colleague) = table.levels();
    assert_eq!((client, colleague), (2_016, 4_032));
    table.hear(OPERATOR + colleague, OPERATOR + client, client + colleague);
}

/// Near enough for A-law.
fn near(heard: i16, wanted: i16) -> bool {
    (heard - wanted).abs() <= wanted / 32 + 8
}

#[tokio::test]
async fn lines_of_different_rates_hear_each_other() {
    let (headset, ear) = (Headset::default(), Ear::default());
    let mut client = Party::new(&headset, &ear, Party::LOW);
    let [first, mut colleague] = Seat::pair();
    client.voice.obey(ToLine::Confer(Some(first)));
    let (nobody, says) = (Frame::silence(Rate::Full), Frame::from_fn(Rate::Full, |_| 3_000));
    let (mut now, mut heard) = (client.voice.clock.now(), nobody);
    for _ in 0..25 {
        client.tick(now);
        let others = colleague.hear();
        heard = colleague.sent.mix(Rate::Full, &nobody, &others);
        colleague.tell(&nobody, &says);
        now = now + TICK;
    }
    let (said, operator) = (client.level(), *ear.0.lock().unwrap());
    assert!(near(client.heard, OPERATOR + 3_000), "{}", client.heard);
    assert!(near(operator, said + 3_000), "{operator}");
    assert_eq!(heard.rate(), Rate::Full);
    assert!(heard.iter().all(|sample| near(*sample, OPERATOR + said)), "{heard:?}");
}

#[tokio::test]
async fn one_line_has_the_headset() {
    let mut table = Table::new();
    table.headset.picked_up_played_forgot();
    table.talk();
    assert_eq!(table.headset.picked_up_played_forgot(), (25, 0, 0), "once a tick");
    table.seat([None, None]);
    table.client.voice.obey(ToLine::Confer(None));
    assert_eq!(table.headset.picked_up_played_forgot().2, 1, "the one that had none may have it now");
}

#[tokio::test]
async fn the_others_hear_each_other_while_the_operator_is_muted() {
    let mut table = Table::new();
    let (client, colleague) = table.levels();
    for voice in [&mut table.client.voice, &mut table.colleague.voice] {
        voice.obey(ToLine::Mute(true));
    }
    table.hear(colleague, client, client + colleague);
}

#[tokio::test]
async fn music_of_a_far_end_that_holds_us_is_not_played_to_the_others() {
    for client_holds in [true, false] {
        let mut table = Table::new();
        let (client, colleague) = table.levels();
        let holds = if client_holds { &mut table.client } else { &mut table.colleague };
        holds.voice.held_by_them = true;
        match client_holds {
            true => table.hear(OPERATOR + colleague, OPERATOR, colleague),
            false => table.hear(OPERATOR, OPERATOR + client, client),
        }
    }
}

#[tokio::test]
async fn whoever_is_without_the_operator_hears_nothing_and_is_not_heard() {
    let mut table = Table::new();
    let (client, _) = table.levels();
    table.colleague.voice.operator = false;
    table.hear(OPERATOR, 0, client);

    let mut table = Table::new();
    table.client.voice.operator = false;
    let (to_client, to_colleague, _) = table.talk();
    assert!(to_client.abs() <= 8 && to_colleague.abs() <= 8, "{:?}", (to_client, to_colleague));
}

#[tokio::test]
async fn who_is_left_goes_on_with_the_headset() {
    let mut table = Table::new();
    table.talk();
    let (_, colleague) = table.levels();
    table.client.voice.operator = false;
    table.seat([None, None]);
    table.hear(0, OPERATOR, colleague);
}
