"""``casa agency`` and ``casa key``: who may publish what, and the keys of their systems."""

from datetime import timedelta

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from casa import public_text
from casa.agencies import audit, keys
from casa.agencies.demonstration import DEMONSTRATION
from casa.agencies.mandates import SEVERITIES
from casa.agencies.models import Agency, ApiKey, MandateRow
from casa.agencies.permissions import SCOPES
from casa.audience.filters import KINDS
from casa.commands.operator import operator
from casa.commands.starting import open_database
from casa.database import now
from casa.geography.places import UnknownPlace, gazetteer


@click.group()
def agency() -> None:
    """Agencies and their mandates."""


@agency.command("add")
@click.argument("code")
@click.option("--name", required=True, help="As the public knows it.")
@click.option("--sender", required=True, help="Its CAP sender, such as alerts@police.example.")
@click.option("--contact", help="Shown with its alerts.")
@click.option("--web", help="Shown with its alerts.")
def add_agency(code: str, name: str, sender: str, contact: str | None, web: str | None) -> None:
    """Add the agency CODE; it may publish nothing until it has a mandate."""
    with open_database().writing() as session:
        if session.scalar(select(Agency).where(Agency.code == code)) is not None:
            raise click.ClickException(f"There is an agency {code} already.")
        added = Agency(code=code, name=name, sender=sender, contact=contact, web=web)
        session.add(added)
        session.flush()
        audit.note(session, operator(added), "agency.add", f"agency:{code}")
    click.echo(f"Added {code}. Next: casa agency mandate {code} --kind … --place …")


@agency.command("sender-name")
@click.argument("code")
@click.argument("name")
@click.option("--remove", is_flag=True, help="Alerts may no longer name it.")
def sender_name(code: str, name: str, remove: bool) -> None:
    """Let alerts of agency CODE name NAME as their sender, such as its name in French."""
    name = public_text.normal(name)
    if (fault := public_text.fault(name)) is not None:
        raise click.ClickException(f"The name {fault}.")
    with open_database().writing() as session:
        row = session.scalar(select(Agency).where(Agency.code == code))
        if row is None:
            raise click.ClickException(f"There is no agency {code}.")
        others = [one for one in row.sender_names if one != name]
        row.sender_names = others if remove else [*others, name]
        kept = ", ".join([row.name, *row.sender_names])
    click.echo(f"{code} is named: {kept}.")


@agency.command("mandate")
@click.argument("code")
@click.option(
    "--kind", "kinds", multiple=True, required=True, type=click.Choice(KINDS), help="Repeatable."
)
@click.option("--place", "places", multiple=True, required=True, help="JM, JM-01, …; repeatable.")
@click.option("--max-severity", type=click.Choice(SEVERITIES), default="Extreme", show_default=True)
@click.option("--open-sea", is_flag=True, help="Also all water of the region beyond any state's.")
@click.option("--beyond-region", is_flag=True, help="Also outside the Caribbean region's box.")
def add_mandate(
    code: str,
    kinds: tuple[str, ...],
    places: tuple[str, ...],
    max_severity: str,
    open_sea: bool,
    beyond_region: bool,
) -> None:
    """Let agency CODE publish these kinds in these places."""
    try:
        for place in places:
            gazetteer().place(place)
    except UnknownPlace as error:
        raise click.ClickException(str(error)) from error
    with open_database().writing() as session:
        holder = _agency(session, code)
        given = {
            "kinds": list(kinds), "places": list(places), "max_severity": max_severity,
            "open_sea": open_sea, "beyond_region": beyond_region,
        }  # fmt: skip
        session.add(MandateRow(agency_id=holder.id, **given))
        audit.note(session, operator(holder), "mandate.grant", f"agency:{code}", after=given)
    click.echo(f"{code} may publish {', '.join(kinds)} in {', '.join(places)}.")


