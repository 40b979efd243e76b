"""The envelope as in-toto and securesystemslib for Python see it."""

import json
import pathlib
import sys

from cryptography.hazmat.primitives.serialization import load_pem_public_key
from in_toto.models.metadata import ENVELOPE_PAYLOAD_TYPE, Metadata
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey

folder = pathlib.Path(sys.argv[1])
good = folder / "good" / "sealed.intoto.json"
# This library looks at a signature only when its keyid is the key's.
keyid = json.loads(good.read_text())["signatures"][0]["keyid"]


def key(name):
    pem = (folder / name).read_bytes()
    return SSlibKey.from_crypto(load_pem_public_key(pem), keyid=keyid)


def verify(path, public):
    data = json.loads(path.read_text())
    # The library first, then in-toto around it, which also checks the payload type.
    envelope = Envelope.from_dict(json.loads(path.read_text()))
    envelope.verify([public], 1)
    if data["payloadType"] != ENVELOPE_PAYLOAD_TYPE:
        raise ValueError(data["payloadType"])
    Metadata.from_dict(data).verify_signature(public.to_dict() | {"keyid": public.keyid})
    return envelope.payload


def accepts(path, public):
    try:
        return verify(path, public) is not None
    except Exception as why:
        print(f"  {path.name}: {type(why).__name__}: {why}")
        return False


wrong = []
if verify(good, key("key.pub")) != (folder / "payload").read_bytes():
    wrong.append("another payload came out")
if accepts(good, key("stranger.pub")):
    wrong.append("accepted with the key of a stranger")
bad = sorted((folder / "bad").glob("*.intoto.json"))
wrong += [f"accepted {path.name}" for path in bad if accepts(path, key("key.pub"))]
if len(bad) < 10:
    wrong.append("too few mutations")

print(f"securesystemslib and in-toto: 1 accepted, {len(bad) + 1} rejected" if not wrong else wrong)
sys.exit(bool(wrong))
