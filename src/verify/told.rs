//! What a selective statement says with the texts that were disclosed beside it.
//!
//! What lives here: filling them in, and what is said of how many there are. What does not: reading
//! the file, and the commitments (`seal::disclosed`).
//!
//! Rules: what was not disclosed counts as redacted; of a file with one bad line nothing is believed.

use super::verdict::{Objection, Told, Verdict};
use crate::seal::disclosed::{self, BadLine, Line};
use crate::seal::envelope::Beside;
use crate::seal::statement::Statement;

/// Fills in what is disclosed, keeps the statement as it was signed, and says how much is told.
pub(super) fn tell(
    verdict: &mut Verdict,
    statement: &mut Statement,
    beside: Option<&Beside>,
) -> Result<String, Objection> {
    let Some(facts) = &statement.predicate.disclosures else {
        return Ok(String::new());
    };
    let (lines, bad) = match beside.map(|beside| (beside, opened(facts, beside))) {
        None => (Vec::new(), None),
        Some((_, Ok(lines))) => (lines, None),
        Some((_, Err(objection))) => (Vec::new(), Some(objection)),
    };
    let told = Told { disclosed: lines.len() as u64, of: facts.commitments.len() as u64 };
    verdict.sealed = Some(Box::new(statement.clone()));
    verdict.told = Some(told);
    disclosed::tell(&mut statement.predicate, &lines);
    match bad {
        Some(objection) => Err(objection),
        None => Ok(told.words()),
    }
}

/// The lines of a file, each held against its commitment.
fn opened(facts: &disclosed::DisclosureFacts, beside: &Beside) -> Result<Vec<Line>, Objection> {
    let bytes = beside.bytes.as_ref().map_err(Objection::of)?;
    facts.open(bytes).map_err(|BadLine { number, cause }| {
        let text = format!("{}: line {number}: {cause}", beside.path);
        Objection::new(cause.code, text)
    })
}
