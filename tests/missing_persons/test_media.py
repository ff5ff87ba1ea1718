"""Files kept in a folder and in an object store: whole, by name, and gone when deleted."""

import uuid
from pathlib import Path

import pytest

from casa.missing_persons.media import Media, MediaMissing, new_token


@pytest.fixture(params=["folder", "object store"])
def media(request: pytest.FixtureRequest, tmp_path: Path) -> Media:
    if request.param == "folder":
        return Media(str(tmp_path / "media"))
    return Media(f"memory://{uuid.uuid4().hex}")


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


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError("no space left on device")

    kept = Media(str(tmp_path))
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="no space"):
        kept.put("a.webp", b"picture")
    assert list(tmp_path.iterdir()) == []


def test_files_are_for_the_service_alone(tmp_path: Path) -> None:
    folder = tmp_path / "media"
    Media(str(folder)).put("a.webp", b"picture")
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / "a.webp").stat().st_mode & 0o077 == 0


def test_tokens_are_not_to_be_guessed() -> None:
    assert len({new_token() for _ in range(1000)}) == 1000
    assert len(new_token()) == 32
