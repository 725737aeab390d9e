"""Taking an object apart field by field, so that what is left over is noticed (`spec/envelope.md` §3.3 to §3.5)."""

import re

from .errors import demand

LAST_SECOND = 253_402_300_799
NAME = re.compile(r"[a-z0-9_]{1,64}")
INVALID = "field_invalid"


class Fields:
    """The members of one object that have not been taken yet."""

    def __init__(self, value):
        demand(isinstance(value, dict), INVALID)
        _check_names(value)
        self.members = dict(value)

    def take(self, name: str):
        demand(name in self.members, "field_missing")
        return self.members.pop(name)

    def text(self, name: str) -> str:
        value = self.take(name)
        demand(isinstance(value, str), INVALID)
        return value

    def matching(self, name: str, pattern) -> str:
        text = self.text(name)
        demand(pattern.fullmatch(text) is not None, INVALID)
        return text

    def one_of(self, name: str, words) -> str:
        text = self.text(name)
        demand(text in words, INVALID)
        return text

    def count(self, name: str) -> int:
        value = self.take(name)
        # In Python a bool is an int.
        demand(type(value) is int and value >= 0, INVALID)
        return value

    def time(self, name: str) -> int:
        time = self.count(name)
        demand(time <= LAST_SECOND, INVALID)
        return time

    def nullable(self, name: str, read):
        return self.take(name) if name in self.members and self.members[name] is None else read(name)

    def optional(self, name: str, read, absent=None):
        """A field that may be absent; `read` takes its value."""
        return read(self.take(name)) if name in self.members else absent

    def list(self, name: str, most: int) -> list:
        value = self.take(name)
        demand(isinstance(value, list) and len(value) <= most, INVALID)
        return value

    def extensions(self, known) -> list:
        """§3.5: `ext`, and the names in `crit`, of which each must be known."""
        demand(isinstance(self.members.pop("ext", {}), dict), INVALID)
        if "crit" not in self.members:
            return []
        crit = self.members.pop("crit")
        demand(isinstance(crit, list) and crit != [], INVALID)
        for name in crit:
            demand(isinstance(name, str), INVALID)
            demand(name in known, "crit_unknown")
        return crit

    def finish(self) -> None:
        """§3.5, then what nobody took."""
        self.extensions(known=())
        demand(not self.members, "field_unknown")


def whole(least: int, most: int):
    """Reads a number of that range."""

    def read(value) -> int:
        # In Python a bool is an int.
        demand(type(value) is int and least <= value <= most, INVALID)
        return value

    return read


def among(*words: str):
    """Reads one of these words."""

    def read(value) -> str:
        demand(isinstance(value, str) and value in words, INVALID)
        return value

    return read


def _check_names(value) -> None:
    """§3.3, at every depth."""
    if isinstance(value, dict):
        demand(all(NAME.fullmatch(name) for name in value), "field_unknown")
        value = value.values()
    if not isinstance(value, (str, int, type(None))):
        for inner in value:
            _check_names(inner)
