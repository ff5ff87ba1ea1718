"""Products as they come: ends of forecasts, pasted, re-wrapped, special, or other products."""

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casa import create_app
from casa.disasters.storm.atcf import best_track, hurdat2, latest_forecast
from casa.disasters.storm.motion import radii_of
from casa.disasters.storm.tcm import read
from casa.disasters.storm.track import TrackError
from casa.disasters.storm.uncertainty import cone_of, parsed, use
from casa.settings import Settings, SettingsError
from tests.disasters.storm.conftest import ADVISORY

LAST = "OUTLOOK VALID 05/1800Z...DISSIPATED"


@pytest.mark.parametrize(
    "end",
    [
        "...DISSIPATED",
        "...DISSIPATED INLAND",
        "...DISSIPATING",
        "...ABSORBED BY A FRONT",
        "...ABSORBED BY LARGER LOW",
        "...ABSORBED",
        "...MERGED WITH FRONT",
        "...MERGED WITH EXTRATROPICAL LOW",
        "...POST-TROP/REMNT LOW",
        "...POST-TROP/EXTRATROP",
        "...REMNANT LOW",
        "...EXTRATROPICAL",
        "...INLAND",
        " DISSIPATED",
        "... DISSIPATED",
        ".. ABSORBED BY A TROUGH\n",
        "\n...MERGED",
        " 19.0N  83.0W...DISSIPATED",
        " 19.0N  83.0W...ABSORBED BY A FRONT",
    ],
)
def test_a_forecast_ends_in_many_words(advisory, end):
    assert LAST in advisory
    track = read(advisory.replace(LAST, f"OUTLOOK VALID 05/1800Z{end}"))
    assert track == read(advisory)
    assert (len(track.points), track.remarks) == (4, ())


def test_an_end_in_words_that_nobody_knows_is_remarked_on(advisory):
    track = read(advisory.replace(LAST, "OUTLOOK VALID 05/1800Z...GONE TO SEA"))
    assert track.points == read(advisory).points
    assert track.remarks == (
        "line 41: the forecast is read as ending here, for 'GONE TO SEA' in place of a position",
    )


@pytest.mark.parametrize(
    "status", ["...INLAND", "...POST-TROP/EXTRATROP", "...POST-TROP/REMNT LOW", "...DISSIPATING"]
)
def test_where_there_are_a_position_and_winds_the_forecast_goes_on(advisory, status):
    assert read(advisory.replace("81.5W...INLAND", f"81.5W{status}")) == read(advisory)


def test_a_missing_position_before_winds_is_no_end(advisory):
    with pytest.raises(TrackError, match="line 31: expected FORECAST VALID"):
        read(advisory.replace("01/1800Z 13.0N  65.0W", "01/1800Z...OVER WATER"))


def test_a_storm_that_dissipates_now(advisory):
    now = "TROPICAL DEPRESSION DISSIPATING NEAR 11.2N  59.6W AT 30/2100Z"
    assert read(
        advisory.replace("HURRICANE CENTER LOCATED NEAR 11.2N  59.6W AT 30/2100Z", now, 1)
    ) == read(advisory)


@pytest.mark.parametrize(
    "centre", ["REMNANTS OF CENTER", "POST-TROPICAL CYCLONE CENTER", "REMNANTS"]
)
def test_what_is_no_storm_any_more(advisory, centre):
    title = advisory.replace("HURRICANE BERYL", "REMNANTS OF BERYL")
    track = read(title.replace("HURRICANE CENTER", centre, 1))
    assert (track.points, track.strength) == (read(advisory).points, None)


@pytest.mark.parametrize(("written", "degrees"), [(".5W", -0.5), ("0.5W", -0.5), (".5E", 0.5)])
def test_half_a_degree_from_greenwich(advisory, written, degrees):
    track = read(advisory.replace("61.5W", written))
    assert track.points[1].longitude == degrees
    (history,) = hurdat2(
        f"AL051970, UNNAMED, 1,\n19700806, 1800,  , TD, 9.5N,  {written},  25, -999"
    )
    assert history.points[0].longitude == degrees


@pytest.mark.parametrize(
    ("title", "strength"),
    [
        ("HURRICANE", "hurricane"),
        ("TROPICAL STORM", "tropical_storm"),
        ("SUBTROPICAL STORM", "tropical_storm"),
        ("SUBTROPICAL DEPRESSION", "tropical_depression"),
        ("POTENTIAL TROPICAL CYCLONE", None),
        ("POTENTIAL TROP CYCLONE", None),
        ("POST-TROPICAL CYCLONE", None),
    ],
)
def test_what_the_heading_calls_it(advisory, title, strength):
    assert read(advisory.replace("HURRICANE BERYL", f"{title} BERYL")).strength == strength


def quoted(text):
    return "".join(f"> {line}\n" for line in text.splitlines())


def replied(text):
    return "".join(f">> | {line}\r\n" for line in text.splitlines())


