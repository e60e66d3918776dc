//! Lines to stdout, by a thread of their own: a reader that is slow or gone never holds up a call. What a line tells of a call
//! is in the call register by then, whatever becomes of the process.

use crate::shell::Kept;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use tokio::sync::{Notify, oneshot};

pub struct Output {
    /// With how many register entries there were before.
    lines: Sender<(u64, String)>,
    kept: Kept,
    written: oneshot::Receiver<()>,
}

impl Output {
    /// The second value hears when nobody reads any more, also while there is nothing to write.
    pub fn start(kept: Kept) -> std::io::Result<(Self, Arc<Notify>)> {
        let (lines, inbox) = channel::<(u64, String)>();
        let on_disk = kept.clone();
        let (all, written) = oneshot::channel();
        let reader_gone = Arc::new(Notify::new());
        let (gone, gone_too) = (reader_gone.clone(), reader_gone.clone());
        std::thread::Builder::new().name("reader".into()).stack_size(64 * 1024).spawn(move || {
            if wait_until_nobody_reads().is_ok() {
                gone_too.notify_one();
            }
        })?;
        std::thread::Builder::new().name("stdout".into()).stack_size(128 * 1024).spawn(move || {
            let mut stdout = std::io::stdout();
            for (entries, mut line) in inbox {
                on_disk.wait_for(entries);
                line.push('\n');
                if stdout.write_all(line.as_bytes()).and_then(|()| stdout.flush()).is_err() {
                    gone.notify_one();
                    return;
                }
            }
            let _ = all.send(());
        })?;
        Ok((Self { lines, kept, written }, reader_gone))
    }

    pub fn line(&self, line: String) {
        // The thread has ended when nobody reads any more; that has been told.
        let _ = self.lines.send((self.kept.given(), line));
    }

    /// Waits until everything is written, or nobody reads any more. The thread is not joined: a reader that has
    /// stopped reading may hold it for ever.
    pub async fn finish(self) {
        drop(self.lines);
        let _ = self.written.await;
    }
}

/// Returns when the other end of stdout is closed. A file, which nobody closes, is waited for as long as we run.
fn wait_until_nobody_reads() -> rustix::io::Result<()> {
    let stdout = std::io::stdout();
    loop {
        // Without flags, only an error or a hang-up wakes us.
        match poll(&mut [PollFd::new(&stdout, PollFlags::empty())], None) {
            Err(Errno::INTR) => {}
            other => return other.map(drop),
        }
    }
}
