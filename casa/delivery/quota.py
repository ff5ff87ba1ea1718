"""How many messages may be sent now: a token bucket for the FCM project's quota a minute.

The bucket holds one second's worth and fills at what is left of the quota, so that no minute,
wherever it begins, sees more than the quota.
"""

import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import redis

log = logging.getLogger(__name__)

# A Redis that is away is not asked before each page: asking can take as long as a timeout.
_AWAY_SECONDS = 5.0


@dataclass(frozen=True)
class Allowance:
    """``granted`` messages may go now; if that is not all, try again in ``wait`` seconds."""

    granted: int
    wait: float


class Quota(Protocol):
    """Whatever grants leave to send; asked once for each page, not for each message."""

    def take(self, wanted: int) -> Allowance: ...


def bucket(per_minute: int) -> tuple[float, float]:
    """(capacity, tokens a second) of the bucket for a quota."""
    capacity = max(per_minute / 60, 1.0)
    return capacity, max(per_minute - capacity, per_minute / 2) / 60


class LocalQuota:
    """The bucket of one process, which then must be the only one that sends."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._capacity, self._rate = bucket(per_minute)
        self._level = self._capacity
        self._clock = clock
        self._looked = clock()
        self._lock = threading.Lock()

    def take(self, wanted: int) -> Allowance:
        with self._lock:
            moment = self._clock()
            filled = self._level + (moment - self._looked) * self._rate
            self._level, self._looked = min(self._capacity, filled), moment
            granted = min(wanted, int(self._level))
            self._level -= granted
            missing = min(wanted - granted, self._capacity) - self._level
            return Allowance(granted, max(missing, 0.0) / self._rate if granted < wanted else 0.0)


# KEYS: the bucket. ARGV: capacity, tokens a second, wanted. Redis's own clock, so that the
# clocks of the machines that share the bucket need not agree.
_TAKE = """
local time = redis.call('TIME')
local moment = tonumber(time[1]) + tonumber(time[2]) / 1000000
local capacity, rate, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local seen = redis.call('HMGET', KEYS[1], 'level', 'moment')
local level = tonumber(seen[1]) or capacity
local past = math.max(moment - (tonumber(seen[2]) or moment), 0)
level = math.min(capacity, level + past * rate)
local granted = math.min(wanted, math.floor(level))
level = level - granted
redis.call('HSET', KEYS[1], 'level', string.format('%.6f', level),
           'moment', string.format('%.6f', moment))
redis.call('PEXPIRE', KEYS[1], math.ceil(capacity / rate * 1000) + 60000)
local wait = 0
if granted < wanted then
  wait = math.max(math.min(wanted - granted, capacity) - level, 0) / rate
end
return {granted, tostring(wait)}
"""


class RedisQuota:
    """One bucket for all processes that send for a project, in one round trip a take.

    While Redis is away each process keeps to the quota by itself: alerts go on, and what is too
    much the provider sends back.
    """

    def __init__(self, client: redis.Redis, per_minute: int, key: str) -> None:
        self._capacity, self._rate = bucket(per_minute)
        self._key = key
        self._take = client.register_script(_TAKE)
        self._alone = LocalQuota(per_minute)
        self._away_until = 0.0

    def take(self, wanted: int) -> Allowance:
        if time.monotonic() < self._away_until:
            return self._alone.take(wanted)
        try:
            granted, wait = self._take(keys=[self._key], args=[self._capacity, self._rate, wanted])
        except redis.RedisError as error:
            log.warning("no quota shared with other workers: %s", error)
            self._away_until = time.monotonic() + _AWAY_SECONDS
            return self._alone.take(wanted)
        # Whatever else writes there: no more than was wanted, and no endless wait.
        seconds = float(wait)
        usable = math.isfinite(seconds) and 0 <= int(granted) <= wanted
        return Allowance(int(granted), max(seconds, 0.0)) if usable else self._alone.take(wanted)
