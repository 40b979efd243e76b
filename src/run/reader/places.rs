//! Where bash reads a script, starts a unit and ends: places and variables of its own file.
//!
//! What lives here: the names of bash's functions and variables, found in the table by which it
//! shows them to loadable builtins (`.dynsym`). What does not: what is done there (`reader`).
//!
//! Rules: a bash in which one of them is missing, or in which the compiler joined two functions
//! that must be apart, has no places: then no script is said to be watched.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use object::read::elf::ElfFile64;
use object::{Object, ObjectSegment, ObjectSymbol};

use crate::os::{proc, trace};

/// The longest file that is looked at as a bash, in bytes.
const BASH_MAX: u64 = 64 << 20;
/// AT_ENTRY of getauxval(3): where a program begins in memory.
const AT_ENTRY: u64 = 9;

/// A function that asks bash's parser for one unit, and the place to which it returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its first instruction.
    pub entry: u64,
    /// The instruction behind its one call.
    pub back: u64,
}

/// Places and variables of one bash, as addresses in its file or, once moved, in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// Which file it is: device and inode.
    file: (u64, u64),
    begin: u64,
    /// `read_command`, called by `reader_loop`: the next unit of a script's file.
    pub of_file: Asked,
    /// `parse_command`, called by `parse_and_execute`: the next unit of a text.
    pub of_text: Asked,
    /// `zread`: bytes of a descriptor.
    pub zread: u64,
    /// `run_exit_trap`: the shell ends.
    pub run_exit_trap: u64,
    /// `shell_execve`: the shell becomes another program.
    pub shell_execve: u64,
    /// `set_pipestatus_array`: the statuses of a pipeline.
    pub set_pipestatus: u64,
    /// `last_command_exit_value`: `$?`
    pub status: u64,
    /// `line_number`: lines read so far.
    pub line: u64,
    /// `running_trap`: the trap that runs.
    pub running_trap: u64,
    /// `read_but_dont_execute`: `set -n`
    pub dont_execute: u64,
    /// `debugging_mode`: `shopt -s extdebug`
    pub debugging: u64,
    /// `trap_list`: the texts of the traps.
    pub traps: u64,
    /// `history_expansion` and `remember_on_history`: bash rewrites lines as it reads them.
    pub rewrites: [u64; 2],
    /// `expand_aliases`: bash reads them.
    pub expands: u64,
    /// `aliases`
    pub aliases: u64,
    /// `global_command`: what the parser made.
    pub command: u64,
    /// `default_buffered_input`: the descriptor of the script.
    pub input: u64,
    /// `bash_input`: what the parser reads from.
    pub source: u64,
    /// `stream_list`: what the parser reads from when it has come to the end of that.
    pub sources: u64,
    /// `dist_version`, `patch_level`, `build_version`, `release_status`: BASH_VERSION.
    pub version: [u64; 4],
}

impl Places {
    /// Those of this bash.
    ///
    /// # Errors
    /// In words: why it cannot be watched.
    pub fn of(bash: &Path) -> Result<Self, String> {
        let unread = |error: std::io::Error| format!("{}: {}", bash.display(), crate::files::words(&error));
        let file = File::open(bash).map_err(unread)?;
        let meta = file.metadata().map_err(unread)?;
        let mut bytes = Vec::new();
        file.take(BASH_MAX).read_to_end(&mut bytes).map_err(unread)?;
        let elf = ElfFile64::<object::Endianness>::parse(&*bytes)
            .map_err(|_| format!("{} is no program of this kind of machine", bash.display()))?;
        let names = Names { elf: &elf, bash };
        let [begin, back] = [("reader_loop", "read_command"), ("parse_and_execute", "parse_command")]
            .map(|(caller, function)| names.asked(caller, function));
        let at = |name| names.at(name);
        Ok(Places {
            file: (meta.dev(), meta.ino()),
            begin: elf.entry(),
            of_file: begin?,
            of_text: back?,
            zread: at("zread")?,
            run_exit_trap: at("run_exit_trap")?,
            shell_execve: at("shell_execve")?,
            set_pipestatus: at("set_pipestatus_array")?,
            status: at("last_command_exit_value")?,
            line: at("line_number")?,
            running_trap: at("running_trap")?,
            dont_execute: at("read_but_dont_execute")?,
            debugging: at("debugging_mode")?,
            traps: at("trap_list")?,
            rewrites: [at("history_expansion")?, at("remember_on_history")?],
            expands: at("expand_aliases")?,
            aliases: at("aliases")?,
            command: at("global_command")?,
            input: at("default_buffered_input")?,
            source: at("bash_input")?,
            sources: at("stream_list")?,
            version: [at("dist_version")?, at("patch_level")?, at("build_version")?, at("release_status")?],
        })
    }

    /// The same in the memory of a process that has just become this bash.
    #[must_use]
    pub fn moved(&self, pid: u32) -> Option<Self> {
        if self.is_run_by(pid) != Some(true) {
            return None;
        }
        let by = proc::auxiliary(pid, AT_ENTRY)?.wrapping_sub(self.begin);
        let to = |at: u64| at.wrapping_add(by);
        let asked = |asked: Asked| Asked { entry: to(asked.entry), back: to(asked.back) };
        Some(Places {
            file: self.file,
            begin: to(self.begin),
            of_file: asked(self.of_file),
            of_text: asked(self.of_text),
            zread: to(self.zread),
            run_exit_trap: to(self.run_exit_trap),
            shell_execve: to(self.shell_execve),
            set_pipestatus: to(self.set_pipestatus),
            status: to(self.status),
            line: to(self.line),
            running_trap: to(self.running_trap),
            dont_execute: to(self.dont_execute),
            debugging: to(self.debugging),
            traps: to(self.traps),
            rewrites: self.rewrites.map(to),
            expands: to(self.expands),
            aliases: to(self.aliases),
            command: to(self.command),
            input: to(self.input),
            source: to(self.source),
            sources: to(self.sources),
            version: self.version.map(to),
        })
    }

    /// Whether a process runs this bash; `None` if it has ended.
    #[must_use]
    pub fn is_run_by(&self, pid: u32) -> Option<bool> {
        let meta = proc::program_of(pid).and_then(|file| file.metadata()).ok()?;
        Some((meta.dev(), meta.ino()) == self.file)
    }
}

/// The names that a bash shows.
struct Names<'a> {
    elf: &'a ElfFile64<'a, object::Endianness>,
    bash: &'a Path,
}

impl Names<'_> {
    fn find(&self, name: &str) -> Result<(u64, u64), String> {
        let mut symbols = self.elf.dynamic_symbols();
        let symbol = symbols.find(|symbol| symbol.name() == Ok(name) && symbol.address() != 0);
        let symbol = symbol.ok_or_else(|| format!("{} does not show its {name}", self.bash.display()))?;
        Ok((symbol.address(), symbol.size()))
    }

    fn at(&self, name: &str) -> Result<u64, String> {
        self.find(name).map(|(at, _)| at)
    }

    /// A function that another calls at one place.
    fn asked(&self, caller: &str, function: &str) -> Result<Asked, String> {
        let (from, size) = self.find(caller)?;
        let entry = self.at(function)?;
        let code = self.elf.segments().find_map(|segment| segment.data_range(from, size).ok().flatten());
        let back = trace::call_behind(code.unwrap_or_default(), from, entry);
        match back[..] {
            [back] => Ok(Asked { entry, back }),
            _ => Err(format!("the {caller} of {} does not call {function} once", self.bash.display())),
        }
    }
}
