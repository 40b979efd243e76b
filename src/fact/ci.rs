//! What CI systems say of a job, in the variables that each documents.
//!
//! Rules: a text stands where the system set all variables that it is made of. A variable of
//! another system says nothing.

use super::environment::short;
use super::{CI, Seen, Texts, url};

/// What a text of the fact is made of: variables in braces, and what stands between them.
pub type Template = &'static str;

/// A CI system.
pub struct System {
    /// What the fact calls it.
    pub name: &'static str,
    /// A variable that it alone sets, and the value that it sets, if that is the same everywhere.
    pub sign: (&'static str, Option<&'static str>),
    /// Each text, and what it can be made of: the first that can be made counts.
    pub texts: &'static [(&'static str, &'static [Template])],
}

/// The systems, those first that also set the variables of another.
pub const SYSTEMS: [System; 10] = [
    System { name: "forgejo", sign: ("FORGEJO_ACTIONS", Some("true")), texts: FORGEJO },
    System { name: "gitea", sign: ("GITEA_ACTIONS", Some("true")), texts: FORGEJO },
    System {
        name: "github",
        sign: ("GITHUB_ACTIONS", Some("true")),
        texts: &[
            ("repository", &["{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}"]),
            ("ref", &["{GITHUB_REF}"]),
            ("commit", &["{GITHUB_SHA}"]),
            ("workflow", &["{GITHUB_WORKFLOW_REF}", "{GITHUB_WORKFLOW}"]),
            ("job", &["{GITHUB_JOB}"]),
            ("run", &["{GITHUB_RUN_ID}"]),
            ("attempt", &["{GITHUB_RUN_ATTEMPT}"]),
            (
                "runUrl",
                &[
                    "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}/attempts/{GITHUB_RUN_ATTEMPT}",
                    "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}",
                ],
            ),
            ("event", &["{GITHUB_EVENT_NAME}"]),
            ("actor", &["{GITHUB_ACTOR}"]),
        ],
    },
    System {
        name: "gitlab",
        sign: ("GITLAB_CI", Some("true")),
        texts: &[
            ("repository", &["{CI_PROJECT_URL}"]),
            (
                "ref",
                &[
                    "{CI_MERGE_REQUEST_REF_PATH}",
                    "refs/tags/{CI_COMMIT_TAG}",
                    "refs/heads/{CI_COMMIT_BRANCH}",
                ],
            ),
            ("commit", &["{CI_COMMIT_SHA}"]),
            ("workflow", &["{CI_CONFIG_PATH}"]),
            ("job", &["{CI_JOB_NAME}"]),
            ("run", &["{CI_PIPELINE_ID}"]),
            ("attempt", &["{CI_JOB_ID}"]),
            ("runUrl", &["{CI_JOB_URL}", "{CI_PIPELINE_URL}"]),
            ("event", &["{CI_PIPELINE_SOURCE}"]),
            ("actor", &["{GITLAB_USER_LOGIN}"]),
        ],
    },
    System {
        name: "buildkite",
        sign: ("BUILDKITE", Some("true")),
        texts: &[
            ("repository", &["{BUILDKITE_REPO}"]),
            ("ref", &["refs/tags/{BUILDKITE_TAG}", "refs/heads/{BUILDKITE_BRANCH}"]),
            ("commit", &["{BUILDKITE_COMMIT}"]),
            ("workflow", &["{BUILDKITE_ORGANIZATION_SLUG}/{BUILDKITE_PIPELINE_SLUG}"]),
            ("job", &["{BUILDKITE_STEP_KEY}", "{BUILDKITE_LABEL}"]),
            ("run", &["{BUILDKITE_BUILD_NUMBER}"]),
            ("attempt", &["{BUILDKITE_RETRY_COUNT}"]),
            ("runUrl", &["{BUILDKITE_BUILD_URL}#{BUILDKITE_JOB_ID}", "{BUILDKITE_BUILD_URL}"]),
            ("event", &["{BUILDKITE_SOURCE}"]),
            ("actor", &["{BUILDKITE_BUILD_CREATOR}"]),
        ],
    },
    System {
        name: "circleci",
        sign: ("CIRCLECI", Some("true")),
        texts: &[
            ("repository", &["{CIRCLE_REPOSITORY_URL}"]),
            ("ref", &["refs/tags/{CIRCLE_TAG}", "refs/heads/{CIRCLE_BRANCH}"]),
            ("commit", &["{CIRCLE_SHA1}"]),
            ("workflow", &["{CIRCLE_WORKFLOW_ID}"]),
            ("job", &["{CIRCLE_JOB}"]),
            ("run", &["{CIRCLE_BUILD_NUM}"]),
            ("runUrl", &["{CIRCLE_BUILD_URL}"]),
            ("actor", &["{CIRCLE_USERNAME}"]),
        ],
    },
    System {
        name: "azure",
        sign: ("TF_BUILD", Some("True")),
        texts: &[
            ("repository", &["{BUILD_REPOSITORY_URI}"]),
            ("ref", &["{BUILD_SOURCEBRANCH}"]),
            ("commit", &["{BUILD_SOURCEVERSION}"]),
            ("workflow", &["{BUILD_DEFINITIONNAME}"]),
            ("job", &["{SYSTEM_JOBNAME}", "{AGENT_JOBNAME}"]),
            ("run", &["{BUILD_BUILDID}"]),
            ("attempt", &["{SYSTEM_JOBATTEMPT}"]),
            (
                "runUrl",
                &["{SYSTEM_COLLECTIONURI}{SYSTEM_TEAMPROJECT}/_build/results?buildId={BUILD_BUILDID}"],
            ),
            ("event", &["{BUILD_REASON}"]),
            ("actor", &["{BUILD_REQUESTEDFOR}"]),
        ],
    },
    System {
        name: "woodpecker",
        sign: ("CI", Some("woodpecker")),
        texts: &[
            ("repository", &["{CI_REPO_URL}", "{CI_REPO_CLONE_URL}"]),
            ("ref", &["{CI_COMMIT_REF}"]),
            ("commit", &["{CI_COMMIT_SHA}"]),
            ("workflow", &["{CI_WORKFLOW_NAME}"]),
            ("job", &["{CI_STEP_NAME}"]),
            ("run", &["{CI_PIPELINE_NUMBER}"]),
            ("runUrl", &["{CI_PIPELINE_URL}"]),
            ("event", &["{CI_PIPELINE_EVENT}"]),
            ("actor", &["{CI_COMMIT_AUTHOR}"]),
        ],
    },
    System {
        name: "jenkins",
        sign: ("JENKINS_URL", None),
        texts: &[
            ("repository", &["{GIT_URL}"]),
            // Of a change BRANCH_NAME is PR-N, which is no branch.
            ("ref", &["refs/heads/pull/{CHANGE_ID}", "refs/tags/{TAG_NAME}", "refs/heads/{BRANCH_NAME}"]),
            ("commit", &["{GIT_COMMIT}"]),
            ("workflow", &["{JOB_NAME}"]),
            ("job", &["{STAGE_NAME}"]),
            ("run", &["{BUILD_NUMBER}"]),
            ("runUrl", &["{BUILD_URL}"]),
        ],
    },
    // Tekton sets nothing of its own accord: these are for a task to set, from its context.
    System {
        name: "tekton",
        sign: ("TEKTON_TASK_RUN", None),
        texts: &[
            ("repository", &["{TEKTON_REPOSITORY}"]),
            ("ref", &["{TEKTON_REF}"]),
            ("commit", &["{TEKTON_COMMIT}"]),
            ("workflow", &["{TEKTON_PIPELINE}"]),
            ("job", &["{TEKTON_TASK}"]),
            ("run", &["{TEKTON_PIPELINE_RUN}", "{TEKTON_TASK_RUN}"]),
        ],
    },
];

