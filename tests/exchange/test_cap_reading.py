"""What others may send: read when it is CAP 1.2, refused with its place when it is not."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casa.alerts.message import Area, Circle, Reference, Value
from casa.exchange.cap import CapError, from_xml, to_xml
from casa.exchange.cap_reading import MOST_BYTES, MOST_INFOS
from casa.geography.shapes import WORLD
from tests.exchange.messages import a_message

HEAD = """<identifier>TT-7</identifier><sender>odpm@tt.example</sender>
<sent>2026-08-01T14:00:00-04:00</sent><status>Actual</status><msgType>Alert</msgType>
<scope>Public</scope>"""
AREA = "<area><areaDesc>Tobago</areaDesc><circle>11.2,-60.7 20</circle></area>"


def an_info(rest=AREA, language="<language>en</language>", said="<headline>Gale</headline>"):
    return f"""<info>{language}<category>Met</category><event>Wind</event>
<urgency>Expected</urgency><severity>Severe</severity><certainty>Likely</certainty>
{said}{rest}</info>"""


def document(body=None, *, head=HEAD, namespace="urn:oasis:names:tc:emergency:cap:1.2", before=""):
    body = an_info() if body is None else body
    return f'{before}<alert xmlns="{namespace}">{head}{body}</alert>'.encode()


def shaped(shape):
    return document(an_info(f"<area><areaDesc>Tobago</areaDesc>{shape}</area>"))


def faults(data, **arguments):
    with pytest.raises(CapError) as refused:
        from_xml(data, **arguments)
    return refused.value.errors


def test_a_message_of_others_gets_what_cap_leaves_unsaid():
    message = from_xml(document(an_info(language="", said="")))
    assert message.thread == message.identifier == "TT-7"
    assert message.kind == "other"
    assert message.sequence is None
    assert message.sent == datetime(2026, 8, 1, 18, tzinfo=UTC)
    assert message.sent.tzinfo is UTC
    (info,) = message.info
    assert info.language == "en-US"
    assert info.headline == info.event == "Wind"
    assert info.expires == message.sent + timedelta(hours=24)
    assert message.area == (Area(area_desc="Tobago", circle=(Circle(-60.7, 11.2, 20_000.0),)),)


def test_an_update_belongs_to_the_thread_of_its_first_reference():
    old = "odpm@tt.example,TT-5,2026-08-01T10:00:00-04:00"
    older = "odpm@tt.example,TT-6,2026-08-01T11:00:00+00:00"
    message = from_xml(document(head=f"{HEAD}<references>\n {old}\n\t{older} </references>"))
    assert message.thread == "TT-5"
    assert message.references == (
        Reference("odpm@tt.example", "TT-5", datetime(2026, 8, 1, 14, tzinfo=UTC)),
        Reference("odpm@tt.example", "TT-6", datetime(2026, 8, 1, 11, tzinfo=UTC)),
    )


def test_a_cancellation_may_have_no_info():
    message = from_xml(document(""))
    assert message.info == message.area == ()


def test_comments_instructions_cdata_and_prefixes_make_no_difference():
    plain = document(an_info(said="<headline>Gale &amp; rain</headline>"))
    noisy = document(an_info(said="<headline>Ga<!-- x -->le<?y?><![CDATA[ & ]]>rain</headline>"))
    prefixed = (
        plain.replace(b"</", b"</c:").replace(b"<", b"<c:").replace(b"<c:/c:", b"</c:")
    ).replace(b"xmlns=", b"xmlns:c=")
    assert from_xml(plain) == from_xml(noisy) == from_xml(prefixed)
    assert from_xml(b"\xef\xbb\xbf" + plain) == from_xml(plain)


def test_white_space_around_structured_texts_is_not_part_of_them():
    padded = HEAD.replace("2026-08-01T14:00:00-04:00", "\n2026-08-01T14:00:00-04:00 ")
    shape = "<polygon>\n11,-61\t11,-60 12,-60\n11,-61 </polygon><circle> 11,-61   2 </circle>"
    area = f"<area><areaDesc>Tobago</areaDesc>{shape}<altitude> 10 </altitude></area>"
    message = from_xml(document(an_info(area, language="<language> en </language>"), head=padded))
    assert message.info[0].language == "en"
    assert message.area[0].polygon == (((-61, 11), (-60, 11), (-60, 12), (-61, 11)),)
    assert message.area[0].circle == (Circle(-61, 11, 2000),)
    assert message.area[0].altitude == pytest.approx(3.048)


def test_incidents_with_spaces_stand_in_quotes():
    message = from_xml(document(head=f'{HEAD}<incidents>a "b  c"\n"d" e"</incidents>'))
    assert message.incidents == ("a", "b  c", "d", "e")


def test_what_has_no_place_is_dropped():
    resource = (
        "<resource><resourceDesc>Siren</resourceDesc><mimeType>audio/mp3</mimeType>"
        "<derefUri>QUJD</derefUri></resource>"
    )
    signature = '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><x/></Signature>'
    message = from_xml(document(an_info(resource + AREA) + signature))
    assert message.info[0].resource[0].uri is None
    assert "QUJD" not in repr(message)


def test_one_area_described_in_two_languages_is_one_area():
    french = AREA.replace("Tobago", "Tobago (l'île)")
    message = from_xml(document(an_info() + an_info(french, language="<language>fr</language>")))
    assert [area.area_desc for area in message.area] == ["Tobago"]
    assert len(message.info) == 2


def test_an_area_that_only_one_language_has_is_kept():
    more = "<area><areaDesc>Trinité</areaDesc><circle>10.5,-61.3 9</circle></area>"
    message = from_xml(
        document(an_info() + an_info(AREA + more, language="<language>fr</language>"))
    )
    assert [area.area_desc for area in message.area] == ["Tobago", "Trinité"]


def test_different_areas_in_one_language_are_refused():
    other = AREA.replace("11.2", "10.5")
    ((where, detail),) = faults(document(an_info() + an_info(other)))
    assert where == "/alert/info[2]"
    assert "send two" in detail


def test_casa_s_parameters_must_agree_and_be_sound():
    data = to_xml(a_message())
    assert "the same" in faults(data.replace(b"9d1f6b9c-1</value>", b"x</value>", 1))[0][1]
    for number in (b"-1", b"4.0", b"", b"9" * 19, "٤".encode()):
        broken = data.replace(b"<value>42</value>", b"<value>%s</value>" % number)
        assert faults(broken)[0][1] == "casa:sequence is not a number"


def test_a_parameter_of_others_is_kept():
    pair = "<parameter><valueName>kind</valueName><value>gale</value></parameter>"
    assert from_xml(document(an_info(pair + AREA))).info[0].parameter == (Value("kind", "gale"),)


@pytest.mark.parametrize(
    "before",
    [
        '<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;"><!ENTITY d "&c;&c;">]>',
        '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/cap.dtd">',
        '<!DOCTYPE a [<!ENTITY % b SYSTEM "http://127.0.0.1:9/b"> %b;]>',
        '<?xml version="1.0"?>\n<!DOCTYPE alert>',
    ],
)
def test_a_document_type_is_refused_unread(before):
    ((where, detail),) = faults(document(before=before))
    assert where == f"line {before.count(chr(10)) + 1}"
    assert "document type" in detail


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "latin-1", "utf-7", "cp037"])
def test_another_encoding_is_refused(encoding):
    hostile = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE a [<!ENTITY b "é">]>'
    assert faults((hostile + document().decode()).encode(encoding))


def test_a_declared_encoding_does_not_change_what_is_read():
    told = document(an_info(said="<headline>Ouragan à Nevis</headline>"))
    lying = b'<?xml version="1.0" encoding="ISO-8859-1"?>' + told
    assert from_xml(lying).info[0].headline == "Ouragan à Nevis"


def test_an_entity_that_is_not_declared_is_refused():
    assert faults(document(an_info(said="<headline>&gale;</headline>")))[0][0] == "line 5"


def test_an_inclusion_is_not_followed():
    include = '<include xmlns="http://www.w3.org/2001/XInclude" href="/etc/passwd" parse="text"/>'
    assert faults(document(an_info(said=f"<headline>{include}</headline>")))


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (b"", "line 1"),
        (b"{}", "line 1"),
        (b"\x00", "line 1"),
        (b"\xff\xfe", "line 1"),
        (document()[:-8], "line 5"),
        (document() + b"<x/>", "line 5"),
        (b"<alert/>", "/"),
        (document(namespace="urn:oasis:names:tc:emergency:cap:1.1"), "/"),
        (document(namespace="http://www.incident.com/cap/1.0"), "/"),
        (document(namespace=""), "/"),
        (document(head=HEAD.replace("Actual", "Real")), "/alert/status"),
        (document(head=HEAD.replace("-04:00", "Z")), "/alert/sent"),
        (document(head=HEAD.replace("-04:00", ".5-04:00")), "/alert/sent"),
        (document(head=HEAD.replace("-08-01", "-02-30")), "/alert/sent"),
        (document(head=HEAD.replace("2026", "0001")), "/alert/sent"),
        (document(head=HEAD.replace("2026", "9999")), "/alert/sent"),
        (document(head=HEAD.replace("T14", "T24")), "/alert/sent"),
        (document(head=HEAD.replace("TT-7", "TT 7")), "/alert/identifier"),
        (document(head=HEAD.replace("TT-7", "")), "/alert/identifier"),
        (document(head=HEAD.replace("odpm@", "odpm,")), "/alert/sender"),
        (document(head=HEAD.replace("Public", "Private")), "/alert/scope"),
        (document(head=HEAD + "<references>a,b</references>"), "/alert/references"),
        (document(head=HEAD + "<references>a,b,2026</references>"), "/alert/references"),
        (document(an_info(said="<certainty>Likely</certainty>")), "/alert/info/certainty[2]"),
        (document(an_info(said="<surprise/>")), "/alert/info/surprise"),
        (document(an_info("<area/>")), "/alert/info/area"),
        (document(an_info(language="<language>e_n</language>")), "/alert/info/language"),
    ],
)
def test_what_is_not_cap_is_refused_with_its_place(data, where):
    assert faults(data)[0][0] == where


@pytest.mark.parametrize(
    ("shape", "where", "detail"),
    [
        ("<polygon>11,-61 11,-60 12,-60</polygon>", "polygon", "at least 4"),
        ("<polygon>11,-61 11,-60 12,-60 12,-61</polygon>", "polygon", "not closed"),
        ("<polygon/>", "polygon", "at least 4"),
        ("<polygon>-61,11 -60,11 -60,12 -61,11</polygon>", "polygon", "latitude first"),
        ("<polygon>11,-61 NaN,-60 12,-60 11,-61</polygon>", "polygon", "'NaN,-60'"),
        ("<polygon>11,-61 1e1,-60 12,-60 11,-61</polygon>", "polygon", "position"),
        ("<polygon>11,-61 inf,-60 12,-60 11,-61</polygon>", "polygon", "position"),
        ("<polygon>11 -61 11 -60 12 -60 11 -61</polygon>", "polygon", "position"),
        ("<polygon>11,-61,0 11,-60,0 12,-60,0 11,-61,0</polygon>", "polygon", "position"),
        ("<polygon>١١,-61 11,-60 12,-60 ١١,-61</polygon>", "polygon", "position"),
        (f"<polygon>{'9' * 5000},-61 11,-60 12,-60</polygon>", "polygon", "position"),
        ("<circle>11.2,-60.7</circle>", "circle", "not a circle"),
        ("<circle>11.2,-60.7 -1</circle>", "circle", "below 0"),
        ("<circle>11.2,-60.7 nan</circle>", "circle", "not a circle"),
        ("<circle>11.2,-60.7 1e3</circle>", "circle", "not a circle"),
        ("<circle>11.2,-60.7 20101</circle>", "circle", "half the way"),
        ("<circle>-60.7,11.2 1</circle>", "circle", "latitude first"),
        ("<circle>91,-60.7 1</circle>", "circle", "outside"),
        ("<ceiling>100</ceiling>", "ceiling", "altitude"),
        ("<altitude>100000000</altitude>", "altitude", "height"),
        ("<altitude>high</altitude>", "altitude", "high"),
    ],
)
def test_a_shape_that_is_none_is_refused(shape, where, detail):
    ((found, said), *_) = faults(shaped(shape))
    assert found == f"/alert/info/area/{where}"
    assert detail in said
    assert len(said) < 400


def test_bounds_are_the_callers():
    arctic = shaped("<circle>70,25 10</circle>")
    assert "the Caribbean region" in faults(arctic)[0][1]
    assert from_xml(arctic, bounds=WORLD).area[0].circle == (Circle(25, 70, 10_000),)


@pytest.mark.parametrize("size", ["-1", str(2**63), "9" * 5000, "1.5", "big"])
def test_a_size_that_is_none_is_refused(size):
    resource = (
        f"<resource><resourceDesc>a</resourceDesc><mimeType>b</mimeType><size>{size}</size>"
        "</resource>"
    )
    assert faults(document(an_info(resource)))[0][0] == "/alert/info/resource/size"


def test_faults_have_their_line():
    assert "(line 3)" in faults(document(head=HEAD.replace("Public", "All")))[0][1]


def test_size_and_number_are_bounded():
    assert "bytes" in faults(b" " * MOST_BYTES + document())[0][1]
    assert "infos" in faults(document(an_info() * (MOST_INFOS + 1)))[0][1]


@pytest.mark.parametrize(
    "body",
    [
        "<a>" * 300_000,
        "<a>" * 250 + "</a>" * 250,
        "<info/>" * 250_000,
        "<info/>" * 19_000,
        HEAD * 2_000,
        an_info() * 6_000,
        an_info("<area><areaDesc/><polygon>" + "1,-61 " * 300_000 + "2,-61</polygon></area>"),
        an_info("<area><areaDesc/><circle>x</circle></area>" * 40_000),
        an_info(said="<headline>" + "x<!-- -->" * 200_000 + "</headline><surprise/>"),
        '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#">' + "<x/>" * 400_000,
    ],
)
def test_a_document_made_to_hurt_is_refused_soon(body):
    data = document(body)
    assert len(data) <= MOST_BYTES
    start = time.process_time()
    assert 1 <= len(faults(data)) <= 20
    assert time.process_time() - start < 5


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_damaged_document_is_read_or_refused_and_nothing_else(data):
    whole = to_xml(a_message())
    at = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(at, min(len(whole), at + 30)))
    damaged = whole[:at] + data.draw(st.binary(max_size=6)) + whole[end:]
    try:
        message = from_xml(damaged)
    except CapError:
        return
    if message.info:
        assert from_xml(to_xml(message)).identifier == message.identifier
