"""Reading PFIF 1.1 to 1.4 that anyone may have sent, or Atom feeds that carry it.

Nothing in the document is followed, expanded or fetched: a document type is refused before it is
read, bytes and tags are bounded here and the depth by libxml2 (256). What of a record can't be
kept is named as a fault. A field with a fault is left out; so is the whole record when the field
is one that it can't do without, or the date on which it is to be forgotten.
"""

from collections.abc import Callable, Iterator
from typing import TypeVar

import msgspec
from lxml import etree

from casa.exchange.atom import NAMESPACE as ATOM
from casa.exchange.pfif_records import PLACEHOLDER, Fault, Note, Person, PfifError, value_of

VERSIONS = {f"http://zesty.ca/pfif/{version}": version for version in ("1.1", "1.2", "1.3", "1.4")}
ATOM_ENTRY = f"{{{ATOM}}}entry"

MOST_BYTES = 32 * 2**20
MOST_TAGS = 1_500_000
"""An element costs memory however short it is: ten thousand full records have half as many."""
MOST_FAULTS = 1_000

_RENAMED = {
    "first_name": "given_name",
    "last_name": "family_name",
    "other": "description",
    "home_zip": "home_postal_code",
    "found": "author_made_contact",
}
_NEEDED = {
    Person: ("person_record_id", "source_date", "full_name", "expiry_date"),
    Note: ("note_record_id", "person_record_id", "author_name", "source_date"),
}
_LABEL = "description:"

Report = Callable[[Fault], None]
Record = TypeVar("Record", Person, Note)


class Document(msgspec.Struct, frozen=True):
    """What a document says, in its order, and what of it could not be kept."""

    persons: tuple[Person, ...] = ()
    notes: tuple[Note, ...] = ()
    faults: tuple[Fault, ...] = ()


def read(xml: bytes, *, most: int = 10_000) -> Document:
    """The records of a PFIF document or Atom feed in UTF-8; ``most`` bounds persons with notes.

    Names that 1.4 changed are read as 1.4's. Before 1.3 there is no ``full_name``, which is made
    of first and last name, and ``source_date`` may be missing, for which ``entry_date`` stands.
    Records with one identifier all come: the one with the latest ``source_date`` is to be kept
    (section 3.2).

    Raises:
        PfifError: when it is no PFIF, or has more bytes, tags or records than are read.
    """
    root = _tree(xml)
    elements = list(_records(root))
    notes_within = sum(1 for one in elements for child in one if _local(child) == "note")
    if (count := len(elements) + notes_within) > most:
        raise _refusal(f"has {count} records: give at most {most}")
    persons: list[Person] = []
    notes: list[Note] = []
    faults: list[Fault] = []
    for at, element in enumerate(elements, 1):
        if _local(element) == "note":
            notes += _kept(_note(element, f"note[{at}]", None, faults.append))
        else:
            _person(element, f"person[{at}]", persons, notes, faults.append)
    if (count := len(faults)) > MOST_FAULTS:
        more = Fault("", "", f"has {count - MOST_FAULTS} more faults")
        faults = [*faults[:MOST_FAULTS], more]
    return Document(tuple(persons), tuple(notes), tuple(faults))


def _tree(data: bytes) -> etree._Element:
    """The root element, when it is PFIF's or Atom's.

    The encoding is fixed beforehand, so that no declaration makes the parser see another document
    than the one that was looked through for a document type.
    """
    if len(data) > MOST_BYTES:
        raise _refusal(f"has {len(data)} bytes: give at most {MOST_BYTES}")
    if (count := data.count(b"<")) > MOST_TAGS:
        raise _refusal(f"has {count} tags: give at most {MOST_TAGS}")
    try:
        given = data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        raise _refusal("is not in UTF-8", f"line {line}") from None
    if "<!DOCTYPE" in given:
        raise _refusal("has a document type, which has no place in PFIF")
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
        raise _refusal(str(fault.msg)[:300], f"line {fault.lineno or 1}") from None
    if root.tag != f"{{{ATOM}}}feed" and not (_version(root) and _local(root) == "pfif"):
        raise _refusal(f"is {root.tag[:200]}: give pfif of http://zesty.ca/pfif/1.4")
    return root


