//! Command lines that cannot be carried out: what is wrong, and what to write instead.

use super::args::{Arguments, CallOptions, Unfit};
use super::verdict::Exit;
use crate::text::{Catalogue, Language, say};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::process::ExitCode;

/// Combinations that clap does not know. `Err` is the sentence to say.
pub fn check(cat: &Catalogue, arguments: &Arguments) -> Result<(), String> {
    if let Some(name) = arguments.common.audio.as_deref().filter(|name| *name != "null") {
        return Err(say!(cat, "Sound device {name} cannot be used yet. Use --audio null.", name = name));
    }
    let Some(options) = super::call_options(&arguments.command) else { return Ok(()) };
    transfer_mode(cat, options)?;
    match (options.hold_at, options.resume_at) {
        (Some(hold), Some(resume)) if resume <= hold => {
            Err(say!(cat, "--resume-at must be later than --hold-at."))
        }
        _ => Ok(()),
    }
}

fn transfer_mode(cat: &Catalogue, options: &CallOptions) -> Result<(), String> {
    match options.transfer_mode.as_deref() {
        None if options.transfer.is_none() => Ok(()),
        Some("blind") => Ok(()),
        None => Err(say!(
            cat,
            "Say --transfer-mode blind: the PBX then takes the client at once, and a target that is busy or does not answer loses the call. A transfer that brings the client back is not there yet."
        )),
        Some("return") => Err(say!(
            cat,
            "--transfer-mode return is not there yet. Say --transfer-mode blind, knowing that a busy target loses the call."
        )),
        Some(mode) => {
            Err(say!(cat, "There is no --transfer-mode {mode}. Say --transfer-mode blind.", mode = mode))
        }
    }
}

/// The last `--lang` of a command line that could not be read as a whole.
pub fn asked_language(arguments: impl Iterator<Item = String>) -> Option<Language> {
    let mut language = None;
    let mut arguments = arguments.peekable();
    while let Some(argument) = arguments.next() {
        let value = match argument.strip_prefix("--lang") {
            Some("") => arguments.peek().map(String::as_str),
            Some(rest) => rest.strip_prefix('='),
            None => None,
        };
        language = value.and_then(Language::from_tag).or(language);
    }
    language
}

/// Help and version go to stdout and are no error.
pub fn explain(cat: &Catalogue, error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return if error.print().is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    eprintln!("patchcord: {}", sentence(cat, error));
    ExitCode::from(Exit::Usage as u8)
}

fn sentence(cat: &Catalogue, error: &clap::Error) -> String {
    let argument = context(error, ContextKind::InvalidArg);
    let value = context(error, ContextKind::InvalidValue);
    match error.kind() {
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => {
            say!(cat, "What shall be done? Commands: register, options, call, answer. More: patchcord --help")
        }
        ErrorKind::InvalidSubcommand => {
            let command = context(error, ContextKind::InvalidSubcommand);
            say!(
                cat,
                "There is no command {command}. Commands: register, options, call, answer. More: patchcord --help",
                command = command
            )
        }
        ErrorKind::UnknownArgument => match error.get(ContextKind::SuggestedArg) {
            Some(suggestion) => say!(
                cat,
                "There is no {argument}. Did you mean {suggestion}? More: patchcord --help",
                argument = argument,
                suggestion = suggestion
            ),
            None => say!(cat, "There is no {argument}. More: patchcord --help", argument = argument),
        },
        ErrorKind::MissingRequiredArgument => {
            say!(cat, "{argument} is missing. More: patchcord --help", argument = argument)
        }
        ErrorKind::InvalidValue if value.is_empty() => {
            say!(cat, "{argument} wants a value. More: patchcord --help", argument = argument)
        }
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => {
            let unfit = std::error::Error::source(error).and_then(|source| source.downcast_ref::<Unfit>());
            match unfit {
                Some(Unfit(expected)) => say!(
                    cat,
                    "{argument} {value} cannot be used. Expected: {what}, for example {example}.",
                    argument = argument,
                    value = value,
                    what = cat.get(expected.what),
                    example = expected.example
                ),
                None => say!(
                    cat,
                    "{argument} {value} cannot be used. More: patchcord --help",
                    argument = argument,
                    value = value
                ),
            }
        }
        // What clap says on its first line is about our own flags, and short.
        _ => {
            let text = error.render().to_string();
            text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
        }
    }
}

/// The flag without what clap writes behind it (`--server <HOST[:PORT]>`).
fn context(error: &clap::Error, kind: ContextKind) -> String {
    let text = match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    match text.split_once(" <") {
        Some((flag, _)) if kind == ContextKind::InvalidArg => flag.to_owned(),
        _ => text,
    }
}
