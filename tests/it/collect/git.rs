//! Repositories of every kind, and what none of them may do: run something.

use attesh::fact::GIT;
use serde_json::{Value, json};

use super::place::Place;

/// What git says at the start in a folder, and whether it says the same at the stop.
fn seen(place: &Place, folder: &str) -> Value {
    let facts = Place::facts(&place.record(folder, "git", "true"), GIT);
    let at: Vec<_> = facts.iter().map(|fact| fact["at"].as_str().unwrap()).collect();
    assert_eq!(at, ["start", "stop"]);
    assert_eq!((&facts[0]["ok"], &facts[0]["data"]), (&facts[1]["ok"], &facts[1]["data"]));
    facts[0].clone()
}

fn refused(place: &Place, folder: &str) -> String {
    let fact = seen(place, folder);
    assert_eq!(fact["ok"], false, "{fact}");
    assert_eq!(fact["data"].as_object().unwrap().len(), 1, "{fact}");
    fact["data"]["error"].as_str().unwrap().to_owned()
}

#[test]
fn a_repository_of_some_kind_is_told_as_another() {
    let place = Place::new();
    place.repository("app");
    place.sh("cd app; git tag v1; git tag -am two v2; git remote add origin https://u:secret@Host.example/a/b.git; git remote add o2 git@h:c");
    let head = place.sh("cd app; git rev-parse HEAD HEAD^{tree}");
    let (commit, tree) = head.trim().split_once('\n').unwrap();
    let fact = seen(&place, "app");
    assert_eq!(fact["ok"], true, "{fact}");
    let folder = place.path("app").canonicalize().unwrap();
    let whole = json!({
        "commit": commit, "tree": tree, "ref": "refs/heads/main", "bare": "false", "shallow": "false",
        "folder": folder, "tags": r#"["v1","v2"]"#, "submodules": "{}", "changed": "[]", "changedCount": "0",
        "remotes": r#"{"o2":"h:c","origin":"https://Host.example/a/b.git"}"#,
    });
    assert_eq!(fact["data"], whole);
    // From a folder within it, with files that differ.
    place.sh("cd app; mkdir 'd d'; echo x >'d d/n'; echo more >>f; echo '*.o' >.gitignore; touch x.o");
    let data = seen(&place, "app/d d")["data"].clone();
    assert_eq!(
        (&data["changed"], &data["changedCount"]),
        (&json!(r#"["f",".gitignore","d d/"]"#), &json!("3"))
    );
    assert_eq!(data["folder"], json!(folder));
    place.sh("cd app; rm -r 'd d' .gitignore x.o; git checkout -q f; git checkout -q --detach");
    assert_eq!(seen(&place, "app")["data"]["ref"], Value::Null);
    place.sh("cd app; git checkout -q main; git worktree add -q ../tree -b other");
    let data = seen(&place, "tree")["data"].clone();
    assert_eq!((&data["ref"], &data["commit"]), (&json!("refs/heads/other"), &json!(commit)));
    place.sh("cd app; echo 2 >f; git commit -qam two; cd ..; git clone -q --depth 1 file://$PWD/app thin; git clone -q --bare app bare");
    assert_eq!(seen(&place, "thin")["data"]["shallow"], "true");
    let data = seen(&place, "bare")["data"].clone();
    assert_eq!(
        (&data["bare"], &data["ref"], &data["changedCount"]),
        (&json!("true"), &json!("refs/heads/main"), &Value::Null)
    );
    assert!(data["commit"].as_str().is_some_and(|commit| commit.len() == 40), "{data}");
    place.sh("git init -q first");
    let data = seen(&place, "first")["data"].clone();
    assert_eq!(
        (&data["commit"], &data["tree"], &data["ref"]),
        (&Value::Null, &Value::Null, &json!("refs/heads/main"))
    );
    place.sh("mkdir plain");
    assert!(refused(&place, "plain").contains("not a git repository"));
    place.sh("git init -q --object-format=sha256 long; cd long; touch f; git add f; git commit -qm one");
    assert_eq!(seen(&place, "long")["data"]["commit"].as_str().unwrap().len(), 64);
}

#[test]
fn a_submodule_that_differs_is_clean() {
    let place = Place::new();
    place.repository("lib");
    place.repository("app");
    place.sh("cd app; git submodule -q add ../lib 'l b'; git commit -qm sub");
    let commit = place.sh("cd lib; git rev-parse HEAD");
    let data = seen(&place, "app")["data"].clone();
    assert_eq!(data["submodules"], json!({"l b": commit.trim()}).to_string());
    assert_eq!(data["changedCount"], "0", "{data}");
    place.sh("cd 'app/l b'; echo x >>f; touch new");
    assert_eq!(seen(&place, "app")["data"]["changed"], r#"["l b/f","l b/new"]"#);
    place.sh("cd 'app/l b'; git add -A; git commit -qm other");
    assert_eq!(seen(&place, "app")["data"]["changed"], r#"["l b"]"#);
}

/// What a repository says of itself so that git looks at less, or elsewhere.
#[test]
fn a_repository_hides_what_differs_from_git() {
    let place = Place::new();
    let clean = |name: &str| {
        place.repository(name);
        place.sh(&format!("cd {name}; mkdir d; echo b >d/g; git add d; git commit -qm two; sleep 0.1"));
    };
    let changed = |folder: &str| seen(&place, folder)["data"]["changed"].clone();
    clean("hid");
    assert_eq!(changed("hid"), "[]");
    place.sh("cd hid; git update-index --assume-unchanged f; git update-index --skip-worktree d/g");
    place.sh("cd hid; echo evil >f; echo evil >d/g; test -z \"$(git status --porcelain)\"");
    assert_eq!(changed("hid"), r#"["f","d/g"]"#);
    assert_eq!(changed("hid/d"), r#"["f","d/g"]"#);
    // A sparse checkout has no file there.
    clean("s");
    place.sh("cd s; git sparse-checkout set --no-cone /f; test ! -e d/g");
    assert_eq!(changed("s"), "[]");
    // Another commit in the place of this one.
    clean("r");
    place.sh(
        "cd r; good=$(git rev-parse HEAD); echo evil >f; git commit -qam evil; evil=$(git rev-parse HEAD)
        git reset -q --hard $good; git replace $good $evil; git reset -q --hard $good; grep evil f",
    );
    assert_eq!(changed("r"), r#"["f"]"#);
    // The same size and time.
    clean("t");
    place.sh(
        "cd t; git config core.trustctime false; git config core.checkStat minimal; touch -d @1000000000 f
        git status >/dev/null; sleep 1.1; echo HI >f; touch -d @1000000000 f",
    );
    assert_eq!(changed("t"), r#"["f"]"#);
    // Files that differ in capitals alone.
    clean("c");
    place.sh("cd c; git config core.ignoreCase true; echo evil >F");
    assert_eq!(changed("c"), r#"["F"]"#);
    // A commit in the cache of commits in the place of this one.
    clean("g");
    place.sh(
        "cd g; good=$(git rev-parse HEAD); echo evil >f; evil=$(git commit-tree -m x $(git add f; git write-tree))
        op() { echo .git/objects/${1:0:2}/${1:2}; }; cp $(op $good) ../kept; chmod u+w $(op $good); cp $(op $evil) $(op $good)
        git commit-graph write --reachable 2>/dev/null; cp ../kept $(op $good)",
    );
    assert_eq!(changed("g"), r#"["f"]"#);
    // The files of the folder above, with a repository of its own or without.
    place
        .sh("mkdir wt; cd wt; git init -q repo; cd repo; echo hi >f; git add f; git commit -qm one; cp f ..");
    place.sh("cd wt/repo; git config core.worktree \"$PWD/..\"; echo repo/ >.git/info/exclude; echo evil >f");
    assert!(refused(&place, "wt/repo").contains("said to be in another folder: "));
    place.sh("cd wt; git init -q");
    assert!(refused(&place, "wt/repo").contains("said to be in another folder: "));
    // The files of another folder.
    clean("w");
    place.sh("cp -a w copy; cd w; git config core.worktree ../../copy; echo evil >f");
    let why = refused(&place, "w");
    assert!(why.contains("said to be in another folder: ") && why.ends_with("copy"), "{why}");
    // The URL that git fetches from is the first.
    clean("u");
    place.sh("cd u; git config --add remote.origin.url https://evil/x; git config --add remote.origin.url https://good/x");
    assert_eq!(seen(&place, "u")["data"]["remotes"], r#"{"origin":"https://evil/x"}"#);
}

#[test]
fn a_submodule_that_nothing_names_or_nobody_checked_out_is_clean() {
    let place = Place::new();
    place.repository("lib");
    place.repository("app");
    place.sh("cd app; git submodule -q add ../lib lib; git commit -qm sub; cd ..; git clone -q app thin");
    let changed = |folder: &str| seen(&place, folder)["data"]["changed"].clone();
    assert_eq!(changed("thin"), "[]");
    place.sh("echo evil >thin/lib/f");
    assert_eq!(changed("thin"), r#"["lib"]"#);
    place.sh("git clone -q app led; cd led; git -c protocol.file.allow=always submodule -q update --init; cp lib/f .");
    place.sh("cd led; git -C lib config core.worktree \"$PWD\"; echo evil >lib/f");
    assert!(refused(&place, "led").contains("said to be in another folder: "));
    // One that says that it has no files.
    place.sh("git clone -q app mute; cd mute; git -c protocol.file.allow=always submodule -q update --init");
    place.sh("cd mute; git -C lib config --unset core.worktree; git config -f .git/modules/lib/config core.bare true; echo evil >lib/f");
    assert_eq!(changed("mute"), r#"["lib"]"#);
    place.sh("cd app; git rm -q --cached .gitmodules; rm .gitmodules; git commit -qm gone; echo x >>lib/f; mkdir d");
    assert_eq!(changed("app"), r#"["lib/f"]"#);
    assert_eq!(changed("app/d"), r#"["lib/f"]"#);
}

/// Programs that a repository names in its own settings, each of which would leave a file.
#[test]
fn a_repository_runs_something() {
    let place = Place::new();
    place.repository("lib");
    place.repository("app");
    place.sh("cd app; git submodule -q add ../lib lib; git commit -qm sub");
    place.sh(
        r#"cd app
        cat >../evil <<'END'
#!/bin/sh
echo "$0 $*" >>"$HOME/ran"
cat
END
        chmod +x ../evil
        for at in . lib; do
            evil=$(cd ..; pwd)/evil
            git -C $at config core.fsmonitor "$evil"
            git -C $at config core.pager "$evil"
            git -C $at config core.sshCommand "$evil"
            git -C $at config core.editor "$evil"
            git -C $at config diff.external "$evil"
            git -C $at config credential.helper "$evil"
            git -C $at config filter.e.clean "$evil"
            git -C $at config filter.e.smudge "$evil"
            git -C $at config filter.p.process "$evil"
            git -C $at config filter.p.required true
            git -C $at config extensions.partialClone far
            git -C $at config remote.far.url "ext::$evil"
            git -C $at config remote.far.promisor true
            printf 'f filter=e\nnew filter=p\n' >$at/.gitattributes
            echo more >>$at/f
            echo x >$at/new
            git -C $at add -N new
            hooks=$(cd $at; git rev-parse --absolute-git-dir)/hooks
            mkdir -p $hooks
            for hook in post-index-change reference-transaction post-checkout pre-commit fsmonitor-watchman; do
                cp ../evil $hooks/$hook
            done
        done
        rm -f "$HOME/ran"
        "#,
    );
    let index = || std::fs::read(place.path("app/.git/index")).unwrap();
    let before = index();
    let fact = seen(&place, "app");
    assert_eq!(fact["ok"], true, "{fact}");
    let changed: Vec<String> = serde_json::from_str(fact["data"]["changed"].as_str().unwrap()).unwrap();
    for path in ["f", "new", ".gitattributes", "lib/f", "lib/new", "lib/.gitattributes"] {
        assert!(changed.iter().any(|one| one == path), "{path}: {changed:?}");
    }
    let ran = place.home.path("").join("ran");
    assert!(!ran.exists(), "{}", std::fs::read_to_string(&ran).unwrap_or_default());
    assert_eq!(before, index(), "the index was written");
    // The same repository, asked by git alone: the test can fail.
    place.sh("cd app; git status >/dev/null || true");
    assert!(ran.exists(), "nothing would have run");
}

#[test]
fn what_the_environment_has_for_git_traces_or_leads_astray() {
    let mut place = Place::new();
    place.repository("app");
    let trace = place.path("trace").to_str().unwrap().to_owned();
    place.variables = vec![
        ("GIT_TRACE", trace.clone()),
        ("GIT_EXTERNAL_DIFF", trace),
        ("GIT_INDEX_FILE", "/nosuch".into()),
    ];
    assert_eq!(seen(&place, "app")["data"]["changedCount"], "0");
    assert!(!place.path("trace").exists());
    // A variable that leads nowhere leaves the files where they are.
    place.repository("app/repo");
    place
        .sh("cd app/repo; git config core.worktree \"$PWD/..\"; echo repo/ >.git/info/exclude; echo evil >f");
    place.variables = vec![("GIT_CEILING_DIRECTORIES", "/nosuch".into())];
    assert!(refused(&place, "app/repo").contains("said to be in another folder: "));
    place.variables = vec![("GIT_WORK_TREE", place.path("app").to_str().unwrap().to_owned())];
    assert_ne!(seen(&place, "app")["data"]["changedCount"], Value::Null);
}

#[test]
fn without_git_or_with_one_that_hangs_a_session_stops() {
    let mut place = Place::new();
    place.repository("app");
    place.sh("mkdir none hangs fails; ln -s /bin/bash none; ln -s /bin/bash hangs; ln -s /bin/bash fails");
    place.sh("printf '#!/bin/bash\\nexec /bin/sleep 600\\n' >hangs/git; printf '#!/bin/bash\\necho no >&2; exit 3\\n' >fails/git; chmod +x */git");
    for (folder, why) in
        [("none", "there is no git program"), ("hangs", "git took longer than 5 s"), ("fails", "no")]
    {
        place.variables = vec![("PATH", place.path(folder).to_str().unwrap().to_owned())];
        assert_eq!(refused(&place, "app"), why);
    }
}
