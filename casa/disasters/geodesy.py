"""Distances and directions on the WGS 84 ellipsoid, for whole arrays of positions.

Vincenty's direct and inverse solutions (Survey Review XXIII 176, 1975): right to a millimetre
between positions that are not nearly opposite on the globe; those count as far. Longitudes and
latitudes are in degrees, distances in metres, azimuths in degrees clockwise from north.
"""

import numpy as np
import numpy.typing as npt
import shapely
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

Floats = npt.NDArray[np.float64]

NAUTICAL_MILE = 1852.0
LAST_LATITUDE = 85.0
"""Where shapes end: nearer to a pole a circle of some size has no outline in longitudes."""

_A = 6_378_137.0
_F = 1 / 298.257223563
_B = _A * (1 - _F)
_SECOND_ECCENTRICITY = (_A**2 - _B**2) / _B**2
_ROUNDS = 12  # five are enough for distances of thousands of kilometres
_FAR = np.pi * _A


def direct(
    longitude: npt.ArrayLike, latitude: npt.ArrayLike, azimuth: npt.ArrayLike, far: npt.ArrayLike
) -> tuple[Floats, Floats]:
    """Where one comes to by going ``far`` metres from a position; the arguments broadcast.

    Longitudes go on beyond 180 degrees rather than jump: an outline stays in one piece.
    """
    turn, far = np.radians(np.asarray(azimuth, float)), np.asarray(far, float)
    u1 = _reduced(latitude)
    sigma1 = np.arctan2(np.tan(u1), np.cos(turn))
    sin_alpha = np.cos(u1) * np.sin(turn)
    a, b, c = _series(1 - sin_alpha**2)
    sigma = far / (_B * a)
    for _ in range(_ROUNDS):
        middle = np.cos(2 * sigma1 + sigma)
        sigma = far / (_B * a) + _correction(b, sigma, middle)
    middle = np.cos(2 * sigma1 + sigma)
    north = np.sin(u1) * np.cos(sigma) + np.cos(u1) * np.sin(sigma) * np.cos(turn)
    across = np.sin(u1) * np.sin(sigma) - np.cos(u1) * np.cos(sigma) * np.cos(turn)
    y = np.arctan2(north, (1 - _F) * np.hypot(sin_alpha, across))
    on_sphere = np.arctan2(
        np.sin(sigma) * np.sin(turn),
        np.cos(u1) * np.cos(sigma) - np.sin(u1) * np.sin(sigma) * np.cos(turn),
    )
    x = on_sphere - _excess(c, sin_alpha, sigma, middle)
    still = far == 0
    return (
        np.where(still, longitude, np.asarray(longitude, float) + np.degrees(x)),
        np.where(still, latitude, np.degrees(y)),
    )


def inverse(
    from_x: npt.ArrayLike, from_y: npt.ArrayLike, to_x: npt.ArrayLike, to_y: npt.ArrayLike
) -> tuple[Floats, Floats]:
    """Distance from one position to another, and the azimuth there at the first.

    Positions nearly opposite on the globe, for which the solution does not settle, get half the
    way around the Earth.
    """
    u1, u2 = _reduced(from_y), _reduced(to_y)
    apart = np.radians(np.asarray(to_x, float) - np.asarray(from_x, float))
    apart = np.remainder(apart + np.pi, 2 * np.pi) - np.pi
    turn, last = apart, apart
    for _ in range(_ROUNDS):
        last = turn
        east = np.cos(u2) * np.sin(turn)
        north = np.cos(u1) * np.sin(u2) - np.sin(u1) * np.cos(u2) * np.cos(turn)
        sin_sigma = np.hypot(east, north)
        cos_sigma = np.sin(u1) * np.sin(u2) + np.cos(u1) * np.cos(u2) * np.cos(turn)
        sigma = np.arctan2(sin_sigma, cos_sigma)
        sin_alpha = np.cos(u1) * east / np.where(sin_sigma > 0, sin_sigma, 1)
        squared = 1 - sin_alpha**2
        on_equator = squared < 1e-12
        middle = np.where(
            on_equator,
            0,
            cos_sigma - 2 * np.sin(u1) * np.sin(u2) / np.where(on_equator, 1, squared),
        )
        a, b, c = _series(squared)
        turn = apart + _excess(c, sin_alpha, sigma, middle)
    far = _B * a * (sigma - _correction(b, sigma, middle))
    settled = (np.abs(turn - last) < 1e-9) & (np.abs(turn) <= np.pi)
    return np.where(settled, far, _FAR), np.degrees(np.arctan2(east, north)) % 360


def on_one_globe(geometry: BaseGeometry) -> BaseGeometry:
    """A shape whose longitudes run on beyond 180 degrees, cut there as RFC 7946 section 3.1.9 asks.

    Comes back as it is where it needs no cut.
    """
    west, _, east, _ = geometry.bounds if not geometry.is_empty else (0.0, 0.0, 0.0, 0.0)
    if west >= -180 and east <= 180:
        return geometry
    pieces = []
    for turn in range(int((west + 180) // 360), int((east + 180) // 360) + 1):
        world = shapely.box(360 * turn - 180, -90, 360 * turn + 180, 90)
        pieces.append(translate(shapely.intersection(geometry, world), -360 * turn))
    polygons = [
        one
        for one in shapely.get_parts(shapely.get_parts(pieces))
        if isinstance(one, shapely.Polygon) and one.area > 0
    ]
    return shapely.union_all(polygons)


def check_poles(latitude: npt.ArrayLike, far: npt.ArrayLike) -> None:
    """Refuses what would reach a pole.

    Raises:
        ValueError: a circle of ``far`` metres reaches beyond ``LAST_LATITUDE``.
    """
    reach = np.abs(np.asarray(latitude, float)) + np.degrees(np.asarray(far, float) / _B)
    if np.any(reach > LAST_LATITUDE):
        raise ValueError(f"the shape reaches beyond latitude {LAST_LATITUDE:g}")


def _reduced(latitude: npt.ArrayLike) -> Floats:
    """Latitude on the auxiliary sphere, radians."""
    found: Floats = np.arctan((1 - _F) * np.tan(np.radians(np.asarray(latitude, float))))
    return found


def _series(squared: Floats) -> tuple[Floats, Floats, Floats]:
    """Vincenty's A, B and C from the squared cosine of the azimuth at the equator."""
    u = squared * _SECOND_ECCENTRICITY
    a = 1 + u / 16384 * (4096 + u * (-768 + u * (320 - 175 * u)))
    b = u / 1024 * (256 + u * (-128 + u * (74 - 47 * u)))
    c = _F / 16 * squared * (4 + _F * (4 - 3 * squared))
    return a, b, c


def _correction(b: Floats, sigma: Floats, middle: Floats) -> Floats:
    """Vincenty's equation 6."""
    sine, cosine = np.sin(sigma), np.cos(sigma)
    inner = cosine * (2 * middle**2 - 1)
    outer = b / 6 * middle * (4 * sine**2 - 3) * (4 * middle**2 - 3)
    found: Floats = b * sine * (middle + b / 4 * (inner - outer))
    return found


def _excess(c: Floats, sin_alpha: Floats, sigma: Floats, middle: Floats) -> Floats:
    """Vincenty's equation 11: longitude on the sphere less that on the ellipsoid, radians."""
    inner = middle + c * np.cos(sigma) * (2 * middle**2 - 1)
    found: Floats = (1 - c) * _F * sin_alpha * (sigma + c * np.sin(sigma) * inner)
    return found
