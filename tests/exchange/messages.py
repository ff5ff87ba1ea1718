"""A message that says all that a message can say, and hypothesis strategies for others."""

import string
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from casa.alerts.message import Area, Circle, Info, Message, Reference, Resource, Value

SENT = datetime(2026, 8, 1, 19, 0, 7, tzinfo=UTC)
RING = ((-76.9, 17.9), (-76.7, 17.9), (-76.7, 18.1), (-76.9, 18.1), (-76.9, 17.9))

STATUSES = ("Actual", "Exercise", "System", "Test", "Draft")
MSG_TYPES = ("Alert", "Update", "Cancel", "Ack", "Error")
CATEGORIES = (
    "Geo", "Met", "Safety", "Security", "Rescue", "Fire",
    "Health", "Env", "Transport", "Infra", "CBRNE", "Other",
)  # fmt: skip
RESPONSE_TYPES = (
    "Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None",
)  # fmt: skip
URGENCIES = ("Immediate", "Expected", "Future", "Past", "Unknown")
SEVERITIES = ("Extreme", "Severe", "Moderate", "Minor", "Unknown")
CERTAINTIES = ("Observed", "Likely", "Possible", "Unlikely", "Unknown")
LANGUAGES = ("en", "fr", "ht", "nl", "es", "en-JM", "es-419", "zh-Hant-TW")


def an_info(language: str = "en-JM", **changes) -> Info:
    return Info(
        **{
            "language": language,
            "category": ("Met", "Safety"),
            "event": "Flash flood",
            "response_type": ("Evacuate", "Avoid"),
            "urgency": "Immediate",
            "severity": "Extreme",
            "certainty": "Observed",
            "event_code": (Value("SAME", "FFW"),),
            "effective": SENT,
            "onset": SENT + timedelta(minutes=5),
            "expires": SENT + timedelta(hours=6),
            "sender_name": "Meteorological Service",
            "headline": "Flash flood in Kingston",
            "description": "The Hope River & its gullies\nrise <fast>.",
            "instruction": "Go to high ground.",
            "web": "https://alerts.example/a?b=1&c=2",
            "contact": "+1 876 555 0100",
            "parameter": (Value("river", "Hope"),),
            "resource": (
                Resource(
                    resource_desc="Map",
                    mime_type="image/png",
                    size=4096,
                    uri="https://alerts.example/map.png",
                    digest="da39a3ee5e6b4b0d3255bfef95601890afd80709",
                ),
            ),
        }
        | changes
    )


def an_area(**changes) -> Area:
    return Area(
        **{
            "area_desc": "Kingston and St. Andrew",
            "polygon": (RING,),
            "circle": (Circle(-76.79, 17.97, 4500.0),),
            "geocode": (Value("ISO 3166-2", "JM-01"),),
            "altitude": 0.0,
            "ceiling": 304.8,
        }
        | changes
    )


def a_message(**changes) -> Message:
    return Message(
        **{
            "identifier": "9d1f6b9c-2",
            "thread": "9d1f6b9c-1",
            "kind": "disaster",
            "sequence": 42,
            "sender": "met@jm.example",
            "sent": SENT,
            "status": "Actual",
            "msg_type": "Update",
            "source": "Duty forecaster",
            "note": "Second message",
            "code": ("IPAWSv1.0", "two words"),
            "references": (
                Reference("met@jm.example", "9d1f6b9c-1", SENT - timedelta(hours=1)),
                Reference("odpem@jm.example", "77", SENT - timedelta(hours=2)),
            ),
            "incidents": ("beryl", "Hope River 2026"),
            "info": (an_info(), an_info("fr", headline="Crue soudaine à Kingston")),
            "area": (an_area(),),
        }
        | changes
    )


def texts(most: int = 20) -> st.SearchStrategy[str]:
    """Text with something to see in it and without what XML can't hold; any script and emoji."""
    allowed = st.characters(
        exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"
    ) | st.sampled_from("\t\n\r<>&\"'🌀⛈️مطرɛçÑ\u202e\u200d]]>")
    return st.text(allowed, min_size=1, max_size=most).filter(str.strip)


def degrees(least: float, most: float) -> st.SearchStrategy[float]:
    """With seven decimals, as CAP carries them here."""
    return st.floats(least, most).map(lambda value: round(value, 7))


def positions() -> st.SearchStrategy[tuple[float, float]]:
    return st.tuples(degrees(-92, -50), degrees(1, 33.5))


NAMES = st.text(string.ascii_letters + string.digits + "@.-_:/é界", min_size=1, max_size=30)
MOMENTS = st.integers(631_152_000, 4_102_444_800).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)
VALUES = st.builds(Value, texts(), texts())
INCIDENTS = texts().map(lambda text: text.replace('"', "'"))
HEIGHTS = st.integers(-5_000_000, 300_000_000).map(lambda step: step / 10_000)
URIS = NAMES.map(lambda name: f"https://alerts.example/{name.replace(':', '')}?a=1&b=<2>")


def several(of: st.SearchStrategy, least: int = 0, most: int = 2) -> st.SearchStrategy[tuple]:
    return st.lists(of, min_size=least, max_size=most).map(tuple)


def rings() -> st.SearchStrategy[tuple]:
    return several(positions(), 3, 8).map(lambda found: (*found, found[0]))


RESOURCES = st.builds(
    Resource,
    resource_desc=texts(),
    mime_type=texts(),
    size=st.none() | st.integers(0, 2**40),
    uri=st.none() | URIS,
    digest=st.none() | st.text("0123456789abcdef", min_size=40, max_size=40),
)

INFOS = st.builds(
    Info,
    language=st.sampled_from(LANGUAGES),
    category=several(st.sampled_from(CATEGORIES), 1),
    event=texts(),
    response_type=several(st.sampled_from(RESPONSE_TYPES)),
    urgency=st.sampled_from(URGENCIES),
    severity=st.sampled_from(SEVERITIES),
    certainty=st.sampled_from(CERTAINTIES),
    event_code=several(VALUES),
    effective=st.none() | MOMENTS,
    onset=st.none() | MOMENTS,
    expires=MOMENTS,
    sender_name=st.none() | texts(),
    headline=texts(),
    description=st.none() | texts(80),
    instruction=st.none() | texts(80),
    web=st.none() | URIS,
    contact=st.none() | texts(),
    parameter=several(VALUES),
    resource=several(RESOURCES, 0, 2),
)

AREAS = st.builds(
    Area,
    area_desc=texts(),
    polygon=several(rings()),
    circle=several(
        st.builds(lambda at, step: Circle(*at, step / 1000), positions(), st.integers(0, 2 * 10**9))
    ),
    geocode=several(VALUES),
    altitude=HEIGHTS,
    ceiling=st.none() | HEIGHTS,
) | st.builds(Area, area_desc=texts(), geocode=several(VALUES))

MESSAGES = st.builds(
    Message,
    identifier=NAMES,
    thread=NAMES,
    kind=NAMES,
    sequence=st.none() | st.integers(1, 2**53),
    sender=NAMES,
    sent=MOMENTS,
    status=st.sampled_from(STATUSES),
    msg_type=st.sampled_from(MSG_TYPES),
    scope=st.just("Public"),
    source=st.none() | texts(),
    note=st.none() | texts(),
    code=several(texts()),
    references=several(st.builds(Reference, NAMES, NAMES, MOMENTS)),
    incidents=several(INCIDENTS),
    info=several(INFOS, 1),
    area=several(AREAS),
)
