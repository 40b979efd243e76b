"""The story of the shells, as attesh-story(5) tells it. Shares no code with attesh."""

from form import need
from record import KNOWN_FACTS, is_shown

OPEN_SHELLS_MAX = 4096
FINDINGS_MAX = 1000
CLOCK_STEP_NS = 100_000_000
INCOMPLETE = {"unknown-shell", "unfinished", "counter", "gap", "finish-without-start", "unobserved",
              "unseen-commands", "unannounced", "cut-short", "open-shell", "no-end"}
NOTES = {"replaced", "pause", "resume", "recovered", "after-loss", "reported-loss", "anomaly", "hook-repaired",
         "reported-gap", "configuration", "clock", "more"}


class Shell:
    def __init__(self, core):
        # A shell that is not known is judged like sh.
        self.program = core["program"]
        self.running = None
        self.last_n = 0
        self.last = core["native"]
        self.paused = self.pending = self.own = self.interrupted = self.planned = False


class Story:
    def __init__(self):
        self.live = {}
        self.findings = []
        self.incomplete = self.ended = False
        self.clock = None
        # Of the first fact that must be understood and is not: its record.
        self.must = None
        self.lost_count = self.paused_count = 0
        self.count = dict.fromkeys(
            ("command", "failed", "unobserved", "withheld", "redacted", "pause", "anomaly", "fact", "steps"), 0)
        # The sizes after which a log can have a head.
        self.heads = []

    def find(self, record, code):
        first = code in INCOMPLETE and not self.incomplete
        self.incomplete |= code in INCOMPLETE
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append((record, code))
        elif first:
            # Why the session is not complete takes the place of a note.
            self.findings[-1] = (record, code)

    def take(self, core, texts):
        need(not self.ended, "it comes after the end", "journal.after-end")
        self.watch_clock(core)
        if core.get("recovered"):
            self.find(core["i"], "recovered")
        texts_of = core.get("c", {})
        # Where a text is shown masked, under its name and "Shown", the two are one.
        self.count["redacted"] += sum(
            name not in texts and name + "Shown" not in texts_of for name in texts_of)
        if core["kind"] in ("genesis", "shell-open", "plan", "shell-close"):
            self.heads.append(core["i"] + 1)
        method = getattr(self, core["kind"].replace("-", "_"), None)
        if method:
            method(core)

    def watch_clock(self, core):
        real, boot = int(core["realtimeNs"]), int(core["boottimeNs"])
        if self.clock:
            last_real, last_boot = self.clock
            if boot < last_boot:
                self.find(core["i"], "clock")
            passed = max(0, boot - last_boot)
            due = min(last_real + passed, 2**64 - 1)
            if abs(real - due) > CLOCK_STEP_NS + passed // 1000:
                self.count["steps"] += 1
                self.find(core["i"], "clock")
        self.clock = real, boot

    def genesis(self, core):
        if core["prev"] and core["prev"]["why"] in ("tampered", "lost"):
            self.find(core["i"], "after-loss")

    def fact(self, core):
        self.count["fact"] += 1
        if core.get("must") and core["type"] not in KNOWN_FACTS and self.must is None:
            self.must = core["i"]

    def plan(self, core):
        if core["shell"] in self.live:
            self.live[core["shell"]].planned = True
        if core["evidence"] == "whole":
            self.find(core["i"], "unseen-commands")

    def shell_open(self, core):
        need(len(self.live) < OPEN_SHELLS_MAX, "too many open shells", "journal.shells")
        self.live[core["i"]] = Shell(core)

    def start(self, core):
        self.count["command"] += 1
        self.count["withheld"] += core["textSource"] == "withheld"
        shell = self.live.get(core["shell"])
        if shell is None:
            return self.find(core["i"], "unknown-shell")
        if shell.running is not None:
            self.find(shell.running[0], "unfinished")
        shell.running = core["i"], core["n"]
        missing = core["n"] - (shell.last_n + 1)
        shell.last_n = max(shell.last_n, core["n"])
        moved, pending, own = self.moved(shell, core)
        if missing < 0:
            self.find(core["i"], "counter")
        if moved < 0:
            self.find(core["i"], "counter")
        if pending:
            self.count_paused(moved - own)
        lost = max(missing, 0 if pending else moved)
        if lost > 0:
            self.lost_count += lost
            self.find(core["i"], "gap")

    def moved(self, shell, core):
        """How far the shell's own counter moved beyond this start, and which marks were set."""
        last, now, skip = shell.last, core["native"], core.get("skip", 0)
        pending, own, interrupted = shell.pending, shell.own, shell.interrupted
        shell.last = now
        shell.pending, shell.own, shell.interrupted = shell.paused, False, False
        if shell.program == "fish":
            return now - (last + skip), pending, own
        if shell.program == "bash" and now == last and interrupted:
            return 0, pending, own
        return now - (last + 1 + skip), pending, own

    def finish(self, core):
        shell = self.live.get(core["shell"])
        if shell is None or shell.running is None or shell.running[1] != core["n"]:
            return self.find(core["i"], "finish-without-start")
        shell.running = None
        if shell.program == "fish":
            shell.last = core.get("native", shell.last)
        shell.interrupted = core["status"] == 130
        self.count["failed"] += core["status"] not in (0, None)
        self.count["unobserved"] += core["status"] is None
        if core["status"] is None and "outcome" not in core and not core.get("stale"):
            self.find(core["i"], "unobserved")
        if core.get("outcome") == "replaced":
            self.find(core["i"], "replaced")

    def shell_close(self, core):
        shell = self.live.pop(core["shell"], None)
        if shell is None:
            return self.find(core["i"], "unknown-shell")
        if shell.running is not None:
            self.find(shell.running[0], "unfinished")
        if shell.planned and core["why"] not in ("exit", "eof", "signal"):
            self.find(core["i"], "cut-short")
        told = shell.program == "bash" or not shell.pending and (
            shell.program == "zsh" or shell.program == "fish" and shell.running is None)
        moved = core["native"] - shell.last if told and "native" in core else None
        if shell.pending:
            self.count_paused(moved)
        elif moved is not None and moved > 0:
            self.lost_count += moved
            self.find(core["i"], "gap")

    def count_paused(self, moved):
        """Once a pause was not counted to its end, how many ran in pauses is not known."""
        known = self.paused_count is not None and moved is not None
        self.paused_count = self.paused_count + max(0, moved) if known else None

    def pause(self, core):
        self.count["pause"] += 1
        self.find(core["i"], "pause")
        for at, shell in self.live.items():
            if core["shell"] in (None, at):
                shell.paused = shell.pending = True

    def resume(self, core):
        self.find(core["i"], "resume")
        for at, shell in self.live.items():
            if core["shell"] in (None, at):
                shell.paused = False
                shell.own = core["by"] == at

    def lost(self, core):
        self.find(core["i"], "reported-loss")

    def anomaly(self, core):
        self.count["anomaly"] += 1
        self.find(core["i"], "anomaly")

    def note(self, core):
        codes = {"unannounced": "unannounced", "hook-repaired": "hook-repaired", "gap": "reported-gap", "configuration": "configuration"}
        if core["what"] in codes:
            self.find(core["i"], codes[core["what"]])

    def end(self, core):
        self.ended = True
        self.leave_open(core["i"])

    def leave_open(self, record):
        for shell in self.live.values():
            if shell.running is not None:
                self.find(shell.running[0], "unfinished")
            self.find(record, "open-shell")
            if shell.pending:
                self.count_paused(None)

    def conclude(self, size):
        """After the last record."""
        if not self.ended:
            self.find(size - 1, "no-end")
            self.leave_open(size - 1)
        if self.must is not None:
            return "unsupported"
        return "complete" if self.ended and not self.incomplete else "incomplete"
