//! Whether the two of a call hear each other, and how well: said once when it changes, with the probable cause.
//!
//! [`missing`] judges whether anything is heard at all, [`poor`] whether it is heard well enough to work with. A direction in which
//! nothing is heard is not judged further.

mod cause;
mod missing;
mod poor;

pub use cause::{AudioDirection, NoAudioCause, PoorCause};
pub(super) use missing::{Inbound, Outbound};
pub use poor::Scores;
pub(super) use poor::{Counts, Poor};
