"""What CASA writes as PFIF, held against a reading of the format that shares nothing with it."""

import pytest
from hypothesis import given, settings

from casa.exchange import pfif
from tests.exchange import pfif_rules
from tests.exchange.test_pfif import NOON, a_note, a_person, collections

WHOLE = pfif.write([a_person(sex="female", age="9", expiry_date=NOON)], [a_note(text="Seen.")])


@settings(max_examples=40, deadline=None)
@given(collections())
def test_documents_and_feeds_are_valid(given_both):
    persons, notes = given_both
    assert pfif_rules.faults(pfif.write(persons, notes)) == []
    feed = pfif.feed(
        persons, notes if persons else (), id="urn:a", title="A", updated=NOON, self_url="https://a"
    )
    assert pfif_rules.faults(feed) == []


def test_placeholders_are_valid():
    assert pfif_rules.faults(pfif.write([pfif.expired(a_person(), NOON)])) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<pfif:full_name>Kezia Baptiste</pfif:full_name>", b""),
        (b">Kezia Baptiste<", b"><"),
        (b"<pfif:person_record_id>casa.example.org/1<", b"<pfif:person_record_id>1<"),
        (b"2026-08-01T12:00:00Z", b"2026-08-01T12:00:00+00:00"),
        (b"2026-08-01T12:00:00Z", b"2026-08-01"),
        (b">female<", b">F<"),
        (b">9<", b">nine<"),
        (b"<pfif:author_name>A. Neighbour</pfif:author_name>", b""),
        (b"<pfif:text>Seen.</pfif:text>", b""),
        (b"<pfif:sex>female</pfif:sex>", b"<pfif:shoes>9</pfif:shoes>"),
        (b"<pfif:sex>female</pfif:sex>", b"<pfif:full_name>Twice</pfif:full_name>"),
        (b"pfif/1.4", b"pfif/1.9"),
    ],
)
def test_the_reading_finds_what_is_wrong(old, new):
    assert pfif_rules.faults(WHOLE) == []
    assert old in WHOLE
    assert pfif_rules.faults(WHOLE.replace(old, new)) != []
