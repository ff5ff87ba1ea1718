"""What makes an XML tree CAP 1.2: its schema, and the rules that stand in prose only.

The same checks hold for what leaves and for what comes in. Faults are (path, how to mend it) with
paths such as ``/alert/info[2]/area[1]/polygon[1]``.
"""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from functools import cache
from importlib.resources import files
from itertools import islice

from lxml import etree

from casa.alerts.message import Position
from casa.exchange import cap_values
from casa.geography.shapes import Bounds

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
CAP = f"{{{NAMESPACE}}}"
MOST_FAULTS = 20
_MOST_TEXT = 300
_LONGEST_RADIUS = 20_100_000.0
"""Metres: half the way around the Earth."""
_HIGHEST = Decimal(10_000_000)
"""Feet."""

Fault = tuple[str, str]


class CapError(ValueError):
    """What is wrong: ``errors`` is a list of (path or line, how to mend it)."""

    def __init__(self, errors: list[Fault]) -> None:
        super().__init__("; ".join(f"{where}: {detail}" for where, detail in errors))
        self.errors = errors


def check(root: etree._Element, bounds: Bounds) -> None:
    """Refuses a tree that is not CAP 1.2 or draws outside of ``bounds``.

    Raises:
        CapError: with up to ``MOST_FAULTS`` faults; those of the schema come alone.
    """
    faults = _schema_faults(root)
    if not faults:
        faults = list(islice(_prose_faults(root, bounds), MOST_FAULTS))
    if faults:
        raise CapError(faults)


def text(element: etree._Element) -> str:
    """All the text of an element; XML's markup within it makes no difference."""
    return "".join(element.itertext())


def path(element: etree._Element) -> str:
    """Where an element stands, in local names; numbered where it has namesakes."""
    steps = []
    for one in (element, *element.iterancestors()):
        parent = one.getparent()
        like = [] if parent is None else parent.findall(one.tag)
        name = etree.QName(one).localname
        steps.append(f"{name}[{like.index(one) + 1}]" if len(like) > 1 else name)
    return "/" + "/".join(reversed(steps))


@cache
def _schema() -> etree.XMLSchema:
    source = files("casa.exchange").joinpath("data/CAP-v1.2.xsd").read_bytes()
    return etree.XMLSchema(etree.fromstring(source))


def _schema_faults(root: etree._Element) -> list[Fault]:
    schema = _schema()
    if schema.validate(root):
        return []
    faults = []
    for entry in list(schema.error_log)[:MOST_FAULTS]:
        found = root.getroottree().xpath(entry.path) if entry.path else []
        where = path(found[0]) if found else "/alert"
        detail = entry.message.replace(CAP, "")
        faults.append(
            (where, detail[:_MOST_TEXT] + (f" (line {entry.line})" if entry.line else ""))
        )
    return faults


def _prose_faults(root: etree._Element, bounds: Bounds) -> Iterator[Fault]:
    """Faults by the words of CAP sections 3.2.1 to 3.2.4."""
    for name in (root.find(f"{CAP}identifier"), root.find(f"{CAP}sender")):
        if not cap_values.is_name(text(name)):
            yield path(name), "must be without spaces, commas, < and &, and not empty"
    if text(root.find(f"{CAP}scope")) != "Public":
        yield "/alert/scope", "must be Public: whom else it is for has no place here"
    yield from _unreadable(root.iterfind(f"{CAP}sent"), cap_values.time)
    yield from _unreadable(root.iterfind(f"{CAP}references"), cap_values.references)
    for info in root.iterfind(f"{CAP}info"):
        for name in ("effective", "onset", "expires"):
            yield from _unreadable(info.iterfind(f"{CAP}{name}"), cap_values.time)
        yield from _unreadable(info.iterfind(f"{CAP}resource/{CAP}size"), _size)
        for area in info.iterfind(f"{CAP}area"):
            yield from _area_faults(area, bounds)


def _area_faults(area: etree._Element, bounds: Bounds) -> Iterator[Fault]:
    def ring(value: str) -> None:
        _inside(cap_values.ring(value), bounds)

    def circle(value: str) -> None:
        found = cap_values.circle(value)
        _inside(((found.longitude, found.latitude),), bounds)
        if found.radius > _LONGEST_RADIUS:
            raise ValueError("has a radius longer than half the way around the Earth")

    yield from _unreadable(area.iterfind(f"{CAP}polygon"), ring)
    yield from _unreadable(area.iterfind(f"{CAP}circle"), circle)
    for name in ("altitude", "ceiling"):
        yield from _unreadable(area.iterfind(f"{CAP}{name}"), _height)
    ceiling = area.find(f"{CAP}ceiling")
    if ceiling is not None and area.find(f"{CAP}altitude") is None:
        yield path(ceiling), "needs an altitude beside it"


def _unreadable(
    elements: Iterable[etree._Element], read: Callable[[str], object]
) -> Iterator[Fault]:
    for element in elements:
        try:
            read(text(element).strip())
        except ValueError as fault:
            yield path(element), str(fault)


def _inside(positions: Iterable[Position], bounds: Bounds) -> None:
    for x, y in positions:
        if not bounds.holds((x, y)):
            turned = " With latitude first it would lie inside." if bounds.holds((y, x)) else ""
            raise ValueError(f"has {y:g},{x:g}, which lies outside {bounds}.{turned}")


def _height(value: str) -> None:
    if abs(Decimal(value)) > _HIGHEST:
        raise ValueError("is beyond any height in feet that there is")


def _size(value: str) -> None:
    if not 0 <= int(value) < 2**63:
        raise ValueError("is not a size in bytes")
