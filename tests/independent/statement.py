"""The Statement and the transcript, as attesh-seal(5) has them: shape, spelling, and what is
said twice. Shares no code with attesh."""

import datetime
import hashlib
import re

from form import INTEGER_MAX, Bad, Optional, Unsupported, coded, decimal, flag, hexed, integer, key, list_of, need, null_or, \
    one_of, parse, patterned, plain_name, ranged, session_id, shape, spelled, status, std64, text, true, uri, url64
from record import commitment, disclosure, CLOSE_WORDS, value_form, EVIDENCE, FORMAT, FORMAT_NAME, INHERITED, KNOWN_FACTS, OUTCOME
from story import INCOMPLETE, NOTES

TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://attesh.dev/shell-session/v0.1"
SUBJECTS_MAX = 1024
PRODUCTS_MAX = 1000
MATERIALS = "https://attesh.dev/fact/materials/v1"
PRODUCTS = "https://attesh.dev/fact/products/v1"
COMMANDS_MAX = 10000
COMMANDS_BYTES_MAX = 8388608
PARTICULARS_MAX = 10000
WORDS_MAX = 10000
TEXTS_MAX = 64
ALL_WORDS_MAX = 100000
FACT_PARTS_MAX = 100000
TEXT_BYTES_MAX = COMMANDS_BYTES_MAX
PARTICULARS_BYTES_MAX = 4194304
# By how much the clock may go back from one record to the next without a step.
CLOCK_STEP_NS = 100_000_000
# How far ahead a seal may be, in seconds.
AHEAD_MAX_S = 300
# How texts that are left out are committed to, and how many there can be.
ALGORITHM = "attesh field v1"
COMMITMENTS_MAX = 200000
MAX_DISCLOSURES_BYTES = 67108864
# The extensions that are known here.
KNOWN_EXTENSIONS = ()


def head(value):
    spelling = text(value)
    parts = value.split(":")
    need(len(parts) == 3, "not a head")
    session_id(parts[0])
    decimal(parts[1])
    hexed(32)(parts[2])
    return spelling


