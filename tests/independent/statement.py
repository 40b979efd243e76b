"""The Statement and the transcript, as attesh-seal(5) has them: shape, spelling, and what is
said twice. Shares no code with attesh."""

import datetime
import hashlib
import json
import re

from form import Bad, decimal, fields, flag, hexed, need, null_or, number, one_of, parse, session_id, std64, \
    string, text

TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://attesh.dev/shell-session/v0.1"
SUBJECTS_MAX = 1000
COMMANDS_MAX = 10000
INTEGER_MAX = 2 ** 53 - 1


def integer(value):
    number(value)
    need(0 <= value <= INTEGER_MAX, "not an integer of 0 to 2^53 - 1")


def positive(value):
    integer(value)
    need(value > 0, "0")


def status(value):
    integer(value)
    need(value <= 255, "a status above 255")


def head(value):
    text(value)
    parts = value.split(":")
    need(len(parts) == 3, "not a head")
    session_id(parts[0])
    decimal(parts[1])
    hexed(32)(parts[2])


def signed(value):
    need(type(value) is int and abs(value) <= INTEGER_MAX, "not an integer below 2^53")


def time(value):
    text(value)
    need(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value, re.ASCII), "not a time in UTC")
    try:
        datetime.datetime.strptime(value[:19], "%Y-%m-%dT%H:%M:%S")
    except ValueError:
        raise Bad("a time that there is not") from None
    need(value[17:19] < "60", "a leap second")


def true(value):
    need(value is True, "not true")


def list_of(check, most=None):
    def each(value):
        need(isinstance(value, list), "not a list")
        need(most is None or len(value) <= most, "too many")
        for item in value:
            check(item)

    return each


def shape(table):
    """An object with these members, in the order that the page's tables have."""
    order = [member.rstrip("?") for member in table]

    def check(value):
        fields(value, table)
        places = [order.index(member) for member in value]
        need(places == sorted(places), f"another order than {', '.join(order)}")

    return check


TEXTS = {"command?": text, "commandBase64?": std64, "redacted?": true, "withheld?": true}
COMMAND = {"seq": integer, "shell": integer, **TEXTS, "exitCode": null_or(status), "pipeStatus?": list_of(status),
           "signal?": integer, "startedAt": time, "durationMs": null_or(integer), "workdir?": text,
           "outcome?": one_of("sealing", "stopping", "replaced", "passed"), "planned?": true, "late?": true}
UNIT = {"line": integer, "lastLine": integer, "command?": text, "commandBase64?": std64}
PLAN = {"shell": integer, "recordedAt": one_of("start", "exit"), "name": null_or(text),
        "sha256": null_or(hexed(32)), "units": null_or(list_of(shape(UNIT))), "unchanged": flag}
SHELL = {"id": integer, "program": one_of("bash", "zsh", "fish", "sh"), "version": text, "hook": text,
         "closed": null_or(one_of("exit", "eof", "signal", "replaced", "moved", "sealed", "stopped", "unknown")),
         "exitCode": null_or(status)}
DIGEST = shape({"sha256": hexed(32)})
PREDICATE = {
    "recorder": shape({"id": text, "version": text, "digest": DIGEST}),
    "session": shape({"id": session_id, "name": null_or(text), "openedAt": time, "closedAt": time,
                      "shells": list_of(shape(SHELL)), "host": null_or(text), "user": null_or(text),
                      "previous": null_or(head)}),
    "journal": shape({"format": text, "size": positive, "rootHash": hexed(32), "genesisHash": hexed(32),
                      "headTag": hexed(32), "continuity": text}),
    "outcome": shape({"commandCount": integer, "failedCount": integer, "unobservedCount": integer,
                      "lostCount": integer, "withheldCount": integer, "redactedCount": integer,
                      "pauseCount": integer, "pausedCommandCount": null_or(integer), "anomalyCount": integer,
                      "allSucceeded": flag, "exitCode": null_or(status), "end": text}),
    "commands?": list_of(shape(COMMAND), COMMANDS_MAX),
    "plans": list_of(shape(PLAN)),
    "anomalies": list_of(shape({"record": integer, "code": text, "incomplete": flag, "text": text})),
    "clock": shape({"assurance": text, "bootId": text, "timeNamespace": text, "stepCount": integer}),
    "transcript": shape({"sha256": hexed(32), "lines": integer, "bytes": integer}),
    "collected": list_of(shape({"type": text, "at": one_of("start", "stop"), "ok": flag,
                                "data": null_or(text)})),
    "origin": shape({"status": one_of("none", "not-checked", "authenticated"), "id": null_or(hexed(8))}),
    "sealedAt": time,
    "unrecordedTailMs": signed,
}
STATEMENT = {"_type": one_of(TYPE), "subject": list_of(shape({"name": text, "digest": DIGEST}), SUBJECTS_MAX),
             "predicateType": one_of(PREDICATE_TYPE), "predicate": shape(PREDICATE)}


