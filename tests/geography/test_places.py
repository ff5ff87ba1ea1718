"""The bundled gazetteer against ISO's codes, known positions and its own promises."""

import itertools
import math
import time
from zoneinfo import ZoneInfo

import numpy as np
import pycountry
import pyproj
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from casa.geography.places import (
    BUNDLED,
    UnknownPlace,
    code_of,
    gazetteer,
    load,
    place_key,
)

MEMBERS = ["AG", "BS", "BB", "BZ", "DM", "GD", "GY", "HT", "JM", "KN", "LC", "MS", "SR", "TT", "VC"]
ASSOCIATES = ["AI", "BM", "VG", "KY", "TC", "CW"]
WITHOUT_BOUNDARY = {"BS-GC", "BS-HI", "BS-HT", "LC-12", "KN-K", "KN-N"}
SLIVER = 1e-6  # square degrees, about 0.01 square kilometres
GEOD = pyproj.Geod(ellps="WGS84")

STATES = gazetteer().places(kind="state")
SUBDIVISIONS = gazetteer().places(kind="subdivision")


def test_every_member_and_associate_is_a_state():
    assert [place.code for place in STATES] == MEMBERS + ASSOCIATES


def test_codes_are_iso_codes_and_few_are_missing():
    wanted = {
        one.code
        for state in MEMBERS + ASSOCIATES
        for one in pycountry.subdivisions.get(country_code=state)
    }
    have = {place.code for place in SUBDIVISIONS}
    assert have - wanted == set()
    assert wanted - have == WITHOUT_BOUNDARY


@pytest.mark.parametrize("state", STATES, ids=lambda place: place.code)
def test_a_state_is_the_union_of_its_subdivisions(state):
    parts = [place.territory for place in gazetteer().subdivisions(state.code)]
    if parts:
        apart = shapely.symmetric_difference(shapely.union_all(parts), state.territory)
        assert apart.area < SLIVER


def test_no_two_states_share_land_or_water():
    for one, other in itertools.combinations(STATES, 2):
        assert shapely.intersection(one.reach, other.reach).area < SLIVER, (one.code, other.code)


def test_no_two_subdivisions_share_land():
    for one, other in itertools.combinations(SUBDIVISIONS, 2):
        assert shapely.intersection(one.territory, other.territory).area < SLIVER


@pytest.mark.parametrize("place", SUBDIVISIONS, ids=lambda place: place.code)
def test_a_subdivision_reaches_only_where_its_state_does(place):
    state = gazetteer().place(place.state)
    assert shapely.difference(place.reach, state.reach).area < SLIVER
    others = shapely.difference(state.territory, place.territory)
    assert shapely.intersection(place.reach, others).area < SLIVER


@pytest.mark.parametrize(
    ("longitude", "latitude", "codes"),
    [
        (-76.793, 17.971, {"JM", "JM-01"}),  # Kingston
        (-72.338, 18.543, {"HT", "HT-OU"}),  # Port-au-Prince
        (-77.345, 25.06, {"BS", "BS-NP"}),  # Nassau
        (-59.55, 13.14, {"BB", "BB-03"}),  # in the middle of Barbados
        (-60.74, 11.18, {"TT", "TT-TOB"}),  # Scarborough
        (-58.155, 6.79, {"GY", "GY-DE"}),  # Georgetown
        (-58.19, 6.8, {"GY", "GY-ES"}),  # Vreed en Hoop
        (-57.62, 6.38, {"GY", "GY-MA"}),  # Fort Wellington
        (-57.5, 6.23, {"GY", "GY-EB"}),  # New Amsterdam
        (-58.507, 7.264, {"GY", "GY-PM"}),  # Anna Regina
        (-58.63, 6.39, {"GY", "GY-CU"}),  # Bartica
        (-58.3, 6.0, {"GY", "GY-UD"}),  # Linden
        (-59.15, 5.27, {"GY", "GY-PT"}),  # Mahdia
        (-59.8, 3.38, {"GY", "GY-UT"}),  # Lethem
        (-59.78, 8.2, {"GY", "GY-BA"}),  # Mabaruma
        (-76.757, 25.543, {"BS", "BS-SW"}),  # Spanish Wells
        (-60.905, 13.87, {"LC", "LC-08"}),  # Praslin
        (-55.17, 5.83, {"SR", "SR-PM"}),  # Paramaribo
        (-81.37, 19.3, {"KY"}),  # George Town
        (-64.78, 32.3, {"BM"}),  # Hamilton
        (-61.225, 13.157, {"VC", "VC-04"}),  # Kingstown
        (-62.62, 17.14, {"KN", "KN-10"}),  # Charlestown, Nevis
        (-69.9, 18.49, set()),  # Santo Domingo
        (-61.06, 14.64, set()),  # Fort-de-France
        (-64.93, 18.34, set()),  # Charlotte Amalie
        (-66.0, 15.0, set()),  # the open Caribbean
    ],
)
def test_known_positions_lie_in_their_places(longitude, latitude, codes):
    met = gazetteer().meeting(shapely.Point(longitude, latitude))
    land = {p.code for p in met if p.kind != "waters"}
    assert codes <= land
    assert land <= codes | {p.code for p in SUBDIVISIONS if p.state in codes}


