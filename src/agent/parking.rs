//! Clients who wait in the PBX's parking places (duty 22). The PBX says only that a place is taken; which client we parked there
//! follows from when it was.

use crate::desk_api::ClientId;
use crate::domain::line_state::LineState;
use crate::instant::Instant;
use crate::phone::{Caller, Event, LineId};
use std::collections::BTreeMap;
use std::time::Duration;

/// Where clients wait, and the number that sends them there.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct ParkingPlaces {
    pub park: Option<String>,
    /// Extensions whose lines are taken while somebody waits there.
    pub places: Vec<String>,
}

/// Somebody who waits in a place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parked {
    /// Where to call to take them back.
    pub place: String,
    pub since: Instant,
    /// Whom the operator parked there; none for others' clients.
    pub client: Option<ParkedClient>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParkedClient {
    pub caller: Caller,
    pub card: Option<ClientId>,
    /// Of the call in which the client was parked.
    pub call_id: String,
}

/// From the PBX's word that it has the client until a place is taken, and from a free place until the client rings again.
const PATIENCE: Duration = Duration::from_secs(5);

struct Left {
    /// No place that was taken before is theirs.
    begun: Instant,
    /// When the PBX said that it has them: the hold before may have taken its time.
    told: Instant,
    client: ParkedClient,
}

#[derive(Default)]
pub(super) struct Parking {
    places: ParkingPlaces,
    /// Clients on the way there.
    leaving: BTreeMap<LineId, (Instant, ParkedClient)>,
    /// Clients who have left, and whose place is not known yet.
    left: Vec<Left>,
    taken: BTreeMap<String, Parked>,
    /// Clients whose place became free a moment ago.
    gone: Vec<(Instant, Parked)>,
}

impl Parking {
    pub fn new(places: ParkingPlaces) -> Self {
        Self { places, ..Self::default() }
    }

    pub fn number(&self) -> Option<&str> {
        self.places.park.as_deref()
    }

    /// The client of this line is about to be passed to the parking number.
    pub fn begin(&mut self, now: Instant, line: LineId, client: ParkedClient) {
        self.leaving.insert(line, (now, client));
    }

    pub fn follow(&mut self, now: Instant, event: &Event) {
        let recent = |(since, _): &(Instant, Parked)| now.since(*since) < PATIENCE;
        self.gone.retain(recent);
        self.left.retain(|left| now.since(left.told) < PATIENCE);
        match event {
            Event::Transferred { line, .. } => {
                if let Some((begun, client)) = self.leaving.remove(line) {
                    self.left.push(Left { begun, told: now, client });
                }
            }
            Event::TransferFailed { line, .. } | Event::Ended { line, .. } => {
                self.leaving.remove(line);
            }
            Event::LineStateChanged { extension, state, .. } if self.places.places.contains(extension) => {
                self.on_place(now, extension, *state);
            }
            _ => {}
        }
        self.find_places();
    }

    fn on_place(&mut self, now: Instant, place: &str, state: LineState) {
        if matches!(state, LineState::Talking | LineState::Held | LineState::Ringing) {
            let parked = Parked { place: place.to_owned(), since: now, client: None };
            self.taken.entry(place.to_owned()).or_insert(parked);
        } else if state != LineState::Unknown
            && let Some(parked) = self.taken.remove(place)
        {
            self.gone.push((now, parked));
        }
    }

    /// The place may be told before the PBX's word, or after it.
    fn find_places(&mut self) {
        self.left.retain(|left| {
            let free = |parked: &&mut Parked| parked.client.is_none() && parked.since >= left.begun;
            let place = self.taken.values_mut().filter(free).min_by_key(|parked| parked.since);
            place.is_none_or(|parked| {
                parked.client = Some(left.client.clone());
                false
            })
        });
    }

    /// Whom this caller is, if the operator had parked them and nobody took them.
    pub fn comes_back(&mut self, caller: &Caller) -> Option<Parked> {
        let number = caller.number.as_ref()?;
        let is_it = |parked: &Parked| {
            parked.client.as_ref().is_some_and(|client| client.caller.number.as_ref() == Some(number))
        };
        let found = self.gone.iter().position(|(_, parked)| is_it(parked));
        if let Some(at) = found {
            return Some(self.gone.remove(at).1);
        }
        // The ring may be here before the word that the place is free; until then somebody still waits in it.
        self.taken.values().find(|parked| is_it(parked)).cloned()
    }

    /// The operator takes the client back: who calls next is not that one.
    pub fn take(&mut self, place: &str) -> Option<ParkedClient> {
        self.taken.get_mut(place)?.client.take()
    }

    /// Nothing of the clients is known any more but in which call each was parked.
    pub fn forget(&mut self) {
        let leaving = self.leaving.values_mut().map(|(_, client)| client);
        let left = self.left.iter_mut().map(|left| &mut left.client);
        let waiting = self.taken.values_mut().chain(self.gone.iter_mut().map(|(_, parked)| parked));
        for client in leaving.chain(left).chain(waiting.filter_map(|parked| parked.client.as_mut())) {
            (client.caller, client.card) = (Caller::default(), None);
        }
    }

