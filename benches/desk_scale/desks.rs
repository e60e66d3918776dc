//! Databases that are filled once, and desks on them.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::load::now;

/// Routes of lorries, so that no slot is asked for by everybody.
const ROUTES: u32 = 200;

fn binary() -> String {
    std::env::var("BENCH_DESK").expect("scripts/bench says which desk")
}

pub struct Database {
    folder: PathBuf,
    url: String,
    /// The folder of PostgreSQL's socket, and its name in there.
    postgres: Option<(String, String)>,
}

impl Database {
    /// In SQLite, and in PostgreSQL where there is one.
    pub fn all(folder: &Path, size: u32) -> Vec<Self> {
        let at = |kind: &str| folder.join(format!("{kind}-{size}"));
        let url = format!("sqlite:{}", at("sqlite").join("desk.db").display());
        let sqlite = Self { folder: at("sqlite"), url, postgres: None };
        let postgres = std::env::var("PATCHCORD_TEST_POSTGRES").ok().map(|socket| {
            let name = format!("desk{size}");
            let url = format!("postgres://desk@{}/{name}", socket.replace('/', "%2F"));
            Self { folder: at("postgres"), url, postgres: Some((socket, name)) }
        });
        [Some(sqlite), postgres].into_iter().flatten().collect()
    }

    pub fn kind(&self) -> &'static str {
        if self.postgres.is_some() { "postgres" } else { "sqlite" }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    fn config(&self) -> PathBuf {
        self.folder.join("desk.toml")
    }

    /// With data and a token for each operator, unless it has them.
    pub fn fill(&self, size: u32, operators: usize) -> Vec<String> {
        let (filled, tokens) = (self.folder.join("filled"), self.folder.join("tokens"));
        if !filled.exists() {
            let _ = std::fs::remove_dir_all(&self.folder);
            std::fs::create_dir_all(&self.folder).unwrap();
            if let Some((socket, name)) = &self.postgres {
                let run = |program: &str, more: &[&str]| {
                    let named = ["-h", socket, "-U", "desk"];
                    Command::new(program).args(named).args(more).arg(name).status().unwrap()
                };
                run("dropdb", &["--if-exists"]);
                assert!(run("createdb", &[]).success(), "PostgreSQL makes no database");
            }
            std::fs::write(self.config(), rules()).unwrap();
            let began = now();
            let config = self.config();
            let trade = format!("{},{}", size / 10, u64::from(size) * 10);
            let done = Command::new(binary())
                .args(["serve", "--listen", "127.0.0.1:0", "--until-input-ends", "--database", &self.url])
                .args([
                    "--config",
                    config.to_str().unwrap(),
                    "--sample",
                    &size.to_string(),
                    "--sample-trade",
                    &trade,
                ])
                .stdin(Stdio::null())
                .status()
                .unwrap();
            assert!(done.success(), "it was not filled");
            println!("filled in {:.0?}", began.elapsed());
            std::fs::write(&filled, "").unwrap();
        }
        let known = std::fs::read_to_string(&tokens).unwrap_or_default();
        let mut known: Vec<String> = known.lines().map(str::to_owned).collect();
        while known.len() < operators {
            let person = format!("operator{}", known.len());
            let made = Command::new(binary())
                .args(["token", "new", "--role", "operator", "--database", &self.url, "--person", &person])
                .output()
                .unwrap();
            known.push(String::from_utf8(made.stdout).unwrap().trim().to_owned());
        }
        std::fs::write(&tokens, known.join("\n")).unwrap();
        known.truncate(operators);
        known
    }
}

/// The sample's, with room on many lorries.
fn rules() -> String {
    let mut rules =
        std::fs::read_to_string("config/desk.toml").unwrap().replace("capacity = 40", "capacity = 100000");
    for number in 0..ROUTES {
        rules += &format!(
            "\n[[orders.route]]\nid = \"city-{number}\"\nname = \"{number}\"\ndays = [1, 2, 3, 4, 5, 6]\n\
             windows = [{{ from = \"07:00\", to = \"11:00\" }}, {{ from = \"11:00\", to = \"15:00\" }}]\n\
             cut_off_days = 1\ncut_off = \"17:00\"\ncapacity = 100000\nminimum = \"3000\"\n"
        );
    }
    rules
}

/// Desks on one database; killed when dropped.
pub struct Desks {
    desks: Vec<(Child, u16)>,
    postgres: Option<String>,
    began: Instant,
}

impl Desks {
    pub fn start(database: &Database, count: usize) -> Self {
        let desks = (0..count).map(|number| {
            let port_file = database.folder.join(format!("port{number}"));
            let _ = std::fs::remove_file(&port_file);
            let child = Command::new(binary())
                .args(["serve", "--listen", "127.0.0.1:0", "--database", &database.url])
                .arg("--config")
                .arg(database.config())
                .arg("--port-file")
                .arg(&port_file)
                .stdin(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let port = || {
                std::thread::sleep(Duration::from_millis(20));
                std::fs::read_to_string(&port_file).ok()?.trim().parse().ok()
            };
            (child, (0..15_000).find_map(|_| port()).expect("the desk starts"))
        });
        let desks = desks.collect();
        Self { desks, postgres: database.postgres.as_ref().map(|(socket, _)| socket.clone()), began: now() }
    }

    pub fn count(&self) -> usize {
        self.desks.len()
    }

    pub fn url(&self, operator: usize) -> String {
        format!("http://127.0.0.1:{}", self.desks[operator % self.desks.len()].1)
    }

    /// Of each desk now and at most; of PostgreSQL's processes what each has beside the others.
    pub fn memory(&self) -> String {
        let of = |pid: u32, file: &str, name: &str| {
            let text = std::fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("0");
            line.split_whitespace().next().and_then(|number| number.parse::<u64>().ok()).unwrap_or(0) / 1024
        };
        let desks = self.desks.iter().map(|(child, _)| {
            let pid = child.id();
            format!("{} MB (at most {})", of(pid, "status", "VmRSS:"), of(pid, "status", "VmHWM:"))
        });
        let desks = desks.collect::<Vec<_>>().join(", ");
        let Some(postmaster) = self.postmaster() else { return desks };
        let children =
            std::fs::read_to_string(format!("/proc/{postmaster}/task/{postmaster}/children")).unwrap();
        let children: Vec<u32> = children.split_whitespace().filter_map(|pid| pid.parse().ok()).collect();
        let all: u64 = children.iter().map(|&pid| of(pid, "smaps_rollup", "Pss:")).sum();
        format!("{desks}; PostgreSQL's {} processes {all} MB", children.len())
    }

    fn postmaster(&self) -> Option<u32> {
        let pid = std::fs::read_to_string(format!("{}/data/postmaster.pid", self.postgres.as_ref()?)).ok()?;
        pid.lines().next()?.parse().ok()
    }

    /// What the desks took of a processor since they started.
    pub fn work(&self) -> String {
        let seconds = |child: &Child| {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap_or_default();
            let after_name = stat.rsplit(')').next().unwrap_or_default();
            let ticks =
                after_name.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok());
            ticks.sum::<u64>() as f64 / 100.0
        };
        let all: f64 = self.desks.iter().map(|(child, _)| seconds(child)).sum();
        format!("{:.0} % of a processor", all / self.began.elapsed().as_secs_f64() * 100.0)
    }
}

impl Drop for Desks {
    fn drop(&mut self) {
        for (desk, _) in &mut self.desks {
            let _ = desk.kill();
            let _ = desk.wait();
        }
    }
}
