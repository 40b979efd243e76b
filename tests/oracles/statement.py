"""Statements against docs/schemas/statement.json: each validates, and each change of it that the
tables of attesh-seal(5) forbid is refused.

    statement.py FOLDER     each file in it is a payload
"""

import copy
import json
import pathlib
import sys

import jsonschema

PATH = pathlib.Path(__file__).parents[2] / "docs" / "schemas" / "statement.json"
SCHEMA = json.loads(PATH.read_text())
jsonschema.Draft202012Validator.check_schema(SCHEMA)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

# Members that may be missing, by the object that they are in.
OPTIONAL = {
    "predicate": {"commands", "disclosures", "extensions", "mustUnderstand"},
    "commands": {"stale", "pipeStatus", "signal", "workdir", "outcome"},
    "facts": {"shell", "must", "attached"},
}
# Objects whose names are free.
FREE = {"data", "extensions"}
# Members that take any text.
PROSE = {
    "name", "version", "host", "user", "program", "hook", "command", "workdir", "path", "options",
    "arguments", "text", "bootId", "timeNamespace", "mediaType",
}


def objects(value, name, found):
    """The objects of a statement by the member that they are under and their own members: one of each."""
    if isinstance(value, list):
        for one in value:
            objects(one, name, found)
    elif isinstance(value, dict):
        found.setdefault((name, tuple(sorted(value))), value)
        for inner, one in value.items():
            objects(one, inner, found)
    return found


def others(name, value):
    """What a member cannot be, by what it is."""
    if isinstance(value, bool):
        return [0, "true", None]
    if isinstance(value, int):
        return ["1", -1, 1.5, 2**53, True]
    if isinstance(value, list):
        return [{}, "x", [-1]]
    if isinstance(value, dict):
        return [[], "x"]
    if value is None:
        return [{"x": 1}, False]
    return [7, True, []] + ([] if name in PROSE else ["", "x y"])


def changes(object, name):
    """An object that a table forbids, and why, again and again."""
    for member in object:
        if name not in FREE:
            optional = member in OPTIONAL.get(name, ())
            if not optional or (name, member, object.get("at")) == ("facts", "shell", "command"):
                yield f"without {member}", {k: v for k, v in object.items() if k != member}
        for other in others("command" if name in FREE else member, object[member]):
            yield f"{member} is {other!r}", {**object, member: other}
    if name not in FREE:
        yield "with another member", {**object, "x": 1}
    if name == "extensions":
        yield "with a name that is no URI", {**object, "no uri": "x"}


def wrong_with(payload, seen):
    """What a statement shows to be wrong with the schema, and how many changes were refused; of objects
    that have the shape of one seen before none is changed."""
    wrong = [f"{'/'.join(map(str, error.path))}: {error.message}"[:300] for error in VALIDATOR.iter_errors(payload)]
    refused = 0
    whole = copy.deepcopy(payload)
    for shape, object in objects(whole, "Statement", {}).items():
        if shape in seen:
            continue
        seen.add(shape)
        name = shape[0]
        before = dict(object)
        for why, changed in changes(before, name):
            object.clear()
            object.update(changed)
            if VALIDATOR.is_valid(whole):
                wrong.append(f"{name} {why}: valid")
            refused += 1
        object.clear()
        object.update(before)
    return wrong, refused


def main(folder):
    wrong, accepted, refused, seen = [], 0, 0, set()
    for path in sorted(pathlib.Path(folder).iterdir()):
        found, count = wrong_with(json.loads(path.read_text()), seen)
        wrong += [f"{path.name}: {what}" for what in found]
        accepted, refused = accepted + 1, refused + count
    print(f"jsonschema: {accepted} accepted, {refused} rejected" if not wrong else "\n".join(wrong[:40]))
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
