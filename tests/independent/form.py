"""The forms of values: JSON, base64, hexadecimal, and objects with given members.

A form takes a value, raises Bad where it is none of that form, and returns the one spelling
of the value. Whether a whole was spelled so is seen by comparing.
"""

import base64
import binascii
import json
import math
import re
import uuid

U64 = (1 << 64) - 1
INTEGER_MAX = (1 << 53) - 1
# Where readers of JSON commonly stop; no core, column or statement is nested so deep.
DEPTH_MAX = 127


class Bad(Exception):
    """Refused. The code is that of attesh-journal(5), where the cause has one."""

    def __init__(self, why, code=""):
        super().__init__(why)
        self.code = code


class Unsupported(Bad):
    """Neither verified nor refused: of a version, or with a part, that is not known here."""


def need(condition, why, code=""):
    if not condition:
        raise Bad(why, code)


class coded:
    """Gives the code to what is refused within and has none yet."""

    def __init__(self, code):
        self.code = code

    def __enter__(self):
        return self

    def __exit__(self, kind, bad, _):
        if kind is Bad and not bad.code:
            bad.code = self.code


# ── JSON ──────────────────────────────────────────────────────────────────────


class Members(dict):
    """A JSON object that remembers which of its members stood there more than once."""

    def __init__(self, pairs):
        super().__init__(pairs)
        names = [name for name, _ in pairs]
        self.twice = {name for name in names if names.count(name) > 1} if len(self) < len(names) else set()


def fraction(token):
    """A number that no form takes. One beyond a double is where readers of JSON stop."""
    need(not math.isinf(float(token)), "a number beyond a double")
    return float("nan")


def integer_token(token):
    return fraction(token) if token == "-0" or len(token) > 20 else int(token)


def refuse(token):
    raise Bad(f"the number {token}")


def depth(value):
    if isinstance(value, (dict, list)):
        return 1 + max(map(depth, value.values() if isinstance(value, dict) else value), default=0)
    return 0


def parse(raw, deepest=DEPTH_MAX):
    """Any JSON in UTF-8, whatever its spelling."""
    try:
        value = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=Members,
            parse_int=integer_token,
            parse_float=fraction,
            parse_constant=refuse,
        )
        # Python keeps a lone surrogate; it cannot be written as UTF-8 again.
        json.dumps(value, ensure_ascii=False).encode("utf-8")
        need(deepest is None or depth(value) <= deepest, "nested too deep")
        return value
    except (ValueError, RecursionError) as error:
        raise Bad(f"not JSON: {error}") from None


def string(value):
    """RFC 8785 section 3.2.2.2."""
    short = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}
    out = ['"']
    for char in value:
        code = ord(char)
        out.append(short.get(code) or (f"\\u{code:04x}" if code < 32 else char))
    return ("".join(out) + '"').encode("utf-8")


def spelled(pairs):
    return b"{" + b",".join(string(name) + b":" + value for name, value in pairs) + b"}"


# ── base64 ────────────────────────────────────────────────────────────────────


def url64(value, size):
    need(isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_-]*", value), "not base64url")
    try:
        found = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except binascii.Error:
        raise Bad("not base64url") from None
    again = base64.urlsafe_b64encode(found).rstrip(b"=").decode()
    need(len(found) == size and again == value, "not base64url of this length")
    return found


def std64(value):
    need(isinstance(value, str), "not a string")
    try:
        found = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise Bad("not base64") from None
    need(base64.b64encode(found).decode() == value, "not the one spelling of base64")
    return found


# ── forms ─────────────────────────────────────────────────────────────────────


def ranged(least, most):
    def form(value):
        need(type(value) is int and least <= value <= most, f"not an integer from {least} to {most}")
        return str(value).encode()

    return form


integer = ranged(0, INTEGER_MAX)
status = ranged(0, 255)


def text(value):
    need(isinstance(value, str), "not a string")
    return string(value)


def flag(value):
    need(isinstance(value, bool), "not true or false")
    return b"true" if value else b"false"


def patterned(pattern, what):
    def form(value):
        spelling = text(value)
        need(re.fullmatch(pattern, value, re.ASCII), f"not {what}")
        return spelling

    return form


def decimal(value):
    spelling = text(value)
    need(re.fullmatch(r"0|[1-9][0-9]{0,19}", value, re.ASCII) and int(value) <= U64, "not a decimal")
    return spelling


def hexed(size):
    return patterned(f"[0-9a-f]{{{2 * size}}}", f"{size} bytes in hexadecimal")


uri = patterned(r"[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+", "a URI")
plain_name = patterned(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", "a plain file name")


def key(value):
    url64(value, 32)
    return string(value)


def one_of(*words):
    def form(value):
        need(isinstance(value, str) and value in words, "an unknown word")
        return string(value)

    return form


def session_id(value):
    spelling = text(value)
    try:
        need(str(uuid.UUID(value)) == value, "not a UUID in lowercase with hyphens")
    except ValueError:
        raise Bad("not a UUID") from None
    return spelling


def list_of(form, most=None):
    def each(value):
        need(isinstance(value, list), "not a list")
        need(most is None or len(value) <= most, "too many")
        return b"[" + b",".join(map(form, value)) + b"]"

    return each


def null_or(form):
    return lambda value: b"null" if value is None else form(value)


def true(value):
    """A flag that may be missing: one that does not hold is left out."""
    need(value is True, "not true")
    return b"true"


class Optional:
    """A member that may be missing, and is never null. One that is there with the very value
    that missing stands for, where there is one, is another spelling."""

    def __init__(self, form, missing=None):
        self.form = form
        self.missing = missing

    def is_missing(self, value):
        if self.missing is None:
            return False
        kind = dict if self.missing == {} else type(self.missing)
        return isinstance(value, kind) and not isinstance(value, bool) and value == self.missing


def shape(table, newer=False):
    """An object with these members: name to form, in the order of the page. With `newer` another
    member is one that is not known here; else it shows in the spelling."""

    def form(value):
        need(isinstance(value, dict), "not an object")
        more = [name for name in value if name not in table]
        if newer and more:
            raise Unsupported(f"the member {more[0]}", "statement.unknown")
        pairs = []
        for name, one in table.items():
            need(name not in value.twice, f"{name} twice")
            optional = isinstance(one, Optional)
            need(optional or name in value, f"{name} is missing")
            if optional and (name not in value or one.is_missing(value[name])):
                continue
            try:
                pairs.append((name, (one.form if optional else one)(value[name])))
            except Unsupported:
                raise
            except Bad as bad:
                raise Bad(f"{name}: {bad}", bad.code) from None
        return spelled(pairs)

    return form
