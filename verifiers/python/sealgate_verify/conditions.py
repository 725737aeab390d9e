"""Under which conditions a license gives its rights (`spec/license.md` §2.13 to §2.26). What it does not say is None."""

from dataclasses import dataclass
from enum import Enum
from typing import Optional

from .errors import demand
from .fields import INVALID, Fields, among, whole
from .terms import Limit, listed, named, pair, word

# In seconds and in days.
YEAR, TEN_YEARS = 31_536_000, 3_650


class Policies(Enum):
    """Whether a program enforces every field of a policy (§2.14)."""

    REFUSED = "refused"
    ENFORCED = "enforced"


@dataclass
class Heartbeat:
    interval: int
    grace: int
    longest_grace: Optional[int] = None


@dataclass
class AntiTamper:
    unknown: Optional[str] = None
    agents: Optional[list] = None


@dataclass
class Clock:
    tolerance: Optional[int] = None
    mode: Optional[str] = None


@dataclass
class Freshness:
    warn: Optional[int] = None
    restrict: Optional[int] = None
    block: Optional[int] = None


@dataclass
class Policy:
    heartbeat: Optional[Heartbeat] = None
    seat: Optional[str] = None
    fail: Optional[str] = None
    integrity: Optional[str] = None
    anti_tamper: Optional[AntiTamper] = None
    clock: Optional[Clock] = None
    freshness: Optional[Freshness] = None
    tenant_limits: Optional[list] = None


@dataclass
class Offline:
    days: int
    pool: Optional[int] = None
    journal_days: Optional[int] = None


@dataclass
class Allowances:
    releases: Optional[int] = None
    replacements: Optional[int] = None


def policy(value) -> Policy:
    """§2.13"""
    fields = Fields(value)
    said = Policy(
        heartbeat=fields.optional("heartbeat", _heartbeat),
        seat=fields.optional("seat", among("lease")),
        fail=fields.optional("fail", among("hard", "soft")),
        integrity=fields.optional("integrity", among("required", "where_listed")),
        anti_tamper=fields.optional("anti_tamper", _anti_tamper),
        clock=fields.optional("clock", _clock),
        freshness=fields.optional("freshness", _freshness),
        tenant_limits=fields.optional("tenant_limits", _tenant_limits),
    )
    demand(said != Policy() and (said.seat is None or said.heartbeat is not None), INVALID)
    fields.finish()
    return said


def offline(value) -> Offline:
    """§2.22"""
    fields = Fields(value)
    said = Offline(whole(1, TEN_YEARS)(fields.take("days")))
    said.pool = fields.optional("pool", whole(1, 1_000_000))
    said.journal_days = fields.optional("journal_days", whole(1, TEN_YEARS))
    fields.finish()
    return said


def allowances(value) -> Allowances:
    """§2.23"""
    fields = Fields(value)
    said = Allowances(*[fields.optional(name, whole(0, 1_000)) for name in ("releases", "replacements")])
    demand(said != Allowances(), INVALID)
    fields.finish()
    return said


def _heartbeat(value) -> Heartbeat:
    """§2.15"""
    fields = Fields(value)
    said = Heartbeat(whole(60, 2_592_000)(fields.take("interval")), whole(0, YEAR)(fields.take("grace")))
    said.longest_grace = fields.optional("longest_grace", whole(0, YEAR))
    demand(said.grace >= said.interval, INVALID)
    demand(said.longest_grace is None or said.longest_grace > said.grace, INVALID)
    fields.finish()
    return said


def _anti_tamper(value) -> AntiTamper:
    """§2.17: both fields may be absent."""
    fields = Fields(value)
    said = AntiTamper(fields.optional("unknown", among("tamper")), fields.optional("agents", _agents))
    fields.finish()
    return said


def _agents(value) -> list:
    agents = [word(entry, 16) for entry in listed(value, 1, 8)]
    demand(len(set(agents)) == len(agents), INVALID)
    return agents


def _clock(value) -> Clock:
    """§2.18"""
    fields = Fields(value)
    said = Clock(fields.optional("tolerance", whole(0, 604_800)), fields.optional("mode", among("run_time")))
    demand(said != Clock(), INVALID)
    fields.finish()
    return said


def _freshness(value) -> Freshness:
    """§2.19"""
    fields = Fields(value)
    said = Freshness(*[fields.optional(name, whole(1, TEN_YEARS)) for name in ("warn", "restrict", "block")])
    days = [age for age in (said.warn, said.restrict, said.block) if age is not None]
    demand(days != [] and days == sorted(days), INVALID)
    fields.finish()
    return said


def _tenant_limits(value) -> list:
    """§2.20"""
    pairs = [pair(entry, 16) for entry in listed(value, 1, 4)]
    return named([Limit(name, whole(1, 1_000_000_000)(rate)) for name, rate in pairs])
