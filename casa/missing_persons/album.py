"""The photographs of a case: which there are, what an alert says of them, who may have a file.

Free of Flask. A file's name is its photograph's token, its size and its form: of what is public
everybody may have every size, so one secret for all of them is enough.
"""

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from casa.alerts.content import Content
from casa.alerts.message import Info, Resource
from casa.alerts.models import WithdrawnThread
from casa.alerts.phrases import LANGUAGES, phrases
from casa.missing_persons.media import Media
from casa.missing_persons.models import CasePhotograph, MissingPerson
from casa.missing_persons.photographs import Photograph
from casa.missing_persons.standing import Standing, standing_of

MOST = 8
"""Photographs of a case at a time."""

_ENDINGS = {"image/webp": "webp", "image/jpeg": "jpg"}
_NAME = re.compile(r"([0-9a-f]{32})-\d+\.(webp|jpg)")
# What every receiver can show for the largest, and the smallest files for the others: some
# receivers fetch all that an alert lists.
_LISTED = ((1600, "image/jpeg"), (640, "image/webp"), (96, "image/webp"))


class AlbumFull(Exception):
    """The case has as many photographs as it may."""


class NoPhotograph(Exception):
    """There is none of this name that the public may know of."""


class PhotographGone(Exception):
    """There was one, and it was withdrawn."""


def keep(media: Media, token: str, photograph: Photograph) -> list[dict[str, Any]]:
    """Put the files of a photograph into the store; what describes them."""
    described = []
    for one in photograph.renditions:
        name = f"{token}-{one.size}.{_ENDINGS[one.mime_type]}"
        media.put(name, one.data)
        described.append(
            {
                "name": name,
                "size": one.size,
                "mime_type": one.mime_type,
                "width": one.width,
                "height": one.height,
                "bytes": len(one.data),
                "sha1": hashlib.sha1(one.data, usedforsecurity=False).hexdigest(),
                "sha256": one.digest,
            }
        )
    return described


def require_room(session: Session, record_id: str) -> None:
    """Refuse one photograph more than there may be.

    Raises:
        AlbumFull
    """
    if len(photographs_of(session, record_id)) >= MOST:
        raise AlbumFull(f"A case has at most {MOST} photographs: remove one first.")


def photographs_of(session: Session, record_id: str) -> list[CasePhotograph]:
    """Those that are not withdrawn, oldest first."""
    query = select(CasePhotograph).where(
        CasePhotograph.record_id == record_id, CasePhotograph.withdrawn.is_(None)
    )
    return list(session.scalars(query.order_by(CasePhotograph.created, CasePhotograph.id)))


def illustrated(text: Content, photographs: Iterable[CasePhotograph], base: str) -> Content:
    """The content with the public photographs as CAP resources under the address ``base``."""
    files = [
        rendition
        for photograph in photographs
        if photograph.public
        for size, mime_type in _LISTED
        for rendition in photograph.renditions
        if (rendition["size"], rendition["mime_type"]) == (size, mime_type)
    ]
    blocks = tuple(_with_resources(info, files, base) for info in text.info)
    return msgspec.structs.replace(text, info=blocks)


def _with_resources(info: Info, files: list[dict[str, Any]], base: str) -> Info:
    language = info.language if info.language in LANGUAGES else "en"
    words = phrases("casa.missing_persons", language)
    resources = tuple(
        Resource(
            resource_desc=words["photograph"],
            mime_type=file["mime_type"],
            size=file["bytes"],
            uri=f"{base}/media/{file['name']}",
            digest=file["sha1"],
        )
        for file in files
    )
    return msgspec.structs.replace(info, resource=(*info.resource, *resources))


def public_file(session: Session, name: str) -> dict[str, Any]:
    """What describes the file of this name, if everybody may have it now.

    Raises:
        NoPhotograph: it never was public.
        PhotographGone: it, its case or its alert was withdrawn.
    """
    photograph = _by_name(session, name)
    if photograph is None or not photograph.public:
        raise NoPhotograph
    found = next((one for one in photograph.renditions if one["name"] == name), None)
    record = session.get_one(MissingPerson, photograph.record_id)
    standing = standing_of(session, record)
    if found is None or standing is Standing.PRIVATE:
        raise NoPhotograph
    if photograph.withdrawn or standing is Standing.CLOSED:
        raise PhotographGone
    return found


def _by_name(session: Session, name: str) -> CasePhotograph | None:
    if (matched := _NAME.fullmatch(name)) is None:
        return None
    query = select(CasePhotograph).where(CasePhotograph.token == matched[1])
    return session.scalars(query).first()


def remove_files(session: Session, media: Media, moment: datetime) -> None:
    """Delete the files of photographs that were withdrawn, alone or with their case."""
    closed = exists().where(
        MissingPerson.id == CasePhotograph.record_id,
        or_(
            MissingPerson.ended.is_not(None),
            exists().where(WithdrawnThread.thread == MissingPerson.thread),
        ),
    )
    query = select(CasePhotograph).where(
        CasePhotograph.removed.is_(None), or_(CasePhotograph.withdrawn.is_not(None), closed)
    )
    for photograph in session.scalars(query.with_for_update(skip_locked=True)):
        delete_files(media, photograph.renditions)
        photograph.withdrawn = photograph.withdrawn or moment
        photograph.removed = moment


def delete_files(media: Media, renditions: Iterable[dict[str, Any]]) -> None:
    for rendition in renditions:
        media.delete(rendition["name"])