stamp = patterned(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", "a time in UTC")


def time(value):
    spelling = stamp(value)
    try:
        datetime.datetime.strptime(value[:19], "%Y-%m-%dT%H:%M:%S")
    except ValueError:
        raise Bad("a time that there is not") from None
    need(value[17:19] < "60", "a leap second")
    need(value[:4] != "9999", "a year that is too late")
    return spelling


def base64_text(value):
    std64(value)
    return text(value)


def members(table):
    return shape(table, newer=True)


def bounded(form, bytes_max):
    """A list of so many bytes at most, as it is spelled without its brackets."""

    def check(value):
        spelling = form(value)
        need(len(spelling) - 2 <= bytes_max, "more bytes than have room")
        return spelling

    return check


def plans(value):
    spelling = particulars(PLAN)(value)
    units = sum(len(one["units"] or []) for one in value)
    words = sum(len(one["interpreter"][name] or []) for one in value for name in ("options", "arguments"))
    need(units <= COMMANDS_MAX and words <= ALL_WORDS_MAX, "more units or words of plans than have room")
    return spelling


def facts(value):
    spelling = particulars(FACT)(value)
    parts = sum(len(one["data"]) + len(one.get("attached", [])) for one in value)
    need(parts <= FACT_PARTS_MAX, "more texts and files of facts than have room")
    return spelling


def extensions(value):
    spelling = in_order(uri, text)(value)
    need(len(value) <= WORDS_MAX, "too many")
    return spelling


def in_order(name_form, form):
    """An object whose members stand in the order of their names."""

    def check(value):
        need(isinstance(value, dict) and not value.twice, "not an object")
        for name in value:
            name_form(name)
        return spelled((name, form(value[name])) for name in sorted(value))

    return check


def uris_in_order(value):
    spelling = list_of(uri, WORDS_MAX)(value)
    need(value == sorted(set(value)), "not in order, each once")
    return spelling


def particulars(table):
    return list_of(members(table), PARTICULARS_MAX)


# The forms of a text that is there.
TEXTS = ("command", "commandBase64", "commandShown", "commandShownBase64")
# How a line of the transcript names a commitment.
COMMITTED = ("commandCommitment", "commandShownCommitment")
SHA256 = hexed(32)
DIGEST = members({"sha256": SHA256})
COMMAND = {
    "seq": integer, "shell": integer, "command": Optional(text), "commandBase64": Optional(base64_text),
    "commandShown": Optional(text), "commandShownBase64": Optional(base64_text),
    "redacted": Optional(true), "withheld": Optional(true), "exitCode": null_or(status), "stale": Optional(true),
    "pipeStatus": Optional(list_of(status)), "signal": Optional(ranged(1, 64)), "startedAt": time,
    "durationMs": null_or(integer), "workdir": Optional(text), "outcome": Optional(OUTCOME),
    "unit": null_or(ranged(1, INTEGER_MAX))}
UNIT = {"line": integer, "lastLine": integer, "command": Optional(text), "commandBase64": Optional(base64_text),
        "commandShown": Optional(text), "commandShownBase64": Optional(base64_text),
        "redacted": Optional(true), "withheld": Optional(true)}
INTERPRETER = {
    "path": null_or(text), "sha256": null_or(SHA256), "version": null_or(text), "options": null_or(list_of(text, WORDS_MAX)),
    "arguments": null_or(list_of(text, WORDS_MAX)), "workdir": null_or(text), "inherited": list_of(INHERITED)}
PLAN = {
    "shell": integer, "close": null_or(integer), "before": integer,
    "evidence": EVIDENCE, "name": null_or(text), "sha256": null_or(SHA256),
    "units": null_or(list_of(members(UNIT))), "unitCount": Optional(integer), "unchanged": flag,
    "interpreter": members(INTERPRETER)}
SHELL = {
    "id": integer, "program": text, "version": text, "hook": text, "closed": null_or(CLOSE_WORDS),
    "exitCode": null_or(status)}
ATTACHED = {"name": plain_name, "size": integer, "sha256": SHA256, "mediaType": text}
FACT = {
    "record": integer, "type": uri, "at": one_of("start", "stop", "command"), "shell": Optional(integer),
    "n": Optional(integer), "ok": flag, "must": Optional(true), "data": in_order(text, null_or(text)),
    "attached": Optional(list_of(members(ATTACHED)), [])}
SESSION = {
    "id": session_id, "name": null_or(text), "openedAt": time, "closedAt": time, "shells": particulars(SHELL),
    "host": null_or(text), "user": null_or(text), "previous": null_or(head)}
COUNTS = dict.fromkeys(("commandCount", "failedCount", "unobservedCount", "lostCount", "withheldCount",
                        "redactedCount", "pauseCount"), integer)
OUTCOME_OF_IT = {
    **COUNTS, "pausedCommandCount": null_or(integer), "anomalyCount": integer, "factCount": integer,
    "allSucceeded": flag, "exitCode": null_or(status), "end": one_of("COMPLETE", "INCOMPLETE")}
FINDING = {"record": integer, "code": one_of(*INCOMPLETE, *NOTES), "incomplete": flag, "text": text}
COMMITMENT = {"at": text, "commitment": key}
DISCLOSURES = {
    "algorithm": one_of(ALGORITHM), "count": integer, "commitments": list_of(members(COMMITMENT), COMMITMENTS_MAX)}
PREDICATE = {
    "recorder": members({"id": uri, "version": text, "digest": null_or(DIGEST)}),
    "session": members(SESSION),
    "journal": members({"format": text, "size": ranged(1, INTEGER_MAX), "rootHash": SHA256, "genesisHash": SHA256,
                      "headTag": SHA256, "continuity": text}),
    "heads": particulars({"size": integer, "rootHash": SHA256}),
    "outcome": members(OUTCOME_OF_IT),
    "commands": Optional(bounded(list_of(members(COMMAND), COMMANDS_MAX), COMMANDS_BYTES_MAX)),
    "plans": bounded(plans, COMMANDS_BYTES_MAX),
    "anomalies": bounded(particulars(FINDING), PARTICULARS_BYTES_MAX),
    "clock": members({"assurance": text, "bootId": null_or(text), "timeNamespace": null_or(text),
                    "stepCount": integer}),
    "transcript": members({"sha256": SHA256, "lines": integer, "bytes": integer}),
    "facts": facts,
    "disclosures": Optional(members(DISCLOSURES)),
    "origin": members({"status": one_of("none", "not-checked", "authenticated"), "id": null_or(hexed(8))}),
    "sealedAt": time,
    "unrecordedTailMs": integer,
    "extensions": Optional(extensions, {}),
    "mustUnderstand": Optional(uris_in_order, []),
}
STATEMENT = members({
    "_type": one_of(TYPE), "subject": list_of(members({"name": text, "digest": DIGEST}), SUBJECTS_MAX),
    "predicateType": one_of(PREDICATE_TYPE), "predicate": members(PREDICATE)})


def one_text(item, names):
    given = [name for name in names if name in item]
    need(len(given) == 1, "not exactly one form of a text")
    if given[0].endswith("Base64"):
        try:
            std64(item[given[0]]).decode("utf-8")
        except UnicodeDecodeError:
            return given[0]
        raise Bad("UTF-8 as base64")
    return given[0]


def line_of(command, committed=None):
    """A command as the transcript has it: RFC 8785, so the members in the order of their names. In the
    place of a text that is left out stands its commitment."""
    if committed:
        command = {committed[0]: committed[1], "exitCode": command["exitCode"]}
        return line_of(command)
    name = one_text(command, TEXTS + ("redacted", "withheld") + COMMITTED)
    if name in COMMITTED:
        key(command[name])
    code = command["exitCode"]
    told = b"true" if command[name] is True else text(command[name])
    members = {name: told, "exitCode": b"null" if code is None else status(code)}
    return spelled(sorted(members.items())) + b"\n"


def check(body):
    """The payload of an envelope, checked."""
    statement = parse(body)
    need(isinstance(statement, dict), "not an object")
    for name, known in (("_type", TYPE), ("predicateType", PREDICATE_TYPE)):
        need(name in statement and name not in statement.twice, f"{name} is not there once")
        text(statement[name])
        if statement[name] != known:
            raise Unsupported(f"the type {statement[name]}", "statement.type")
    texts = re.findall(rb'"((?:[^"\\]|\\.)*)"', body)
    need(all(len(one) <= TEXT_BYTES_MAX for one in texts), "a text that is longer than any")
    need(STATEMENT(statement) == body, "another spelling")
    predicate = statement["predicate"]
    for command in predicate.get("commands", []):
        one_text(command, TEXTS + ("redacted", "withheld"))
    for plan in predicate["plans"]:
        need(plan["units"] is None or "unitCount" not in plan, "a number of units beside them")
        for unit in plan["units"] or []:
            one_text(unit, TEXTS + ("redacted",))
            need(1 <= unit["line"] <= unit["lastLine"], "the lines of a unit")
    left_out_agree(predicate)
    must = predicate.get("mustUnderstand", [])
    need(all(one in predicate.get("extensions", {}) for one in must), "an extension that is not there")
    for one in must:
        if one not in KNOWN_EXTENSIONS:
            raise Unsupported(f"the extension {one}", "statement.must")
    agree(statement)
    for fact in predicate["facts"]:
        if "must" in fact and fact["type"] not in KNOWN_FACTS:
            raise Unsupported(f"a fact of the type {fact['type']}", "fact.unknown")
    return statement


# ── texts that are left out ───────────────────────────────────────────────────

N = "(0|[1-9][0-9]*)"
MEMBERS_OF = (
    (re.compile("/session/(?P<name>(host|user)(Shown)?)"), ("host", "user")),
    (re.compile(f"/commands/{N}/(?P<name>(command|workdir)(Shown)?)"), ("command", "workdir")),
    (re.compile(f"/plans/{N}/(?P<name>name(Shown)?)"), ("name",)),
    (re.compile(f"/plans/{N}/units/{N}/(?P<name>command(Shown)?)"), ("command",)),
    (re.compile(f"/plans/{N}/interpreter/(?P<name>(path|options|arguments|workdir)(Shown)?)"),
     ("path", "options", "arguments", "workdir")),
    (re.compile(f"/plans/{N}/(?P<name>sha256)"), ("sha256",)),
    (re.compile(f"/facts/{N}/data/(?P<name>[^/]*)"), ()),
)


def place(at):
    """Where the text of a pointer stands: numbers in the order of the texts; and its name."""
    for number, (pattern, names) in enumerate(MEMBERS_OF):
        found = pattern.fullmatch(at)
        if found:
            name = found["name"]
            base = name.removesuffix("Shown") if names else name
            where = [int(one) for one in re.findall(r"/([0-9]+)(?=/)", at[:len(at) - len(name)])]
            member = names.index(base) if names else 0
            section = (0, 1, 2, 2, 2, 2, 3)[number]
            return (section, where[0] if where else 0, number, member if number != 3 else where[1], base), name
    raise Bad("no pointer to a text")


def is_left_out(predicate, at, name):
    """Whether there is such a text, and it is not told."""
    parts = at.split("/")[1:-1]
    base = name.removesuffix("Shown")
    item = predicate
    for part in parts:
        try:
            item = item[int(part)] if isinstance(item, list) else item[part]
        except (KeyError, IndexError):
            return False
        if item is None:
            return False
    if parts[0] == "facts":
        return name in item and item[name] is None and name + "Shown" not in item
    if base == "command":
        return "redacted" in item
    return item.get(base) is None


def left_out_agree(predicate):
    """Each unit that is left out has a commitment, and each commitment is to a text that is left out."""
    units = sum("redacted" in unit for plan in predicate["plans"] for unit in plan["units"] or [])
    if "disclosures" not in predicate:
        return need(not units, "a unit that was redacted")
    told = predicate["disclosures"]
    need(told["count"] == len(told["commitments"]), "disclosures.count")
    need("commands" in predicate, "commitments and no commands")
    last = None
    for one in told["commitments"]:
        order, name = place(one["at"])
        need(is_left_out(predicate, one["at"], name), "a commitment to a text that is told, or is none")
        need(last is None or last < order, "the order of the commitments")
        last, units = order, units - one["at"].startswith("/plans/") * ("/units/" in one["at"])
    need(units == 0, "a unit that is left out and not committed to")


def committed_commands(predicate):
    """The commitment to each command's text that is left out, under its name, by the place of the command."""
    found = {}
    for one in predicate.get("disclosures", {"commitments": []})["commitments"]:
        parts = one["at"].split("/")
        if parts[1] == "commands" and parts[3].startswith("command"):
            found[int(parts[2])] = (parts[3] + "Commitment", one["commitment"])
    return found


def spelled_pair(pair):
    _, value = disclosure(pair)
    return b"[" + text(pair[0]) + b"," + value_form(value) + b"]"


def check_disclosures(raw, statement):
    """Each line opens its commitment, and they stand in order; how many there are."""
    need(len(raw) <= MAX_DISCLOSURES_BYTES, "longer than disclosures may be", "disclosures.line")
    committed = statement["predicate"].get("disclosures", {"commitments": []})["commitments"]
    places = {one["at"]: (at, one["commitment"]) for at, one in enumerate(committed)}
    need(raw == b"" or raw.endswith(b"\n"), "a torn line", "disclosures.line")
    last = -1
    for line in raw.split(b"\n")[:-1]:
        with coded("disclosures.line"):
            item = parse(line)
            need(shape({"at": text, "text": spelled_pair})(item) == line, "another spelling")
        need(item["at"] in places, "no commitment there", "disclosures.commitment")
        at, due = places[item["at"]]
        salt, value = disclosure(item["text"])
        opens = commitment(item["at"].split("/")[-1], salt, value) == url64(due, 32)
        need(opens, "another text than was committed to", "disclosures.commitment")
        need(last < at, "a line twice, or out of order", "disclosures.line")
        last = at
    return len(raw.split(b"\n")) - 1


# ── what is said twice ────────────────────────────────────────────────────────


def agree(statement):
    """What is said twice agrees, and what can have one value only has it."""
    predicate = statement["predicate"]
    outcome = predicate["outcome"]
    journal_format = predicate["journal"]["format"]
    if journal_format.startswith(FORMAT_NAME) and journal_format != FORMAT:
        raise Unsupported(f"the format {journal_format}")
    need(journal_format == FORMAT, "journal.format")
    need(predicate["journal"]["continuity"] == "UNBROKEN", "journal.continuity")
    need(predicate["clock"]["assurance"] == "SELF_REPORTED", "clock.assurance")
    subjects_agree(statement)
    products_agree(statement)
    heads_agree(predicate)
    times_agree(predicate)
    need(predicate["transcript"]["lines"] == outcome["commandCount"], "the lines of the transcript")
    for one in predicate["anomalies"]:
        need(one["incomplete"] == (one["code"] in INCOMPLETE), "what a finding weighs")
    if outcome["end"] == "COMPLETE":
        whole = outcome["lostCount"] == 0 and not any(one["incomplete"] for one in predicate["anomalies"])
        need(whole, "COMPLETE although it is not")
    else:
        need(any(one["incomplete"] for one in predicate["anomalies"]), "INCOMPLETE and no finding says why")
    counts_agree(predicate)
    if "commands" in predicate:
        commands_agree(predicate["commands"], predicate)


def subjects_agree(statement):
    predicate = statement["predicate"]
    subjects = {subject["name"]: subject["digest"]["sha256"] for subject in statement["subject"]}
    need(len(subjects) == len(statement["subject"]), "a subject twice")
    need(subjects.get("session") == predicate["journal"]["rootHash"], "the subject session")
    need(subjects.get("session.transcript") == predicate["transcript"]["sha256"], "the subject session.transcript")
    # A script without bytes could not be read.
    scripts = [(plan["name"], plan["sha256"]) for plan in predicate["plans"]
               if plan["name"] is not None and plan["sha256"] not in (None, hashlib.sha256().hexdigest())]
    files = [(one["name"], one["sha256"]) for fact in predicate["facts"] for one in fact.get("attached", [])]
    due = [*numbered("script:", scripts), *numbered("attached:", files)]
    others = [name for name in subjects if not name.startswith(("script:", "attached:"))]
    for prefix in ("script:", "attached:"):
        found = [one for one in subjects.items() if one[0].startswith(prefix)]
        must = [one for one in due[:SUBJECTS_MAX - len(others)] if one[0].startswith(prefix)]
        need(found == must, f"the subjects {prefix}")


def products_agree(statement):
    """The products that were recorded are the first subjects, or no subject is a file."""
    predicate, subjects = statement["predicate"], statement["subject"]
    first = min((shell["id"] for shell in predicate["session"]["shells"]), default=1 << 64)
    facts = predicate["facts"]
    materials = [one for one in facts if one["type"] == MATERIALS and one["at"] == "start" and one["record"] < first]
    products = [one for one in facts if one["type"] == PRODUCTS and one["at"] == "stop"]
    if not materials or not products or not products[-1]["ok"]:
        return
    data = products[-1]["data"]
    count = data.get("files") or ""
    if not re.fullmatch(r"\+?[0-9]+", count) or not 1 <= int(count) <= PRODUCTS_MAX:
        return
    listed = subjects[:int(count)]
    sums = "".join(f"{one['digest']['sha256']}  {one['name']}\n" for one in listed)
    if len(listed) == int(count) and hashlib.sha256(sums.encode()).hexdigest() == data.get("sums"):
        return
    own = ("session", "session.transcript")
    files = [one for one in subjects if one["name"] not in own and not one["name"].startswith(("script:", "attached:"))]
    need(not files, "the subjects of files")


def numbered(prefix, files):
    """Name and digest of each file: a second one of the same name has #2 behind it."""
    due = {}
    for name, digest in files:
        named, at = prefix + name, 1
        while due.get(named, digest) != digest:
            at += 1
            named = f"{prefix}{name}#{at}"
        due[named] = digest
    return due.items()


def heads_agree(predicate):
    journal, heads = predicate["journal"], predicate["heads"]
    ends = [(head["size"], head["rootHash"]) for head in (heads[:1] + heads[-1:])]
    due = [(1, journal["genesisHash"]), (journal["size"], journal["rootHash"])]
    need(ends == due, "the first or the last head")
    need(all(one["size"] < more["size"] for one, more in zip(heads, heads[1:])), "heads that do not grow")


def nanoseconds(value):
    """A time as nanoseconds since 1970."""
    whole, _, fraction = value.removesuffix("Z").partition(".")
    since = datetime.datetime.fromisoformat(whole) - datetime.datetime(1970, 1, 1)
    return (since.days * 86400 + since.seconds) * 10**9 + int(fraction.ljust(9, "0"))


def times_agree(predicate):
    session = predicate["session"]
    opened, closed, sealed = map(nanoseconds, (session["openedAt"], session["closedAt"], predicate["sealedAt"]))
    need(sealed >= closed, "sealed before it closed")
    need(predicate["unrecordedTailMs"] == (sealed - closed) // 10**6, "unrecordedTailMs")
    if predicate["clock"]["stepCount"]:
        return
    slack = CLOCK_STEP_NS * predicate["journal"]["size"]
    need(closed + slack >= opened, "closed before it opened")
    for command in predicate.get("commands", []):
        started, ran = nanoseconds(command["startedAt"]), (command["durationMs"] or 0) * 10**6
        need(started + slack >= opened, f"command {command['seq']} began before the session")
        need(started + ran <= closed + slack + ran // 500, f"command {command['seq']} ended after the session")


def counts_agree(predicate):
    outcome = predicate["outcome"]
    size, commands = predicate["journal"]["size"], outcome["commandCount"]
    need(outcome["failedCount"] + outcome["unobservedCount"] <= commands, "more ended than began")
    need(outcome["withheldCount"] <= commands, "outcome.withheldCount")
    for name in ("commandCount", "pauseCount", "factCount", "anomalyCount"):
        need(outcome[name] <= size, f"outcome.{name} and journal.size")
    need(outcome["redactedCount"] <= size * TEXTS_MAX, "outcome.redactedCount and journal.size")
    need(len(predicate["facts"]) <= outcome["factCount"], "more facts than outcome.factCount")
    about = [one["record"] for name in ("anomalies", "facts") for one in predicate[name]]
    about += [shell["id"] for shell in predicate["session"]["shells"]]
    for plan in predicate["plans"]:
        about += [plan["shell"]] + ([] if plan["close"] is None else [plan["close"]])
    need(all(record < size for record in about), "something stands beyond the journal")
    need(outcome["pauseCount"] or outcome["pausedCommandCount"] == 0, "commands of no pause")
    succeeded = outcome["failedCount"] == 0 and outcome["unobservedCount"] == 0
    need(outcome["allSucceeded"] == succeeded, "outcome.allSucceeded")
    if outcome["failedCount"]:
        need(outcome["exitCode"], "outcome.exitCode")
    else:
        need(outcome["exitCode"] == (0 if succeeded else None), "outcome.exitCode")


def commands_agree(commands, predicate):
    outcome = predicate["outcome"]
    for at, command in enumerate(commands):
        need(command["seq"] == at + 1, f"command {at + 1} calls itself {command['seq']}")
        code = command["exitCode"]
        died = code is not None and 129 <= code <= 192
        need(command.get("signal") == (code - 128 if died else None), f"the signal of command {at + 1}")
        unseen = "outcome" in command or command.get("stale")
        need(not unseen or code is None, f"the outcome of command {at + 1}")
    need(outcome["withheldCount"] <= sum("withheld" in command for command in commands), "outcome.withheldCount")
    committed = committed_commands(predicate)
    redacted = sum("redacted" in command for at, command in enumerate(commands) if at not in committed)
    need(redacted <= outcome["redactedCount"], "outcome.redactedCount")
    codes = [command["exitCode"] for command in commands]
    failed = [code for code in codes if code not in (0, None)]
    counts = {"commandCount": len(codes), "failedCount": len(failed), "unobservedCount": codes.count(None)}
    need(all(outcome[name] == count for name, count in counts.items()), "outcome counts other commands")
    need(not failed or outcome["exitCode"] == failed[0], "outcome.exitCode")
    transcript = b"".join(line_of(command, committed.get(at)) for at, command in enumerate(commands))
    told = predicate["transcript"]
    need((hashlib.sha256(transcript).hexdigest(), len(transcript)) == (told["sha256"], told["bytes"]),
         "the commands are not those of the transcript")


# ── what lies beside it ───────────────────────────────────────────────────────


def check_transcript(raw, statement):
    """It is the one of this Statement, and each line has the form of one."""
    told = statement["predicate"]["transcript"]
    need(hashlib.sha256(raw).hexdigest() == told["sha256"], "the transcript's digest")
    need(raw == b"" or raw.endswith(b"\n"), "a torn transcript")
    lines = raw.split(b"\n")[:-1]
    need(len(lines) == told["lines"], "the number of lines")
    for at, line in enumerate(lines):
        item = parse(line)
        need(isinstance(item, dict) and "exitCode" in item and len(item) == 2, f"line {at + 1} of the transcript")
        need(line_of(item) == line + b"\n", f"the spelling of line {at + 1} of the transcript")


def check_journal(statement, result):
    """What the Statement says of its journal is what came of it. A text may have been taken
    out since, so that what is redacted is not compared."""
    predicate, story = statement["predicate"], result.story
    said, outcome = predicate["journal"], predicate["outcome"]
    found = (result.size, result.root.hex(), result.roots[1].hex(), result.tag.hex())
    need((said["size"], said["rootHash"], said["genesisHash"], said["headTag"]) == found, "another journal")
    heads = sorted({**result.roots, result.size: result.root}.items())
    if len(heads) <= PARTICULARS_MAX:
        need([(one["size"], one["rootHash"]) for one in predicate["heads"]] == [
            (size, root.hex()) for size, root in heads], "other heads")
    counts = {**story.count, "lost": story.lost_count, "pausedCommand": story.paused_count}
    for name in ("command", "failed", "unobserved", "lost", "withheld", "pause", "pausedCommand", "anomaly", "fact"):
        told = counts[name] if counts[name] is None else min(counts[name], INTEGER_MAX)
        need(outcome[name + "Count"] == told, f"outcome.{name}Count is not that of the journal")
    need(predicate["clock"]["stepCount"] == counts["steps"], "clock.stepCount is not that of the journal")
    complete = story.ended and not story.incomplete
    need((outcome["end"] == "COMPLETE") == complete, "outcome.end is not that of the journal")
    listed = [(one["record"], one["code"]) for one in predicate["anomalies"] if one["code"] != "more"]
    need(listed == story.findings[:len(listed)], "other findings")
    need(len(listed) < len(predicate["anomalies"]) or len(listed) == len(story.findings), "findings left out")
