//! `patchcord-desk serve`: open, fill, listen, answer, stop.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::{Timestamp, ToSpan};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::lookup::company_system;
use super::{Failure, ServeArguments, database_named, open};
use crate::clock;
use crate::server::app::{Desk, router};
use crate::server::audit::Audit;
use crate::server::changes::Changes;
use crate::server::doors::Doors;
use crate::server::listener::{Connections, Peer};
use crate::server::sample;
use crate::server::settings::{Orders, Settings};
use crate::server::store::{Kind, Store};
use crate::server::typical::Typical;
use crate::text::{Catalogue, say};

const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8420);
/// Requests under way when the desk is told to stop get this long.
const LAST_REQUESTS: Duration = Duration::from_secs(10);
/// Repeats of a command come within minutes, or days if a laptop slept.
const COMMANDS_KEPT_HOURS: i64 = 30 * 24;
/// Minutes from one look of the database at what it holds to the next.
const LOOKED_OVER: u64 = 60;
/// Clients whose keys are made before the desk answers.
const CLIENTS_BEFOREHAND: usize = 20_000;

pub(super) async fn serve(arguments: ServeArguments, cat: &Catalogue) -> Result<(), Failure> {
    let settings = Settings::read(arguments.config.as_deref()).map_err(Failure::Settings)?;
    let address = arguments.listen.or(settings.listen).unwrap_or(LISTEN);
    let database = match (&arguments.database, &settings.database) {
        (Some(flag), _) => database_named(flag)?,
        (None, Some(file)) => file.clone(),
        (None, None) => return Err(Failure::NoDatabase),
    };
    let company = settings.company.clone().map(company_system).transpose()?;
    // A port file of an earlier run would send people to a desk that is not there.
    if let Some(file) = &arguments.port_file {
        let _ = std::fs::remove_file(file);
    }
    let listener = TcpListener::bind(address).await.map_err(|error| Failure::Listen { address, error })?;
    let store = open(database).await?;
    prepare(&store, &settings, &arguments, cat).await?;
    let (changes, watching) = Changes::watch(store.clone());
    let (audit, noting) = Audit::begin(store.clone());
    let (typical, counting) = Typical::begin(store.clone());
    let desk = Desk {
        store: store.clone(),
        plan: Arc::new(settings.plan),
        transfers: Arc::new(settings.transfers),
        orders: Arc::new(settings.orders),
        changes,
        audit,
        typical,
        doors: Doors::new(),
        company: company.map(Arc::new),
    };
    let beside = [
        tokio::spawn(tidy(store.clone(), Arc::clone(&desk.orders), settings.audit_days)),
        tokio::spawn(make_keys(store.clone())),
    ];
    let answered = answer(listener, desk, &arguments, watching, cat).await;
    for task in beside {
        task.abort();
        let _ = task.await;
    }
    answered?;
    // With the last connection the last note was made.
    let _ = tokio::time::timeout(LAST_REQUESTS, noting).await;
    let _ = tokio::time::timeout(LAST_REQUESTS, counting).await;
    store.close().await;
    Ok(())
}

/// Does what time brings, once a minute.
async fn tidy(store: Store, rules: Arc<Orders>, audit_days: u16) {
    let mut minutes = tokio::time::interval(Duration::from_secs(60));
    for minute in 0_u64.. {
        minutes.tick().await;
        let now = clock::wall();
        if minute.is_multiple_of(LOOKED_OVER)
            && let Err(error) = store.look_over().await
        {
            tracing::error!(%error, "the database was not looked over");
        }
        if let Err(error) = store.forget_commands(now - COMMANDS_KEPT_HOURS.hours()).await {
            tracing::error!(%error, "old commands were not forgotten");
        }
        if let Err(error) = store.tidy_orders(now, &rules).await {
            tracing::error!(%error, "orders were not tidied");
        }
        let forgotten = async {
            store.forget_changes().await?;
            store.forget_sessions(now).await?;
            store.forget_notes(now - (24 * i64::from(audit_days)).hours()).await
        };
        if let Err(error) = forgotten.await {
            tracing::error!(%error, "what nobody needs any more was not forgotten");
        }
    }
}

/// Makes the keys by which clients are found where an earlier version left some without; until then their names are looked at.
async fn make_keys(store: Store) {
    if let Err(error) = store.make_keys(Kind::Client, usize::MAX).await {
        tracing::error!(%error, "not every client has keys to be found by");
    }
}

