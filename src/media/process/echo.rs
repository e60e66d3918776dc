//! What the earpiece plays taken out of what the microphone picks up (WebRTC's canceller, AEC3), and what lies below any voice.

use super::{BLOCK, RATE_HZ};
use sonora::config::{Config, EchoCanceller as Settings, HighPassFilter};
use sonora::{AudioProcessing, StreamConfig};

pub struct EchoCanceller {
    processing: Box<AudioProcessing>,
}

impl EchoCanceller {
    pub fn new() -> Self {
        let config = Config {
            high_pass_filter: Some(HighPassFilter::default()),
            echo_canceller: Some(Settings::default()),
            ..Config::default()
        };
        let mono = StreamConfig::new(RATE_HZ, 1);
        let builder = AudioProcessing::builder().config(config).capture_config(mono).render_config(mono);
        Self { processing: Box::new(builder.build()) }
    }

    /// What the earpiece plays now.
    pub fn play(&mut self, block: &[f32; BLOCK]) {
        let mut unused = [0.0; BLOCK];
        // Fails only for another number of samples or channels than agreed.
        let _ = self.processing.process_render_f32(&[block], &mut [&mut unused]);
    }

    pub fn cancel(&mut self, block: &mut [f32; BLOCK]) {
        let mut clean = [0.0; BLOCK];
        if self.processing.process_capture_f32(&[block], &mut [&mut clean]).is_ok() {
            *block = clean;
        }
    }
}
