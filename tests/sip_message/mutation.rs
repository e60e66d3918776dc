//! Mutations of real and of tortuous messages, always the same ones: nothing panics, and what is read
//! reads the same when printed.

use crate::data;
use crate::exercise::{exercise, exercise_field, exercise_notifications};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::path::Path;

const INPUTS: usize = 50_000;

/// What the grammar is made of, and what breaks it.
const TOKENS: [&str; 40] = [
    "\r\n",
    "\n",
    "\r",
    "\r\n ",
    "\r\n\r\n",
    "\t",
    " ",
    ",",
    ";",
    ":",
    "=",
    "\"",
    "\\\"",
    "\\",
    "<",
    ">",
    "<sip:",
    "@",
    "?",
    "%00",
    "%",
    "%FF",
    "[::1]",
    "[",
    "]",
    "*",
    ";tag=",
    ";lr",
    ";expires=4294967296",
    "z9hG4bK",
    "4294967296",
    "-1",
    "\u{fffd}",
    "김",
    "SIP/2.0",
    "Content-Length: 0\r\n",
    "Via: SIP/2.0/UDP x\r\n",
    "Digest ",
    "()",
    "\0",
];

struct Mutator {
    rng: ChaCha8Rng,
    corpus: Vec<Vec<u8>>,
}

impl Mutator {
    fn new(seed: u8) -> Self {
        let files = data("torture", "dat").into_iter().chain(data("traces", "sip"));
        Self { rng: ChaCha8Rng::from_seed([seed; 32]), corpus: files.map(|(_, octets)| octets).collect() }
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.rng.next_u32()).unwrap() % limit.max(1)
    }

    fn pick(&mut self) -> Vec<u8> {
        let at = self.below(self.corpus.len());
        self.corpus[at].clone()
    }

    fn range(&mut self, octets: &[u8], most: usize) -> std::ops::Range<usize> {
        let start = self.below(octets.len() + 1);
        start..(start + self.below(most)).min(octets.len())
    }

    fn input(&mut self) -> Vec<u8> {
        let mut octets = self.pick();
        for _ in 0..=self.below(4) {
            self.mutate(&mut octets);
        }
        octets
    }

    fn mutate(&mut self, octets: &mut Vec<u8>) {
        let at = self.below(octets.len() + 1);
        match self.below(8) {
            0 => {
                if let Some(octet) = octets.get_mut(at) {
                    *octet ^= 1 << (self.rng.next_u32() % 8);
                }
            }
            1 => drop(octets.drain(self.range(octets, 40))),
            2 => octets.truncate(at),
            3 => {
                let repeated = octets[self.range(octets, 60)].repeat(1 + self.below(3));
                octets.splice(at..at, repeated);
            }
            4 => {
                let other = self.pick();
                let piece = other[self.range(&other, 200)].to_vec();
                octets.splice(at..at, piece);
            }
            _ => {
                let token = TOKENS[self.below(TOKENS.len())];
                octets.splice(at..at, token.bytes());
            }
        }
    }
}

#[test]
fn mutated_messages_harm_nothing() {
    let mut mutator = Mutator::new(1);
    let mut read = 0;
    for _ in 0..INPUTS {
        read += usize::from(exercise(&mutator.input()));
    }
    // Mutations so gentle, or so wild, that they test nothing would show here.
    assert!((INPUTS / 10..INPUTS * 9 / 10).contains(&read), "{read}");
}

#[test]
fn mutated_fields_harm_nothing() {
    let mut mutator = Mutator::new(2);
    for _ in 0..INPUTS / 50 {
        let octets = mutator.input();
        let text = String::from_utf8_lossy(&octets);
        for value in text.lines().filter_map(|line| Some(line.split_once(':')?.1)) {
            exercise_field(value);
        }
    }
}

/// What the fuzz targets found, or were given to start from.
#[test]
fn inputs_kept_from_fuzzing_harm_nothing() {
    let replayed = replay("sip_codec", |octets| {
        exercise(octets);
    });
    let headers = replay("sip_header", |octets| exercise_field(&String::from_utf8_lossy(octets)));
    let notifications = replay("notification", |octets| {
        exercise_notifications(octets);
    });
    assert!(replayed >= 9 && headers >= 6 && notifications >= 6);
}

fn replay(target: &str, run: impl Fn(&[u8])) -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.inspect(|path| run(&std::fs::read(path).unwrap())).count()
}
