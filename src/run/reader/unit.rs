//! What a unit is, by bash's own parser and by its words.
//!
//! What lives here: the two questions that decide what is watched while it runs, and what its end
//! tells. What does not: watching (`reader`).

use std::io;

use crate::os::remote::Memory;

/// Where a `COMMAND` and a `CONNECTION` have what, and the kind of a list or pipeline (bash's
/// command.h).
const VALUE: u64 = 24;
const CONNECTOR: u64 = 24;
const CONNECTION: i32 = 6;

/// Whether bash's parser made one pipeline of the unit: its members run in children, so that none
/// of them sets a trap or an option of the shell that is watched. `global` is where bash has the
/// address of what it parsed.
///
/// # Errors
/// bash's memory cannot be read.
pub fn is_pipeline(memory: &Memory, global: u64) -> io::Result<bool> {
    let command = memory.pointer(global)?;
    if memory.int(command)? != CONNECTION {
        return Ok(false);
    }
    let connection = memory.pointer(command + VALUE)?;
    Ok(memory.int(connection + CONNECTOR)? == i32::from(b'|'))
}

/// Whether a unit is a command that leaves the shell, and nothing else: then no trap has to.
pub fn is_leaving(bytes: &[u8]) -> bool {
    let text = bytes.trim_ascii();
    let words = [&b"exit"[..], b"exec"].iter().any(|word| {
        text.strip_prefix(*word).is_some_and(|rest| rest.is_empty() || rest[0].is_ascii_whitespace())
    });
    words && !text.iter().any(|byte| b";&|\n`(".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_taken_for_one_that_leaves() {
        for leaving in ["exit", "exit 0\n", " exit $rc", "exec make all"] {
            assert!(is_leaving(leaving.as_bytes()), "{leaving}");
        }
        for other in ["exits", "a; exit", "exit $(a)", "a && exit", "exec a || b", "main"] {
            assert!(!is_leaving(other.as_bytes()), "{other}");
        }
    }
}
