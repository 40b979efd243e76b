"""A sealed session against the JSON Schemas in docs/schemas: its statement, and its facts.

Each validates, and each changed member and text that a schema speaks of is refused.
"""

import json
import pathlib
import sys

import jsonschema

sys.dont_write_bytecode = True

import statement

folder = pathlib.Path(__file__).parents[2] / "docs" / "schemas"
payload = json.loads((pathlib.Path(sys.argv[1]) / "payload").read_text())
schemas = [json.loads(path.read_text()) for path in sorted(folder.glob("fact.*.json"))]
validators = {schema["$id"]: jsonschema.Draft202012Validator(schema) for schema in schemas}
wrong = []

for schema in schemas:
    jsonschema.Draft202012Validator.check_schema(schema)
facts = payload["predicate"]["facts"]
if {fact["type"] for fact in facts} != set(validators):
    wrong.append("the session has not a fact of each schema")
for fact in facts:
    if not fact["ok"]:
        wrong.append(f"{fact['type']} failed: {fact['data']}")
    for error in validators[fact["type"]].iter_errors(fact["data"]):
        wrong.append(f"{fact['type']}: {error.message}")

# The name of a type, a text of it, and what it cannot be.
refused = [
    ("agent", "author", ""), ("agent", "author", "a\nb"), ("agent", "sha256", "A" * 64), ("agent", "model", "x"),
    ("collection", "collect", "weather"), ("collection", "variables", "A-B"), ("collection", "folder", 7),
    ("collection", "materials", "src"), ("materials", "root", "A" * 64), ("materials", "files", "-1"),
    ("files", "files", "/etc/passwd\n"), ("files", "lost", "01"), ("files", "passing", ""),
    ("identity", "claims", "[]"), ("identity", "signature", "x"),
    ("notice", "retainSeconds", "030"), ("notice", "purpose", "a\nb"), ("notice", "until", "x"),
    ("process", "process", "1 0 2"), ("process", "cut", "yes"), ("process-end", "ends", "1 exit"),
    ("processes", "seen", "01"), ("processes", "toldBy", "ptrace"), ("processes", "seenBy", "kernel"), ("processes", "error", "why"), ("products", "sums", ""), ("products", "vanished", "one"), ("products", "owner", "x"),
    ("environment", "container", "shoe box"), ("environment", "env.A=B", "x"), ("environment", "colour", "x"),
    ("git", "commit", "HEAD"), ("git", "commit", "A" * 40), ("git", "ref", "main"), ("git", "bare", "no"),
    ("git", "changedCount", "01"), ("git", "tags", "v1"), ("git", "remotes", "[]"), ("git", "author", "x"),
    ("ci", "system", "mine"), ("ci", "repository", "acme"), ("ci", "commit", "3f0c1a9"), ("ci", "token", "x"),
]
for name, text, value in refused:
    kind = f"https://attesh.dev/fact/{name}/v1"
    fact = next(fact for fact in facts if fact["type"] == kind)
    if validators[kind].is_valid({**fact["data"], text: value}):
        wrong.append(f"{name}: {text} = {value!r} is valid")
for schema in schemas:
    fact = next(fact for fact in facts if fact["type"] == schema["$id"])
    for text in schema["required"]:
        if validators[schema["$id"]].is_valid({k: v for k, v in fact["data"].items() if k != text}):
            wrong.append(f"{schema['$id']}: valid without {text}")

found, changes = statement.wrong_with(payload, set())
wrong += found

print(f"jsonschema: {len(facts) + 1} accepted, {len(refused) + changes} rejected" if not wrong else wrong)
sys.exit(bool(wrong))
