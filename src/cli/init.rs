//! `attesh init`: the hook's text.
//!
//! What lives here: the text that a shell evaluates. What does not: the line in an rc file (`rc`).

use std::path::Path;

use super::args::{Collect, Init, Masks, NoticeArgs, ShellName};
use super::given::{Exit, collection, masking};
use super::rc;
use crate::collect::notice;
use crate::crypto;
use crate::encoding::hex;
use crate::fact::Collection;
use crate::failure::Failure;
use crate::paths;
use crate::record::Program;
use crate::report;
use crate::run::block::HOOKS;
use crate::run::rest::OWN;
use crate::session::find;
use crate::text::{fish_quoted, posix_quoted};

const BASH: &str = concat!(include_str!("../../shell/rare.bash"), include_str!("../../shell/hook.bash"));
const ZSH: &str = include_str!("../../shell/hook.zsh");
const FISH: &str = include_str!("../../shell/hook.fish");

pub fn run(args: &Init) -> Exit {
    if args.install || args.uninstall {
        return rc::edit(args);
    }
    if args.ci && !matches!(args.shell, ShellName::Bash) {
        return Err(Failure::usage("--ci: jobs of a CI run in bash or sh")
            .next("type: eval \"$(attesh init bash --ci)\""));
    }
    let executable =
        paths::executable().ok_or_else(|| Failure::unable("attesh cannot find its own executable file"))?;
    let executable = executable.to_str().ok_or_else(|| {
        Failure::unable(format!("{}: the path of this program is not UTF-8", executable.display()))
    })?;
    if let Some(name) = &args.session
        && name.contains('\n')
    {
        return Err(Failure::usage("--session: a session is named on one line"));
    }
    let text = match args.ci {
        true => block(executable),
        false => snippet(args.shell, executable, args.session.as_deref().unwrap_or("")),
    };
    let given = given(args);
    let asked = collection(&given)?;
    show_notice(args, &asked);
    report::out(exports(args, &given, &asked)?.as_bytes())?;
    report::out(text.as_bytes())?;
    Ok(0)
}

/// What the options ask for.
fn given(args: &Init) -> Collect {
    Collect {
        collect: args.collect.clone(),
        variables: Vec::new(),
        identity: args.identity.clone(),
        materials: args.materials.clone(),
        products: args.products.clone(),
        notice: NoticeArgs {
            notice: args.notice.clone(),
            purpose: args.purpose.clone(),
            retain: args.retain.clone(),
        },
        masks: Masks { mask: args.mask.clone(), mask_env: args.mask_env.clone() },
    }
}

/// Shows the user of this shell what the session that it comes into has for a notice. The user of a
/// shell within a recorded one saw it there.
fn show_notice(args: &Init, asked: &Collection) {
    let exported = paths::exported_session();
    let named = exported.as_deref().filter(|path| !path.is_absolute()).and_then(|path| path.to_str());
    match args.session.as_deref().or(named) {
        Some(word) if args.notice.is_none() => {
            if let Ok(session) = find::by_word(word) {
                notice::show_that_of(&session);
            }
        }
        _ if args.notice.is_none() && exported.is_some() => {}
        _ => asked.notice.iter().for_each(notice::show),
    }
}

/// The digest that names a hook's text: 16 hexadecimal digits.
pub fn hook_digest(text: &str) -> String {
    hex(&crypto::sha256(&[text.as_bytes()])[..8])
}

/// The hook's text as stored.
pub fn template(program: Program) -> &'static str {
    match program {
        Program::Bash => BASH,
        Program::Zsh => ZSH,
        Program::Fish => FISH,
        Program::Sh | Program::Run => HOOKS[1],
    }
}

