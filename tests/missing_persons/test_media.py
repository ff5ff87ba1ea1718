"""Files kept in a folder and in an object store: whole, by name, and gone when deleted."""

from pathlib import Path

import pytest

from casa.missing_persons.media import Media, MediaAway, MediaMissing, new_token


@pytest.fixture(params=["folder", "object store"])
def media(request: pytest.FixtureRequest, tmp_path: Path) -> Media:
    if request.param == "folder":
        return Media(str(tmp_path / "media"))
    return Media("memory:///")


def test_what_is_put_is_had_until_it_is_deleted(media: Media) -> None:
    name = f"{new_token()}-96.webp"
    with pytest.raises(MediaMissing):
        media.get(name)
    media.put(name, b"\x00picture")
    assert media.get(name) == b"\x00picture"
    media.put(name, b"another")
    assert media.get(name) == b"another"
    media.delete(name)
    media.delete(name)
    with pytest.raises(MediaMissing):
        media.get(name)


@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "..", ""])
def test_names_stay_in_the_store(media: Media, name: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        media.get(name)


def test_a_store_that_is_away_or_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    away = Media("s3://bucket/folder")
    for ask in (lambda: away.put("a.webp", b"x"), lambda: away.get("a.webp")):
        with pytest.raises(MediaAway):
            ask()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(MediaAway):
        Media(str(tmp_path / "file" / "media")).put("a.webp", b"x")


def test_the_folder_is_for_the_service_alone(tmp_path: Path) -> None:
    folder = tmp_path / "media"
    Media(str(folder)).put("a.webp", b"picture")
    assert folder.stat().st_mode & 0o077 == 0
    assert [one.name for one in folder.iterdir()] == ["a.webp"]


def test_tokens_are_not_to_be_guessed() -> None:
    assert len({new_token() for _ in range(1000)}) == 1000
    assert len(new_token()) == 32
