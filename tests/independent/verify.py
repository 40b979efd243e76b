"""An independent verifier: written from the specification, sharing no code with attesh.

    verify.py journal FILE [SECRET-IN-HEX]
    verify.py vectors FOLDER
    verify.py envelope FILE KEY.pub [TRANSCRIPT [JOURNAL]]

`vectors` reads the MANIFEST of each folder in FOLDER, checks each file against what must
happen, and prints a line for each: folder, name, verdict; of journals also record, size, root, why.
"""

import base64
import hashlib
import json
import os
import re
import sys
import uuid

import blake3
import nacl.exceptions
import nacl.signing

import statement
from form import Bad, decimal, fields, flag, hexed, key, need, null_or, number, one_of, parse, session_id, \
    shape, status, statuses, std64, text, url64, value_form

LINE_MAX = 2 << 20
CORE_MAX = 64 << 10
OPEN_SHELLS_MAX = 4096
MAX_ENVELOPE_BYTES = 64 << 20


PREV = shape({"session": session_id, "size": number, "root": hexed(32),
              "why": one_of("sealed", "stopped", "ended", "tampered", "lost")})
COMMON = {"i": number, "kind": text, "realtimeNs": decimal, "boottimeNs": decimal, "synced": flag,
          "recovered?": shape({"adopted": number, "cutBytes": number})}
CLOSE_WORDS = one_of("exit", "eof", "signal", "replaced", "moved", "sealed", "stopped", "unknown")
NOTE_WORDS = one_of("remark", "unexecuted", "hook-repaired", "status-corrected", "gap", "configuration")
KINDS = {
    "genesis": {
        "format": one_of("attesh-journal/1"), "session": session_id, "name": null_or(text), "bootId": text,
        "pidNs": decimal, "timeNs": decimal, "recorder": shape({"version": text, "sha256": hexed(32)}),
        "protection": one_of("file"), "state": one_of("runtime", "shm", "disk"),
        "closes": one_of("last-shell", "stop"), "originId": null_or(hexed(8)), "prev": null_or(PREV),
        "parent": null_or(text), "vk": key, "stateDir": key, "host": key, "user": key},
    "collect": {"type": text, "at": one_of("start", "stop"), "ok": flag, "data?": key},
    "shell-open": {"program": one_of("bash", "zsh", "fish", "sh"), "version": text, "pid": number, "startTicks": decimal,
                   "native": number, "hook": text, "typed": flag, "workdir": key, "history": key},
    "shell-close": {"shell": number, "why": CLOSE_WORDS, "status": null_or(status), "native?": number,
                    "scriptUnchanged?": flag, "workdir": key},
    "plan": {"shell": number, "count": number, "recordedAt": one_of("start", "exit"), "name": key,
             "ranges": key, "script": key},
    "start": {"shell": number, "n": number, "native": number, "skip?": number,
              "textSource": one_of("history", "history-dup", "typed", "rendered", "withheld", "script", "none"),
              "truncated?": flag, "command?": key, "workdir": key, "prevStatus?": status,
              "planned?": flag, "late?": flag},
    "finish": {"shell": number, "n": number, "status": null_or(status), "pipeStatus?": statuses,
               "from": one_of("prompt", "next-start", "exit", "interrupt", "unknown"), "stale?": flag,
               "outcome?": one_of("sealing", "stopping", "replaced", "passed"), "native?": number, "shellDurationUs?": number},
    "note": {"shell?": number, "what": NOTE_WORDS, "text?": key, "status?": status, "native?": number},
    "pause": {"shell": null_or(number), "reason?": key},
    "resume": {"shell": null_or(number), "by": null_or(number), "reason?": key},
    "lost": {"shell": number, "count": number},
    "anomaly": {"what": text, "detail?": key},
    "end": {"reason": one_of("last-shell", "stop", "seal"), "syncedToDisk": flag},
}
COMMITTED = {"genesis": ("host", "stateDir", "user"), "collect": ("data",), "shell-open": ("history", "workdir"),
             "shell-close": ("workdir",), "plan": ("name", "ranges", "script"), "start": ("command", "workdir"), "note": ("text",),
             "pause": ("reason",), "resume": ("reason",), "anomaly": ("detail",)}


def read_core(raw):
    need(len(raw) <= CORE_MAX, "the core is too long")
    core = parse(raw)
    need(isinstance(core, dict), "not an object")
    kind = core.get("kind")
    need(isinstance(kind, str) and kind in KINDS, "an unknown kind")
    fields(core, {**COMMON, **KINDS[kind], **({} if kind == "end" else {"nk": key})})
    if kind == "start":
        has_text = core["textSource"] not in ("withheld", "none")
        need(has_text == ("command" in core), "textSource and command contradict each other")
        need("command" in core or not core.get("truncated"), "truncated without command")
    if kind == "finish":
        unseen = core["from"] == "unknown" or "outcome" in core
        need(unseen == (core["status"] is None), "status and from contradict each other")
    return core


