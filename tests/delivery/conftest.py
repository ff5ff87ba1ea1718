"""A running FCM double, the transport to it, and a message to send."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from casa.alerts.message import Area, Circle, Info, Message, Value
from casa.delivery.credentials import AccessTokens
from casa.delivery.push import Transport
from casa.delivery.quota import LocalQuota
from tests.doubles.fcm_process import FcmDouble

MOMENT = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def double(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FcmDouble]:
    running = FcmDouble(tmp_path_factory.mktemp("fcm"))
    yield running
    running.stop()


@pytest.fixture
def fcm(double: FcmDouble) -> FcmDouble:
    double.behave_well()
    return double


@pytest.fixture
def tokens(fcm: FcmDouble) -> Iterator[AccessTokens]:
    found = AccessTokens(fcm.account, fcm.ca)
    yield found
    found.close()


@pytest.fixture
def connect(fcm: FcmDouble, tokens: AccessTokens) -> Iterator[Callable[..., Transport]]:
    """Make transports to the double, closed at the end."""
    made = []

    def make(**options: object) -> Transport:
        chosen = {"ca": fcm.ca, "quota": LocalQuota(6_000_000), "url": fcm.url} | options
        url, quota = chosen.pop("url"), chosen.pop("quota")
        made.append(Transport(url, fcm.project_id, tokens, quota, **chosen))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def message() -> Message:
    info = Info(
        language="en",
        category=("Met",),
        event="Flash flood",
        urgency="Immediate",
        severity="Extreme",
        certainty="Observed",
        expires=MOMENT + timedelta(hours=6),
        headline="Flash flood in Kingston",
        description="The Sandy Gully is over its banks.",
        instruction="Move to higher ground now.",
    )
    kreyol = msgspec.structs.replace(
        info,
        language="ht",
        headline="Inondasyon toudenkou nan Kingston",
        description="Ravin Sandy Gully a debòde.",
        instruction="Monte sou yon kote ki wo kounye a.",
    )
    ring = ((-76.9, 17.9), (-76.7, 17.9), (-76.7, 18.1), (-76.9, 18.1), (-76.9, 17.9))
    return Message(
        identifier="8a3c0f6e-0d6b-4f0e-9f43-3f9b2f1c7a11",
        thread="8a3c0f6e-0d6b-4f0e-9f43-3f9b2f1c7a11",
        kind="disaster",
        sequence=41,
        sender="met@example.org",
        sent=MOMENT,
        status="Actual",
        msg_type="Alert",
        info=(info, kreyol),
        area=(
            Area(area_desc="Lower town", polygon=(ring,), circle=(Circle(-76.8, 18.0, 500.0),)),
            Area(area_desc="Kingston", geocode=(Value("ISO 3166-2", "JM-01"),), polygon=(ring,)),
        ),
    )
