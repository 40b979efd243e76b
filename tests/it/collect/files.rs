//! Materials and products: what is recorded of files, and what verify holds against it.

use std::collections::BTreeMap;
use std::path::Path;

use attesh::encoding::hex;
use attesh::fact::manifest::{Entry, Manifest, Special, Thing};
use attesh::fact::{MATERIALS, PRODUCTS};
use attesh::seal::signer::{KeyFile, Signer};
use attesh::seal::statement::{Sha256, Statement, Subject};
use serde_json::{Value, json};

use super::place::Place;
use crate::stage::pty::ATTESH;

/// Records a script with these options and seals it as `a.intoto.json` in the working folder.
pub fn record(place: &Place, options: &[&str], script: &str) -> Value {
    let output = place.path("a.intoto.json");
    let (key, output) = (place.path("k"), output.to_str().unwrap());
    let words = ["sh", "--seal", output, "--force", "--key", key.to_str().unwrap()];
    let ran = place.attesh("", &[&words[..], options, &["-c", script]].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    statement(place)
}

pub fn statement(place: &Place) -> Value {
    let bytes = std::fs::read(place.path("a.intoto.json")).unwrap();
    let envelope = attesh::seal::envelope::Envelope::read(&bytes).unwrap();
    serde_json::from_slice(envelope.unverified_payload()).unwrap()
}

pub fn manifest(place: &Place, name: &str) -> Manifest {
    Manifest::read(&std::fs::read(place.path(name)).unwrap()).unwrap()
}

/// The paths of a manifest, each with what it is.
pub fn what(manifest: &Manifest) -> BTreeMap<String, String> {
    let word = |entry: &Entry| match &entry.thing {
        Thing::File { size, .. } => format!("{size}"),
        Thing::Link(target) => format!("-> {}", String::from_utf8_lossy(target)),
        Thing::Special(kind) => kind.name().to_owned(),
    };
    manifest.entries().iter().map(|entry| (entry.name(), word(entry))).collect()
}

pub fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(path, what)| ((*path).to_owned(), (*what).to_owned())).collect()
}

pub fn only(statement: &Value, kind: &str) -> Value {
    let mut facts = Place::facts(statement, kind);
    assert_eq!(facts.len(), 1, "{facts:?}");
    facts.remove(0)
}

pub fn verified(place: &Place, words: &[&str]) -> (Option<i32>, String) {
    let said = place.attesh("", &[&["verify", "a.intoto.json", "--trust", "k.pub"][..], words].concat());
    (said.code, said.out + &said.err)
}

#[test]
fn a_material_is_left_out_or_something_else_is_one() {
    let place = Place::new();
    place.sh("mkdir w; cd w; git init -q .; printf 'dist/\n*.log\n' >.gitignore
        mkdir -p src dist node/deep; echo a >src/a.c; echo t >kept.log; git add -f kept.log .gitignore src
        git commit -qm one; echo x >x.log; echo new >new.c; mkfifo pipe; ln -s nowhere dangling; ln -s . loop
        echo d >dist/d; printf 'tmp\n' >node/.gitignore; git init -q node; echo 1 >node/tmp; echo 22 >node/deep/t
        python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"sock\")'; printf z >$'odd\\xff\\n'");
    record(&place, &["--materials", "w"], "true");
    let found = manifest(&place, "a.materials.jsonl");
    let expected = [
        ("w/.gitignore", "12"),
        ("w/dangling", "-> nowhere"),
        ("w/dist", "ignored"),
        ("w/kept.log", "2"),
        ("w/loop", "-> ."),
        ("w/new.c", "4"),
        ("w/node/.gitignore", "4"),
        ("w/node/deep/t", "3"),
        ("w/node/tmp", "ignored"),
        ("w/odd\\xff\\x0a", "1"),
        ("w/pipe", "fifo"),
        ("w/sock", "socket"),
        ("w/src/a.c", "2"),
        ("w/x.log", "ignored"),
    ];
    assert_eq!(what(&found), map(&expected));
    // What is named is a material also where git ignores it, and a link that is named is followed.
    place.sh("ln -s w/dist there");
    let said =
        record(&place, &["--materials", "w/dist", "--materials", "there", "--materials", "w/x.log"], "true");
    let found = what(&manifest(&place, "a.materials.jsonl"));
    assert_eq!(found, map(&[("w/dist/d", "2"), ("w/x.log", "2")]));
    let fact = only(&said, MATERIALS);
    assert_eq!(
        (&fact["data"]["count"], &fact["data"]["files"], &fact["data"]["bytes"]),
        (&json!("2"), &json!("2"), &json!("4"))
    );
    assert_eq!(fact["data"]["ignored"], "git");
}