def check_texts(core, raw):
    column = parse(raw)
    need(isinstance(column, dict) and len(column) <= 4, "not a column of texts")
    again, names = [], []
    for name, pair in column.items():
        need(isinstance(pair, list) and len(pair) == 2, "not a pair")
        salt = url64(pair[0], 16)
        if isinstance(pair[1], str):
            value = pair[1].encode("utf-8")
        else:
            need(isinstance(pair[1], dict) and list(pair[1]) == ["base64"], "not a text")
            value = std64(pair[1]["base64"])
        names.append(name.encode("utf-8"))
        again.append(b'"' + names[-1] + b'":["' + pair[0].encode() + b'",' + value_form(value) + b"]")
        need(name in COMMITTED.get(core["kind"], ()) and name in core, "disclosed but not committed to")
        sized = len(names[-1]).to_bytes(1, "big") + names[-1] + salt + len(value).to_bytes(4, "big") + value
        digest = hashlib.sha256(b"attesh field v1\0" + sized).digest()
        need(digest == url64(core[name], 32), "a text does not open its commitment")
    need(names == sorted(names), "texts out of order")
    need(raw == b"{" + b",".join(again) + b"}", "a column in another spelling")


# ── the two chains ────────────────────────────────────────────────────────────


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def derive(context, *parts):
    return blake3.blake3(b"".join(parts), derive_key_context=f"attesh 2026-11-22 v1 {context}").digest()


class Tree:
    """RFC 6962, by its recursive definition over stored subtree roots."""

    def __init__(self):
        self.stack = []
        self.size = 0

    def add(self, core):
        node, height = sha(b"\0", core), 0
        while self.stack and self.stack[-1][1] == height:
            node, height = sha(b"\1", self.stack.pop()[0], node), height + 1
        self.stack.append((node, height))
        self.size += 1

    def root(self):
        nodes = [node for node, _ in self.stack]
        root = nodes.pop()
        while nodes:
            root = sha(b"\1", nodes.pop(), root)
        return root


P = 2**255 - 19
# The y coordinates of the points whose order divides 8.
Y8 = int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little")
SMALL_Y = {0, 1, P - 1, Y8, P - Y8}


def small_order(point):
    return (int.from_bytes(point, "little") & (2**255 - 1)) % P in SMALL_Y


def signature_holds(public, message, signature):
    if small_order(public) or small_order(signature[:32]):
        return False
    try:
        nacl.signing.VerifyKey(public).verify(message, signature)
        return True
    except (nacl.exceptions.BadSignatureError, ValueError):
        return False


# ── the story of the shells ───────────────────────────────────────────────────


class Shell:
    def __init__(self, core):
        self.program = core["program"]
        self.running = None
        self.last_n = 0
        self.native = core["native"]
        self.paused = self.pending = self.own_line = self.interrupted = False


class Story:
    def __init__(self):
        self.live = {}
        self.gaps = []
        self.ended = False

    def take(self, core):
        need(not self.ended, "it comes after the end")
        need((core["i"] == 0) == (core["kind"] == "genesis"), "genesis is the first record and no other")
        method = getattr(self, core["kind"].replace("-", "_"), None)
        if method:
            method(core)

    def shell_open(self, core):
        need(len(self.live) < OPEN_SHELLS_MAX, "too many open shells")
        self.live[core["i"]] = Shell(core)

    def start(self, core):
        shell = self.live.get(core["shell"])
        if shell is None:
            return self.gaps.append("a command of an unknown shell")
        if shell.running is not None:
            self.gaps.append("a command never finished")
        shell.running = core["n"]
        if core["n"] != shell.last_n + 1:
            self.gaps.append("a number is missing or used twice")
        shell.last_n = max(shell.last_n, core["n"])
        self.counter(shell, core)

    def counter(self, shell, core):
        last, shell.native = shell.native, core["native"]
        declared, shell.pending = shell.pending, shell.paused
        interrupted, shell.interrupted = shell.interrupted, False
        now = core["native"]
        if shell.program == "fish":
            moved = now - last - core.get("skip", 0)
        elif shell.program == "bash" and interrupted and now == last:
            return
        else:
            moved = now - last - 1 - core.get("skip", 0)
        if moved < 0 or (moved > 0 and not declared):
            self.gaps.append("the shell's own counter")

    def finish(self, core):
        shell = self.live.get(core["shell"])
        if shell is None or shell.running is None or shell.running != core["n"]:
            return self.gaps.append("a finish of a command that is not running")
        shell.running = None
        if shell.program == "fish":
            shell.native = core.get("native", shell.native)
        shell.interrupted = core["status"] == 130
        if core["status"] is None and "outcome" not in core:
            self.gaps.append("a status nobody saw")

    def shell_close(self, core):
        shell = self.live.pop(core["shell"], None)
        if shell is None:
            return self.gaps.append("a close of an unknown shell")
        if shell.running is not None:
            self.gaps.append("a command never finished")
        if shell.program == "bash" and core.get("native", 0) > shell.native and not shell.pending:
            self.gaps.append("commands before the close")

    def pause(self, core):
        for at, shell in self.live.items():
            if core["shell"] in (None, at):
                shell.paused = shell.pending = True

    def resume(self, core):
        for at, shell in self.live.items():
            if core["shell"] in (None, at):
                shell.paused = False

    def end(self, _):
        self.ended = True

    def verdict(self):
        return "complete" if self.ended and not self.live and not self.gaps else "incomplete"