PASTES = {
    "indented": lambda text: textwrap.indent(text, "    "),
    "tabs": lambda text: textwrap.indent(text, "\t").replace("  ", "\t"),
    "quoted": quoted,
    "quoted twice": replied,
    "no-break spaces": lambda text: text.replace(" ", "\u00a0"),
    "thin spaces and marks": lambda text: "\ufeff" + text.replace("  ", "\u2009\u200b "),
    "windows": lambda text: text.replace("\n", "\r\n"),
    "old mac": lambda text: text.replace("\n", "\r"),
    "one line": lambda text: " ".join(text.split()),
    "lower case": str.lower,
    "entities": lambda text: text.replace("  ", "&nbsp; "),
    "html": lambda text: f"<html><body><pre>\n{text}</pre></body></html>",
    "html with breaks": lambda text: text.replace("\n", "<br/>\n"),
    "ellipses": lambda text: text.replace("...", "\u2026"),
    "quoted-printable": lambda text: text.replace("  ", " =20").replace("\n", "=20\n"),
    "a mail around it": lambda text: (
        f"From: met@example.org\nSubject: IMANI\n\n{text}\n--\nDuty desk"
    ),
}


@pytest.mark.parametrize("paste", PASTES.values(), ids=PASTES)
def test_pasted_from_anywhere_it_is_the_same_track(advisory, paste):
    assert read(paste(advisory)) == read(advisory)


@given(width=st.integers(20, 200), indent=st.integers(0, 8))
def test_re_wrapped_anyhow_it_is_the_same_track(width, indent):
    paragraphs = ADVISORY.split("\n\n")
    text = "\n".join(
        textwrap.fill(
            one,
            width + indent,
            initial_indent=" " * indent,
            break_on_hyphens=False,
            break_long_words=False,
        )
        for one in paragraphs
    )
    assert read(text) == read(ADVISORY)


def test_a_fault_in_a_quoted_text_is_named_by_its_own_line(advisory):
    with pytest.raises(TrackError, match=r"line 25: is 'FORECAST VALID 01/0600Z 11.9Q"):
        read(replied(advisory.replace("11.9N  61.5W", "11.9Q  61.5W")))


def test_two_products_are_not_taken_for_one(advisory):
    second = advisory.replace("NUMBER  12", "NUMBER  13")
    with pytest.raises(TrackError, match="line 52: has a second forecast/advisory"):
        read(advisory + second)


def test_a_weekday_that_is_not_the_dates_is_remarked_on(advisory):
    remarks = read(advisory.replace("SUN JUN 30 2024", "MON JUN 30 2024")).remarks
    assert remarks == ("line 6: 30/06/2024 is a SUN, not MON",)


OTHERS = {
    "WTNT32 KNHC 302056\nTCPAT2\nBULLETIN\nHurricane Imani Advisory Number 1": "a public advisory",
    "BULLETIN\nTropical Storm Imani Intermediate Advisory Number 12A": "a public advisory",
    "Hurricane Imani Special Advisory Number 3": "a public advisory",
    "ABNT20 KNHC 251156\nTWOAT\n\nTropical Weather Outlook": "a tropical weather outlook",
    "WECA41 PHEB 251200\nTSUCAX\n\nTSUNAMI MESSAGE NUMBER 1": "a tsunami message",
    "BULLETIN\nTsunami Information Statement Number 1": "a tsunami message",
    "Hurricane Imani Discussion Number  12": "a forecast discussion",
    "Hurricane Imani Tropical Cyclone Update": "a tropical cyclone update",
    "HURRICANE IMANI WIND SPEED PROBABILITIES NUMBER 12": "a table of wind speed probabilities",
    "Hurricane Imani Watch/Warning Advisory Number 12": "a watch/warning product",
    "<?xml version='1.0'?><alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'>": "XML",
    '{"name": "IMANI"}': "JSON",
    "AL, 99, 2026080300, 03, OFCL,   0, 263N,  854W,  35, 1005, TS,": "a deck",
    "AL991970,            UNNAMED,      2,": "HURDAT2",
}


@pytest.mark.parametrize(("text", "name"), OTHERS.items())
def test_other_products_are_refused_by_name(text, name):
    with pytest.raises(TrackError, match="FORECAST/ADVISORY NUMBER") as caught:
        read(quoted(text))
    assert caught.value.detail.startswith(f"is {name}")


SPECIAL = """\
HURRICANE IMANI SPECIAL FORECAST/ADVISORY NUMBER  10
NWS NATIONAL HURRICANE CENTER MIAMI FL       AL092025
{issued} THU SEP 25 2025

HURRICANE CENTER LOCATED NEAR 16.5N  57.5W AT {at}
MAX SUSTAINED WINDS  90 KT WITH GUSTS TO 110 KT.

FORECAST VALID {first} 16.9N  59.2W
MAX WIND  95 KT...GUSTS 115 KT.

FORECAST VALID {second} 17.5N  61.7W
MAX WIND  95 KT...GUSTS 115 KT.

$$
"""


