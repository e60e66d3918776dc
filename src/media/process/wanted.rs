//! What is wanted of voice processing, and what runs.

/// Of comfort gain, both ways.
pub const MOST_GAIN_DB: f32 = 12.0;

/// Whether one kind of processing is used.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Switch {
    /// Where it helps.
    #[default]
    Auto,
    On,
    Off,
}

/// What the operator hears with, as far as the system knows.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Kind {
    #[default]
    Unknown,
    /// Headsets, headphones and handsets: at the ear.
    Headset,
    Loudspeaker,
}

/// Which processing is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Wanted {
    pub echo: Switch,
    pub noise: Switch,
}

/// What runs now.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Running {
    pub echo: bool,
    pub noise: bool,
}
