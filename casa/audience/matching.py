"""From where an alert is meant for to the devices that are to be sent it.

An audience is a bitmap of device numbers. The ranges of cells and the named places are handed over
as one parameter; each is one scan of the one index of what devices follow, in which the filters
stand too, and the database packs each scan's numbers into one value, which costs a fraction of
fetching them as rows. Whoever follows several of the places is in the bitmap once.
"""

import json
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from msgspec.json import decode
from numpy.typing import NDArray
from pyroaring import BitMap
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    LargeBinary,
    ScalarSelect,
    Select,
    Text,
    cast,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from casa.audience.devices import among, forget
from casa.audience.filters import SEVERITY_MASK, Wanted
from casa.audience.models import AudienceKey, Device
from casa.database import on_postgresql
from casa.geography.cells import Ranges

__all__ = ["Addresses", "Wanted", "count", "forget", "match", "recipients", "stream"]

# Compiling the scan to machine code takes longer than most scans.
_WITHOUT_JIT = text("SET LOCAL jit = off")


Numbers = NDArray[np.uint32]


class Addresses(NamedTuple):
    """Devices whose messages differ in nothing but the token: its number and token for each.

    ``languages`` are those it is read in, the preferred first; ``departed`` says that they are to
    be told that the alert no longer concerns them.
    """

    platform: str
    provider: str
    token_kind: str
    languages: tuple[str, ...]
    departed: bool
    numbers: list[int]
    tokens: list[str]


def match(session: Session, keys: Sequence[int], ranges: Ranges, wanted: Wanted) -> BitMap:
    """The devices that follow one of the places or cells, want the alert and can be pushed to.

    ``keys`` are the (negative) keys of named places.
    """
    parts = list(stream(session, keys, ranges, wanted))
    if not parts:
        return BitMap()
    # A bitmap takes numbers in order several times as fast, and the more so the more devices there
    # are: out of order it looks for the place of each.
    numbers = np.concatenate(parts)
    numbers.sort()
    return BitMap(array("I", numbers.tobytes()))


def stream(
    session: Session, keys: Sequence[int], ranges: Ranges, wanted: Wanted
) -> Iterator[Numbers]:
    """The same in parts as they are found, which may overlap, so that sending can begin.

    Narrow ranges of cells come first and named places last: a part comes whole, and where few
    devices are to be found it comes at once.
    """
    places = np.array(keys, dtype=np.int64)
    narrow_first = ranges[np.argsort(ranges[:, 1] - ranges[:, 0], kind="stable")]
    scans = np.concatenate([narrow_first, np.column_stack([places, places])])
    if on_postgresql(session):
        return _on_postgresql(session, scans, wanted)
    return _on_sqlite(session, scans, wanted)


def _on_sqlite(session: Session, scans: Ranges, wanted: Wanted) -> Iterator[Numbers]:
    """Numbers are packed as text with commas."""
    scan = func.json_each(json.dumps(scans.tolist())).table_valued("value")
    first, last = (func.json_extract(scan.c.value, path) for path in ("$[0]", "$[1]"))
    packed = _scan(func.group_concat(AudienceKey.device), first, last, wanted)
    for numbers in _rows(session, select(packed).select_from(scan)):
        yield np.fromstring(numbers, np.uint32, sep=",")


def _on_postgresql(session: Session, scans: Ranges, wanted: Wanted) -> Iterator[Numbers]:
    """Numbers are packed as four bytes each, the highest first."""
    session.execute(_WITHOUT_JIT)
    ends = (literal(column, ARRAY(BigInteger)) for column in scans.T.tolist())
    scan = func.unnest(*ends).table_valued("first", "last", name="scan").render_derived()
    packed = func.string_agg(func.int4send(AudienceKey.device), literal(b"", LargeBinary))
    query = select(_scan(packed, scan.c.first, scan.c.last, wanted)).select_from(scan)
    for numbers in _rows(session, query):
        yield np.frombuffer(numbers, ">u4").astype(np.uint32)


def _scan(
    packed: ColumnElement[Any], first: ColumnElement[Any], last: ColumnElement[Any], wanted: Wanted
) -> ScalarSelect[Any]:
    """One value of all devices under the keys from ``first`` to ``last`` that want the alert."""
    bits = AudienceKey.bits
    return (
        select(packed)
        .where(
            AudienceKey.key.between(first, last),
            bits.bitwise_and(wanted.required) == wanted.required,
            bits.bitwise_and(SEVERITY_MASK) <= wanted.most,
        )
        .scalar_subquery()
    )


def _rows(session: Session, query: Select[Any]) -> Iterator[Any]:
    """Each scan's value as it comes, without the scans that find nobody."""
    with session.execute(query, execution_options={"yield_per": 8}) as result:
        yield from (value for value in result.scalars() if value is not None)


def count(session: Session, keys: Sequence[int], ranges: Ranges, wanted: Wanted) -> int:
    """How many devices ``match`` would find."""
    return len(match(session, keys, ranges, wanted))


def recipients(
    session: Session, numbers: Iterable[int], departed: BitMap | None = None
) -> list[Addresses]:
    """Those of a page of devices that can be pushed to."""
    page, gone = BitMap(numbers), departed or BitMap()
    parts = ((page - gone, False), (page & gone, True))
    return [one for part, left in parts if part for one in _addressed(session, part, left)]


def _addressed(session: Session, numbers: BitMap, departed: bool) -> Iterator[Addresses]:
    """The database makes the groups, whose numbers and tokens come as one value each."""
    device = Device.__table__.c
    shared = (
        device.platform,
        device.provider,
        device.token_kind,
        # As text: lists are compared, and of a million devices' few are different.
        cast(device.languages, Text).label("languages"),
    )
    collect = func.array_agg if on_postgresql(session) else func.json_group_array
    query = (
        select(*shared, collect(device.number), collect(device.token))
        .where(among(session, Device.number, numbers), device.token.is_not(None))
        .group_by(*shared)
    )
    for platform, provider, kind, languages, *values in session.connection().execute(query):
        found, tokens = (decode(one) if isinstance(one, str) else one for one in values)
        spoken = tuple(decode(languages))
        yield Addresses(platform, provider, kind, spoken, departed, found, tokens)