    /// Who waits, the longest first.
    pub fn view(&self) -> Vec<Parked> {
        let mut parked: Vec<Parked> = self.taken.values().cloned().collect();
        parked.sort_by_key(|parked| parked.since);
        parked
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phone::{ClientIs, TransferFault, TransferOutcome};

    const LINE: LineId = LineId(1);

    fn at(seconds: u64) -> Instant {
        Instant::from_start(Duration::from_secs(seconds))
    }

    fn parking() -> Parking {
        let places = vec!["701".to_owned(), "702".to_owned()];
        Parking::new(ParkingPlaces { park: Some("700".into()), places })
    }

    fn client() -> ParkedClient {
        let caller = Caller { number: Some("+79161234567".into()), ..Caller::default() };
        ParkedClient { caller, card: None, call_id: "call".into() }
    }

    fn place(parking: &mut Parking, now: Instant, place: &str, state: LineState) {
        let extension = place.to_owned();
        let (rings, refused) = (None, None);
        parking.follow(now, &Event::LineStateChanged { extension, state, rings, refused, since: now });
    }

    fn transferred(parking: &mut Parking, now: Instant) {
        let outcome = TransferOutcome::HandedOver;
        parking.follow(now, &Event::Transferred { line: LINE, target: "700".into(), outcome });
    }

    fn ours(parking: &Parking) -> Vec<(String, bool)> {
        parking.view().into_iter().map(|parked| (parked.place, parked.client.is_some())).collect()
    }

    #[test]
    fn the_place_is_learnt_whether_it_is_told_before_the_transfer_or_after_it() {
        for place_first in [true, false] {
            let mut parking = parking();
            place(&mut parking, at(1), "701", LineState::Talking);
            parking.begin(at(2), LINE, client());
            if place_first {
                place(&mut parking, at(3), "702", LineState::Talking);
                transferred(&mut parking, at(3));
            } else {
                transferred(&mut parking, at(3));
                place(&mut parking, at(3), "702", LineState::Talking);
            }
            assert_eq!(ours(&parking), [("701".into(), false), ("702".into(), true)]);
        }
    }

    #[test]
    fn the_place_is_learnt_though_hold_and_transfer_took_their_time() {
        let mut parking = parking();
        parking.begin(at(1), LINE, client());
        transferred(&mut parking, at(8));
        place(&mut parking, at(9), "701", LineState::Talking);
        assert_eq!(ours(&parking), [("701".into(), true)]);
    }

    #[test]
    fn a_client_whom_nobody_took_is_known_when_he_rings_again() {
        let mut parking = parking();
        parking.begin(at(1), LINE, client());
        transferred(&mut parking, at(1));
        place(&mut parking, at(1), "701", LineState::Talking);
        place(&mut parking, at(31), "701", LineState::Free);
        let back = parking.comes_back(&client().caller).expect("the client");
        assert_eq!((back.place.as_str(), back.since), ("701", at(1)));
        assert_eq!(parking.comes_back(&client().caller), None, "who calls after that is a caller");
    }

    #[test]
    fn a_client_stays_parked_while_another_calls_from_his_number() {
        let mut parking = parking();
        parking.begin(at(1), LINE, client());
        transferred(&mut parking, at(1));
        place(&mut parking, at(1), "701", LineState::Talking);
        assert!(
            parking.comes_back(&client().caller).is_some(),
            "it may be the client: the place is not told free yet"
        );
        assert_eq!(ours(&parking), [("701".into(), true)]);
        place(&mut parking, at(31), "701", LineState::Free);
        assert!(parking.comes_back(&client().caller).is_some(), "now it is");
    }

    #[test]
    fn a_client_who_was_taken_back_and_calls_later_is_a_caller() {
        let mut parking = parking();
        parking.begin(at(1), LINE, client());
        transferred(&mut parking, at(1));
        place(&mut parking, at(1), "701", LineState::Talking);
        assert!(parking.take("701").is_some());
        place(&mut parking, at(5), "701", LineState::Free);
        assert_eq!(parking.comes_back(&client().caller), None);
    }

    #[test]
    fn who_waits_longest_stands_first() {
        let mut parking = parking();
        place(&mut parking, at(1), "702", LineState::Talking);
        place(&mut parking, at(5), "701", LineState::Talking);
        assert_eq!(ours(&parking), [("702".into(), false), ("701".into(), false)]);
    }

    #[test]
    fn a_client_who_was_kept_waits_nowhere() {
        let mut parking = parking();
        parking.begin(at(1), LINE, client());
        parking.follow(
            at(2),
            &Event::TransferFailed {
                line: LINE,
                target: "700".into(),
                status: Some(404),
                reason: String::new(),
                client: ClientIs::Kept,
                why: TransferFault::NotTaken,
            },
        );
        place(&mut parking, at(2), "701", LineState::Talking);
        assert_eq!(ours(&parking), [("701".into(), false)]);
    }
}
