//! Which folder of a session a folder is, and which of its products a file.

use std::time::{Duration, Instant};

use super::files::{manifest, map, record, verified, what};
use super::place::Place;

/// Whether it is verified, and the first line.
fn is_good(place: &Place, artifacts: &[&str]) -> (bool, String) {
    let words: Vec<&str> = artifacts.iter().flat_map(|path| ["--artifact", path]).collect();
    let (code, text) = verified(place, &words);
    assert!(matches!(code, Some(0 | 3)), "{text}");
    (code == Some(0), text.lines().next().unwrap_or_default().to_owned())
}

#[test]
fn the_name_of_the_sessions_folder_makes_another_product_of_a_file() {
    let place = Place::new();
    let folder = place.path("");
    let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
    record(
        &place,
        &["--products", "dist/**", "--products", &format!("{name}/**")],
        &format!("mkdir -p dist {name}/dist; echo 1 >dist/a; echo 2 >{name}/dist/a"),
    );
    for artifacts in [&["dist"][..], &["dist/a"], &["dist", "dist/a"], &[&name], &[&format!("{name}/dist/a")]]
    {
        let (good, said) = is_good(&place, artifacts);
        assert!(good, "{artifacts:?}: {said}");
    }
    place.sh(&format!("cp {name}/dist/a dist/a"));
    for artifacts in [["dist"], ["dist/a"]] {
        let (good, said) = is_good(&place, &artifacts);
        assert!(!good && said.contains("dist/a"), "{artifacts:?}: {said}");
    }
}

#[test]
fn a_folder_passes_whose_files_do_not() {
    let place = Place::new();
    place.sh("mkdir -p tools other; echo other >other/app; printf 'echo made >made\\n' >tools/made");
    record(
        &place,
        &["--products", "linux/**", "--products", "mac/**", "--products", "made"],
        "mkdir linux mac; echo l >linux/app; echo m >mac/app; echo x >mac/Aextra; echo made >made",
    );
    place.sh(
        "mkdir -p ../dl/linux; cp mac/* ../dl/linux/; mkdir ../dl/whole; cp -a linux mac made ../dl/whole/",
    );
    let (good, said) = is_good(&place, &["../dl/linux"]);
    assert!(!good && said.contains("is not the subject linux/app"), "{said}");
    let (good, said) = is_good(&place, &["../dl/whole"]);
    assert!(good, "{said}");
    place.sh("mv ../dl/whole/mac ../dl/whole/darwin");
    let (good, said) = is_good(&place, &["../dl/whole"]);
    assert!(!good && said.contains("darwin/Aextra (sha256 "), "{said}");
}

#[test]
fn a_script_or_what_the_sealer_named_passes_for_a_product_of_its_name() {
    let place = Place::new();
    place.sh("mkdir -p tools dist other; printf 'echo made >dist/app\\n' >tools/app; echo other >other/app");
    let (key, output) = (place.path("k"), place.path("a.intoto.json"));
    let (key, output) = (key.to_str().unwrap(), output.to_str().unwrap());
    let words = ["sh", "--seal", output, "--key", key, "--products", "dist/**", "tools/app"];
    let ran = place.attesh("", &words);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    place.sh("mkdir -p ../dl/x; cp tools/app ../dl/app; cp other/app ../dl/x/app");
    let (good, said) = is_good(&place, &["../dl/app"]);
    assert!(!good && said.contains("the subject script:tools/app, which is no product"), "{said}");
    let (good, said) = is_good(&place, &["tools/app"]);
    assert!(good, "{said}");
    assert_eq!(place.attesh("", &["start", "s", "--products", "made"]).code, Some(0));
    place.sh("echo made >app; cp app made");
    assert_eq!(place.attesh("", &["stop", "s"]).code, Some(0));
    place.sh("mkdir x; echo other >x/made");
    let sealed = place.attesh("", &["seal", "s", "--key", key, "-o", "b.intoto.json", "--subject", "x/made"]);
    assert_eq!(sealed.code, Some(5), "{}", sealed.err);
    assert!(sealed.err.contains("give the file a last name that no product has"), "{}", sealed.err);
}

