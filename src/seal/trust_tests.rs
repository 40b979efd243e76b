use super::*;
use crate::seal::allowed::matches_any;
use crate::seal::keys::PrivateKey;
use data_encoding::BASE64;

fn key(seed: u8) -> PublicKey {
    PrivateKey::from_seed(&[seed; 32]).public()
}

/// Local time somewhere.
fn an_hour_east(time: jiff::civil::DateTime) -> Option<i64> {
    Some(jiff::tz::TimeZone::UTC.to_timestamp(time).ok()?.as_second() - 3600)
}

fn read(text: &str) -> Result<TrustFile, TrustError> {
    TrustFile::read(text.as_bytes(), an_hour_east)
}

fn keys(text: &str) -> Vec<PublicKey> {
    let file = read(text).unwrap();
    file.keys.iter().map(|k| k.key().clone()).collect()
}

#[test]
fn pem_blocks_and_key_lines_are_read_in_order() {
    let pem = format!("# ours\n{}\n{}", key(1).to_spki_pem(), key(2).to_spki_pem());
    assert_eq!(keys(&pem), [key(1), key(2)]);
    let crlf = key(1).to_spki_pem().replace('\n', "\r\n");
    assert_eq!(keys(&crlf), [key(1)]);
    let lines = format!("\n# ours\n{} a b c\r\n  {}\n", key(1).to_ssh_line(), key(2).to_ssh_line());
    assert_eq!(keys(&lines), [key(1), key(2)]);
    assert_eq!(read(&lines).unwrap().keys[0].principals(), Some("a b c"));
}

#[test]
fn allowed_signers_lines_are_read() {
    let line = key(1).to_ssh_line();
    for options in [
        "",
        "namespaces=\"attesh\"",
        "namespaces=\"file,att*\"",
        "NAMESPACES=\"attes?\"",
        "namespaces=attesh,valid-after=20260102Z",
        "namespaces=\"a\\\" b,attesh\"",
        "valid-before=\"20270102030405Z\",valid-after=\"202601020304Z\"",
    ] {
        let file = read(&format!("alice@example.org,*@b.org {options} {line} comment\n")).unwrap();
        assert_eq!(file.keys[0].key(), &key(1), "{options}");
        assert_eq!(file.keys[0].principals(), Some("alice@example.org,*@b.org"));
    }
    let file =
        read(&format!("\"a b\" valid-before=\"20270102030405Z\",valid-after=\"202601020304Z\" {line}"))
            .unwrap();
    assert_eq!(file.keys[0].principals(), Some("a b"));
    assert_eq!(file.keys[0].validity(), Validity { after: Some(1_767_323_040), before: Some(1_798_859_045) });
}

#[test]
fn a_time_without_a_zone_is_local_time() {
    let line = key(1).to_ssh_line();
    let text = format!("a valid-after=\"202601020304\",valid-before=\"20270102030405\" {line}");
    let validity = read(&text).unwrap().keys[0].validity();
    assert_eq!(validity, Validity { after: Some(1_767_323_040 - 3600), before: Some(1_798_859_045 - 3600) });
    assert!(!validity.holds_at(1_767_323_040 - 3601));
}

#[test]
fn sound_lines_that_trust_nobody_here_are_left_out_and_said() {
    let line = key(1).to_ssh_line();
    for (other, says) in [
        ("a ssh-rsa AAAA".to_owned(), "of type ssh-rsa"),
        ("ecdsa-sha2-nistp256 AAAA".to_owned(), "of type ecdsa"),
        ("a sk-ssh-ed25519@openssh.com AAAA".to_owned(), "of type sk-"),
        (format!("a cert-authority {line}"), "certificate authority"),
        (format!("a namespaces=\"git\" {line}"), "namespaces"),
        (format!("a namespaces=\"*,!attesh\" {line}"), "namespaces"),
    ] {
        let file = read(&format!("{other}\n{}\n", key(2).to_ssh_line())).unwrap();
        assert_eq!(file.keys.len(), 1, "{other}");
        assert_eq!(file.keys[0].key(), &key(2));
        assert_eq!(file.unused[0].line, 1);
        assert!(file.unused[0].why.contains(says), "{:?}", file.unused[0]);
        // Nothing else in it: an error that says why.
        let error = read(&other).unwrap_err().to_string();
        assert!(error.contains("line 1") && error.contains(says), "{error}");
        assert!(error.contains("no usable key") || error.contains("an Ed25519 key is needed"), "{error}");
    }
}

