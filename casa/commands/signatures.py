"""``casa signing`` and ``casa verify``: the keys of signed alerts, and checking one."""

import json
from pathlib import Path
from typing import Any

import click
import requests

from casa.commands.starting import read_settings
from casa.exchange.signatures import BadSignature, SigningKeys, verify


@click.group()
def signing() -> None:
    """The keys that sign alerts."""


@signing.command("rotate")
def rotate() -> None:
    """Make a new key, which signs from now on; older ones still verify what they signed."""
    click.echo(SigningKeys(read_settings().signing_folder).rotate())


@signing.command("keys")
def list_keys() -> None:
    """Print the public keys as a JWK set, the newest first."""
    click.echo(json.dumps(SigningKeys(read_settings().signing_folder).public(), indent=2))


@click.command("verify")
@click.argument("file", type=click.File("r"))
@click.option(
    "--keys",
    "source",
    help="A JWK set: a file, or the https address of a CASA. By default this CASA's own.",
)
def verify_file(file: Any, source: str | None) -> None:
    """Check the signed alert in FILE ('-': standard input) and print it."""
    try:
        message = verify(file.read(), _key_set(source))
    except BadSignature as error:
        raise click.ClickException(str(error)) from error
    info = message.info[0]
    click.echo(f"Good signature of {message.sender}, alert {message.identifier}")
    click.echo(f"{message.sent.isoformat()}  {message.status} {message.msg_type}: {info.headline}")


def _key_set(source: str | None) -> Any:
    if source is None:
        return SigningKeys(read_settings().signing_folder).public()
    try:
        if not source.startswith(("https://", "http://")):
            return json.loads(Path(source).read_text())
        address = source if source.endswith(".json") else f"{source}/.well-known/jwks.json"
        answer = requests.get(address, timeout=10)
        answer.raise_for_status()
        return answer.json()
    except (OSError, ValueError) as error:
        raise click.ClickException(f"no keys from {source}: {error}") from error
