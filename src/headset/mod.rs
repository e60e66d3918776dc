//! Headset buttons and lights: HID telephony, from a device's report descriptor to what the operator wants. Pure; `hid` reads and
//! writes.
//!
//! ```text
//! descriptor   which bit of which report is which button, or which light
//! device       reports -> presses, lights -> reports: what is an echo and what is a press
//! rules        presses -> intents, by the calls as they stand; the calls -> lights
//! ```
//!
//! A hook switch tells a state, and so does its light: whoever speaks last, headset or telephone, both then agree, and whatever
//! repeats that is an echo. A press that comes to nothing is answered with all lights as they are, and so is, once, a hook switch that
//! says otherwise too soon to be believed.

mod descriptor;
mod device;
mod rules;

pub use descriptor::{Descriptor, DescriptorFault};
pub use device::{Headset, Lights, Press, Report};
pub use rules::{intent, lights};

#[cfg(test)]
pub mod tests;
