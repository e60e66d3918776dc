//! What is done to the sound of devices, chosen on the settings page.

use crate::day::Day;
use crate::stage::Role;
use patchcord::audio::{Device, Seen};
use patchcord::media::process::Kind;
use patchcord::screen::Act;
use patchcord::text::Language;
use patchcord::window::stage::{DeviceList, Options};
use slint::{ComponentHandle as _, Model as _};

fn seen(ids: &[&str]) -> Seen {
    let device = |id: &&str| Device { id: (*id).into(), name: format!("Jabra {id}"), kind: Kind::Headset };
    Seen { devices: ids.iter().map(device).collect(), default: Some(ids[0].into()) }
}

fn chosen(list: &DeviceList) -> String {
    list.names.row_data(list.chosen as usize).unwrap_or_default().into()
}

#[test]
fn each_device_is_as_loud_as_was_chosen_for_it() {
    let day = Day::new(Language::English);
    day.act(Act::Settings);
    day.resize(1280, 1600);
    let plugged = |microphone: &str| day.devices(seen(&[microphone]), seen(&["ear"]));
    plugged("headset");
    day.sees(Role::Combobox, "Microphone loudness");
    let page = || day.window().global::<Options<'_>>();
    assert_eq!(chosen(&page().get_microphone_gains()), "as it comes");
    page().invoke_choose_microphone_gain(5);
    plugged("headset");
    assert_eq!(chosen(&page().get_microphone_gains()), "+3 dB");
    assert_eq!(chosen(&page().get_earpiece_gains()), "as it comes");
    plugged("table");
    assert_eq!(chosen(&page().get_microphone_gains()), "as it comes", "another device has its own");
    plugged("headset");
    assert_eq!(chosen(&page().get_microphone_gains()), "+3 dB");
}

#[test]
fn echo_and_noise_are_switched_and_stay_so_with_another_device() {
    let day = Day::new(Language::English);
    day.act(Act::Settings);
    day.resize(1280, 1600);
    let plugged = |microphone: &str| day.devices(seen(&[microphone]), seen(&["ear"]));
    plugged("headset");
    let page = || day.window().global::<Options<'_>>();
    assert_eq!((page().get_echo(), page().get_noise()), (0, 0));
    day.sees(Role::Combobox, "Cancel echo");
    day.sees(Role::Combobox, "Suppress noise");
    page().invoke_choose_echo(2);
    page().invoke_choose_noise(1);
    plugged("table");
    assert_eq!((page().get_echo(), page().get_noise()), (2, 1));
}
