"""Decks and HURDAT2: read as tracks, and refused by line."""

from datetime import UTC, datetime

import pytest

from casa.disasters.storm.atcf import best_track, hurdat2, latest_forecast
from casa.disasters.storm.tcm import read
from casa.disasters.storm.track import Quadrants, TrackError

B_DECK = """\
AL, 02, 2024063018,   , BEST,   0, 110N,  588W, 115,  960, HU,  34, NEQ,  100,   90,   50,   90, \
1012,  200,  10, 140,  10,   L,   0,    , 280,  16,      BERYL, D,
AL, 02, 2024063018,   , BEST,   0, 110N,  588W, 115,  960, HU,  64, NEQ,   30,   20,   15,   30, \
1012,  200,  10, 140,  10,   L,   0,    , 280,  16,      BERYL, D,

AL, 02, 2024070115, 10, BEST,   0, 125N,  614W, 120,  950, HU,  50, AAA,   40,    0,    0,    0,
AL, 02, 2024070118,   , BEST,   0, 130N,  650W, 130,  940, HU
AL, 02, 2024070200,   , BEST,   0, 135N,  670W,  30,  940, HU,   0,    ,    0,    0,    0,    0,
"""

A_DECK = """\
AL, 02, 2024063012, 03, OFCL,   0, 109N,  575W, 110,    0, HU,  34, NEQ,  100,   90,   50,   90,
AL, 02, 2024063018, 03, AVNO,  12, 119N,  615W,  80,    0, XX
AL, 02, 2024063018, 03, OFCL,   3, 112N,  596W, 115,    0, HU,  34, NEQ,  100,   90,   50,   90, \
0, 0, 0, 140, 0, , 0, XYZ, 280, 16, BERYL
AL, 02, 2024063018, 03, OFCL,   3, 112N,  596W, 115,    0, HU,  50, NEQ,   50,   40,   30,   50,
AL, 02, 2024063018, 03, OFCL,   3, 112N,  596W, 115,    0, HU,  64, NEQ,   30,   20,   15,   30,
AL, 02, 2024063018, 03, OFCL,  12, 119N,  615W, 115,    0, HU,  34, NEQ,  100,   90,    0,   90, \
0, 0, 0, 140, 0, , 0, XYZ, 280, 16, BERYL
AL, 02, 2024063018, 03, OFCL,  12, 119N,  615W, 115,    0, HU,  50, SEQ,   40,   30,   50,   50,
AL, 02, 2024063018, 03, OFCL,  12, 119N,  615W, 115,    0, HU,  64, NWQ,   30,   30,   20,   15,
AL, 02, 2024063018, 03, OFCL,  24, 130N,  650W, 120,    0, HU,  34, SWQ,   60,  100,  110,   90, \
0, 0, 0, 145, 0, , 0, XYZ, 280, 16, BERYL
AL, 02, 2024063018, 03, OFCL,  96, 188N,  815W,  85,    0, HU,   0,    ,    0,    0,    0,    0, \
0, 0, 0, 105, 0, , 0, XYZ, 280, 16, BERYL
"""

HISTORY = """\
AL092021,                IDA,      2,
20210829, 1200,  , HU, 28.5N,  89.6W, 130,  929,  130,  110,   80,  110,   70,   60,   40,   60,\
   45,   35,   20,   30,   10,
20210829, 1655, L, HU, 29.1N,  90.2W, 130,  931,  130,  110,   80,  110,   70,   60,   40,   60,\
   45,   35,   20,   30,   10,
AL011851,            UNNAMED,      1,
18510625, 0000,  , HU, 28.0N,  94.8W,  80, -999, -999, -999, -999, -999, -999, -999, -999, -999,\
 -999, -999, -999, -999, -999,
"""


def test_a_best_track():
    track = best_track(B_DECK)
    assert (track.name, track.identifier, track.advisory) == ("BERYL", "AL022024", None)
    assert [point.time for point in track.points] == [
        datetime(2024, 6, 30, 18, tzinfo=UTC),
        datetime(2024, 7, 1, 15, 10, tzinfo=UTC),
        datetime(2024, 7, 1, 18, tzinfo=UTC),
        datetime(2024, 7, 2, tzinfo=UTC),
    ]
    first, second, *rest = track.points
    assert (first.longitude, first.latitude, first.wind_kt, first.gust_kt) == (-58.8, 11, 115, 140)
    assert first.radii == {34: Quadrants(100, 90, 50, 90), 64: Quadrants(30, 20, 15, 30)}
    assert second.radii == {50: Quadrants(40, 40, 40, 40)}
    assert [point.radii for point in rest] == [{}, {}]
    assert {point.uncertainty_nm for point in track.points} == {0}


