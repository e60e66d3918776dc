//! A file of the company's other programs, in every encoding and of every kind.

#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    patchcord::server::read_anyhow(octets);
});
