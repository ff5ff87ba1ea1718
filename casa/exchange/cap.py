"""CAP 1.2 XML, written and read: ``to_xml`` and ``from_xml`` undo each other.

Source: OASIS Common Alerting Protocol 1.2, section 3. What CAP has no element for goes with each
``info`` as parameters named ``casa:kind``, ``casa:thread`` and, once published, ``casa:sequence``.
Places are described in the language of the ``info`` that they stand in; what is read back is the
description in English, or else the first.

What is not carried: fractions of a second; less than a ten-millionth of a degree (a centimetre), a
millimetre of radius or a tenth of that in height; optional texts that are empty, which are left
out; characters that XML forbids, which are dropped from texts and refused in names; who is not
notified of a message (``untold``) and what is said on radios (``spoken``), which are CASA's own
affair. A message without any ``info`` would
lose its kind and area and is refused.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

from lxml import etree

from casa.alerts import areas
from casa.alerts.message import Area, Info, Message, Resource, Value
from casa.exchange import cap_values as values
from casa.exchange.cap_reading import KIND, OWN, SEQUENCE, THREAD, from_xml
from casa.exchange.cap_rules import CAP, NAMESPACE, CapError, Fault, check
from casa.geography.shapes import WORLD

__all__ = ["MEDIA_TYPE", "CapError", "from_xml", "to_xml"]

Some = TypeVar("Some")

MEDIA_TYPE = "application/cap+xml"


def to_xml(message: Message) -> bytes:
    """The message as a CAP 1.2 document in UTF-8, checked against schema and prose.

    Raises:
        CapError: for a message that is not CAP 1.2 or that CAP can't carry.
    """
    faults = _unwritable(message)
    if faults:
        raise CapError(faults)
    try:
        root = _alert(message)
    except ValueError as fault:
        raise CapError([("/alert", str(fault))]) from None
    check(root, WORLD)
    document: bytes = etree.tostring(
        root, xml_declaration=True, encoding="UTF-8", pretty_print=True
    )
    return document


def _unwritable(message: Message) -> list[Fault]:
    faults = []
    names = {"identifier": message.identifier, "sender": message.sender}
    for at, one in enumerate(message.references, 1):
        names |= {f"references[{at}]/identifier": one.identifier}
        names |= {f"references[{at}]/sender": one.sender}
    for where, name in names.items():
        if not values.is_name(name):
            faults.append((f"/alert/{where}", "must be without spaces, commas, < and &"))
    if not message.info:
        faults.append(("/alert", "needs an info"))
    for at, info in enumerate(message.info, 1):
        for parameter in info.parameter:
            if parameter.name in OWN:
                faults.append((f"/alert/info[{at}]/parameter", f"must not be {parameter.name}"))
    return faults


def _alert(message: Message) -> etree._Element:
    alert = etree.Element(f"{CAP}alert", nsmap={None: NAMESPACE})
    _add(alert, "identifier", message.identifier)
    _add(alert, "sender", message.sender)
    _add(alert, "sent", values.time_text(message.sent))
    _add(alert, "status", message.status)
    _add(alert, "msgType", message.msg_type)
    _maybe(alert, "source", message.source)
    _add(alert, "scope", message.scope)
    _each(alert, "code", message.code)
    _maybe(alert, "note", message.note)
    _maybe(alert, "references", " ".join(map(values.reference_text, message.references)))
    _maybe(alert, "incidents", values.names_text(message.incidents))
    own = _own(message)
    for info in message.info:
        element = _info(alert, info, own)
        for area in message.area:
            _area(element, area, areas.described(area, info.language))
    return alert


def _own(message: Message) -> tuple[Value, ...]:
    """What CASA must know and CAP has no element for."""
    kept = (Value(KIND, message.kind), Value(THREAD, message.thread))
    if message.sequence is None:
        return kept
    return (*kept, Value(SEQUENCE, str(message.sequence)))


def _info(alert: etree._Element, info: Info, own: tuple[Value, ...]) -> etree._Element:
    element = etree.SubElement(alert, f"{CAP}info")
    _add(element, "language", info.language)
    _each(element, "category", info.category)
    _add(element, "event", info.event)
    _each(element, "responseType", info.response_type)
    _add(element, "urgency", info.urgency)
    _add(element, "severity", info.severity)
    _add(element, "certainty", info.certainty)
    _pairs(element, "eventCode", info.event_code)
    _maybe(element, "effective", info.effective, values.time_text)
    _maybe(element, "onset", info.onset, values.time_text)
    _add(element, "expires", values.time_text(info.expires))
    _maybe(element, "senderName", info.sender_name)
    _maybe(element, "headline", info.headline)
    _maybe(element, "description", info.description)
    _maybe(element, "instruction", info.instruction)
    _maybe(element, "web", info.web)
    _maybe(element, "contact", info.contact)
    _pairs(element, "parameter", (*info.parameter, *own))
    for resource in info.resource:
        _resource(element, resource)
    return element


def _resource(info: etree._Element, resource: Resource) -> None:
    element = etree.SubElement(info, f"{CAP}resource")
    _add(element, "resourceDesc", resource.resource_desc)
    _add(element, "mimeType", resource.mime_type)
    _maybe(element, "size", resource.size, str)
    _maybe(element, "uri", resource.uri)
    _maybe(element, "digest", resource.digest)


def _area(info: etree._Element, area: Area, area_desc: str) -> None:
    element = etree.SubElement(info, f"{CAP}area")
    _add(element, "areaDesc", area_desc)
    _each(element, "polygon", map(values.ring_text, area.polygon))
    _each(element, "circle", map(values.circle_text, area.circle))
    _pairs(element, "geocode", area.geocode)
    _maybe(element, "altitude", area.altitude, values.feet_text)
    _maybe(element, "ceiling", area.ceiling, values.feet_text)


def _add(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(parent, f"{CAP}{name}").text = values.clean(text)


def _each(parent: etree._Element, name: str, texts: Iterable[str]) -> None:
    for text in texts:
        _add(parent, name, text)


def _pairs(parent: etree._Element, name: str, pairs: Iterable[Value]) -> None:
    for pair in pairs:
        element = etree.SubElement(parent, f"{CAP}{name}")
        _add(element, "valueName", pair.name)
        _add(element, "value", pair.value)


def _maybe(
    parent: etree._Element,
    name: str,
    value: Some | None,
    written: Callable[[Some], str] = str,
) -> None:
    """Adds the element unless there is nothing to say in it."""
    if value is not None and (text := written(value)).strip():
        _add(parent, name, text)