#[test]
fn a_damaged_line_is_named_though_others_are_good() {
    let good = key(2).to_ssh_line();
    let line = key(1).to_ssh_line();
    let data = line.strip_prefix("ssh-ed25519 ").unwrap().to_owned();
    for damaged in [
        "ssh-ed25519".to_owned(),
        "ssh-ed25519 !!!!".to_owned(),
        format!("ssh-ed25519 {}", &data[..40]),
        format!("ssh-ed25519 {}AAAA", data),
        "alice".to_owned(),
        format!("alice {data}"),
        format!("alice valid-after={line}"),
        format!("alice valid-after=\"2026Z\" {line}"),
        format!("alice valid-after=\"20261301Z\" {line}"),
        format!("alice valid-after=\"20260101Z\",valid-after=\"20270101Z\" {line}"),
        format!("alice valid-sometimes=\"20260101Z\" {line}"),
        format!("alice namespaces {line}"),
        format!("alice cert-authority, {line}"),
        format!("alice namespaces=\"a\"b {line}"),
        format!("alice namespaces=\"a {line}"),
    ] {
        let error = read(&format!("{good}\n{damaged}\n")).unwrap_err();
        assert_eq!(error.line, Some(2), "{damaged}: {error}");
    }
}

#[test]
fn other_files_are_said_to_be_what_they_are() {
    let private = PrivateKey::from_seed(&[1; 32]).to_pkcs8_pem(None).unwrap();
    let error = read(&private).unwrap_err();
    assert_eq!(error.why, KeyError::PrivateGiven);
    for text in ["", "# nothing\n", "hello"] {
        assert!(matches!(read(text).unwrap_err().why, KeyError::NotAKey(_)));
    }
    assert!(TrustFile::read(&[0xff, 0xfe], an_hour_east).is_err());
    let mixed = format!("{}{}\n", key(1).to_spki_pem(), key(2).to_ssh_line());
    assert_eq!(read(&mixed).unwrap_err().line, Some(4));
}

#[test]
fn a_line_that_looks_restricted_is_trusted_without_its_restriction() {
    let (good, line) = (key(2).to_ssh_line(), key(1).to_ssh_line());
    for restriction in [
        "valid-before=\"20200101\"",
        "VALID-BEFORE=20200101",
        "valid-after=\"20990101\"",
        "namespaces=\"git\"",
        "Namespaces=git,file",
        "cert-authority",
        "CERT-AUTHORITY",
        "cert-authority,namespaces=\"git\"",
        "alice,cert-authority",
        "alice,valid-before=\"20200101\"",
        "@revoked",
        "@REVOKED",
        "@cert-authority",
        "@revoked *.example.org",
        "@cert-authority *.example.org",
        "command=\"echo a b\"",
        "command=\"a\\\" ssh-ed25519 b\"",
        "from=\"10.0.0.0/8,*.example.org\"",
        "expiry-time=\"20200101\"",
        "restrict",
        "restrict,pty",
        "no-pty",
        "no-X11-forwarding,no-port-forwarding",
        "environment=\"A=b\",restrict",
        "verify-required",
        "no-touch-required",
        "valid-before=\"20200101\" alice",
        "!*",
        "!a,b",
        "a,!b",
        "\"\"",
        "\"!*\"",
        "valid-before",
        "namespaces",
        "-valid-before",
        "valid-before:20200101",
        "revoked",
        "\"@revoked\"",
        "[example.com]:22",
        "|1|abc|def",
    ] {
        let error = read(&format!("{good}\n{restriction} {line} comment\n")).unwrap_err();
        assert_eq!(error.line, Some(2), "{restriction}: {error}");
    }
}

#[test]
fn an_option_behind_a_key_restricts_or_a_word_there_is_one() {
    let (good, line) = (key(2).to_ssh_line(), key(1).to_ssh_line());
    for behind in [
        "valid-before=20200101",
        "valid-before 20200101",
        "a,VALID-AFTER=\"20990101\"",
        "expiry-time=\"20200101\"",
        "me namespaces=\"git\"",
        "namespaces: git",
        "cert-authority",
    ] {
        for before in ["", "alice ", "alice namespaces=\"attesh\" "] {
            let error = read(&format!("{good}\n{before}{line} {behind}\n")).unwrap_err();
            assert_eq!(error.line, Some(2), "{before} {behind}: {error}");
        }
    }
    for comment in [
        "# revoked 2026",
        "me@host a=b",
        "# valid-before=20200101",
        "revoked",
        "ci namespaces team",
        "a Namespaces,b",
        "# cert-authority",
    ] {
        assert_eq!(keys(&format!("{line} {comment}")), [key(1)], "{comment}");
        assert_eq!(keys(&format!("alice {line} {comment}")), [key(1)], "{comment}");
    }
}

