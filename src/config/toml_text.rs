//! Settings as the file that says them: the inverse of [`super::file`].

use super::recording::{announce_word, layout_word, when_word};
use super::value::{
    AfterFailedTransfer, AutoSwitch, Band, CodecName, HoldMusic, Identity, RingStyle, Theme, ToneCountry,
    TransferMode,
};
use super::{PortRange, RecordingSettings, Settings};
use crate::domain::number::{NumberingPlan, OutgoingFormat};
use crate::transmit::Transport;
use std::fmt::Write as _;
use std::path::Path;

pub(super) fn write(settings: &Settings) -> String {
    let mut file = File::default();
    file.text("lang", settings.lang.map(|language| language.code()));

    file.section("account");
    file.text("user", settings.user.as_deref());
    file.text("auth_user", settings.auth_user.as_deref());
    file.text("domain", settings.domain.as_deref());
    file.text("realm", settings.realm.as_deref());
    file.text("display", settings.display.as_deref());
    file.text("password_file", settings.password_file.as_deref().map(Path::to_string_lossy));
    file.plain("expires", settings.expires.map(|time| time.as_secs()));

    file.section("pbx");
    file.text("server", settings.server.as_ref().map(ToString::to_string));
    file.text("proxy", settings.proxy.as_ref().map(ToString::to_string));
    file.text("transport", settings.transport.map(transport));
    file.text("local", settings.local.map(|address| address.to_string()));
    file.text("rtp_ports", settings.rtp_ports.map(|PortRange { first, last }| format!("{first}-{last}")));
    file.text("after_failed_transfer", settings.after_failed_transfer.map(after_failed_transfer));
    file.text("hold_music", settings.hold_music.map(hold_music));
    file.plain("session_timer", settings.session_timer.map(|time| time.as_secs()));
    file.plain("follow_redirects", settings.follow_redirects);
    file.text("echo", settings.echo.as_deref());
    file.plain("watch", settings.watch);
    file.text("pickup", settings.pickup.as_deref());
    file.text("park", settings.park.as_deref());
    file.text("parking_places", settings.parking_places.map(|places| places.to_string()));
    file.text("queue_log_in", settings.queue_log_in.as_deref());
    file.text("queue_log_out", settings.queue_log_out.as_deref());
    file.text("queue_pause", settings.queue_pause.as_deref());
    file.text("queue_resume", settings.queue_resume.as_deref());
    file.text("queue_state", settings.queue_state.as_deref());

    file.section("calls");
    file.plain("lines", settings.lines);
    file.plain("click_to_transfer", settings.click_to_transfer);
    file.text("transfer", settings.transfer.map(transfer_mode));
    file.list("codecs", settings.codecs.as_deref(), |codec| codec_name(*codec));
    file.list("codecs_poor_network", settings.codecs_poor_network.as_deref(), |codec| codec_name(*codec));
    file.plain("opus_kbit_s", settings.opus_rate);
    file.text("opus_band", settings.opus_band.map(band));
    file.plain("opus_dtx", settings.opus_dtx);
    file.list("identity", settings.identity.as_deref(), |header| identity(*header));
    file.list("name_prefixes", settings.name_prefixes.as_deref(), String::as_str);
    file.plain("look_up_withheld", settings.look_up_withheld);
    file.plain("auto_answer", settings.auto_answer);
    file.plain("client_in_name", settings.client_in_name);
    file.plain("hold_reminder_s", settings.hold_reminder.map(|time| time.as_secs()));

    file.section("audio");
    file.text("microphone", settings.microphone.as_deref());
    file.text("earpiece", settings.earpiece.as_deref());
    file.text("ringer", settings.ringer.as_deref());
    file.plain("headset_buttons", settings.headset_buttons);
    file.text("tones", settings.tones.map(ToneCountry::letters));
    file.text("ring", settings.ring.map(ring));
    file.text("cancel_echo", settings.cancel_echo.map(AutoSwitch::word));
    file.text("suppress_noise", settings.suppress_noise.map(AutoSwitch::word));
    file.section("audio.gain");
    for (device, gain) in &settings.gain {
        file.text(&quoted(device), Some(format!("{gain:+}")));
    }

    if let Some(settings) = &settings.recording {
        recording(&mut file, settings);
    }

    if settings.numbering != NumberingPlan::default() {
        numbering(&mut file, &settings.numbering);
    }

    file.section("desk");
    file.text("url", settings.desk.as_deref());
    file.text("ca", settings.ca.as_deref().map(Path::to_string_lossy));
    file.text("operator", settings.operator.as_deref());

    file.section("window");
    file.text("theme", settings.theme.map(theme));
    file.plain("zoom", settings.zoom);
    file.plain("wrap_up_s", settings.wrap_up.map(|time| time.as_secs()));
    file.text("answer_key", settings.answer_key.as_ref().map(|key| key.as_str()));
    file.plain("reduce_motion", settings.reduce_motion);
    file.written
}

