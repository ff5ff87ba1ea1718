"""Who acts at the command line: the operator, who answers for the machine, in the audit trail."""

from casa.agencies.caller import Caller
from casa.agencies.models import Agency
from casa.agencies.permissions import Role


def operator(agency: Agency) -> Caller:
    """The operator acting for ``agency``."""
    return Caller(
        agency.id, agency.code, agency.name, agency.sender, None, None, (),
        actor="operator", roles=frozenset({Role.REGIONAL_ADMINISTRATOR}), stepped_up=True,
    )  # fmt: skip
