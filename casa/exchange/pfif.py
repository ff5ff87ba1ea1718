"""Missing persons for other registries: PFIF 1.4 (http://zesty.ca/pfif/1.4/), written and read.

Fields leave in the order of the specification's section 4, as PFIF 1.1's schema wanted; 1.4 allows
any. Nothing is written that ``read`` would find fault with.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape

from lxml import etree

from casa.exchange.atom import MEDIA_TYPE as ATOM_MEDIA_TYPE
from casa.exchange.atom import NAMESPACE as ATOM
from casa.exchange.pfif_reading import Document as Document
from casa.exchange.pfif_reading import read as read
from casa.exchange.pfif_records import Fault, Note, Person, PfifError, text_of, value_of
from casa.exchange.pfif_records import duplicates as duplicates
from casa.exchange.pfif_records import expired as expired

NAMESPACE = "http://zesty.ca/pfif/1.4"
MEDIA_TYPE = "application/pfif+xml"

_PFIF = f"{{{NAMESPACE}}}"
_ALWAYS = ("full_name", "text")
"""Elements that the schema wants even when they are empty."""


def write(persons: Iterable[Person], notes: Iterable[Note] = ()) -> bytes:
    """The document in UTF-8: each person with its notes, then notes of persons not given.

    Raises:
        PfifError: when a value doesn't fit its field, or a note belongs to a placeholder, of which
            section 3.3 lets nothing more be told.
    """
    people = tuple(persons)
    by_person = _by_person(people, notes)
    root = etree.Element(f"{_PFIF}pfif", nsmap={"pfif": NAMESPACE})
    for person in people:
        _person(root, person, by_person.pop(person.person_record_id, ()))
    for others in by_person.values():
        for note in others:
            _record(root, "note", note)
    return _bytes(root)


def feed(
    persons: Iterable[Person],
    notes: Iterable[Note] = (),
    *,
    id: str,
    title: str,
    updated: datetime,
    self_url: str,
    next_url: str = "",
    subtitle: str = "",
) -> bytes:
    """An Atom feed with an entry for each person, its notes within (section 6.1).

    ``id`` is the feed's lasting URI, ``self_url`` where this page of it stands, ``next_url`` the
    next, ``subtitle`` says how it is made; ``updated`` is aware. Notes of persons not given have
    no place in it.

    Raises:
        PfifError: as ``write`` does, and for a note without its person.
        ValueError: when ``updated`` has no offset.
    """
    people = tuple(persons)
    by_person = _by_person(people, notes)
    root = _feed_of(id, title, subtitle, updated, self_url, next_url)
    for person in people:
        entry = _atom(root, "entry")
        _person(entry, person, by_person.pop(person.person_record_id, ()))
        _entry(entry, person, title)
        _source(entry, id, title, updated)
    if by_person:
        raise PfifError(
            Fault(note.note_record_id, "person_record_id", "is of no person in the feed")
            for others in by_person.values()
            for note in others
        )
    return _bytes(root)


def note_feed(
    notes: Iterable[Note],
    *,
    id: str,
    title: str,
    updated: datetime,
    self_url: str,
    next_url: str = "",
) -> bytes:
    """An Atom feed with an entry for each note (section 6.2); what is given is as in ``feed``.

    Raises:
        PfifError, ValueError: as ``feed`` does.
    """
    root = _feed_of(id, title, "", updated, self_url, next_url)
    for note in notes:
        entry = _atom(root, "entry")
        _record(entry, "note", note)
        _atom(entry, "id", f"pfif:{note.note_record_id}")
        _atom(entry, "title", note.text or note.note_record_id)
        author = _atom(entry, "author")
        _atom(author, "name", note.author_name)
        _atom(entry, "updated", text_of(note.source_date))
        _atom(entry, "content", f"<p>{escape(note.text)}</p>", type="html")
        _source(entry, id, title, updated)
    return _bytes(root)


def _feed_of(
    id: str, title: str, subtitle: str, updated: datetime, self_url: str, next_url: str
) -> etree._Element:
    root = etree.Element(f"{{{ATOM}}}feed", nsmap={None: ATOM, "pfif": NAMESPACE})
    _atom(root, "id", id)
    _atom(root, "title", title)
    if subtitle:
        _atom(root, "subtitle", subtitle)
    _atom(root, "updated", text_of(updated))
    for rel, href in (("self", self_url), ("next", next_url)):
        if href:
            _atom(root, "link", rel=rel, type=ATOM_MEDIA_TYPE, href=href)
    return root


def _source(entry: etree._Element, id: str, title: str, updated: datetime) -> None:
    source = _atom(entry, "source")
    _atom(source, "id", id)
    _atom(source, "title", title)
    _atom(source, "updated", text_of(updated))


def _by_person(persons: Sequence[Person], notes: Iterable[Note]) -> dict[str, list[Note]]:
    gone = {person.person_record_id for person in persons if person.is_placeholder}
    found: dict[str, list[Note]] = {}
    for note in notes:
        found.setdefault(note.person_record_id, []).append(note)
    faults = [
        Fault(note.note_record_id, "person_record_id", f"is {of}, whose record has expired")
        for of in gone & found.keys()
        for note in found[of]
    ]
    if faults:
        raise PfifError(faults)
    return found


def _entry(entry: etree._Element, person: Person, feed_title: str) -> None:
    """What a feed reader shows; the PFIF record within the entry is what counts."""
    _atom(entry, "id", f"pfif:{person.person_record_id}")
    _atom(entry, "title", person.full_name or person.person_record_id)
    author = _atom(entry, "author")
    _atom(author, "name", person.author_name or person.source_name or feed_title)
    if person.author_email:
        _atom(author, "email", person.author_email)
    _atom(entry, "updated", text_of(person.source_date))
    _atom(entry, "content", _html(person), type="html")
    if person.source_url:
        _atom(entry, "link", rel="alternate", href=person.source_url)


def _html(person: Person) -> str:
    shown = (person.full_name, person.sex, person.age, person.home_city, person.description)
    return "".join(f"<p>{escape(text)}</p>" for text in shown if text)


def _person(parent: etree._Element, person: Person, notes: Iterable[Note]) -> None:
    element = _record(parent, "person", person)
    for note in notes:
        _record(element, "note", note)


def _record(parent: etree._Element, kind: str, record: Person | Note) -> etree._Element:
    element = etree.SubElement(parent, f"{_PFIF}{kind}")
    faults = []
    identifier = text_of(getattr(record, f"{kind}_record_id"))
    for field in record.__struct_fields__:
        try:
            text = text_of(getattr(record, field))
            if text:
                value_of(field, text)
            elif _is_missing(record, field):
                raise ValueError("is missing")
        except ValueError as fault:
            faults.append(Fault(identifier, field, str(fault)))
            continue
        if text or field in _ALWAYS:
            etree.SubElement(element, f"{_PFIF}{field}").text = text
    if faults:
        raise PfifError(faults)
    return element


def _is_missing(record: Person | Note, field: str) -> bool:
    if isinstance(record, Person):
        if field == "full_name":
            return not record.is_placeholder
        return field in ("person_record_id", "source_date")
    return field in ("note_record_id", "person_record_id", "author_name", "source_date")


def _atom(parent: etree._Element, name: str, text: str = "", **attributes: str) -> etree._Element:
    element = etree.SubElement(parent, f"{{{ATOM}}}{name}", attributes)
    if text:
        element.text = text_of(text)
    return element


def _bytes(root: etree._Element) -> bytes:
    document: bytes = etree.tostring(
        root, xml_declaration=True, encoding="UTF-8", pretty_print=True
    )
    return document