#[test]
fn what_git_cannot_say_is_not_left_out_and_that_is_said() {
    let mut place = Place::new();
    place.sh("mkdir w; cd w; echo '*.log' >.gitignore; echo x >x.log");
    let said = record(&place, &["--materials", "w"], "true");
    let ignored = only(&said, MATERIALS)["data"]["ignored"].as_str().unwrap().to_owned();
    assert!(ignored.contains("not a git repository"), "{ignored}");
    assert_eq!(manifest(&place, "a.materials.jsonl").entries().len(), 2);
    place.sh("cd w; git init -q .; mkdir -p $HOME/bare; for p in bash sh cat id; do ln -s $(type -P $p) $HOME/bare/; done");
    place.variables.push(("PATH", place.home.path("bare").display().to_string()));
    let said = record(&place, &["--materials", "w"], ":");
    assert_eq!(only(&said, MATERIALS)["data"]["ignored"], "there is no git program");
}

#[test]
fn a_product_is_missing_or_something_else_is_one() {
    let place = Place::new();
    place.sh("mkdir -p dist src; echo a >src/a; echo o >dist/old; echo g >dist/gone; echo s >dist/same; echo m >dist/mode");
    let script = "echo b >src/b; echo app >dist/app; echo oo >dist/old; rm dist/gone; chmod +x dist/mode; \
                  ln -s app dist/l; mkfifo dist/p; mkdir dist/sub; echo t >dist/sub/t; echo n >dist/no.tmp";
    let options = ["--materials", "src", "--products", "dist/**", "--products", "!*.tmp"];
    let said = record(&place, &options, script);
    let found = manifest(&place, "a.products.jsonl");
    let expected = [
        ("dist/app", "4"),
        ("dist/gone", "vanished"),
        ("dist/l", "-> app"),
        ("dist/mode", "2"),
        ("dist/old", "3"),
        ("dist/p", "fifo"),
        ("dist/sub/t", "2"),
    ];
    assert_eq!(what(&found), map(&expected));
    let fact = only(&said, PRODUCTS);
    let data = &fact["data"];
    let counted = ["count", "files", "bytes", "vanished"].map(|name| data[name].as_str().unwrap());
    assert_eq!(counted, ["7", "4", "11", "1"]);
    assert_eq!(data["since"], only(&said, MATERIALS)["data"]["root"]);
    assert_eq!(data["root"], hex(&found.write().1));
    // The sums are those of the program that everybody has.
    let sums = place.sh("sha256sum dist/app dist/mode dist/old dist/sub/t | sha256sum");
    assert_eq!(data["sums"], sums.split(' ').next().unwrap());
    let names: Vec<&str> =
        said["subject"].as_array().unwrap().iter().map(|subject| subject["name"].as_str().unwrap()).collect();
    let products = ["dist/app", "dist/mode", "dist/old", "dist/sub/t"];
    let rest =
        ["script:-c", "attached:materials.jsonl", "attached:products.jsonl", "session.transcript", "session"];
    assert_eq!(names, [&products[..], &rest[..]].concat());
    // Without a pattern all that is new is a product.
    record(&place, &["--materials", "src"], "echo c >src/c; rm src/a");
    assert_eq!(what(&manifest(&place, "a.products.jsonl")), map(&[("src/a", "vanished"), ("src/c", "2")]));
}

