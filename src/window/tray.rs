//! The icon in the desktop's tray: the state's colour, and what the window's title says. Never the only signal: many desktops
//! show no tray.

use super::controller::{Shared, in_window};
use super::ui;
use crate::screen::{Act, Shown, State, Tone};
use crate::text::{Catalogue, say};
use slint::{Image, Rgba8Pixel, SharedPixelBuffer};

const SIZE: u32 = 32;

pub struct Tray {
    icon: ui::Tray,
    drawn: Option<[u8; 3]>,
}

impl Tray {
    pub fn new(shared: &Shared) -> Option<Self> {
        let icon = ui::Tray::new().map_err(|error| tracing::debug!(%error, "no tray")).ok()?;
        icon.on_show_window(|| in_window(Shared::show_window));
        icon.on_quit(|| in_window(|shared| shared.act(Act::Quit)));
        let mut tray = Self { icon, drawn: None };
        tray.relabel(&shared.cat());
        Some(tray)
    }

    pub fn relabel(&mut self, cat: &Catalogue) {
        self.icon.set_show_text(say!(cat, "Show the window").into());
        self.icon.set_quit_text(say!(cat, "Quit").into());
    }

    pub fn draw(&mut self, shown: &Shown) {
        if self.icon.get_caption() != shown.title {
            self.icon.set_caption(shown.title.as_str().into());
        }
        let colour = colour(shown);
        if self.drawn != Some(colour) {
            self.drawn = Some(colour);
            self.icon.set_picture(disc(colour));
        }
    }
}

impl Shared {
    pub(super) fn relabel_tray(&self) {
        let cat = self.cat();
        if let Some(tray) = self.0.borrow_mut().tray_mut() {
            tray.relabel(&cat);
        }
    }
}

/// Those of the design sheet's light theme.
fn colour(shown: &Shown) -> [u8; 3] {
    match shown.state {
        _ if shown.line.tone == Tone::Bad => [0xC3, 0x30, 0x2B],
        State::Ready | State::Talking => [0x13, 0x78, 0x3A],
        State::Away | State::WrapUp => [0x56, 0x60, 0x70],
        State::Ringing => [0xE0, 0x8A, 0x00],
        State::Dialing | State::Transferring => [0x1F, 0x62, 0xD6],
        State::OnHold => [0x5B, 0x3C, 0xC4],
    }
}

/// A disc with a soft edge.
fn disc(colour: [u8; 3]) -> Image {
    let mut pixels = SharedPixelBuffer::<Rgba8Pixel>::new(SIZE, SIZE);
    let centre = (SIZE as f32 - 1.0) / 2.0;
    let radius = centre - 2.0;
    for (index, pixel) in pixels.make_mut_slice().iter_mut().enumerate() {
        let (x, y) = (index as u32 % SIZE, index as u32 / SIZE);
        let distance = ((x as f32 - centre).powi(2) + (y as f32 - centre).powi(2)).sqrt();
        let alpha = ((radius + 0.5 - distance).clamp(0.0, 1.0) * 255.0) as u8;
        *pixel = Rgba8Pixel { r: colour[0], g: colour[1], b: colour[2], a: alpha };
    }
    Image::from_rgba8(pixels)
}
