"""What is known of a missing person, and which of it the public is told. Pure."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from casa.alerts.message import Area
from casa.geography.cells import centre_around
from casa.missing_persons.betrayal import Private

SEVERITY = {
    "missing_child": "Severe",
    "abducted_child": "Extreme",
    "missing_adult": "Moderate",
    "vulnerable_adult": "Severe",
    "suspected_trafficking": "Severe",
    "unidentified": "Minor",
}
CATEGORIES = tuple(SEVERITY)
SEXES = ("female", "male", "other")
BUILDS = ("slim", "medium", "athletic", "heavy")
COMPLEXIONS = ("fair", "light_brown", "brown", "dark")
HAIR = ("black", "brown", "blond", "red", "grey", "white", "dyed", "bald")
EYES = ("black", "brown", "hazel", "green", "blue", "grey")
COLOURS = (
    "white", "black", "grey", "silver", "red", "blue", "green", "yellow", "orange", "brown",
    "gold", "purple",
)  # fmt: skip
SPOKEN = ("en", "fr", "ht", "nl", "es", "pt", "jam", "gcf", "srn", "hns", "zh", "sign")
"""ISO 639 codes of what people of the region speak; ``sign`` is any sign language."""
LIFETIME = timedelta(days=2)
ADULT = 18

COARSENESS: dict[str, tuple[int, int]] = {
    "street": (10, 80),
    "neighbourhood": (8, 550),
    "district": (6, 3_750),
}
"""H3 resolution of the cell whose centre stands for a point, and how far off that is in metres."""
CHOICES = ("withheld", *COARSENESS, "exact")
_EXACT = 10


class Suspect(msgspec.Struct, frozen=True, kw_only=True):
    """Who may have taken the person. ``description`` is by language."""

    name: str | None = None
    description: dict[str, str] = {}


class Vehicle(msgspec.Struct, frozen=True, kw_only=True):
    """What they may be in. ``make`` holds the model too; ``description`` is by language."""

    make: str | None = None
    colour: str | None = None
    plate: str | None = None
    description: dict[str, str] = {}


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """Where the person was last seen, in degrees, and how coarsely the public is told.

    In public facts ``metres`` is how far off it may be.
    """

    longitude: float
    latitude: float
    coarseness: str = "withheld"
    metres: int = 0


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """A family member or an informant: for officers alone."""

    name: str
    relation: str | None = None
    phone: str | None = None
    email: str | None = None


class Abduction(msgspec.Struct, frozen=True, kw_only=True):
    """What an officer answers for before a child abduction alert (``abduction.py``)."""

    reasonable_belief: bool = False
    risk_of_serious_harm: bool = False


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """A person sought or found (PFIF names), and where the public is asked to look out.

    ``height`` is in centimetres. ``marks``, ``clothing``, ``medical_need`` and ``description`` are
    texts by language, ``languages`` those of the alert, ``speaks`` those of the person. ``public``
    says of facts by their names whether the public is told them, where that is not as usual.
    """

    category: str
    area: tuple[Area, ...]
    full_name: str | None = None
    status: str = "Actual"
    known_as: tuple[str, ...] = ()
    age: int | None = None
    date_of_birth: date | None = None
    sex: str | None = None
    height: int | None = None
    build: str | None = None
    complexion: str | None = None
    hair: str | None = None
    eyes: str | None = None
    marks: dict[str, str] = {}
    clothing: dict[str, str] = {}
    speaks: tuple[str, ...] = ()
    medical_need: dict[str, str] = {}
    suspect: Suspect | None = None
    vehicle: Vehicle | None = None
    last_seen: datetime | None = None
    last_known_location: str | None = None
    last_seen_point: Point | None = None
    description: dict[str, str] = {}
    languages: tuple[str, ...] = ()
    severity: str | None = None
    expires: datetime | None = None
    contact: str | None = None
    case_number: str | None = None
    contacts: tuple[Contact, ...] = ()
    abduction: Abduction | None = None
    public: dict[str, bool] = {}


CHOOSABLE = (
    "category", "known_as", "age", "sex", "height", "build", "complexion", "hair", "eyes", "marks",
    "clothing", "speaks", "medical_need", "suspect", "suspect_name", "vehicle", "last_seen",
    "last_known_location", "description", "case_number",
)  # fmt: skip
"""What an officer may tell or not. A name is always told, for ``last_seen_point`` there is its
coarseness, and the date of birth, contacts and criteria never are."""

_UNTOLD = frozenset({"medical_need", "suspect", "suspect_name", "vehicle"})
# Who took a child, and in what, is what such an alert is for.
_UNTOLD_OF = {
    "abducted_child": frozenset({"medical_need", "suspect_name"}),
    # That somebody may be trafficked endangers them and shames them later.
    "suspected_trafficking": _UNTOLD | {"category", "description"},
}


def is_told(facts: Facts, name: str) -> bool:
    """Whether the public is told the fact of this name, one of ``CHOOSABLE``."""
    usual = name not in _UNTOLD_OF.get(facts.category, _UNTOLD)
    return facts.public.get(name, usual)


def told(facts: Facts, moment: datetime) -> Facts:
    """What of the facts is public: all else is not hidden in them but gone."""
    age = years(facts, moment)
    category = facts.category if is_told(facts, "category") else plain_category(age)
    kept: dict[str, Any] = {
        "category": category,
        # Of the category that is told: graver than its like, it would tell what is hidden.
        "severity": facts.severity or SEVERITY[category],
        "age": age,
        "date_of_birth": None,
        "suspect": _suspect(facts),
        "last_seen_point": coarse(facts.last_seen_point),
        "contacts": (),
        "abduction": None,
        "public": {},
    }
    hidden = (n for n in CHOOSABLE if n not in ("category", "suspect", "suspect_name"))
    for name in hidden:
        if not is_told(facts, name):
            kept[name] = _EMPTY[name]
    return msgspec.structs.replace(facts, **kept)


_EMPTY: dict[str, Any] = {field.name: field.default for field in msgspec.structs.fields(Facts)} | {
    name: {} for name in ("marks", "clothing", "medical_need", "description")
}


def plain_category(age: int | None) -> str:
    return "missing_child" if age is not None and age < ADULT else "missing_adult"


def _suspect(facts: Facts) -> Suspect | None:
    if facts.suspect is None:
        return None
    name = facts.suspect.name if is_told(facts, "suspect_name") else None
    description = facts.suspect.description if is_told(facts, "suspect") else {}
    return Suspect(name=name, description=description) if name or description else None


def coarse(point: Point | None) -> Point | None:
    """The point as the public is told it; the same point gives the same, however often."""
    if point is None or point.coarseness == "withheld":
        return None
    if point.coarseness == "exact":
        return msgspec.structs.replace(point, metres=_EXACT)
    resolution, metres = COARSENESS[point.coarseness]
    longitude, latitude = centre_around(point.longitude, point.latitude, resolution)
    return msgspec.structs.replace(point, longitude=longitude, latitude=latitude, metres=metres)


def years(facts: Facts, moment: datetime) -> int | None:
    """The age in years: as stated, else by the date of birth."""
    born = facts.date_of_birth
    if facts.age is not None or born is None:
        return facts.age
    return moment.year - born.year - ((moment.month, moment.day) < (born.month, born.day))


def needs_safeguarding(facts: Facts, moment: datetime) -> bool:
    """Whether an officer with the safeguarding role must approve: minors and trafficked persons.

    Somebody found of whom nobody knows the age may be a minor.
    """
    age = years(facts, moment)
    if facts.category in ("missing_child", "abducted_child", "suspected_trafficking"):
        return True
    return age < ADULT if age is not None else facts.category == "unidentified"


def private_facts(facts: Facts) -> list[Private]:
    """What must not stand in any public text, each with a JSON pointer to where it was given."""
    found = [
        Private(pointer=f"/contacts/{number}/{name}", **{name: text})
        for number, one in enumerate(facts.contacts)
        for name in ("name", "phone", "email")
        if (text := getattr(one, name))
    ]
    if facts.suspect and facts.suspect.name and not is_told(facts, "suspect_name"):
        found.append(Private(pointer="/suspect/name", name=facts.suspect.name))
    if facts.date_of_birth:
        found.append(Private(pointer="/date_of_birth", born=facts.date_of_birth))
    return found


def free_texts(facts: Facts) -> Iterable[tuple[str, str]]:
    """The texts of these facts in officers' words, each with a JSON pointer."""
    for name in ("full_name", "last_known_location", "contact", "case_number"):
        if text := getattr(facts, name):
            yield f"/{name}", text
    for number, text in enumerate(facts.known_as):
        yield f"/known_as/{number}", text
    for name in ("marks", "clothing", "medical_need", "description"):
        yield from _by_language(f"/{name}", getattr(facts, name))
    if suspect := facts.suspect:
        if suspect.name:
            yield "/suspect/name", suspect.name
        yield from _by_language("/suspect/description", suspect.description)
    if vehicle := facts.vehicle:
        for name in ("make", "plate"):
            if text := getattr(vehicle, name):
                yield f"/vehicle/{name}", text
        yield from _by_language("/vehicle/description", vehicle.description)
    for area in facts.area:
        yield "/area", area.area_desc


def _by_language(pointer: str, texts: dict[str, str]) -> Iterable[tuple[str, str]]:
    return ((f"{pointer}/{language}", text) for language, text in texts.items())
