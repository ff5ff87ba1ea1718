"""The transport against the FCM double, over real TLS and HTTP/2, directly and through a proxy."""

import http.server
import json
import random
import socket
import socketserver
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pycurl
import pytest

from casa.delivery import push, secure
from casa.delivery.credentials import AccessTokens, TokenUnavailable
from casa.delivery.fcm import Template, body
from casa.delivery.http2 import Unsuited
from casa.delivery.outcomes import Refused, Retry, Sent, Unregistered
from casa.delivery.push import Transport
from casa.delivery.quota import LocalQuota
from tests.doubles.fcm_process import FcmDouble
from tests.doubles.tunnel import Tunnel


@pytest.fixture(params=["directly", "through a proxy"], autouse=True)
def proxy(request, monkeypatch) -> Iterator[Tunnel | None]:
    """The ways to FCM; by a proxy it is libcurl that goes."""
    if request.param == "directly":
        yield None
        return
    with Tunnel() as tunnel:
        monkeypatch.setenv("HTTPS_PROXY", tunnel.url)
        yield tunnel


@pytest.fixture
def template(message) -> Template:
    return body(message, languages=("en",), platform="android", moment=message.sent)


@pytest.fixture
def since(fcm: FcmDouble) -> int:
    """The number that the double's next record will have."""
    return len(fcm.record())


def test_a_message_arrives_over_http_2(fcm, connect, template, since, proxy):
    transport = connect()
    tunnels = proxy.tunnels if proxy else []
    tunnels.clear()
    assert transport.send_page([template.for_token("phone-1")]) == [Sent()]
    # One for the access token, one for the message.
    assert tunnels == [fcm.url.removeprefix("https://")] * (2 if proxy else 0)
    (entry,) = fcm.record(since)
    assert (entry["device"], entry["http"], entry["outcome"]) == ("phone-1", "2", "sent")
    assert entry["message"]["data"]["headline"] == "Flash flood in Kingston"


def test_an_installation_id_arrives_too(fcm, connect, template, since):
    assert connect().send_page([template.for_fid("fid-1")]) == [Sent()]
    assert fcm.record(since)[0]["message"]["fid"] == "fid-1"


def test_2000_messages_are_answered_exactly_once_and_in_order(fcm, connect, template, since):
    dead = set(range(0, 2000, 97))
    devices = [("unregistered" if n in dead else "phone") + f"-{n}" for n in range(2000)]
    outcomes = connect().send_page([template.for_token(one) for one in devices])
    assert outcomes == [Unregistered() if n in dead else Sent() for n in range(2000)]
    assert Counter(entry["device"] for entry in fcm.record(since)) == Counter(devices)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("unregistered", Unregistered()),
        ("invalid", Unregistered()),
        ("mismatch", Refused("403 SENDER_ID_MISMATCH")),
        ("quota", Retry("429 QUOTA_EXCEEDED")),
        ("unavailable", Retry("503 UNAVAILABLE")),
        ("internal", Retry("500 INTERNAL")),
        ("thirdparty", Retry("401 THIRD_PARTY_AUTH_ERROR")),
    ],
)
def test_each_error_means_one_thing(connect, template, answer, expected):
    page = [template.for_token(f"{answer}-1"), template.for_token("phone-1")]
    assert connect().send_page(page) == [expected, Sent()]


def test_a_bad_body_is_refused_with_the_field_and_forgets_no_device(connect):
    content = b'{"message":{"token":"phone-1","data":{"sequence":41}}}'
    (outcome,) = connect().send_page([content])
    assert outcome == Refused("400 INVALID_ARGUMENT message.data[0].value")


def test_retry_after_in_seconds(fcm, connect, template):
    fcm.behave("phone", "quota", retry_after=7)
    outcomes = connect().send_page([template.for_token("phone-1")])
    assert outcomes == [Retry("429 QUOTA_EXCEEDED", 7.0)]


def test_retry_after_as_a_date(fcm, connect, template):
    moment = datetime.now(UTC) + timedelta(seconds=90)
    fcm.behave("phone", "unavailable", retry_after=format_datetime(moment, usegmt=True))
    (outcome,) = connect().send_page([template.for_token("phone-1")])
    assert 80 <= outcome.after <= 90


