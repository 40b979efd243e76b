//! What stands between the two looks at files: what git ignores, links, folders that nobody can read,
//! and what the recorder keeps.

use std::path::Path;

use attesh::fact::PRODUCTS;
use serde_json::json;

use super::files::{manifest, map, only, record, statement, verified, what};
use super::place::Place;

#[test]
fn what_git_ignored_when_it_began_becomes_a_product() {
    let place = Place::new();
    let begin = "rm -rf w; mkdir w; cd w; git init -q .; mkdir pre; echo planted >pre/app; echo pre >.gitignore; echo a >a.c
        git add .gitignore a.c; git commit -qm one";
    for script in
        ["git add -f pre/app", "echo >.gitignore", "rm -rf .git", "mv .gitignore x", "mkfifo p; mv p pre/q"]
    {
        place.sh(begin);
        record(&place, &["--materials", "w"], &format!("cd w; {script}; echo new >made"));
        let found = what(&manifest(&place, "a.products.jsonl"));
        assert!(!found.keys().any(|path| path.starts_with("w/pre")), "{script}: {found:?}");
        assert_eq!(found["w/made"], "4", "{script}");
        let (code, text) = verified(&place, &["--artifact", "w/pre"]);
        assert!(code == Some(3) && text.contains("is no product"), "{script}: {text}");
    }
    // What was a material does not vanish because git ignores it by now, and what is new and ignored
    // is left out.
    place.sh(begin);
    record(
        &place,
        &["--materials", "w"],
        "cd w; git rm -q --cached a.c; printf 'a.c\nnew\n' >.gitignore; echo 1 >new",
    );
    assert_eq!(what(&manifest(&place, "a.products.jsonl")), map(&[("w/.gitignore", "8")]));
    place.sh(begin);
    let said = record(&place, &["--materials", "w"], "mkdir w/d; echo 1 >w/d/x; rm -rf w/.git");
    assert!(only(&said, PRODUCTS)["data"]["ignored"].as_str().unwrap().contains("not a git repository"));
}

#[test]
fn what_nobody_could_read_is_a_product_or_is_left_out_in_silence() {
    let place = Place::new();
    // Longer than a path can be.
    place.sh("mkdir dist");
    record(&place, &["--products", "dist/**"], "echo a >dist/a");
    let deep = "import os;os.chdir('dist')\nfor i in range(30): os.mkdir('d'*200);os.chdir('d'*200)\nopen('evil','w').write('x')";
    place.sh(&format!("python3 -c \"$(printf %b \"{}\")\"", deep.replace('\n', "\\n")));
    let (code, text) = verified(&place, &["--artifact", "dist"]);
    assert!(code == Some(3) && text.contains("cannot be read"), "{text}");
    place.sh("python3 -c \"import shutil; shutil.rmtree('dist')\" || rm -rf dist");
    // A folder in which nobody could look when the session began.
    let as_nobody = |words: &str| {
        let attesh = crate::stage::pty::ATTESH;
        place.sh(&format!(
            "chmod 711 $HOME; export HOME=$PWD/nobody XDG_RUNTIME_DIR=$PWD/nobody/run XDG_STATE_HOME=$PWD/nobody XDG_CONFIG_HOME=$PWD/nobody; \
             setpriv --reuid 65534 --regid 65534 --clear-groups {attesh} {words}"
        ))
    };
    if place.sh("id -u").trim() != "0" || place.home.command(Path::new("setpriv")).arg("-V").output().is_err()
    {
        return eprintln!("skipped: only root can be nobody");
    }
    place.sh("chmod 711 .. . ; mkdir -p nobody/run out; cp k out/k; chown -R 65534:65534 nobody out; chmod 700 nobody/run");
    place.sh("mkdir dist; echo planted >dist/app; mkdir m; mkdir m/k; echo f >m/k/f; chown -R 65534:65534 dist m; chmod 311 dist");
    as_nobody(
        "sh --collect none --products 'dist/**' --materials m --seal out/a.intoto.json --key out/k -c 'chmod 755 dist; chmod 444 m/k; echo n >m/n'",
    );
    place.sh("chmod 755 m/k; mv out/a.* .");
    let found = what(&manifest(&place, "a.products.jsonl"));
    assert_eq!(found, map(&[("dist/app", "unknown")]));
    as_nobody(
        "sh --collect none --materials m --seal out/a.intoto.json --key out/k -c 'chmod 444 m/k; echo n >m/n2'",
    );
    place.sh("chmod 755 m/k; mv -f out/a.* .");
    assert_eq!(what(&manifest(&place, "a.products.jsonl")), map(&[("m/k/f", "unreadable"), ("m/n2", "2")]));
    // What nobody could look at when it began is not new, and what nobody can look at when it ends is
    // told.
    place.sh("rm -rf dist; mkdir -p dist/sub nox; echo old >dist/sub/f; echo 1 >nox/f; chown -R 65534:65534 dist nox; chmod 0 dist; chmod 600 nox");
    as_nobody(
        "sh --collect none --products 'dist/sub/**' --products /dist/sub/f --materials nox --products 'nox/*' --seal out/a.intoto.json --key out/k -c 'chmod 700 dist nox'",
    );
    place.sh("mv -f out/a.* .");
    assert_eq!(
        what(&manifest(&place, "a.products.jsonl")),
        map(&[("dist/sub/f", "unknown"), ("nox/f", "unknown")])
    );
    as_nobody(
        "sh --collect none --products 'dist/sub/**' --seal out/a.intoto.json --key out/k -c 'echo new >dist/sub/g; chmod 0 dist'",
    );
    place.sh("chmod 700 dist; mv -f out/a.* .");
    let found = what(&manifest(&place, "a.products.jsonl"));
    assert_eq!(found, map(&[("dist/sub", "unreadable"), ("dist/sub/f", "unreadable")]));
    let (code, text) = verified(&place, &[]);
    assert!(
        code == Some(0) && text.contains("no file is new or changed; 2 paths could not be seen"),
        "{text}"
    );
    // What is dark at both ends is told, and what was dark and is gone has not just vanished.
    place.sh("rm -rf dist m pub; mkdir -p dist m/d pub; echo old >dist/app; echo f >m/d/f; chown -R 65534:65534 dist m pub; chmod 311 dist; chmod 0 m/d");
    as_nobody(
        "sh --collect none --products 'dist/**' --products 'pub/**' --products 'm/**' --seal out/a.intoto.json --key out/k -c 'echo evil >dist/evil; echo ok >pub/ok; mv m/d m/e'",
    );
    place.sh("chmod 700 dist m/e; mv -f out/a.* .");
    let found = what(&manifest(&place, "a.products.jsonl"));
    assert_eq!(
        found,
        map(&[("dist", "unreadable"), ("m/d", "unknown"), ("m/e", "unreadable"), ("pub/ok", "3")])
    );
    as_nobody(
        "sh --collect none --products 'dist/sub/**' --seal out/a.intoto.json --key out/k -c 'mkdir dist/sub; echo new >dist/sub/g; chmod 0 dist'",
    );
    place.sh("chmod 700 dist; mv -f out/a.* .");
    let policy = place.home.file("work/p.toml", "version = 1\n[subject]\nproducts = true\n");
    let (code, text) = verified(&place, &["--policy", policy.to_str().unwrap()]);
    assert!(code == Some(1) && text.contains("1 path of the products could not be seen"), "{text}");
}

