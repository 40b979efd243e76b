"""The record: core and disclosures, as attesh-journal(5) has them. Shares no code with attesh."""

import base64
import hashlib
import re

from form import INTEGER_MAX, Bad, Optional, Unsupported, coded, decimal, flag, hexed, integer, key, list_of, \
    need, null_or, one_of, parse, plain_name, ranged, session_id, shape, spelled, status, std64, string, text, true, \
    uri, url64

FORMAT_NAME = "attesh-journal/"
FORMAT = FORMAT_NAME + "1"
CORE_MAX = 65535
TEXTS_MAX = 64
# The types of facts that are known here.
KNOWN_FACTS = tuple(f"https://attesh.dev/fact/{name}/v1" for name in ("agent", "ci", "collection", "environment", "files", "git", "identity", "materials", "notice", "process", "process-end", "processes", "products"))


def commitments(value):
    need(isinstance(value, dict), "not an object")
    return spelled((name, key(value[name])) for name in sorted(value))


def journal_format(value):
    need(value == FORMAT, "another format")
    return text(value)


RECORDER = shape({"id": text, "version": text, "sha256": null_or(hexed(32))})
PREV = shape({"session": session_id, "size": ranged(1, INTEGER_MAX), "root": hexed(32),
              "why": one_of("sealed", "stopped", "ended", "tampered", "lost")})
ATTACHED = shape({"name": text, "size": integer, "sha256": hexed(32), "mediaType": text})
CLOSE_WORDS = one_of("exit", "eof", "signal", "replaced", "moved", "sealed", "stopped", "unknown")
INHERITED = one_of("BASH_ENV", "ENV", "SHELLOPTS", "BASHOPTS", "BASH_FUNC", "LD_PRELOAD", "LD_AUDIT",
                   "LD_LIBRARY_PATH", "POSIXLY_CORRECT", "CDPATH", "GLOBIGNORE", "EXECIGNORE")
OUTCOME = one_of("sealing", "stopping", "replaced", "untold")
EVIDENCE = one_of("reader", "traps", "whole")

# The open words are texts: nothing is refused for one that is not known.
KINDS = {
    "genesis": {
        "format": journal_format, "session": session_id, "name": null_or(text), "bootId": null_or(text),
        "pidNs": null_or(decimal), "timeNs": null_or(decimal), "recorder": RECORDER, "protection": text,
        "state": text, "closes": one_of("last-shell", "stop"), "originId": null_or(hexed(8)),
        "prev": null_or(PREV), "parent": null_or(text), "vk": key},
    "fact": {
        "type": text, "at": one_of("start", "stop", "command"), "shell": Optional(integer), "n": Optional(integer),
        "ok": flag, "must": Optional(true), "attached": Optional(list_of(ATTACHED), [])},
    "shell-open": {
        "program": text, "version": text, "pid": integer, "startTicks": decimal, "native": integer, "hook": text,
        "typed": flag},
    "shell-close": {
        "shell": integer, "why": CLOSE_WORDS, "status": null_or(status), "native": Optional(integer),
        "scriptUnchanged": Optional(true)},
    "plan": {
        "shell": integer, "count": integer, "before": integer, "evidence": EVIDENCE,
        "sha256": null_or(hexed(32)), "inherited": list_of(INHERITED)},
    "start": {
        "shell": integer, "n": integer, "native": integer, "skip": Optional(integer, 0),
        "textSource": one_of("history", "history-dup", "typed", "rendered", "withheld", "script", "none"),
        "truncated": Optional(true), "prevStatus": Optional(status), "unit": Optional(ranged(1, INTEGER_MAX))},
    "finish": {
        "shell": integer, "n": integer, "status": null_or(status), "pipeStatus": Optional(list_of(status)),
        "from": one_of("prompt", "next-start", "exit", "interrupt", "unknown"), "stale": Optional(true),
        "outcome": Optional(OUTCOME), "native": Optional(integer), "shellDurationUs": Optional(integer)},
    "note": {
        "shell": Optional(integer), "what": one_of(
            "remark", "unexecuted", "unannounced", "history", "hook-repaired", "gap", "configuration"),
        "status": Optional(status), "native": Optional(integer)},
    "pause": {"shell": null_or(integer)},
    "resume": {"shell": null_or(integer), "by": null_or(integer)},
    "lost": {"shell": integer, "count": integer},
    "anomaly": {"what": text},
    "end": {"reason": one_of("last-shell", "stop", "seal"), "syncedToDisk": flag},
}
BEFORE = {"i": integer, "kind": text}
BEHIND = {
    "c": Optional(commitments, {}), "realtimeNs": decimal, "boottimeNs": decimal, "synced": flag,
    "recovered": Optional(shape({"adopted": integer, "cutBytes": integer})), "nk": Optional(key)}
CORES = {kind: shape({**BEFORE, **members, **BEHIND}) for kind, members in KINDS.items()}

# The texts that are always there, and those that may be; a fact has any.
TEXTS = {
    "genesis": ({"stateDir"}, {"host", "user"}),
    "shell-open": ({"history", "workdir"}, set()),
    "shell-close": ({"workdir"}, set()),
    "plan": ({"name", "ranges", "script"}, {"arguments", "options", "path"}),
    "start": ({"workdir"}, {"command"}),
    "note": (set(), {"text"}),
    "pause": (set(), {"reason"}),
    "resume": (set(), {"reason"}),
    "anomaly": (set(), {"detail"}),
}