/// Forgejo and Gitea set the variables of GitHub, too, and count their runs by number.
const FORGEJO: &[(&str, &[Template])] = &[
    ("repository", &["{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}"]),
    ("ref", &["{GITHUB_REF}"]),
    ("commit", &["{GITHUB_SHA}"]),
    ("workflow", &["{GITHUB_WORKFLOW}"]),
    ("job", &["{GITHUB_JOB}"]),
    ("run", &["{GITHUB_RUN_NUMBER}"]),
    ("runUrl", &["{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_NUMBER}"]),
    ("event", &["{GITHUB_EVENT_NAME}"]),
    ("actor", &["{GITHUB_ACTOR}"]),
];

/// What the variables say of the job; `None` outside of CI, and in a system that is not known.
#[must_use]
pub fn seen(variable: impl Fn(&str) -> Option<Vec<u8>>) -> Option<Seen> {
    // One that is set and empty says as little as one that is not set.
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    let is_there = |system: &&System| {
        let (name, value) = system.sign;
        variable(name).is_some_and(|set| value.is_none_or(|value| value.as_bytes() == set))
    };
    let system = SYSTEMS.iter().find(is_there)?;
    let mut texts = Texts::default();
    texts.add("system", system.name);
    for (name, templates) in system.texts {
        let made = templates.iter().find_map(|template| fill(template, &variable));
        texts.add_some(name, made.and_then(|made| fit(name, made)).map(short));
    }
    Some(Seen::new(CI, texts))
}

/// A template with the values of its variables; `None` if one is not set.
fn fill(template: &str, variable: &dyn Fn(&str) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
    let mut made = Vec::new();
    for piece in template.split_inclusive('}') {
        let (between, name) = piece.split_once('{').unwrap_or((piece, ""));
        made.extend_from_slice(between.as_bytes());
        if let Some(name) = name.strip_suffix('}') {
            made.extend(variable(name)?);
        }
    }
    Some(made)
}