@pytest.mark.parametrize(
    ("at", "first", "second", "circles"),
    [
        ("25/1500Z", "26/0000Z", "26/1200Z", [26 * 3 / 12, 26, 39]),  # as any advisory
        ("25/1730Z", "26/0000Z", "26/1200Z", [26 * 5.5 / 12, 26, 39]),
        ("25/1800Z", "26/0000Z", "26/1200Z", [26 * 6 / 12, 26, 39]),  # still of 12 UTC
        ("25/1800Z", "26/0600Z", "26/1800Z", [0, 26, 39]),  # already of 18 UTC
        ("25/2000Z", "26/0000Z", "26/1200Z", [26 * 8 / 12, 26, 39]),
        ("25/2100Z", "26/0600Z", "26/1800Z", [26 * 3 / 12, 26, 39]),
    ],
)
def test_a_special_counts_its_hours_from_its_own_analysis(at, first, second, circles):
    issued = f"{at[3:7]} UTC"
    track = read(SPECIAL.format(issued=issued, at=at, first=first, second=second))
    assert [point.uncertainty_nm for point in track.points] == pytest.approx(circles)


def test_the_circles_of_2025():
    assert cone_of(2025) == {
        12: 26, 24: 39, 36: 52, 48: 67, 60: 83, 72: 100, 96: 142, 120: 213
    }  # fmt: skip


def test_a_storm_that_lives_on_in_january_is_of_its_season():
    text = SPECIAL.format(issued="1500 UTC", at="01/1500Z", first="02/0000Z", second="02/1200Z")
    late = read(text.replace("SEP 25 2025", "JAN 01 2026"))
    assert late.points[1].uncertainty_nm == cone_of(2025)[12]


def test_next_years_circles_are_an_operators():
    try:
        use(parsed("2027: 20 30 40 50 60 70 90 110; 2028: 19,29,39,49,59,69,89,109"))
        assert (cone_of(2027)[120], cone_of(2028)[12], cone_of(2030)[12]) == (110, 19, 19)
        assert cone_of(2026)[120] == 200
    finally:
        use({})
    assert cone_of(2027) == cone_of(2026)


@pytest.mark.parametrize(
    "text",
    [
        "2027",
        "27: 1 2 3 4 5 6 7 8",
        "2027: 1 2 3",
        "2027: 8 7 6 5 4 3 2 1",
        "2027: 1 2 3 4 5 6 7 x",
        "2027: 1 2 3 4 5 6 7 9999",
    ],
)
def test_malformed_circles(text):
    with pytest.raises(ValueError, match="expected"):
        parsed(text)


def test_circles_are_a_setting(tmp_path):
    def app(cone):
        return create_app(
            Settings(database_url=f"sqlite:///{tmp_path}/x.db", var_dir=tmp_path, cone=cone)
        )

    try:
        app("2027: 20 30 40 50 60 70 90 110")
        assert cone_of(2027)[120] == 110
        with pytest.raises(SettingsError, match="CASA_CONE: expected a season"):
            app("2027")
    finally:
        app("")
    assert cone_of(2027) == cone_of(2026)


DECK = """\
AL, 99, 2026080300, 03, T254, 000, 211N,  937W
AL, 99, 2026080300, 03, OFCL,   0, 263N,  854W,  35, 1005, TS,  34, NEQ,   50,   50,    0,   50,
AL, 99, 2026080300, 03, OFCL,  12, 270N,  860W,   0,    0, TS
AL, 99, 2026080300, 03, OFCL,  24,   0N,    0W,   0,    0, DB
"""


def test_a_short_line_of_another_technique_is_passed_over_and_reported():
    track = latest_forecast(DECK)
    assert [(one.longitude, one.wind_kt) for one in track.points] == [(-85.4, 35), (-86, None)]
    assert track.strength == "tropical_storm"
    assert track.remarks == (
        "line 1: passed over, is no whole line of a deck",
        "line 4: the storm is nowhere any more, 0N 0W",
    )
    other = latest_forecast("<pre>\n" + DECK)
    assert other.remarks[0] == "line 1: passed over, is no whole line of a deck"


def test_a_short_line_of_the_technique_itself_is_refused():
    with pytest.raises(TrackError, match="line 1: has 8 fields"):
        latest_forecast(DECK.replace("T254", "OFCL"))


def test_two_storms_in_one_deck_are_not_taken_for_one():
    two = DECK + DECK.replace("AL, 99", "AL, 98")
    with pytest.raises(TrackError, match="line 6: expected the storm of line 2 alone"):
        latest_forecast(two)


@pytest.mark.parametrize("wind", ["-99", "-999"])
def test_unknown_winds_of_history_tell_nothing(wind):
    rest = ", -999" * 13
    text = f"""\
AL991970,            UNNAMED,      2,
19700806, 1800,  , TD, 28.0N,  80.0W,  25{rest}
19700807, 0000,  , TD, 28.0N,  81.0W, {wind}{rest}
"""
    (track,) = hurdat2(text)
    assert [point.wind_kt for point in track.points] == [25, None]
    known, unknown = track.points
    assert radii_of(known, 34).clockwise == (0, 0, 0, 0)
    assert radii_of(unknown, 34) is None


def test_unknown_winds_of_a_best_track():
    line = "AL, 02, 1961063018,   , BEST,   0, 110N,  588W, {}, -999, XX\n"
    for wind in ("0", "", "-99"):
        assert best_track(line.format(wind)).points[0].wind_kt is None
