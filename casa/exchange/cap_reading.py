"""Reading CAP 1.2 XML that anyone may have sent.

Nothing in the document is followed, expanded or fetched: a document type is refused before it is
read, the size is bounded here and the depth by libxml2 (256). Dropped is what ``Message`` has no
place for: ``audience``, ``derefUri`` and a signature, which is to be checked on the bytes as they
came.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from lxml import etree

from casa.alerts.message import Area, Info, Message, Resource, Value
from casa.exchange import cap_values as values
from casa.exchange.cap_rules import CAP, NAMESPACE, CapError, check, path, text
from casa.geography.shapes import CARIBBEAN, Bounds

MOST_BYTES = 2 * 2**20
MOST_ELEMENTS = 20_000
"""Each fault costs libxml2 time in proportion to the element's siblings."""
MOST_INFOS = 30

KIND, THREAD, SEQUENCE = OWN = ("casa:kind", "casa:thread", "casa:sequence")

UNKNOWN_KIND = "other"
"""The kind of a message that doesn't name one."""

UNSAID_LIFE = timedelta(hours=24)
"""How long a message without ``expires`` lives after ``sent``: CAP leaves that to the reader."""


def from_xml(data: bytes, *, bounds: Bounds = CARIBBEAN) -> Message:
    """The message of a CAP 1.2 document in UTF-8.

    ``kind``, ``thread`` and ``sequence`` are what the sender says they are: whoever takes in
    others' messages gives them its own. Without them the kind is ``UNKNOWN_KIND`` and the thread
    is that of the first reference, or the message's own. Without a headline the event stands for
    it; without a language it is ``en-US``, as CAP says.

    Of areas in several ``info`` blocks, those that differ in more than their description are all
    kept. Two blocks in one language with different areas say different things to different places
    and are refused, as a ``Message`` would say the first to all.

    Raises:
        CapError: when it is not CAP 1.2 or draws outside of ``bounds``.
    """
    root = _tree(data)
    check(root, bounds)
    blocks = root.findall(f"{CAP}info")
    if len(blocks) > MOST_INFOS:
        raise CapError([("/alert", f"has {len(blocks)} infos: give at most {MOST_INFOS}")])
    own = _own(blocks)
    identifier = _text(root, "identifier")
    references = values.references(_text(root, "references"))
    sent = values.time(_text(root, "sent").strip())
    sequence = own.get(SEQUENCE)
    return Message(
        identifier=identifier,
        thread=own.get(THREAD) or (references[0].identifier if references else identifier),
        kind=own.get(KIND) or UNKNOWN_KIND,
        sequence=None if sequence is None else int(sequence),
        sender=_text(root, "sender"),
        sent=sent,
        status=_text(root, "status"),
        msg_type=_text(root, "msgType"),
        scope=_text(root, "scope"),
        source=_optional(root, "source"),
        note=_optional(root, "note"),
        code=_texts(root, "code"),
        references=references,
        incidents=values.names(_text(root, "incidents")),
        info=tuple(_info(block, sent) for block in blocks),
        area=_areas(blocks),
    )


def _tree(data: bytes) -> etree._Element:
    """The root element, when it is CAP 1.2's.

    The encoding is fixed beforehand, so that no declaration makes the parser see another document
    than the one that was looked through for a document type.
    """
    if len(data) > MOST_BYTES:
        raise CapError([("/", f"has more than {MOST_BYTES} bytes")])
    try:
        given = data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        raise CapError([(f"line {line}", "is not in UTF-8")]) from None
    if "<!DOCTYPE" in given:
        line = given.count("\n", 0, given.index("<!DOCTYPE")) + 1
        raise CapError([(f"line {line}", "has a document type, which has no place in CAP")])
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(given.encode(), parser)
    except etree.XMLSyntaxError as fault:
        raise CapError([(f"line {fault.lineno or 1}", str(fault.msg)[:300])]) from None
    if (count := sum(1 for _ in root.iter())) > MOST_ELEMENTS:
        raise CapError([("/", f"has {count} elements: give at most {MOST_ELEMENTS}")])
    if root.tag != f"{CAP}alert":
        raise CapError([("/", f"is {root.tag[:200]}: give alert of {NAMESPACE}")])
    return root


