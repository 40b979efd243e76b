"""The forms of values: JSON, base64, hexadecimal, and objects with given members."""

import base64
import binascii
import json
import re
import uuid

U64 = (1 << 64) - 1


class Bad(Exception):
    """The journal is not what a recorder wrote."""


def need(condition, why):
    if not condition:
        raise Bad(why)


# ── JSON: no floats, no negatives, no duplicates, no lone surrogates ──────────


def members(pairs):
    names = [name for name, _ in pairs]
    need(len(set(names)) == len(names), "duplicate member")
    return dict(pairs)


def integer(text, least):
    need(text != "-0" and least <= int(text) <= U64, "a number out of range")
    return int(text)


def refuse(text):
    raise Bad(f"the number {text}")


def parse(raw, least=0):
    """Numbers are integers from `least` on."""
    try:
        value = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=members,
            parse_int=lambda text: integer(text, least),
            parse_float=refuse,
            parse_constant=refuse,
        )
        # Python keeps a lone surrogate; it cannot be written as UTF-8 again.
        json.dumps(value, ensure_ascii=False).encode("utf-8")
        return value
    except (ValueError, RecursionError) as error:
        raise Bad(f"not JSON: {error}") from None


def url64(text, size):
    need(isinstance(text, str) and re.fullmatch(r"[A-Za-z0-9_-]*", text), "not base64url")
    try:
        value = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        raise Bad("not base64url") from None
    need(len(value) == size and base64.urlsafe_b64encode(value).rstrip(b"=").decode() == text, "not base64url")
    return value


def std64(text):
    need(isinstance(text, str), "not a string")
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Bad("not base64") from None
    need(base64.b64encode(value).decode() == text, "not the one spelling of base64")
    return value


def string(text):
    """RFC 8785 section 3.2.2.2."""
    short = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}
    out = ['"']
    for char in text:
        code = ord(char)
        out.append(short.get(code) or (f"\\u{code:04x}" if code < 32 else char))
    return ("".join(out) + '"').encode("utf-8")


def value_form(value):
    wrapped = b'{"base64":"' + base64.b64encode(value) + b'"}'
    try:
        plain = string(value.decode("utf-8"))
    except UnicodeDecodeError:
        return wrapped
    return plain if len(plain) <= len(wrapped) else wrapped


# ── the fields of each kind ───────────────────────────────────────────────────


def number(value):
    need(type(value) is int, "not an integer")


def status(value):
    number(value)
    need(value <= 255, "a status above 255")


def text(value):
    need(isinstance(value, str), "not a string")


def flag(value):
    need(isinstance(value, bool), "not true or false")


def decimal(value):
    text(value)
    need(re.fullmatch(r"0|[1-9][0-9]*", value, re.ASCII) and int(value) <= U64, "not a decimal")


def key(value):
    url64(value, 32)


def hexed(size):
    def check(value):
        text(value)
        need(re.fullmatch(r"[0-9a-f]*", value) and len(value) == 2 * size, "not hexadecimal")

    return check


def one_of(*words):
    def check(value):
        need(isinstance(value, str) and value in words, "an unknown word")

    return check


def session_id(value):
    text(value)
    try:
        need(str(uuid.UUID(value)) == value, "not a canonical UUID")
    except ValueError:
        raise Bad("not a UUID") from None


def statuses(value):
    need(isinstance(value, list), "not a list")
    for item in value:
        status(item)


def null_or(check):
    return lambda value: None if value is None else check(value)


def shape(table):
    def check(value):
        fields(value, table)

    return check


def fields(value, table):
    """table: name → check; a name that ends with ? may be missing."""
    need(isinstance(value, dict), "not an object")
    names = {name.rstrip("?"): check for name, check in table.items()}
    for name in table:
        need(name.endswith("?") or name in value, f"{name} is missing")
    for name, item in value.items():
        need(name in names, f"unknown member {name}")
        names[name](item)