/// The hook with its placeholders filled, in a guard that other shells skip.
fn snippet(shell: ShellName, executable: &str, session: &str) -> String {
    let (program, quote): (Program, fn(&str) -> String) = match shell {
        ShellName::Bash => (Program::Bash, posix_quoted),
        ShellName::Zsh => (Program::Zsh, posix_quoted),
        ShellName::Fish => (Program::Fish, fish_quoted),
    };
    let template = template(program);
    let fields = [
        ("@ATTESH_BIN@", executable),
        ("@ATTESH_VERSION@", env!("CARGO_PKG_VERSION")),
        ("@ATTESH_HOOK@", &hook_digest(template)),
        ("@ATTESH_NAME@", session),
    ];
    let mut text = template.to_owned();
    for (field, value) in fields {
        text = text.replace(&format!("'{field}'"), &quote(value));
    }
    // A shell that is not the right one must not even parse the hook.
    match shell {
        ShellName::Bash => {
            format!("case ${{BASH_VERSION-}} in ?*) eval {};; esac\n", posix_quoted(&text))
        }
        // `emulate -c` keeps the user's aliases and options from the definitions, and from
        // each function whenever it runs.
        ShellName::Zsh => format!(
            "case ${{ZSH_VERSION-}} in ?*) \\builtin emulate zsh -o no_aliases -o no_xtrace -o local_traps -c {};; esac\n",
            posix_quoted(&text)
        ),
        ShellName::Fish => text,
    }
}

/// The path of a file from the root on, in one line: a shell below this one can be in another folder.
fn absolute(option: &str, file: &Path) -> Result<String, Failure> {
    let whole = std::path::absolute(file).ok().and_then(|path| path.to_str().map(str::to_owned));
    whole.filter(|path| !path.contains('\n')).ok_or_else(|| {
        let what = format!("{option} {}: no line can hold its path", file.display());
        Failure::usage(what).next("move it to a folder whose name is plain UTF-8")
    })
}

/// The lines that say which collectors look, at which files, and what is said of a session before it
/// begins; shells below this one have them, too.
fn exports(args: &Init, given: &Collect, asked: &Collection) -> Result<String, Failure> {
    masking(&given.masks)?;
    let masks = args.mask.iter().map(|file| absolute("--mask", file)).collect::<Result<Vec<_>, _>>()?;
    let words: Vec<&str> = asked.collectors.iter().map(|collector| collector.word()).collect();
    let list = if words.is_empty() { "none".to_owned() } else { words.join(",") };
    let mut lines = String::new();
    let mut export = |name: &str, value: &str| match args.shell {
        ShellName::Fish => lines.push_str(&format!("set -gx {name} {}\n", fish_quoted(value))),
        ShellName::Bash | ShellName::Zsh => {
            lines.push_str(&format!("\\export {name}={}\n", posix_quoted(value)));
        }
    };
    if args.collect.is_some() {
        export(paths::COLLECT_VARIABLE, &list);
    }
    if let Some(name) = &args.identity {
        export(paths::IDENTITY_VARIABLE, name);
    }
    if let Some(path) = &args.notice {
        export(paths::NOTICE_VARIABLE, &absolute("--notice", path)?);
    }
    for (value, variable) in
        [(&args.purpose, paths::PURPOSE_VARIABLE), (&args.retain, paths::RETAIN_VARIABLE)]
    {
        if let Some(value) = value {
            export(variable, value);
        }
    }
    for (option, list, variable) in [
        ("--materials", &args.materials, paths::MATERIALS_VARIABLE),
        ("--products", &args.products, paths::PRODUCTS_VARIABLE),
        ("--mask", &masks, paths::MASK_VARIABLE),
        ("--mask-env", &args.mask_env, paths::MASK_ENV_VARIABLE),
    ] {
        if let Some(odd) = list.iter().find(|one| one.contains([':', '\n'])) {
            let what = format!("{option} {odd:?}: the variable {variable} has a colon between two");
            return Err(
                Failure::usage(what).next("name it without a colon or newline, or record with attesh sh")
            );
        }
        if !list.is_empty() {
            export(variable, &list.join(":"));
        }
    }
    Ok(lines)
}

/// The hook of a block. Another shell, or a bash that is too old, must not parse bash's hook.
fn block(executable: &str) -> String {
    let [bash, other] = HOOKS.map(|text| {
        // In the text of a trap the quotes are within quotes.
        let inner = posix_quoted(executable).replace('\'', r"'\''");
        let text = text.replace(r"'\''@ATTESH_BIN@'\''", &inner);
        posix_quoted(&text.replace("'@ATTESH_BIN@'", &posix_quoted(executable)))
    });
    format!(
        "{OWN}${{LINENO-1}} __attesh_done=; case ${{BASH_VERSION-}} in 4.[4-9]*|[5-9].*|[1-9][0-9]*) eval {bash};; esac\n\
         case $__attesh_done in ?*) ;; *) eval {other};; esac\n"
    )
}