@agency.command("list")
def list_agencies() -> None:
    """List agencies, their mandates and their keys' ids."""
    with open_database().reading() as session:
        for one in session.scalars(select(Agency).order_by(Agency.code)):
            click.echo(f"{one.code}  {one.name}  <{one.sender}>")
            for mandate in one.mandates:
                click.echo(
                    f"    {', '.join(mandate.kinds)} in {', '.join(mandate.places)}"
                    f" up to {mandate.max_severity}"
                )
            issued = session.scalars(select(ApiKey).where(ApiKey.agency_id == one.id))
            for row in issued:
                click.echo(f"    key {row.id} ({row.name}): {_state(row)}")


def _state(row: ApiKey) -> str:
    if row.revoked:
        return f"revoked {row.revoked:%Y-%m-%d}"
    if row.expires and row.expires <= now():
        return f"ran out {row.expires:%Y-%m-%d %H:%M} UTC"
    if row.starts and row.starts > now():
        return f"waits until {row.starts:%Y-%m-%d %H:%M} UTC to be confirmed"
    until = f" until {row.expires:%Y-%m-%d %H:%M} UTC" if row.expires else ""
    where = f" from {', '.join(row.networks)}" if row.networks else ""
    used = f"last used {row.used:%Y-%m-%d}" if row.used else "never used"
    return f"valid, may {', '.join(row.scopes)}{until}{where}, {used}"


@agency.command("demonstrate")
def demonstrate() -> None:
    """Add the demonstration agencies that are not there yet; print their keys, once."""
    with open_database().writing() as session:
        for plan in DEMONSTRATION:
            if session.scalar(select(Agency).where(Agency.code == plan.code)) is None:
                found = plan.create(session)
                click.echo(f"{plan.code:8} {plan.name:48} {keys.issue(session, found, 'demo')}")


@click.group()
def key() -> None:
    """API keys of agencies' systems."""


@key.command("issue")
@click.argument("code")
@click.option("--name", required=True, help="What the key is for.")
@click.option("--days", type=click.IntRange(1), help="Days until it runs out; by default never.")
@click.option(
    "--network", "networks", multiple=True, help="From where alone it is good, as 192.0.2.0/24."
)
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([str(scope) for scope in SCOPES]),
    default=("read", "draft", "publish"),
    show_default=True,
    help="What it may do; unattended: publish what officers need a second one for.",
)
def issue_key(
    code: str, name: str, days: int | None, networks: tuple[str, ...], scopes: tuple[str, ...]
) -> None:
    """Print a new key of agency CODE. It is shown this once and kept only as a digest."""
    expires = now() + timedelta(days=days) if days else None
    with open_database().writing() as session:
        try:
            holder = _agency(session, code)
            text = keys.issue(session, holder, name, expires, networks, scopes)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--network") from error
        after = {"agency": code, "scopes": list(scopes)}
        subject = f"key:{text.split('_')[1]}"
        audit.note(session, operator(holder), "key.issue", subject, after=after)
    click.echo(text)


@key.command("rotate")
@click.argument("identifier")
@click.option("--hours", type=click.IntRange(0), default=24, show_default=True)
def rotate_key(identifier: str, hours: int) -> None:
    """Print a new key in place of IDENTIFIER, which goes on for some HOURS."""
    with open_database().writing() as session:
        made = keys.rotate(session, identifier, timedelta(hours=hours))
        if made is None:
            raise click.ClickException(f"There is no valid key {identifier}.")
        holder = session.get_one(ApiKey, identifier).agency
        after = {"key": made.split("_")[1]}
        audit.note(session, operator(holder), "key.rotate", f"key:{identifier}", after=after)
    click.echo(made)


@key.command("revoke")
@click.argument("identifier")
def revoke_key(identifier: str) -> None:
    """Revoke the key whose id ('casa agency list' shows it) is IDENTIFIER."""
    with open_database().writing() as session:
        if not keys.revoke(session, identifier):
            raise click.ClickException(f"There is no valid key {identifier}.")
        holder = session.get_one(ApiKey, identifier).agency
        audit.note(session, operator(holder), "key.revoke", f"key:{identifier}")
    click.echo("Revoked.")


def _agency(session: Session, code: str) -> Agency:
    found = session.scalar(select(Agency).where(Agency.code == code))
    if found is None:
        raise click.ClickException(f"There is no agency {code}.")
    return found