#[test]
fn a_folder_that_is_ignored_in_part_is_left_out_as_a_whole() {
    let place = Place::new();
    place.sh("mkdir w; cd w; git init -q .; printf '*.o\ntarget/\n' >.gitignore; mkdir build target; echo o >build/x.o; echo t >target/t; git add .gitignore; git commit -qm one");
    record(&place, &["--materials", "w"], "cd w; echo app >build/app; echo o >build/y.o; echo t >target/new");
    let materials = [("w/.gitignore", "12"), ("w/build/x.o", "ignored"), ("w/target", "ignored")];
    assert_eq!(what(&manifest(&place, "a.materials.jsonl")), map(&materials));
    assert_eq!(what(&manifest(&place, "a.products.jsonl")), map(&[("w/build/app", "4")]));
    // As git's manual has it: all of a folder but this.
    place.sh("rm -rf w; mkdir w; cd w; git init -q .; printf 'dist/*\n!dist/app\n' >.gitignore; mkdir dist; echo o >dist/x.o");
    record(&place, &["--materials", "w"], "cd w; echo new >dist/app; echo o >dist/y.o");
    assert_eq!(what(&manifest(&place, "a.products.jsonl")), map(&[("w/dist/app", "4")]));
}

#[test]
fn another_folder_is_taken_for_that_of_the_session() {
    let place = Place::new();
    place.sh("mkdir c evil; echo e >evil/e; cd c; git init -q .; git commit -q --allow-empty -m one; cd ..; git clone -q c clone");
    let key = place.path("k");
    let script = "git commit -q --allow-empty -m b; cd ..; mv c c2; ln -s evil c";
    let words = [
        "sh",
        "--materials",
        ".",
        "--seal",
        "../a.intoto.json",
        "--key",
        key.to_str().unwrap(),
        "-c",
        script,
    ];
    let mut with = Place { variables: vec![("ATTESH_COLLECT", "git".into())], ..place };
    let ran = with.attesh("c", &words);
    assert!(ran.code == Some(0) && ran.err.contains("a symbolic link stands in the place"), "{}", ran.err);
    with.variables.clear();
    let (code, text) = verified(&with, &["--artifact", "evil", "--context", "commit=required"]);
    assert!(code == Some(3) && text.contains("the commit at the stop was not recorded"), "{text}");
    assert!(text.contains("evil/e (sha256 "), "{text}");
}

