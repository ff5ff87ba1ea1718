"""Web Push through a proxy to a double of push services, opened as the browser opens it."""

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from casa.audience.subscriptions import Subscription, SubscriptionField
from casa.delivery.encryption import Vapid
from casa.delivery.fcm import collapse_key, letter
from casa.delivery.outcomes import Refused, Retry, Sent, Unregistered
from casa.delivery.webpush import Letter, Pauses, WebPush
from tests.doubles.push_service import Browser, PushService


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PushService]:
    service = PushService(tmp_path_factory.mktemp("push"))
    yield service
    service.stop()


@pytest.fixture
def service(running: PushService) -> PushService:
    for record in (running.deliveries, running.asked, running.tunnels):
        record.clear()
    return running


@pytest.fixture
def connect(service: PushService, tmp_path: Path) -> Iterator[Callable[..., WebPush]]:
    made = []
    vapid = Vapid(tmp_path / "webpush.jwk", "mailto:push@example.org")

    def make(**options: object) -> WebPush:
        made.append(WebPush(vapid, **({"ca": service.ca, "proxy": service.proxy} | options)))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def text(message) -> Letter:
    return letter(message, languages=("ht",), departed=False, moment=message.sent)


def subscribed(browser: Browser) -> Subscription:
    """The subscription as it is kept of what the browser gave."""
    given = SubscriptionField().deserialize(browser.subscription)
    return Subscription.from_text(given.text)


def test_a_browser_reads_the_alert_in_its_language(service, connect, text, message):
    browser = service.browser("ok/1")
    assert connect().send_page([(text, subscribed(browser))]) == [Sent()]
    (delivery,) = service.deliveries
    assert delivery.http == "2"
    assert delivery.content["data"]["headline"] == "Inondasyon toudenkou nan Kingston"
    assert delivery.content["data"]["sequence"] == "41"
    assert delivery.content["notification"]["title"] == "Inondasyon toudenkou nan Kingston"
    assert delivery.headers["topic"] == collapse_key(message.thread)
    assert delivery.headers["ttl"] == str(6 * 3600)
    assert delivery.headers["urgency"] == "high"


def test_each_service_is_given_a_token_of_its_own(service, connect, text):
    hosts = ["one.push.example.org", "two.push.example.org"]
    page = [(text, subscribed(service.browser("ok/1", host))) for host in hosts]
    assert connect().send_page(page) == [Sent(), Sent()]
    assert {one.claims["aud"] for one in service.deliveries} == {f"https://{h}" for h in hosts}
    assert all(0 < one.claims["exp"] - time.time() <= 86_400 for one in service.deliveries)


def test_500_browsers_each_get_what_only_they_can_read(service, connect, text):
    page = [(text, subscribed(service.browser(f"ok/{n}"))) for n in range(500)]
    assert connect().send_page(page) == [Sent()] * 500
    assert len({one.endpoint for one in service.deliveries}) == 500
    assert len(service.tunnels) <= 2, "the messages to one service share its connections"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("gone", Unregistered()),
        ("404", Unregistered()),
        ("413", Refused("413 from the push service")),
        ("400", Refused("400 from the push service")),
        ("moved", Refused("307 from the push service")),
        ("403", Retry("403 from the push service")),
        ("500", Retry("500 from the push service")),
        ("drop", Retry("connection lost")),
    ],
)
def test_each_answer_means_one_thing(service, connect, text, path, expected):
    page = [
        (text, subscribed(service.browser(f"{path}/1"))),
        (text, subscribed(service.browser("ok/1", "two.push.example.org"))),
    ]
    found = connect().send_page(page)
    assert type(found[0]) is type(expected)
    assert path == "drop" or found[0] == expected
    assert found[1] == Sent()
    assert len(service.asked) == 2, "nothing is asked twice and no redirect is followed"


