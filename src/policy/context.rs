//! On what a session ran, by the facts that its collectors saw: repository, ref, commit, run.
//!
//! What lives here: what the facts of a statement say together, in words and held against a policy.
//! What does not: the shape of a fact (`fact`), who collects it (`collect`).
//!
//! Rules: each fact that says something of a member must say what is asked, and one must. A text that
//! was taken out said something: nobody knows what, so no member that it was of is what is asked.

use std::collections::BTreeMap;

use super::words::quoted;
use super::{ContextRule, Ruling};
use crate::cause::Code;
use crate::fact::notice::{self, Notice};
use crate::fact::{self, url};
use crate::seal::statement::{FactFacts, Statement};

/// What the facts of a statement say.
#[derive(Debug)]
pub struct Context<'a> {
    ci: Option<&'a FactFacts>,
    git: Option<&'a FactFacts>,
    git_at_stop: Option<&'a FactFacts>,
    notice: Notice,
    notice_fact: Option<&'a FactFacts>,
}

/// What one of the facts says of a member, and which fact it is; `None`: it was taken out.
struct Claim {
    says: Option<String>,
    by: &'static str,
}

impl<'a> Context<'a> {
    /// The context of a statement.
    #[must_use]
    pub fn of(statement: &'a Statement) -> Self {
        let predicate = &statement.predicate;
        Context {
            ci: predicate.seen_at_start(fact::CI),
            git: predicate.seen_at_start(fact::GIT),
            git_at_stop: predicate.seen_at_stop(fact::GIT),
            notice: predicate.notice().unwrap_or_default(),
            notice_fact: predicate.seen_at_start(fact::NOTICE),
        }
    }