/// A text as the fact has it; `None` where the system says something else there.
fn fit(name: &str, made: Vec<u8>) -> Option<Vec<u8>> {
    match name {
        "repository" => Some(url::repository(std::str::from_utf8(&made).ok()?)?.into_bytes()),
        "runUrl" => Some(url::without_userinfo(&made).into_owned()),
        // Before a checkout there can be a word such as HEAD.
        "commit" => super::git::is_object(&made).then_some(made),
        // A branch of a pull request from elsewhere is called pull/N there.
        "ref" => (!made.starts_with(b"refs/heads/pull/")).then_some(made),
        _ => Some(made),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// The texts of the fact of an environment, one `NAME=value` a line.
    fn texts(environment: &str) -> Option<BTreeMap<String, String>> {
        let set: BTreeMap<_, _> =
            environment.lines().filter_map(|line| line.trim().split_once('=')).collect();
        let seen = seen(|name| set.get(name).map(|value| value.as_bytes().to_vec()))?;
        let text = |value: &[u8]| String::from_utf8(value.to_vec()).unwrap();
        Some(seen.texts.iter().map(|(name, value)| (name.to_owned(), text(value))).collect())
    }

    const SHA: &str = "3f0c1a9d3f0c1a9d3f0c1a9d3f0c1a9d3f0c1a9d";

    #[test]
    fn a_system_is_taken_for_another() {
        for (environment, system) in [
            ("GITHUB_ACTIONS=true\nCI=true", Some("github")),
            ("GITHUB_ACTIONS=true\nFORGEJO_ACTIONS=true\nGITEA_ACTIONS=true\nCI=true", Some("forgejo")),
            ("GITHUB_ACTIONS=true\nGITEA_ACTIONS=true\nCI=true", Some("gitea")),
            ("GITLAB_CI=true\nCI=true", Some("gitlab")),
            ("BUILDKITE=true\nCI=true", Some("buildkite")),
            ("CIRCLECI=true\nCI=true", Some("circleci")),
            ("TF_BUILD=True", Some("azure")),
            ("CI=woodpecker", Some("woodpecker")),
            ("JENKINS_URL=https://ci.example/", Some("jenkins")),
            ("TEKTON_TASK_RUN=build-x1", Some("tekton")),
            ("CI=true", None),
            ("GITHUB_ACTIONS=false", None),
            ("GITHUB_ACTIONS=", None),
            ("JENKINS_URL=", None),
            ("", None),
        ] {
            let found = texts(environment).map(|texts| texts["system"].clone());
            assert_eq!(found.as_deref(), system, "{environment}");
        }
    }

    #[test]
    fn a_branch_stands_for_what_is_none() {
        let of = |environment: &str| texts(environment).unwrap().get("ref").cloned();
        for (environment, wanted) in [
            ("CIRCLECI=true\nCIRCLE_BRANCH=main", Some("refs/heads/main")),
            ("CIRCLECI=true\nCIRCLE_BRANCH=pull/7", None),
            ("CIRCLECI=true\nCIRCLE_TAG=v1", Some("refs/tags/v1")),
            ("JENKINS_URL=x\nBRANCH_NAME=main", Some("refs/heads/main")),
            ("JENKINS_URL=x\nBRANCH_NAME=PR-7\nCHANGE_ID=7", None),
            ("JENKINS_URL=x\nBRANCH_NAME=v1\nTAG_NAME=v1", Some("refs/tags/v1")),
            ("GITLAB_CI=true\nCI_COMMIT_BRANCH=main", Some("refs/heads/main")),
            ("GITLAB_CI=true\nCI_COMMIT_TAG=v1", Some("refs/tags/v1")),
            (
                "GITLAB_CI=true\nCI_MERGE_REQUEST_REF_PATH=refs/merge-requests/1/head",
                Some("refs/merge-requests/1/head"),
            ),
        ] {
            assert_eq!(of(environment).as_deref(), wanted, "{environment}");
        }
    }

    #[test]
    fn what_a_system_does_not_set_is_made_up() {
        let said =
            texts("BUILDKITE=true\nBUILDKITE_COMMIT=HEAD\nBUILDKITE_REPO=https://u:p@h/a/b.git").unwrap();
        let names: Vec<_> = said.keys().map(String::as_str).collect();
        assert_eq!((names, said["repository"].as_str()), (vec!["repository", "system"], "h/a/b"));
        let said = texts(&format!("BUILDKITE=true\nBUILDKITE_COMMIT={SHA}")).unwrap();
        assert_eq!(said["commit"], SHA);
        let url = "GITHUB_ACTIONS=true\nGITHUB_SERVER_URL=https://github.com\nGITHUB_REPOSITORY=acme/app\n";
        assert!(!texts(url).unwrap().contains_key("runUrl"));
        assert_eq!(
            texts(&format!("{url}GITHUB_RUN_ID=7")).unwrap()["runUrl"],
            "https://github.com/acme/app/actions/runs/7"
        );
    }
}
