//! A Chromium without a screen, and its driver: killed when dropped.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use patchcord::clock::Clock;
use serde_json::{Value, json};

/// What is to be seen is seen within this time, or never.
const PATIENCE: Duration = Duration::from_secs(20);
/// The key under which WebDriver names an element (§12.2).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

pub const TAB: &str = "\u{E004}";
pub const ENTER: &str = "\u{E007}";
pub const SPACE: &str = " ";

pub struct Browser {
    driver: Child,
    session: String,
    http: reqwest::Client,
    runtime: tokio::runtime::Runtime,
    profile: PathBuf,
}

/// An element of the page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Element(String);

impl Browser {
    /// A window of 1100 to 900 of a reader of this language.
    pub fn open(language: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let profile = std::env::temp_dir().join(format!("patchcord-page-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&profile).unwrap();
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            // What Chromium writes in its person's folders is this test's own.
            .envs([("HOME", &profile), ("XDG_CONFIG_HOME", &profile), ("XDG_CACHE_HOME", &profile)])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Debian's chromium-driver is installed");
        let mut said = BufReader::new(driver.stdout.take().unwrap()).lines().map_while(Result::ok);
        let port = said.find_map(|line| {
            Some(line.split_once("successfully on port ")?.1.trim_end_matches('.').to_owned())
        });
        let port = port.expect("the driver says its port");
        std::thread::spawn(move || said.for_each(drop));
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE * 2).build().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut browser = Self { driver, session: String::new(), http, runtime, profile };
        let options = json!({
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                "--disable-background-networking", "--window-size=1100,900",
                format!("--user-data-dir={}", browser.profile.join("profile").display())],
            "prefs": {"intl.accept_languages": language},
        });
        let wanted = json!({"browserName": "chrome", "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL"}});
        let url = format!("http://127.0.0.1:{port}/session");
        let made =
            browser.send(reqwest::Method::POST, &url, &json!({"capabilities": {"alwaysMatch": wanted}}));
        browser.session = format!("{url}/{}", made["sessionId"].as_str().expect("a session"));
        browser
    }

    fn send(&self, method: reqwest::Method, url: &str, body: &Value) -> Value {
        self.tried(method, url, body).unwrap_or_else(|error| panic!("{url}: {error}"))
    }

    fn tried(&self, method: reqwest::Method, url: &str, body: &Value) -> Result<Value, String> {
        let request = self.http.request(method.clone(), url);
        let request = if method == reqwest::Method::POST { request.json(body) } else { request };
        let answer: Value = self.runtime.block_on(async {
            let text = request.send().await.map_err(|error| error.to_string())?.text().await;
            serde_json::from_str(&text.map_err(|error| error.to_string())?).map_err(|error| error.to_string())
        })?;
        match answer["value"]["error"].as_str() {
            Some(error) => Err(format!("{error}: {}", answer["value"]["message"])),
            None => Ok(answer["value"].clone()),
        }
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.send(reqwest::Method::POST, &format!("{}/{path}", self.session), body)
    }

    fn get(&self, path: &str) -> Value {
        self.send(reqwest::Method::GET, &format!("{}/{path}", self.session), &Value::Null)
    }

    pub fn go(&self, url: &str) {
        self.post("url", &json!({"url": url}));
    }

    /// What this script returns; it may use `arguments`.
    pub fn run(&self, script: &str, arguments: &[Value]) -> Value {
        self.post("execute/sync", &json!({"script": script, "args": arguments}))
    }

    /// An assistive program's words of an element: its role and its name.
    pub fn computed(&self, element: &Element) -> (String, String) {
        let word =
            |what| self.get(&format!("element/{}/{what}", element.0)).as_str().unwrap_or("").to_owned();
        (word("computedrole"), word("computedlabel"))
    }

    /// All that fit this selector and are shown.
    pub fn shown(&self, selector: &str) -> Vec<Element> {
        let found = self.run(
            "return [...document.querySelectorAll(arguments[0])].filter((one) => one.checkVisibility())",
            &[json!(selector)],
        );
        let id = |element: &Value| element[ELEMENT].as_str().map(|id| Element(id.to_owned()));
        found.as_array().into_iter().flatten().filter_map(id).collect()
    }

    /// The text of the first that is shown; empty: none is.
    pub fn text(&self, selector: &str) -> String {
        let script = "const one = [...document.querySelectorAll(arguments[0])].find((one) => one.checkVisibility()); \
                      return one ? one.innerText : ''";
        self.run(script, &[json!(selector)]).as_str().unwrap_or("").to_owned()
    }

    /// Keys for whatever has the focus, one after the other.
    pub fn keys(&self, keys: &str) {
        let presses: Vec<Value> = keys
            .chars()
            .flat_map(|key| [("keyDown", key), ("keyUp", key)])
            .map(|(kind, key)| json!({"type": kind, "value": key.to_string()}))
            .collect();
        self.post("actions", &json!({"actions": [{"type": "key", "id": "keyboard", "actions": presses}]}));
    }

    /// What an assistive program says of what has the focus.
    pub fn focused(&self) -> (String, String) {
        let active = self.get("element/active");
        self.computed(&Element(active[ELEMENT].as_str().expect("something has the focus").to_owned()))
    }

    /// Presses Tab until this has the focus: it can be reached by keyboard.
    pub fn tab_to(&self, role: &str, name: &str) {
        let mut met = Vec::new();
        for _ in 0..60 {
            self.keys(TAB);
            let (found, label) = self.focused();
            if found == role && label.contains(name) {
                return;
            }
            met.push(format!("{found} {label}"));
        }
        panic!("no {role} {name:?} can be reached by Tab: {met:#?}");
    }

    /// Waits until the text of this holds that; how long it took.
    pub fn wait_for(&self, selector: &str, text: &str) -> Duration {
        self.wait(
            |browser| browser.text(selector).contains(text),
            || format!("{selector} says {:?}, not {text:?}; log: {:?}", self.text(selector), self.log()),
        )
    }

    pub fn wait(&self, is_so: impl Fn(&Self) -> bool, why: impl Fn() -> String) -> Duration {
        let clock = Clock::start();
        while !is_so(self) {
            assert!(clock.now().since_start() < PATIENCE, "{}", why());
            std::thread::sleep(Duration::from_millis(10));
        }
        clock.now().since_start()
    }

    /// What Chromium complained of since it was asked last: violations of the policy, scripts that failed.
    pub fn log(&self) -> Vec<String> {
        let entries = self.post("se/log", &json!({"type": "browser"}));
        let entries = entries.as_array().cloned().unwrap_or_default();
        entries.iter().map(|entry| entry["message"].as_str().unwrap_or("").to_owned()).collect()
    }

    pub fn cdp(&self, command: &str, parameters: &Value) {
        self.post("goog/cdp/execute", &json!({"cmd": command, "params": parameters}));
    }

    pub fn prefer(&self, scheme: &str) {
        let feature = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.cdp("Emulation.setEmulatedMedia", &json!({"features": feature}));
    }

    pub fn width(&self, width: u32) {
        let screen = json!({"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false});
        self.cdp("Emulation.setDeviceMetricsOverride", &screen);
    }

    /// Into the folder PATCHCORD_TEST_PICTURES, where it is named: to be looked at.
    pub fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("PATCHCORD_TEST_PICTURES") else { return };
        let height = self.run("return document.documentElement.scrollHeight", &[]);
        let width = self.run("return innerWidth", &[]);
        let clip = json!({"x": 0, "y": 0, "width": width, "height": height, "scale": 1});
        let body =
            json!({"cmd": "Page.captureScreenshot", "params": {"captureBeyondViewport": true, "clip": clip}});
        let encoded = self.post("goog/cdp/execute", &body);
        let octets = from_base64(encoded["data"].as_str().expect("a picture"));
        std::fs::write(Path::new(&folder).join(format!("{name}.png")), octets).unwrap();
    }
}

/// Base 64, as WebDriver gives pictures.
fn from_base64(text: &str) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let values = text.bytes().filter_map(|letter| LETTERS.iter().position(|known| *known == letter));
    let values: Vec<u32> = values.map(|value| value.try_into().unwrap()).collect();
    values
        .chunks(4)
        .flat_map(|four| {
            let bits = four.iter().fold(0, |bits, value| bits << 6 | value) << (6 * (4 - four.len()));
            bits.to_be_bytes()[1..four.len()].to_vec()
        })
        .collect()
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Chromium's own processes end with its session.
        let _ = self.tried(reqwest::Method::DELETE, &self.session, &Value::Null);
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}
