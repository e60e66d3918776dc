//! Reports of headsets: what is a press, and what is an echo.

use super::super::device::{Headset, Lights, Press};
use super::samples::*;

#[test]
fn a_device_without_telephony_has_no_buttons() {
    let mouse = octets("05010902a1010901a1000509190129031500250175019503810275059501 8101c0c0");
    assert!(Headset::new(LOGITECH, &mouse).unwrap().is_none());
    assert!(Headset::new(LOGITECH, &[]).unwrap().is_none());
}

#[test]
fn a_hook_that_is_taken_off_and_put_on_is_pressed_twice() {
    for (vendor, sample, off, on) in [
        (DELL, SP325, &[5, 1][..], &[5, 0][..]),
        (ANKER, POWERCONF, &[2, 1, 0], &[2, 0, 0]),
        (PLANTRONICS, BLACKWIRE, &[8, 2], &[8, 0]),
        (GN_AUDIO, JABRA, &[2, 1], &[2, 0]),
        (SENNHEISER, SENNHEISER_SC30, &[1], &[0]),
    ] {
        let mut worn = Worn::new(vendor, sample);
        worn.shows(RINGS);
        worn.later(2_000);
        assert_eq!(worn.hears(off), [Press::OffHook], "{sample}");
        worn.later(50);
        worn.shows(TALKS);
        worn.later(10_000);
        assert_eq!(worn.hears(on), [Press::OnHook], "{sample}");
    }
}

#[test]
fn what_repeats_the_state_that_was_set_is_an_echo() {
    let mut worn = Worn::new(DELL, SP325);
    worn.shows(RINGS);
    worn.later(3_000);
    worn.shows(TALKS); // Answered on the screen.
    worn.later(900);
    assert_eq!(worn.hears(&[5, 1]), [], "the headset says that it is off hook as well");
    worn.later(20_000);
    worn.shows(DARK); // Hung up on the screen.
    worn.later(900);
    assert_eq!(worn.hears(&[5, 0]), []);
    worn.later(5_000);
    worn.shows(RINGS);
    worn.later(3_000);
    assert_eq!(worn.hears(&[5, 1]), [Press::OffHook], "the next press is one again");
}

#[test]
fn an_echo_that_comes_late_answers_nobody_else() {
    let mut worn = Worn::new(DELL, SP325);
    worn.shows(TALKS);
    worn.later(200);
    worn.shows(Lights { ring: true, ..TALKS }); // The second caller is there before the echo.
    worn.later(200);
    assert_eq!(worn.hears(&[5, 1]), []);
}

#[test]
fn a_headset_that_puts_itself_on_the_hook_at_once_cuts_no_call() {
    let mut worn = Worn::new(GN_AUDIO, JABRA);
    worn.shows(RINGS);
    worn.later(3_000);
    worn.shows(TALKS); // On the screen.
    worn.later(100);
    assert_eq!(worn.hears(&[2, 1]), []);
    worn.later(100);
    assert_eq!(worn.hears(&[2, 0]), []);
}

#[test]
fn a_headset_that_follows_its_light_in_silence_still_hangs_up() {
    let mut worn = Worn::new(PLANTRONICS, BLACKWIRE);
    worn.shows(TALKS);
    worn.later(5_000);
    assert_eq!(worn.hears(&[8, 0]), [Press::OnHook], "a report that tells nothing else is about the hook");
}

#[test]
fn a_headset_that_does_not_follow_its_light_mutes_and_cuts_no_call() {
    let mut worn = Worn::new(PLANTRONICS, BLACKWIRE);
    worn.shows(TALKS);
    worn.later(5_000);
    assert_eq!(worn.hears(&[8, 1]), [Press::Mute], "its hook switch says on hook still");
    worn.later(50);
    assert_eq!(worn.hears(&[8, 0]), []);
}

#[test]
fn a_button_that_springs_back_is_pressed_once() {
    let mut worn = Worn::new(SENNHEISER, SENNHEISER_SC30);
    worn.shows(RINGS);
    worn.later(2_000);
    assert_eq!(worn.hears(&[1]), [Press::OffHook]);
    worn.shows(TALKS);
    worn.later(1_500);
    assert_eq!(worn.hears(&[0]), [], "let go after a long press");
    worn.later(60_000);
    assert_eq!(worn.hears(&[1]), []);
    worn.later(100);
    assert_eq!(worn.hears(&[0]), [Press::OnHook], "hangs up when it is let go");
}

