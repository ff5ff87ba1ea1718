"""Photographs of cases: sent, shown by the alert, served while public, and gone afterwards."""

import hashlib
import io
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from lxml import etree
from PIL import Image

from casa import create_app
from casa.agencies.permissions import Role
from casa.missing_persons import album, uploads
from casa.settings import Settings
from tests.conftest import later
from tests.missing_persons.conftest import case_of, phone_photograph

Add = Callable[..., Any]


def path_of(uri: str) -> str:
    assert uri.startswith("http://127.0.0.1:8000/media/")
    return uri.removeprefix("http://127.0.0.1:8000")


def paths_of(answer: Any) -> list[str]:
    return [
        path_of(one["uri"]) for photo in answer.json["photographs"] for one in photo["renditions"]
    ]


def test_a_public_photograph_is_in_the_alert_and_can_be_had(
    client: FlaskClient, published: dict[str, Any], add: Add
) -> None:
    answer = add(published)
    assert answer.status_code == 201, answer.json
    assert answer.json["alert"]["msg_type"] == "Update"
    identifier = answer.json["alert"]["identifier"]
    shown = client.get(f"/v1/alerts/{identifier}").json
    for info in shown["info"]:
        assert [one["mime_type"] for one in info["resource"]] == [
            "image/jpeg", "image/webp", "image/webp",
        ]  # fmt: skip
        for one in info["resource"]:
            got = client.get(path_of(one["uri"]))
            assert got.status_code == 200
            assert got.content_type == one["mime_type"]
            assert len(got.data) == one["size"]
            assert hashlib.sha1(got.data).hexdigest() == one["digest"]
            assert b"SECRET" not in got.data
            assert not Image.open(io.BytesIO(got.data)).getexif()
    document = etree.fromstring(client.get(f"/v1/alerts/{identifier}.xml").data)
    assert len(document.findall(".//{*}resource/{*}digest")) == 3 * len(shown["info"])


def test_how_it_is_served(client: FlaskClient, published: dict[str, Any], add: Add) -> None:
    path = paths_of(add(published))[0]
    got = client.get(path)
    assert got.headers["Cache-Control"] == "public, max-age=60"
    assert got.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert client.get(path, headers={"If-None-Match": got.headers["ETag"]}).status_code == 304
    for other in ("x", path + "x", path.replace("-1600", "-1601"), f"/media/{'0' * 32}-96.webp"):
        assert client.get(f"/media/{other.split('/')[-1]}").status_code == 404


def test_one_that_is_not_public_is_for_the_agency(
    client: FlaskClient, published: dict[str, Any], add: Add, police: Any, bearer: Any
) -> None:
    answer = add(published, "")
    assert answer.json["alert"]["msg_type"] == "Alert"
    assert {client.get(path).status_code for path in paths_of(answer)} == {404}
    one = answer.json["photographs"][0]["id"]
    path = f"/v1/missing-persons/{published['id']}/photographs/{one}"
    assert client.get(f"{path}?size=96", headers=police).content_type == "image/webp"
    assert client.get(path).status_code == 401
    assert client.get(path, headers=bearer("police-tt")).status_code == 404
    assert client.get(f"{path}?size=97", headers=police).status_code == 422


def test_before_the_case_is_published_nobody_has_it(
    client: FlaskClient, add: Add, police: Any
) -> None:
    case = client.post("/v1/missing-persons", json=case_of(), headers=police).json
    answer = add(case, "?public=true")
    assert answer.json["alert"]["state"] == "draft"
    assert answer.json["alert"]["info"][0]["resource"]
    assert {client.get(path).status_code for path in paths_of(answer)} == {404}
    alert = answer.json["alert"]["identifier"]
    assert client.post(f"/v1/alerts/{alert}/publish", headers=police).status_code == 200
    assert {client.get(path).status_code for path in paths_of(answer)} == {200}


def test_withdrawn_ones_are_gone_and_leave_the_alert(
    client: FlaskClient, published: dict[str, Any], add: Add, police: Any, settings: Settings
) -> None:
    answer = add(published)
    one = answer.json["photographs"][0]["id"]
    path = f"/v1/missing-persons/{published['id']}/photographs/{one}"
    gone = client.delete(f"{path}?publish=true", headers=police)
    assert gone.status_code == 200, gone.json
    assert gone.json["photographs"] == []
    assert gone.json["alert"]["info"][0]["resource"] == []
    assert {client.get(one).status_code for one in paths_of(answer)} == {410}
    assert client.get(path, headers=police).status_code == 410
    assert list((settings.var_dir / "media").iterdir()) == []
    assert client.delete(path, headers=police).status_code == 200


def test_after_the_end_every_size_is_gone(
    client: FlaskClient, published: dict[str, Any], add: Add, police: Any, settings: Settings
) -> None:
    answer = add(published)
    closed = client.post(f"/v1/missing-persons/{published['id']}/end", json={}, headers=police)
    assert closed.status_code == 200
    paths = paths_of(answer)
    assert len(paths) == 6
    for path in paths:
        assert client.get(path).status_code == 410
        assert client.get(path).content_type == "application/problem+json"
    assert list((settings.var_dir / "media").iterdir()) == []
    assert add(published).status_code == 409


def test_cancelling_the_alert_itself_hides_them_too(
    client: FlaskClient, published: dict[str, Any], add: Add, police: Any
) -> None:
    answer = add(published)
    alert = answer.json["alert"]["identifier"]
    assert client.post(f"/v1/alerts/{alert}/cancel", json={}, headers=police).status_code == 201
    assert {client.get(path).status_code for path in paths_of(answer)} == {410}


