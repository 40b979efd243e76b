//! Whatever the text: masking twice changes nothing more, line breaks stay, and what is no secret.

use crate::mask::rules::Drawn;
use crate::stage::random::Random;
use attesh::mask::{Masked, Masker, RULES};

const FRAGMENTS: &[&[u8]] = &[
    b" ",
    b"\n",
    b"\t",
    b"'",
    b"\"",
    b"\\",
    b"\\\n",
    b"=",
    b":",
    b": ",
    b";",
    b"&&",
    b"|",
    b"<<<",
    b"<<EOF\n",
    b"EOF\n",
    b"$",
    b"$(",
    b")",
    b"${",
    b"}",
    b"`",
    b"[",
    b"]",
    b",",
    b"#",
    b"%22",
    b"\\n",
    b"\\\"",
    b"\0",
    b"\xff\xfe",
    b"\xc3\xa9",
    b"password",
    b"TOKEN",
    b"secret",
    b"api_key",
    b"--password",
    b"--token ",
    b"-p",
    b"-u",
    b"mysql ",
    b"curl ",
    b"-H ",
    b"Authorization: Bearer ",
    b"Cookie: ",
    b"https://",
    b"user:",
    b"@host",
    b"?sig=",
    b"hunter2Xy",
    b"Zq8vR3kT1nW7aB9cD",
    b"echo ",
    b"docker login --password-stdin",
    b"| chpasswd",
    b"-----BEGIN PRIVATE KEY-----",
    b"-----END PRIVATE KEY-----",
    b"-----END CERTIFICATE-----",
    b"password: |\n",
    b"  ",
    b"[assignment]",
    b"[header]",
    b"[option]",
    b"[own]",
    b"own-abcdef",
    b"is ",
    b"bash -c ",
    b"\"a\":",
    b"{",
    b"(",
    b"$'",
    b"\\x41",
    b"[github-token]",
    b"a value",
    b"given-value-1",
    b"1234",
    b"vault login ",
    b"BY '",
    b"IDENTIFIED ",
    b"login ",
    b"true",
    b"/path",
    b"PuTTY-User-Key-File-3: x\n",
    b"Private-Lines: 1\n",
    b"stringData:\n  a: ",
    b"name: X_TOKEN\n",
    b"value: ",
    b"passwords:\n- ",
    b"printf 'TOKEN=%s' ",
    b"read TOKEN ",
    b" < <(",
    b"| tr a b ",
    b"=([a]=",
    b"\\$",
    b"${X:-",
    b"${X}",
    b"%s",
];

fn masker() -> Masker {
    let mut masker = Masker::default();
    masker.add_rule("own", "own-[a-z]{4,}").expect("a pattern");
    assert!(masker.add_value("env:GIVEN", b"given-value-1"));
    assert!(masker.add_value("env:OTHER", b"a value"));
    masker
}

fn texts(count: usize, mut each: impl FnMut(&[u8])) {
    let mut drawn = Drawn(Random::new(42));
    let examples: Vec<&str> =
        RULES.iter().flat_map(|rule| rule.examples.iter().chain(rule.near)).copied().collect();
    for _ in 0..count {
        let mut text = Vec::new();
        for _ in 0..1 + drawn.below(14) {
            match drawn.below(8) {
                0 => text.extend(drawn.of(&examples).as_bytes()),
                _ => text.extend(drawn.of(FRAGMENTS)),
            }
        }
        each(&text);
    }
}

fn lines(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte == b'\n').count()
}

/// Without the signs of rules, and whether the rest stands in the text in this order.
fn is_rest_of(masked: &Masked, text: &[u8]) -> bool {
    let mut rest = masked.text.clone();
    for rule in &masked.rules {
        for sign in [format!("[{rule}]"), format!("[{rule}*]")] {
            while let Some(at) = rest.windows(sign.len()).position(|window| window == sign.as_bytes()) {
                rest.drain(at..at + sign.len());
            }
        }
    }
    let mut left = text.iter();
    rest.iter().all(|byte| left.any(|other| other == byte))
}