def test_a_refused_access_token_is_renewed_once_and_the_page_goes(fcm, connect, template, since):
    transport = connect()
    transport.send_page([template.for_token("phone-0")])
    fcm.revoke()
    page = [template.for_token(f"phone-{n}") for n in range(1, 51)]
    assert transport.send_page(page) == [Sent()] * 50
    times = Counter(entry["device"] for entry in fcm.record(since))
    assert times == Counter(f"phone-{n}" for n in range(51))


def test_without_an_access_token_nothing_is_sent(fcm, template, since):
    class NoTokens:
        def current(self) -> str:
            raise TokenUnavailable("the authorization server is away")

        def renew(self, refused: str | None) -> str:
            return self.current()

    with Transport(fcm.url, fcm.project_id, NoTokens(), LocalQuota(60_000), ca=fcm.ca) as transport:
        (outcome,) = transport.send_page([template.for_token("phone-1")])
    assert outcome == Retry("no access token: the authorization server is away")
    assert fcm.record(since) == []


def test_another_certificate_authority_is_not_trusted(fcm, connect, template, since, tmp_path):
    other = FcmDouble(tmp_path)
    other.stop()
    outcomes = connect(ca=other.ca).send_page([template.for_token("phone-1")])
    assert outcomes == [Retry("certificate not trusted")]
    assert fcm.record(since) == []


def test_a_lost_connection_is_reported_and_nothing_repeated(fcm, connect, template, since):
    """The connection has been used before, which is when libcurl would repeat by itself."""
    transport = connect()
    assert transport.send_page([template.for_token("phone-0")]) == [Sent()]
    (outcome,) = transport.send_page([template.for_token("drop-1")])
    assert isinstance(outcome, Retry)
    assert [entry["device"] for entry in fcm.record(since)] == ["phone-0", "drop-1"]
    assert transport.send_page([template.for_token("phone-2")]) == [Sent()]


def test_what_fcm_did_not_look_at_goes_at_once_over_another_connection(
    fcm, connect, template, since, proxy
):
    """libcurl leaves it to the next page."""
    transport = connect()
    fcm.behave("phone-9", "goaway", times=1)
    page = [template.for_token(f"phone-{n}") for n in range(10)]
    outcomes = transport.send_page(page)
    if proxy is None:
        assert outcomes == [Sent()] * 10
    else:
        outcomes = transport.send_page([page[9]])
        assert outcomes == [Sent()]
    record = Counter((entry["device"], entry["outcome"]) for entry in fcm.record(since))
    assert record[("phone-9", "goaway")] == record[("phone-9", "sent")] == 1


@pytest.mark.parametrize("answer", ["refuse", "goaway"])
def test_a_service_that_never_looks_is_not_asked_for_ever(fcm, connect, template, since, answer):
    (outcome,) = connect().send_page([template.for_token(f"{answer}-1")])
    assert isinstance(outcome, Retry)
    assert 1 <= len(fcm.record(since)) <= 6


@pytest.mark.parametrize("proxy", ["directly"], indirect=True)
@pytest.mark.parametrize("seed", range(6))
def test_in_all_sorts_of_trouble_nothing_is_lost_and_nothing_doubled(
    fcm, connect, template, since, seed
):
    """Page after page of what is to be tried again, as the worker sends it."""
    chance = random.Random(seed)
    kinds = ["phone"] * 60 + ["refuse", "goaway", "drop", "slow", "unavailable", "unregistered"]
    devices = [f"{seed}-{n}-{chance.choice(kinds)}" for n in range(1_500)]
    for device in devices:
        kind = device.rpartition("-")[2]
        if kind != "phone":
            often = {} if kind == "unregistered" else {"times": 1}
            fcm.behave(device, kind, seconds=0.3, **often)
    transport, open_, found = connect(), devices, {}
    unknown: Counter[str] = Counter()
    for _ in range(20):
        outcomes = transport.send_page([template.for_token(one) for one in open_])
        found |= dict(zip(open_, outcomes, strict=True))
        open_ = [one for one in open_ if isinstance(found[one], Retry)]
        unknown.update(one for one in open_ if found[one] == Retry("connection lost"))
        if not open_:
            break
    taken = Counter(one["device"] for one in fcm.record(since) if one["outcome"] == "sent")
    dead = {one for one in devices if one.endswith("unregistered")}
    assert {one for one, outcome in found.items() if outcome == Unregistered()} == dead
    assert {one for one, outcome in found.items() if outcome == Sent()} == set(devices) - dead
    assert set(taken) == set(devices) - dead
    # Twice at most where it was told that it is not known whether it was taken.
    assert all(times <= 1 + unknown[one] for one, times in taken.items())
    assert any(one.endswith("drop") for one in unknown)


