"""Where the public finds what the current application tells of a case."""

from typing import cast

from flask import current_app

from casa.settings import Settings


def base_url() -> str:
    """The address under which the public reaches the current application."""
    return cast(Settings, current_app.extensions["casa.settings"]).base_url


def page_url(identifier: str) -> str:
    """The page of a case that lives as long as the case is open, for people."""
    return f"{base_url()}/missing-persons/{identifier}"


def resource_url(identifier: str) -> str:
    """The same for programs."""
    return f"{base_url()}/v1/missing-persons/{identifier}"