class Result:
    def __init__(self):
        self.verdict, self.record, self.size, self.root, self.why = "", None, 0, None, ""
        self.foreign = False


class Journal:
    def __init__(self, secret):
        self.secret = secret
        self.tree, self.story, self.result = Tree(), Story(), Result()
        self.next_key = self.chain = None
        self.session = b""

    def line(self, raw):
        need(len(raw) <= LINE_MAX, "the line is too long")
        columns = raw[:-1].split(b"\t")
        need(len(columns) == 3, "not three columns")
        auth = url64(columns[2].decode("latin-1"), 96)
        index = self.tree.size
        if index == 0:
            # Its own key verifies genesis: it has to be read first.
            genesis = read_core(columns[0])
            need(genesis["kind"] == "genesis", "the first record is not a genesis")
            self.next_key, self.session = url64(genesis["vk"], 32), uuid.UUID(genesis["session"]).bytes
        need(self.next_key is not None, "it comes after the end")
        self.tree.add(columns[0])
        root, tag = self.tree.root(), auth[64:]
        step = self.session + index.to_bytes(8, "big") + root
        need(signature_holds(self.next_key, b"attesh step v1\n" + step + tag, auth[:64]), "the signature")
        if index == 0:
            self.begin(genesis, root)
        if self.chain is not None:
            mac = blake3.blake3(b"attesh tag v1\n" + step, key=derive("mac", self.chain)).digest()
            need(mac == tag, "the tag")
            self.chain = derive("next", self.chain, root)
        core = read_core(columns[0])
        need(core["i"] == index, "another index")
        check_texts(core, columns[1])
        self.story.take(core)
        self.next_key = url64(core["nk"], 32) if "nk" in core else None
        self.result.size, self.result.root = index + 1, root

    def begin(self, genesis, root):
        secret = b""
        if self.secret is not None:
            self.result.foreign = derive("origin", self.secret)[:8].hex() != genesis["originId"]
        if genesis["originId"] is not None:
            if self.secret is None or self.result.foreign:
                return
            secret = self.secret
        self.chain = derive("chain", secret, root)

    def check(self, raw):
        lines = raw.split(b"\n")
        torn = lines.pop()
        try:
            for line in lines:
                self.line(line + b"\n")
            need(len(torn) <= LINE_MAX, "the line is too long")
            need(not (torn and self.story.ended), "bytes after the end")
            need(self.result.size > 0, "no complete genesis")
            self.result.verdict = self.story.verdict()
        except Bad as bad:
            self.result.verdict, self.result.record, self.result.why = "rejected", self.result.size, str(bad)
        return self.result


def show(name, result):
    record = "-" if result.record is None else result.record
    root = result.root.hex() if result.root else "-"
    return f"{name}\t{result.verdict}\t{record}\t{result.size}\t{root}\t{result.why}"


def read(path):
    with open(path, "rb") as file:
        return file.read()


def taken(*words):
    try:
        envelope(*words, quiet=True)
        return "taken"
    except Bad:
        return "refused"


def of_journals(folder, name, verdict, record, secret, _):
    given = None if secret == "-" else bytes.fromhex(secret)
    result = Journal(given).check(read(os.path.join(folder, name + ".journal")))
    found = (result.verdict, "-" if result.record is None else str(result.record))
    return found == (verdict, record), show(name, result)


