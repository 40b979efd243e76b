//! A process below that tries to reach the recorder, or who waits for it.
//!
//! What lives here: which of these calls are refused, and the record of each. What does not: at which
//! calls the kernel asks (`os::held`).

use super::recorder::Recorder;
use crate::os::held;
use crate::sys::notify::Call;

impl Recorder<'_> {
    /// A process is to reach the recorder, or who waits for it.
    pub(super) fn reach(&mut self, call: &Call, name: &str) -> Option<i32> {
        let [_, second, third, ..] = call.arguments;
        let asks_only = matches!((name, second, third), ("kill" | "tkill", 0, _) | ("tgkill", _, 0))
            || (name == "prlimit64" && third == 0);
        // Another namespace has other numbers: there it is another process.
        if asks_only || !held::counts_as_we(call.thread) {
            return None;
        }
        Some(self.reached(call, name))
    }

    /// A process is to end or stop what a descriptor means.
    pub(super) fn sends(&mut self, call: &Call, descriptor: i32) -> Option<i32> {
        // Asking whether it is there is no harm.
        let meant = held::meant(call.thread, descriptor).filter(|_| call.arguments[1] != 0)?;
        let is_guarded = [self.guarded.recorder, self.guarded.waits].contains(&meant);
        is_guarded.then(|| self.reached(call, "pidfd_send_signal"))
    }

    fn reached(&mut self, call: &Call, name: &str) -> i32 {
        self.reached += 1;
        let kin = held::kin(call.thread).map_or(call.thread, |kin| kin.process);
        self.anomaly("recorder-reached", &format!("process {kin} called {name} on the recorder: refused"));
        libc::EPERM
    }
}
