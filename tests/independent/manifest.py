"""Manifests of files, as attesh-facts(5) has them."""

import base64
import hashlib
import json
import re

from form import Bad, need

SPECIAL = ("fifo", "socket", "block-device", "character-device", "pseudo", "unreadable", "changing", "vanished",
           "ignored", "unknown")


def once(pairs):
    need(len({name for name, _ in pairs}) == len(pairs), "a member twice")
    return dict(pairs)


def text(line, name):
    """The bytes of a member that is a text, or, where it is no UTF-8, base64."""
    need((name in line) != (name + "Base64" in line), name)
    if name in line:
        need(isinstance(line[name], str), name)
        return line[name].encode()
    raw = base64.b64decode(line[name + "Base64"], validate=True)
    try:
        raw.decode()
    except UnicodeDecodeError:
        return raw
    raise Bad(name + "Base64 is UTF-8")


def spelled(line):
    """RFC 8785 for what a line can hold: members in order, no white space, escapes as few as can be."""
    return json.dumps(line, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def entry(raw):
    """The path of a line, and the digest of the file if it is one."""
    line = json.loads(raw, object_pairs_hook=once)
    need(isinstance(line, dict) and spelled(line) == raw, "spelling")
    path = text(line, "path")
    members = set(line) - {"path", "pathBase64"}
    if members == {"mode", "sha256", "size"}:
        need(re.fullmatch(r"[0-7]{4}", line["mode"]) is not None, "mode")
        need(re.fullmatch(r"[0-9a-f]{64}", line["sha256"]) is not None, "sha256")
        need(type(line["size"]) is int and 0 <= line["size"] < 1 << 53, "size")
        return path, line["sha256"]
    if members == {"kind"}:
        need(line["kind"] in SPECIAL, "kind")
    else:
        need(len(members) == 1, "members")
        text(line, "link")
    return path, None


def root(leaves):
    """The tree hash of RFC 6962, section 2.1."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + root(leaves[:half]) + root(leaves[half:])).digest()


def name(path):
    """The name of a product in a statement."""
    out = ""
    for c in path.decode(errors="surrogateescape"):
        number = ord(c)
        if 0xDC80 <= number <= 0xDCFF:
            out += f"\\x{number - 0xDC00:02x}"
        elif number < 0x20 or number == 0x7F:
            out += f"\\x{number:02x}"
        else:
            out += "\\\\" if c == "\\" else c
    taken = out.startswith(("script:", "attached:")) or out in ("session", "session.transcript")
    return "./" + out if taken else out


def judged(raw):
    """Root and sums of a manifest, or None if it is none."""
    try:
        need(not raw or raw.endswith(b"\n"), "the last line")
        lines = raw.split(b"\n")[:-1]
        entries = [entry(line) for line in lines]
        paths = [path for path, _ in entries]
        need(all(one < two for one, two in zip(paths, paths[1:])), "order")
    except (Bad, ValueError, TypeError, KeyError):
        return None
    sums = "".join(f"{digest}  {name(path)}\n" for path, digest in entries if digest)
    return root(lines).hex(), hashlib.sha256(sums.encode()).hexdigest()
