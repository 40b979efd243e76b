//! One integration binary: the library and the program against real shells and real programs.
//!
//! Each folder says what it tests, and a file in it is named for what it tests there: this is
//! their table of contents. `cargo test --test it -- FOLDER::FILE::` runs one file.

/// What the tests are played on, and no test: homes and sessions of their own, shells behind a
/// terminal, real programs, harm at a system call, chance from a seed, a signer that can break
/// any rule.
mod stage {
    pub mod canary;
    pub mod fault;
    pub mod object;
    pub mod programs;
    pub mod pty;
    pub mod random;
    pub mod records;
    pub mod shells;
    pub mod signer;
    pub mod world;
}

/// Small journals with one property each, and what the verifier must say of them.
mod cases;

/// The files of tests/vectors, made from the cases and judged.
mod vectors;

/// The hooks: what is typed into which real shell, and the records that must follow.
mod matrix;

/// The recorder as hooks call it: its cost, many shells at once, a journal that was changed.
mod recorder {
    mod budget;
    mod protocol;
    mod tamper;
    mod writers;
}

/// `attesh run`: the programs below a command, as the kernel tells of them.
mod supervise {
    mod agent;
    mod agents;
    mod files;
    pub mod forms;
    mod judged;
    mod levels;
    mod lines;
    mod model;
    mod reconcile;
    mod script;
    mod several;
    mod trouble;
}

/// The writer of the journal, called directly: what it leaves, finds again and never holds
/// against an honest append.
mod journal {
    mod honest;
    pub mod torn;
    mod writer;
}

/// Keys, envelopes and the limits of a statement, against openssl, ssh-keygen and ssh-agent.
mod seal {
    mod agent;
    pub mod derived;
    mod envelope;
    mod keys;
    pub mod limits;
    mod oracles;
    mod reluctant;
}

/// The verifier: each of its checks, the aspects of a verdict, its memory.
mod verify {
    pub mod asked;
    mod bounded;
    mod memory;
    pub mod rules;
    mod starts;
    mod summary;
    mod unknown;
    pub mod verdicts;
}

/// Policies: how they are read and made, and what they deny.
mod policy {
    mod ci;
    mod context;
    mod export;
    mod failures;
    pub mod judge;
    mod keys;
    mod made;
    mod plan;
    mod scripts;
    pub mod verify;
    mod words;
}

/// Scripts and jobs: `attesh sh`, the job of a CI, the steps that share a session.
mod run {
    mod differ;
    mod differences;
    mod examples;
    mod gitlab;
    mod masked;
    mod nowhere;
    pub mod script;
    mod secret;
    mod signals;
    mod steps;
    mod unfinished;
    mod verdicts;
}

/// Where a secret could go besides the journal: processes, images of memory, files, messages, titles,
/// blocks of a device. attesh-mask(5) names the test of each.
mod leaks {
    mod device;
    mod files;
    mod images;
    mod memory;
    mod messages;
    mod processes;
    mod titles;
}

/// Which bytes of a text are secret.
mod mask {
    mod misses;
    mod opaque;
    mod properties;
    pub mod rules;
    mod values;
}

/// The commands from outside: what they say, show and leave alone when something is wrong.
mod cli {
    mod agent;
    mod caused;
    mod constant;
    mod held;
    mod log;
    pub mod messages;
    mod prune;
    pub mod redact;
    mod removed;
    mod screen;
    mod selective;
    mod sessions;
    mod told;
    mod typed;
}

/// Pages of HTML and Markdown: what they tell, and what no text of others can do to them.
mod page {
    pub mod below;
    mod hostile;
    mod shown;
    mod told;
}

/// What collectors see, and what becomes of it.
mod collect {
    mod context;
    mod files;
    mod folders;
    mod git;
    mod looks;
    mod machine;
    mod notice;
    pub mod place;
    mod shells;
}

/// The manual pages and documents say what the code does.
mod pages {
    mod all;
    mod codes;
    mod derived;
    mod example;
    mod facts;
    mod journal;
    mod made;
    mod mask;
    mod predicate;
    pub mod seal;
}

/// The rules of the house, as tests.
mod house {
    mod direction;
    pub mod tidy;
}

/// What docs/proof.md and docs/threat-model.md promise: harm at every place, chance, intruders,
/// fuzzers, and a verifier that shares no code.
mod proofs {
    mod attacks;
    mod disk;
    mod ending;
    mod flips;
    mod fuzz;
    mod independent;
    pub mod inject;
    mod intruder;
    mod kill;
    mod mutations;
    pub mod parsers;
}
