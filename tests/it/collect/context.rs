//! An attestation of one commit, branch or repository, held against a policy for another.

use super::place::Place;

/// What verify says of the envelope `a` under a policy's `[context]`: its exit code and output.
fn verify(place: &Place, context: &str) -> (Option<i32>, String) {
    let policy = place.home.file("work/p.toml", &format!("version = 1\n[context]\n{context}\n"));
    let said = place.attesh("", &["verify", "a", "--trust", "k.pub", "--policy", policy.to_str().unwrap()]);
    (said.code, said.out + &said.err)
}

#[test]
fn an_attestation_of_one_commit_is_taken_for_another() {
    let place = Place::new();
    place.repository("app");
    place.sh("cd app; git remote add origin git@github.com:acme/app.git");
    let commit = place.sh("cd app; git rev-parse HEAD").trim().to_owned();
    place.record("app", "git", "true");
    let good = format!(
        "repository = 'github.com/acme/app'\nref = ['refs/tags/*', 'refs/heads/main']\ncommit = '{commit}'\nclean = true"
    );
    let (code, out) = verify(&place, &good);
    assert_eq!(code, Some(0), "{out}");
    let line = format!("context       github.com/acme/app, refs/heads/main, commit {} (clean)", &commit[..7]);
    assert!(out.contains(&line), "{out}");
    assert_eq!(verify(&place, "commit = 'required'").0, Some(0));
    let other = "0".repeat(40);
    for (context, said) in [
        ("repository = 'github.com/acme/other'", "git's remote origin says repository github.com/acme/app"),
        ("ref = 'refs/heads/release'", "git at the start says ref refs/heads/main"),
        (&*format!("commit = '{other}'"), &*format!("git at the start says commit {commit}")),
        ("run = '7'", "the run was not recorded"),
        ("workflow = '*'", "the workflow was not recorded"),
    ] {
        let (code, out) = verify(&place, context);
        assert!(code == Some(1) && out.contains(said), "{context}: {code:?} {out}");
    }
    // What runs can change what it ran on.
    place.record("app", "git", "echo 2 >f; git commit -qam two");
    let (code, out) = verify(&place, "commit = 'required'");
    assert!(code == Some(1) && out.contains("git at the stop says"), "{out}");
    place.sh("cd app; echo more >f; touch new");
    place.record("app", "git", "true");
    let (code, out) = verify(&place, "clean = true");
    assert!(code == Some(1) && out.contains("2 paths differed from the commit at the start"), "{out}");
    // Without collectors nothing is known.
    place.record("app", "none", "true");
    for context in ["clean = true", "commit = 'required'", "repository = '*'", "ref = '*'"] {
        let (code, out) = verify(&place, context);
        assert!(code == Some(1) && out.contains("was not recorded"), "{context}: {out}");
        assert!(out.contains("context       not recorded"), "{out}");
    }
}