#[test]
fn a_folder_with_something_else_in_it_is_taken_for_the_products() {
    let place = Place::new();
    place.sh("mkdir dist");
    let script = "echo app >dist/app; ln -s app dist/l; mkdir dist/sub; echo app2 >dist/sub/app";
    record(&place, &["--products", "dist/**"], script);
    let good = |words: &[&str], says: &str| {
        let (code, text) = verified(&place, words);
        assert_eq!(code, Some(0), "{words:?}: {text}");
        assert!(text.contains(&format!("  products      {says}\n")), "{text}");
    };
    good(&[], "2 files, not compared: to do so add --artifact");
    good(&["--artifact", "dist"], "2 files, all as recorded");
    good(&["--artifact", "dist/"], "2 files, all as recorded");
    good(&["--artifact", "dist/sub"], "1 of 2 files compared, as recorded");
    good(&["--artifact", "dist/app"], "1 of 2 files compared, as recorded");
    place.sh("cp -a dist away");
    good(&["--artifact", "away"], "2 files, all as recorded");
    for (change, says) in [
        ("echo apq >dist/app", "dist/app (sha256 "),
        ("echo x >dist/more", "dist/more (sha256 "),
        ("echo x >dist/.hidden", "dist/.hidden (sha256 "),
        ("mkdir dist/.git; echo x >dist/.git/x", "dist/.git/x (sha256 "),
        ("cp dist/sub/app dist/app", "dist/app (sha256 "),
        ("ln -sf sub/app dist/l", "dist/l (a symbolic link) is not the product dist/l"),
        ("ln -s app dist/m", "dist/m (a symbolic link) is no product"),
        ("mkfifo dist/p", "dist/p (fifo) is no product"),
        ("rm dist/app; ln -s sub/app dist/app", "dist/app (a symbolic link) is not the product dist/app"),
    ] {
        place.sh(&format!("rm -rf dist; cp -a away dist; {change}"));
        let (code, text) = verified(&place, &["--artifact", "dist"]);
        assert_eq!(code, Some(3), "{change}: {text}");
        assert!(text.lines().next().unwrap().contains(says), "{change}: {text}");
    }
    place.sh("rm -rf dist; mkdir dist");
    let (code, text) = verified(&place, &["--artifact", "dist"]);
    assert!(code == Some(2) && text.contains("there is no file in it"), "{text}");
    // A link is listed in the manifest alone.
    place.sh("rm -rf dist; cp -a away dist; mv a.products.jsonl b");
    let (code, text) = verified(&place, &["--artifact", "dist"]);
    assert!(
        code == Some(3)
            && text
                .contains("dist/l (a symbolic link) cannot be compared: a.products.jsonl, which lists links"),
        "{text}"
    );
    place.sh("sed s/app/apq/ b >a.products.jsonl");
    let (code, text) = verified(&place, &["--artifact", "dist"]);
    assert!(code == Some(3) && text.contains("a.products.jsonl is not the products.jsonl of"), "{text}");
}

#[test]
fn a_thousand_products_are_subjects_and_of_more_the_manifest_is() {
    let place = Place::new();
    place.sh("mkdir dist");
    let make =
        |count: u32| format!("rm -rf dist; mkdir dist; for ((i=0;i<{count};i++)); do echo $i >dist/$i; done");
    let said = record(&place, &["--products", "dist"], &make(1000));
    assert_eq!(said["subject"].as_array().unwrap().len(), 1005);
    assert_eq!(verified(&place, &["--artifact", "dist"]).0, Some(0));
    place.sh("rm -rf dist");
    let said = record(&place, &["--products", "dist"], &make(1001));
    assert_eq!(said["subject"].as_array().unwrap().len(), 5);
    let (code, text) = verified(&place, &["--artifact", "dist"]);
    assert!(code == Some(0) && text.contains("1001 files, all as recorded"), "{text}");
    place.sh("echo x >>dist/77");
    assert_eq!(verified(&place, &["--artifact", "dist"]).0, Some(3));
    place.sh("echo 77 >dist/77");
    assert_eq!(verified(&place, &["--artifact", "dist/77"]).0, Some(0));
    place.sh("rm a.products.jsonl");
    let (code, text) = verified(&place, &["--artifact", "dist"]);
    assert!(
        code == Some(3)
            && text.contains("does not list what came of the session, 1001 files, and a.products.jsonl"),
        "{text}"
    );
}

