//! Values that the caller gives, and rules of users.

use attesh::mask::{Masker, says_secret};

const VALUE: &str = "co:rr/ect \"horse\" 7";

fn text_of(masker: &Masker, text: &str) -> String {
    masker
        .mask(text.as_bytes())
        .map_or(text.to_owned(), |masked| String::from_utf8(masked.text).expect("text"))
}

fn encode(bytes: &[u8]) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let mut group = [0; 3];
        group[..three.len()].copy_from_slice(three);
        let number = u32::from_be_bytes([0, group[0], group[1], group[2]]);
        for place in 0..4 {
            let letter = ALPHABET[(number >> (18 - 6 * place) & 63) as usize];
            out.push(if place > three.len() { '=' } else { char::from(letter) });
        }
    }
    out
}

#[test]
fn a_value_is_found_in_each_spelling() {
    let mut masker = Masker::default();
    assert!(masker.add_value("env:KEY", VALUE.as_bytes()));
    let hex: String = VALUE.bytes().map(|byte| format!("{byte:02x}")).collect();
    let percent = "co%3Arr%2Fect%20%22horse%22%207";
    let json = VALUE.replace('"', "\\\"");
    let broken = VALUE.replace("ect", "e\\\n    ct").replace("rse", "r\nse");
    for text in [VALUE, &hex, &hex.to_uppercase(), percent, &json, &broken] {
        for around in ["x {} y", "X={}", "a\n{}\nb"] {
            let text = around.replace("{}", text);
            let shown = text_of(&masker, &text);
            assert!(shown.contains("[env:KEY"), "{text}: {shown}");
            assert!(!shown.contains("rse"), "{text}: {shown}");
        }
    }
    for before in ["", "u", "us", "use", "user:"] {
        let text = format!("data {}", encode(format!("{before}{VALUE}").as_bytes()));
        assert!(text_of(&masker, &text).contains("[env:KEY"), "{text}");
    }
    let single = format!("x '{}'", VALUE.replace('r', "r'\"\"'"));
    assert!(text_of(&masker, &single).contains("[env:KEY*]"), "{single}");
}

#[test]
fn the_lines_of_a_value_are_found_one_by_one() {
    let mut masker = Masker::default();
    assert!(masker.add_value("file", b"first-line-x\nshort\nsecond-line-y\n"));
    assert_eq!(text_of(&masker, "a second-line-y b short c"), "a [file*] b short c");
}

#[test]
fn a_common_or_short_value_is_not_added() {
    let mut masker = Masker::default();
    for value in ["", "  abc12  ", "true", "false", "production", "localhost", "[github-token]"] {
        assert!(!masker.add_value("x", value.as_bytes()), "{value}");
    }
    assert_eq!(masker, Masker::default());
    assert!(masker.add_value("x", b"a-value-Z"));
    assert!(!format!("{masker:?}").contains("a-value-Z"));
}

#[test]
fn a_rule_of_a_user_is_read_or_its_fault_told() {
    let mut masker = Masker::default();
    for (pattern, at) in [
        ("", 0),
        ("ab", 0),
        ("[a-z]+", 0),
        ("abc(", 3),
        ("abc|d", 3),
        ("abc.", 3),
        ("abc[x", 3),
        ("abc{2", 3),
        ("abc*", 3),
        ("abc{5000}", 3),
        ("abc{3,2}", 3),
        ("abc[z-a]", 4),
        ("abc\\q", 3),
        ("\u{e9}abc", 0),
        ("abc[]", 3),
        ("^abc", 0),
        ("\\S{20}", 0),
    ] {
        let fault = masker.add_rule("x", pattern).expect_err(pattern);
        assert_eq!(fault.at, at, "{pattern}: {fault}");
    }
    assert!(masker.add_rule("a name", "abc[0-9]{3}").is_err());
    masker.add_rule("acme.Key:1", "(?i)acme-[0-9a-f]{8,}x").expect("a pattern");
    masker.add_rule("exact", "ZZZ[0-9]{4}").expect("a pattern");
    assert_eq!(text_of(&masker, "a ACME-0123456789X b"), "a [acme.Key:1*] b");
    assert_eq!(
        text_of(&masker, "ZZZ1234 ZZZ12345 aZZZ1234 x-ZZZ1234"),
        "[exact*] ZZZ12345 aZZZ1234 x-[exact*]"
    );
}

#[test]
fn words_are_words_whatever_they_hold() {
    let masker = Masker::default();
    let words = |text: &str| {
        masker.mask_words(text.as_bytes()).map(|masked| String::from_utf8(masked.text).expect("text"))
    };
    assert_eq!(words("mysql\0-pa b'c;d\0db").as_deref(), Some("mysql\0-p[option*]\0db"));
    assert_eq!(words("x\0--password\0a b\"c\0y").as_deref(), Some("x\0--password\0[option*]\0y"));
    assert_eq!(words("env\0DB_PASSWORD=a b c\0run").as_deref(), Some("env\0DB_PASSWORD=[assignment*]\0run"));
    assert_eq!(words("bash\0-c\0curl -u me:hunter2 x").as_deref(), Some("bash\0-c\0curl -u me:[option*] x"));
    assert_eq!(words("ls\0-l\0"), None);
}

#[test]
fn a_variable_is_masked_whole_by_its_name() {
    let masker = Masker::default();
    let value = |name: &str, value: &str| {
        masker
            .mask_variable(name, value.as_bytes())
            .map(|masked| String::from_utf8(masked.text).expect("text"))
    };
    assert_eq!(value("DB_PASSWORD", "a b\nc").as_deref(), Some("[variable*]\n"));
    assert_eq!(value("HOME", "/root"), None);
    assert_eq!(value("PWD", "/root"), None);
    assert_eq!(
        value("DATABASE_URL", "postgres://me:hunter2@db/x").as_deref(),
        Some("postgres://me:[url-password*]@db/x")
    );
    assert_eq!(value("DB_PASSWORD", "[variable]"), None);
}

#[test]
fn a_name_says_secret_by_its_parts() {
    for name in [
        "PASSWORD",
        "DB_PASSWORD",
        "dbPassword",
        "MYSQL_PASS",
        "DBPASS",
        "JWT_SECRET_V2",
        "TOKEN2",
        "SECRET_KEY_BASE",
        "GITHUB_PAT",
        "NPM_AUTH",
        "SENTRY_DSN",
        "APIKEY",
        "API_KEY",
        "apiKey",
        "AWS_SECRET_ACCESS_KEY",
        "client-secret",
        "MASTER_KEY",
        "PASSPHRASE",
        "credentials",
        "ENCRYPTION_KEY",
        "signing.key",
        "DB_PWD",
        "accessToken",
        "X_AUTH_TOKEN",
        "PGPASSWORD",
        "SSHPASS",
        "api-token",
    ] {
        assert!(says_secret(name.as_bytes()), "{name}");
    }
    for name in [
        "PWD",
        "OLDPWD",
        "PATH",
        "TOKEN_FILE",
        "PASSWORD_PATH",
        "SECRET_NAME",
        "ACCESS_KEY_ID",
        "TOKEN_URL",
        "PASSWORD_LENGTH",
        "KEY",
        "AUTHOR",
        "compass",
        "BYPASS",
        "secretary",
        "TOKEN_TTL",
        "credential.helper",
        "tokenizer",
        "PATTERN",
        "patch",
        "monkey",
        "",
        "no-password",
        "password-stdin",
        "max_tokens",
        "existingSecret",
        "keyboard",
        "public_key",
        "PASSENGER",
        "compatible",
    ] {
        assert!(!says_secret(name.as_bytes()), "{name}");
    }
}
