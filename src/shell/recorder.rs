//! Recording beside the call: a disk that stalls must not delay the voice.

use crate::audio::{Begin, RecordFault};
use crate::media::Frame;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use tokio::sync::oneshot;

/// Frames that wait for a stalled disk: 30 s. Later ones are lost, and the recording with them.
const ROOM: usize = 1_500;

pub(super) struct Recorder {
    /// Boxed: room for all of them would stay taken.
    frames: SyncSender<Box<(Frame, Frame)>>,
    ended: oneshot::Receiver<Result<(), RecordFault>>,
}

impl Recorder {
    pub(super) fn start(begin: Begin) -> std::io::Result<Self> {
        let (frames, inbox) = sync_channel(ROOM);
        let (tell_end, ended) = oneshot::channel();
        std::thread::Builder::new().name("record".into()).stack_size(256 * 1024).spawn(move || {
            let _ = tell_end.send(record(begin, &inbox));
        })?;
        Ok(Self { frames, ended })
    }

    /// What was heard and said in the same 20 ms. `false`: the recording has ended.
    pub(super) fn write(&self, received: &Frame, sent: &Frame) -> bool {
        match self.frames.try_send(Box::new((*received, *sent))) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
        }
    }

    /// Waits until everything is in the file.
    pub(super) async fn finish(self) -> Result<(), RecordFault> {
        drop(self.frames);
        self.ended.await.unwrap_or(Err(RecordFault::CannotWrite(std::io::ErrorKind::Other)))
    }
}

fn record(begin: Begin, frames: &Receiver<Box<(Frame, Frame)>>) -> Result<(), RecordFault> {
    let mut sink = begin()?;
    for both in frames {
        let (received, sent) = &*both;
        sink.write(received, sent)?;
    }
    sink.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Sink;
    use crate::media::Rate;
    use std::io::ErrorKind;
    use std::sync::mpsc;

    /// Writes only when the test lets it.
    struct SlowDisk {
        go: Receiver<()>,
        written: mpsc::Sender<i16>,
    }

    impl Sink for SlowDisk {
        fn write(&mut self, received: &Frame, _sent: &Frame) -> Result<(), RecordFault> {
            self.go.recv().map_err(|_| RecordFault::CannotWrite(ErrorKind::StorageFull))?;
            self.written.send(received[0]).unwrap();
            Ok(())
        }

        fn finish(&mut self) -> Result<(), RecordFault> {
            Ok(())
        }
    }

    fn slow_disk() -> (Recorder, mpsc::Sender<()>, Receiver<i16>) {
        let (let_go, go) = mpsc::channel();
        let (written, seen) = mpsc::channel();
        let disk = SlowDisk { go, written };
        (Recorder::start(Box::new(|| Ok(Box::new(disk)))).unwrap(), let_go, seen)
    }

    #[tokio::test]
    async fn a_disk_that_stalls_delays_nobody_and_loses_nothing() {
        let (recorder, let_go, seen) = slow_disk();
        for number in 0..100 {
            let frame = Frame::new(Rate::Narrow, &[number]);
            assert!(recorder.write(&frame, &Frame::silence(Rate::Narrow)));
        }
        (0..100).for_each(|_| let_go.send(()).unwrap());
        assert_eq!(recorder.finish().await, Ok(()));
        assert_eq!(seen.try_iter().collect::<Vec<_>>(), (0..100).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_recording_that_cannot_be_begun_is_told() {
        let fault = RecordFault::CannotCreate { file: "call.wav".into(), kind: ErrorKind::PermissionDenied };
        let told = fault.clone();
        let recorder = Recorder::start(Box::new(|| Err(told))).unwrap();
        assert_eq!(recorder.finish().await, Err(fault));
    }

    #[tokio::test]
    async fn a_disk_that_is_full_is_told_at_the_end() {
        let (recorder, let_go, _seen) = slow_disk();
        recorder.write(&Frame::silence(Rate::Narrow), &Frame::silence(Rate::Narrow));
        drop(let_go);
        assert_eq!(recorder.finish().await, Err(RecordFault::CannotWrite(ErrorKind::StorageFull)));
    }
}