#[test]
fn a_subject_that_was_named_is_another_file_than_the_product_of_its_name() {
    let place = Place::new();
    place.sh("echo x >other");
    place.sh("mkdir dist");
    assert_eq!(place.attesh("", &["start", "s", "--products", "dist/**"]).code, Some(0));
    place.sh("echo app >dist/app");
    assert_eq!(place.attesh("", &["stop", "s"]).code, Some(0));
    let seal = |words: &[&str]| {
        place
            .attesh("", &[&["seal", "s", "--key", "k", "--force", "-o", "a.intoto.json"][..], words].concat())
    };
    assert_eq!(seal(&["--subject", "dist/app", "--subject", "other"]).code, Some(0));
    let names: Vec<Value> =
        statement(&place)["subject"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names[..2], [json!("dist/app"), json!("other")]);
    let policy = place.home.file("work/p.toml", "version = 1\n[subject]\nproducts = true\n");
    let policy = policy.to_str().unwrap();
    let (code, text) = verified(&place, &["--policy", policy]);
    assert!(
        code == Some(1) && text.contains("the subject other is no product that the recorder saw"),
        "{text}"
    );
    place.sh("echo apq >dist/app");
    for other in ["dist/../dist/app", place.path("dist/app").to_str().unwrap()] {
        let refused = seal(&["--subject", other]);
        let says = "and the product dist/app had another when the session ended";
        assert!(refused.code == Some(5) && refused.err.contains(says), "{}", refused.err);
    }
    // An image can be called like a product, and no file is that image.
    let image = |name: &str| format!("{name}@sha256:{}", "0".repeat(64));
    assert_eq!(seal(&["--subject-digest", &image("dist/app")]).code, Some(5));
    assert_eq!(seal(&["--subject-digest", &image("registry/dist/app")]).code, Some(0));
    let (code, text) = verified(&place, &["--artifact", "dist/app"]);
    assert!(code == Some(3) && text.contains("is not the subject dist/app"), "{text}");
    let refused = seal(&["--subject", "./dist//app"]);
    assert!(
        refused.code == Some(5) && refused.err.contains("had another when the session ended"),
        "{}",
        refused.err
    );
    let refused = seal(&["--subject", "dist/app"]);
    assert!(
        refused.code == Some(5) && refused.err.contains("had another when the session ended"),
        "{}",
        refused.err
    );
    assert_eq!(seal(&[]).code, Some(0));
    assert_eq!(verified(&place, &["--policy", policy]).0, Some(0));
    let (code, text) = verified(&place, &["--artifact", "dist/app"]);
    assert!(code == Some(3) && text.contains("is not the subject dist/app"), "{text}");
}

