//! The command line of `attesh show`.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
#[command(after_help = examples![
    "attesh show NAME.intoto.json                what a sealed file says",
    "attesh show SESSION                         a session on this machine",
    "attesh show FILE --json                     its payload, as signed",
    "attesh show FILE --author claude-code       what an agent ran",
    "attesh show FILE --trust ci.pub --markdown  for a pull request",
    "attesh show FILE --html page.html           for a browser, and to print",
])]
#[allow(missing_docs)]
pub struct Show {
    /// An envelope, a bundle, a journal or a session
    pub what: String,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
    /// List the programs that started below each command of attesh run
    #[arg(long, conflicts_with_all = ["json", "page"])]
    pub processes: bool,
    /// List the commands that this author of a program of attesh run ran
    #[arg(long, value_name = "NAME", conflicts_with_all = ["json", "page", "processes"])]
    pub author: Option<String>,
    /// Print a page of Markdown, for a pull request
    #[arg(long, group = "page", conflicts_with = "json")]
    pub markdown: bool,
    /// Write a page of HTML to this file
    #[arg(long, value_name = "OUT", group = "page", conflicts_with = "json")]
    pub html: Option<PathBuf>,
    /// Replace a page that exists
    #[arg(long, requires = "html")]
    pub force: bool,
    /// Trust these keys and no others, as in attesh verify; may be repeated
    #[arg(long, value_name = "PUB", visible_alias = "key")]
    pub trust: Vec<PathBuf>,
    /// Judge by this policy what the page is about
    #[arg(long, value_name = "POLICY", requires = "page")]
    pub policy: Option<PathBuf>,
}
