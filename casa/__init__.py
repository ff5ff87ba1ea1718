"""CASA, the CARICOM Secure App alert backend."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from casa.settings import Settings


def create_app(settings: "Settings | None" = None) -> "Flask":
    """The whole service as a WSGI application; by default with the environment's settings."""
    # Imported here, so that a process which serves can let gevent patch the standard library
    # after this package is found and before anything of it is loaded.
    from casa import assembly

    return assembly.create_app(settings)
