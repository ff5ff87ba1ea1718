"""The watches and warnings of a forecast/advisory: by place, however they are written."""

import pytest

from casa.disasters.storm.tcm import read
from casa.disasters.storm.watches import notices
from tests.disasters.storm.conftest import ADVISORY

LISTED = """\
CHANGES IN WATCHES AND WARNINGS WITH THIS ADVISORY...

THE GOVERNMENT OF BARBADOS HAS ISSUED A HURRICANE WARNING FOR BARBADOS.
THE TROPICAL STORM WATCH FOR TOBAGO HAS BEEN DISCONTINUED.

SUMMARY OF WATCHES AND WARNINGS IN EFFECT...

A HURRICANE WARNING IS IN EFFECT FOR...
* BARBADOS
* ST. LUCIA
* ST. VINCENT AND THE GRENADINE ISLANDS

A HURRICANE WATCH IS IN EFFECT FOR...
* GRENADA
* TOBAGO

A TROPICAL STORM WARNING IS IN EFFECT FOR...
* MARTINIQUE
* GRENADA AND ITS DEPENDENCIES
* HAITI FROM PORT-AU-PRINCE TO THE NORTHERN BORDER WITH THE
DOMINICAN REPUBLIC

A HURRICANE WARNING MEANS THAT HURRICANE CONDITIONS ARE EXPECTED
SOMEWHERE WITHIN THE WARNING AREA.

INTERESTS ELSEWHERE IN THE LESSER ANTILLES SHOULD MONITOR JAMAICA.

"""
PROSE = """\
A HURRICANE WARNING REMAINS IN EFFECT FOR BARBADOS...ST. LUCIA...AND
ST. VINCENT AND THE GRENADINES. A HURRICANE WARNING MEANS THAT
HURRICANE CONDITIONS ARE EXPECTED.

A TROPICAL STORM WARNING AND A HURRICANE WATCH ARE IN EFFECT FOR GRENADA...CARRIACOU.

"""
CENTRE = "HURRICANE CENTER LOCATED"


def with_list(listed: str) -> str:
    return ADVISORY.replace(CENTRE, listed + CENTRE, 1)


def seen(text: str) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(one.hazard, one.level, one.codes) for one in notices(text)]


EXPECTED = [
    ("hurricane", "warning", ("BB",)),
    ("hurricane", "warning", ("LC",)),
    ("hurricane", "warning", ("VC",)),
    ("hurricane", "watch", ("GD",)),
    ("hurricane", "watch", ("TT-TOB",)),
    ("tropical_storm", "warning", ()),
    ("tropical_storm", "warning", ("GD",)),
    ("tropical_storm", "warning", ()),
]


@pytest.mark.parametrize(
    "paste",
    [
        str,
        lambda text: " ".join(text.split()),
        lambda text: "".join(f"> {line}\r\n" for line in text.splitlines()),
        lambda text: text.replace("* ", "\u2022 ").replace("\n", "\n\n"),
    ],
)
def test_a_list_however_it_is_pasted(paste):
    text = paste(with_list(LISTED))
    assert seen(text) == EXPECTED
    unknown = [one for one in notices(text) if not one.known]
    assert [(one.area[:26], one.suggestions) for one in unknown] == [
        ("HAITI FROM PORT-AU-PRINCE ", ("HT",))
    ]
    assert read(text) == read(ADVISORY)


def test_lines_are_named():
    assert [one.line for one in notices(with_list(LISTED))][:4] == [16, 17, 18, 21]


def test_sentences():
    assert seen(with_list(PROSE)) == [
        ("hurricane", "warning", ("BB",)),
        ("hurricane", "warning", ("LC",)),
        ("hurricane", "warning", ("VC",)),
        ("tropical_storm", "warning", ("GD",)),
        ("hurricane", "watch", ("GD",)),
        ("tropical_storm", "warning", ("GD-10",)),
        ("hurricane", "watch", ("GD-10",)),
    ]


def test_without_a_summary_what_is_issued_counts():
    issued = "A TROPICAL STORM WATCH HAS BEEN ISSUED FOR THE BRITISH VIRGIN ISLANDS.\n\n"
    assert seen(with_list(issued)) == [("tropical_storm", "watch", ("VG",))]
    assert notices(with_list("THERE ARE NO COASTAL WATCHES OR WARNINGS IN EFFECT.\n\n")) == ()


@pytest.mark.parametrize(
    ("area", "states", "known"),
    [
        ("ANTIGUA, BARBUDA, ANGUILLA, MONTSERRAT, ST. KITTS, AND NEVIS", "AG AI KN MS", True),
        ("ANTIGUA AND BARBUDA", "AG", True),
        ("ST. KITTS AND NEVIS", "KN", True),
        ("ST. KITTS...NEVIS...AND MONTSERRAT", "KN MS", True),
        ("THE TURKS AND CAICOS ISLANDS", "TC", True),
        ("THE TURKS AND CAICOS ISLANDS AND THE SOUTHEASTERN BAHAMAS", "BS TC", True),
        ("THE NORTHWESTERN BAHAMAS", "BS", True),
        ("GRAND BAHAMA ISLAND AND THE ABACOS", "BS", True),
        ("THE BAHAMAS", "BS", True),
        ("THE ENTIRE COAST OF BELIZE", "BZ", True),
        ("BELIZE", "BZ", True),
        ("HAITI", "HT", True),
        ("ENTIRE COAST OF HAITI", "HT", True),
        ("CAYMAN ISLANDS", "KY", True),
        ("GRAND CAYMAN, LITTLE CAYMAN, AND CAYMAN BRAC", "KY", True),
        ("LITTLE CAYMAN AND CAYMAN BRAC", "KY", True),
        ("TRINIDAD AND TOBAGO", "TT", True),
        ("TRINIDAD", "TT", True),
        ("CURA\u00c7AO", "CW", True),
        ("BERMUDA", "BM", True),
        ("U.S. VIRGIN ISLANDS", "", True),
        ("SABA AND ST. EUSTATIUS", "", True),
        ("SOUTH COAST OF THE DOMINICAN REPUBLIC FROM PUNTA PALENQUE", "", False),
        ("BELIZE CITY TO THE MEXICO BORDER", "", False),
        ("SAINT GEORGE", "", False),
    ],
)
def test_what_coasts_are_called(area, states, known):
    found = notices(
        with_list(
            f"A HURRICANE WATCH IS IN EFFECT FOR...\n* {area.replace('...', chr(10) + '* ')}\n\n"
        )
    )
    assert sorted({code[:2] for one in found for code in one.codes}) == states.split()
    assert all(one.known for one in found) is known
