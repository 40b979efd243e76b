//! What an agent's own transcript tells of the commands that it ran. Normative: attesh-reconcile(1).
//!
//! What lives here: whose a transcript is, and what is the same for all: the commands with what is told
//! of their ends, and what of the transcript was not understood. What does not: the form that each agent
//! gives its transcript ([`claude`], [`codex`], [`gemini`], [`opencode`]), and holding it against a
//! recording (`reconcile`).
//!
//! Rules: pure: bytes in, commands out. What a transcript does not tell is "not told" and never guessed;
//! an entry of a kind that is not known here is counted, and none is left out in silence.

pub mod claude;
pub mod codex;
pub mod gemini;
pub mod opencode;
mod reading;
mod told;

pub use told::{Kind, Outcome, Told, Transcript, Unreadable};

/// Reads the transcript of an agent.
///
/// # Errors
/// It is not a transcript of this agent, or of a version that is not known here.
pub fn read(kind: Kind, bytes: &[u8]) -> Result<Transcript, Unreadable> {
    match kind {
        Kind::Claude => claude::read(bytes),
        Kind::Codex => codex::read(bytes),
        Kind::Gemini => gemini::read(bytes),
        Kind::Opencode => opencode::read(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transcript_is_taken_for_that_of_another_agent() {
        for (text, kind) in [
            ("\n{\"type\":\"queue-operation\",\"sessionId\":\"a\"}\n", Some(Kind::Claude)),
            ("{\"type\":\"summary\",\"summary\":\"x\"}\n{}\n", Some(Kind::Claude)),
            ("{\"timestamp\":\"t\",\"type\":\"session_meta\",\"payload\":{}}\n", Some(Kind::Codex)),
            ("{\"sessionId\":\"a\",\"projectHash\":\"b\"}\n{}\n", Some(Kind::Gemini)),
            ("{\n \"sessionId\": \"a\",\n \"projectHash\": \"b\",\n \"messages\": []\n}", Some(Kind::Gemini)),
            ("{\n \"info\": {},\n \"messages\": []\n}", Some(Kind::Opencode)),
            ("{\"i\":0}\n", None),
            ("", None),
            ("[1]\n", None),
            ("SQLite format 3\0", None),
        ] {
            assert_eq!(Kind::of(text.as_bytes()), kind, "{text:?}");
        }
        for kind in Kind::ALL {
            assert_eq!(Kind::of_word(kind.word()), Some(kind));
        }
    }
}
