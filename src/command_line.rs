//! Reading a program's command line, with help and refusals in the user's language.
//!
//! The definition with its English texts is clap's, beside each program; here they are said in the
//! language of `--lang`, else of the environment, when somebody asks for help.

use crate::config::{Expected, Setting};
use crate::text::{Catalogue, Language, msg, say};
use clap::builder::Resettable;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Parser};
use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

/// Exit code for a command line that cannot be carried out.
const USAGE: u8 = 2;

/// What clap itself writes into a help text. Names in capitals (`FILE`) stay: they are what other
/// messages call a value.
const CLAP_WORDS: [&str; 10] = [
    msg!("Usage:"),
    msg!("Commands:"),
    msg!("Arguments:"),
    msg!("Options:"),
    msg!("[OPTIONS]"),
    msg!("<COMMAND>"),
    msg!("[COMMAND]"),
    msg!("Print help"),
    msg!("Print version"),
    msg!("[default:"),
];

/// The arguments; or how the program ends, after help was given or a refusal said.
pub fn read<A: Parser>(
    arguments: impl Iterator<Item = OsString>,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<A, ExitCode> {
    let arguments: Vec<OsString> = arguments.collect();
    let language = asked_language(&arguments).unwrap_or_else(|| Language::from_environment(environment));
    let cat = Catalogue::new(language);
    A::try_parse_from(&arguments).map_err(|error| match error.kind() {
        // Asked once more, of a definition that speaks the language: nobody else pays for it.
        ErrorKind::DisplayHelp => {
            let help = translated(A::command(), &cat).try_get_matches_from(&arguments);
            let help = help.err().unwrap_or(error).render().to_string();
            print(&in_our_words(help, &cat))
        }
        ErrorKind::DisplayVersion => print(&error.render().to_string()),
        _ => {
            let mut command = A::command();
            // Gives flags that stand on either side to subcommands, too.
            command.build();
            let place = Place::reached(&command, &arguments);
            eprintln!("{}: {}", command.get_name(), sentence(&cat, &error, &place));
            ExitCode::from(USAGE)
        }
    })
}

/// Carries what was expected, as a message to be said in the user's language, through clap.
#[derive(Debug)]
pub struct Unfit(Expected);

impl std::fmt::Display for Unfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.what)
    }
}

impl std::error::Error for Unfit {}

/// A value as it is written in a settings file, too.
pub fn setting<T: Setting>(text: &str) -> Result<T, Unfit> {
    fitting(T::parse(text), T::EXPECTED)
}

/// What was read from a value, or what it should have been.
pub fn fitting<T>(read: Option<T>, expected: Expected) -> Result<T, Unfit> {
    read.ok_or(Unfit(expected))
}

/// The last `--lang` of a command line that nobody has read yet.
fn asked_language(arguments: &[OsString]) -> Option<Language> {
    let mut language = None;
    let mut arguments = arguments.iter().map(|argument| argument.to_string_lossy()).peekable();
    while let Some(argument) = arguments.next().filter(|argument| argument != "--") {
        let value = match argument.strip_prefix("--lang") {
            Some("") => arguments.peek().map(AsRef::as_ref),
            Some(rest) => rest.strip_prefix('='),
            None => None,
        };
        language = value.and_then(Language::from_tag).or(language);
    }
    language
}

/// The command and those below it, with every text of ours in the language of the catalogue.
fn translated(command: Command, cat: &Catalogue) -> Command {
    let said = |text: &dyn std::fmt::Display| cat.get(&text.to_string()).to_owned();
    let about = command.get_about().map(|text| said(text).into());
    let after_help = command.get_after_help().map(|text| said(text).into());
    command
        .about(Resettable::from(about))
        .after_help(Resettable::from(after_help))
        .mut_args(|argument| {
            let help = argument.get_help().map(|text| said(text).into());
            let heading = argument.get_help_heading().map(|text| said(&text).into());
            argument.help(Resettable::from(help)).help_heading(Resettable::from(heading))
        })
        .mut_subcommands(|command| translated(command, cat))
}

fn in_our_words(help: String, cat: &Catalogue) -> String {
    CLAP_WORDS.iter().fold(help, |help, word| help.replace(word, cat.get(word)))
}