#[test]
fn masking_twice_changes_nothing_more_and_line_breaks_stay() {
    let masker = masker();
    let mut hits = 0;
    let mut check = |text: &[u8]| {
        for words in [false, true] {
            let mask = |text: &[u8]| if words { masker.mask_words(text) } else { masker.mask(text) };
            let Some(once) = mask(text) else { continue };
            hits += 1;
            let shown = String::from_utf8_lossy(text);
            assert_eq!(lines(text), lines(&once.text), "{shown:?}");
            assert!(is_rest_of(&once, text), "{shown:?}: {:?}", String::from_utf8_lossy(&once.text));
            assert!(!once.rules.is_empty(), "{shown:?}");
            if let Some(twice) = mask(&once.text) {
                panic!(
                    "{shown:?}: {:?}: {:?}",
                    String::from_utf8_lossy(&once.text),
                    String::from_utf8_lossy(&twice.text)
                );
            }
        }
    };
    RULES.iter().flat_map(|rule| rule.examples).for_each(|example| check(example.as_bytes()));
    texts(20_000, &mut check);
    assert!(hits > 10_000, "{hits}");
}

#[test]
fn any_bytes_are_read() {
    let masker = masker();
    let mut drawn = Drawn(Random::new(7));
    for _ in 0..5_000 {
        let text: Vec<u8> = (0..drawn.below(40)).map(|_| drawn.below(256) as u8).collect();
        let _ = masker.mask(&text);
        let _ = masker.mask_words(&text);
        let _ = masker.mask_variable("TOKEN", &text);
    }
    // Every beginning of a text is a text.
    for text in RULES.iter().flat_map(|rule| rule.examples) {
        (0..=text.len()).step_by(3).for_each(|end| drop(masker.mask(&text.as_bytes()[..end])));
    }
}

#[test]
fn line_breaks_keep_their_lines() {
    let text = b"a\npassword: |\n  one-X1\n  two-X2\nb\nTOKEN='x1\ny2z3'\nc\n";
    let masked = Masker::default().mask(text).expect("two secrets");
    let shown = String::from_utf8(masked.text).expect("text");
    assert_eq!(shown, "a\npassword: |\n  [assignment*]\n\nb\nTOKEN='[assignment*]\n'\nc\n");
}

#[test]
fn a_long_text_takes_time_in_proportion() {
    let masker = masker();
    let parts = [
        "ghp_ghp_ghp_",
        "a=a=a=",
        "''''",
        "-p -p",
        "eyJ.eyJ.",
        "https://https://",
        "-----BEGIN -----BEGIN",
        "token=$token=",
        "Cookie: $a ",
        "token=%",
        "PuTTY-User-Key-File-2: x\n",
        "${token:-",
        "token=\"$token='",
        "password: |\n  ",
        "<token>$",
        "token: `",
        "?key=",
        "<<A\n",
        "-----BEGIN PRIVATE KEY-----\n",
        "$(\"",
        "a://b:",
        "glpat-",
        "by '",
        "token[a=",
        "stringData:\n  ",
        "stringData:{\"a\":\"b\",",
        "name: TOKEN\nvalue: ",
        "passwords:\n- x1y2z3\n",
        "printf 'TOKEN=%s' ",
        "secrets=([a]=b1 ",
        "read TOKEN < <(",
        "echo a | tr ",
        "token=${a:-",
        "\"token\":\n ",
        "curl -u -b ",
    ];
    for part in parts {
        // The machine has other work: the best of two tells, and the bound is wide.
        let time = |size: usize| {
            let text = part.repeat(size / part.len());
            let once = |_| {
                let start = cpu_s();
                let _ = masker.mask(text.as_bytes());
                cpu_s() - start
            };
            (0..2).map(once).fold(f64::MAX, f64::min)
        };
        let (small, large) = (time(1 << 12).max(1e-3), time(1 << 17));
        assert!(large < small * 32.0 * 12.0, "{part}: {small} {large}");
    }
}

#[test]
fn many_values_take_time_in_proportion() {
    let time = |count: usize| {
        let once = |_| {
            let (mut masker, start) = (Masker::default(), cpu_s());
            (0..count).for_each(|number| {
                masker.add_value("env:X", format!("value-{number}-of-many").as_bytes());
            });
            cpu_s() - start
        };
        (0..2).map(once).fold(f64::MAX, f64::min)
    };
    let (small, large) = (time(250), time(4_000));
    assert!(large < small * 16.0 * 5.0, "{small} {large}");
}

/// The processor's time of this thread in seconds: others may be busy.
fn cpu_s() -> f64 {
    let time = nix::time::clock_gettime(nix::time::ClockId::CLOCK_THREAD_CPUTIME_ID).unwrap();
    std::time::Duration::from(time).as_secs_f64()
}
