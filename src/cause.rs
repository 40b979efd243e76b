//! Causes: why something is refused, as one closed list of codes.
//!
//! What lives here: each code with the kind of failure that follows and its one sentence. What
//! does not: the exit code of a kind (`kind`), where the bad record is (`journal::check`),
//! the printing (`report`).
//!
//! Rules: a program decides by the code, a person reads the sentence; what belongs to one
//! case alone (a member, a number) is the detail and stands behind the sentence.

use std::fmt;

use crate::kind::Kind;

/// Declares the codes: one list gives the type, the words and the sentences.
macro_rules! codes {
    ($($variant:ident $kind:ident $word:literal $sentence:literal;)+) => {
        /// Why something is refused. attesh-verify(1) has the list.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "each code has its sentence beside it")]
        pub enum Code { $($variant),+ }
        impl Code {
            /// Every code, in the order of the manual.
            pub const ALL: &[Code] = &[$(Code::$variant),+];
            /// The word that a program compares.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Code::$variant => $word),+ }
            }
            /// What follows from it.
            #[must_use]
            pub fn kind(self) -> Kind {
                match self { $(Code::$variant => Kind::$kind),+ }
            }
            /// The sentence that a person reads.
            #[must_use]
            pub fn sentence(self) -> &'static str {
                match self { $(Code::$variant => $sentence),+ }
            }
        }
    };
}