def test_among_many_a_lost_connection_loses_and_doubles_nothing(fcm, connect, template, since):
    devices = [f"drop-{n}" if n % 150 == 75 else f"phone-{n}" for n in range(600)]
    answers = connect().send_page([template.for_token(one) for one in devices])
    outcomes = dict(zip(devices, answers, strict=True))
    times = Counter(entry["device"] for entry in fcm.record(since))
    assert max(times.values()) == 1
    assert {type(outcome) for outcome in outcomes.values()} == {Sent, Retry}
    assert all(times[device] == 1 for device, outcome in outcomes.items() if outcome == Sent())
    dropped = [outcome for device, outcome in outcomes.items() if device.startswith("drop")]
    assert all(isinstance(outcome, Retry) for outcome in dropped)


def test_a_slow_answer_is_given_up(fcm, connect, template):
    fcm.behave("phone-slow", "slow", seconds=3)
    page = [template.for_token("phone-slow"), template.for_token("phone-1")]
    assert connect(timeout=0.5).send_page(page) == [Retry("timeout"), Sent()]


def test_a_service_that_is_away_and_comes_back(template, tmp_path):
    own = FcmDouble(tmp_path)
    tokens = AccessTokens(own.account, own.ca)
    page = [template.for_token(f"phone-{n}") for n in range(300)]
    with Transport(own.url, own.project_id, tokens, LocalQuota(6_000_000), ca=own.ca) as transport:
        assert transport.send_page(page) == [Sent()] * 300
        own.stop()
        began = time.monotonic()
        assert {type(one) for one in transport.send_page(page)} == {Retry}
        assert time.monotonic() - began < 10
        own.start()
        assert transport.send_page(page) == [Sent()] * 300
        assert len(own.record()) == 600
    tokens.close()
    own.stop()


def test_a_service_that_never_answers_does_not_hold_a_page_for_long(connect, template):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        transport = connect(url=f"https://127.0.0.1:{silent.getsockname()[1]}", timeout=1.0)
        began = time.monotonic()
        outcomes = transport.send_page([template.for_token(f"phone-{n}") for n in range(1000)])
        assert {type(one) for one in outcomes} == {Retry}
        assert time.monotonic() - began < 8


def test_an_interrupted_page_leaves_the_next_alone(fcm, connect, template, since):
    class Interrupted(BaseException):
        pass

    class Stop(bytes):
        def __len__(self) -> int:
            raise Interrupted

    transport = connect()
    first = [template.for_token(f"phone-{n}") for n in range(20)]
    with pytest.raises(Interrupted):
        transport.send_page([*first, Stop(b"x")])
    page = [template.for_token("unregistered-1"), *first]
    assert transport.send_page(page) == [Unregistered()] + [Sent()] * 20


def test_a_service_that_pushes_back_without_end_is_left_alone(fcm, connect, template, since):
    fcm.behave("phone", "unavailable", retry_after=30)
    outcomes = connect().send_page([template.for_token(f"phone-{n}") for n in range(2000)])
    assert outcomes == [Retry("503 UNAVAILABLE", 30.0)] * 2000
    assert len(fcm.record(since)) < 500


def test_what_the_quota_does_not_allow_waits_with_the_caller(fcm, connect, template, since):
    page = [template.for_token(f"phone-{n}") for n in range(40)]
    outcomes = connect(quota=LocalQuota(600), patience=0.0).send_page(page)
    assert outcomes[:10] == [Sent()] * 10
    assert all(one.reason == "quota" and 0 < one.after <= 1.1 for one in outcomes[10:])
    assert len(fcm.record(since)) == 10


def test_a_short_wait_for_the_quota_is_waited(connect, template):
    page = [template.for_token(f"phone-{n}") for n in range(20)]
    assert connect(quota=LocalQuota(600)).send_page(page) == [Sent()] * 20


def test_http_1_1_serves_where_there_is_no_http_2(fcm, connect, template, monkeypatch, since):
    monkeypatch.setattr(push, "_PROTOCOLS", ["http/1.1"])
    monkeypatch.setattr(pycurl, "CURL_HTTP_VERSION_2TLS", pycurl.CURL_HTTP_VERSION_1_1)
    page = [template.for_token(f"phone-{n}") for n in range(20)]
    transport = connect()
    for _ in range(2):
        assert transport.send_page(page) == [Sent()] * 20
    assert {entry["http"] for entry in fcm.record(since)} == {"1.1"}
    assert len(fcm.record(since)) == 40