#[test]
fn a_folder_with_a_file_of_another_passes_where_one_of_its_own_is_left_out() {
    let place = Place::new();
    let script =
        "mkdir rel test; echo a >rel/app; echo r >rel/readme; cp rel/app test/app; echo x >test/debug.cfg";
    record(&place, &["--products", "**", "--products", "!k"], script);
    place.sh("mkdir -p ../dl/rel; cp test/app test/debug.cfg ../dl/rel/");
    let (good, said) = is_good(&place, &["../dl/rel"]);
    assert!(
        !good && said.contains("../dl/rel/debug.cfg (sha256 ") && said.contains("is no product"),
        "{said}"
    );
}

#[test]
fn a_copy_of_a_whole_folder_is_refused_for_its_name() {
    let place = Place::new();
    place.sh("mkdir proj; cp k proj/k");
    let words = ["sh", "--seal", "../a.intoto.json", "--key", "../k", "--products", "**", "--products", "!k"];
    let script =
        "mkdir -p proj tests; touch __init__.py proj/__init__.py; echo s >setup.py; echo t >tests/t.py";
    let ran = place.attesh("proj", &[&words[..], &["-c", script]].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    place.sh("mkdir ../c2; rm proj/k; cp -r proj ../c2/proj; cp -r proj ../c2/x");
    for copy in ["../c2/proj", "../c2/x", "proj"] {
        let (good, said) = is_good(&place, &[copy]);
        assert!(good, "{copy}: {said}");
    }
    place.sh("echo evil >../c2/proj/tests/t.py");
    let (good, said) = is_good(&place, &["../c2/proj"]);
    assert!(!good && said.contains("../c2/proj/tests/t.py (sha256 "), "{said}");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test measures how long a verdict takes")]
fn folders_in_folders_take_forever() {
    let place = Place::new();
    let script = "mkdir z; cd z; for ((i = 0; i < 600; i++)); do echo x >0; mkdir a; cd a; done";
    record(&place, &["--products", "**"], script);
    place.sh("mv z ../zc");
    let begin = Instant::now();
    is_good(&place, &["../zc"]);
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test measures how long a verdict takes")]
fn many_files_of_one_name_take_forever() {
    let place = Place::new();
    record(
        &place,
        &["--materials", "."],
        "for ((i = 0; i < 4000; i++)); do mkdir -p site/p$i; echo $i >site/p$i/index.html; done; echo top >site/index.html",
    );
    place.sh("cp -r site ../pub; echo x >>../pub/p77/index.html");
    let begin = Instant::now();
    let (good, said) = is_good(&place, &["../pub"]);
    assert!(!good && said.contains("../pub/p77/index.html (sha256 ") && !said.contains("more)"), "{said}");
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
}

#[test]
fn what_lies_in_the_sessions_folder_has_two_names() {
    let place = Place::new();
    place.sh("mkdir w; echo n >w/n.txt; echo o >o.txt; cp k w/k");
    let words = [
        "sh",
        "--seal",
        "../a.intoto.json",
        "--force",
        "--key",
        "../k",
        "--materials",
        "..",
        "--materials",
        ".",
    ];
    let ran = place.attesh("w", &[&words[..], &["-c", "mkdir dist; echo app >dist/app"]].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let names: Vec<String> = what(&manifest(&place, "a.materials.jsonl")).into_keys().collect();
    let outside: Vec<&String> = names.iter().filter(|name| name.starts_with('/')).collect();
    assert!(names.contains(&"n.txt".to_owned()) && names.contains(&"k".to_owned()), "{names:?}");
    assert!(outside.iter().all(|name| !name.contains("/w/")), "{names:?}");
    assert!(outside.iter().any(|name| name.ends_with("/o.txt")), "{names:?}");
    assert_eq!(what(&manifest(&place, "a.products.jsonl")), map(&[("dist/app", "4")]));
}

#[test]
fn a_link_is_no_product_where_nothing_lists_links() {
    let place = Place::new();
    record(&place, &["--products", "dist/**"], "mkdir dist; echo app >dist/app; ln -s app dist/latest");
    let (good, said) = is_good(&place, &["dist"]);
    assert!(good, "{said}");
    let (good, said) = is_good(&place, &["dist/latest"]);
    assert!(!good && said.contains("was a symbolic link when the session ended"), "{said}");
    place.sh("rm a.products.jsonl");
    let (good, said) = is_good(&place, &["dist"]);
    assert!(
        !good && said.contains("a.products.jsonl, which lists links, is not beside the envelope"),
        "{said}"
    );
}
