//! On what a session ran, by the facts that its collectors saw: repository, ref, commit, run.
//!
//! What lives here: what the facts of a statement say together, in words and held against a policy.
//! What does not: the shape of a fact (`fact`), who collects it (`collect`).
//!
//! Rules: each fact that says something of a member must say what is asked, and one must.

use std::collections::BTreeMap;

use super::words::quoted;
use super::{ContextRule, Ruling};
use crate::cause::Code;
use crate::fact::notice::Notice;
use crate::fact::{self, url};
use crate::seal::statement::{FactFacts, Statement};

/// What the facts of a statement say.
#[derive(Debug)]
pub struct Context<'a> {
    ci: Option<&'a FactFacts>,
    git: Option<&'a FactFacts>,
    git_at_stop: Option<&'a FactFacts>,
    notice: Notice,
}

/// What one of the facts says of a member, and which fact it is.
struct Claim {
    says: String,
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
        }
    }

    /// Whether nothing is known of it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ci.is_none() && self.git.is_none()
    }

    /// What is said first of a member.
    #[must_use]
    pub fn says(&self, member: &str) -> Option<String> {
        self.claims(member).into_iter().next().map(|claim| claim.says)
    }

    fn claims(&self, member: &str) -> Vec<Claim> {
        let claim = |fact: Option<&FactFacts>, by| Some(Claim { says: fact?.text(member)?.to_owned(), by });
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
                let says = self.origin();
                claims.extend(says.map(|says| Claim { says, by: "git's remote origin" }));
            }
            "purpose" => claims.extend(self.said(self.notice.purpose.clone())),
            "notice-sha256" => claims.extend(self.said(self.notice.text_sha256())),
            _ => {}
        }
        claims
    }

    /// What was said before the session began.
    fn said(&self, says: Option<String>) -> Option<Claim> {
        Some(Claim { says: says?, by: "who began the session" })
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
        let parts = [one("repository"), one("ref"), commit, run];
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
        let has_commit = |fact: Option<&FactFacts>| fact.is_some_and(|fact| fact.text("commit").is_some());
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
            if let Some(other) = others.iter().find(|claim| claim.says != first.says) {
                let what =
                    format!("{} says commit {}, {} says {}", first.by, first.says, other.by, other.says);
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

fn deny(ruling: &mut Ruling, key: &'static str, what: String) {
    ruling.deny(key, Code::PolicyContext, None, what);
}

/// Whether a text is what a pattern says: `*` stands for any characters.
fn fits(pattern: &str, text: &str) -> bool {
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