def test_the_last_official_forecast_is_the_advisory(advisory):
    text = read(advisory)
    deck = latest_forecast(A_DECK)
    assert (deck.name, deck.identifier, deck.advisory) == (text.name, text.identifier, None)
    assert deck.points == text.points


def test_another_technique_and_its_name():
    track = latest_forecast(A_DECK, "AVNO", {12: 30})
    assert (track.name, track.points[0].wind_kt, track.points[0].time.day) == ("AL022024", 80, 1)
    assert track.points[0].uncertainty_nm == 0


def test_history():
    ida, unnamed = hurdat2(HISTORY)
    assert (ida.name, ida.identifier) == ("IDA", "AL092021")
    assert ida.points[1].time == datetime(2021, 8, 29, 16, 55, tzinfo=UTC)
    assert (ida.points[1].longitude, ida.points[1].latitude) == (-90.2, 29.1)
    assert ida.points[1].radii == {
        34: Quadrants(130, 110, 80, 110),
        50: Quadrants(70, 60, 40, 60),
        64: Quadrants(45, 35, 20, 30),
    }
    assert (unnamed.points[0].wind_kt, unnamed.points[0].radii) == (80, {})


@pytest.mark.parametrize(
    ("line", "now", "number", "expected"),
    [
        (
            "2024063018,   , BEST,   0, 110N",
            "2024063018,   , BEST,   0, 110",
            1,
            "degrees and N or S",
        ),
        ("2024063018", "2024063030", 1, "a time, 2024063018"),
        ("AL, 02, 2024063018", "AL, x, 2024063018", 1, "a basin and a number"),
        (" 588W, 115", " 588W, xx", 1, "field 9 is 'xx': expected wind in knots"),
        ("34, NEQ", "35, NEQ", 1, "expected 34, 50, 64 or 0"),
        ("34, NEQ", "34, NNQ", 1, "expected AAA, NEQ"),
        ("34, NEQ,  100", "34, NEQ,     ", 1, "field 14 is '': expected radius"),
        ("34, NEQ,  100", "34, NEQ, -100", 1, "0 to 1000 nautical miles"),
        ("614W, 120", "614W, 920", 4, "0 to 250 knots"),
        (
            "AL, 02, 2024070118,   , BEST,   0, 130N,  650W, 130,  940, HU",
            "AL, 02",
            5,
            "at least 9",
        ),
        ("2024070118,   ", "2024070118, x ", 5, "expected minutes"),
    ],
)
def test_a_malformed_line_of_a_deck_is_named(line, now, number, expected):
    assert line in B_DECK
    with pytest.raises(TrackError) as caught:
        best_track(B_DECK.replace(line, now, 1))
    assert caught.value.where == f"line {number}"
    assert expected in caught.value.detail


def test_a_technique_must_be_there():
    with pytest.raises(TrackError, match="line 1: expected at least one line of the technique UKM"):
        latest_forecast(A_DECK, "UKM")


@pytest.mark.parametrize(
    ("line", "now", "number", "expected"),
    [
        ("AL092021, ", "AL9, ", 1, "a heading such as AL092021"),
        ("IDA,      2,", "IDA,      x,", 1, "how many lines follow"),
        ("UNNAMED,      1,", "UNNAMED,      2,", 4, "2 lines below, not 1"),
        ("UNNAMED,      1,", "UNNAMED,      0,", 4, "1 lines below, not 0"),
        ("20210829, 1655", "20210829, 1165", 3, "a time, 20210829, 1655"),
        ("20210829, 1655", "20210829, 1200", 1, "a time after 2021-08-29T12:00Z"),
        ("18510625, 0000,  , HU, 28.0N", "18510625, 0000,  , HU, 28.0E", 5, "degrees and N or S"),
        ("94.8W,  80", "94.8W, -98", 5, "0 to 250 knots"),
        ("-999, -999, -999, -999,\\\n", "-999, -999, -999,   10,", 5, "0 to 1000"),
    ],
)
def test_a_malformed_line_of_history_is_named(line, now, number, expected):
    history = HISTORY
    line = line.replace("\\\n", "")
    assert line in history
    with pytest.raises(TrackError) as caught:
        hurdat2(history.replace(line, now, 1))
    assert caught.value.where == f"line {number}"
    assert expected in caught.value.detail


def test_a_line_of_history_that_is_too_short():
    with pytest.raises(TrackError, match="line 2: has 2 fields: expected at least 8"):
        hurdat2("AL092021, IDA, 1,\n20210829, 1200")
