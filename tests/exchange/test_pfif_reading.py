"""What others may send as PFIF: kept where it can be, and each fault named where it stands."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casa.exchange import pfif_reading
from casa.exchange.pfif import read
from casa.exchange.pfif_records import PfifError

HEAD = "<person_record_id>a.example.org/1</person_record_id>"
NEEDED = f"{HEAD}<source_date>2026-08-01T12:00:00Z</source_date><full_name>Ti Jan</full_name>"
NOTE = """<note><note_record_id>a.example.org/n</note_record_id><author_name>A</author_name>
<source_date>2026-08-01T13:00:00Z</source_date>{}</note>"""
NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)


def document(body, version="1.4", before=""):
    return f'{before}<pfif xmlns="http://zesty.ca/pfif/{version}">{body}</pfif>'.encode()


def a_person(fields="", needed=NEEDED):
    return f"<person>{needed}{fields}</person>"


def faults(body, version="1.4"):
    found = read(document(body, version))
    return found, [(fault.record, fault.field) for fault in found.faults]


def refused(data, **arguments):
    with pytest.raises(PfifError) as refusal:
        read(data, **arguments)
    return str(refusal.value)


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_old_names_are_read_as_todays(version):
    body = f"""<person>{HEAD}<entry_date>2026-08-01T12:00:00Z</entry_date>
    <first_name>JAN</first_name><last_name>BATIS</last_name><home_zip>HT6110</home_zip>
    <other>description:\n    Tall.\n    Limps.</other>
    {NOTE.format("<found>true</found>")}</person>"""
    found = read(document(body, version))
    assert found.faults == ()
    (person,) = found.persons
    assert (person.full_name, person.given_name, person.family_name) == (
        "JAN BATIS",
        "JAN",
        "BATIS",
    )
    assert person.source_date == person.entry_date == NOON
    assert person.home_postal_code == "HT6110"
    assert person.description == "Tall.\nLimps."
    (note,) = found.notes
    assert note.author_made_contact is True
    assert note.person_record_id == "a.example.org/1"


def test_other_with_more_labels_is_kept_whole():
    other = "description:\n    Tall.\neyes:\n    brown"
    (person,) = read(document(a_person(f"<other>{other}</other>"), "1.3")).persons
    assert person.description == other


def test_old_names_are_no_fields_of_today():
    found, named = faults(a_person("<first_name>Jan</first_name>"))
    assert named == [("a.example.org/1", "first_name")]
    assert found.persons[0].given_name is None


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("sex", "F"),
        ("age", "12 years"),
        ("date_of_birth", "31/07/1999"),
        ("date_of_birth", "1999-13"),
        ("home_country", "Haiti"),
        ("photo_url", "javascript:alert(1)"),
        ("source_url", "/etc/passwd"),
        ("entry_date", "2026-08-01"),
        ("entry_date", "2026-08-01T12:00:00-04:00"),
        ("entry_date", "2026-02-30T12:00:00Z"),
        ("description", "x" * 20_001),
    ],
)
def test_a_field_with_a_fault_is_left_out_and_named(field, text):
    found, named = faults(a_person(f"<{field}>{text}</{field}><home_city>Jérémie</home_city>"))
    assert named == [("a.example.org/1", field)]
    (person,) = found.persons
    assert getattr(person, field) is None
    assert person.home_city == "Jérémie"


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (a_person("<expiry_date>soon</expiry_date>"), [("a.example.org/1", "expiry_date")]),
        (
            a_person(needed=f"{HEAD}<full_name>Ti Jan</full_name>"),
            [("a.example.org/1", "source_date")],
        ),
        (
            a_person(needed=f"{HEAD}<source_date>2026-08-01T12:00:00Z</source_date>"),
            [("a.example.org/1", "full_name")],
        ),
        (
            a_person(needed=NEEDED.replace("a.example.org/1", "1")) + a_person(needed=""),
            [
                ("1", "person_record_id"),
                ("person[2]", "person_record_id"),
                ("person[2]", "source_date"),
                ("person[2]", "full_name"),
            ],
        ),
        (
            a_person(NOTE.format(""), needed=HEAD),
            [("a.example.org/1", field) for field in ("source_date", "full_name", "note")],
        ),
        (NOTE.format(""), [("a.example.org/n", "person_record_id")]),
    ],
)
def test_a_record_that_can_not_be_kept_is_left_out_and_named(body, named):
    found, given = faults(body)
    assert (found.persons, found.notes) == ((), ())
    assert given == named


def test_a_note_is_of_the_person_that_it_stands_in():
    other = NOTE.format("<person_record_id>a.example.org/2</person_record_id>")
    found, named = faults(a_person(NOTE.format("") + other))
    assert [note.person_record_id for note in found.notes] == ["a.example.org/1"]
    assert named == [("a.example.org/n", "person_record_id")]


def test_what_is_said_twice_or_strangely_is_named():
    fields = "<sex>male</sex><sex>female</sex><age><b>9</b></age><shoes>9</shoes>"
    found, named = faults(a_person(fields))
    assert [field for _, field in named] == ["sex", "age", "shoes"]
    assert (found.persons[0].sex, found.persons[0].age) == ("male", None)


def test_blank_fields_say_nothing():
    found, named = faults(a_person("<sex/><age> </age>"))
    assert named == []
    assert (found.persons[0].sex, found.persons[0].age) == (None, None)


def test_a_placeholder_needs_no_name():
    times = "<source_date>2026-08-01T12:00:00Z</source_date>"
    times += "<expiry_date>2026-08-01T11:00:00.5Z</expiry_date>"
    found, named = faults(f"<person>{HEAD}{times}<full_name/></person>")
    assert named == []
    assert found.persons[0].is_placeholder
    found, named = faults(f"<person>{HEAD}{times}<sex>?</sex></person>")
    assert found.persons == ()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "Document is empty"),
        (b"<pfif", "line 1"),
        (b"<pfif/>", "is pfif"),
        (document("", "1.0"), "is {http://zesty.ca/pfif/1.0}pfif"),
        (document("").decode().encode("utf-16"), "UTF-8"),
        (document("\x00"), "line 1"),
        (document("&nbsp;"), "line 1"),
        (document("<person>" * 300 + "</person>" * 300), "line 1"),
    ],
)
def test_what_is_no_pfif_is_refused(data, said):
    assert said in refused(data)


def test_nothing_is_expanded_or_fetched():
    laughs = "".join(f'<!ENTITY l{at} "{f"&l{at - 1};" * 10}">' for at in range(1, 10))
    bomb = f'<!DOCTYPE pfif [<!ENTITY l0 "ha">{laughs}]>'
    assert "document type" in refused(document(a_person("<age>&l9;</age>"), before=bomb))
    outside = '<!DOCTYPE pfif [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
    assert "document type" in refused(document(a_person("<age>&x;</age>"), before=outside))


def test_sizes_are_bounded():
    assert "3 records" in refused(document(a_person(NOTE.format("")) + NOTE.format("")), most=2)
    assert "bytes" in refused(b" " * (pfif_reading.MOST_BYTES + 1))
    began = time.monotonic()
    assert "tags" in refused(document("<a/>" * (pfif_reading.MOST_TAGS + 1)))
    assert time.monotonic() - began < 5


def test_a_great_document_is_read_in_good_time():
    body = "".join(
        f"<person>{NEEDED.replace('/1<', f'/{at}<')}<sex>?</sex></person>" for at in range(10_000)
    )
    began = time.monotonic()
    found = read(document(body))
    assert time.monotonic() - began < 20
    assert len(found.persons) == 10_000
    assert len(found.faults) == pfif_reading.MOST_FAULTS + 1
    assert found.faults[-1].detail == "has 9000 more faults"


@given(st.binary(max_size=200))
def test_rubbish_is_refused_whatever_it_is(data):
    with pytest.raises(PfifError):
        read(data)


@given(st.text(max_size=60))
def test_any_text_in_a_field_is_kept_or_named(said):
    escaped = "".join(f"&#{ord(one)};" for one in said if one.isprintable())
    for field in ("age", "source_url", "expiry_date", "description"):
        found = read(document(a_person(f"<{field}>{escaped}</{field}>")))
        assert found.persons or found.faults
