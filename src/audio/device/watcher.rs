//! The thread that keeps devices open while calls are connected, and notices what becomes of them.

use super::bell::Bell;
use super::choice::{Keeper, Order};
use super::server::{List, Open, Server};
use super::{Change, Ends, NoServer, Ring, Role, Troubles, Wishes, locked, ring};
use crate::audio::wish::{Device, Wish};
use crate::clock::Clock;
use crate::instant::Instant;
use crate::media::DeviceTrouble;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

/// Between two looks at whether the devices still move.
const LOOK: Duration = Duration::from_millis(50);
/// Between two lists of what is there; also between attempts to find a server.
const LIST: Duration = Duration::from_millis(500);

pub(super) enum ToWatcher {
    Connect,
    Disconnect,
    Ring(Option<Ring>),
    Wish(Wishes),
}

pub(super) fn start(
    clock: Clock,
    wishes: Wishes,
    ends: Arc<Ends>,
    mut inbox: UnboundedReceiver<ToWatcher>,
    changes: UnboundedSender<Change>,
) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let mut watcher = Watcher::new(clock, wishes, ends, changes);
    let run = async move {
        loop {
            let word = if watcher.is_idle() {
                inbox.recv().await
            } else {
                match tokio::time::timeout(LOOK, inbox.recv()).await {
                    Ok(word) => word,
                    Err(_) => {
                        watcher.look().await;
                        continue;
                    }
                }
            };
            match word {
                Some(ToWatcher::Connect) => watcher.connected += 1,
                Some(ToWatcher::Disconnect) => watcher.connected = watcher.connected.saturating_sub(1),
                Some(ToWatcher::Ring(ring)) => watcher.ring(ring),
                Some(ToWatcher::Wish(wishes)) => watcher.wish(wishes),
                None => return,
            }
            watcher.close_unwanted();
            if !watcher.is_idle() {
                watcher.look().await;
            }
        }
    };
    std::thread::Builder::new()
        .name("devices".into())
        // Where nothing is optimised, what opens a device needs more than 256 KiB.
        .stack_size(4 * 1024 * 1024)
        .spawn(move || runtime.block_on(run))
        .map(drop)
}

struct Watcher {
    clock: Clock,
    ends: Arc<Ends>,
    changes: UnboundedSender<Change>,
    server: Option<Server>,
    /// `None` while there is no server.
    list: Option<List>,
    next_list: Instant,
    /// Calls.
    connected: usize,
    ring: Option<Ring>,
    slots: [Slot; 3],
}

/// One role with the device that has it.
struct Slot {
    role: Role,
    keeper: Keeper,
    open: Option<Open>,
    beats: Arc<AtomicU32>,
    /// Why the last attempt to open one failed.
    refused: Option<DeviceTrouble>,
    told: Option<Option<Device>>,
}

impl Slot {
    fn new(role: Role, wish: Wish) -> Self {
        Self { role, keeper: Keeper::new(wish), open: None, beats: Arc::default(), refused: None, told: None }
    }
}

impl Watcher {
    fn new(clock: Clock, wishes: Wishes, ends: Arc<Ends>, changes: UnboundedSender<Change>) -> Self {
        locked(&ends.processing).want(wishes.processing, wishes.gain);
        Self {
            clock,
            ends,
            changes,
            server: None,
            list: None,
            next_list: Instant::default(),
            connected: 0,
            ring: None,
            slots: [
                Slot::new(Role::Microphone, wishes.microphone),
                Slot::new(Role::Earpiece, wishes.earpiece),
                Slot::new(Role::Ringer, wishes.ringer),
            ],
        }
    }

    fn is_idle(&self) -> bool {
        self.connected == 0 && self.ring.is_none()
    }

    fn is_wanted(&self, role: Role) -> bool {
        match role {
            Role::Microphone | Role::Earpiece => self.connected > 0,
            Role::Ringer => self.ring.is_some(),
        }
    }

    /// A bell that becomes a knock begins anew.
    fn ring(&mut self, ring: Option<Ring>) {
        if std::mem::replace(&mut self.ring, ring) != ring {
            self.close_where(|role| role == Role::Ringer);
        }
    }

    /// The next look opens them.
    fn wish(&mut self, wishes: Wishes) {
        let Wishes { microphone, earpiece, ringer, processing, gain } = wishes;
        locked(&self.ends.processing).want(processing, gain);
        for (slot, wish) in self.slots.iter_mut().zip([microphone, earpiece, ringer]) {
            slot.keeper.wish(wish);
        }
    }