def _records(root: etree._Element) -> Iterator[etree._Element]:
    parents = root.iterfind(ATOM_ENTRY) if _local(root) == "feed" else (root,)
    for parent in parents:
        yield from (one for one in parent if _version(one) and _local(one) in ("person", "note"))


def _person(
    element: etree._Element, place: str, persons: list[Person], notes: list[Note], report: Report
) -> None:
    """Adds the person and its notes; neither when the person can't be kept."""
    texts, label = _texts(element, Person, place, report)
    if _version(element) in ("1.1", "1.2"):
        names = (texts.get("given_name", ""), texts.get("family_name", ""))
        if any(names):
            texts.setdefault("full_name", " ".join(name for name in names if name))
        if "entry_date" in texts:
            texts.setdefault("source_date", texts["entry_date"])
    if "expiry_date" in texts and texts.keys() <= PLACEHOLDER:
        texts["full_name"] = ""
    person = _record(Person, texts, label, report)
    within = [one for one in element if _version(one) and _local(one) == "note"]
    if person is not None:
        persons.append(person)
        for at, one in enumerate(within, 1):
            notes += _kept(_note(one, f"{label} note[{at}]", person.person_record_id, report))
    elif within:
        report(Fault(label, "note", f"{len(within)} notes are left out with their person"))


def _note(element: etree._Element, place: str, of: str | None, report: Report) -> Note | None:
    texts, label = _texts(element, Note, place, report)
    if of is not None and texts.setdefault("person_record_id", of) != of:
        report(Fault(label, "person_record_id", f"is not {of}, where it stands: left out"))
        return None
    return _record(Note, texts, label, report)


def _kept(note: Note | None) -> tuple[Note, ...]:
    return () if note is None else (note,)


def _texts(
    element: etree._Element, kind: type[Record], place: str, report: Report
) -> tuple[dict[str, str], str]:
    """Stripped texts by 1.4's names, and what the record is called in faults."""
    own = "person_record_id" if kind is Person else "note_record_id"
    version = _version(element)
    label = next((_text(one) for one in element if _local(one) == own), "")[:200] or place
    found: dict[str, str] = {}
    for one in element:
        given = _local(one)
        name = _RENAMED.get(given, given) if version != "1.4" else given
        if given == "note" and kind is Person:
            continue
        if _version(one) != version or name not in kind.__struct_fields__:
            report(Fault(label, given[:200], f"is no field of PFIF {version}: left out"))
        elif len(one):
            report(Fault(label, name, "has elements within: left out"))
        elif name in found:
            report(Fault(label, name, "is given more than once: the first is kept"))
        elif text := _text(one):
            found[name] = _unlabelled(text) if given == "other" else text
    return found, label


def _record(kind: type[Record], texts: dict[str, str], label: str, report: Report) -> Record | None:
    values: dict[str, object] = {}
    keep = True
    for name, text in texts.items():
        try:
            values[name] = value_of(name, text)
        except ValueError as fault:
            needed = name in _NEEDED[kind]
            keep = keep and not needed
            report(Fault(label, name, f"{fault}: {'the record is ' if needed else ''}left out"))
    for name in _NEEDED[kind]:
        if name not in texts and name != "expiry_date":
            report(Fault(label, name, "is missing: the record is left out"))
            keep = False
    return msgspec.convert(values, kind) if keep else None


def _unlabelled(other: str) -> str:
    """What 1.4 calls ``description``: up to 1.3 it is in ``other``, under that label.

    Where ``other`` has more than that one label, all of it is the description.
    """
    if not other.startswith(_LABEL):
        return other
    lines = other.removeprefix(_LABEL).splitlines()
    if any(line.partition(":")[1] and " " not in line.partition(":")[0] for line in lines[1:]):
        return other
    return "\n".join(line.strip() for line in lines).strip()


def _text(element: etree._Element) -> str:
    return "".join(element.itertext()).strip()


def _version(element: etree._Element) -> str | None:
    return VERSIONS.get(etree.QName(element).namespace or "")


def _local(element: etree._Element) -> str:
    name: str = etree.QName(element).localname
    return name


def _refusal(detail: str, where: str = "") -> PfifError:
    return PfifError([Fault(where, "", detail)])
