//! The journal: an append-only text file whose every line is chained, tagged and signed.
//!
//! * [`chain`]: the RFC 6962 tree and the two ratchets, one step at a time; pure.
//! * [`mod@line`]: the three columns of a line; pure.
//! * [`state`]: the two slots that carry the chain from one recorder to the next; pure.
//! * `lines`: the lines of a file, with bounded memory.
//! * [`append`]: recover, check, append, acknowledge; is handed a locked file.
//! * [`check`]: is this journal what its recorders wrote? Streams any reader.
//! * [`head`]: how a journal stood at a size, printed and parsed; pure.
//! * [`heads`]: heads that were kept elsewhere, and whether a journal is what they say; pure.
//! * [`redact`]: which texts are meant, and the journal without them; pure over readers.
//! * [`story`]: do the records tell a complete story of each shell? Pure.
//!
//! The normative texts are attesh-journal(5) and, for [`story`], attesh-story(5).

pub mod ahead;
pub mod append;
pub mod chain;
pub mod check;
pub mod head;
pub mod heads;
pub mod line;
mod lines;
pub mod redact;
pub mod state;
pub mod story;