@pytest.mark.parametrize("proxy", ["directly"], indirect=True)
def test_where_somebody_else_adds_tls_it_is_left_off(connect, template):
    class Answers(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            answer = b'{"name": "projects/demo/messages/1"}'
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    heard: list[dict[str, Any]] = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        transport = connect(url=f"http://127.0.0.1:{server.server_address[1]}")
        page = [template.for_token(f"phone-{n}") for n in range(5)]
        assert transport.send_page(page) == [Sent()] * 5
        transport.close()
        server.shutdown()
    tokens = sorted(one["message"]["token"] for one in heard)
    assert tokens == [f"phone-{n}" for n in range(5)]


@pytest.mark.parametrize("proxy", ["directly"], indirect=True)
def test_changing_over_to_libcurl_in_mid_page_asks_nothing_twice(
    fcm, connect, template, monkeypatch, since
):
    """Later connections lead to another server of the service, which speaks no HTTP/2."""
    dialled = []

    def dial(*arguments: Any) -> Any:
        dialled.append(arguments)
        if len(dialled) > 1:
            raise Unsuited("it speaks no HTTP/2")
        return secure.dial(*arguments)

    monkeypatch.setattr(push, "dial", dial)
    devices = [f"phone-{n}" for n in range(2_000)]
    outcomes = connect().send_page([template.for_token(one) for one in devices])
    times = Counter(entry["device"] for entry in fcm.record(since))
    assert len(dialled) > 1
    assert max(times.values()) == 1
    assert all(
        times[one] == 1 for one, found in zip(devices, outcomes, strict=True) if found == Sent()
    )
    assert sum(found == Sent() for found in outcomes) >= 1_800
    assert {type(found) for found in outcomes} <= {Sent, Retry}


@pytest.mark.parametrize("proxy", ["through a proxy"], indirect=True)
def test_a_host_that_the_environment_takes_from_the_proxy_is_reached_directly(
    fcm, connect, template, monkeypatch, since, proxy
):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    transport = connect()
    proxy.tunnels.clear()
    assert transport.send_page([template.for_token("phone-1")]) == [Sent()]
    assert proxy.tunnels == []


@pytest.mark.parametrize("proxy", ["directly"], indirect=True)
def test_a_connection_that_ended_between_pages_costs_no_message(template, tmp_path):
    own = FcmDouble(tmp_path)
    tokens = AccessTokens(own.account, own.ca)
    page = [template.for_token(f"phone-{n}") for n in range(300)]
    with Transport(own.url, own.project_id, tokens, LocalQuota(6_000_000), ca=own.ca) as transport:
        for turn in range(1, 4):
            assert transport.send_page(page) == [Sent()] * 300
            own.stop()
            own.start()
            assert len(own.record()) == 300 * turn
    tokens.close()
    own.stop()


def test_a_service_that_accepts_and_hangs_up_is_given_up_soon(connect, template):
    class HangsUp(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(100)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), HangsUp) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        transport = connect(url=f"https://127.0.0.1:{server.server_address[1]}")
        began = time.monotonic()
        outcomes = transport.send_page([template.for_token(f"phone-{n}") for n in range(500)])
        server.shutdown()
    assert {type(one) for one in outcomes} == {Retry}
    assert time.monotonic() - began < 8


def test_what_waits_for_the_quota_when_the_service_is_away_says_why(fcm, connect, template):
    """Not that an access token was refused."""
    fcm.behave("phone", "unavailable")
    page = [template.for_token(f"phone-{n}") for n in range(900)]
    outcomes = connect(quota=LocalQuota(18_000)).send_page(page)
    assert {one.reason for one in outcomes} == {"503 UNAVAILABLE"}


def test_pages_from_several_threads(fcm, connect, template, since):
    transport = connect()
    outcomes: list[object] = []

    def send(worker: int) -> None:
        page = [template.for_token(f"phone-{worker}-{n}") for n in range(100)]
        outcomes.extend(transport.send_page(page))

    threads = [threading.Thread(target=send, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [Sent()] * 400
    assert len({entry["device"] for entry in fcm.record(since)}) == 400