def of_plans(folder, name, verdict, *_):
    result = Journal(None).check(read(os.path.join(folder, name + ".journal")))
    return result.verdict == verdict, show(name, result)


def of_envelopes(folder, name, trust, _, verdict, __):
    """Policies, completeness, and when a key is trusted are not judged here."""
    must = "refused" if verdict == "integrity" or (verdict, trust) == ("untrusted", "signer.pub") else "taken"
    key_path = os.path.join(folder, "signer.pub")
    found = taken(os.path.join(folder, name + ".intoto.json"), key_path)
    return found == must, f"{name}\t{found}"


def of_transcripts(folder, name, sealed, must, _):
    at = [os.path.join(folder, file) for file in (sealed + ".intoto.json", "signer.pub", name + ".transcript")]
    found = taken(*at)
    return found == {"subject": "taken", "other": "refused"}[must], f"{name}\t{found}"


def vectors(folder):
    kinds = {"journals": of_journals, "plans": of_plans, "envelopes": of_envelopes, "transcripts": of_transcripts}
    wrong = 0
    for kind, check in kinds.items():
        inside = os.path.join(folder, kind)
        for line in read(os.path.join(inside, "MANIFEST")).decode().splitlines():
            if line.startswith("#"):
                continue
            good, said = check(inside, *line.split("\t"))
            print(f"{kind}\t{said}")
            if not good:
                wrong += 1
                print(f"{kind}: must be: {line}", file=sys.stderr)
    return 3 if wrong else 0


# ── envelope, Statement, transcript ───────────────────────────────────────────

SPKI = bytes.fromhex("302a300506032b6570032100")


def public_key(path):
    body = "".join(line for line in read(path).decode().splitlines() if not line.startswith("-----"))
    der = base64.b64decode(body, validate=True)
    need(der.startswith(SPKI) and len(der) == len(SPKI) + 32, "not an Ed25519 key in SPKI")
    return der[len(SPKI):]


def fingerprint(public):
    """As OpenSSH prints it."""
    blob = b"".join(len(part).to_bytes(4, "big") + part for part in (b"ssh-ed25519", public))
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def envelope(path, key_path, transcript=None, journal=None, quiet=False):
    raw = read(path)
    need(len(raw) <= MAX_ENVELOPE_BYTES, "longer than an envelope may be")
    outer = parse(raw)
    need(isinstance(outer, dict) and set(outer) == {"payload", "payloadType", "signatures"}, "other members than those of DSSE")
    kind = outer["payloadType"]
    need(kind == "application/vnd.in-toto+json", "another payload type")
    need(isinstance(outer["signatures"], list) and len(outer["signatures"]) == 1, "not one signature")
    signature = outer["signatures"][0]
    need(isinstance(signature, dict) and set(signature) == {"keyid", "sig"}, "not a signature")
    keyid = signature["keyid"]
    text(keyid)
    need(re.fullmatch(r"SHA256:[A-Za-z0-9+/]{43}", keyid), "the form of the keyid")
    std64(keyid[len("SHA256:"):] + "=")
    body, sig = std64(outer["payload"]), std64(signature["sig"])
    pae = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(body), body)
    public = public_key(key_path)
    need(len(sig) == 64 and signature_holds(public, pae, sig), "the envelope's signature")
    need(keyid == fingerprint(public), "the keyid is another's")
    checked = statement.check(body)
    digests = {subject["name"]: subject["digest"]["sha256"] for subject in checked["subject"]}
    if transcript:
        statement.check_transcript(read(transcript), checked)
    if journal:
        result = Journal(None).check(read(journal))
        need(result.verdict != "rejected", f"the journal: {result.why}")
        need(result.root.hex() == digests.get("session"), "the journal's root")
        said = checked["predicate"]["journal"]
        need((said["rootHash"], said["size"]) == (result.root.hex(), result.size), "what is said of the journal")
        print(show("journal", result))
    if not quiet:
        print("VERIFIED", json.dumps(digests, sort_keys=True))
    return 0


def main(words):
    try:
        match words:
            case ["journal", path]:
                result = Journal(None).check(read(path))
            case ["journal", path, secret]:
                result = Journal(bytes.fromhex(secret)).check(read(path))
                need(not result.foreign, "another origin secret, or none")
            case ["vectors", folder]:
                return vectors(folder)
            case ["envelope", path, key_path, *more] if len(more) <= 2:
                return envelope(path, key_path, *more)
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except Bad as bad:
        print(f"REJECTED: {bad}")
        return 3
    print(show(words[1], result))
    return {"complete": 0, "incomplete": 4, "rejected": 3}[result.verdict]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