/// Help and version go to stdout and are no error.
fn print(text: &str) -> ExitCode {
    let printed = std::io::stdout().write_all(text.as_bytes());
    if printed.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How far a command line came: what may follow, and how to ask for its help.
struct Place {
    commands: String,
    help: String,
}

impl Place {
    fn reached(command: &Command, arguments: &[OsString]) -> Self {
        let mut path = vec![command.get_name()];
        let mut reached = command;
        let mut arguments = arguments.iter().skip(1);
        while let Some(argument) = arguments.next() {
            let name = argument.to_str().and_then(|argument| argument.strip_prefix("--"));
            let flag = reached.get_arguments().find(|flag| name.is_some() && flag.get_long() == name);
            if flag.is_some_and(|flag| flag.get_action().takes_values()) {
                // Its value may be called like a command.
                arguments.next();
            } else if let Some(next) = reached.find_subcommand(argument) {
                path.push(next.get_name());
                reached = next;
            }
        }
        let commands: Vec<&str> = reached.get_subcommands().map(Command::get_name).collect();
        Self { commands: commands.join(", "), help: format!("{} --help", path.join(" ")) }
    }
}

fn sentence(cat: &Catalogue, error: &clap::Error, place: &Place) -> String {
    let Place { commands, help } = place;
    let argument = context(error, ContextKind::InvalidArg);
    let value = context(error, ContextKind::InvalidValue);
    match error.kind() {
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => {
            say!(
                cat,
                "What shall be done? Commands: {commands}. More: {help}",
                commands = commands,
                help = help
            )
        }
        ErrorKind::InvalidSubcommand => say!(
            cat,
            "There is no command {command}. Commands: {commands}. More: {help}",
            command = context(error, ContextKind::InvalidSubcommand),
            commands = commands,
            help = help
        ),
        ErrorKind::UnknownArgument => match context(error, ContextKind::SuggestedArg) {
            suggestion if suggestion.is_empty() => {
                say!(cat, "There is no {argument}. More: {help}", argument = argument, help = help)
            }
            suggestion => say!(
                cat,
                "There is no {argument}. Did you mean {suggestion}? More: {help}",
                argument = argument,
                suggestion = suggestion,
                help = help
            ),
        },
        ErrorKind::MissingRequiredArgument => {
            say!(cat, "Missing: {argument}. More: {help}", argument = argument, help = help)
        }
        ErrorKind::InvalidValue | ErrorKind::TooFewValues | ErrorKind::NoEquals if value.is_empty() => {
            say!(cat, "{argument} wants a value. More: {help}", argument = argument, help = help)
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
                    "{argument} {value} cannot be used. More: {help}",
                    argument = argument,
                    value = value,
                    help = help
                ),
            }
        }
        ErrorKind::TooManyValues => say!(
            cat,
            "{argument} takes no value {value}. More: {help}",
            value = value,
            argument = argument,
            help = help
        ),
        ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues | ErrorKind::NoEquals => {
            say!(
                cat,
                "{argument} wants another number of values. More: {help}",
                argument = argument,
                help = help
            )
        }
        ErrorKind::ArgumentConflict => match context(error, ContextKind::PriorArg) {
            prior if prior == argument => {
                say!(cat, "{argument} may be given only once. More: {help}", argument = argument, help = help)
            }
            prior => say!(
                cat,
                "{argument} and {other} exclude each other. More: {help}",
                argument = argument,
                other = prior,
                help = help
            ),
        },
        ErrorKind::InvalidUtf8 => {
            say!(cat, "The command line is not text in UTF-8. More: {help}", help = help)
        }
        _ => say!(cat, "The command line cannot be read. More: {help}", help = help),
    }
}

