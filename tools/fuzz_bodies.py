"""Sound bodies of requests, to be changed in one place: what is odd alone gets past no schema."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any


def _later(**delta: float) -> str:
    return (datetime.now(UTC) + timedelta(**delta)).isoformat()


def _content() -> dict[str, Any]:
    block = {
        "language": "en", "category": ["Met"], "event": "Flood", "urgency": "Immediate",
        "severity": "Moderate", "certainty": "Likely", "headline": "Flood",
        "expires": _later(hours=3),
    }  # fmt: skip
    return {"info": [block], "area": [{"places": ["JM-14"]}]}


def _alert() -> dict[str, Any]:
    return {"kind": "disaster", **_content()}


def _accident() -> dict[str, Any]:
    return {"type": "road", "location": "A1 at Old Harbour", "area": [{"places": ["JM-14"]}]}


def _case() -> dict[str, Any]:
    return {
        "category": "missing_adult", "full_name": "A. Demo", "area": [{"places": ["JM-14"]}],
    }  # fmt: skip


def _template() -> dict[str, Any]:
    content = _content()
    del content["info"][0]["expires"]
    return content | {
        "name": "Flood", "kind": "disaster", "lasts": 60, "cancellation": {"en": "It is over."},
    }  # fmt: skip


def _zone_map() -> dict[str, Any]:
    ring = [[-62.2, 16.7], [-62.1, 16.7], [-62.1, 16.8], [-62.2, 16.8], [-62.2, 16.7]]
    return {
        "type": "FeatureCollection", "name": "Volcano", "source": "An observatory",
        "features": [{
            "type": "Feature", "properties": {"name": "A"},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }],
    }  # fmt: skip


BODIES: dict[str, Callable[[], dict[str, Any]]] = {
    "POST /v1/alerts": _alert,
    "POST /v1/alerts/preview": _alert,
    "PUT /v1/alerts/{identifier}": _content,
    "POST /v1/alerts/{identifier}/update": _content,
    "POST /v1/alerts/{identifier}/cancel": dict,
    "POST /v1/alerts/{identifier}/reject": lambda: {"reason": "Not yet."},
    "POST /v1/alerts/{identifier}/break-glass": lambda: {"reason": "A wave comes."},
    "POST /v1/accidents": _accident,
    "PATCH /v1/accidents/{identifier}": lambda: {"contact": "119"},
    "POST /v1/accidents/{identifier}/end": dict,
    "POST /v1/missing-persons": _case,
    "PATCH /v1/missing-persons/{identifier}": lambda: {"contact": "119"},
    "POST /v1/missing-persons/{identifier}/end": dict,
    "POST /v1/missing-persons/{identifier}/notes": lambda: {"text": "Asked at the market."},
    "POST /v1/missing-persons/{identifier}/sightings": lambda: {
        "text": "At the bus park", "seen_at": _later(minutes=-5),
    },
    "POST /v1/sightings/{receipt}/reports": lambda: {"text": "With a red bag"},
    "POST /v1/disasters": lambda: {
        "hazard": "flood", "level": "watch", "area": [{"places": ["JM-14"]}],
    },
    "PATCH /v1/disasters/{identifier}": lambda: {"contact": "119"},
    "POST /v1/disasters/{identifier}/end": dict,
    "POST /v1/hazard-events": lambda: {"hazard": "tropical_cyclone", "name": "Demo"},
    "POST /v1/hazard-events/{identifier}/advisories": lambda: {"levels": {"BB": "watch"}},
    "PUT /v1/hazard-events/{identifier}/advisories/{number}": lambda: {"levels": {"BB": "watch"}},
    "POST /v1/shelters": lambda: {
        "name": "A School", "longitude": -59.6, "latitude": 13.1, "state": "open",
    },
    "PATCH /v1/shelters/{identifier}": lambda: {"state": "full"},
    "PUT /v1/zone-maps/{code}": _zone_map,
    "POST /v1/templates": _template,
    "PUT /v1/templates/{identifier}": _template,
    "POST /v1/templates/{identifier}/fill": dict,
    "POST /v1/webhooks": lambda: {"name": "Radio", "url": "https://radio.example/alerts"},
    "PATCH /v1/webhooks/{identifier}": lambda: {"name": "Radio 2"},
    "POST /v1/webhooks/{identifier}/secret": dict,
    "POST /v1/keys": lambda: {"name": "A system", "scopes": ["read"]},
    "POST /v1/keys/{identifier}/rotate": dict,
    "POST /v1/devices": lambda: {
        "platform": "android", "push": {"provider": "none"}, "languages": ["en"],
    },
    "PATCH /v1/devices/me": lambda: {"languages": ["fr"]},
    "PUT /v1/devices/me/places": lambda: {"places": [{"code": "JM-14"}]},
}  # fmt: skip
