//! Losses in bursts and alone (RFC 3611 §4.7.2): a few lost packets close together are heard as one fault, the same number
//! far apart hardly at all.

/// So many packets in a row must come until a burst is over (RFC 3611 §4.7.6).
pub(super) const GMIN: u8 = 16;

/// What became of every packet that was due, in their order.
#[derive(Clone, Default)]
pub(in crate::media) struct Bursts {
    /// Received since the last loss.
    run: u64,
    /// Losses with less than [`GMIN`] packets between them, so far.
    open: Option<Group>,
    bursts: u64,
    in_bursts: Group,
    in_gaps: Group,
    /// Losses with none between them.
    runs_of_loss: u64,
    after_loss: bool,
}

#[derive(Clone, Copy, Default)]
struct Group {
    packets: u64,
    lost: u64,
}

/// Densities are fractions lost, from 0 to 1; lengths are means, in packets.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub(in crate::media) struct BurstFigures {
    pub burst_density: f32,
    pub gap_density: f32,
    pub burst_packets: f32,
    pub gap_packets: f32,
    /// How much longer losses in a row are than chance would have them; 1 for chance (ITU-T G.107).
    pub ratio: f32,
}

impl Bursts {
    pub fn received(&mut self) {
        self.run += 1;
        self.after_loss = false;
    }

    /// Never came, or came too late to be played.
    pub fn lost(&mut self) {
        if !self.after_loss {
            self.runs_of_loss += 1;
        }
        self.after_loss = true;
        match &mut self.open {
            Some(group) if self.run < u64::from(GMIN) => {
                group.packets += self.run + 1;
                group.lost += 1;
            }
            _ => {
                self.close();
                self.in_gaps.packets += self.run;
                self.open = Some(Group { packets: 1, lost: 1 });
            }
        }
        self.run = 0;
    }

    /// Up to now.
    pub fn figures(&self) -> BurstFigures {
        let mut all = self.clone();
        all.close();
        all.in_gaps.packets += all.run;
        let lost = (all.in_bursts.lost + all.in_gaps.lost) as f32;
        let packets = (all.in_bursts.packets + all.in_gaps.packets) as f32;
        let in_a_row = lost / (all.runs_of_loss.max(1)) as f32;
        BurstFigures {
            burst_density: all.in_bursts.density(),
            gap_density: all.in_gaps.density(),
            burst_packets: all.in_bursts.packets as f32 / all.bursts.max(1) as f32,
            // One before, between and after the bursts.
            gap_packets: all.in_gaps.packets as f32 / (all.bursts + 1) as f32,
            ratio: (in_a_row * (1.0 - lost / packets.max(1.0))).max(1.0),
        }
    }

    /// A group of one is a loss in a gap.
    fn close(&mut self) {
        match self.open.take() {
            Some(Group { packets, lost: 1 }) => {
                self.in_gaps.packets += packets;
                self.in_gaps.lost += 1;
            }
            Some(group) => {
                self.bursts += 1;
                self.in_bursts.packets += group.packets;
                self.in_bursts.lost += group.lost;
            }
            None => {}
        }
    }
}

impl Group {
    fn density(self) -> f32 {
        self.lost as f32 / self.packets.max(1) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A letter a packet: `x` is lost.
    fn figures(packets: &str) -> BurstFigures {
        let mut bursts = Bursts::default();
        packets.bytes().for_each(|packet| if packet == b'x' { bursts.lost() } else { bursts.received() });
        bursts.figures()
    }

    #[test]
    fn losses_far_apart_are_no_burst() {
        let alone = format!("{0}x{0}x{0}", ".".repeat(16));
        let figures = figures(&alone);
        assert_eq!((figures.burst_density, figures.burst_packets), (0.0, 0.0));
        assert_eq!((figures.gap_density, figures.gap_packets, figures.ratio), (2.0 / 50.0, 50.0, 1.0));
    }

    #[test]
    fn losses_close_together_are_one_burst_from_the_first_to_the_last() {
        let figures = figures(&format!("{0}xx..x{0}", ".".repeat(20)));
        assert_eq!((figures.burst_density, figures.burst_packets), (3.0 / 5.0, 5.0));
        assert_eq!((figures.gap_density, figures.gap_packets), (0.0, 20.0));
        assert!((figures.ratio - 1.5 * 42.0 / 45.0).abs() < 1e-6, "{figures:?}");
    }

    #[test]
    fn fifteen_packets_between_two_losses_hold_a_burst_together_and_sixteen_end_it() {
        assert_eq!(figures(&format!("x{}x", ".".repeat(15))).burst_packets, 17.0);
        assert_eq!(figures(&format!("x{}x", ".".repeat(16))).burst_packets, 0.0);
    }

    #[test]
    fn nothing_heard_is_nothing_lost() {
        assert_eq!(Bursts::default().figures(), BurstFigures { ratio: 1.0, ..BurstFigures::default() });
    }
}