def test_as_a_form_and_sent_again(published: dict[str, Any], add: Add, police: Any) -> None:
    head = 'Content-Disposition: form-data; name="photograph"; filename="x.svg"'
    form = b"--line\r\n%b\r\n\r\n%b\r\n--line--\r\n" % (head.encode(), phone_photograph())
    headers = police | {"Idempotency-Key": str(uuid.uuid4())}
    kind = "multipart/form-data; boundary=line"
    first, again = (
        add(published, "", data=form, content_type=kind, headers=headers) for _ in range(2)
    )
    assert first.status_code == again.status_code == 201, first.json
    assert first.json == again.json
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(first.json["photographs"]) == 1


def test_a_body_larger_than_others_may_be(published: dict[str, Any], add: Add, police: Any) -> None:
    noise = Image.effect_noise((2000, 1500), 90).convert("RGB")
    out = io.BytesIO()
    noise.save(out, "JPEG", quality=95)
    assert len(out.getvalue()) > 1_000_000
    huge = b"\xff\xd8\xff" + bytes(41_000_000)
    for data, status in ((out.getvalue(), 201), (huge, 413)):
        for headers in (police, police | {"Idempotency-Key": str(uuid.uuid4())}):
            answer = add(published, "", data=data, content_type="image/jpeg", headers=headers)
            assert answer.status_code == status


@pytest.mark.parametrize(
    ("data", "content_type", "status"),
    [
        (b"", "image/jpeg", 422),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml", 422),
        (phone_photograph()[:500], "image/heic", 422),
        (b"{}", "application/json", 415),
        ({"other": "x"}, "multipart/form-data", 422),
        ({"photograph": "not a file"}, "multipart/form-data", 422),
        (b"no form", "multipart/form-data", 422),
    ],
)
def test_what_is_no_photograph(
    published: dict[str, Any], add: Add, data: Any, content_type: str, status: int,
    settings: Settings,
) -> None:  # fmt: skip
    answer = add(published, "", data=data, content_type=content_type)
    assert answer.status_code == status, answer.json
    assert answer.content_type == "application/problem+json"
    assert not (settings.var_dir / "media").exists()


def test_who_may_add_and_how_many(
    client: FlaskClient, published: dict[str, Any], add: Add, officer: Any, bearer: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    approver = officer("police-jm", Role.APPROVER)
    assert add(published, headers=approver.headers).status_code == 403
    assert add(published, headers=bearer("police-tt")).status_code == 404
    assert add(published, headers={}).status_code == 401
    monkeypatch.setattr(album, "MOST", 1)
    assert add(published, "").status_code == 201
    assert add(published, "").json["type"] == "urn:casa:problem:album-full"


def test_an_update_that_is_refused_leaves_no_file(
    client: FlaskClient, published: dict[str, Any], add: Add, police: Any, settings: Settings
) -> None:
    alert = published["alert"]["identifier"]
    client.post(f"/v1/alerts/{alert}/cancel", json={}, headers=police)
    assert add(published).status_code == 409
    folder: Path = settings.var_dir / "media"
    assert not folder.exists() or list(folder.iterdir()) == []


def test_only_so_many_are_read_at_a_time(
    published: dict[str, Any], add: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurried = replace(uploads.OFFICERS, patience=0.01)
    monkeypatch.setattr(uploads, "OFFICERS", hurried)
    with hurried.room, hurried.room:
        answer = add(published)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "10"


def test_strangers_pictures_keep_no_officer_waiting(
    client: FlaskClient, published: dict[str, Any], add: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurried = replace(uploads.STRANGERS, patience=0.01)
    monkeypatch.setattr(uploads, "STRANGERS", hurried)
    path = f"/v1/missing-persons/{published['id']}/sightings"
    receipt = client.post(path, json={"text": "At the market", "seen_at": later(minutes=-9)}).json[
        "receipt"
    ]
    with hurried.room:
        stranger = client.post(
            f"/v1/sightings/{receipt}/photographs", data=phone_photograph(),
            content_type="image/heic",
        )  # fmt: skip
        assert stranger.status_code == 503
        assert add(published).status_code == 201


@pytest.mark.parametrize("content_type", ["application/octet-stream", None])
def test_what_a_file_is_its_content_tells(
    published: dict[str, Any], add: Add, content_type: str | None
) -> None:
    assert add(published, "", content_type=content_type).status_code == 201
    refused = add(published, "", data=b"%PDF-1.7", content_type=content_type)
    assert refused.status_code == 422


def test_a_store_that_is_away(
    client: FlaskClient, published: dict[str, Any], add: Add, settings: Settings
) -> None:
    paths = paths_of(add(published))
    folder = settings.var_dir / "media"
    folder.rename(settings.var_dir / "elsewhere")
    folder.write_bytes(b"")
    for answer in (client.get(paths[0]), add(published)):
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "10"


def test_an_object_store_does_as_well(settings: Settings, bearer: Any) -> None:
    app = create_app(replace(settings, media_url="memory:///"))
    client, police = app.test_client(), bearer("police-jm")
    path = "/v1/missing-persons"
    case = client.post(f"{path}?publish=true", json=case_of(), headers=police).json
    answer = client.post(
        f"{path}/{case['id']}/photographs?public=true&publish=true",
        data=phone_photograph(), content_type="image/heic", headers=police,
    )  # fmt: skip
    assert {client.get(one).status_code for one in paths_of(answer)} == {200}
    assert client.post(f"{path}/{case['id']}/end", json={}, headers=police).status_code == 200
    assert {client.get(one).status_code for one in paths_of(answer)} == {410}
    app.extensions["casa.database"].dispose()
