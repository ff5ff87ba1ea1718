"""The ``casa`` command."""

from importlib import import_module
from typing import ClassVar

import click


class LazyGroup(click.Group):
    """A group whose commands are imported when one of them is asked for."""

    parts: ClassVar[dict[str, str]] = {
        "agency": "agencies:agency",
        "audit": "trail:audit",
        "database": "tables:database",
        "dispatch": "dispatches:dispatch",
        "key": "agencies:key",
        "officer": "officers:officer",
        "run": "processes:run",
        "serve": "processes:serve",
        "signing": "signatures:signing",
        "settings": "processes:settings",
        "verify": "signatures:verify_file",
        "worker": "processes:worker",
    }

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted(self.parts)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in self.parts:
            return None
        module, _, attribute = self.parts[name].partition(":")
        found: click.Command = getattr(import_module(f"casa.commands.{module}"), attribute)
        return found


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="casa")
def main() -> None:
    """CASA, the CARICOM Secure App alert backend.

    Settings are read from CASA_* environment variables ('casa settings' lists them). Without
    any, everything runs on SQLite in the folder var/.
    """
