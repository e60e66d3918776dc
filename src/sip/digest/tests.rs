use super::hash::Hash;
use super::*;
use crate::sip::message::{Host, StatusCode, Uri, WwwAuthenticate};

fn account(user: &str, password: &str) -> Account {
    Account {
        user: user.into(),
        domain: "pbx.example".into(),
        auth_user: None,
        password: Password::new(password),
        realm: None,
        registrar: None,
        outbound_proxy: None,
        display: None,
        expires: std::time::Duration::from_secs(300),
    }
}

/// The HTTP examples of the RFCs have request targets that are no SIP URIs, so the vectors go in below
/// `authorize`.
fn answer(challenge: &str, user: &str, password: &str, target: &str, cnonce: &str) -> AuthValue {
    let value = WwwAuthenticate::parse(challenge).unwrap();
    let challenge = Challenge::read(&value.0).unwrap();
    let mut known = Known { asker: Asker::Server, challenge, uses: 0, session_cnonce: None };
    known.answer(
        user,
        &Password::new(password),
        &Asked { method: "GET", uri: target, body: b"hello" },
        cnonce,
    )
}

const RFC_7616_NONCE: &str = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
const RFC_7616_CNONCE: &str = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

fn rfc_7616(rest: &str) -> AuthValue {
    let challenge = format!(r#"Digest realm="http-auth@example.org", nonce="{RFC_7616_NONCE}", {rest}"#);
    answer(&challenge, "Mufasa", "Circle of Life", "/dir/index.html", RFC_7616_CNONCE)
}

#[test]
fn rfc_2617_example() {
    let challenge = r#"Digest realm="testrealm@host.com", qop="auth,auth-int",
        nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41""#;
    let given = answer(challenge, "Mufasa", "Circle Of Life", "/dir/index.html", "0a4f113b");
    assert_eq!(given.get("response"), Some("6629fae49393a05397450978507c4ef1"));
    assert_eq!(given.get("opaque"), Some("5ccc069c403ebaf9f0171e9517f40e41"));
    assert_eq!(given.get("algorithm"), None, "not sent back where it was not sent");
}

/// The response was computed with Python's hashlib, over what the pairs stand for.
#[test]
fn a_quoted_pair_in_a_challenge_is_one_character_and_goes_back_as_a_pair() {
    let challenge = r#"Digest realm="the \"old\", PBX", nonce="n\\1", algorithm=MD5"#;
    let given = answer(challenge, "101", "secret", "sip:pbx", "c");
    assert_eq!((given.get("realm"), given.get("nonce")), (Some(r#"the "old", PBX"#), Some(r"n\1")));
    assert_eq!(given.get("response"), Some("99692b8b3f81ee868aa70fee3d749ddf"));
    let printed = given.to_string();
    for pairs in [r#"realm="the \"old\", PBX""#, r#"nonce="n\\1""#] {
        assert!(printed.contains(pairs), "{printed}");
    }
}

#[test]
fn rfc_7616_examples() {
    let md5 = rfc_7616(r#"qop="auth, auth-int", algorithm=MD5"#);
    assert_eq!(md5.get("response"), Some("8ca523f5e9506fed4657c9700eebdbec"));
    let sha = rfc_7616(r#"qop="auth, auth-int", algorithm=SHA-256"#);
    assert_eq!(sha.get("response"), Some("753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"));
    assert_eq!(sha.get("algorithm"), Some("SHA-256"));
}

/// As corrected by erratum 4897: the printed example used a draft of the hash.
#[test]
fn rfc_7616_example_with_sha_512_256_and_hashed_user() {
    let challenge = r#"Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, charset=UTF-8, userhash=true,
        nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS""#;
    let cnonce = "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v";
    let given = answer(challenge, "J\u{e4}s\u{f8}n Doe", "Secret, or not?", "/doe.json", cnonce);
    let user_hash = "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b";
    assert_eq!(given.get("username"), Some(user_hash));
    assert_eq!(
        given.get("response"),
        Some("3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5")
    );
    assert_eq!(given.get("userhash"), Some("true"));
}

/// Computed with another implementation of the hashes (Python's hashlib).
#[test]
fn session_integrity_and_old_forms_of_every_algorithm() {
    let of = |rest: &str| rfc_7616(rest).get("response").unwrap().to_owned();
    assert_eq!(of(r#"qop="auth", algorithm=MD5-sess"#), "e783283f46242139c486a698fec7211d");
    assert_eq!(of(r#"qop="auth-int", algorithm=MD5"#), "1707eaf5c6ed1a8f6ff2e49286b06bc2");
    assert_eq!(of("algorithm=MD5"), "7b2cc3b30e75b4777ea31027084363fd");
    assert_eq!(of("algorithm=Md5"), "7b2cc3b30e75b4777ea31027084363fd", "letters of any case");
    let sha_256 = [
        (
            r#"qop="auth", algorithm=SHA-256-sess"#,
            "2fd51b3a77ad75bad6afad6003e818d767133c46d9e2749e7f5232ae1ea3efd7",
        ),
        (
            r#"qop="auth-int", algorithm=SHA-256"#,
            "887bb8d7a6c4cc95528278df0ec68f641244105a1d6a3aa8769488086b20e097",
        ),
        ("algorithm=SHA-256", "a1306b0595a6c7fe96c448631fb5cfbd5107bd1fe1da729d978dd7446b812363"),
        (
            r#"qop="auth", algorithm=SHA-512-256"#,
            "430d05014cecc49cab6fbe03176d41a1da86cbfe24a16580e22aaad928d960d0",
        ),
        (
            r#"qop="auth", algorithm=SHA-512-256-sess"#,
            "3f2a34f923c38b0fb26dce2fdfc2ce326c23cecf86fbb1444f3e51fbbc2cb92e",
        ),
    ];
    for (rest, response) in sha_256 {
        assert_eq!(of(rest), response, "{rest}");
    }
}

fn register() -> Request {
    Request::new(Method::Register, Uri::sip(None, Host::Name("pbx.example".into()), None))
}

fn challenged(status: StatusCode, fields: &[&str]) -> Response {
    let mut response = Response::new(status);
    let name = if status == StatusCode::UNAUTHORIZED { "WWW-Authenticate" } else { "Proxy-Authenticate" };
    for field in fields {
        response.headers.push(name, *field);
    }
    response
}

fn unauthorized(field: &str) -> Response {
    challenged(StatusCode::UNAUTHORIZED, &[field])
}

fn given(request: &Request) -> AuthValue {
    request.headers.require::<Authorization>().unwrap().0
}

#[test]
fn user_and_password_in_utf8_with_quotes_are_escaped_on_the_wire_and_plain_in_the_hash() {
    let mut auth = Authenticator::new(&account("Ан\"на\\", "пароль:\"1\""));
    let mut request = register();
    auth.on_challenge(&unauthorized(r#"Digest realm="a\"b", nonce="n", algorithm=SHA-256"#), &request, 0)
        .unwrap();
    auth.authorize(&mut request, "c");
    let text = request.headers.first("Authorization").unwrap();
    assert!(
        text.starts_with(r#"Digest username="Ан\"на\\", realm="a\"b", nonce="n", uri="sip:pbx.example""#),
        "{text}"
    );
    let hash = |text: String| Hash::Sha256.hex(text.as_bytes());
    let a1 = hash("Ан\"на\\:a\"b:пароль:\"1\"".into());
    assert_eq!(
        given(&request).get("response").unwrap(),
        hash(format!("{a1}:n:{}", hash("REGISTER:sip:pbx.example".into())))
    );
}

#[test]
fn who_authenticates_may_differ_from_who_calls() {
    let mut auth = Authenticator::new(&Account { auth_user: Some("trunk7".into()), ..account("101", "x") });
    let mut request = register();
    auth.on_challenge(&unauthorized(r#"Digest realm="r", nonce="n""#), &request, 0).unwrap();
    auth.authorize(&mut request, "c");
    assert_eq!(given(&request).get("username"), Some("trunk7"));
}

#[test]
fn the_topmost_supported_of_several_challenges_is_answered() {
    let mut auth = Authenticator::new(&account("101", "x"));
    let mut request = register();
    let response = challenged(
        StatusCode::UNAUTHORIZED,
        &[
            "Negotiate",
            "Digest broken=\"",
            r#"Digest realm="r", nonce="n0", algorithm=SHA3-512"#,
            r#"Digest realm="r", nonce="n1", algorithm=SHA-512-256, qop="auth-conf""#,
            r#"Digest realm="r", nonce="n2", algorithm=SHA-256, qop="auth,auth-int""#,
            r#"Digest realm="r", nonce="n3", algorithm=MD5, qop="auth""#,
        ],
    );
    auth.on_challenge(&response, &request, 0).unwrap();
    auth.authorize(&mut request, "c");
    assert_eq!(request.headers.all("Authorization").count(), 1);
    assert_eq!(given(&request).get("nonce"), Some("n2"));
}

#[test]
fn challenges_in_one_field_are_told_apart() {
    let mut auth = Authenticator::new(&account("101", "x"));
    let mut request = register();
    let field = r#"Basic realm="r", Digest realm="r", nonce="n,1", qop="auth,auth-int", Digest realm="s", nonce="n2""#;
    auth.on_challenge(&unauthorized(field), &request, 0).unwrap();
    auth.authorize(&mut request, "c");
    let nonces: Vec<_> = auth_values(&request.headers, "Authorization")
        .iter()
        .map(|v| v.get("nonce").map(str::to_owned))
        .collect();
    assert_eq!(nonces, [Some("n,1".to_owned()), Some("n2".to_owned())]);
}

#[test]
fn a_nonce_is_used_again_and_counted() {
    let mut auth = Authenticator::new(&account("101", "x"));
    let mut request = register();
    auth.on_challenge(&unauthorized(r#"Digest realm="r", nonce="n", qop="auth""#), &request, 0).unwrap();
    for count in ["00000001", "00000002", "00000003"] {
        auth.authorize(&mut request, "c");
        assert_eq!(request.headers.all("Authorization").count(), 1, "the old answer gives way");
        assert_eq!(given(&request).get("nc"), Some(count));
        assert_eq!(given(&request).get("qop"), Some("auth"));
    }
    auth.on_challenge(&unauthorized(r#"Digest realm="r", nonce="m", qop="auth", stale=true"#), &request, 0)
        .unwrap();
    auth.authorize(&mut request, "c");
    assert_eq!(given(&request).get("nc"), Some("00000001"), "a new nonce counts from one");
}

#[test]
fn a_session_algorithm_keeps_its_first_cnonce() {
    let mut auth = Authenticator::new(&account("101", "x"));
    let mut request = register();
    let challenge = unauthorized(r#"Digest realm="r", nonce="n", qop="auth", algorithm=MD5-sess"#);
    auth.on_challenge(&challenge, &request, 0).unwrap();
    auth.authorize(&mut request, "first");
    auth.authorize(&mut request, "second");
    assert_eq!(given(&request).get("cnonce"), Some("first"));
    assert_eq!(given(&request).get("nc"), Some("00000002"));
}

#[test]
fn a_password_refused_on_a_fresh_nonce_is_not_tried_again() {
    let mut auth = Authenticator::new(&account("101", "wrong"));
    for form in [r#"qop="auth", "#, ""] {
        let mut request = register();
        auth.on_challenge(&unauthorized(&format!(r#"Digest realm="r", {form}nonce="n1""#)), &request, 0)
            .unwrap();
        auth.authorize(&mut request, "c");
        let again = unauthorized(&format!(r#"Digest realm="r", {form}nonce="n2""#));
        assert_eq!(auth.on_challenge(&again, &request, 1), Err(Refusal::WrongCredentials));
        let mut next = register();
        auth.authorize(&mut next, "c");
        assert_eq!(next.headers.first("Authorization"), None, "nothing is sent unasked after that");
    }
}

#[test]
fn an_expired_nonce_is_no_wrong_password() {
    let mut auth = Authenticator::new(&account("101", "x"));
    let mut request = register();
    auth.on_challenge(&unauthorized(r#"Digest realm="r", qop="auth", nonce="n1""#), &request, 0).unwrap();
    auth.authorize(&mut request, "c");
    let stale = unauthorized(r#"Digest realm="r", qop="auth", nonce="n2", stale=TRUE"#);
    assert_eq!(auth.on_challenge(&stale, &request, 1), Ok(()));
    // A later request with the old nonce, refused by a server that does not say `stale`.
    auth.authorize(&mut request, "c");
    auth.authorize(&mut request, "c");
    assert_eq!(
        auth.on_challenge(&unauthorized(r#"Digest realm="r", qop="auth", nonce="n3""#), &request, 0),
        Ok(())
    );
    auth.authorize(&mut request, "c");
    let refused = unauthorized(r#"Digest realm="r", qop="auth", nonce="n4""#);
    assert_eq!(auth.on_challenge(&refused, &request, 1), Err(Refusal::WrongCredentials));
}

#[test]
fn a_server_that_says_stale_for_ever_is_left() {
    let mut auth = Authenticator::new(&account("101", "x"));
    let mut request = register();
    let mut answered = 0;
    for attempt in 0..100 {
        let stale = unauthorized(&format!(r#"Digest realm="r", nonce="n{attempt}", stale=true"#));
        match auth.on_challenge(&stale, &request, attempt) {
            Ok(()) => answered += 1,
            Err(refusal) => {
                assert_eq!(refusal, Refusal::TooMany);
                break;
            }
        }
        auth.authorize(&mut request, "c");
    }
    assert_eq!(answered, 4);
}

#[test]
fn proxy_and_registrar_are_answered_side_by_side() {
    let mut auth = Authenticator::new(&account("101", "x"));
    let mut request = register();
    let proxy = challenged(
        StatusCode::PROXY_AUTHENTICATION_REQUIRED,
        &[r#"Digest realm="r", nonce="p", qop="auth""#],
    );
    auth.on_challenge(&proxy, &request, 0).unwrap();
    auth.authorize(&mut request, "c");
    auth.on_challenge(&unauthorized(r#"Digest realm="r", nonce="s", qop="auth""#), &request, 1).unwrap();
    auth.authorize(&mut request, "c");
    let of_proxy = request.headers.require::<ProxyAuthorization>().unwrap();
    assert_eq!((of_proxy.get("nonce"), of_proxy.get("nc")), (Some("p"), Some("00000002")));
    assert_eq!(given(&request).get("nonce"), Some("s"));
}

#[test]
fn only_the_accounts_realm_gets_an_answer() {
    let mut auth = Authenticator::new(&Account { realm: Some("ours".into()), ..account("101", "x") });
    let mut request = register();
    let foreign = r#"Digest realm="theirs", nonce="n""#;
    assert_eq!(auth.on_challenge(&unauthorized(foreign), &request, 0), Err(Refusal::ForeignRealm));
    let both = challenged(StatusCode::UNAUTHORIZED, &[foreign, r#"Digest realm="ours", nonce="n""#]);
    auth.on_challenge(&both, &request, 0).unwrap();
    auth.authorize(&mut request, "c");
    assert_eq!(request.headers.all("Authorization").count(), 1);
    assert_eq!(given(&request).get("realm"), Some("ours"));
}

#[test]
fn what_cannot_be_answered_is_said() {
    let mut auth = Authenticator::new(&account("101", "x"));
    let hopeless: [&[&str]; 5] = [
        &[],
        &["Basic realm=\"r\""],
        &[r#"Digest realm="r""#],
        &[r#"Digest nonce="n""#],
        &[r#"Digest realm="r", nonce="n", algorithm=AKAv1-MD5"#],
    ];
    for fields in hopeless {
        let response = challenged(StatusCode::UNAUTHORIZED, fields);
        assert_eq!(auth.on_challenge(&response, &register(), 0), Err(Refusal::Unsupported), "{fields:?}");
    }
}

#[test]
fn ack_and_cancel_keep_what_they_have() {
    let mut auth = Authenticator::new(&account("101", "x"));
    auth.on_challenge(&unauthorized(r#"Digest realm="r", nonce="n""#), &register(), 0).unwrap();
    for method in [Method::Ack, Method::Cancel] {
        let mut request = Request::new(method, Uri::sip(None, Host::Name("pbx.example".into()), None));
        auth.authorize(&mut request, "c");
        assert!(request.headers.is_empty());
    }
}

#[test]
fn realms_without_end_are_forgotten_in_turn() {
    let mut auth = Authenticator::new(&account("101", "x"));
    let mut request = register();
    for realm in 0..50 {
        auth.on_challenge(&unauthorized(&format!(r#"Digest realm="{realm}", nonce="n""#)), &request, 0)
            .unwrap();
    }
    auth.authorize(&mut request, "c");
    assert_eq!(request.headers.all("Authorization").count(), 8);
}

#[test]
fn nothing_secret_is_printed() {
    let mut auth = Authenticator::new(&account("101", "hunter2"));
    auth.on_challenge(&unauthorized(r#"Digest realm="r", nonce="n0nce""#), &register(), 0).unwrap();
    let mut request = register();
    auth.authorize(&mut request, "c");
    let shown = format!("{auth:?} {request:?} {:?}", given(&request));
    assert!(!shown.contains("hunter2") && !shown.contains("n0nce") && !shown.contains("101"), "{shown}");
}