codes! {
    LineLength Integrity "line.length" "the line is longer than 2 MiB";
    LineTorn Integrity "line.torn" "the line does not end with a newline";
    LineColumns Integrity "line.columns" "the line is not three columns separated by tabs";
    LineAuth Integrity "line.auth" "the third column is not 96 bytes in unpadded base64url";
    RecordLength Integrity "record.length" "the core is longer than 65535 bytes";
    RecordJson Integrity "record.json" "the core is not one JSON object";
    RecordMember Integrity "record.member" "a member of the core is not what its kind has";
    RecordSpelling Integrity "record.spelling" "the core is not in its one spelling";
    RecordIndex Integrity "record.index" "the record has another index than its place";
    RecordCommitments Integrity "record.commitments" "the core does not commit to the texts of its kind";
    RecordText Integrity "record.text" "textSource and the commitment to the command contradict each other";
    RecordStatus Integrity "record.status" "status, from and outcome contradict each other";
    RecordKey Integrity "record.key" "the core names a next key where none belongs, or none where one does";
    RecordFact Integrity "record.fact" "the members of the fact contradict each other";
    DisclosureJson Integrity "disclosure.json" "the second column is not an object of salts and texts";
    DisclosureSpelling Integrity "disclosure.spelling" "the second column is not in its one spelling";
    DisclosureUnknown Integrity "disclosure.unknown" "a text is disclosed that the core does not commit to";
    DisclosureValue Integrity "disclosure.value" "a disclosed text does not open its commitment";
    DisclosureMasked Integrity "disclosure.masked" "a text is disclosed that was masked when it was recorded";
    DisclosuresLine Integrity "disclosures.line" "a line of the disclosures is misspelled, or not in its place";
    DisclosuresCommitment Integrity "disclosures.commitment" "a line of the disclosures opens no commitment of the statement";
    JournalFormat Unsupported "journal.format" "the journal is in a format that this verifier does not know";
    JournalEmpty Integrity "journal.empty" "the journal has no complete genesis";
    JournalGenesis Integrity "journal.genesis" "the first record is no genesis, or a later record is one";
    JournalSignature Integrity "journal.signature" "the signature does not verify under the key that the record before names";
    JournalTag Integrity "journal.tag" "the tag does not fit: the journal comes from elsewhere";
    JournalAfterEnd Integrity "journal.after-end" "something stands after the end";
    JournalShells Integrity "journal.shells" "more than 4096 shells are open at once";
    JournalChanged Integrity "journal.changed" "the journal changed while it was read";
    JournalOrigin Integrity "journal.origin" "the journal names another origin secret than the one given, or none: it comes from elsewhere";
    JournalRemembered Integrity "journal.remembered" "the recorder on this machine remembers another journal";
    FactUnknown Unsupported "fact.unknown" "a fact must be understood and is of a type that this verifier does not know";
    HeadSession Integrity "head.session" "a head that was kept is of another session";
    HeadCut Integrity "head.cut" "the journal was cut: it has fewer records than a head that was kept";
    HeadRoot Integrity "head.root" "another journal of the same session: a head that was kept has another root";
    EnvelopeLength Integrity "envelope.length" "the envelope is longer than 33554432 bytes";
    EnvelopeJson Integrity "envelope.json" "the file is not the JSON of an envelope";
    EnvelopeBase64 Integrity "envelope.base64" "a member of the envelope is not strict base64";
    EnvelopeValue Integrity "envelope.value" "a member of the envelope has a value that this version does not allow";
    EnvelopeType Unsupported "envelope.type" "the envelope or its payload is of a type, or has a member, that this verifier does not know";
    SignatureBroken Integrity "signature.broken" "the key that the envelope names did not sign this payload";
    SignatureKeyid Integrity "signature.keyid" "the envelope was signed by another key than its keyid names";
    SignatureUntrusted Untrusted "signature.untrusted" "no trusted key made the signature";
    SignatureValidity Untrusted "signature.validity" "the key is outside its time of validity";
    SignatureFuture Untrusted "signature.future" "the statement says that it was sealed in the future";
    SignaturePolicy Untrusted "signature.policy" "no key that the policy names made the signature";
    StatementJson Integrity "statement.json" "the payload is not the JSON of a statement";
    StatementType Unsupported "statement.type" "the statement is of a type that this verifier does not know";
    StatementMember Integrity "statement.member" "a member of the statement does not have its form";
    StatementUnknown Unsupported "statement.unknown" "the statement has a member that this verifier does not know";
    StatementSpelling Integrity "statement.spelling" "the payload is not in its one spelling";
    StatementMust Unsupported "statement.must" "the statement has an extension that must be understood, and this verifier does not know it";
    StatementConstant Integrity "statement.constant" "a member of the statement has a value that this version does not allow";
    StatementSubject Integrity "statement.subject" "the subjects are not those of the statement";
    StatementEnd Integrity "statement.end" "outcome.end is not what the findings and the losses say";
    StatementCommand Integrity "statement.command" "a command of the statement contradicts itself";
    StatementCount Integrity "statement.count" "a count of the statement is not that of what it counts";
    StatementExit Integrity "statement.exit" "outcome.exitCode or allSucceeded is not what the commands and counts say";
    StatementTranscript Integrity "statement.transcript" "the commands are not those of the transcript";
    StatementTime Integrity "statement.time" "the times of the statement contradict each other";
    StatementRecord Integrity "statement.record" "something stands at a record beyond the journal's last";
    StatementHeads Integrity "statement.heads" "the heads of the statement are not in order, or not those of its journal";
    SealedSession Integrity "sealed.session" "the journal is that of another session";
    SealedJournal Integrity "sealed.journal" "the journal has another size, root, genesis or tag than the one that was sealed";
    SealedStatement Integrity "sealed.statement" "the journal gives another statement than the one that was sealed";
    AttachedOther Integrity "attached.other" "an attached file is not the one that its fact names";
    ArtifactSubject Integrity "artifact.subject" "the file is not among the subjects";
    StoryUnknownShell Incomplete "story.unknown-shell" "a record is of a shell that is not open";
    StoryUnfinished Incomplete "story.unfinished" "a command never finished";
    StoryCounter Incomplete "story.counter" "a counter went back";
    StoryGap Incomplete "story.gap" "commands ran unrecorded";
    StoryFinishWithoutStart Incomplete "story.finish-without-start" "a command finished that was not running";
    StoryUnobserved Incomplete "story.unobserved" "nobody saw how a command ended";
    StoryUnseenCommands Incomplete "story.unseen-commands" "the commands of a shell could not be seen";
    StoryUnannounced Incomplete "story.unannounced" "a line of a shell's history was not announced: it may have run";
    StoryCutShort Incomplete "story.cut-short" "a script was not followed to its end";
    StoryOpenShell Incomplete "story.open-shell" "a shell never closed";
    StoryNoEnd Incomplete "story.no-end" "the journal has no end";
    SessionIncomplete Policy "session.incomplete" "the policy asks for a complete session";
    SessionLost Policy "session.lost" "more commands ran unrecorded than the policy allows";
    SessionRedacted Policy "session.redacted" "more texts were redacted than the policy allows";
    SessionPaused Policy "session.paused" "more pauses were declared than the policy allows";
    SessionTail Policy "session.tail" "the session was sealed later after its last record than the policy allows";
    PolicyAge Policy "policy.age" "the session ended longer ago than the policy allows, or in the future";
    PolicyContext Policy "policy.context" "the session ran on something else, or on what was not recorded";
    PolicyMaterials Policy "policy.materials" "a file was not there before the first command, or was another, or that was not recorded";
    PolicySubject Policy "policy.subject" "a subject is not there, or is no product that the recorder saw";
    PolicyRule Policy "policy.rule" "an expression of the policy is not true";
    PolicyCommands Policy "policy.commands" "the statement has no list of commands that could be judged";
    CommandDenied Policy "command.denied" "a command ran that the policy denies";
    ProcessUnseen Policy "process.unseen" "not every start of a program is told, or not enough of it";
    ProcessDenied Policy "process.denied" "a program started that the policy denies";
    ProcessRequired Policy "process.required" "a program did not start that the policy requires, or did not succeed";
    AgentAuthor Policy "agent.author" "who had a program run is another one than the policy allows, or is not known";
    AgentDigest Policy "agent.digest" "the file of a program that was run is another one than the policy allows, or is not known";
    CommandUnseen Policy "command.unseen" "the commands of a shell were not seen, so they may be denied";
    CommandHidden Policy "command.hidden" "the text of a command is not there, so it may be denied";
    ScriptPlanMissing Policy "script.plan-missing" "no plan shows that the script ran";
    ScriptPlanUnits Policy "script.plan-units" "the plan has no list of commands";
    ScriptChanged Policy "script.changed" "the shell of the script read something else, or nobody saw all that it read";
    ScriptOther Policy "script.other" "the script is another one, byte by byte";
    ScriptLineMissing Policy "script.line-missing" "a line of the script did not run";
    ScriptLineReplaced Policy "script.line-replaced" "another command ran in the place of a line";
    ScriptLineAdded Policy "script.line-added" "a command is not in the policy";
    ScriptLineHidden Policy "script.line-hidden" "the text of a command that ran is not there";
    ScriptLineUnplanned Policy "script.line-unplanned" "a command is not the one that the plan has in its place";
    ScriptOrder Policy "script.order" "the lines ran in another order";
    ScriptStatus Policy "script.status" "a line ended with a status that is not allowed";
    ScriptStatusUnseen Policy "script.status-unseen" "nobody saw how a line ended";
    ScriptStatusUntold Policy "script.status-untold" "nobody saw how a line ended, although its script went on or came to its end";
    ScriptPipe Policy "script.pipe" "a pipeline has a status that is not allowed";
    ScriptPipeUnseen Policy "script.pipe-unseen" "nobody saw each status of a pipeline";
    ScriptEvidence Policy "script.evidence" "what the script's starts and statuses rest on is less than the policy asks for";
    ScriptOptions Policy "script.options" "the options of the script's shell are not those of the policy";
    ScriptArguments Policy "script.arguments" "the arguments of the script are not those of the policy";
    ScriptEnvironment Policy "script.environment" "a variable was set that changes what the script's shell does";
    ScriptBefore Policy "script.before" "what ran before the recording began is not what the policy names";
    ScriptEnd Policy "script.end" "the script was not seen to come to its end";
    ScriptExit Policy "script.exit" "the exit status of the script is not allowed, or not that of its last line";
    ScriptMore Policy "script.more" "further differences are not listed";
    SessionRemoved Unable "session.removed" "the session was removed by attesh prune";
    RemovedList Integrity "removed.list" "the list of removed sessions is not what attesh prune wrote";
    RemovedType Unsupported "removed.type" "the list of removed sessions was written by a newer version of attesh";
    FileUnable Unable "file.unable" "a file could not be read";
    FileOther Integrity "file.other" "the file is neither an envelope, a bundle nor a journal";
}

/// One cause: its code, and what belongs to this case alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Which.
    pub code: Code,
    /// A member, a number, the words of a parser; empty where the sentence says all.
    pub detail: String,
}

impl Cause {
    /// A cause with its particulars.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Cause { code, detail: detail.into() }
    }
}

impl From<Code> for Cause {
    fn from(code: Code) -> Self {
        Cause { code, detail: String::new() }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.code.sentence())?;
        if self.detail.is_empty() { Ok(()) } else { write!(f, ": {}", self.detail) }
    }
}

impl std::error::Error for Cause {}
