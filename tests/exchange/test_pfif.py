"""Missing persons in PFIF 1.4: what is written comes back, and expires as the format asks."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from casa.exchange import pfif
from casa.exchange.cap_values import clean
from casa.exchange.pfif_records import SEXES, STATUSES, Note, Person, PfifError

NAMES = {"pfif": pfif.NAMESPACE, "atom": "http://www.w3.org/2005/Atom"}
NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)

moments = st.integers(0, 4_000_000_000_000).map(
    lambda late: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=late)
)
texts = st.text(min_size=1, max_size=80).filter(lambda text: clean(text).strip() == text)
lines = st.from_regex(r"[A-Za-zéèñ'-]{1,20}", fullmatch=True)
records = st.from_regex(r"[a-z]{1,9}\.example\.org/[!-~]{1,12}", fullmatch=True)
emails = st.from_regex(r"[a-z]{1,9}@example\.org", fullmatch=True)
phones = st.from_regex(r"\+?[0-9][0-9 ()-]{0,9}[0-9]", fullmatch=True)
urls = st.from_regex(r"https?://example\.org/[a-z0-9?&=]{0,20}", fullmatch=True)
ages = st.one_of(
    st.integers(0, 120).map(str), st.integers(0, 60).map(lambda low: f"{low}-{low + 5}")
)
births = st.dates().flatmap(
    lambda day: st.sampled_from([day.isoformat(), day.isoformat()[:7], day.isoformat()[:4]])
)


def perhaps(values):
    return st.none() | values


people = st.builds(
    Person,
    person_record_id=records,
    entry_date=perhaps(moments),
    expiry_date=perhaps(moments),
    author_name=perhaps(texts),
    author_email=perhaps(emails),
    author_phone=perhaps(phones),
    source_name=perhaps(texts),
    source_date=moments,
    source_url=perhaps(urls),
    full_name=texts,
    given_name=perhaps(lines),
    family_name=perhaps(lines),
    alternate_names=perhaps(st.lists(lines, min_size=1, max_size=3).map("\n".join)),
    description=perhaps(texts),
    sex=perhaps(st.sampled_from(SEXES)),
    date_of_birth=perhaps(births),
    age=perhaps(ages),
    home_street=perhaps(texts),
    home_neighborhood=perhaps(texts),
    home_city=perhaps(texts),
    home_state=perhaps(texts),
    home_postal_code=perhaps(lines),
    home_country=perhaps(st.sampled_from(["TT", "HT", "SR"])),
    photo_url=perhaps(urls),
    profile_urls=perhaps(st.lists(urls, min_size=1, max_size=3).map("\n".join)),
)


def notes_of(identifiers):
    return st.builds(
        Note,
        note_record_id=records,
        person_record_id=identifiers,
        linked_person_record_id=perhaps(records),
        entry_date=perhaps(moments),
        author_name=texts,
        author_email=perhaps(emails),
        author_phone=perhaps(phones),
        source_date=moments,
        author_made_contact=perhaps(st.booleans()),
        status=perhaps(st.sampled_from(STATUSES)),
        email_of_found_person=perhaps(emails),
        phone_of_found_person=perhaps(phones),
        last_known_location=perhaps(texts),
        text=texts,
        photo_url=perhaps(urls),
    )


@st.composite
def collections(draw):
    persons = draw(st.lists(people, max_size=3, unique_by=lambda one: one.person_record_id))
    identifiers = st.sampled_from([one.person_record_id for one in persons]) if persons else records
    return persons, draw(st.lists(notes_of(identifiers), max_size=4))


def a_person(**fields):
    fields = {"source_date": NOON, "full_name": "Kezia Baptiste"} | fields
    return Person(person_record_id=fields.pop("id", "casa.example.org/1"), **fields)


def a_note(**fields):
    fields = {"person_record_id": "casa.example.org/1", "author_name": "A. Neighbour"} | fields
    return Note(note_record_id=fields.pop("id", "casa.example.org/n1"), source_date=NOON, **fields)


@settings(max_examples=25, deadline=None)
@given(collections())
def test_what_is_written_is_read_again(given_both):
    persons, notes = given_both
    found = pfif.read(pfif.write(persons, notes))
    assert found.faults == ()
    assert found.persons == tuple(persons)
    assert sorted(found.notes, key=repr) == sorted(notes, key=repr)


@settings(max_examples=10, deadline=None)
@given(collections())
def test_a_feed_carries_the_same_records(given_both):
    persons, notes = given_both
    document = pfif.feed(
        persons, notes if persons else (), id="urn:a", title="A", updated=NOON, self_url="https://a"
    )
    found = pfif.read(document)
    assert found.faults == ()
    assert found.persons == tuple(persons)
    assert len(found.notes) == (len(notes) if persons else 0)


def test_fields_stand_in_the_order_of_the_specification():
    root = etree.fromstring(pfif.write([a_person(sex="female", age="12")], [a_note()]))
    (person,) = root
    assert [etree.QName(one).localname for one in person] == [
        "person_record_id",
        "source_date",
        "full_name",
        "sex",
        "age",
        "note",
    ]
    assert root.prefix == "pfif"
    assert person.findtext("pfif:source_date", namespaces=NAMES) == "2026-08-01T12:00:00Z"
    assert person.find("pfif:note/pfif:text", NAMES) is not None


def test_notes_of_persons_elsewhere_stand_for_themselves():
    root = etree.fromstring(pfif.write([], [a_note(text="Seen at the market.")]))
    assert [etree.QName(one).localname for one in root] == ["note"]


def test_times_are_in_utc():
    away = NOON.astimezone(timezone(timedelta(hours=-4)))
    assert b"2026-08-01T12:00:00Z" in pfif.write([a_person(source_date=away)])


def test_a_feed_says_to_readers_who_is_sought():
    one = a_person(author_name="A. Clerk", author_email="clerk@example.org", description="<b>&")
    document = pfif.feed(
        [one],
        id="https://casa.example.org",
        title="Missing",
        subtitle="Written by CASA",
        updated=NOON,
        self_url="https://casa.example.org/feed",
    )
    root = etree.fromstring(document)
    assert root.nsmap == {None: NAMES["atom"], "pfif": pfif.NAMESPACE}
    (link,) = root.findall("atom:link", NAMES)
    assert (link.get("rel"), link.get("href")) == ("self", "https://casa.example.org/feed")
    (entry,) = root.findall("atom:entry", NAMES)
    assert entry.findtext("atom:id", namespaces=NAMES) == "pfif:casa.example.org/1"
    assert entry.findtext("atom:title", namespaces=NAMES) == "Kezia Baptiste"
    assert entry.findtext("atom:author/atom:email", namespaces=NAMES) == "clerk@example.org"
    assert entry.findtext("atom:updated", namespaces=NAMES) == "2026-08-01T12:00:00Z"
    assert entry.findtext("atom:source/atom:title", namespaces=NAMES) == "Missing"
    assert "&lt;b&gt;&amp;" in entry.findtext("atom:content", namespaces=NAMES)
    assert entry.find("pfif:person", NAMES) is not None


def test_a_feed_has_no_place_for_notes_alone():
    with pytest.raises(PfifError):
        pfif.feed([], [a_note()], id="urn:a", title="A", updated=NOON, self_url="https://a")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sex", "Female"),
        ("age", "twelve"),
        ("age", "14-12"),
        ("date_of_birth", "2011-02-30"),
        ("home_country", "tt"),
        ("source_url", "javascript:alert(1)"),
        ("profile_urls", "https://example.org\nfile:///etc"),
        ("author_email", "nobody"),
        ("author_phone", "call me"),
        ("person_record_id", "no-domain"),
        ("source_date", datetime(2026, 8, 1)),  # noqa: DTZ001
        ("full_name", " "),
        ("description", "x" * 20_001),
    ],
)
def test_what_would_not_be_pfif_is_not_written(field, value):
    one = a_person(**{"id" if field == "person_record_id" else field: value})
    with pytest.raises(PfifError) as refused:
        pfif.write([one])
    assert [fault.field for fault in refused.value.faults] == [field]


def test_an_expired_record_keeps_identifier_and_times_only():
    due = NOON - timedelta(days=1)
    gone = pfif.expired(
        a_person(expiry_date=due, age="12", photo_url="https://example.org/1"), NOON
    )
    assert gone == Person(
        person_record_id="casa.example.org/1",
        entry_date=NOON,
        expiry_date=due,
        source_date=NOON,
        full_name="",
    )
    assert gone.is_placeholder
    assert pfif.read(pfif.write([gone])).persons == (gone,)


@pytest.mark.parametrize("due", [None, NOON + timedelta(days=30)])
def test_a_record_that_is_to_go_early_expires_now(due):
    assert pfif.expired(a_person(expiry_date=due), NOON).expiry_date == NOON


def test_nothing_more_is_told_of_the_expired():
    gone = pfif.expired(a_person(), NOON)
    with pytest.raises(PfifError, match="expired"):
        pfif.write([gone], [a_note()])


def test_links_make_pairs_once_whichever_way_they_point():
    persons = [a_person(id=f"casa.example.org/{at}") for at in (1, 2, 3)]
    first, second, third = (one.person_record_id for one in persons)
    notes = [
        a_note(person_record_id=second, linked_person_record_id=first),
        a_note(person_record_id=first, linked_person_record_id=second),
        a_note(person_record_id=third, linked_person_record_id=second),
        a_note(person_record_id=third, linked_person_record_id=third),
        a_note(person_record_id=third, linked_person_record_id="other.example.org/9"),
        a_note(person_record_id=third),
    ]
    assert pfif.duplicates(persons, notes) == ((first, second), (second, third))