def test_too_many_is_said_of_one_browser_and_its_patience_is_kept(service, connect, text):
    busy, other = service.browser("retry-30-429/1"), service.browser("ok/1")
    page = [(text, subscribed(busy)), (text, subscribed(other))]
    transport = connect()
    assert transport.send_page(page) == [Retry("429 from the push service"), Sent()]
    held = Retry("the push service asked for patience")
    assert transport.send_page(page) == [held, Sent()]
    assert service.asked.count(busy.endpoint) == 1


def test_a_service_that_is_away_is_left_alone_and_others_are_not(service, connect, text):
    away = subscribed(service.browser("retry-30-503/1"))
    same, other = service.browser("ok/1"), service.browser("ok/1", "two.push.example.org")
    transport = connect()
    assert transport.send_page([(text, away)]) == [Retry("503 from the push service")]
    page = [(text, subscribed(same)), (text, subscribed(other))]
    held = Retry("the push service asked for patience")
    assert transport.send_page(page) == [held, Sent()]


def test_silent_services_hold_up_nobody_for_long(service, connect, text):
    """Three hundred browsers of one that never answers, and a good one behind them."""
    page = [(text, subscribed(service.browser(f"slow/{n}"))) for n in range(300)]
    page.append((text, subscribed(service.browser("ok/1", "two.push.example.org"))))
    began = time.monotonic()
    outcomes = connect(timeout=1.0, in_flight=100).send_page(page)
    assert time.monotonic() - began < 4
    assert {type(one) for one in outcomes[:-1]} == {Retry}
    assert outcomes[-1] == Sent()


def test_a_page_has_an_end_however_many_services_are_silent(service, connect, text):
    browsers = [service.browser("slow/1", f"s{n}.push.example.org") for n in range(60)]
    began = time.monotonic()
    outcomes = connect(timeout=0.5, in_flight=10, patience=1.0).send_page(
        [(text, subscribed(one)) for one in browsers]
    )
    assert time.monotonic() - began < 3
    assert Retry("slow push services") in outcomes


def test_an_endless_answer_is_cut(service, connect, text, monkeypatch):
    monkeypatch.setattr("casa.delivery.egress._LONGEST_ANSWER", 1_000)
    page = [(text, subscribed(service.browser("endless/1")))]
    (outcome,) = connect().send_page(page)
    assert isinstance(outcome, Retry)


def test_without_a_proxy_only_the_public_internet_is_reached(connect, text, service):
    browser = service.browser("ok/1")
    with socket.create_server(("127.0.0.1", 0)) as inside:
        inside.settimeout(0.5)
        port = inside.getsockname()[1]
        addresses = [f"https://127.0.0.1:{port}/", f"https://localhost:{port}/"]
        keys = subscribed(browser)
        page = [(text, Subscription(one, keys.p256dh, keys.auth)) for one in addresses]
        expected = Refused("the endpoint is not on the public Internet")
        assert connect(proxy="").send_page(page) == [expected, expected]
        with pytest.raises(TimeoutError):
            inside.accept()


def test_a_certificate_of_another_authority_is_not_trusted(service, connect, text):
    page = [(text, subscribed(service.browser("ok/1")))]
    assert connect(ca=None).send_page(page) == [Retry("certificate not trusted")]
    assert service.deliveries == []


def test_whom_the_alert_has_left_is_told_so(service, connect, message):
    left = letter(message, languages=("fr",), departed=True, moment=message.sent)
    connect().send_page([(left, subscribed(service.browser("ok/1")))])
    assert service.deliveries[0].content["data"]["departed"] == "true"


def test_what_is_held_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("casa.delivery.webpush._MOST_HELD", 100)
    pauses = Pauses()
    for number in range(1_000):
        pauses.hold(f"endpoint {number}", 60)
        pauses.unanswered(f"service {number}")
    assert pauses.held("endpoint 999")
    assert len(pauses._until) <= 100
    assert len(pauses._silent) <= 100