    async fn look(&mut self) {
        let now = self.clock.now();
        let stalled = self
            .slots
            .iter_mut()
            .fold(false, |stalled, slot| slot.keeper.beat(now, slot.beats.load(Ordering::Relaxed)) | stalled);
        if stalled || now >= self.next_list {
            self.next_list = now + LIST;
            self.refresh().await;
        }
        // All is closed before anything is opened: PipeWire gives the number of a stream whose device was pulled to the
        // next one, and closing the first would then close both.
        let orders: [Option<Device>; 3] = std::array::from_fn(|index| self.order(index));
        for (index, device) in orders.into_iter().enumerate() {
            if let Some(device) = device {
                self.open(index, device).await;
            }
            self.tell(index);
        }
        let [microphone, earpiece, _] = self.slots.each_ref().map(|slot| self.trouble(slot));
        *locked(&self.ends.troubles) = Troubles { microphone, earpiece };
    }

    /// What keeps this one from being of use.
    fn trouble(&self, slot: &Slot) -> Option<DeviceTrouble> {
        let (Some(device), Some(list)) = (slot.keeper.in_use(), &self.list) else { return slot.refused };
        if list.suspended.contains(&device.id) {
            return Some(DeviceTrouble::Busy);
        }
        list.muted.contains(&device.id).then_some(DeviceTrouble::Muted)
    }

    /// Whatever goes wrong, the next attempt begins with a new connection.
    async fn refresh(&mut self) {
        let listed = match &self.server {
            Some(server) if !server.is_second_choice() => server.list().await,
            _ => self.connect().await,
        };
        match listed {
            Ok(list) => self.list = Some(list),
            Err(error) => self.lose_server(&error),
        }
    }

    async fn connect(&mut self) -> Result<List, NoServer> {
        let server = Server::connect()?;
        let list = server.list().await;
        self.server = Some(server);
        list
    }

    fn lose_server(&mut self, error: &NoServer) {
        self.list = None;
        self.slots.iter_mut().for_each(|slot| slot.refused = error.trouble());
        if self.server.take().is_some() {
            tracing::info!(%error, "no sound server");
            // There may be another.
            self.next_list = Instant::default();
        }
    }

    /// Closes what has to go; which device is to be opened.
    fn order(&mut self, index: usize) -> Option<Device> {
        let now = self.clock.now();
        let wanted = self.slots.get(index).is_some_and(|slot| self.is_wanted(slot.role));
        let slot = self.slots.get_mut(index).filter(|_| wanted)?;
        let seen = self.list.as_ref().map(|list| match slot.role {
            Role::Microphone => &list.microphones,
            Role::Earpiece | Role::Ringer => &list.earpieces,
        });
        let order = slot.keeper.look(now, seen)?;
        if let Order::Follow(device) = &order {
            if slot.role == Role::Earpiece {
                locked(&self.ends.processing).take_earpiece(device);
            }
            return None;
        }
        // What a sound server names it opens.
        let is_doubtful = self.server.as_ref().is_some_and(Server::is_second_choice);
        if !(is_doubtful && matches!(order, Order::Change(_))) {
            self.close(index);
        }
        match order {
            Order::Open(device) | Order::Change(device) => Some(device),
            Order::Follow(_) | Order::Close => None,
        }
    }

    async fn open(&mut self, index: usize, device: Device) {
        let (Some(slot), Some(server)) = (self.slots.get_mut(index), &self.server) else { return };
        let beats = Arc::default();
        let opened = match slot.role {
            Role::Microphone => open_microphone(server, &device, &beats, &self.ends).await,
            Role::Earpiece => open_earpiece(server, &device, &beats, &self.ends).await,
            Role::Ringer => {
                let bell = Bell::new(self.ring.unwrap_or(Ring::Bell));
                server.open_ringer(&device.id, bell, Arc::clone(&beats)).await
            }
        };
        let now = self.clock.now();
        match opened {
            Ok(open) => {
                tracing::debug!(role = ?slot.role, id = device.id, "device opened");
                (slot.open, slot.beats, slot.refused) = (Some(open), beats, None);
                slot.keeper.opened(now, device);
            }
            Err(error) => {
                tracing::info!(role = ?slot.role, id = device.id, %error, "device cannot be opened");
                slot.refused = error.trouble();
                slot.keeper.failed(now, device.id);
                if matches!(error, NoServer::Hangs) {
                    self.lose_server(&error);
                }
            }
        }
    }

