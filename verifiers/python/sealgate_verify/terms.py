"""What a license grants in the vendor's own words (`spec/license.md` §2.6 to §2.11)."""

import unicodedata
from dataclasses import dataclass
from typing import Optional, Union

from .errors import demand
from .fields import INVALID, Fields, whole


@dataclass
class Feature:
    name: str
    value: Optional[str] = None


@dataclass
class Limit:
    name: str
    value: int


@dataclass
class Variable:
    name: str
    value: Union[str, int, bool]


@dataclass
class Licensee:
    name: Optional[str] = None
    company: Optional[str] = None
    email: Optional[str] = None


def features(value, least: int, most: int) -> list:
    """§2.6: names, and pairs of name and value."""
    entries = [entry if isinstance(entry, list) else [entry] for entry in listed(value, least, most)]
    for entry, written in zip(entries, value):
        # A list of one entry is no pair.
        demand(len(entry) == (2 if isinstance(written, list) else 1), INVALID)
        demand(all(_is_word(part, longest) for part, longest in zip(entry, (32, 64))), INVALID)
    return named([Feature(*entry) for entry in entries])


def limits(value) -> list:
    """§2.8"""
    pairs = [pair(entry, 32) for entry in listed(value, 1, 32)]
    # In Python a bool is an int.
    demand(all(type(number) is int and number >= 0 for _, number in pairs), INVALID)
    return named([Limit(*pair) for pair in pairs])


def variables(value) -> list:
    """§2.9"""
    pairs = [pair(entry, 64) for entry in listed(value, 1, 50)]
    for _, said in pairs:
        demand(isinstance(said, int) or (isinstance(said, str) and not _has_control(said)), INVALID)
    return named([Variable(*pair) for pair in pairs])


def licensee(value) -> Licensee:
    """§2.10: an object with at least one of three parts."""
    fields, said = Fields(value), Licensee()
    for part in ("name", "company", "email"):
        setattr(said, part, fields.optional(part, _part))
    demand(said != Licensee(), INVALID)
    fields.finish()
    return said


def trial_days(value) -> int:
    """§2.11"""
    return whole(1, 3_650)(value)


def _part(value) -> str:
    return word(value, 128)


def word(value, most: int) -> str:
    """Text of 1 to so many bytes without control characters."""
    demand(_is_word(value, most), INVALID)
    return value


def listed(value, least: int, most: int) -> list:
    demand(isinstance(value, list) and least <= len(value) <= most, INVALID)
    return value


def pair(entry, most: int) -> list:
    demand(isinstance(entry, list) and len(entry) == 2 and _is_word(entry[0], most), INVALID)
    return entry


def named(entries: list) -> list:
    demand(len({entry.name for entry in entries}) == len(entries), INVALID)
    return entries


def _is_word(value, most: int) -> bool:
    return isinstance(value, str) and 1 <= len(value.encode("utf-8")) <= most and not _has_control(value)


def _has_control(text: str) -> bool:
    return any(unicodedata.category(char) == "Cc" for char in text)
