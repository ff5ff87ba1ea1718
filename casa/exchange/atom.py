"""Messages as an Atom feed (RFC 4287), each entry with a link to its CAP document."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from lxml import etree

from casa.alerts.message import Message
from casa.exchange import cap
from casa.exchange.cap_values import clean

NAMESPACE = "http://www.w3.org/2005/Atom"
MEDIA_TYPE = "application/atom+xml"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def feed(
    messages: Iterable[Message],
    *,
    self_url: str,
    alert_url: Callable[[Message], str],
    title: str,
    updated: datetime,
    languages: Sequence[str] = (),
) -> bytes:
    """The feed in UTF-8, entries in the order given.

    ``self_url`` is where the feed stands and its lasting name; ``alert_url`` gives where a
    message's CAP document stands, which is the entry's lasting name too. ``updated`` is aware.
    Texts are those of the ``info`` block that fits ``languages`` best.
    """
    root = etree.Element(f"{{{NAMESPACE}}}feed", nsmap={None: NAMESPACE})
    _add(root, "id", self_url)
    _add(root, "title", title)
    _add(root, "updated", _time(updated))
    _add(root, "link", rel="self", type=MEDIA_TYPE, href=self_url)
    for message in messages:
        _entry(root, message, alert_url(message), languages)
    document: bytes = etree.tostring(
        root, xml_declaration=True, encoding="UTF-8", pretty_print=True
    )
    return document


def _entry(root: etree._Element, message: Message, url: str, languages: Sequence[str]) -> None:
    info = message.info_for(tuple(languages))
    entry = _add(root, "entry")
    entry.set(_LANGUAGE, info.language)
    _add(entry, "id", url)
    _add(entry, "title", info.headline)
    _add(entry, "updated", _time(message.sent))
    _add(entry, "published", _time(message.sent))
    author = _add(entry, "author")
    _add(author, "name", info.sender_name or message.sender)
    for category in info.category:
        _add(entry, "category", term=category)
    _add(entry, "summary", info.description or info.headline)
    _add(entry, "link", rel="alternate", type=cap.MEDIA_TYPE, href=url)


def _add(parent: etree._Element, name: str, text: str = "", **attributes: str) -> etree._Element:
    element = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}", attributes)
    if text:
        element.text = clean(text)
    return element


def _time(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError(f"the time {moment} has no offset")
    return moment.astimezone(UTC).isoformat(timespec="seconds")
