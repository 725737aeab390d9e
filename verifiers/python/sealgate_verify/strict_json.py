"""The strict JSON reader (`spec/envelope.md` §3.1, §3.2). It refuses every text on which readers could disagree.

Objects become dict, lists list, strings str, numbers int, and `true`, `false`, `null` what Python calls them.
"""

import re

from .errors import Refused, demand

DEPTH = 8
NAMES = 256
INTEGER_BOUND = 1 << 53
SPACE = re.compile(r"[ \t\n\r]*")
PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,16})(?![0-9.eE])")
ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
FOUR_HEX = re.compile(r"[0-9a-fA-F]{4}")
WORDS = {"true": True, "false": False, "null": None}
INVALID = "json_invalid"


def parse(data: bytes):
    """The value that fills `data`, white space aside."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(INVALID) from None
    reader = _Reader(text)
    reader.skip_space()
    value = reader.value(1)
    reader.skip_space()
    demand(reader.at == len(text), INVALID)
    return value


def texts(data: bytes):
    """What the object or list that fills `data` holds, each value as the text that stands there; None for other values."""
    if not isinstance(parse(data), (dict, list)):
        return None
    reader = _Reader(data.decode("utf-8"))
    reader.skip_space()
    if reader.text[reader.at] == "[":
        return [reader.written() for _ in reader.items("]", 1)]
    return {reader.name(): reader.written() for _ in reader.items("}", 1)}


class _Reader:
    def __init__(self, text: str):
        self.text = text
        self.at = 0

    def value(self, depth: int):
        first = self.text[self.at : self.at + 1]
        if first == "{":
            return self.object(depth)
        if first == "[":
            return self.list(depth)
        if first == '"':
            return self.string()
        for word, meaning in WORDS.items():
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return meaning
        return self.integer()

    def object(self, depth: int) -> dict:
        members = {}
        for _ in self.items("}", depth):
            name = self.name()
            # Compared after unescaping: "a" and "\u0061" are one name.
            demand(name not in members and len(members) < NAMES, INVALID)
            members[name] = self.value(depth + 1)
        return members

    def name(self) -> str:
        """A member's name, up to its value."""
        name = self.string()
        self.skip_space()
        self.expect(":")
        self.skip_space()
        return name

    def written(self) -> bytes:
        start = self.at
        self.value(2)
        return self.text[start : self.at].encode("utf-8")

    def list(self, depth: int) -> list:
        return [self.value(depth + 1) for _ in self.items("]", depth)]

    def items(self, close: str, depth: int):
        """Stops at the beginning of each item of an object or list, and ends behind its closing bracket."""
        demand(depth <= DEPTH, INVALID)
        self.at += 1
        self.skip_space()
        first = True
        while not self.text.startswith(close, self.at):
            if not first:
                self.expect(",")
                self.skip_space()
            first = False
            yield
            self.skip_space()
        self.at += 1

    def string(self) -> str:
        self.expect('"')
        parts = []
        while True:
            plain = PLAIN.match(self.text, self.at)
            parts.append(plain.group())
            self.at = plain.end()
            if self.text.startswith('"', self.at):
                self.at += 1
                return "".join(parts)
            # A control character or the end of the text is no backslash.
            self.expect("\\")
            parts.append(self.escape())

    def escape(self) -> str:
        letter = self.text[self.at : self.at + 1]
        self.at += 1
        if letter != "u":
            demand(letter in ESCAPES, INVALID)
            return ESCAPES[letter]
        point = self.four_hex()
        if 0xD800 <= point < 0xDC00:
            self.expect("\\")
            self.expect("u")
            low = self.four_hex()
            demand(0xDC00 <= low < 0xE000, INVALID)
            point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00)
        demand(point != 0 and not 0xD800 <= point < 0xE000, INVALID)
        return chr(point)

    def four_hex(self) -> int:
        digits = FOUR_HEX.match(self.text, self.at)
        demand(digits is not None, INVALID)
        self.at = digits.end()
        return int(digits.group(), 16)

    def integer(self) -> int:
        found = INTEGER.match(self.text, self.at)
        demand(found is not None and found.group() != "-0", INVALID)
        self.at = found.end()
        number = int(found.group())
        demand(abs(number) < INTEGER_BOUND, INVALID)
        return number

    def expect(self, char: str) -> None:
        demand(self.text.startswith(char, self.at), INVALID)
        self.at += 1

    def skip_space(self) -> None:
        self.at = SPACE.match(self.text, self.at).end()
