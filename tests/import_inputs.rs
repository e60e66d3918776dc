//! Files that nobody would send on purpose: the corpus of the fuzz target, and every beginning of each.

#![cfg(feature = "desk")]

use std::path::Path;

#[test]
fn every_input_is_read_to_its_end() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/import");
    let mut cells = 0;
    for file in std::fs::read_dir(corpus).unwrap() {
        let octets = std::fs::read(file.unwrap().path()).unwrap();
        for end in 0..=octets.len() {
            cells += patchcord::server::read_anyhow(&octets[..end]);
        }
    }
    assert!(cells > 100, "the corpus is read as tables: {cells}");
}