def test_waters_end_at_twelve_nautical_miles():
    south_of_barbados = [(-59.53, 13.04 - metres / 110_600) for metres in (20_000, 24_000)]
    near, far = (gazetteer().meeting(shapely.Point(at)) for at in south_of_barbados)
    assert [place.code for place in near] == ["BB", "BB-WATERS"]
    assert far == []


@pytest.mark.parametrize("state", STATES, ids=lambda place: place.code)
def test_the_seaward_limit_is_nowhere_beyond_twelve_miles(state):
    for at in shapely.get_coordinates(shapely.segmentize(state.reach.boundary, 0.1))[::7]:
        scale = np.array([math.cos(math.radians(at[1])), 1])
        local = shapely.transform(state.territory, lambda land, by=scale: land * by)
        _, shore = np.array(shapely.shortest_line(shapely.Point(at * scale), local).coords)
        assert GEOD.inv(*at, *(shore / scale))[2] < 12 * 1852 * 1.01


def test_water_between_states_is_the_nearer_ones():
    # Saint Lucia and Saint Vincent are 40 km apart, their waters would overlap.
    lucia, vincent = gazetteer().place("LC"), gazetteer().place("VC")
    for place, other in ((lucia, vincent), (vincent, lucia)):
        water = shapely.difference(place.reach, place.territory)
        for at in shapely.get_coordinates(water):
            here = shapely.Point(at)
            assert here.distance(place.territory) < here.distance(other.territory) + 0.005


def test_languages_and_timezones():
    languages = {place.code: place.languages for place in STATES}
    assert languages["HT"] == ("ht", "fr")
    assert languages["SR"][0] == languages["CW"][0] == "nl"
    assert languages["BZ"] == ("en", "es")
    assert languages["JM"] == ("en",)
    for place in gazetteer().places():
        assert ZoneInfo(place.timezone)
        assert place.name == place.names["en"]
    assert gazetteer().place("HT-AR").names["ht"] == "Latibonit"
    assert gazetteer().place("JM").names["fr"] == "Jamaïque"


def test_lists():
    assert [place.kind for place in gazetteer().places(state="KY")] == ["state", "waters"]
    assert len(gazetteer().subdivisions("JM")) == 14
    assert gazetteer().subdivisions("KY") == []
    assert {place.kind for place in gazetteer().places(kind="waters")} == {"waters"}


def test_reach_of_several_is_their_union_and_kept():
    both = gazetteer().reach_of(["JM-01", "JM-02"])
    assert both is gazetteer().reach_of(("JM-02", "JM-01"))
    for code in ("JM-01", "JM-02"):
        assert both.covers(shapely.buffer(gazetteer().place(code).reach, -1e-9))


@pytest.mark.parametrize(
    ("code", "suggested"),
    [("jm", "JM"), ("JM-1", "JM-01"), ("Westmoreland", "JM-10"), ("St Lucia", "LC")],
)
def test_an_unknown_code_gets_suggestions(code, suggested):
    with pytest.raises(UnknownPlace, match="No place has the code") as caught:
        gazetteer().place(code)
    assert suggested in caught.value.suggestions


def test_the_unsaid_gets_none():
    with pytest.raises(UnknownPlace) as caught:
        gazetteer().place("%%%%")
    assert caught.value.suggestions == ()


@given(
    st.from_regex(r"[A-Z0-9][A-Z0-9-]{0,11}", fullmatch=True),
    st.from_regex(r"[A-Z0-9][A-Z0-9-]{0,11}", fullmatch=True),
)
def test_keys_are_negative_64_bit_and_tell_codes_apart(one, other):
    assert -(2**63) < place_key(one) < 0
    assert code_of(place_key(one)) == one
    assert (place_key(one) == place_key(other)) == (one == other)


def test_keys_never_change():
    assert place_key("JM") == -(20 * 37 + 23)
    assert place_key("JM-01") == -((20 * 37 + 23) * 37**3 + 0 * 37**2 + 1 * 37 + 2)


@pytest.mark.parametrize("code", ["", "jm", "-JM", "JM_01", "É", "A" * 13])
def test_what_is_no_code_has_no_key(code):
    with pytest.raises(ValueError, match="not a place code"):
        place_key(code)


@pytest.mark.parametrize("key", [0, 1, -(2**63)])
def test_what_is_no_key_has_no_code(key):
    with pytest.raises(ValueError, match="not the key"):
        code_of(key)


def test_loading_is_quick():
    start = time.process_time()
    load(BUNDLED)
    assert time.process_time() - start < 1.0  # 0.1 s on a quiet machine
