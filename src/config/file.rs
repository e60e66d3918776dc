//! The telephone's settings file: which sections and keys there are.

use super::section::{ConfigError, Document, Section};
use super::value::{self, Setting};
use super::{CodecName, Identity, Provision, RecordingSettings, Settings};
use std::path::Path;
use std::time::Duration;

pub(super) fn parse(source: &str, path: &Path) -> Result<Settings, ConfigError> {
    let document = Document::parse(source, path)?;
    let root = document.root();
    let settings = settings(&root)?;
    root.refuse_unknown().map_err(ConfigError::or_secret)?;
    Ok(settings)
}

pub(super) fn parse_provision(source: &str, path: &Path) -> Result<Provision, ConfigError> {
    let document = Document::parse(source, path)?;
    let root = document.root();
    let settings = settings(&root)?;
    let secrets = root.section("secrets")?;
    let provision = Provision {
        settings,
        password: secrets.secret("password")?,
        desk_token: secrets.secret("desk_token")?,
        recording_key: secrets.secret("recording_key")?,
    };
    secrets.refuse_unknown()?;
    root.refuse_unknown().map_err(ConfigError::or_secret)?;
    Ok(provision)
}

/// All but the root's unknown keys, since a file may have other sections beside these.
fn settings(root: &Section<'_>) -> Result<Settings, ConfigError> {
    let lang = root.value("lang")?;
    let account = root.section("account")?;
    let pbx = root.section("pbx")?;
    let calls = root.section("calls")?;
    let audio = root.section("audio")?;
    let recording = root.section("recording")?;
    let numbering = root.section("numbering")?;
    let desk = root.section("desk")?;
    let window = root.section("window")?;
    let settings = Settings {
        lang,
        user: account.value("user")?,
        auth_user: account.value("auth_user")?,
        domain: account.value("domain")?,
        realm: account.value("realm")?,
        display: account.value("display")?,
        password_file: account.value("password_file")?,
        expires: account.number("expires", value::EXPIRES, |seconds| {
            (10..=43_200).contains(&seconds).then(|| Duration::from_secs(seconds.into()))
        })?,
        server: pbx.value("server")?,
        proxy: pbx.value("proxy")?,
        transport: pbx.value("transport")?,
        local: pbx.value("local")?,
        rtp_ports: pbx.value("rtp_ports")?,
        after_failed_transfer: pbx.value("after_failed_transfer")?,
        hold_music: pbx.value("hold_music")?,
        session_timer: pbx.number("session_timer", value::SESSION_TIMER, |seconds| {
            (90..=43_200).contains(&seconds).then(|| Duration::from_secs(seconds.into()))
        })?,
        follow_redirects: pbx.yes_no("follow_redirects")?,
        echo: pbx.value("echo")?,
        watch: pbx.yes_no("watch")?,
        pickup: pbx.text("pickup", value::PICKUP, value::pickup)?,
        park: pbx.value("park")?,
        parking_places: pbx.value("parking_places")?,
        queue_log_in: pbx.value("queue_log_in")?,
        queue_log_out: pbx.value("queue_log_out")?,
        queue_pause: pbx.value("queue_pause")?,
        queue_resume: pbx.value("queue_resume")?,
        queue_state: pbx.value("queue_state")?,
        lines: calls.number("lines", value::LINES, value::lines)?,
        click_to_transfer: calls.yes_no("click_to_transfer")?,
        transfer: calls.value("transfer")?,
        codecs: calls.list::<CodecName>("codecs", CodecName::EXPECTED)?,
        codecs_poor_network: calls.list::<CodecName>("codecs_poor_network", CodecName::EXPECTED)?,
        opus_rate: calls.number("opus_kbit_s", value::OPUS_RATE, |rate| {
            (8..=128).contains(&rate).then(|| u32::from(rate))
        })?,
        opus_band: calls.value("opus_band")?,
        opus_dtx: calls.yes_no("opus_dtx")?,
        identity: calls.list::<Identity>("identity", Identity::EXPECTED)?,
        name_prefixes: calls.list::<String>("name_prefixes", value::TEXTS)?,
        look_up_withheld: calls.yes_no("look_up_withheld")?,
        auto_answer: calls.yes_no("auto_answer")?,
        client_in_name: calls.yes_no("client_in_name")?,
        hold_reminder: calls.number("hold_reminder_s", value::HOLD_REMINDER, |seconds| {
            (seconds == 0 || (10..=3_600).contains(&seconds)).then(|| Duration::from_secs(seconds.into()))
        })?,
        microphone: audio.value("microphone")?,
        earpiece: audio.value("earpiece")?,
        ringer: audio.value("ringer")?,
        headset_buttons: audio.yes_no("headset_buttons")?,
        tones: audio.value("tones")?,
        ring: audio.value("ring")?,
        cancel_echo: audio.value("cancel_echo")?,
        suppress_noise: audio.value("suppress_noise")?,
        gain: audio.texts("gain", value::GAIN, value::gain)?.into_iter().collect(),
        recording: RecordingSettings::read(&recording)?,
        numbering: numbering.telephone_numbering()?,
        desk: desk.text("url", value::URL, |url| value::is_desk_url(url).then(|| url.to_owned()))?,
        ca: desk.value("ca")?,
        operator: desk.value("operator")?,
        theme: window.value("theme")?,
        zoom: window
            .number("zoom", value::ZOOM, |percent| (100..=200).contains(&percent).then_some(percent))?,
        wrap_up: window.number("wrap_up_s", value::WRAP_UP, |seconds| {
            (seconds <= 600).then(|| Duration::from_secs(seconds.into()))
        })?,
        answer_key: window.value("answer_key")?,
        reduce_motion: window.yes_no("reduce_motion")?,
    };
    for section in [&account, &pbx, &calls, &audio, &numbering, &desk, &window] {
        section.refuse_unknown().map_err(ConfigError::or_secret)?;
    }
    Ok(settings)
}