#[test]
fn options_between_principals_and_key_are_left_out() {
    let line = key(1).to_ssh_line();
    // They count whatever their case.
    for (options, limited) in [
        ("VALID-BEFORE=\"20200101Z\"", true),
        ("valid-before=20200101Z,namespaces=\"attesh\"", true),
        ("namespaces=\"attesh\"", false),
    ] {
        let file = read(&format!("alice {options} {line}")).unwrap();
        assert_eq!(!file.keys[0].validity().is_unlimited(), limited, "{options}");
    }
    // A name that looks like an option is one in quotes.
    let file = read(&format!("\"restrict\" {line}")).unwrap();
    assert_eq!(file.keys[0].principals(), Some("restrict"));
}

#[test]
fn what_attesh_does_not_take_is_called_damaged() {
    let line = key(1).to_ssh_line();
    let between = "put it between the names and the key";
    let pem = key(2).to_spki_pem();
    for (text, says, next) in [
        (format!("@revoked {line}"), "\"@revoked\" is a marker of known_hosts", "remove the line"),
        (format!("@cert-authority * {line}"), "\"@cert-authority\" is a marker", "remove the line"),
        (format!("revoked {line}"), "looks like a revocation", "remove the line"),
        (format!("*,!bob {line}"), "\"*,!bob\" leaves a name out", "name only who is trusted"),
        (
            format!("[h]:22 {line}"),
            "\"[h]:22\" is a host of known_hosts",
            "put the name of who holds the key",
        ),
        (
            format!("valid-before=20270101 {line}"),
            "stands where the names belong",
            "put a name or * before it",
        ),
        (format!("cert-authority {line}"), "stands where the names belong", "put a name or * before it"),
        (format!("restrict,pty {line}"), "an option of authorized_keys", "if it is a name, put it in quotes"),
        (format!("from=\"10.*\" {line}"), "an option of authorized_keys", "use those of allowed_signers"),
        (format!("\"\" {line}"), "the names are empty", "put a name or * there"),
        (format!("{line} me valid-before=20270101"), "\"valid-before=20270101\" behind the key", between),
        (format!("{line} cert-authority"), "\"cert-authority\" behind the key is a comment", between),
        (format!("alice {line} namespaces=git"), "restricts nothing", between),
        (
            format!("alice bob {line}"),
            "\"bob\" stands between the names and the key",
            "put commas between names",
        ),
        (format!("alice namespaces {line}"), "namespaces has no value", "write options as in"),
        (
            format!("alice cert-authority=a {line}"),
            "cert-authority has a value",
            "write cert-authority alone",
        ),
        (format!("alice cert-authority, {line}"), "a comma has no option behind it", "remove the comma"),
        (format!("alice namespaces=\"a\"b {line}"), "no comma stands between", "write options as in"),
        (format!("alice valid-after=\"2026Z\" {line}"), "\"2026Z\" is not a time", "write YYYYMMDD"),
        (format!("a valid-after=1,valid-after=2 {line}"), "valid-after is there twice", "keep the one"),
        (format!("alice namespaces=\"a {line}"), "a quote in it does not end", "close the quote"),
        (
            format!("alice cert-authority {line}"),
            "a certificate authority",
            "add a line for the key that seals",
        ),
        (
            format!("alice namespaces=git {line}"),
            "do not have \"attesh\"",
            "add a line for the key that seals",
        ),
        (
            "ssh-ed25519-cert-v01@openssh.com AAAA".into(),
            "a certificate of OpenSSH",
            "add a line for the key",
        ),
        (format!("{line}\n{pem}"), "stands outside the PEM blocks", "put lines in a file of their own"),
        ("hello".into(), "expected a public key, found \"hello\"", "a public key is a line such as"),
        (format!("alice {}", line.split_once(' ').unwrap().1), "expected a public key", "is a line such as"),
    ] {
        let error = read(&text).unwrap_err();
        let (what, instead) = (error.to_string(), error.next().unwrap().to_string());
        assert_eq!(error.line, Some(1), "{text}: {what}");
        assert!(what.contains(says) && instead.contains(next), "{text}: {what}; {instead}");
        assert!(!what.contains("damaged") && !instead.contains("copy it again"), "{what}; {instead}");
    }
}