#[test]
fn a_file_in_the_place_of_a_product_or_called_less_than_it_is_that_product() {
    let place = Place::new();
    place.sh("mkdir -p dist apart/dist ../far; echo far >../far/lib");
    let far = place.path("../far");
    let start = ["start", "s", "--materials", "dist", "--materials", far.to_str().unwrap()];
    assert_eq!(place.attesh("", &start).code, Some(0));
    place.sh("echo app >dist/app; echo lib >../far/lib");
    assert_eq!(place.attesh("", &["stop", "s"]).code, Some(0));
    let seal = |folder: &str, name: &str| {
        let at = place.path("");
        let at = at.to_str().unwrap();
        let words = format!("'{ATTESH}' seal s --key {at}/k --force -o {at}/a.intoto.json --subject");
        place.sh(&format!(
            "cd {folder} && {words} {name} >/dev/null 2>{at}/said && echo 0 || echo $?; cat {at}/said || true"
        ))
    };
    place.sh("cp dist/app app");
    assert!(seal("dist", "app").starts_with("0\n"));
    let names: Vec<Value> =
        statement(&place)["subject"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert!(!names.contains(&json!("app")), "{names:?}");
    // Of the same bytes, a name that says less does no harm.
    assert!(seal(".", "app").starts_with("0\n"));
    place.sh("echo evil >dist/app; echo evil >../far/lib; echo evil >app; echo evil >apart/dist/app");
    for (folder, name, product) in [
        ("dist", "app", "dist/app"),
        ("dist", "../dist/./app", "dist/app"),
        (".", "app", "dist/app"),
        ("../far", "lib", "far/lib"),
        (".", "../far/lib", "far/lib"),
        ("apart", "dist/app", "dist/app"),
    ] {
        let said = seal(folder, name);
        let says = format!("{product} had another when the session ended");
        assert!(said.starts_with("5\n") && said.contains(&says), "{folder} {name}: {said}");
    }
}

#[test]
fn what_the_sealer_calls_like_a_product_counts_before_what_the_recorder_saw() {
    let place = Place::new();
    place.sh("mkdir dist x");
    record(&place, &["--products", "dist/**"], "echo app >dist/app");
    place.sh("echo evil >x/app; cp x/app evil; mkdir y; cp dist/app y/app");
    let evil = place.sh("sha256sum evil | cut -c-64");
    let mut said: Statement = serde_json::from_value(statement(&place)).unwrap();
    let digest = Sha256 { sha256: evil.trim().to_owned() };
    said.subject.insert(1, Subject { name: "app".to_owned(), digest });
    let key = match KeyFile::open(&place.path("k")).unwrap() {
        KeyFile::Private(key) => Signer::Key(key.unlock(None).unwrap()),
        KeyFile::Public(_) => unreachable!("the private half"),
    };
    let envelope = key.seal(said.to_json()).unwrap();
    place.home.file("work/a.intoto.json", &String::from_utf8(envelope.to_json()).unwrap());
    let (code, text) = verified(&place, &["--artifact", "x/app"]);
    let says =
        "x/app has the bytes of the subject app, which is no product, and not those of the product dist/app";
    assert!(code == Some(3) && text.contains(says), "{text}");
    let (code, text) = verified(&place, &["--artifact", "y/app"]);
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn a_product_that_is_no_file_becomes_one_by_the_word_of_the_sealer() {
    let place = Place::new();
    place.sh("mkdir dist");
    assert_eq!(place.attesh("", &["start", "s", "--products", "dist/**"]).code, Some(0));
    place.sh("echo app >dist/app; ln -s app dist/latest");
    assert_eq!(place.attesh("", &["stop", "s"]).code, Some(0));
    place.sh("rm dist/latest; echo evil >dist/latest");
    let seal = |words: &[&str]| {
        place.attesh("", &[&["seal", "s", "--key", "k", "-o", "a.intoto.json"], words].concat())
    };
    let refused = seal(&["--subject", "dist/latest"]);
    let says = "and the product dist/latest was no file that the recorder read";
    assert!(refused.code == Some(5) && refused.err.contains(says), "{}", refused.err);
    let image = format!("x/dist/latest@sha256:{}", place.sh("sha256sum dist/latest | cut -c-64").trim());
    assert_eq!(seal(&["--subject-digest", &image]).code, Some(0));
    let (code, text) = verified(&place, &["--artifact", "dist/latest"]);
    assert_eq!(code, Some(3), "{text}");
}

#[test]
fn a_policy_finds_a_material_that_was_not_there() {
    let place = Place::new();
    place.sh("mkdir w; echo one >w/a; mkfifo w/p");
    record(&place, &["--materials", "w"], "echo two >w/b");
    let sum = |text: &str| place.sh(&format!("printf %s '{text}' | sha256sum | cut -c-64")).trim().to_owned();
    let asks = |path: &str, sha256: &str| {
        let text = format!("version = 1\n[[materials]]\npath = \"{path}\"\nsha256 = \"{sha256}\"\n");
        let policy = place.home.file("work/p.toml", &text);
        verified(&place, &["--policy", policy.to_str().unwrap()])
    };
    assert_eq!(asks("w/a", &sum("one\n")).0, Some(0));
    for (path, says) in [
        ("w/a", "the material w/a had the sha256 "),
        ("w/b", "the material w/b was not there"),
        ("w/p", "the material w/p was no file that could be read (fifo)"),
        ("a", "the material a was not there"),
    ] {
        let (code, text) = asks(path, &sum("two\n"));
        assert!(code == Some(1) && text.contains(says), "{text}");
    }
    place.sh("mv a.materials.jsonl m");
    let (code, text) = asks("w/a", &sum("one\n"));
    assert!(
        code == Some(1)
            && text.contains("is not beside the envelope NAME.intoto.json as NAME.materials.jsonl"),
        "{text}"
    );
    place.sh("echo >>m; mv m a.materials.jsonl");
    let (code, text) = asks("w/a", &sum("one\n"));
    assert!(code == Some(3) && text.contains("a.materials.jsonl is not the materials.jsonl of"), "{text}");
    record(&place, &[], "true");
    place.sh("rm a.materials.jsonl");
    let (code, text) = asks("w/a", &sum("one\n"));
    assert!(code == Some(1) && text.contains("the materials were not recorded"), "{text}");
}

#[test]
fn a_look_that_fails_stops_the_session_or_is_silent() {
    let place = Place::new();
    for (words, says) in [
        (&["--materials", "none"][..], "--materials none: "),
        (&["--materials", ""], "--materials: empty"),
        (&["--products", "#x"], "--products: \"#x\" is no pattern"),
        (&["--products", "/"], "--products: \"/\" is no pattern"),
    ] {
        let refused = place.attesh("", &[&["sh"][..], words, &["-c", "echo ran >ran"]].concat());
        assert!(refused.code == Some(2) && refused.err.contains(says), "{}", refused.err);
    }
    assert!(!place.path("ran").exists());
    // What is gone when the session ends has vanished, and what is no folder any more is another.
    place.sh("mkdir -p w/d v; echo a >w/d/a; echo b >v/b");
    record(&place, &["--materials", "w", "--materials", "v"], "rm -r w v; echo >w");
    let gone = what(&manifest(&place, "a.products.jsonl"));
    assert_eq!(gone, map(&[("v/b", "vanished"), ("w", "1"), ("w/d/a", "vanished")]));
    // A path that a variable names is looked for when the session begins.
    let mut place = place;
    place.variables.push(("ATTESH_MATERIALS", "v:u".into()));
    let said = record(&place, &[], "true");
    let fact = only(&said, MATERIALS);
    assert_eq!((&fact["ok"], &fact["data"]["error"]), (&json!(false), &json!("v: no such file or folder")));
    let fact = only(&said, PRODUCTS);
    assert_eq!(
        (&fact["ok"], &fact["data"]["error"]),
        (&json!(false), &json!("the materials were not recorded"))
    );
    let (code, text) = verified(&place, &[]);
    assert!(code == Some(0) && text.contains("  products      not recorded: v: "), "{text}");
    let proc = record(&place, &["--materials", "/proc"], "true");
    let fact = only(&proc, MATERIALS);
    assert_eq!(
        (&fact["ok"], &fact["data"]["error"]),
        (&json!(false), &json!("/proc: its files are made up by the kernel"))
    );
}

#[test]
fn a_job_that_its_hook_records_has_no_products() {
    let place = Place::new();
    place.sh("mkdir dist");
    let init = place
        .attesh("", &["init", "bash", "--materials", "it's", "--products", "dist/**", "--products", "*.o"]);
    let lines: Vec<&str> = init.out.lines().take(2).collect();
    assert_eq!(lines, [r"\export ATTESH_MATERIALS='it'\''s'", r"\export ATTESH_PRODUCTS='dist/**:*.o'"]);
    let refused = place.attesh("", &["init", "bash", "--materials", "a:b"]);
    assert!(refused.code == Some(2) && refused.err.contains("has a colon between two"), "{}", refused.err);
    let script = place
        .home
        .file("work/job.sh", "eval \"$(attesh init bash --ci --products 'dist/**')\"\necho app >dist/app\n");
    let folder = place.path("job");
    let ran = place.sh(&format!(
        "export CI=true GITLAB_CI=true CI_PROJECT_DIR={0}; export PATH={1}:$PATH; bash {2} && attesh seal --dir {0}/.attesh --key k -o a.intoto.json",
        place.path("").display(),
        Path::new(crate::stage::pty::ATTESH).parent().unwrap().display(),
        script.display(),
    ));
    assert!(!folder.exists() && ran.contains("a.intoto.json"), "{ran}");
    assert_eq!(what(&manifest(&place, "a.products.jsonl")), map(&[("dist/app", "4")]));
}

#[test]
fn a_copy_elsewhere_or_a_name_that_looks_alike_is_taken_for_a_product() {
    let place = Place::new();
    place.sh("mkdir dist n");
    let script = "mkdir -p dist/admin dist/a dist/b/a; echo 1 >dist/index.html; echo 2 >dist/admin/index.html
        echo A >dist/a/x; echo B >dist/b/a/x; printf good >$'n/a\nb'";
    record(&place, &["--products", "dist/**", "--products", "n/**"], script);
    for (change, folder, code) in [
        ("true", "dist", 0),
        ("mkdir dist/old; cp dist/admin/index.html dist/old/", "dist", 3),
        ("mkdir -p out/a; echo A >out/a/x", "out", 0),
        ("mkdir -p out/a out/b/a; echo B >out/a/x; echo B >out/b/a/x", "out", 3),
        ("mv dist/b/a dist/b/c", "dist", 3),
        ("true", "dist/admin", 0),
        ("true", "n", 0),
    ] {
        place.sh(&format!("test -e keep || cp -a dist keep; rm -rf dist out; cp -a keep dist; {change}"));
        let (found, text) = verified(&place, &["--artifact", folder]);
        assert_eq!(found, Some(code), "{change}: {text}");
    }
    place.sh("printf good >'n/a\\x0ab'");
    assert_eq!(verified(&place, &["--artifact", "n/a\nb"]).0, Some(0));
    let (code, text) = verified(&place, &["--artifact", "n/a\\x0ab"]);
    assert_eq!(code, Some(3), "{text}");
    let (code, text) = verified(&place, &["--artifact", "n", "-v"]);
    assert!(code == Some(3) && text.contains("is no product"), "{text}");
}

#[test]
fn the_signature_of_a_token_gets_to_the_disk_or_an_option_is_ignored_in_silence() {
    let mut place = Place::new();
    let signature = "c2lnbmF0dXJlLXRoYXQtbm9ib2R5LXNlZXM";
    place.variables.push(("TOKEN", format!("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJqb2IifQ.{signature}")));
    place.variables.push(("ATTESH_IDENTITY_TOKEN", "TOKEN".into()));
    let said = record(&place, &[], "true");
    let fact = only(&said, attesh::fact::IDENTITY);
    assert_eq!((&fact["ok"], &fact["data"]["claims"]), (&json!(true), &json!("{\"sub\":\"job\"}")));
    let found = place.sh(&format!("grep -rl {signature} . $HOME {} || :", place.home.runtime().display()));
    assert_eq!(found, "");
    place.variables.push(("LANG", format!("a.b.{signature}")));
    place.variables.push(("ATTESH_IDENTITY_TOKEN", "LANG".into()));
    record(&place, &["--collect", "environment"], "true");
    let found = place.sh(&format!("grep -rl {signature} . $HOME {} || :", place.home.runtime().display()));
    assert_eq!(found, "");
    // Nor where somebody took the variable for the token.
    let token = place.variables[0].1.clone();
    place.variables.push(("ATTESH_IDENTITY_TOKEN", token.clone()));
    let said = record(&place, &[], "true");
    assert_eq!(
        only(&said, attesh::fact::IDENTITY)["data"]["error"],
        "ATTESH_IDENTITY_TOKEN names no variable"
    );
    let refused = place.attesh("", &["sh", "--identity-token", &token, "-c", "true"]);
    assert!(refused.code == Some(2) && !refused.err.contains(signature), "{}", refused.err);
    let found = place.sh(&format!("grep -rl {signature} . $HOME {} || :", place.home.runtime().display()));
    assert_eq!(found, "");
    place.variables.truncate(2);
    let refused = place.attesh("", &["sh", "--env", "TOKEN", "-c", "true"]);
    assert!(
        refused.code == Some(2) && refused.err.contains("its signature is not recorded"),
        "{}",
        refused.err
    );
    let init = place.attesh("", &["init", "bash", "--identity-token", "ID"]).out;
    assert!(init.starts_with("\\export ATTESH_IDENTITY_TOKEN='ID'\n"), "{}", init.lines().next().unwrap());
    // A session that goes on keeps what it began with, and says so where more is asked.
    let dir = place.path("job");
    let dir = dir.to_str().unwrap();
    assert_eq!(place.attesh("", &["start", "--dir", dir]).code, Some(0));
    let joined = place.attesh("", &["sh", "--dir", dir, "--materials", ".", "-c", "true"]);
    assert!(joined.err.contains("this session has begun already"), "{}", joined.err);
    let joined = place.attesh("", &["sh", "--dir", dir, "-c", "true"]);
    assert!(!joined.err.contains("has begun already"), "{}", joined.err);
    place.variables.push(("ATTESH_MATERIALS", "nowhere".into()));
    let said = place.attesh("", &["sh", "-c", "true"]);
    assert!(said.err.contains("the materials are not recorded: nowhere: no such file"), "{}", said.err);
}

#[test]
fn special_files_have_their_words() {
    let words: Vec<&str> = Special::ALL.iter().map(|kind| kind.name()).collect();
    let page =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("man/attesh-facts.5")).unwrap();
    assert!(words.iter().all(|word| page.contains(word)), "{words:?}");
}
