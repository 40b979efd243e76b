"""An independent verifier: written from the specification, sharing no code with attesh.

    verify.py [--level 1] journal FILE [SECRET-IN-HEX]
    verify.py [--level 1] envelope FILE KEY.pub [TRANSCRIPT [JOURNAL]]
    verify.py vectors FOLDER

Level 1 leaves out the tags: it needs SHA-256 and Ed25519 and no other primitive. `vectors`
reads the MANIFEST of each folder in FOLDER, checks each file against what must happen, the
journals at both levels, and prints a line for each: folder, name, verdict; of journals also
record, size, root, code. Exit status: 0 complete, 3 rejected, 4 incomplete, 7 unsupported.
"""

import json
import os
import sys

import envelope
import manifest
from form import Bad, Unsupported, need
from journal import Journal, show


def read(*path):
    with open(os.path.join(*path), "rb") as file:
        return file.read()


# When the vectors are judged: 2026-11-22T10:04:00Z.
NOW_S = 1795341840


# ── vectors ───────────────────────────────────────────────────────────────────


def of_journals(folder, name, verdict, record, secret, code):
    given = None if secret == "-" else bytes.fromhex(secret)
    raw = read(folder, name + ".journal")
    result = Journal(given).check(raw)
    place = "-" if result.record is None else str(result.record)
    good = (result.verdict, place, result.code) == (verdict, record, code)
    # Without the tags nothing is other than with them, but where a tag is what is wrong.
    if result.code != "journal.tag":
        good &= show(name, Journal(level=1).check(raw)) == show(name, result)
    return good, show(name, result)


def of_plans(folder, name, verdict, found, *_):
    result = Journal().check(read(folder, name + ".journal"))
    return (result.verdict, result.code or "-") == (verdict, found), show(name, result)


def of_envelopes(folder, name, trust, _, verdict, *__):
    """Policies, completeness, and when a key is trusted are not judged here."""
    if verdict == "integrity" or (verdict, trust) == ("untrusted", "signer.pub"):
        must = "refused"
    else:
        must = "unsupported" if verdict == "unsupported" else "taken"
    public = envelope.public_key(read(folder, "signer.pub"))
    beside = os.path.join(folder, name + ".disclosures")
    texts = read(beside) if os.path.exists(beside) else None
    found = envelope.judged(read(folder, name + ".intoto.json"), public, now_s=NOW_S, disclosures=texts)
    return found == must, f"{name}\t{found}"


def of_transcripts(folder, name, sealed, must, *_):
    public = envelope.public_key(read(folder, "signer.pub"))
    found = envelope.judged(read(folder, sealed + ".intoto.json"), public, read(folder, name + ".transcript"), now_s=NOW_S)
    return found == {"subject": "taken", "other": "refused"}[must], f"{name}\t{found}"


def of_manifests(folder, name, verdict, root, sums):
    found = manifest.judged(read(folder, name + ".jsonl"))
    must = (root, sums) if verdict == "good" else None
    return found == must, f"{name}\t{'good' if found else 'refused'}"


def vectors(folder):
    kinds = {
        "journals": of_journals, "plans": of_plans, "envelopes": of_envelopes, "manifests": of_manifests,
        "transcripts": of_transcripts,
    }
    wrong = 0
    for kind, check in kinds.items():
        inside = os.path.join(folder, kind)
        for line in read(inside, "MANIFEST").decode().splitlines():
            if line.startswith("#"):
                continue
            good, said = check(inside, *line.split("\t"))
            print(f"{kind}\t{said}")
            if not good:
                wrong += 1
                print(f"{kind}: must be: {line}\n{kind}: and is:  {said}", file=sys.stderr)
    return 3 if wrong else 0


# ── one file ──────────────────────────────────────────────────────────────────


def of_envelope(level, path, key_path, transcript=None, journal=None):
    result = Journal(level=level).check(read(journal)) if journal else None
    transcript = read(transcript) if transcript else None
    checked = envelope.check(read(path), envelope.public_key(read(key_path)), transcript, result)
    if result:
        print(show("journal", result))
    digests = {subject["name"]: subject["digest"]["sha256"] for subject in checked["subject"]}
    print("VERIFIED", json.dumps(digests, sort_keys=True))
    return 0


def of_journal(level, path, secret=None):
    result = Journal(bytes.fromhex(secret) if secret else None, level).check(read(path))
    print(show(path, result))
    need(not result.foreign, "another origin secret, or none")
    return {"complete": 0, "incomplete": 4, "rejected": 3, "unsupported": 7}[result.verdict]


def main(words):
    level = 2
    if words[:1] == ["--level"] and words[1:2] in (["1"], ["2"]):
        level, words = int(words[1]), words[2:]
    try:
        match words:
            case ["journal", *rest] if 1 <= len(rest) <= 2:
                return of_journal(level, *rest)
            case ["vectors", folder]:
                return vectors(folder)
            case ["envelope", *rest] if 2 <= len(rest) <= 4:
                return of_envelope(level, *rest)
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except Unsupported as bad:
        print(f"UNSUPPORTED: {bad}")
        return 7
    except Bad as bad:
        print(f"REJECTED: {bad}")
        return 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