#[test]
fn a_key_in_another_form_of_ssh_keygen_is_called_no_key() {
    let error = read("# a comment\n---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n").unwrap_err();
    assert_eq!(error.line, Some(2));
    assert!(error.to_string().contains("in the form of RFC 4716"), "{error}");
    assert!(error.next().unwrap().to_string().ends_with("type: ssh-keygen -i -f FILE"));
}

#[test]
fn what_is_damaged_is_called_refused() {
    let error = read("ssh-ed25519 AAA%").unwrap_err();
    assert_eq!(
        error.told(),
        "line 1: a damaged key: the key data is not base64; copy it again, from its first line to its last"
    );
}

/// Whoever names a private key by mistake finds none of it in the log of the job.
#[test]
fn a_message_quotes_a_key() {
    let private = PrivateKey::from_seed(&[1; 32]).to_pkcs8_pem(None).unwrap();
    let body: String = private.lines().filter(|line| !line.starts_with('-')).collect();
    let coded = BASE64.encode(private.as_bytes());
    let public = key(2).to_spki_pem();
    for text in [
        coded.clone(),
        coded
            .as_bytes()
            .chunks(76)
            .map(|part| std::str::from_utf8(part).unwrap())
            .collect::<Vec<_>>()
            .join("\n"),
        body.clone(),
        format!("alice {body} {body}"),
        format!("alice {body}={body}"),
        format!("@{body} {body}"),
        format!("{public}{body}\n"),
    ] {
        let said = read(&text).unwrap_err().to_string();
        for window in [&coded, &body].into_iter().flat_map(|one| one.as_bytes().windows(12)) {
            let window = std::str::from_utf8(window).unwrap();
            assert!(!said.contains(window), "{said}");
        }
    }
}

#[test]
fn a_key_that_is_kept_loses_its_validity() {
    let line = key(1).to_ssh_line();
    for (text, principals) in [
        (line.clone(), None),
        (format!("alice valid-before=\"20200101Z\" {line}"), Some("alice")),
        (format!("a,b* valid-after=\"20200101Z\",valid-before=\"20210101120001Z\" {line}"), Some("a,b*")),
        (format!("\"a b\" valid-after=\"20200101Z\" {line}"), Some("*")),
        (format!("\"restrict\" valid-after=\"20200101\" {line}"), Some("*")),
    ] {
        let first = read(&text).unwrap().keys.remove(0);
        let again = read(&first.to_file()).unwrap().keys.remove(0);
        assert_eq!((again.key(), again.validity()), (first.key(), first.validity()), "{text}");
        assert_eq!(again.principals(), principals, "{text}");
    }
}

#[test]
fn a_mark_at_the_beginning_or_a_key_of_another_type_spoils_a_file() {
    let marked = format!("\u{feff}{}\r\n", key(1).to_ssh_line());
    assert_eq!(keys(&marked), [key(1)]);
    assert_eq!(keys(&format!("\u{feff}{}", key(1).to_spki_pem())), [key(1)]);
    let ec = "-----BEGIN PUBLIC KEY-----\n\
              MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\n\
              6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n\
              -----END PUBLIC KEY-----\n";
    let file = read(&format!("{ec}{}", key(1).to_spki_pem())).unwrap();
    assert_eq!((file.keys.len(), file.keys[0].key()), (1, &key(1)));
    assert_eq!((file.unused[0].line, file.unused[0].other_type.as_deref()), (1, Some("EC")));
    let error = read(ec).unwrap_err();
    assert_eq!((error.line, error.why), (Some(1), KeyError::NotEd25519("EC".into())));
    let certificate =
        format!("{}-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", key(1).to_spki_pem());
    let error = read(&certificate).unwrap_err();
    assert_eq!((error.line, error.why), (Some(4), KeyError::Certificate));
}

#[test]
fn patterns_match_as_openssh_has_them() {
    for (pattern, matches) in [
        ("attesh", true),
        ("a*", true),
        ("*", true),
        ("*h", true),
        ("a*s*", true),
        ("att?sh", true),
        ("?", false),
        ("attesh?", false),
        ("", false),
        ("git,file", false),
        ("git,attesh", true),
        ("!attesh,*", false),
        ("*,!git", true),
        ("!git", false),
    ] {
        assert_eq!(matches_any(pattern, "attesh"), matches, "{pattern}");
    }
    let many_stars = "*a".repeat(5000);
    assert!(!matches_any(&many_stars, &"a".repeat(4999)));
}
