"""Where a storm's centre is and how far its winds reach at any moments of its track.

Between two points the centre moves along a geodesic at one speed, and radii change evenly.
Radii of winds of some strength are known where a point gives them, and none where its strongest
wind is weaker than that. A point of stronger or unknown winds without radii tells nothing:
forecasts give no radii beyond two or three days. Across such points radii change evenly, and before
the first and after the last point that tells, nothing is claimed. Seconds count from the track's
first point.
"""

from datetime import datetime, timedelta

import numpy as np

from casa.disasters.geodesy import NAUTICAL_MILE, Floats, direct, inverse
from casa.disasters.storm.track import Quadrants, Threshold, Track, TrackPoint

_CALM = Quadrants(0, 0, 0, 0)


class Motion:
    """A track made ready for questions about many moments."""

    def __init__(self, track: Track) -> None:
        self._start = track.points[0].time
        self._track = track
        self.times = np.array([self.seconds(point.time) for point in track.points])
        self._y = np.array([point.latitude for point in track.points])
        x = np.array([point.longitude for point in track.points])
        # Longitudes that run on across the antimeridian, so that shapes stay in one piece.
        self._x = np.unwrap(x, period=360)
        self._far, self._azimuth = inverse(self._x[:-1], self._y[:-1], self._x[1:], self._y[1:])

    def seconds(self, moment: datetime) -> float:
        """From the first point to a moment."""
        return (moment - self._start).total_seconds()

    def moment(self, seconds: float) -> datetime:
        """The moment so long after the first point, to the second."""
        return self._start + timedelta(seconds=round(seconds))

    def centres(self, seconds: Floats) -> tuple[Floats, Floats]:
        """Longitudes, running on across the antimeridian, and latitudes."""
        if len(self.times) == 1:
            return np.full_like(seconds, self._x[0]), np.full_like(seconds, self._y[0])
        at = np.clip(np.searchsorted(self.times, seconds, "right") - 1, 0, len(self.times) - 2)
        part = (seconds - self.times[at]) / (self.times[at + 1] - self.times[at])
        return direct(self._x[at], self._y[at], self._azimuth[at], part * self._far[at])

    def uncertainty(self, seconds: Floats) -> Floats:
        """Metres about the centre."""
        given = [point.uncertainty_nm * NAUTICAL_MILE for point in self._track.points]
        return np.interp(seconds, self.times, given)

    def radii(self, threshold: Threshold, seconds: Floats) -> Floats:
        """Metres, a row for each moment: the quarters clockwise from north."""
        times, known = self._known(threshold)
        columns = [np.interp(seconds, times, column) for column in known.T]
        return np.column_stack(columns)

    def span(self, threshold: Threshold) -> tuple[float, float] | None:
        """The first and the last second at which the radii are known; None if they never are."""
        times, _ = self._known(threshold)
        return (float(times[0]), float(times[-1])) if len(times) else None

    def _known(self, threshold: Threshold) -> tuple[Floats, Floats]:
        found = [radii_of(point, threshold) for point in self._track.points]
        told = np.array([one is not None for one in found])
        rows = [one.clockwise for one in found if one is not None]
        return self.times[told], np.array(rows).reshape(-1, 4) * NAUTICAL_MILE


def radii_of(point: TrackPoint, threshold: Threshold) -> Quadrants | None:
    """How far winds of a strength reach at a point; None if it does not tell."""
    if threshold in point.radii:
        return point.radii[threshold]
    return _CALM if point.wind_kt is not None and point.wind_kt < threshold else None


def moments(start: float, end: float, kept: Floats, step: float) -> Floats:
    """From start to end no more than ``step`` seconds apart, with all of ``kept`` that lie between.

    The points of a track are kept, so that no bend of it is cut short.
    """
    inner = kept[(kept > start) & (kept < end)]
    ends = np.concatenate([[start], inner, [end]])
    counts = np.maximum(np.ceil(np.diff(ends) / step), 1).astype(int)
    parts = [
        np.linspace(a, b, count, endpoint=False)
        for a, b, count in zip(ends[:-1], ends[1:], counts, strict=True)
    ]
    return np.unique(np.concatenate([*parts, [end]]))
