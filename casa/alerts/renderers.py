"""The forms in which a published message can be had, beside this package's own JSON.

The exchange formats stand above this package; the assembly registers them here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from flask import Request, current_app

from casa.alerts.message import Message
from casa.problems import Problem


@dataclass(frozen=True)
class Renderer:
    """``render`` takes the message and the languages wanted, best first."""

    suffix: str
    media_type: str
    render: Callable[[Message, Sequence[str]], bytes]


JSON = "application/json"


def renderers() -> tuple[Renderer, ...]:
    return cast(tuple[Renderer, ...], current_app.extensions["casa.renderers"])


def wanted(request: Request, suffix: str | None) -> Renderer | None:
    """The renderer that the suffix or else the Accept header asks for; ``None`` means JSON.

    Raises:
        Problem: 404 for an unknown suffix, 406 when nothing there is accepted.
    """
    if suffix == "json":
        return None
    if suffix is not None:
        for renderer in renderers():
            if renderer.suffix == suffix:
                return renderer
        known = ", ".join(f".{renderer.suffix}" for renderer in renderers())
        raise Problem(404, "not-found", f"There is no form .{suffix}; there are .json, {known}.")
    types = [JSON, *(renderer.media_type for renderer in renderers())]
    best = request.accept_mimetypes.best_match(types)
    if best is None and request.accept_mimetypes:
        raise Problem(406, "not-acceptable", f"Accept one of {', '.join(types)}.")
    return next((one for one in renderers() if one.media_type == best), None)
