"""Agencies to try the service with: what each may publish follows what its like may in life."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from casa.agencies.models import Agency, MandateRow

STATES = (
    "AG", "BS", "BB", "BZ", "DM", "GD", "GY", "HT", "JM", "KN", "LC", "MS", "SR", "TT", "VC",
)  # fmt: skip
ASSOCIATES = ("AI", "BM", "VG", "KY", "TC", "CW")


@dataclass(frozen=True)
class Plan:
    """An agency to be made: ``kinds`` up to Extreme in ``places``."""

    code: str
    name: str
    sender: str
    kinds: tuple[str, ...]
    places: tuple[str, ...]
    open_sea: bool = False

    def create(self, session: Session) -> Agency:
        agency = Agency(code=self.code, name=self.name, sender=self.sender)
        agency.mandates.append(
            MandateRow(
                kinds=list(self.kinds),
                places=list(self.places),
                max_severity="Extreme",
                open_sea=self.open_sea,
                beyond_region=self.open_sea,
            )
        )
        session.add(agency)
        session.flush()
        return agency


_POLICE = ("accident", "missing_person")

DEMONSTRATION = (
    Plan("police-jm", "Demonstration Police, Jamaica", "police-jm@demo.invalid", _POLICE, ("JM",)),
    Plan(
        "police-tt",
        "Demonstration Police, Trinidad and Tobago",
        "police-tt@demo.invalid",
        _POLICE,
        ("TT",),
    ),
    Plan("police-ht", "Demonstration Police, Haiti", "police-ht@demo.invalid", _POLICE, ("HT",)),
    Plan(
        "odpem",
        "Demonstration ODPEM, Jamaica",
        "odpem@demo.invalid",
        ("disaster", "accident"),
        ("JM",),
    ),
    Plan(
        "cdema",
        "Demonstration CDEMA",
        "cdema@demo.invalid",
        ("disaster",),
        STATES + ASSOCIATES,
        open_sea=True,
    ),
)
