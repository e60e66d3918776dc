//! A program built without sound devices (feature `desktop`): it says so, and has files alone.

use super::wish::{Change, NoServer, Ring, Seen, Wishes};
use super::{Earpiece, Source};
use crate::clock::Clock;
use tokio::sync::mpsc::UnboundedReceiver;

pub enum Devices {}

impl Devices {
    pub fn start(_clock: Clock, _wishes: Wishes) -> std::io::Result<(Self, UnboundedReceiver<Change>)> {
        Err(std::io::ErrorKind::Unsupported.into())
    }

    pub fn connect(&self) -> (Box<dyn Source>, Box<dyn Earpiece>) {
        match *self {}
    }

    pub fn ring(&self, _ring: Option<Ring>) {
        match *self {}
    }

    pub fn wish(&self, _wishes: Wishes) {
        match *self {}
    }

    pub fn list() -> Result<(Seen, Seen), NoServer> {
        Err(NoServer::NotBuilt)
    }
}
