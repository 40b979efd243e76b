"""The Statements as in-toto-attestation and JSON Schemas read them: ours, provenance and summary.

The signature of each file is checked by securesystemslib. in-toto-attestation parses the Statements
strictly: an unknown member, another form or a subject without a digest is an error. The schemas in
tests/oracles/schemas say what the specifications of SLSA ask. Then each file is held against the
envelope beside it: it has to name the digest of that payload.
"""

import base64
import copy
import hashlib
import json
import pathlib
import sys

import jsonschema
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1.provenance_pb2 import Provenance
from in_toto_attestation.predicates.vsa.v1.vsa_pb2 import VerificationSummary
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey

top = pathlib.Path(sys.argv[1])
sets = top / "derived"
refused = json.loads((sets / "refused.json").read_text())
schemas = {path.stem: json.loads(path.read_text()) for path in (pathlib.Path(__file__).parent / "schemas").iterdir()}
kinds = {
    "slsa": ("build.slsa.json", "provenance", Provenance),
    "vsa": ("vsa.json", "summary", VerificationSummary),
    # Nobody else has a message for our predicate.
    "ours": ("build.intoto.json", None, None),
}


def payload_of(path, key="key.pub"):
    """The payload of a file that this key signed."""
    data = json.loads(path.read_text())
    keyid = data["signatures"][0]["keyid"] if data["signatures"] else ""
    public = SSlibKey.from_crypto(load_pem_public_key((top / key).read_bytes()), keyid=keyid)
    envelope = Envelope.from_dict(data)
    envelope.verify([public], 1)
    if envelope.payload_type != "application/vnd.in-toto+json":
        raise ValueError(envelope.payload_type)
    return envelope.payload


def judge(kind, statement):
    """Raises where a Statement is not what its type says."""
    _, schema, message = kinds[kind]
    parsed = json_format.ParseDict(statement, statement_pb2.Statement())
    Statement.copy_from_pb(parsed).validate()
    if schema is None:
        return
    jsonschema.Draft202012Validator(schemas[schema]).validate(statement)
    predicate = copy.deepcopy(statement["predicate"])
    if kind == "vsa":
        # The message of 0.9.3 is not what its specification says: one level, and a verifier without
        # a version. The schema has judged both.
        predicate["verifiedLevels"] = predicate["verifiedLevels"][0]
        predicate["verifier"].pop("version", None)
    json_format.ParseDict(predicate, message())


def accepts(kind, statement):
    try:
        judge(kind, statement)
        return True
    except (ValueError, KeyError, jsonschema.ValidationError, json_format.ParseError):
        return False


def changed(statement, path, value):
    """The Statement with another value at a path; without the member where there is none."""
    statement = copy.deepcopy(statement)
    *way, last = path.split(".")
    at = statement
    for step in way:
        at = at[int(step) if step.isdigit() else step]
    last = int(last) if last.isdigit() else last
    if value is None:
        del at[last]
    else:
        at[last] = value
    return statement


upper, short = {"sha256": "A" * 64}, {"sha256": "a" * 63}
form = [("_type", "https://in-toto.io/Statement/v0.1"), ("predicateType", None), ("subject", []),
        ("subject.0.digest", {}), ("subject.0.size", 7), ("subject.0", "x"), ("subject", {}), ("predicate", None),
        ("predicate", []), ("more", "x")]
both = [("_type", "https://in-toto.io/Statement/v0.1"), ("predicateType", "https://example.org/a"),
        ("predicateType", None), ("subject", []), ("subject.0.digest", {}), ("subject.0.digest", upper),
        ("subject.0.digest", short), ("subject.0.size", 7), ("predicate", None), ("more", "x")]
changes = {
    "ours": form,
    "slsa": both + [(f"predicate.{path}", value) for path, value in [
        ("buildDefinition", None), ("runDetails", None), ("buildDefinition.buildType", None),
        ("buildDefinition.externalParameters", {}), ("buildDefinition.externalParameters", []),
        ("buildDefinition.resolvedDependencies.0.digest", {"gitCommit": "3f0c1a9"}),
        ("buildDefinition.recipe", "x"), ("runDetails.builder", {}), ("runDetails.builder.id", 7),
        ("runDetails.metadata.startedOn", "yesterday"), ("runDetails.metadata.invocationId", 7),
        ("runDetails.byproducts.0.digest", upper)]],
    "vsa": both + [(f"predicate.{path}", value) for path, value in [
        ("verifier", None), ("verifier.id", ""), ("timeVerified", "yesterday"), ("timeVerified", None),
        ("resourceUri", None), ("policy", None), ("policy.uri", None), ("policy.digest", upper),
        ("inputAttestations.0.digest", None), ("verificationResult", "MAYBE"), ("verificationResult", "FAILED"),
        ("verifiedLevels", []), ("verifiedLevels", ["FAILED"]), ("verifiedLevels", ["SLSA_BUILD_LEVEL_9"])]],
}
wrong, rejected = [], 0
for schema in schemas.values():
    jsonschema.Draft202012Validator.check_schema(schema)
for kind, (file, _, _) in kinds.items():
    good = json.loads(payload_of(sets / "good" / file))
    judge(kind, good)
    for path, value in changes[kind]:
        rejected += 1
        if accepts(kind, changed(good, path, value)):
            wrong.append(f"{kind}: accepted {path} = {value!r}")
    for name in [name for name, all in refused.items() if kind in all]:
        rejected += 1
        try:
            judge(kind, json.loads(payload_of(sets / name / file)))
            wrong.append(f"{kind}: accepted {name}")
        except Exception as why:
            print(f"  {name}: {kind}: {type(why).__name__}")
    try:
        payload_of(sets / "good" / file, "stranger.pub")
        wrong.append(f"{kind}: accepted with the key of a stranger")
    except Exception:
        rejected += 1

# Each file names the payload of the envelope beside it, and of no other.
for name in ["good", "mixed"]:
    here = sets / name
    primary = hashlib.sha256(payload_of(here / "build.intoto.json")).hexdigest()
    files = [*here.glob("build.????????.link"), here / "build.witness.json", here / "build.slsa.json"]
    files = [path for path in files if ".expected." not in path.name]
    named = [primary in payload_of(path).decode() for path in files]
    if named != [name == "good"] * 3:
        wrong.append(f"{name}: {named}")
    rejected += name != "good" and len(files)

print(f"in-toto-attestation and JSON Schema: 3 accepted, {rejected} rejected" if not wrong else wrong)
sys.exit(bool(wrong))