def _own(blocks: Sequence[etree._Element]) -> dict[str, str]:
    """The parameters that are CASA's own; all blocks that have one must agree on it."""
    own: dict[str, str] = {}
    for block in blocks:
        for element in block.iterfind(f"{CAP}parameter"):
            name, value = _text(element, "valueName"), _text(element, "value")
            if name not in OWN:
                continue
            if own.setdefault(name, value) != value:
                raise CapError([(path(element), f"{name} is not the same everywhere")])
            if name == SEQUENCE and not (value.isascii() and value.isdigit() and len(value) < 19):
                raise CapError([(path(element), f"{name} is not a number")])
    return own


def _info(block: etree._Element, sent: datetime) -> Info:
    times = {
        name: values.time(found.strip())
        for name in ("effective", "onset", "expires")
        if (found := _optional(block, name)) is not None
    }
    times.setdefault("expires", sent + UNSAID_LIFE)
    event = _text(block, "event")
    return Info(
        language=_text(block, "language").strip() or "en-US",
        category=_texts(block, "category"),
        event=event,
        response_type=_texts(block, "responseType"),
        urgency=_text(block, "urgency"),
        severity=_text(block, "severity"),
        certainty=_text(block, "certainty"),
        event_code=_pairs(block, "eventCode"),
        sender_name=_optional(block, "senderName"),
        headline=_optional(block, "headline") or event,
        description=_optional(block, "description"),
        instruction=_optional(block, "instruction"),
        web=_optional(block, "web"),
        contact=_optional(block, "contact"),
        parameter=tuple(one for one in _pairs(block, "parameter") if one.name not in OWN),
        resource=tuple(map(_resource, block.iterfind(f"{CAP}resource"))),
        **times,
    )


def _resource(element: etree._Element) -> Resource:
    size = _optional(element, "size")
    return Resource(
        resource_desc=_text(element, "resourceDesc"),
        mime_type=_text(element, "mimeType"),
        size=None if size is None else int(size),
        uri=_optional(element, "uri"),
        digest=_optional(element, "digest"),
    )


def _areas(blocks: Sequence[etree._Element]) -> tuple[Area, ...]:
    kept: list[Area] = []
    by_language: dict[str, set[Area]] = {}
    # A message describes its areas in English, where there is any.
    for block in sorted(blocks, key=lambda one: not _language(one).startswith("en")):
        found = [_area(element) for element in block.iterfind(f"{CAP}area")]
        places = {_place(area) for area in found}
        language = _language(block)
        if by_language.setdefault(language, places) != places:
            raise CapError(
                [(path(block), f"differs in its area from another info in {language}: send two")]
            )
        known = {_place(area) for area in kept}
        kept += [area for area in found if _place(area) not in known]
    return tuple(kept)


def _language(block: etree._Element) -> str:
    return _text(block, "language").strip().lower() or "en-us"


def _place(area: Area) -> Area:
    """The area without its description, which differs between languages."""
    return msgspec.structs.replace(area, area_desc="")


def _area(element: etree._Element) -> Area:
    altitude, ceiling = _optional(element, "altitude"), _optional(element, "ceiling")
    return Area(
        area_desc=_text(element, "areaDesc"),
        polygon=tuple(map(values.ring, _texts(element, "polygon"))),
        circle=tuple(map(values.circle, _texts(element, "circle"))),
        geocode=_pairs(element, "geocode"),
        altitude=None if altitude is None else values.metres(altitude),
        ceiling=None if ceiling is None else values.metres(ceiling),
    )


def _pairs(parent: etree._Element, name: str) -> tuple[Value, ...]:
    return tuple(
        Value(_text(one, "valueName"), _text(one, "value"))
        for one in parent.iterfind(f"{CAP}{name}")
    )


def _texts(parent: etree._Element, name: str) -> tuple[str, ...]:
    return tuple(text(one) for one in parent.iterfind(f"{CAP}{name}"))


def _text(parent: etree._Element, name: str) -> str:
    """The child's text; empty when there is no such child."""
    found = parent.find(f"{CAP}{name}")
    return "" if found is None else text(found)


def _optional(parent: etree._Element, name: str) -> str | None:
    """The child's text; ``None`` when there is none or it is blank."""
    found = _text(parent, name)
    return found if found.strip() else None