def spelled(value):
    """JSON without white space, in the order it has, with no escape that is not needed."""
    if isinstance(value, str):
        return string(value)
    if isinstance(value, dict):
        return b"{" + b",".join(string(name) + b":" + spelled(item) for name, item in value.items()) + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(map(spelled, value)) + b"]"
    return json.dumps(value).encode()


def one_text(item, names):
    given = [name for name in names if name in item]
    need(len(given) == 1, "not exactly one form of a text")
    if given == ["commandBase64"]:
        try:
            std64(item["commandBase64"]).decode("utf-8")
        except UnicodeDecodeError:
            return given[0]
        raise Bad("UTF-8 as base64")
    return given[0]


def line_of(command):
    """A command as the transcript has it: RFC 8785, so the members in the order of their names."""
    name = one_text(command, ("command", "commandBase64", "redacted", "withheld"))
    members = {name: command[name], "exitCode": command["exitCode"]}
    return spelled(dict(sorted(members.items()))) + b"\n"


def commands_agree(commands, predicate):
    outcome = predicate["outcome"]
    for at, command in enumerate(commands):
        need(command["seq"] == at + 1, f"command {at + 1} calls itself {command['seq']}")
        code = command["exitCode"]
        died = code is not None and 129 <= code <= 192
        need(command.get("signal") == (code - 128 if died else None), f"the signal of command {at + 1}")
        need("outcome" not in command or code is None, f"the outcome of command {at + 1}")
    need(outcome["withheldCount"] <= sum("withheld" in command for command in commands), "outcome.withheldCount")
    need(sum("redacted" in command for command in commands) <= outcome["redactedCount"], "outcome.redactedCount")
    codes = [command["exitCode"] for command in commands]
    counts = {"commandCount": len(codes), "failedCount": sum(code not in (0, None) for code in codes),
              "unobservedCount": codes.count(None)}
    need(all(outcome[name] == count for name, count in counts.items()), "outcome counts other commands")
    transcript = b"".join(map(line_of, commands))
    told = predicate["transcript"]
    need((hashlib.sha256(transcript).hexdigest(), len(transcript)) == (told["sha256"], told["bytes"]),
         "the commands are not those of the transcript")


def agree(statement):
    """What is said twice agrees, and what can have one value only has it."""
    predicate = statement["predicate"]
    outcome = predicate["outcome"]
    need(predicate["recorder"]["id"] == "https://attesh.dev/recorder", "recorder.id")
    need(predicate["journal"]["format"] == "attesh-journal/1", "journal.format")
    need(predicate["journal"]["continuity"] == "UNBROKEN", "journal.continuity")
    need(predicate["clock"]["assurance"] == "SELF_REPORTED", "clock.assurance")
    need(outcome["end"] in ("COMPLETE", "INCOMPLETE"), "outcome.end")
    subjects = {subject["name"]: subject["digest"]["sha256"] for subject in statement["subject"]}
    need(len(subjects) == len(statement["subject"]), "a subject twice")
    need(subjects.get("session") == predicate["journal"]["rootHash"], "the subject session")
    need(subjects.get("session.transcript") == predicate["transcript"]["sha256"], "the subject session.transcript")
    need(predicate["transcript"]["lines"] == outcome["commandCount"], "the lines of the transcript")
    if outcome["end"] == "COMPLETE":
        whole = outcome["lostCount"] == 0 and not any(one["incomplete"] for one in predicate["anomalies"])
        need(whole, "COMPLETE although it is not")
    size, commands = predicate["journal"]["size"], outcome["commandCount"]
    need(outcome["failedCount"] + outcome["unobservedCount"] <= commands, "more ended than began")
    need(outcome["withheldCount"] <= commands, "outcome.withheldCount")
    for name in ("commandCount", "redactedCount", "pauseCount", "anomalyCount"):
        need(outcome[name] <= size, f"outcome.{name} and journal.size")
    need(all(one["record"] < size for one in predicate["anomalies"]), "a finding beyond the journal")
    need(outcome["pauseCount"] or outcome["pausedCommandCount"] == 0, "commands of no pause")
    succeeded = outcome["failedCount"] == 0 and outcome["unobservedCount"] == 0
    need(outcome["allSucceeded"] == succeeded, "outcome.allSucceeded")
    if outcome["failedCount"]:
        need(outcome["exitCode"], "outcome.exitCode")
    else:
        need(outcome["exitCode"] == (0 if succeeded else None), "outcome.exitCode")
    if "commands" in predicate:
        commands_agree(predicate["commands"], predicate)
        failed = [one["exitCode"] for one in predicate["commands"] if one["exitCode"] not in (0, None)]
        need(not failed or outcome["exitCode"] == failed[0], "outcome.exitCode")
    for plan in predicate["plans"]:
        for unit in plan["units"] or []:
            one_text(unit, ("command", "commandBase64"))
            need(1 <= unit["line"] <= unit["lastLine"], "the lines of a unit")


def check(body):
    """The payload of an envelope, checked."""
    statement = parse(body, least=-INTEGER_MAX)
    shape(STATEMENT)(statement)
    need(spelled(statement) == body, "another spelling")
    agree(statement)
    return statement


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
