"""The way through a registry: push, seal, attach, verify, pull, verify.

    registry.py ATTESH COSIGN ORAS DOCKER_REGISTRY

The registry listens on a port of loopback and keeps its files in a temporary folder. Each case has a
repository of its own with the same image in it, and an attestation in one of the two layouts that
cosign looks for: a bundle that refers to the image, and an envelope under the tag of its digest.
"""

import base64
import contextlib
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

from cryptography.hazmat.primitives.serialization import load_pem_private_key

attesh, cosign, oras, registry = sys.argv[1:]
PREDICATE = "https://attesh.dev/shell-session/v0.1"
STATEMENT = "application/vnd.in-toto+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
ENVELOPE = "application/vnd.dsse.envelope.v1+json"


def call(*words, check=True):
    """A program in the folder of this run, which is its home, too."""
    env = {"HOME": str(home), "PATH": "/usr/bin:/bin", "ATTESH_COLLECT": "none"}
    words = [str(word) for word in words]
    said = subprocess.run(words, capture_output=True, text=True, cwd=home, env=env, timeout=60)
    if check and said.returncode != 0:
        sys.exit(f"{' '.join(words)}: {said.stderr}")
    return said


@contextlib.contextmanager
def serving():
    """The registry, and its address; it ends with the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(home / "registry")}},
        "http": {"addr": f"127.0.0.1:{port}"},
    }
    (home / "registry.yml").write_text(json.dumps(options))
    program = subprocess.Popen([registry, "serve", home / "registry.yml"], stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with socket.socket() as peer:
                if peer.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"127.0.0.1:{port}"
    finally:
        program.terminate()
        program.wait()


def push(repository, name="app"):
    """Puts a file into a repository and gives the reference of its manifest. The digest is the same
    for the same file."""
    made = "org.opencontainers.image.created=2026-01-01T00:00:00Z"
    words = ["--artifact-type", "application/vnd.example.app", "--annotation", made, "--format", "json"]
    said = call(oras, "push", "--plain-http", *words, f"{host}/{repository}:v1", f"{name}:text/plain")
    return json.loads(said.stdout)["reference"]


def attach_bundle(reference, name):
    call(oras, "attach", "--plain-http", "--artifact-type", BUNDLE, reference, f"{name}:{BUNDLE}")


def attach_envelope(reference, name):
    notes = {name: {"predicateType": PREDICATE, "dev.cosignproject.cosign/signature": ""}}
    (home / "notes.json").write_text(json.dumps(notes))
    words = ["--annotation-file", "notes.json"]
    call(oras, "push", "--plain-http", *words, envelope_of(reference), f"{name}:{ENVELOPE}")


def envelope_of(reference):
    repository, digest = reference.split("@sha256:")
    return f"{repository}:sha256-{digest}.att"


def verified(reference, key="ci.pub", kind=PREDICATE):
    words = ["--key", key, "--type", kind, "--insecure-ignore-tlog", "--allow-insecure-registry"]
    return call(cosign, "verify-attestation", *words, reference, check=False)


def seal(name, key, *subjects):
    words = ["seal", home / "job", "--key", key, "--force", "-o", f"{name}.intoto.json"]
    call(attesh, *words, *(word for subject in subjects for word in ("--subject-digest", subject)))


def session():
    for name in ("ci", "stranger"):
        call("openssl", "genpkey", "-algorithm", "ed25519", "-out", f"{name}.key")
        call("openssl", "pkey", "-in", f"{name}.key", "-pubout", "-out", f"{name}.pub")
    (home / "app").write_text("an application\n")
    (home / "other").write_text("another one\n")
    (home / "build.sh").write_text("cd /\ntrue | cat\n")
    for words in (["start"], ["sh", "build.sh"], ["stop"]):
        call(attesh, words[0], "--dir", home / "job", *words[1:])


def bundle_of(name):
    return json.loads((home / f"{name}.sigstore.json").read_text())


def signed(change=lambda statement: None, signed_as=STATEMENT, shown_as=STATEMENT):
    """What the right key signed, and no sealer would."""
    bundle = bundle_of("sealed")
    statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    change(statement)
    payload = json.dumps(statement).encode()
    message = b"DSSEv1 %d %s %d %s" % (len(signed_as), signed_as.encode(), len(payload), payload)
    sig = load_pem_private_key((home / "ci.key").read_bytes(), None).sign(message)
    envelope = bundle["dsseEnvelope"]
    envelope["payload"], envelope["payloadType"] = base64.b64encode(payload).decode(), shown_as
    envelope["signatures"][0]["sig"] = base64.b64encode(sig).decode()
    return bundle


def torn(change):
    bundle = bundle_of("sealed")
    change(bundle["dsseEnvelope"])
    return bundle


def flipped(holder, member):
    raw = bytearray(base64.b64decode(holder[member]))
    raw[len(raw) // 2] ^= 1
    holder[member] = base64.b64encode(raw).decode()


def other_subjects(statement):
    statement["subject"] = [s for s in statement["subject"] if not s["name"].startswith(host)]


def another_digest(statement):
    statement["subject"][0]["digest"] = {"sha512": "d" * 128}


def envelopes():
    """What no verifier of this image may take, in either layout."""
    stranger, other = (bundle_of(name)["dsseEnvelope"] for name in ("stranger", "other-image"))
    return {
        "sealed by a stranger": bundle_of("stranger"),
        "sealed for another image": bundle_of("other-image"),
        "sealed for no image": bundle_of("no-image"),
        "payload flipped": torn(lambda e: flipped(e, "payload")),
        "payload of another session": torn(lambda e: e.update(payload=other["payload"])),
        "signature flipped": torn(lambda e: flipped(e["signatures"][0], "sig")),
        "signature of a stranger": torn(lambda e: e.update(signatures=stranger["signatures"])),
        "signature cut": torn(lambda e: e["signatures"][0].update(sig=e["signatures"][0]["sig"][:84])),
        "no signature": torn(lambda e: e.update(signatures=[])),
        "payload type": torn(lambda e: e.update(payloadType="application/json")),
        "signed as another type": signed(signed_as="text/plain"),
        "predicate type": signed(lambda s: s.update(predicateType="https://example.org/a/v1")),
        "image not named": signed(other_subjects),
        "image by another kind of digest": signed(another_digest),
        "no subject": signed(lambda s: s.update(subject=[])),
    }


def shapes():
    """What is no bundle of this version."""
    changes = {
        "no media type": lambda b: b.pop("mediaType"),
        "unknown media type": lambda b: b.update(mediaType="application/json"),
        "no material": lambda b: b.pop("verificationMaterial"),
        "no envelope": lambda b: b.pop("dsseEnvelope"),
        "two signatures": lambda b: b["dsseEnvelope"]["signatures"].append(b["dsseEnvelope"]["signatures"][0]),
    }
    for name, change in changes.items():
        bundle = bundle_of("sealed")
        change(bundle)
        yield name, bundle


def circle(image):
    """There and back: what cosign takes, and what comes out is what was pushed."""
    attach_bundle(image, "sealed.sigstore.json")
    said = verified(image)
    if said.returncode != 0:
        wrong.append(f"refused the bundle: {said.stderr}")
    elif json.loads(said.stdout)["payload"] != bundle_of("sealed")["dsseEnvelope"]["payload"]:
        wrong.append("another payload came out of the bundle")
    found = json.loads(call(oras, "discover", "--plain-http", "--format", "json", image).stdout)
    back(found["referrers"][0]["reference"], "sealed.sigstore.json")

    envelope = push("envelope")
    attach_envelope(envelope, "sealed.intoto.json")
    said = verified(envelope)
    if said.returncode != 0:
        wrong.append(f"refused the envelope: {said.stderr}")
    back(envelope_of(envelope), "sealed.intoto.json")


def back(reference, name):
    call(oras, "pull", "--plain-http", reference, "-o", "pulled")
    pulled = home / "pulled" / name
    if pulled.read_bytes() != (home / name).read_bytes():
        wrong.append(f"{name} came back changed")
    said = call(attesh, "verify", pulled, "--trust", "ci.pub", check=False)
    if said.returncode != 0:
        wrong.append(f"attesh refused {name}: {said.stderr}")


def refuse(name, said):
    lines = said.stderr.strip().splitlines() or [""]
    print(f"  {name}: {next((line for line in lines if line.startswith('Error')), lines[-1])[:150]}")
    if said.returncode == 0:
        wrong.append(f"accepted: {name}")
    refused.append(name)


def attached(repository, bundle):
    """An image to which a bundle is attached that was made here."""
    (home / "made.sigstore.json").write_text(json.dumps(bundle))
    reference = push(repository)
    attach_bundle(reference, "made.sigstore.json")
    return reference


def mutations(image):
    # What is signed here is taken as it is, so only the change counts.
    if verified(attached("signed-here", signed())).returncode != 0:
        wrong.append("refused what the right key signed again")
    refuse("key of a stranger", verified(image, key="stranger.pub"))
    refuse("another type asked for", verified(image, kind="https://example.org/a/v1"))
    refuse("nothing attached", verified(push("bare")))
    for number, (name, bundle) in enumerate(shapes()):
        refuse(f"{name}, bundle", verified(attached(f"shape-{number}", bundle)))
    for number, (name, bundle) in enumerate(envelopes().items()):
        refuse(f"{name}, bundle", verified(attached(f"bundle-{number}", bundle)))
        (home / "made.intoto.json").write_text(json.dumps(bundle["dsseEnvelope"]))
        reference = push(f"envelope-{number}")
        attach_envelope(reference, "made.intoto.json")
        refuse(f"{name}, envelope", verified(reference))


wrong, refused = [], []
with tempfile.TemporaryDirectory() as folder:
    home = pathlib.Path(folder)
    session()
    with serving() as host:
        image, other = push("app"), push("app", "other")
        seal("sealed", "ci.key", image)
        seal("stranger", "stranger.key", image)
        seal("other-image", "ci.key", other)
        seal("no-image", "ci.key")
        circle(image)
        refuse("another image", verified(other))
        mutations(image)
print(f"cosign and oras with a registry: 2 accepted, {len(refused)} rejected" if not wrong else wrong)
sys.exit(bool(wrong))
