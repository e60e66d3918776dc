//! What a desk costs with many clients and operators, beside the bare statements on the same database:
//! `scripts/bench`, which builds the desk, starts PostgreSQL and keeps what was filled for the next time.
//!
//! Arguments: `--size N[,N…]` clients, with a tenth as many products and ten times as many order lines; `--operators N`;
//! `--seconds N` for each load; `--hurry N[,N…]`: so many times faster than people work; `--only sqlite` or `postgres`.

mod bare;
mod desks;
mod load;
mod operator;

use std::path::PathBuf;
use std::time::Duration;

use desks::{Database, Desks};
use load::Figures;

/// Each connection of a desk that begins asks for the first time.
const SETTLING: Duration = Duration::from_secs(15);
const WARMING_UP: (u32, u64) = (5, 15);
/// Requests of each kind by one operator alone.
const ALONE: usize = 500;

struct Wanted {
    sizes: Vec<u32>,
    operators: usize,
    seconds: u64,
    hurries: Vec<u32>,
    only: Option<String>,
}

impl Wanted {
    fn read() -> Self {
        let mut wanted = Self {
            sizes: vec![10_000, 100_000],
            operators: 200,
            seconds: 30,
            hurries: vec![1, 5, 20],
            only: None,
        };
        let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
        while let Some(flag) = arguments.next() {
            let value = arguments.next().expect("each flag has a value");
            let numbers = || value.split(',').map(|number| number.parse().expect("a number")).collect();
            match flag.as_str() {
                "--size" => wanted.sizes = numbers(),
                "--hurry" => wanted.hurries = numbers(),
                "--operators" => wanted.operators = value.parse().expect("a number"),
                "--seconds" => wanted.seconds = value.parse().expect("a number"),
                "--only" => wanted.only = Some(value),
                _ => panic!("no such flag: {flag}"),
            }
        }
        wanted
    }
}

fn main() {
    let wanted = Wanted::read();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = PathBuf::from(std::env::var("BENCH_FOLDER").expect("scripts/bench says where"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    println!("load of this computer: {}", std::fs::read_to_string("/proc/loadavg").unwrap().trim());
    for &size in &wanted.sizes {
        for database in Database::all(&folder, size) {
            if wanted.only.as_ref().is_some_and(|only| *only != database.kind()) {
                continue;
            }
            println!(
                "\n## {size} clients, {} products, about {} order lines, {}",
                size / 10,
                u64::from(size) * 10,
                database.kind()
            );
            let tokens = database.fill(size, wanted.operators);
            runtime.block_on(measure(&database, &tokens, &wanted));
        }
    }
}

async fn measure(database: &Database, tokens: &[String], wanted: &Wanted) {
    let sample = bare::Sample::of(database).await;
    let mut figures = Figures::default();
    bare::measure(database, &sample, ALONE, &mut figures).await;
    figures.print("the bare statements, one after the other");
    let desks = Desks::start(database, 1);
    let mut figures = Figures::default();
    operator::alone(&desks, &tokens[0], &sample, ALONE, &mut figures).await;
    figures.print("one operator alone");
    println!("memory: {}", desks.memory());
    drop(desks);
    for &hurry in &wanted.hurries {
        let desks = Desks::start(database, if database.kind() == "sqlite" { 1 } else { 3 });
        tokio::time::sleep(SETTLING).await;
        let (quickly, seconds) = WARMING_UP;
        operator::many(&desks, tokens, &sample, quickly, seconds).await;
        let figures = operator::many(&desks, tokens, &sample, hurry, wanted.seconds).await;
        figures.print(&format!(
            "{} operators on {} desk(s), {hurry} times as fast as people, {} s",
            tokens.len(),
            desks.count(),
            wanted.seconds
        ));
        println!("memory: {}; {}", desks.memory(), desks.work());
    }
}
