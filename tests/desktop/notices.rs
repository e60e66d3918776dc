//! A ringing call as a notification, on a real bus.

use crate::notification_service::{NotificationService, Told};
use crate::session;
use patchcord::desktop::notice::{Alert, Notices, Pressed};
use std::sync::mpsc;
use std::time::Duration;

const AT_MOST: Duration = Duration::from_secs(10);

fn alert(line: u32, body: &str) -> Alert {
    Alert {
        line,
        title: "+7 916 123-45-67".into(),
        body: body.into(),
        answer: "Answer".into(),
        reject: "Refuse".into(),
    }
}

fn notices() -> (Notices, mpsc::Receiver<(u32, Pressed)>) {
    let (pressed, presses) = mpsc::channel();
    (Notices::start(move |line, button| pressed.send((line, button)).unwrap()), presses)
}

/// Presses, and says what was heard.
fn press(
    service: &NotificationService,
    presses: &mpsc::Receiver<(u32, Pressed)>,
    id: u32,
    button: &str,
) -> (u32, Pressed) {
    service.press(id, button);
    presses.recv_timeout(AT_MOST).expect("the button was heard")
}

#[test]
fn a_call_is_answered_and_another_refused_by_the_buttons_of_their_notices() {
    let test = "notices::a_call_is_answered_and_another_refused_by_the_buttons_of_their_notices";
    if session::within(test, session::NOTHING).is_none() {
        return;
    }
    let service = NotificationService::start();
    let (notices, presses) = notices();
    notices.show(alert(1, "<New> & unknown"));
    let Told::Show { id, summary, body, buttons, urgent, resident } = service.next() else { panic!() };
    assert_eq!((summary.as_str(), body.as_str()), ("+7 916 123-45-67", "&lt;New&gt; &amp; unknown"));
    assert_eq!(buttons, ["default", "", "answer", "Answer", "reject", "Refuse"]);
    assert!(urgent && resident);

    notices.show(alert(2, "Second"));
    let Told::Show { id: second, .. } = service.next() else { panic!() };
    assert_ne!(second, id);
    assert_eq!(press(&service, &presses, second, "reject"), (2, Pressed::Reject));

    notices.show(alert(1, "Hanbit"));
    let Told::Show { id: renewed, body, .. } = service.next() else { panic!() };
    assert_eq!((renewed, body.as_str()), (id, "Hanbit"), "the card's notice takes the first one's place");
    assert_eq!(press(&service, &presses, id, "default"), (1, Pressed::Body));
    assert_eq!(press(&service, &presses, id, "answer"), (1, Pressed::Answer));

    notices.over(1);
    assert_eq!(service.next(), Told::Close { id });
    drop(notices);
    assert_eq!(service.next(), Told::Close { id: second }, "nothing is left when the window goes");
}

#[test]
fn a_notice_that_was_waved_away_does_not_come_again_for_this_call() {
    let test = "notices::a_notice_that_was_waved_away_does_not_come_again_for_this_call";
    if session::within(test, session::NOTHING).is_none() {
        return;
    }
    let service = NotificationService::start();
    let (notices, presses) = notices();
    notices.show(alert(1, "New"));
    let Told::Show { id, .. } = service.next() else { panic!() };
    notices.show(alert(2, "Other"));
    let Told::Show { id: other, .. } = service.next() else { panic!() };
    service.wave_away(id);
    // Signals come in order: with this one that one has been heard.
    press(&service, &presses, other, "default");
    notices.show(alert(1, "Hanbit"));
    notices.over(1);
    notices.show(alert(1, "The next call"));
    let Told::Show { body, .. } = service.next() else { panic!() };
    assert_eq!(body, "The next call");
}

#[test]
fn a_desktop_without_notifications_is_no_fault() {
    let test = "notices::a_desktop_without_notifications_is_no_fault";
    if session::within(test, session::NOTHING).is_none() {
        return;
    }
    let (notices, presses) = notices();
    for _ in 0..3 {
        notices.show(alert(1, "New"));
        notices.over(1);
    }
    drop(notices);
    // The thread ends, and with it whoever could press.
    assert_eq!(presses.recv_timeout(AT_MOST), Err(mpsc::RecvTimeoutError::Disconnected));
}