    /// Whether nothing is known of it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ci.is_none() && self.git.is_none()
    }

    /// What is said first of a member; nothing where a part of what is said was taken out.
    #[must_use]
    pub fn says(&self, member: &str) -> Option<String> {
        let all: Option<Vec<String>> = self.claims(member).into_iter().map(|claim| claim.says).collect();
        all?.into_iter().next()
    }

    fn claims(&self, member: &str) -> Vec<Claim> {
        let claim = |fact: Option<&FactFacts>, by| {
            Some(Claim { says: fact.filter(|fact| fact.has(member))?.text(member).map(str::to_owned), by })
        };
        let mut claims: Vec<Claim> = claim(self.ci, "the CI system").into_iter().collect();
        match member {
            "commit" => {
                claims.extend(claim(self.git, "git at the start"));
                // A session can bring about what is seen at its end.
                if !claims.is_empty() {
                    claims.extend(claim(self.git_at_stop, "git at the stop"));
                }
            }
            "ref" => claims.extend(claim(self.git, "git at the start")),
            "repository" => {
                let gone = self.git.is_some_and(|git| git.has("remotes") && git.text("remotes").is_none());
                let says = self.origin();
                if gone || says.is_some() {
                    claims.push(Claim { says, by: "git's remote origin" });
                }
            }
            "purpose" => claims.extend(self.said("purpose", self.notice.purpose.clone())),
            "notice-sha256" => claims.extend(self.said(notice::TEXT, self.notice.text_sha256())),
            _ => {}
        }
        claims
    }

    /// What was said before the session began, in the text of this name.
    fn said(&self, name: &str, says: Option<String>) -> Option<Claim> {
        self.notice_fact.filter(|fact| fact.has(name))?;
        Some(Claim { says, by: "who began the session" })
    }

    /// The repository that git's remote `origin` names.
    fn origin(&self) -> Option<String> {
        let remotes = self.git?.text("remotes")?;
        let remotes: BTreeMap<String, String> = serde_json::from_str(remotes).ok()?;
        url::repository(remotes.get("origin")?)
    }

    /// How many paths differed at the start; `None` if that is not known.
    fn changed(&self) -> Option<u64> {
        self.git?.text("changedCount")?.parse().ok()
    }

    /// In words, for a verdict.
    #[must_use]
    pub fn words(&self) -> String {
        let one = |member: &str| self.says(member);
        let commit = one("commit").map(|commit| {
            let short: String = commit.chars().take(7).collect();
            match self.changed() {
                Some(0) => format!("commit {short} (clean)"),
                Some(count) => format!("commit {short} ({} changed)", crate::text::count(count, "path")),
                None => format!("commit {short}"),
            }
        });
        let run = one("run").map(|run| format!("run {run}"));
        let is_gone = |member: &&str| self.claims(member).iter().any(|claim| claim.says.is_none());
        let gone = ["repository", "ref", "commit", "run"].into_iter().find(is_gone);
        let gone = gone.map(|member| format!("what is said of the {member} was redacted"));
        let parts = [one("repository"), one("ref"), commit, run, gone];
        let words = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
        if words.is_empty() { "not recorded".to_owned() } else { words }
    }

    /// Holds it against a policy.
    pub(super) fn judge(&self, rule: &ContextRule, ruling: &mut Ruling) {
        for (key, member, wanted) in &rule.members {
            self.judge_member(key, member, wanted, ruling);
        }
        let asks_commit =
            rule.commit_required || rule.members.iter().any(|(_, member, _)| *member == "commit");
        let has_commit = |fact: Option<&FactFacts>| fact.is_some_and(|fact| fact.has("commit"));
        if asks_commit && has_commit(self.git) && !has_commit(self.git_at_stop) {
            deny(ruling, "context.commit", "the commit at the stop was not recorded".to_owned());
        }
        for member in rule.same_as.iter().filter(|member| !rule.given.contains(member)) {
            let what = format!(
                "the policy asks for the {member} that is given, and none was: add --context {member}=VALUE or --same-as FILE"
            );
            deny(ruling, "context.same-as", what);
        }
        if rule.commit_required {
            let claims = self.claims("commit");
            let (first, others) = match claims.split_first() {
                Some(split) => split,
                None => return deny(ruling, "context.commit", not_recorded("commit")),
            };
            if let Some(gone) = claims.iter().find(|claim| claim.says.is_none()) {
                deny(ruling, "context.commit", redacted("commit", gone.by));
            } else if let Some(other) = others.iter().find(|claim| claim.says != first.says) {
                let says = |claim: &Claim| claim.says.clone().unwrap_or_default();
                let what =
                    format!("{} says commit {}, {} says {}", first.by, says(first), other.by, says(other));
                deny(ruling, "context.commit", what);
            }
        }
        if rule.clean {
            match self.changed() {
                Some(0) => {}
                Some(count) => {
                    let what = format!(
                        "{} differed from the commit at the start",
                        crate::text::count(count, "path")
                    );
                    deny(ruling, "context.clean", what);
                }
                None => deny(ruling, "context.clean", not_recorded("state of the files")),
            }
        }
    }

    fn judge_member(&self, key: &'static str, member: &str, wanted: &[String], ruling: &mut Ruling) {
        let claims = self.claims(member);
        if claims.is_empty() {
            deny(ruling, key, not_recorded(member));
        }
        for Claim { says, by } in claims {
            let Some(says) = says else {
                deny(ruling, key, redacted(member, by));
                continue;
            };
            if !wanted.iter().any(|pattern| fits(pattern, &says)) {
                let what =
                    format!("{by} says {member} {}, the policy asks for {}", quoted(&[says]), quoted(wanted));
                deny(ruling, key, what);
            }
        }
    }
}

fn not_recorded(member: &str) -> String {
    format!("the {member} was not recorded")
}

fn redacted(member: &str, by: &str) -> String {
    format!("what {by} said of the {member} was redacted or not disclosed")
}

fn deny(ruling: &mut Ruling, key: &'static str, what: String) {
    ruling.deny(key, Code::PolicyContext, None, what);
}

/// Whether a text is what a pattern says: `*` stands for any characters.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_pattern_fits_another_text() {
        for (pattern, text, good) in [
            ("refs/heads/main", "refs/heads/main", true),
            ("refs/heads/main", "refs/heads/main2", false),
            ("refs/tags/*", "refs/tags/v1", true),
            ("refs/tags/*", "refs/heads/refs/tags/v1", false),
            ("*", "", true),
            ("a*b*c", "axbxc", true),
            ("a*b*c", "axc", false),
            ("a*a", "a", false),
            ("*a*b", "xaxb", true),
            ("", "a", false),
        ] {
            assert_eq!(fits(pattern, text), good, "{pattern} {text}");
        }
    }
}
