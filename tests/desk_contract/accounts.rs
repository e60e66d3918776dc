//! Accounts of the page: who is let in, and who is out again.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use patchcord::clock::Clock;
use patchcord::desk_api::PAGE;
use reqwest::Method;
use reqwest::header::{COOKIE, HOST, RETRY_AFTER, SET_COOKIE};
use serde_json::json;

use super::fixture::{BINARY, Desk, Folder, Reply, new_token, run};
use patchcord::desk_api::Role;

pub const PASSWORD: &str = "four words to log in";

/// A desk with an account of every role: operator1, ivanova, orlova, root, erp.
pub struct Staff {
    pub desk: Desk,
}

fn account(folder: &Folder, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(BINARY);
    command.arg("account").args(arguments).args(["--database", &folder.database()]).env("LC_ALL", "C");
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let _ = writeln!(child.stdin.take().unwrap(), "{input}");
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

impl Staff {
    pub fn hired() -> Self {
        let desk = Desk::own(&["--sample", "0"]);
        for (person, role) in [
            ("operator1", "operator"),
            ("ivanova", "manager"),
            ("orlova", "head"),
            ("root", "admin"),
            ("erp", "service"),
        ] {
            let made = account(&desk.folder, &["new", "--person", person, "--role", role], PASSWORD);
            assert!(made.status.success(), "{}", said(&made));
        }
        Self { desk }
    }

    fn account(&self, arguments: &[&str], input: &str) -> Output {
        account(&self.desk.folder, arguments, input)
    }

    fn knock(&self, person: &str, password: &str, more: &[(&str, &str)]) -> Reply {
        self.desk.send(|http, url| {
            let request = http.post(format!("{url}/v1/session")).header(PAGE, "person");
            let request = more.iter().fold(request, |request, (name, value)| request.header(*name, *value));
            request.json(&json!({"person": person, "password": password}))
        })
    }

    /// The cookie.
    pub fn log_in(&self, person: &str, password: &str) -> String {
        cookie(&self.knock(person, password, &[]))
    }

    fn session(&self, method: Method, cookie: &str) -> (u16, String) {
        let request = self.desk.request(method, "/v1/session");
        self.desk.outcome(request.header(COOKIE, cookie).header(PAGE, "page"))
    }
}

fn cookie(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.headers[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned()
}

#[test]
fn a_session_begins_with_the_password_and_ends_at_once_when_its_person_logs_out() {
    let staff = Staff::hired();
    let reply = staff.knock("ivanova", PASSWORD, &[]);
    assert_eq!(
        (reply.body["role"].as_str(), reply.body["entry"]["extension"].as_str()),
        (Some("manager"), Some("201"))
    );
    assert_eq!(reply.headers["cache-control"], "no-store");
    let (first, second) = (cookie(&reply), staff.log_in("ivanova", PASSWORD));
    assert_ne!(first, second);
    assert_eq!(staff.session(Method::GET, &first).0, 200);
    assert_eq!(staff.session(Method::DELETE, &first).0, 204);
    assert_eq!(staff.session(Method::GET, &first), (401, "session_ended".to_owned()));
    assert_eq!(staff.session(Method::GET, &second).0, 200, "another browser's goes on");
    // Nothing of a cookie or a password is kept.
    let value = first.split_once('=').unwrap().1;
    for kept in staff.desk.folder.kept() {
        for secret in [value, PASSWORD] {
            assert!(!kept.windows(secret.len()).any(|some| some == secret.as_bytes()));
        }
    }
    assert!(!staff.desk.server.as_ref().unwrap().said().contains(PASSWORD));
}

#[test]
fn behind_a_proxy_the_cookie_goes_with_tls_alone_and_not_to_other_hosts() {
    let staff = Staff::hired();
    let reply = staff.knock("ivanova", PASSWORD, &[(HOST.as_str(), "desk.example.com")]);
    let set = reply.headers[SET_COOKIE].to_str().unwrap();
    assert!(
        set.starts_with("__Host-patchcord=") && set.contains("; HttpOnly; SameSite=Strict; Secure"),
        "{set}"
    );
}

#[test]
fn nobody_learns_from_a_refusal_or_its_time_who_has_an_account() {
    let staff = Staff::hired();
    assert!(staff.account(&["disable", "--person", "erp"], "").status.success());
    let mut texts = Vec::new();
    let least = ["ivanova", "nobody", "erp"].map(|person| {
        let times = (0..4).map(|_| {
            let clock = Clock::start();
            let reply = staff.knock(person, "another password entirely", &[]);
            let took = clock.now().since_start();
            reply.assert_problem(401, "log_in_refused");
            texts.push(reply.text);
            took
        });
        times.min().unwrap()
    });
    texts.dedup();
    assert_eq!(texts.len(), 1, "{texts:?}");
    // A hash takes many times what everything else does: who is refused without one is refused in no time.
    let longest = *least.iter().max().unwrap();
    assert!(least.iter().all(|took| *took * 8 > longest), "{least:?}");
}

#[test]
fn who_guesses_is_made_to_wait_and_the_person_in_the_own_browser_is_let_in_meanwhile() {
    let staff = Staff::hired();
    let known = staff.log_in("ivanova", PASSWORD);
    assert_eq!(staff.session(Method::DELETE, &known).0, 204);
    // Each guess from another address, as the proxy says.
    let mut refused = Vec::new();
    for number in 0..12 {
        let address = format!("192.0.2.{number}");
        let reply = staff.knock("ivanova", "a guess of many words", &[("x-forwarded-for", &address)]);
        refused.push(reply.status);
        if reply.status == 429 {
            reply.assert_problem(429, "too_many_tries");
            let seconds: u32 = reply.headers[RETRY_AFTER].to_str().unwrap().parse().unwrap();
            assert!((1..=31).contains(&seconds), "{seconds}");
        }
    }
    assert_eq!(refused[..10], [401; 10]);
    assert_eq!(refused[11], 429);
    assert_eq!(staff.knock("ivanova", PASSWORD, &[("x-forwarded-for", "198.51.100.1")]).status, 429);
    // The browser in which she was logged in before, and everybody else.
    assert_eq!(staff.knock("ivanova", PASSWORD, &[(COOKIE.as_str(), &known)]).status, 200);
    assert_eq!(staff.knock("orlova", PASSWORD, &[("x-forwarded-for", "198.51.100.1")]).status, 200);
}

#[test]
fn a_new_password_or_a_closed_account_ends_every_session() {
    let staff = Staff::hired();
    let cookie = staff.log_in("ivanova", PASSWORD);
    assert!(staff.account(&["password", "--person", "ivanova"], "quite another password").status.success());
    assert_eq!(staff.session(Method::GET, &cookie), (401, "session_ended".to_owned()));
    staff.knock("ivanova", PASSWORD, &[]).assert_problem(401, "log_in_refused");
    let cookie = staff.log_in("ivanova", "quite another password");
    assert!(staff.account(&["disable", "--person", "ivanova"], "").status.success());
    assert_eq!(staff.session(Method::GET, &cookie), (401, "session_ended".to_owned()));
    staff.knock("ivanova", "quite another password", &[]).assert_problem(401, "log_in_refused");
    let listed = staff.account(&["list"], "");
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.lines().any(|line| line.ends_with("manager ivanova may not log in")), "{listed}");
    assert!(listed.lines().any(|line| line.ends_with("head orlova")), "{listed}");
}

#[test]
fn an_account_is_somebodys_with_a_password_that_cannot_be_guessed() {
    let staff = Staff::hired();
    let new = |person: &str, role: &str, password: &str| {
        let output = staff.account(&["new", "--person", person, "--role", role], password);
        (output.status.code(), said(&output))
    };
    for (person, role, password, words) in [
        ("stranger", "manager", PASSWORD, "stranger"),
        ("petrov", "manager", "too short", "15 to 200"),
        ("petrov", "boss", PASSWORD, "operator, manager, head"),
        ("ivanova", "manager", PASSWORD, "account password"),
        ("with space", "admin", PASSWORD, "1 to 100"),
    ] {
        let (code, said) = new(person, role, password);
        assert!(code == Some(2) && said.contains(words), "{person}: {said}");
    }
    let output = staff.account(&["disable", "--person", "stranger"], "");
    assert!(output.status.code() == Some(2) && said(&output).contains("stranger"));
    // From a file that others may read, it is taken no more than from an argument.
    let file = staff.desk.folder.path("password");
    std::fs::write(&file, PASSWORD).unwrap();
    let arguments =
        ["new", "--person", "petrov", "--role", "manager", "--password-file", file.to_str().unwrap()];
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(staff.account(&arguments, "").status.code(), Some(2));
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    assert!(staff.account(&arguments, "").status.success());
    staff.log_in("petrov", PASSWORD);
}

#[test]
fn a_token_is_revoked_by_its_id_or_by_whose_it_is() {
    let desk = Desk::own(&[]);
    let database = desk.folder.database();
    let second = new_token(&database, Role::Operator, "operator");
    let listed = String::from_utf8(run(&["token", "list", "--database", &database]).stdout).unwrap();
    assert_eq!(listed.lines().filter(|line| line.ends_with("operator operator")).count(), 2, "{listed}");
    assert!(!listed.contains("patchcord-"), "{listed}");
    let id = listed.lines().rfind(|line| line.ends_with("operator operator")).unwrap();
    let id = id.split(' ').next().unwrap();
    assert!(run(&["token", "revoke", id, "--database", &database]).status.success());
    let with = |token: &str| desk.outcome(desk.request(Method::GET, "/v1/directory").bearer_auth(token)).0;
    assert_eq!((with(&second), with(desk.token("operator"))), (401, 200));
    assert!(run(&["token", "revoke", "operator", "--database", &database]).status.success());
    assert_eq!((with(desk.token("operator")), with(desk.token("operator2"))), (401, 200));
    assert_eq!(run(&["token", "revoke", "operator", "--database", &database]).status.code(), Some(2));
}

#[test]
fn a_browser_is_told_to_keep_nothing_and_to_run_nothing_but_the_desks_own_script() {
    let desk = Desk::own(&[]);
    for path in ["/", "/page/page.js", "/healthz", "/v1/clients"] {
        let reply = desk.send(|http, url| http.get(format!("{url}{path}")));
        assert_eq!(reply.headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(reply.headers["cache-control"], "no-store", "{path}");
        let policy = reply.headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    }
    let page = desk.send(|http, url| http.get(format!("{url}/")).header("accept-language", "ru-RU,ru;q=0.9"));
    assert!(page.text.contains("<html lang=\"ru\">") && page.text.contains("Войти"));
    desk.send(|http, url| http.get(format!("{url}/page/other"))).assert_problem(404, "no_such_path");
}
