"""A case, a phone's photograph that tells where it was taken, and somewhere to put both."""

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pillow_heif
import pytest
from flask.testing import FlaskClient
from PIL import Image
from PIL.ExifTags import GPS, IFD

Bearer = Callable[[str], dict[str, str]]
NAME = "Ann Demo"


def case_of(**changes: Any) -> dict[str, Any]:
    return {
        "category": "missing_child",
        "full_name": NAME,
        "age": 9,
        "sex": "female",
        "last_seen": (datetime.now(UTC) - timedelta(hours=2)).isoformat(),
        "last_known_location": "Spanish Town market",
        "description": {"en": f"{NAME} wears a blue school uniform."},
        "languages": ["en", "fr", "ht", "nl", "es"],
        "area": [
            {"places": ["JM-14"]},
            {
                "area_desc": f"Around the school of {NAME}",
                "shapes": [{"type": "Point", "coordinates": [-76.95, 18.0], "radius": 3000}],
            },
        ],
    } | changes


@cache
def phone_photograph(colour: str = "teal") -> bytes:
    """A HEIC as a phone makes it, with the position where it was taken in its EXIF."""
    image = Image.new("RGB", (800, 600), colour)
    exif = Image.Exif()
    exif[0x010F] = "SECRET-PHONE"
    exif.get_ifd(IFD.GPSInfo).update({GPS.GPSLatitudeRef: "N", GPS.GPSLatitude: (17.0, 59.0, 31.0)})
    out = io.BytesIO()
    pillow_heif.from_pillow(image).save(out, exif=exif.tobytes(), quality=70)
    return out.getvalue()


@pytest.fixture
def police(bearer: Bearer) -> dict[str, str]:
    return bearer("police-jm")


@pytest.fixture
def published(client: FlaskClient, police: dict[str, str]) -> dict[str, Any]:
    """A case that is public."""
    opened = client.post("/v1/missing-persons?publish=true", json=case_of(), headers=police)
    assert opened.status_code == 201, opened.json
    found: dict[str, Any] = opened.json
    return found


@pytest.fixture
def add(client: FlaskClient, police: dict[str, str]) -> Callable[..., Any]:
    """Add a photograph to a case: the answer."""

    def add_(case: dict[str, Any], query: str = "?public=true&publish=true", **more: Any) -> Any:
        arguments = {"data": phone_photograph(), "content_type": "image/heic", "headers": police}
        path = f"/v1/missing-persons/{case['id']}/photographs{query}"
        return client.post(path, **(arguments | more))

    return add_
