//! The system's own devices, by `hidapi`.

use super::watcher::{Bus, Device, Input, Output};
use hidapi::{HidApi, HidDevice, HidError};
use std::ffi::CString;
use std::io;
use std::time::Duration;

/// HID Usage Tables: the page of top collections that are headsets or telephones.
const TELEPHONY: u16 = 0x0B;

/// `hidapi`'s bound, and the kernel's.
const LONGEST_DESCRIPTOR: usize = hidapi::MAX_REPORT_DESCRIPTOR_SIZE;

#[derive(Default)]
pub struct System {
    api: Option<HidApi>,
}

impl System {
    fn api(&mut self) -> Option<&mut HidApi> {
        if self.api.is_none() {
            self.api =
                HidApi::new().inspect_err(|error| tracing::debug!(%error, "no buttons of headsets")).ok();
        }
        self.api.as_mut()
    }
}

impl Bus for System {
    fn look(&mut self) -> Vec<CString> {
        let Some(api) = self.api() else { return Vec::new() };
        if let Err(error) = api.refresh_devices() {
            tracing::debug!(%error, "headsets could not be looked for");
            return Vec::new();
        }
        // A device is named once for each of its collections.
        let telephony = api.device_list().filter(|device| device.usage_page() == TELEPHONY);
        let mut paths: Vec<CString> = telephony.map(|device| device.path().to_owned()).collect();
        paths.sort();
        paths.dedup();
        paths
    }

    fn open(&mut self, path: &CString) -> io::Result<Device> {
        let api = self.api().ok_or(io::ErrorKind::NotFound)?;
        let listed = api.device_list().find(|device| device.path() == path.as_c_str());
        let (vendor, name) = listed.map_or((0, None), |device| (device.vendor_id(), device.product_string()));
        let name = name.unwrap_or("headset").to_owned();
        let device = api.open_path(path).map_err(refused)?;
        let mut descriptor = vec![0; LONGEST_DESCRIPTOR];
        let length = device.get_report_descriptor(&mut descriptor).map_err(refused)?;
        descriptor.truncate(length);
        // Two doors to one device: one thread waits at the first while another writes by the second.
        let output = api.open_path(path).map_err(refused)?;
        Ok(Device {
            name,
            vendor,
            descriptor,
            input: Box::new(Opened(device)),
            output: Box::new(Opened(output)),
        })
    }
}

struct Opened(HidDevice);

impl Input for Opened {
    fn read(&mut self, buffer: &mut [u8], wait: Duration) -> io::Result<usize> {
        let wait = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
        self.0.read_timeout(buffer, wait).map_err(refused)
    }
}

impl Output for Opened {
    fn write(&mut self, report: &[u8]) -> io::Result<()> {
        self.0.write(report).map_err(refused).map(|_| ())
    }
}

fn refused(error: HidError) -> io::Error {
    match error {
        HidError::IoError { error } => error,
        other => io::Error::other(other.to_string()),
    }
}
