//! Lines to stdout, by a thread of their own: a reader that is slow or gone never holds up a call.

use std::io::Write;
use std::sync::mpsc::{Sender, channel};
use tokio::sync::oneshot;

pub struct Output {
    lines: Sender<String>,
    written: oneshot::Receiver<()>,
}

impl Output {
    /// The receiver hears when nobody reads any more.
    pub fn start() -> std::io::Result<(Self, oneshot::Receiver<()>)> {
        let (lines, inbox) = channel::<String>();
        let (gone, reader_gone) = oneshot::channel();
        let (all, written) = oneshot::channel();
        std::thread::Builder::new().name("stdout".into()).stack_size(128 * 1024).spawn(move || {
            let mut stdout = std::io::stdout();
            for mut line in inbox {
                line.push('\n');
                if stdout.write_all(line.as_bytes()).and_then(|()| stdout.flush()).is_err() {
                    let _ = gone.send(());
                    return;
                }
            }
            // Dropping the sender would look like a reader that is gone.
            std::mem::forget(gone);
            let _ = all.send(());
        })?;
        Ok((Self { lines, written }, reader_gone))
    }

    pub fn line(&self, line: String) {
        // The thread has ended when nobody reads any more; that has been told.
        let _ = self.lines.send(line);
    }

    /// Waits until everything is written, or nobody reads any more. The thread is not joined: a reader that has
    /// stopped reading may hold it for ever.
    pub async fn finish(self) {
        drop(self.lines);
        let _ = self.written.await;
    }
}