/// The company's settings into the store, numbers by the plan, sample data where asked.
async fn prepare(
    store: &Store,
    settings: &Settings,
    arguments: &ServeArguments,
    cat: &Catalogue,
) -> Result<(), Failure> {
    let Settings { plan, client_types: types, .. } = settings;
    store.set_client_types(types).await.map_err(Failure::Store)?;
    store.index_by(plan).await.map_err(Failure::Store)?;
    let now = clock::wall();
    let old = now - COMMANDS_KEPT_HOURS.hours();
    store.forget_commands(old).await.map_err(Failure::Store)?;
    store.forget_handovers(now).await.map_err(Failure::Store)?;
    if let Some(size) = arguments.sample {
        fill(store, settings, arguments, size, now, cat).await?;
    }
    // Goods are few. So are most companies' clients; for those of others nobody waits.
    store.make_keys(Kind::Product, usize::MAX).await.map_err(Failure::Store)?;
    store.make_keys(Kind::Client, CLIENTS_BEFOREHAND).await.map_err(Failure::Store)?;
    Ok(())
}

/// Sample data into an empty database.
async fn fill(
    store: &Store,
    settings: &Settings,
    arguments: &ServeArguments,
    size: u32,
    now: Timestamp,
    cat: &Catalogue,
) -> Result<(), Failure> {
    let Settings { plan, client_types: types, .. } = settings;
    let (products, lines) = arguments.sample_trade.unwrap_or((sample::USUAL, 0));
    let today = now.to_zoned(jiff::tz::TimeZone::system()).date();
    let directory = sample::directory(types, today);
    let goods = sample::products(today, products);
    let routes = settings.orders.route_ids();
    let clients = sample::clients(size).map(|(id, draft)| {
        let trade = sample::trade(&draft, &routes);
        let trade = if lines == 0 { trade } else { sample::with_contracts(trade, id, &goods, today) };
        (id, draft, trade)
    });
    let filled = store.fill(&directory, clients, &goods, plan, now).await.map_err(Failure::Store)?;
    if filled && lines > 0 {
        let history = sample::History::new(sample::clients(size), &goods, &routes, lines, today);
        store.fill_history(&history).await.map_err(Failure::Store)?;
    }
    let said = if filled {
        say!(cat, "Sample clients: {count}.", count = size)
    } else {
        say!(cat, "The database is not empty; no sample data was added.")
    };
    eprintln!("patchcord-desk: {said}");
    Ok(())
}

async fn answer(
    listener: TcpListener,
    desk: Desk,
    arguments: &ServeArguments,
    watching: JoinHandle<()>,
    cat: &Catalogue,
) -> Result<(), Failure> {
    let port_file = arguments.port_file.as_deref();
    let address = listener.local_addr().map_err(Failure::System)?;
    let stop = Arc::new(tokio::sync::Notify::new());
    let stopping = Arc::clone(&stop);
    let server =
        axum::serve(Connections::new(listener), router(desk).into_make_service_with_connect_info::<Peer>())
            .with_graceful_shutdown(async move { stopping.notified().await });
    let server = tokio::spawn(async move { server.await });
    // Before anybody can know that the desk is there: whoever then tells it to stop is heard.
    let mut stops = Stops::listen().map_err(Failure::System)?;
    if let Some(file) = port_file {
        write_port(file, address.port())?;
    }
    eprintln!(
        "patchcord-desk: {}",
        say!(cat, "The desk answers at {url}.", url = format!("http://{address}"))
    );
    tokio::select! {
        () = stops.next() => {}
        () = input_ends(), if arguments.until_input_ends => {}
    }
    stop.notify_one();
    // Whoever listens for changes hears the end, and keeps nobody waiting.
    watching.abort();
    let _ = watching.await;
    if let Some(file) = port_file {
        let _ = std::fs::remove_file(file);
    }
    let _ = tokio::time::timeout(LAST_REQUESTS, server).await;
    Ok(())
}

/// In a thread of its own, which nobody waits for.
async fn input_ends() {
    let (ended, end) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = ended.send(());
    });
    let _ = end.await;
}

/// Whole or not at all: a reader never sees half a number.
fn write_port(file: &Path, port: u16) -> Result<(), Failure> {
    let failed = |error| Failure::PortFile { file: file.to_owned(), error };
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", std::process::id()));
    let unfinished = file.with_file_name(name);
    std::fs::write(&unfinished, format!("{port}\n")).map_err(failed)?;
    std::fs::rename(&unfinished, file).map_err(failed)
}

/// Ctrl-C, and the polite way in which systems end programs.
#[cfg(unix)]
struct Stops {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Stops {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Stops;

#[cfg(not(unix))]
impl Stops {
    fn listen() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        // An error would only mean that no such signal can come.
        let _ = tokio::signal::ctrl_c().await;
    }
}
