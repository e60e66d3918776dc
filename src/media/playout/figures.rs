//! What the playout buffer has done, and how much it delays.

/// How slowly the average of the delay follows: about 0.6 s of packets of 20 ms.
const FOLLOWING: f32 = 1.0 / 32.0;

#[derive(Clone, PartialEq, Default, Debug)]
pub struct PlayoutFigures {
    /// Packets that came too late to be played.
    pub late: u64,
    pub duplicates: u64,
    /// Packets that came after a later one.
    pub reordered: u64,
    pub(super) concealed_us: i64,
    pub(super) recovered_us: i64,
    pub(super) stretched_us: i64,
    /// From a packet's arrival to its first sample's, on average over the last second or so; 0 before the first.
    pub delay_ms: f32,
    /// How long the quickest packet is to wait.
    pub target_ms: f32,
    /// Least and most of `delay_ms` so far.
    pub least_delay_ms: f32,
    pub most_delay_ms: f32,
}

impl PlayoutFigures {
    /// A packet waited so many microseconds.
    pub(super) fn waited(&mut self, us: i64) {
        let waited = us as f32 / 1_000.0;
        if self.most_delay_ms == 0.0 {
            (self.delay_ms, self.least_delay_ms) = (waited, waited);
        }
        self.delay_ms += (waited - self.delay_ms) * FOLLOWING;
        self.least_delay_ms = self.least_delay_ms.min(self.delay_ms);
        self.most_delay_ms = self.most_delay_ms.max(self.delay_ms);
    }
}

#[cfg(test)]
impl PlayoutFigures {
    /// Sound made up for what was lost or late.
    pub const fn concealed_ms(&self) -> u64 {
        ms(self.concealed_us)
    }

    /// Sound recovered from the packet after it (forward error correction).
    pub const fn recovered_ms(&self) -> u64 {
        ms(self.recovered_us)
    }

    /// Put in to wait longer.
    pub const fn stretched_ms(&self) -> u64 {
        ms(self.stretched_us)
    }
}

#[cfg(test)]
const fn ms(us: i64) -> u64 {
    us.unsigned_abs() / 1_000
}
