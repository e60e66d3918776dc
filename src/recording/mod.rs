//! A recorded conversation as octets: encoded, sealed piece by piece, and read again (docs/recordings.md). Pure: no file, no
//! clock, no chance of its own.
//!
//! [`Writer`] makes what goes to the disk, [`read`] makes of it what was said, and [`ogg_opus`] a file that any player knows.
//! Nothing in between is ever meant for a disk.

mod container;
mod encoder;
mod ogg;
mod seal;

#[doc(hidden)]
pub use container::forged;
pub use container::{Damage, ENDING, Fault, Piece, Recording, Writer, read, sealed_with};
pub use encoder::Encoder;
pub use ogg::ogg_opus;
pub use seal::RecordingKey;

/// Of everything here: 20 ms.
pub const FRAMES_PER_SECOND: u32 = 50;
