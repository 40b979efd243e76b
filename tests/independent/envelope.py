"""The envelope, as attesh-seal(5) has it. Shares no code with attesh."""

import base64
import hashlib
import re
import time

import statement
from form import Bad, Unsupported, need, parse, std64, text
from journal import signature_holds

MAX_ENVELOPE_BYTES = 33554432
MAX_ESCAPED_BYTES = 8388608
NAME_MAX = 256
SIGNATURES_MAX = 16
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


def members(value, must, may=()):
    """An object that has these members, each once; the names of any others."""
    need(isinstance(value, dict) and must <= set(value) and not value.twice, f"not the members {sorted(must)}")
    return [name for name in value if name not in must and name not in may]


def opened(raw, public):
    """The payload of an envelope that this key signed."""
    need(len(raw) <= MAX_ENVELOPE_BYTES, "longer than an envelope may be")
    need(len(raw) <= MAX_ESCAPED_BYTES or b"\\" not in raw, "longer than an envelope with escapes may be")
    outer = parse(raw)
    unknown = members(outer, {"payload", "payloadType", "signatures"})
    kind, signatures = outer["payloadType"], outer["signatures"]
    text(kind)
    need(len(kind.encode()) <= NAME_MAX, "the length of the type")
    need(isinstance(signatures, list) and 1 <= len(signatures) <= SIGNATURES_MAX, "the number of signatures")
    body, named = std64(outer["payload"]), kind.encode()
    pae = b"DSSEv1 %d %s %d %s" % (len(named), named, len(body), body)
    good = False
    for signature in signatures:
        unknown += members(signature, {"sig"}, {"keyid"})
        keyid, sig = signature.get("keyid", ""), std64(signature["sig"])
        text(keyid)
        need(not keyid.startswith("SHA256:") or re.fullmatch(r"SHA256:[A-Za-z0-9+/]{43}", keyid), "a keyid's form")
        need(std64(keyid[len("SHA256:"):] + "=") if keyid.startswith("SHA256:") else True, "a keyid's form")
        need(len(sig) == 64 and len(keyid.encode()) <= NAME_MAX, "the length of a signature or keyid")
        made = signature_holds(public, pae, sig)
        is_fingerprint = keyid.startswith("SHA256:")
        good |= made and (not is_fingerprint or keyid == fingerprint(public))
    need(good, "no signature of this key")
    if unknown:
        raise Unsupported(f"the member {unknown[0]}", "envelope.type")
    if kind != PAYLOAD_TYPE:
        raise Unsupported(f"the payload type {kind}", "envelope.type")
    return body


def check(raw, public, transcript=None, result=None, now_s=None, disclosures=None):
    """The Statement of an envelope: held against its transcript, and what came of its journal."""
    checked = statement.check(opened(raw, public))
    sealed_s = statement.nanoseconds(checked["predicate"]["sealedAt"]) / 10**9
    now_s = time.time() if now_s is None else now_s
    need(sealed_s - now_s < statement.AHEAD_MAX_S + 1, "sealed in the future")
    if disclosures is not None:
        statement.check_disclosures(disclosures, checked)
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