#[test]
fn mute_is_a_toggle_however_long_its_bit_stays() {
    let mut worn = Worn::new(DELL, SP325);
    worn.shows(TALKS);
    worn.later(1_000);
    worn.hears(&[5, 0b01]);
    worn.later(1_000);
    assert_eq!(worn.hears(&[5, 0b11]), [Press::Mute]);
    assert_eq!(worn.shows(Lights { mute: true, ..TALKS }), [vec![5, 0b11]]);
    worn.later(2_000);
    assert_eq!(worn.hears(&[5, 0b01]), []);
    worn.later(2_000);
    assert_eq!(worn.hears(&[5, 0b11]), [Press::Mute]);
    assert_eq!(
        worn.hears(&[5, 0b11]),
        [Press::Mute],
        "what tells changes alone need not say that it was let go"
    );
}

#[test]
fn a_mute_switch_with_two_positions_tells_its_state_once() {
    let boom = "050b0905a101 15002501 0920 092f 75019502 8122 75069501 8101 0508 0917 0909 75019502 9122 75069501 9101 c0";
    let mut worn = Worn::new(SENNHEISER, boom);
    worn.shows(TALKS);
    worn.later(1_000);
    worn.hears(&[0b01]);
    assert_eq!(worn.hears(&[0b11]), [Press::MuteTo(true)]);
    worn.shows(Lights { mute: true, ..TALKS });
    worn.later(300);
    assert_eq!(worn.hears(&[0b11]), [], "an echo");
    worn.shows(TALKS); // On the screen the operator is heard again; the switch stays where it is.
    worn.later(5_000);
    assert_eq!(worn.hears(&[0b01]), [], "so it says nothing new now");
    assert_eq!(worn.hears(&[0b11]), [Press::MuteTo(true)]);
}

#[test]
fn flash_redial_drop_and_hold_are_pressed_when_they_go_down() {
    let mut worn = Worn::new(DELL, SP325);
    assert_eq!(worn.hears(&[5, 0b100]), [Press::Redial]);
    assert_eq!(worn.hears(&[5, 0]), []);
    assert_eq!(worn.hears(&[5, 0b1000]), [Press::Flash]);
    assert_eq!(worn.hears(&[5, 0b1000_0000]), [], "a programmable button is nobody's");
    let mut worn = Worn::new(LOGITECH, ARRAY);
    assert_eq!(worn.hears(&[0x04]), [Press::Drop]);
    assert_eq!(worn.hears(&[0x24]), [Press::Flash], "two at a time");
    assert_eq!(worn.hears(&[0x06]), [Press::Flash], "hold that springs back is the same");
}

#[test]
fn reject_is_known_of_gn_audio_alone() {
    assert_eq!(Worn::new(GN_AUDIO, JABRA).hears(&[2, 0b1000]), [Press::Reject]);
    assert_eq!(Worn::new(PLANTRONICS, JABRA).hears(&[2, 0b1000]), []);
}

#[test]
fn a_hook_without_its_light_knows_of_no_call() {
    let mut worn = Worn::new(RAZER, RAZER_MICROPHONE);
    assert_eq!(worn.hears(&[2, 1]), [Press::Hook]);
    worn.later(5_000);
    assert_eq!(worn.hears(&[2, 0]), [Press::Hook]);
    assert!(worn.shows(TALKS).is_empty(), "nothing that it does not declare is written");
}

#[test]
fn reports_of_others_and_those_that_are_cut_off_are_passed_over() {
    let mut worn = Worn::new(DELL, SP325);
    for report in [&[][..], &[5], &[1, 0xFF], &[12, 0xFF, 0xFF], &[0xFF; 64]] {
        assert_eq!(worn.hears(report), [], "{report:?}");
    }
}

#[test]
fn lights_are_written_in_whole_reports_and_only_those_that_change() {
    let all = Lights { ring: true, off_hook: true, mute: true, hold: true };
    let written = |vendor, sample: &str, lights| {
        let mut headset = Headset::new(vendor, &octets(sample)).unwrap().unwrap();
        headset.show(crate::instant::Instant::START, lights)
    };
    assert_eq!(written(DELL, SP325, all), [vec![5, 0b1111]]);
    assert_eq!(written(ANKER, POWERCONF, all), [vec![2, 0b1111, 0]]);
    assert_eq!(written(GN_AUDIO, JABRA, all), [vec![2, 0b111]], "mute by the microphone's light");
    assert_eq!(
        written(SENNHEISER, SENNHEISER_SC30, all),
        [vec![0, 0b1101]],
        "without ids a zero goes before"
    );
    assert_eq!(written(LOGITECH, MX_BRIO, all), [vec![8, 1]]);
    assert_eq!(written(LOGITECH, ARRAY, all), [vec![0, 0, 0b11]], "what is not ours stays zero");
    let whole = [vec![23, 1], vec![24, 1], vec![9, 1], vec![32, 1]];
    assert_eq!(written(PLANTRONICS, BLACKWIRE, all), whole);
    assert_eq!(written(PLANTRONICS, BLACKWIRE, DARK).len(), 4, "all of it when it is new");

    let mut worn = Worn::new(PLANTRONICS, BLACKWIRE);
    assert_eq!(worn.shows(RINGS), [vec![24, 1]]);
    assert_eq!(worn.shows(RINGS), [] as [Vec<u8>; 0]);
    assert_eq!(worn.shows(TALKS), [vec![23, 1], vec![24, 0]], "off hook before the ring light goes out");
    let again = worn.headset.show_again(worn.now);
    assert_eq!(again, [vec![23, 1], vec![24, 0], vec![9, 0], vec![32, 0]]);
}