def foreign_format(raw):
    """The format of a first core, where it is another version of this one."""
    try:
        core = parse(raw, deepest=None)
    except Bad:
        return None
    if not isinstance(core, dict) or "format" in core.twice or not isinstance(core.get("format"), str):
        return None
    found = core["format"]
    return found if found.startswith("attesh-journal/") and found != FORMAT else None


def read_core(raw):
    """The core. Of several faults the first in the order of the page's codes is told."""
    need(len(raw) <= CORE_MAX, "the core is too long", "record.length")
    with coded("record.json"):
        core = parse(raw)
        need(isinstance(core, dict), "not an object")
    with coded("record.member"):
        kind = core.get("kind")
        need("kind" not in core.twice and isinstance(kind, str) and kind in KINDS, "an unknown kind")
        spelling = CORES[kind](core)
    with coded("record.commitments"):
        check_names(kind, core.get("c", {}))
    has_key = core.get("nk") is not None
    need(has_key == (kind != "end"), "a next key where none belongs, or none", "record.key")
    if kind == "start":
        with coded("record.text"):
            check_start(core)
    if kind == "finish":
        unseen = core["from"] == "unknown" or bool(core.get("stale")) or core.get("outcome") is not None
        need(unseen == (core["status"] is None), "status, from and outcome contradict", "record.status")
    if kind == "fact":
        with coded("record.fact"):
            check_fact(core)
    need(spelling == raw, "another spelling", "record.spelling")
    return core


def check_names(kind, texts):
    plain = {name for name in texts if not is_shown(name, texts)}
    need(len(plain) <= TEXTS_MAX, "too many texts")
    for name in texts:
        need(not name.endswith("Shown") or is_shown(name, texts), f"{name!r} is the masked form of no text")
        need(re.fullmatch(r"[A-Za-z0-9._-]{1,128}", name, re.ASCII), f"no text can be named {name!r}")
    if kind != "fact":
        always, optional = TEXTS.get(kind, (set(), set()))
        need(always <= plain <= always | optional, f"not the texts of {kind}")


def is_shown(name, texts):
    """Whether this is the masked form of a text that the core commits to as well."""
    return name.endswith("Shown") and name[:-len("Shown")] in texts


def check_start(core):
    has_text = core["textSource"] not in ("withheld", "none")
    need(has_text == ("command" in core.get("c", {})), "textSource and command contradict each other")
    need(has_text or not core.get("truncated"), "truncated without command")


def check_fact(core):
    uri(core["type"])
    shell, n = core.get("shell"), core.get("n")
    need((core["at"] == "command") == (n is not None), "n stands exactly where at is command")
    need(n is None or shell is not None, "n without shell")
    for one in core.get("attached", []):
        plain_name(one["name"])


# ── the second column ─────────────────────────────────────────────────────────


def value_form(value):
    """Bytes as the column has them."""
    wrapped = b'{"base64":"' + base64.b64encode(value) + b'"}'
    try:
        plain = string(value.decode("utf-8"))
    except UnicodeDecodeError:
        return wrapped
    return plain if len(plain) <= len(wrapped) else wrapped


def disclosure(pair):
    """Salt and bytes of one disclosed text."""
    need(isinstance(pair, list) and len(pair) == 2, "not a pair")
    salt = url64(pair[0], 16)
    if isinstance(pair[1], str):
        return salt, pair[1].encode("utf-8")
    need(isinstance(pair[1], dict) and list(pair[1]) == ["base64"] and not pair[1].twice, "not a text")
    return salt, std64(pair[1]["base64"])


def commitment(name, salt, value):
    name = name.encode("utf-8")
    sized = len(name).to_bytes(1, "big") + name + salt + len(value).to_bytes(4, "big") + value
    return hashlib.sha256(b"attesh field v1\0" + sized).digest()


def read_texts(raw):
    with coded("disclosure.json"):
        column = parse(raw)
        need(isinstance(column, dict), "not an object")
        texts = {name: disclosure(pair) for name, pair in column.items()}
    # RFC 8785 orders by the units of UTF-16.
    pairs = []
    for name in sorted(texts, key=lambda name: name.encode("utf-16-be")):
        salt, value = texts[name]
        pairs.append((name, b"[" + string(column[name][0]) + b"," + value_form(value) + b"]"))
    need(spelled(pairs) == raw, "another spelling", "disclosure.spelling")
    return texts


def check_texts(core, raw):
    """The disclosed texts of a record, each held against its commitment."""
    texts = read_texts(raw)
    committed = core.get("c", {})
    for name in texts:
        need(name in committed, f"{name!r} is disclosed and not committed to", "disclosure.unknown")
    for name in texts:
        need(name + "Shown" not in committed, f"{name!r} is disclosed and was masked", "disclosure.masked")
    for name, (salt, value) in texts.items():
        opens = commitment(name, salt, value) == url64(committed[name], 32)
        need(opens, f"{name!r} does not open its commitment", "disclosure.value")
    return texts


def refuse_other_format(raw):
    found = foreign_format(raw)
    if found is not None:
        raise Unsupported(f"the format {found}", "journal.format")
