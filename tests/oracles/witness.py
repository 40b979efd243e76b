"""The collection as witness sees it, by the policy of witness that attesh exports.

    witness.py FOLDER WITNESS

witness looks the collection up by the digest of the product, which the policy names too.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

folder, program = pathlib.Path(sys.argv[1]) / "derived", sys.argv[2]
refused = json.loads((folder / "refused.json").read_text())


def verify(name, key="owner.pub"):
    here = folder / name
    words = [program, "verify", "--policy", here / "build.witness-policy.json", "--publickey", folder / key]
    words += ["--attestations", here / "build.witness.json", "--artifactfile", here / "app"]
    with tempfile.TemporaryDirectory() as home:
        return subprocess.run(words, capture_output=True, text=True, cwd=home, env={"HOME": home})


wrong = []
good = verify("good")
if good.returncode != 0:
    wrong.append(f"refused the good set: {good.stderr}")
names = [name for name, formats in refused.items() if "witness" in formats]
for name in names:
    said = verify(name)
    lines = said.stderr.strip().splitlines()
    why = next((line for line in lines if "Reason" in line), lines[-1]).rsplit("Reason: ", 1)[-1]
    print(f"  {name}: {why[-110:]}")
    if said.returncode == 0:
        wrong.append(f"accepted {name}")
for name in sorted(set(refused) - set(names)):
    if verify(name).returncode != 0:
        wrong.append(f"refused {name}, which docs/interop.md says it does not judge")
if verify("good", "../stranger.pub").returncode == 0:
    wrong.append("accepted a policy with the key of a stranger")
if len(names) < 20:
    wrong.append("too few mutations")

print(f"witness: 1 accepted, {len(names) + 1} rejected" if not wrong else wrong)
sys.exit(bool(wrong))