#[test]
fn who_hangs_up_while_another_waits_is_shown_that_one() {
    let mut worn = Worn::new(DELL, SP325);
    let one_waits = Lights { hold: true, ..TALKS };
    worn.shows(one_waits);
    worn.later(900);
    assert_eq!(worn.hears(&[5, 1]), []);
    worn.later(20_000);
    assert_eq!(worn.hears(&[5, 0]), [Press::OnHook]);
    worn.later(100);
    assert_eq!(
        worn.shows(one_waits),
        [vec![5, 0b1001]],
        "off hook again, though that is what it showed before"
    );
    worn.later(100);
    assert_eq!(worn.hears(&[5, 1]), []);
    worn.later(5_000);
    assert_eq!(worn.hears(&[5, 0]), [Press::OnHook]);
}

#[test]
fn a_press_that_came_to_nothing_is_undone_by_the_lights_and_the_next_one_counts() {
    let mut worn = Worn::new(DELL, SP325);
    assert_eq!(worn.hears(&[5, 1]), [Press::OffHook], "nobody calls");
    assert_eq!(worn.headset.show_again(worn.now), [vec![5, 0]]);
    worn.later(200);
    assert_eq!(worn.hears(&[5, 0]), [], "its echo");
    worn.later(3_000);
    worn.shows(RINGS);
    worn.later(2_000);
    assert_eq!(worn.hears(&[5, 1]), [Press::OffHook]);
}

#[test]
fn a_headset_that_insists_is_not_answered_for_ever() {
    let mut worn = Worn::new(DELL, SP325);
    assert_eq!(worn.hears(&[5, 1]), [Press::OffHook]);
    for _ in 0..10 {
        worn.headset.show_again(worn.now);
        worn.later(20);
        assert_eq!(worn.hears(&[5, 1]), [], "told at once, it is an echo");
    }
}

#[test]
fn a_headset_that_put_itself_on_the_hook_is_called_back_to_the_call_once() {
    let mut worn = Worn::new(GN_AUDIO, JABRA);
    worn.shows(RINGS);
    worn.later(3_000);
    worn.shows(TALKS); // On the screen.
    worn.later(100);
    assert_eq!(worn.hears(&[2, 1]), []);
    worn.later(100);
    assert_eq!(worn.hears(&[2, 0]), [], "passed over, and now it shows no call");
    assert!(worn.calls_back().is_empty(), "it may still come round by itself");
    worn.later(500);
    assert_eq!(worn.calls_back(), [vec![2, 0b100]], "all lights once more");
    worn.later(20);
    assert_eq!(worn.hears(&[2, 0]), []);
    worn.later(5_000);
    assert!(worn.calls_back().is_empty(), "one that insists is left alone");
    worn.shows(DARK);
    worn.later(1_000);
    worn.shows(TALKS);
    worn.later(100);
    assert_eq!(worn.hears(&[2, 1]), []);
    assert_eq!(worn.hears(&[2, 0]), []);
    worn.later(700);
    assert_eq!(worn.calls_back(), [vec![2, 0b100]], "but in the next call it is called again");
}

#[test]
fn a_headset_that_follows_its_light_in_the_end_is_not_called_back() {
    let mut worn = Worn::new(GN_AUDIO, JABRA);
    worn.shows(TALKS);
    worn.later(100);
    for report in [1, 0, 1] {
        assert_eq!(worn.hears(&[2, report]), []);
    }
    worn.later(5_000);
    assert!(worn.calls_back().is_empty());
}

#[test]
fn who_hangs_up_too_soon_after_answering_is_shown_that_the_call_goes_on() {
    let mut worn = Worn::new(SENNHEISER, SENNHEISER_SC30);
    worn.shows(RINGS);
    worn.later(2_000);
    assert_eq!(worn.hears(&[1]), [Press::OffHook]);
    worn.shows(TALKS);
    worn.later(1_500);
    assert_eq!(worn.hears(&[0]), [], "for all we know a button that sprang back");
    assert_eq!(worn.calls_back(), [vec![0, 0b0001]]);
}

#[test]
fn a_headset_without_the_light_is_not_called_back() {
    let mut worn = Worn::new(RAZER, RAZER_MICROPHONE);
    assert_eq!(worn.hears(&[2, 1]), [Press::Hook]);
    assert_eq!(worn.hears(&[2, 0]), []);
    worn.later(5_000);
    assert!(worn.calls_back().is_empty());
}