#[test]
fn the_session_before_ran_on_something_else_and_is_taken_for_the_same() {
    let place = Place::new();
    place.repository("app");
    place.sh("cd app; git remote add origin git@github.com:acme/app.git");
    place.record("app", "git", "true");
    place.sh("cp a same; cp a first");
    let policy = place.home.file("work/p.toml", "version = 1\n[context]\nsame-as = ['commit', 'ref']\n");
    let policy = policy.to_str().unwrap();
    let verify = |words: &[&str]| {
        let said = place.attesh("", &[&["verify", "a", "--trust", "k.pub"], words].concat());
        (said.code, said.out + &said.err)
    };
    assert_eq!(verify(&["--same-as", "first"]).0, Some(0));
    assert_eq!(verify(&["--same-as", "first", "--policy", policy]).0, Some(0));
    // Where nobody says which one is meant, none is.
    let (code, out) = verify(&["--policy", policy]);
    assert!(
        code == Some(1) && out.contains("the policy asks for the commit that is given, and none was"),
        "{out}"
    );
    let commit = place.sh("cd app; git rev-parse HEAD");
    let commit = format!("commit={}", commit.trim());
    assert_eq!(verify(&["--policy", policy, "--context", &commit]).0, Some(1));
    assert_eq!(
        verify(&["--policy", policy, "--context", &commit, "--context", "ref=refs/heads/main"]).0,
        Some(0)
    );
    // What fits many does not say which one is meant.
    for pair in ["commit=required", "ref=*", "ref=refs/heads/*"] {
        let (code, out) = verify(&["--policy", policy, "--context", &commit, "--context", pair]);
        assert!(code == Some(1) && out.contains("that is given, and none was"), "{pair}: {out}");
    }
    place.sh("cd app; git switch -qc other");
    place.record("app", "git", "true");
    assert_eq!(verify(&["--same-as", "first"]).0, Some(0));
    let (code, out) = verify(&["--same-as", "first", "--policy", policy]);
    assert!(
        code == Some(1) && out.contains("says ref refs/heads/other, the policy asks for refs/heads/main"),
        "{out}"
    );
    place.sh("cd app; echo 2 >f; git commit -qam two");
    place.record("app", "git", "true");
    let (code, out) = verify(&["--same-as", "first"]);
    assert!(code == Some(1) && out.contains("says commit "), "{out}");
    // What is not an attestation that is trusted says nothing.
    place.sh("head -c 200 first >torn; echo >empty");
    place.attesh("", &["key", "generate", "-o", "other", "--no-passphrase"]);
    for (file, code) in [("torn", 3), ("empty", 3), ("none", 5)] {
        let (found, out) = verify(&["--same-as", file]);
        assert!(
            found == Some(code) && out.contains(&format!("--same-as {file}: ")),
            "{file}: {found:?} {out}"
        );
    }
    let stranger = place.attesh("", &["verify", "a", "--trust", "other.pub", "--same-as", "first"]);
    assert_eq!(stranger.code, Some(6), "{}", stranger.err);
    let keys = place.home.file(
        "work/keys.toml",
        "version = 1\n[trust]\nkeys = ['other.pub']\n[context]\nsame-as = ['commit']\n",
    );
    place.sh("cp a by-k; cp first a");
    let both = ["--trust", "other.pub", "--policy", keys.to_str().unwrap(), "--same-as", "first"];
    let (code, out) = verify(&both);
    assert!(code == Some(6) && out.contains("--same-as first: "), "{out}");
    place.record("app", "none", "true");
    place.sh("mv a bare; cp first a");
    let (code, out) = verify(&["--same-as", "bare"]);
    assert!(code == Some(2) && out.contains("it does not say its repository"), "{out}");
}

#[test]
fn what_is_given_to_verify_is_not_asked_for() {
    let place = Place::new();
    place.repository("app");
    let commit = place.sh("cd app; git rev-parse HEAD").trim().to_owned();
    place.record("app", "git", "true");
    let policy = place.home.file("work/p.toml", "version = 1\n[context]\nref = 'refs/heads/main'\n");
    let verify = |more: &[&str]| {
        let said = place.attesh("", &[&["verify", "a", "--trust", "k.pub"], more].concat());
        (said.code, said.out + &said.err)
    };
    let of = |value: &str| format!("commit={value}");
    let policy = ["--policy", policy.to_str().unwrap()];
    for more in [&[][..], &policy] {
        let (code, out) =
            verify(&[&["--context", &of(&commit), "--context", "ref=refs/heads/*"], more].concat());
        assert!(code == Some(0) && out.contains("policy        met"), "{out}");
        let (code, out) = verify(&[&["--context", &of(&"0".repeat(40))], more].concat());
        assert!(code == Some(1) && out.contains("the policy asks for 000"), "{out}");
    }
    for (pair, says) in [
        ("commit=HEAD", "commit must be whole, 40 or 64 hexadecimal digits"),
        ("commit", "not MEMBER=VALUE"),
        ("ref=", "not MEMBER=VALUE"),
        ("clean=true", "clean is no member of a context; the members are repository, ref, commit"),
        ("ref=main", "ref must be from refs/ on"),
    ] {
        let (code, out) = verify(&["--context", pair]);
        assert!(code == Some(2) && out.contains(says), "{pair}: {out}");
    }
}
