//! The programs that started below a command, as rows below its row.
//!
//! What lives here: the rows. What does not: their order and sums (`fact::below`), what the facts say
//! (`fact::process`), the row of the command (`show`).

use super::row::masked;
use crate::agent::Ran;
use crate::encoding::hex;
use crate::fact::below::{Below, CUT, Part, Row, UNSURE};
use crate::fact::process::{End, When};
use crate::fact::touched::Touched;
use crate::mask::has_sign;
use crate::report::Style;
use crate::text::{typed, visible};

/// How deep a row is set in at most.
const DEPTH_MAX: usize = 24;

/// The rows below the command of this number: its starts, and what was touched; where it is known what
/// an agent ran, each start with its class.
pub fn rows(below: &Below, n: u64, ran: Option<&Ran>, style: Style) -> Vec<String> {
    below.parts.get(&When::In(n)).map_or_else(Vec::new, |part| rows_of(part, ran, style))
}

/// The rows of what is of no command up to this number, below titles; and what was counted.
pub fn elsewhere(below: &Below, last: u64, ran: Option<&Ran>, style: Style) -> Vec<String> {
    let is_shown = |when: When| matches!(when, When::In(n) if (1..=last).contains(&n));
    let others = below.parts.iter().filter(|(when, _)| !is_shown(**when));
    let titled = others.flat_map(|(when, part)| {
        let title = style.dim(&format!("  {}", when.title()));
        std::iter::once(title).chain(rows_of(part, ran, style))
    });
    titled.chain(below.counted().map(|counted| format!("      {counted}"))).collect()
}

fn rows_of(part: &Part, ran: Option<&Ran>, style: Style) -> Vec<String> {
    let starts = part.rows.iter().map(|start| row(start, ran, style));
    starts.chain(part.files.iter().map(|file| file_row(file, style))).collect()
}

fn file_row(one: &Touched, style: Style) -> String {
    let sha256 = one.entry.sha256().map_or_else(String::new, |sha256| format!(", sha256:{}", hex(sha256)));
    let words = style.dim(&format!("{}{sha256}", one.words()));
    format!("{:>20}  {}  {words}", one.change.name(), visible(&one.entry.path))
}

fn row(Row { start, depth }: &Row, ran: Option<&Ran>, style: Style) -> String {
    let class = ran.and_then(|ran| ran.classes.get(&start.numbers.id));
    let class = class.map_or_else(String::new, |class| format!(" {:<7}", class.word()));
    let end = start.end.map_or_else(|| "-".to_owned(), End::word);
    let padded = format!("{end:>11}");
    let end = match start.end {
        Some(end) if end.is_failure() => style.bad(&padded),
        Some(End::Exit(_)) => style.good(&padded),
        _ => style.dim(&padded),
    };
    let words = start.words.as_ref().map_or_else(
        || style.dim("(redacted)"),
        |words| typed(words) + masked(words.iter().any(|word| has_sign(word))),
    );
    let path = start.path.as_ref().map_or_else(|| "(redacted)".to_owned(), |path| visible(path));
    let folder =
        start.workdir.as_ref().map_or_else(String::new, |folder| format!("  in {}", visible(folder)));
    let remarks = [(start.cut, CUT), (start.unsure, UNSURE)];
    let remarks: String = remarks.iter().filter(|(is_so, _)| *is_so).map(|(_, words)| *words).collect();
    let remarks = if remarks.is_empty() { remarks } else { style.dim(&remarks) };
    let deep = "  ".repeat((*depth).min(DEPTH_MAX));
    format!(
        "{:>8}{class} {end}  {deep}{words}{remarks}  {}",
        start.numbers.id,
        style.dim(&format!("{path}{folder}"))
    )
}
