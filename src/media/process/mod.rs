//! What happens to the operator's voice between the devices and the telephone, 10 ms at a time at 48 kHz: echo, noise,
//! loudness, and protection of the ear.
//!
//! ```text
//! stream -> comfort gain -> limiter -+-> earpiece
//!                                    |
//!                        what is played: reference
//!                                    v
//! stream <- limiter <- comfort gain <- noise suppression <- echo canceller <- microphone
//! ```
//!
//! The order is not free: what is played is known only behind the limiter, which is not linear; the canceller needs the
//! microphone as it is, and the network for noise a voice without echo; gain comes last, or it would raise what the others take away.
//!
//! The limiter of the earpiece cannot be switched off. The rest costs only where it helps: nothing of it runs with a good headset in a quiet room.

#[cfg(feature = "voice")]
mod echo;
#[cfg(feature = "voice")]
mod limiter;
#[cfg(feature = "voice")]
mod noise;
#[cfg(feature = "voice")]
mod processor;
#[cfg(feature = "voice")]
mod residual;
#[cfg(all(test, feature = "voice"))]
mod testing;
mod wanted;

#[cfg(feature = "voice")]
pub use limiter::{EARPIECE_LEVEL, EARPIECE_PEAK, Limiter};
#[cfg(feature = "voice")]
pub use processor::Processor;
pub use wanted::{Kind, MOST_GAIN_DB, Running, Switch, Wanted};

/// Samples a second.
pub const RATE_HZ: u32 = 48_000;
/// Samples that are taken at a time: 10 ms.
pub const BLOCK: usize = 480;

#[cfg(feature = "voice")]
const FULL_SCALE: f32 = 32_768.0;
