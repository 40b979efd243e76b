"""Layout and link in the form that in-toto had before version 2, as its program of that time sees them.

    metablock.py FOLDER IN-TOTO-VERIFY
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

folder, program = pathlib.Path(sys.argv[1]) / "derived", sys.argv[2]
refused = json.loads((folder / "refused.json").read_text())


def key(path):
    """A public key in the file that this program reads."""
    public = load_pem_public_key(path.read_bytes()).public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
    return json.dumps({"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": public}})


def accepts(set_, change=None, owner="owner.pub"):
    with tempfile.TemporaryDirectory() as here:
        here = pathlib.Path(here)
        shutil.copytree(set_, here / "set")
        (here / "key").write_text(key(folder / owner))
        if change:
            link = next(path for path in (here / "set").glob("build.????????.link") if "expected" not in path.name)
            block = json.loads(link.read_text())
            change(block)
            link.write_text(json.dumps(block))
        words = [program, "--layout", here / "set" / "build.layout", "--layout-keys", here / "key"]
        words += ["--key-types", "ed25519", "--link-dir", here / "set"]
        said = subprocess.run(words, capture_output=True, text=True, cwd=here)
        return said.returncode == 0 or print(f"  {set_.parent.name}: {said.stderr.splitlines()[0][:110]}")


def digest(block, sha256):
    block["signed"]["products"]["session.transcript"]["sha256"] = sha256


good = folder / "good" / "metablock"
wrong = []
if not accepts(good):
    wrong.append("refused the good set")
changes = [
    lambda block: digest(block, "d" * 64),
    lambda block: block["signed"].update(name="other"),
    lambda block: block["signed"]["command"].append("more"),
    lambda block: block["signed"]["byproducts"].update(more=1),
    lambda block: [one.update(sig="0" * 128) for one in block["signatures"]],
    lambda block: [one.update(keyid="d" * 64) for one in block["signatures"]],
    lambda block: block["signatures"].clear(),
]
wrong += [f"accepted change {at}" for at, change in enumerate(changes) if accepts(good, change)]
if accepts(good, owner="../stranger.pub"):
    wrong.append("accepted a layout with the key of a stranger")
# Those that are of another session, or of another policy.
own = (good / "build.intoto.json").read_bytes(), (good / "build.layout").read_bytes()
here = lambda name: folder / name / "metablock"
other = lambda name: ((here(name) / "build.intoto.json").read_bytes(), (here(name) / "build.layout").read_bytes()) != own
names = [name for name, formats in refused.items() if "link" in formats and here(name).exists() and other(name)]
wrong += [f"accepted {name}" for name in names if accepts(here(name))]
if len(names) < 10:
    wrong.append("too few mutations")

rejected = len(names) + len(changes) + 1
print(f"in-toto-verify 1.3: 1 accepted, {rejected} rejected" if not wrong else wrong)
sys.exit(bool(wrong))