#[test]
fn a_link_leads_a_look_somewhere_else() {
    let place = Place::new();
    place.sh("mkdir m pre e; echo prebuilt >pre/tool; ln -s ../pre e/l; ln -s pre dist");
    record(&place, &["--materials", "m"], "rmdir m; ln -s pre m");
    assert_eq!(what(&manifest(&place, "a.products.jsonl")), map(&[]));
    record(&place, &["--products", "e/l/**", "--products", "dist/**"], "echo new >pre/new");
    assert_eq!(what(&manifest(&place, "a.products.jsonl")), map(&[]));
    let said = place.attesh("", &["sh", "--products", "proc/**", "--materials", "m", "-c", "true"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let refused =
        place.attesh("", &["verify", "a.intoto.json", "--trust", "k.pub", "--artifact", "/proc/self"]);
    assert!(refused.code == Some(5) && refused.err.contains("made up by the kernel"), "{}", refused.err);
    for pattern in ["./build/**", "build/../x", "a//b"] {
        let refused = place.attesh("", &["sh", "--products", pattern, "-c", "true"]);
        assert!(refused.code == Some(2) && refused.err.contains("fits no path"), "{}", refused.err);
    }
}

#[test]
fn what_the_recorder_keeps_between_the_looks_is_believed_whatever_it_is() {
    let place = Place::new();
    place.sh("mkdir w; echo one >w/a; echo two >w/b; sleep 2.2");
    let begin = || {
        assert_eq!(place.attesh("", &["start", "s", "--materials", "w"]).code, Some(0));
    };
    let end = || {
        assert_eq!(place.attesh("", &["stop", "s"]).code, Some(0));
        let sealed = place.attesh("", &["seal", "s", "--key", "k", "--force", "-o", "a.intoto.json"]);
        assert_eq!(sealed.code, Some(0), "{}", sealed.err);
        only(&statement(&place), PRODUCTS)
    };
    let kept = || place.sh(&format!("find {} -name '*.files'", place.home.runtime().display()));
    begin();
    let memory = kept();
    assert_eq!(memory.lines().count(), 1, "{memory}");
    // Another digest under the times of a file that is there: as if it had not changed.
    place.sh(&format!(
        "python3 -c 'p=\"{}\"; b=bytearray(open(p,\"rb\").read()); b[-1]^=1; open(p,\"wb\").write(b)'",
        memory.trim()
    ));
    let fact = end();
    assert_eq!((&fact["ok"], &fact["data"]["count"]), (&json!(true), &json!("0")));
    assert_eq!(kept(), "");
    // The manifest of the materials is the one that was recorded, or there are no products.
    begin();
    let last = place.home.sessions().pop().unwrap();
    let file = last.join("attached/materials.jsonl");
    place.sh(&format!("grep -v w/a {0} >x; cat x >{0}", file.display()));
    assert_eq!(place.attesh("", &["stop", "s"]).code, Some(0));
    let journal = std::fs::read_to_string(last.join("journal")).unwrap();
    assert!(journal.contains("an attached file is not the one that its fact names"), "{journal}");
    let sealed = place.attesh("", &["seal", "s", "--key", "k", "--force", "-o", "a.intoto.json"]);
    assert_eq!(sealed.code, Some(3), "{}", sealed.err);
}

#[test]
fn a_file_that_did_not_change_is_read_twice_or_one_that_did_only_once() {
    let place = Place::new();
    place.sh("mkdir w; echo one >w/same; echo two >w/touched; echo six >w/sneaky; echo new >w/young; sleep 2.2; touch w/young");
    let opened = |words: &[&str]| {
        let mut command = place.home.command(Path::new("strace"));
        let trace = place.path("trace");
        command
            .args(["-f", "-qq", "-e", "trace=open,openat", "-o"])
            .arg(&trace)
            .arg(crate::stage::pty::ATTESH)
            .args(words);
        let said = crate::stage::programs::said(command.current_dir(place.path("")));
        assert_eq!(said.code, Some(0), "{}", said.err);
        let trace = std::fs::read_to_string(trace).unwrap();
        ["same", "touched", "sneaky", "young"].map(|name| trace.contains(&format!("/w/{name}\", O_RDONLY")))
    };
    if place.home.command(Path::new("strace")).arg("-V").output().is_err() {
        return eprintln!("skipped: there is no strace");
    }
    assert_eq!(opened(&["start", "s", "--materials", "w"]), [true; 4]);
    place.sh("touch w/touched; cp -p w/sneaky w/k; echo xis >w/sneaky; touch -r w/k w/sneaky; rm w/k");
    assert_eq!(opened(&["stop", "s"]), [false, true, true, true]);
    let sealed = place.attesh("", &["seal", "s", "--key", "k", "-o", "a.intoto.json"]);
    assert_eq!(sealed.code, Some(0), "{}", sealed.err);
    assert_eq!(what(&manifest(&place, "a.products.jsonl")), map(&[("w/sneaky", "4")]));
}
