//! What a blind operator knows of the window: what a screen reader says, and what it finds by role and name.

use crate::stage::{Beside, Stage};
use crate::{now, seconds};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// Something that can be read on the screen.
#[derive(Clone, Debug)]
pub struct Node {
    pub depth: u64,
    pub role: String,
    pub name: String,
    pub description: String,
    pub written: String,
}

/// The screen reader of `blind.py`.
pub struct Reader {
    _program: Beside,
    questions: ChildStdin,
    told: Arc<(Mutex<Vec<Value>>, Condvar)>,
    /// How much of what was told the test has heard.
    heard: usize,
    trees: usize,
}

impl Reader {
    pub fn start(stage: &Stage) -> Self {
        // Debian's own: its bindings are of no other Python.
        let mut command = Command::new("/usr/bin/python3");
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/desktop/blind.py"));
        stage.env(&mut command).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("python3 (Debian: python3-gi gir1.2-atspi-2.0)");
        let out = child.stdout.take().expect("a pipe");
        let questions = child.stdin.take().expect("a pipe");
        let told = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
        let into = Arc::clone(&told);
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                let value = serde_json::from_str(&line).unwrap_or(Value::String(line));
                into.0.lock().expect("a lock").push(value);
                into.1.notify_all();
            }
        });
        let mut reader = Self { _program: Beside(child), questions, told, heard: 0, trees: 0 };
        reader.wait("the screen reader", seconds(30), |told| told["ready"] == true);
        reader
    }

    /// The next that fits, of what was told and not heard yet.
    fn wait(&mut self, what: &str, within: Duration, fits: impl Fn(&Value) -> bool) -> Value {
        let deadline = now() + within;
        let mut told = self.told.0.lock().expect("a lock");
        loop {
            if let Some(at) = told.iter().skip(self.heard).position(&fits) {
                self.heard += at + 1;
                return told[self.heard - 1].clone();
            }
            let left = deadline.saturating_duration_since(now());
            if left.is_zero() {
                let all: Vec<String> =
                    told.iter().filter(|told| told["tree"].is_null()).map(Value::to_string).collect();
                drop(told);
                panic!("no {what} within {within:?}; told was\n{}", all.join("\n"));
            }
            (told, _) = self.told.1.wait_timeout(told, left).expect("a lock");
        }
    }

    /// An announcement with these words; when it was made, in seconds since 1970.
    pub fn hears(&mut self, words: &str) -> f64 {
        let said = self.wait(&format!("\"{words}\""), seconds(15), |told| {
            told["said"].as_str().is_some_and(|said| said.contains(words))
        });
        said["at"].as_f64().unwrap_or_default()
    }

    /// The keyboard comes to something of this role, whose name has these words; its whole name.
    pub fn comes_to(&mut self, role: &str, words: &str) -> String {
        let told = self.wait(&format!("{role} \"{words}\" with the keyboard"), seconds(10), |told| {
            told["role"] == role && told["focus"].as_str().is_some_and(|name| name.contains(words))
        });
        told["focus"].as_str().unwrap_or_default().to_owned()
    }

    /// Where the keyboard comes to next, by name.
    pub fn next_focus(&mut self) -> String {
        let told = self.wait("focus", seconds(10), |told| told["focus"].is_string());
        told["focus"].as_str().unwrap_or_default().to_owned()
    }

    /// All that can be read, from top to bottom.
    pub fn reads(&mut self) -> Vec<Node> {
        self.questions.write_all(b"\n").expect("a question");
        let deadline = now() + seconds(20);
        let mut told = self.told.0.lock().expect("a lock");
        loop {
            // What was said meanwhile is still to be heard.
            let trees = || told.iter().filter_map(|told| told["tree"].as_array());
            if trees().count() > self.trees {
                let tree = trees().nth(self.trees).expect("counted").iter().map(node).collect();
                self.trees += 1;
                return tree;
            }
            let left = deadline.saturating_duration_since(now());
            assert!(!left.is_zero(), "the screen reader does not read");
            (told, _) = self.told.1.wait_timeout(told, left).expect("a lock");
        }
    }

    /// Something of this role, whose name has these words.
    pub fn finds(&mut self, role: &str, words: &str) -> Node {
        let deadline = now() + seconds(15);
        loop {
            let tree = self.reads();
            if let Some(node) = tree.iter().find(|node| node.role == role && node.name.contains(words)) {
                return node.clone();
            }
            if now() > deadline {
                let lines = tree.iter().map(|node| {
                    let indent = "  ".repeat(usize::try_from(node.depth).unwrap_or(0));
                    format!("{indent}{} | {} | {}", node.role, node.name, node.description)
                });
                panic!("no {role} \"{words}\" in\n{}", lines.collect::<Vec<_>>().join("\n"));
            }
        }
    }
}

fn node(value: &Value) -> Node {
    let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
    Node {
        depth: value["depth"].as_u64().unwrap_or_default(),
        role: text("role"),
        name: text("name"),
        description: text("description"),
        written: text("written"),
    }
}
