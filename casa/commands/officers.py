"""``casa officer``: the first administrator of an agency, who invites all others."""

import click
from sqlalchemy import select

from casa.agencies import grants, officers, persons
from casa.agencies.models import Agency, Officer
from casa.agencies.permissions import ROLES, Role
from casa.commands.operator import operator
from casa.commands.starting import open_database


@click.group()
def officer() -> None:
    """Officers of agencies."""


@officer.command("invite")
@click.argument("code")
@click.argument("email")
@click.option("--name", required=True)
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice([str(role) for role in ROLES]),
)
def invite(code: str, email: str, name: str, roles: tuple[str, ...]) -> None:
    """Print an invitation for EMAIL to act for agency CODE, good once and for three days."""
    with open_database().writing() as session:
        agency = session.scalar(select(Agency).where(Agency.code == code))
        if agency is None:
            raise click.ClickException(f"There is no agency {code}.")
        try:
            _, token = officers.invite(
                session, operator(agency), agency, email, name,
                [Role(role) for role in roles], grants.AT_ONCE,
            )  # fmt: skip
        except officers.Conflict as error:
            raise click.ClickException(str(error)) from error
    click.echo(token)


@officer.command("list")
def list_officers() -> None:
    """List officers, their roles, and whether they have taken up their invitation."""
    with open_database().reading() as session:
        for one in session.scalars(select(Officer).order_by(Officer.email)):
            state = "shut out" if one.disabled else "enrolled" if one.password else "invited"
            waits = set(one.roles).difference(persons.roles_in_effect(one))
            roles = ", ".join(f"{role} (waits)" if role in waits else role for role in one.roles)
            click.echo(f"{one.agency.code}  {one.email}  {roles}  {state}")