/// Flags without what clap writes behind them (`--server <HOST[:PORT]>`, `--verbose...`).
fn context(error: &clap::Error, kind: ContextKind) -> String {
    let bare = |text: &String| match kind {
        ContextKind::InvalidArg | ContextKind::PriorArg => {
            let flag = text.split_once(" <").map_or(text.as_str(), |(flag, _)| flag);
            flag.trim_end_matches("...").to_owned()
        }
        _ => text.clone(),
    };
    match error.get(kind) {
        Some(ContextValue::String(text)) => bare(text),
        Some(ContextValue::Strings(texts)) => texts.iter().map(bare).collect::<Vec<_>>().join(", "),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

#[cfg(test)]
pub mod testing {
    //! What both programs' help has to stand.

    use super::*;

    /// Every text of every help page exists and is translated; nothing of clap's own is left.
    pub fn help_is_complete<A: Parser>() {
        let english = Catalogue::new(Language::English);
        for language in [Language::Korean, Language::Russian] {
            let cat = Catalogue::new(language);
            let pages = pages(translated(A::command(), &cat), &cat);
            for ((name, page), (_, original)) in pages.iter().zip(self::pages(A::command(), &english)) {
                for (line, original) in
                    page.lines().zip(original.lines()).filter(|(line, _)| !line.is_empty())
                {
                    assert_ne!(line, original, "{name} in {}", language.code());
                }
                for word in CLAP_WORDS {
                    assert!(!page.contains(word), "{name} in {}: {word}", language.code());
                }
            }
            texts(&A::command(), &mut |place, text| {
                let text = text.unwrap_or_else(|| panic!("{place} has no text"));
                assert_ne!(cat.get(&text), text, "{place} in {}", language.code());
            });
        }
    }

    /// What clap says today is what we replace.
    #[test]
    fn clap_says_the_words_that_are_replaced() {
        let command = Command::new("program")
            .version("1")
            .arg(clap::Arg::new("argument"))
            .arg(clap::Arg::new("option").long("option").default_value("1"))
            .subcommand(Command::new("command"))
            .subcommand_required(true);
        // The one asks for a command, the other does without.
        let optional = command.clone().subcommand_required(false).render_help();
        let help = format!("{}{optional}", command.clone().render_help());
        for word in CLAP_WORDS {
            assert!(help.contains(word), "{word} in {help}");
        }
    }

    fn pages(mut command: Command, cat: &Catalogue) -> Vec<(String, String)> {
        command.build();
        let mut pages = Vec::new();
        collect(&mut command, cat, &mut pages);
        pages
    }

    fn collect(command: &mut Command, cat: &Catalogue, pages: &mut Vec<(String, String)>) {
        let help = in_our_words(command.render_help().to_string(), cat);
        pages.push((command.get_name().to_owned(), help));
        command.get_subcommands_mut().for_each(|command| collect(command, cat, pages));
    }

    fn texts(command: &Command, say: &mut impl FnMut(String, Option<String>)) {
        let name = command.get_name().to_owned();
        say(name.clone(), command.get_about().map(ToString::to_string));
        for argument in command.get_arguments() {
            let place = format!("{name} {}", argument.get_id());
            say(place.clone(), argument.get_help().map(ToString::to_string));
            if let Some(heading) = argument.get_help_heading() {
                say(place, Some(heading.to_owned()));
            }
        }
        command.get_subcommands().for_each(|command| texts(command, say));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_found_wherever_it_stands() {
        let asked = |line: &str| asked_language(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert_eq!(asked("program --lang ko call"), Some(Language::Korean));
        assert_eq!(asked("program call --lang=ru"), Some(Language::Russian));
        assert_eq!(asked("program --lang ko --lang ru --help"), Some(Language::Russian));
        for line in ["program", "program --lang", "program --lang xx", "program call -- --lang=ko"] {
            assert_eq!(asked(line), None, "{line}");
        }
    }

    #[test]
    fn every_refusal_is_in_the_language_of_the_reader() {
        let cat = Catalogue::new(Language::Korean);
        let place = Place { commands: "call".to_owned(), help: "program --help".to_owned() };
        for kind in [
            ErrorKind::InvalidValue,
            ErrorKind::UnknownArgument,
            ErrorKind::InvalidSubcommand,
            ErrorKind::NoEquals,
            ErrorKind::ValueValidation,
            ErrorKind::TooManyValues,
            ErrorKind::TooFewValues,
            ErrorKind::WrongNumberOfValues,
            ErrorKind::ArgumentConflict,
            ErrorKind::MissingRequiredArgument,
            ErrorKind::MissingSubcommand,
            ErrorKind::InvalidUtf8,
            ErrorKind::Io,
            ErrorKind::Format,
        ] {
            let words = sentence(&cat, &clap::Error::new(kind), &place);
            let is_hangul = |c: char| ('\u{AC00}'..='\u{D7A3}').contains(&c);
            assert!(words.contains(is_hangul) && words.ends_with("program --help"), "{kind}: {words}");
        }
    }
}
