"""One storm, as an advisory's text and as JSON."""

import pytest

ADVISORY = """\
WTNT22 KNHC 302056
TCMAT2

HURRICANE BERYL FORECAST/ADVISORY NUMBER  12
NWS NATIONAL HURRICANE CENTER MIAMI FL       AL022024
2100 UTC SUN JUN 30 2024

HURRICANE CENTER LOCATED NEAR 11.2N  59.6W AT 30/2100Z
POSITION ACCURATE WITHIN  10 NM

PRESENT MOVEMENT TOWARD THE WEST OR 280 DEGREES AT  16 KT

ESTIMATED MINIMUM CENTRAL PRESSURE  959 MB
MAX SUSTAINED WINDS 115 KT WITH GUSTS TO 140 KT.
64 KT....... 30NE  20SE  15SW  30NW.
50 KT....... 50NE  40SE  30SW  50NW.
34 KT.......100NE  90SE  50SW  90NW.
12 FT SEAS..150NE  90SE  75SW 150NW.
WINDS AND SEAS VARY GREATLY IN EACH QUADRANT.  RADII IN NAUTICAL
MILES ARE THE LARGEST RADII EXPECTED ANYWHERE IN THAT QUADRANT.

REPEAT...CENTER LOCATED NEAR 11.2N  59.6W AT 30/2100Z
AT 30/1800Z CENTER WAS LOCATED NEAR 11.0N  58.8W

FORECAST VALID 01/0600Z 11.9N  61.5W
MAX WIND 115 KT...GUSTS 140 KT.
64 KT... 30NE  20SE  15SW  30NW.
50 KT... 50NE  40SE  30SW  50NW.
34 KT...100NE  90SE   0SW  90NW.

FORECAST VALID 01/1800Z 13.0N  65.0W
MAX WIND 120 KT...GUSTS 145 KT.
34 KT...110NE  90SE  60SW 100NW.

EXTENDED OUTLOOK. NOTE...ERRORS FOR TRACK HAVE AVERAGED NEAR 125 NM
ON DAY 4 AND 175 NM ON DAY 5...AND FOR INTENSITY NEAR 15 KT EACH DAY

OUTLOOK VALID 04/1800Z 18.8N  81.5W...INLAND
MAX WIND  85 KT...GUSTS 105 KT.

OUTLOOK VALID 05/1800Z...DISSIPATED

REQUEST FOR 3 HOURLY SHIP REPORTS WITHIN 300 MILES OF 11.2N  59.6W

NEXT ADVISORY AT 01/0300Z

$$
FORECASTER EXAMPLE
"""


def quadrants(*given):
    return dict(zip(("ne", "se", "sw", "nw"), given, strict=True))


def point(time, latitude, longitude, wind, gust, **radii):
    return {
        "time": time,
        "latitude": latitude,
        "longitude": longitude,
        "wind_kt": wind,
        "gust_kt": gust,
        "radii": {name.removeprefix("kt"): quadrants(*given) for name, given in radii.items()},
    }


@pytest.fixture
def advisory():
    return ADVISORY


@pytest.fixture
def as_json():
    inner = {"kt64": (30, 20, 15, 30), "kt50": (50, 40, 30, 50)}
    return {
        "name": "BERYL",
        "identifier": "AL022024",
        "advisory": 12,
        "strength": "hurricane",
        "points": [
            point("2024-06-30T21:00:00Z", 11.2, -59.6, 115, 140, **inner, kt34=(100, 90, 50, 90)),
            point(
                "2024-07-01T02:00:00-04:00", 11.9, -61.5, 115, 140, **inner, kt34=(100, 90, 0, 90)
            ),
            point("2024-07-01T18:00:00Z", 13, -65, 120, 145, kt34=(110, 90, 60, 100)),
            point("2024-07-04T18:00:00Z", 18.8, -81.5, 85, 105),
        ],
    }