    fn close(&mut self, index: usize) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        slot.open = None;
        slot.keeper.closed();
        match slot.role {
            Role::Microphone => drop(locked(&self.ends.microphone).take()),
            Role::Earpiece => drop(locked(&self.ends.earpiece).take()),
            Role::Ringer => {}
        }
    }

    /// Says which device it is, when that is another one than said last.
    fn tell(&mut self, index: usize) {
        let wanted = self.slots.get(index).is_some_and(|slot| self.is_wanted(slot.role));
        let Some(slot) = self.slots.get_mut(index).filter(|_| wanted) else { return };
        let device = slot.keeper.in_use().cloned();
        // A plug makes no other device of it.
        let called =
            |device: &Option<Device>| device.as_ref().map(|device| (device.id.clone(), device.name.clone()));
        if slot.told.as_ref().map(called) != Some(called(&device)) {
            slot.told = Some(device.clone());
            let _ = self.changes.send(Change { role: slot.role, device });
        }
    }

    /// After the last call the microphone's light goes out, and the server hears no more of us.
    fn close_unwanted(&mut self) {
        let wanted =
            [Role::Microphone, Role::Earpiece, Role::Ringer].map(|role| (role, self.is_wanted(role)));
        self.close_where(|role| wanted.contains(&(role, false)));
        if self.is_idle() {
            (self.server, self.list, self.next_list) = (None, None, Instant::default());
        }
    }

    fn close_where(&mut self, which: impl Fn(Role) -> bool) {
        for index in 0..self.slots.len() {
            if self.slots.get(index).is_some_and(|slot| which(slot.role)) {
                self.close(index);
            }
        }
    }
}

/// Rates and filter are constants, so that the resampler is always to be had.
fn refusal(error: impl std::fmt::Display) -> NoServer {
    NoServer::Refuses(error.to_string())
}

async fn open_microphone(
    server: &Server,
    device: &Device,
    beats: &Arc<AtomicU32>,
    ends: &Ends,
) -> Result<Open, NoServer> {
    let (callback, incoming) = ring::microphone().map_err(refusal)?;
    let open = server.open_microphone(&device.id, callback, Arc::clone(beats)).await?;
    locked(&ends.processing).take_microphone(device);
    *locked(&ends.microphone) = Some(incoming);
    Ok(open)
}

async fn open_earpiece(
    server: &Server,
    device: &Device,
    beats: &Arc<AtomicU32>,
    ends: &Ends,
) -> Result<Open, NoServer> {
    let (outgoing, callback) = ring::earpiece().map_err(refusal)?;
    let open = server.open_earpiece(&device.id, callback, Arc::clone(beats)).await?;
    locked(&ends.processing).take_earpiece(device);
    *locked(&ends.earpiece) = Some(outgoing);
    Ok(open)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::wish::Seen;
    use crate::media::process::Kind;
    use crate::media::{Frame, Rate};

    #[test]
    fn the_echo_canceller_follows_a_plug_that_is_pulled_out_in_a_call_and_nobody_is_told_of_another_device() {
        let (changes, mut told) = tokio::sync::mpsc::unbounded_channel();
        let ends = Arc::new(Ends::default());
        let clock = Clock::start();
        let mut watcher = Watcher::new(clock, Wishes::default(), Arc::clone(&ends), changes);
        watcher.connected = 1;
        let earpiece = |kind| Device { id: "card".into(), name: "Built-in".into(), kind };
        locked(&ends.processing).take_earpiece(&earpiece(Kind::Headset));
        watcher.slots[1].keeper.opened(clock.now(), earpiece(Kind::Headset));
        for (kind, cancels) in [(Kind::Headset, false), (Kind::Loudspeaker, true), (Kind::Headset, false)] {
            let seen = Seen { devices: vec![earpiece(kind)], default: Some("card".into()) };
            watcher.list = Some(List { earpieces: seen, ..List::default() });
            assert_eq!(watcher.order(1), None, "nothing is opened anew");
            watcher.tell(1);
            let mut processing = locked(&ends.processing);
            processing.pick_up(Frame::silence(Rate::Full), Rate::Full);
            assert_eq!(processing.running().echo, cancels, "{kind:?}");
        }
        assert!(told.try_recv().is_ok_and(|change| change.device.is_some()));
        assert!(told.try_recv().is_err(), "it is the same device");
    }
}
