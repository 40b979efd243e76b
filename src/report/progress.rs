//! How far a long reading has come, for a person who waits.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::clock::Deadline;

/// After this time a person is told.
const PATIENCE: Duration = Duration::from_secs(1);

/// Bytes that are being read. Only a terminal is told, and only where it takes a while.
pub struct Progress {
    what: &'static str,
    total: u64,
    silent: Deadline,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Nothing is shown yet.
    #[must_use]
    pub fn new(what: &'static str, total: u64) -> Self {
        Progress { what, total, silent: Deadline::after(PATIENCE), bar: None }
    }

    /// So many bytes have been read.
    pub fn at(&mut self, bytes: u64) {
        if !self.silent.left().is_zero() || !std::io::stderr().is_terminal() {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(Some(self.total), ProgressDrawTarget::stderr());
            let template = "attesh: {msg} [{bar:30}] {bytes} of {total_bytes}, {eta} left";
            let style = ProgressStyle::with_template(template).expect("the template is a good one");
            bar.set_style(style.progress_chars("=> "));
            bar.set_message(self.what);
            bar
        });
        bar.set_position(bytes);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
