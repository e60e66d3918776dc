//! A practice PBX with sockets and voices, in a thread of the test's process.

use patchcord::practice::{Plays, Programme};
use patchcord::shell::{PracticePbx, PracticeSetup, Process};
use std::net::SocketAddr;
use std::thread::JoinHandle;
use tokio::sync::oneshot;

pub struct Stage {
    local: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Stage {
    /// So many clients call.
    pub fn with_calls(calls: u32) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (tell, address) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            tokio::task::LocalSet::new().block_on(&runtime, async {
                let local = "127.0.0.1:0".parse().expect("an address");
                let programme = Programme::new(Plays::Calls(calls), 1, 1);
                let setup = PracticeSetup { local, programme };
                let pbx = PracticePbx::start(Process::begin(), setup).expect("a practice PBX");
                tell.send(pbx.local()).expect("the test waits");
                let _ = stopped.await;
                pbx.finish().await;
            });
        });
        let local = address.recv().expect("the PBX starts");
        Self { local, stop: Some(stop), thread: Some(thread) }
    }

    pub fn server(&self) -> String {
        self.local.to_string()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
