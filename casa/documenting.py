"""flask-smorest, whose OpenAPI document is made when somebody first asks for it.

Describing two hundred operations takes longer than all else at the start of a process, and most
processes are never asked.
"""

import threading
from typing import Any

from flask import Flask
from flask_smorest import Api
from flask_smorest import Blueprint as SmorestBlueprint

from casa.intake import StrictParser


class Blueprint(SmorestBlueprint):  # type: ignore[misc]
    """flask-smorest's, reading arguments strictly."""

    ARGUMENTS_PARSER = StrictParser()


class LateApi(Api):  # type: ignore[misc]
    """``Api`` with the same routes at once, and the same document later."""

    def __init__(self, app: Flask) -> None:
        self._undocumented: list[Blueprint] = []
        self._lock = threading.Lock()
        super().__init__(app)

    def register_blueprint(self, blp: Blueprint, **_: Any) -> None:
        self._app.extensions["flask-smorest"]["blp_name_to_api"][blp.name] = self
        self._app.register_blueprint(blp)
        self._undocumented.append(blp)

    def document(self) -> None:
        """Describe what is not yet described."""
        with self._lock:
            for blueprint in self._undocumented:
                name = blueprint.name
                blueprint.register_views_in_doc(
                    self, self._app, self.spec, name=name, parameters=None
                )
                self.spec.tag({"name": name, "description": blueprint.description})
            self._undocumented.clear()

    def _openapi_json(self) -> Any:
        self.document()
        return super()._openapi_json()
