"""An independent reading of PFIF 1.4 (http://zesty.ca/pfif/1.4/), to hold what CASA writes against.

Nothing of CASA is used here, and another XML parser than CASA's: field names, their order, which
are required and their formats are written down from sections 3.3, 4.1, 4.2, 5 and 6.1.
"""

import re
from xml.etree import ElementTree

PFIF = "{http://zesty.ca/pfif/1.4}"
ATOM = "{http://www.w3.org/2005/Atom}"

PERSON = [
    "person_record_id", "entry_date", "expiry_date", "author_name", "author_email", "author_phone",
    "source_name", "source_date", "source_url", "full_name", "given_name", "family_name",
    "alternate_names", "description", "sex", "date_of_birth", "age", "home_street",
    "home_neighborhood", "home_city", "home_state", "home_postal_code", "home_country",
    "photo_url", "profile_urls",
]  # fmt: skip
NOTE = [
    "note_record_id", "person_record_id", "linked_person_record_id", "entry_date", "author_name",
    "author_email", "author_phone", "source_date", "author_made_contact", "status",
    "email_of_found_person", "phone_of_found_person", "last_known_location", "text", "photo_url",
]  # fmt: skip
REQUIRED = {
    "person": {"person_record_id", "source_date", "full_name"},
    "note": {"note_record_id", "person_record_id", "author_name", "source_date", "text"},
}
PLACEHOLDER = {"person_record_id", "source_date", "entry_date", "expiry_date", "full_name"}

_RECORD_ID = r"[^/\s]+/\S+"
_DATE_TIME = r"\d{4}-(0[1-9]|1[0-2])-([0-2]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-6]\d(\.\d+)?Z"
_EMAIL, _PHONE, _URL = r"[^@\s]+@[^@\s]+", r"[-+()\d\s]+", r"https?://\S+"
FORMATS = {
    "person_record_id": _RECORD_ID,
    "note_record_id": _RECORD_ID,
    "linked_person_record_id": _RECORD_ID,
    "entry_date": _DATE_TIME,
    "expiry_date": _DATE_TIME,
    "source_date": _DATE_TIME,
    "author_email": _EMAIL,
    "email_of_found_person": _EMAIL,
    "author_phone": _PHONE,
    "phone_of_found_person": _PHONE,
    "source_url": _URL,
    "photo_url": _URL,
    "profile_urls": rf"{_URL}(\n{_URL})*",
    "sex": "female|male|other",
    "date_of_birth": r"\d{4}(-\d\d(-\d\d)?)?",
    "age": r"\d+(-\d+)?",
    "home_country": "[A-Z]{2}",
    "author_made_contact": "true|false",
    "status": "information_sought|is_note_author|believed_alive|believed_missing|believed_dead",
}


def faults(document: bytes) -> list[str]:
    """All that is wrong with a PFIF document or an Atom person feed; nothing when it is valid."""
    root = ElementTree.fromstring(document)
    if root.tag == f"{ATOM}feed":
        return list(_feed(root))
    if root.tag != f"{PFIF}pfif":
        return [f"the root is {root.tag}"]
    found = [f"pfif holds {one.tag}" for one in root if one.tag not in _tags("person", "note")]
    for one in root.iterfind(f"{PFIF}person"):
        found += _person(one)
    for one in root.iterfind(f"{PFIF}note"):
        found += _fields(one, "note", NOTE)
    return found


def _feed(root):
    for name in ("id", "title", "updated"):
        if len(root.findall(f"{ATOM}{name}")) != 1:
            yield f"the feed has not one {name}"
    if not any(one.get("rel") == "self" for one in root.iterfind(f"{ATOM}link")):
        yield "the feed has no link to itself"
    for entry in root.iterfind(f"{ATOM}entry"):
        persons = entry.findall(f"{PFIF}person")
        if len(persons) != 1:
            yield "an entry has not one person"
            continue
        yield from _person(persons[0])
        identifier = persons[0].findtext(f"{PFIF}person_record_id")
        if entry.findtext(f"{ATOM}id") != f"pfif:{identifier}":
            yield f"the entry of {identifier} has another id"
        for name in ("title", "author", "updated", "content"):
            if entry.find(f"{ATOM}{name}") is None:
                yield f"the entry of {identifier} has no {name}"
        if entry.findtext(f"{ATOM}updated") != persons[0].findtext(f"{PFIF}source_date"):
            yield f"the entry of {identifier} is not updated at its source_date"


def _person(element):
    yield from _fields(element, "person", PERSON)
    identifier = element.findtext(f"{PFIF}person_record_id")
    notes = element.findall(f"{PFIF}note")
    if not element.findtext(f"{PFIF}full_name"):
        told = {one.tag.removeprefix(PFIF) for one in element if one.text and one.text.strip()}
        if notes or told - PLACEHOLDER or "expiry_date" not in told:
            yield f"{identifier} has no name, and is no placeholder either"
    for note in notes:
        yield from _fields(note, "note", NOTE)
        if note.findtext(f"{PFIF}person_record_id") not in (None, identifier):
            yield f"a note within {identifier} is of another person"


def _fields(element, kind, order):
    given = [one.tag.removeprefix(PFIF) for one in element if one.tag != f"{PFIF}note"]
    name = element.findtext(f"{PFIF}{kind}_record_id")
    if strange := set(given) - set(order):
        yield f"{name} holds {sorted(strange)}"
        return
    if given != sorted(set(given), key=order.index):
        yield f"{name} has its fields twice or out of order: {given}"
    if missing := REQUIRED[kind] - set(given):
        yield f"{name} lacks {sorted(missing)}"
    for one in element:
        field, text = one.tag.removeprefix(PFIF), one.text or ""
        if field in FORMATS and not re.fullmatch(FORMATS[field], text):
            yield f"{name} has {field} {text!r}"


def _tags(*names):
    return {f"{PFIF}{name}" for name in names}
