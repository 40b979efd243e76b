"""The bundle as sigstore's model for Python reads it: the types of sigstore-python.

sigstore-python itself takes no bundle with a public key ("expected certificate in bundle").
"""

import json
import pathlib
import sys

from sigstore_models.bundle.v1 import Bundle

good = pathlib.Path(sys.argv[1]) / "good" / "sealed.sigstore.json"


def reads(change):
    value = json.loads(good.read_text())
    change(value)
    try:
        return Bundle.from_json(json.dumps(value))
    except ValueError:
        return None


changes = {
    "no entries of a log": lambda value: value["verificationMaterial"].pop("tlogEntries"),
    "no material": lambda value: value.pop("verificationMaterial"),
    "no media type": lambda value: value.pop("mediaType"),
    "an unknown member": lambda value: value.update(x=1),
}
wrong = [name for name, change in changes.items() if reads(change)]
bundle = reads(lambda value: None)
hint = json.loads(good.read_text())["dsseEnvelope"]["signatures"][0]["keyid"]
if not bundle or bundle.verification_material.public_key.hint != hint:
    wrong.append("the bundle as it is")

print(f"sigstore-models: 1 accepted, {len(changes)} rejected" if not wrong else wrong)
sys.exit(bool(wrong))
