//! `attesh completions` and `attesh man`: what a package installs beside the program.

use std::os::unix::fs::DirBuilderExt;

use clap::CommandFactory;

use super::args::{Cli, Completions, Man, ShellName};
use super::given::Exit;
use crate::failure::Failure;
use crate::files::{self, Overwrite};
use crate::report;
use crate::text::Next;

/// Every page: its name, its section, its text.
macro_rules! pages {
    ($($name:literal $section:literal),+ $(,)?) => {
        &[$(($name, $section, include_str!(concat!("../../man/", $name, ".", $section)))),+]
    };
}

/// The pages that the program carries.
pub const PAGES: &[(&str, &str, &str)] = pages![
    "attesh" "1",
    "attesh-agent" "1",
    "attesh-completions" "1",
    "attesh-disclose" "1",
    "attesh-doctor" "1",
    "attesh-init" "1",
    "attesh-key" "1",
    "attesh-log" "1",
    "attesh-man" "1",
    "attesh-mask" "1",
    "attesh-note" "1",
    "attesh-pause" "1",
    "attesh-policy" "1",
    "attesh-prune" "1",
    "attesh-reconcile" "1",
    "attesh-redact" "1",
    "attesh-resume" "1",
    "attesh-run" "1",
    "attesh-seal" "1",
    "attesh-sessions" "1",
    "attesh-sh" "1",
    "attesh-show" "1",
    "attesh-start" "1",
    "attesh-status" "1",
    "attesh-stop" "1",
    "attesh-verify" "1",
    "attesh-facts" "5",
    "attesh-journal" "5",
    "attesh-mask" "5",
    "attesh-policy" "5",
    "attesh-seal" "5",
    "attesh-story" "5",
];

pub fn completions(args: &Completions) -> Exit {
    let shell = match args.shell {
        ShellName::Bash => clap_complete::Shell::Bash,
        ShellName::Zsh => clap_complete::Shell::Zsh,
        ShellName::Fish => clap_complete::Shell::Fish,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "attesh", &mut script);
    report::out(&script)?;
    Ok(0)
}

pub fn man(args: &Man) -> Exit {
    if let Some(folder) = args.output.as_ref().filter(|_| args.all) {
        for (name, section, text) in PAGES {
            let folder = folder.join(format!("man{section}"));
            let made = std::fs::DirBuilder::new().recursive(true).mode(0o755).create(&folder);
            made.map_err(|error| files::FileError::Io(folder.clone(), error))?;
            let path = folder.join(format!("{name}.{section}"));
            files::publish(&path, text.as_bytes(), 0o644, Overwrite::Yes)?;
        }
        report::say(&format!("wrote {} pages to {}", PAGES.len(), folder.display()));
        return Ok(0);
    }
    let wanted = args.page.as_deref().unwrap_or("attesh");
    let (name, section) = match wanted.rsplit_once('.') {
        Some((name, section)) => (name, Some(section)),
        None => (wanted, None),
    };
    let full = if name.starts_with("attesh") { name.to_owned() } else { format!("attesh-{name}") };
    let found = PAGES
        .iter()
        .find(|(have, number, _)| *have == full && section.is_none_or(|wanted| wanted == *number));
    let Some((_, _, text)) = found else {
        let names: Vec<String> = PAGES.iter().map(|(name, section, _)| format!("{name}.{section}")).collect();
        return Err(Failure::usage(format!("attesh has no page {wanted}"))
            .next(Next::say(format!("the pages are: {}", names.join(" ")))));
    };
    report::out(text.as_bytes())?;
    Ok(0)
}