fn recording(file: &mut File, settings: &RecordingSettings) {
    file.section("recording");
    file.plain("allow", settings.allow);
    file.text("when", settings.when.map(when_word));
    file.text("announce", settings.announce.map(announce_word));
    file.text("announcement", settings.announcement.as_deref().map(Path::to_string_lossy));
    file.plain("tone_every_s", settings.tone_every.map(|time| time.as_secs()));
    file.text("layout", settings.layout.map(layout_word));
    file.text("folder", settings.folder.as_deref().map(Path::to_string_lossy));
    file.plain("keep_days", settings.keep_days);
}

fn numbering(file: &mut File, plan: &NumberingPlan) {
    file.section("numbering");
    file.plain("country_code", Some(plan.country()));
    file.text("area_code", Some(plan.area_code()));
    file.text("outside_prefix", Some(plan.outside_prefix()));
    file.text("international_prefix", Some(plan.international_prefix()));
    file.plain("short_digits", Some(plan.short_digits()));
    file.text("outgoing", Some(outgoing(plan.outgoing())));
}

#[derive(Default)]
struct File {
    written: String,
    /// Written with its first key.
    section: Option<&'static str>,
}

impl File {
    fn section(&mut self, name: &'static str) {
        self.section = Some(name);
    }

    /// A number, true or false.
    fn plain(&mut self, key: &str, value: Option<impl std::fmt::Display>) {
        let Some(value) = value else { return };
        if let Some(name) = self.section.take() {
            let gap = if self.written.is_empty() { "" } else { "\n" };
            // Writing into a string cannot fail.
            let _ = writeln!(self.written, "{gap}[{name}]");
        }
        let _ = writeln!(self.written, "{key} = {value}");
    }

    fn text(&mut self, key: &str, value: Option<impl AsRef<str>>) {
        self.plain(key, value.map(|value| quoted(value.as_ref())));
    }

    fn list<T>(&mut self, key: &str, items: Option<&[T]>, text: impl Fn(&T) -> &str) {
        let written =
            |items: &[T]| items.iter().map(|item| quoted(text(item))).collect::<Vec<_>>().join(", ");
        self.plain(key, items.map(|items| format!("[{}]", written(items))));
    }
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            control if control.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(control))),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

const fn transport(transport: Transport) -> &'static str {
    match transport {
        Transport::Udp => "udp",
        Transport::Tcp => "tcp",
        Transport::Tls => "tls",
    }
}

const fn after_failed_transfer(kind: AfterFailedTransfer) -> &'static str {
    match kind {
        AfterFailedTransfer::Asterisk => "asterisk",
        AfterFailedTransfer::Kept => "kept",
    }
}

const fn hold_music(whose: HoldMusic) -> &'static str {
    match whose {
        HoldMusic::Pbx => "pbx",
        HoldMusic::Own => "own",
    }
}

const fn transfer_mode(mode: TransferMode) -> &'static str {
    match mode {
        TransferMode::Return => "return",
        TransferMode::Blind => "blind",
    }
}

const fn codec_name(codec: CodecName) -> &'static str {
    match codec {
        CodecName::Opus => "opus",
        CodecName::G722 => "G722",
        CodecName::Pcma => "PCMA",
        CodecName::Pcmu => "PCMU",
    }
}

const fn band(band: Band) -> &'static str {
    match band {
        Band::Narrow => "narrow",
        Band::Wide => "wide",
        Band::Full => "full",
    }
}

const fn identity(header: Identity) -> &'static str {
    match header {
        Identity::Asserted => "P-Asserted-Identity",
        Identity::RemoteParty => "Remote-Party-ID",
        Identity::From => "From",
    }
}

const fn outgoing(format: OutgoingFormat) -> &'static str {
    match format {
        OutgoingFormat::E164Plus => "+international",
        OutgoingFormat::E164 => "international",
        OutgoingFormat::National => "national",
    }
}

const fn ring(style: RingStyle) -> &'static str {
    match style {
        RingStyle::Bell => "bell",
        RingStyle::Country => "country",
    }
}

const fn theme(theme: Theme) -> &'static str {
    match theme {
        Theme::System => "system",
        Theme::Light => "light",
        Theme::Dark => "dark",
        Theme::Contrast => "contrast",
    }
}
