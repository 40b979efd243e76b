"""The layout and the links as in-toto-verify sees them: PyPI's program, and a Go program.

    layout.py FOLDER PROGRAM...

The program is called for each set of files below FOLDER/derived: it takes the good one and refuses
each in which a command, a status, a product, a key or a byte is another.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

folder, program = pathlib.Path(sys.argv[1]) / "derived", sys.argv[2:]
refused = json.loads((folder / "refused.json").read_text())


def verify(name, key="owner.pub"):
    words = [*program, "--layout", folder / name / "build.layout", "--verification-keys", folder / key]
    words += ["--link-dir", folder / name]
    # It may write links of inspections where it runs.
    with tempfile.TemporaryDirectory() as here:
        return subprocess.run(words, capture_output=True, text=True, cwd=here, env={**os.environ, "LC_ALL": "C.UTF-8"})


wrong = []
good = verify("good")
if good.returncode != 0:
    wrong.append(f"refused the good set: {good.stderr}")
if good.stderr.strip():
    wrong.append(f"said of the good set: {good.stderr}")
names = [name for name, formats in refused.items() if "link" in formats]
for name in names:
    said = verify(name)
    lines = said.stderr.strip().splitlines() or [""]
    print(f"  {name}: {next((line for line in lines if 'rror' in line), lines[-1])[:110]}")
    if said.returncode == 0:
        wrong.append(f"accepted {name}")
for name in sorted(set(refused) - set(names)):
    if verify(name).returncode != 0:
        wrong.append(f"refused {name}, which docs/interop.md says it does not judge")
if verify("good", "../stranger.pub").returncode == 0:
    wrong.append("accepted a layout with the key of a stranger")
if len(names) < 20:
    wrong.append("too few mutations")

program = pathlib.Path(program[0]).name
print(f"{program}: 1 accepted, {len(names) + 1} rejected" if not wrong else wrong)
sys.exit(bool(wrong))
