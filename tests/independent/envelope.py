"""The envelope, as attesh-seal(5) has it. Shares no code with attesh."""

import base64
import hashlib
import re
import time

import statement
from form import Bad, Unsupported, need, parse, std64, text
from journal import signature_holds

MAX_ENVELOPE_BYTES = 67108864
PAYLOAD_TYPE = "application/vnd.in-toto+json"
SPKI = bytes.fromhex("302a300506032b6570032100")


def public_key(pem):
    body = "".join(line for line in pem.decode().splitlines() if not line.startswith("-----"))
    der = base64.b64decode(body, validate=True)
    need(der.startswith(SPKI) and len(der) == len(SPKI) + 32, "not an Ed25519 key in SPKI")
    return der[len(SPKI):]


def fingerprint(public):
    """As OpenSSH prints it."""
    blob = b"".join(len(part).to_bytes(4, "big") + part for part in (b"ssh-ed25519", public))
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def members(value, names):
    need(isinstance(value, dict) and set(value) == names and not value.twice, f"not the members {sorted(names)}")
    return value


def opened(raw, public):
    """The payload of an envelope that this key signed."""
    need(len(raw) <= MAX_ENVELOPE_BYTES, "longer than an envelope may be")
    outer = members(parse(raw), {"payload", "payloadType", "signatures"})
    kind = outer["payloadType"]
    text(kind)
    need(isinstance(outer["signatures"], list) and len(outer["signatures"]) == 1, "not one signature")
    signature = members(outer["signatures"][0], {"keyid", "sig"})
    keyid = signature["keyid"]
    text(keyid)
    need(re.fullmatch(r"SHA256:[A-Za-z0-9+/]{43}", keyid), "the form of the keyid")
    std64(keyid[len("SHA256:"):] + "=")
    body, sig = std64(outer["payload"]), std64(signature["sig"])
    named = kind.encode()
    pae = b"DSSEv1 %d %s %d %s" % (len(named), named, len(body), body)
    need(len(sig) == 64 and signature_holds(public, pae, sig), "the envelope's signature")
    need(keyid == fingerprint(public), "the keyid is another's")
    if kind != PAYLOAD_TYPE:
        raise Unsupported(f"the payload type {kind}", "envelope.type")
    return body


def check(raw, public, transcript=None, result=None, now_s=None):
    """The Statement of an envelope: held against its transcript, and what came of its journal."""
    checked = statement.check(opened(raw, public))
    sealed_s = statement.nanoseconds(checked["predicate"]["sealedAt"]) / 10**9
    now_s = time.time() if now_s is None else now_s
    need(sealed_s - now_s < statement.AHEAD_MAX_S + 1, "sealed in the future")
    if transcript is not None:
        statement.check_transcript(transcript, checked)
    if result is not None:
        need(result.verdict != "rejected", f"the journal: {result.code}")
        statement.check_journal(checked, result)
    return checked


def judged(*given, **more):
    try:
        check(*given, **more)
        return "taken"
    except Unsupported:
        return "unsupported"
    except Bad:
        return "refused"
