//! `patchcord devices`: what there is to hear and speak with. No PBX is needed for it.

use super::args::Arguments;
use super::verdict::Exit;
use super::{catalogue, faults, json, words};
use crate::audio::{Devices, Role, Seen};
use crate::shell::Process;
use std::io::Write;

pub fn list(process: Process, arguments: &Arguments, environment: impl Fn(&str) -> Option<String>) -> Exit {
    let cat = catalogue(arguments, environment);
    let (microphones, earpieces) = match Devices::list() {
        Ok(lists) => lists,
        Err(why) => {
            let (exit, words) = faults::no_server(&cat, &why);
            eprintln!("patchcord: {words}");
            return exit;
        }
    };
    let mut stdout = std::io::stdout().lock();
    for (role, seen) in [(Role::Microphone, microphones), (Role::Earpiece, earpieces)] {
        let Seen { devices, default } = seen;
        for device in devices {
            let is_default = default.as_ref() == Some(&device.id);
            let line = match arguments.common.json {
                true => json::device_found(process.now(), role, &device, is_default),
                false => words::device_found(&cat, role, &device, is_default),
            };
            // Nobody reads any more.
            if writeln!(stdout, "{line}").is_err() {
                return Exit::Interrupted;
            }
        }
    }
    Exit::Done
}
