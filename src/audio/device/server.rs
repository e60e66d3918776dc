//! Who has the devices: the sound server of the desktop, or ALSA where none answers. All else is unaware of which it is.

use super::alsa::{self, Alsa};
use super::bell::Bell;
use super::pulse;
use crate::audio::wish::{NoServer, Seen};
use rtrb::{Consumer, Producer};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

pub(super) enum Server {
    Sound(pulse::Server),
    Alsa(Alsa),
}

/// What is open on a device; closed when this is dropped.
pub(super) enum Open {
    Sound(#[expect(dead_code, reason = "held open")] pulse::Open),
    Alsa(#[expect(dead_code, reason = "held open")] alsa::Stream),
}

/// Microphones and earpieces.
#[derive(Clone, Default)]
pub(super) struct List {
    pub microphones: Seen,
    pub earpieces: Seen,
    /// Ids of those of both that give no sound, since they are off or down to nothing in the system.
    pub muted: Vec<String>,
    /// Ids of those that stand still. One that is open does so when another program has it for itself.
    pub suspended: Vec<String>,
}

impl Server {
    /// Blocks for as long as the sound server takes to answer, a second at most for each answer.
    pub fn connect() -> Result<Self, NoServer> {
        pulse::Server::connect().map(Self::Sound).or_else(|why| match Alsa::find() {
            Ok(alsa) => Ok(Self::Alsa(alsa)),
            Err(no_library) if why == NoServer::Absent => Err(no_library),
            Err(_) => Err(why),
        })
    }

    /// Whether there is a better one to look for.
    pub const fn is_second_choice(&self) -> bool {
        matches!(self, Self::Alsa(_))
    }

    pub async fn list(&self) -> Result<List, NoServer> {
        match self {
            Self::Sound(server) => server.list().await,
            Self::Alsa(alsa) => Ok(alsa.list()),
        }
    }

    /// Where nothing is in use: only devices that are there.
    pub async fn list_tried(&self) -> Result<List, NoServer> {
        match self {
            Self::Sound(server) => server.list().await,
            Self::Alsa(alsa) => {
                let list = alsa.list_tried().await;
                let is_empty = list.microphones.devices.is_empty() && list.earpieces.devices.is_empty();
                if is_empty { Err(NoServer::Absent) } else { Ok(list) }
            }
        }
    }

    /// `beats` counts the exchanges with the device from now on.
    pub async fn open_microphone(
        &self,
        id: &str,
        ring: Producer<f32>,
        beats: Arc<AtomicU32>,
    ) -> Result<Open, NoServer> {
        match self {
            Self::Sound(server) => server.open_microphone(id, ring, beats).await.map(Open::Sound),
            Self::Alsa(alsa) => alsa.open_microphone(id, ring, beats).await.map(Open::Alsa),
        }
    }

    pub async fn open_earpiece(
        &self,
        id: &str,
        ring: Consumer<f32>,
        beats: Arc<AtomicU32>,
    ) -> Result<Open, NoServer> {
        match self {
            Self::Sound(server) => server.open_earpiece(id, ring, beats).await.map(Open::Sound),
            Self::Alsa(alsa) => alsa.open_earpiece(id, ring, beats).await.map(Open::Alsa),
        }
    }

    pub async fn open_ringer(&self, id: &str, bell: Bell, beats: Arc<AtomicU32>) -> Result<Open, NoServer> {
        match self {
            Self::Sound(server) => server.open_ringer(id, bell, beats).await.map(Open::Sound),
            Self::Alsa(alsa) => alsa.open_ringer(id, bell, beats).await.map(Open::Alsa),
        }
    }
}
