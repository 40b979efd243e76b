"""The journal: tree, signatures, tags, and the order of the checks, as attesh-journal(5) has
them. Shares no code with attesh.

At level 1 the tags are left out: SHA-256 and Ed25519 are all that is needed then.
"""

import hashlib
import uuid

import nacl.exceptions
import nacl.signing

import record
from form import Bad, Unsupported, coded, need, url64
from story import Story

LINE_MAX = 2097152


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def derive(context, *parts):
    import blake3

    return blake3.blake3(b"".join(parts), derive_key_context=f"attesh 2026-11-22 v1 {context}").digest()


def keyed_hash(key, data):
    import blake3

    return blake3.blake3(data, key=key).digest()


class Tree:
    """RFC 6962, by its recursive definition over stored subtree roots."""

    def __init__(self):
        self.stack = []
        self.size = 0

    def add(self, core):
        node, height = sha(b"\0", core), 0
        while self.stack and self.stack[-1][1] == height:
            node, height = sha(b"\1", self.stack.pop()[0], node), height + 1
        self.stack.append((node, height))
        self.size += 1

    def root(self):
        nodes = [node for node, _ in self.stack]
        root = nodes.pop()
        while nodes:
            root = sha(b"\1", nodes.pop(), root)
        return root


# As the page lists them: points of small order, and what is read as one.
SMALL_ORDER = set(map(bytes.fromhex, """
    0100000000000000000000000000000000000000000000000000000000000000
    0100000000000000000000000000000000000000000000000000000000000080
    ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f
    ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff
    0000000000000000000000000000000000000000000000000000000000000000
    0000000000000000000000000000000000000000000000000000000000000080
    edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f
    edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff
    eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f
    eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff
    26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05
    26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85
    c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a
    c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa
""".split()))


def signature_holds(public, message, signature):
    if public in SMALL_ORDER or signature[:32] in SMALL_ORDER:
        return False
    try:
        nacl.signing.VerifyKey(public).verify(message, signature)
        return True
    except (nacl.exceptions.BadSignatureError, ValueError):
        return False


class Result:
    def __init__(self):
        self.verdict, self.record, self.size, self.root = "", None, 0, None
        # The code of what is rejected or unsupported, else those of the findings in order.
        self.code, self.why = "", ""
        # The roots after genesis, each plan, and each shell's open and close.
        self.roots, self.tag, self.foreign, self.story = {}, b"", False, None


class Journal:
    def __init__(self, secret=None, level=2):
        self.secret, self.level = secret, level
        self.tree, self.story, self.result = Tree(), Story(), Result()
        self.next_key = self.chain = None
        self.session = b""

    def check(self, raw):
        lines = raw.split(b"\n")
        torn = lines.pop()
        result = self.result
        result.story = self.story
        try:
            for line in lines:
                self.line(line + b"\n")
            need(len(torn) <= LINE_MAX, "the line is too long", "line.length")
            need(not (torn and self.story.ended), "bytes after the end", "journal.after-end")
            need(result.size > 0, "no complete genesis", "journal.empty")
            result.verdict = self.story.conclude(result.size)
            result.code = " ".join(code for _, code in self.story.findings)
            if result.verdict == "unsupported":
                result.record, result.code = self.story.must, "fact.unknown"
        except Unsupported as bad:
            result.verdict, result.record, result.code, result.why = "unsupported", result.size, bad.code, str(bad)
        except Bad as bad:
            result.verdict, result.record, result.code, result.why = "rejected", result.size, bad.code, str(bad)
        return result

    def line(self, raw):
        index = self.tree.size
        if index == 0:
            # Nothing is checked of another version: not even how many columns it has.
            record.refuse_other_format(raw.split(b"\t")[0])
        need(len(raw) <= LINE_MAX, "the line is too long", "line.length")
        columns = raw[:-1].split(b"\t")
        need(len(columns) == 3, "not three columns", "line.columns")
        core_text, texts_text = columns[:2]
        with coded("line.auth"):
            auth = url64(columns[2].decode("latin-1"), 96)
        need(len(core_text) <= record.CORE_MAX, "the core is too long", "record.length")
        # Its own key verifies genesis, and no key what stands after the end: what such a line
        # is has to be read first.
        core = None
        if self.next_key is None:
            core = self.read(index, core_text)
            if index > 0:
                record.read_texts(texts_text)
                raise Bad("it comes after the end", "journal.after-end")
            self.next_key, self.session = url64(core["vk"], 32), uuid.UUID(core["session"]).bytes
        self.tree.add(core_text)
        root, tag = self.tree.root(), auth[64:]
        step = self.session + index.to_bytes(8, "big") + root
        holds = signature_holds(self.next_key, b"attesh step v1\n" + step + tag, auth[:64])
        need(holds, "the signature", "journal.signature")
        if index == 0:
            self.begin(core, root)
        if self.chain is not None:
            fits = keyed_hash(derive("mac", self.chain), b"attesh tag v1\n" + step) == tag
            need(fits, "the tag", "journal.tag")
            self.chain = derive("next", self.chain, root)
        core = core or self.read(index, core_text)
        self.story.take(core, record.check_texts(core, texts_text))
        self.next_key = url64(core["nk"], 32) if "nk" in core else None
        self.result.size, self.result.root, self.result.tag = index + 1, root, tag
        if self.story.heads[-1] == index + 1:
            self.result.roots[index + 1] = root

    def read(self, index, raw):
        core = record.read_core(raw)
        need(core["i"] == index, "another index", "record.index")
        need((core["kind"] == "genesis") == (index == 0), "genesis is the first and no other", "journal.genesis")
        return core

    def begin(self, genesis, root):
        """Whether the tags can be computed, and from what."""
        if self.level == 1:
            return
        secret = b""
        if self.secret is not None:
            self.result.foreign = derive("origin", self.secret)[:8].hex() != genesis["originId"]
        if genesis["originId"] is not None:
            if self.secret is None or self.result.foreign:
                return
            secret = self.secret
        self.chain = derive("chain", secret, root)


def show(name, result):
    place = "-" if result.record is None else result.record
    root = result.root.hex() if result.root else "-"
    return f"{name}\t{result.verdict}\t{place}\t{result.size}\t{root}\t{result.code}"
