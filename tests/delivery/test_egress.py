"""What a stranger may not make the service connect to."""

import http.server
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pycurl
import pytest
from cryptography import x509

from casa.audience.subscriptions import is_public_https
from casa.delivery import egress
from casa.delivery.egress import is_public, stranger
from tests.doubles import certificates


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8", "190.213.1.1", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::1",
        "::ffff:8.8.8.8", "192.31.196.1", "2620:4f:8000::1",
    ],
)  # fmt: skip
def test_public(address: str) -> None:
    assert is_public(address)


PRIVATE = ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"]
# How IPv6 carries an IPv4 address; with a private one inside, and some with any.
CARRIERS = [
    "::ffff:{0}", "64:ff9b::{0}", "::{0}", "::ffff:0:{0}", "2002:{1}::1", "2001:0:{1}::1",
    "2001:0:808:808::{2}", "64:ff9b:1::{0}", "2606:4700::5efe:{0}", "2606:4700::200:5efe:{0}",
]  # fmt: skip


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_inside_another(carrier: str, address: str) -> None:
    number = int.from_bytes(socket.inet_aton(address))
    words = f"{number >> 16:x}:{number & 0xFFFF:x}"
    flipped = number ^ 0xFFFFFFFF  # as Teredo hides a client's
    hidden = f"{flipped >> 16:x}:{flipped & 0xFFFF:x}"
    assert not is_public(carrier.format(address, words, hidden))


@pytest.mark.parametrize(
    "address",
    [
        *PRIVATE, "0.0.0.0", "0.1.2.3", "255.255.255.255", "224.0.0.1", "239.1.1.1", "240.0.0.1",
        "198.18.0.1", "192.0.0.1", "192.0.0.9", "192.0.2.1", "198.51.100.1", "203.0.113.1",
        "192.88.99.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fec0::1", "feff::1", "fc00::1",
        "fd00:ec2::254", "ff02::1", "ff0e::1", "100::1", "2001:2::1", "2001:10::1", "2001:20::1",
        "2001:db8::1", "3fff::1", "5f00::1", "4000::1", "64:ff9b:1::808:808", "::8.8.8.8",
        "::ffff:0:8.8.8.8", "2001:0:808:808::f7f7:f7f7", "/run/socket", "", "127.1", "0x7f000001",
    ],
)  # fmt: skip
def test_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/", "https://127.1/", "https://2130706433/", "https://0x7f000001/",
        "https://0x7f.1/", "https://0177.0.0.1/", "https://0x7f.0x0.0x0.0x1/", "https://127.0.0.1./",
        "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[fe80::1%25eth0]/",
        "https://localhost/", "https://localhost./", "https://metadata.google.internal/",
        "https://printer.local/", "https://printer.local./", "https://a.localdomain/",
        "https://router.home.arpa/", "https://router.lan/", "https://nas.intranet/",
        "https://push.example.org@127.0.0.1/", "https://a:b@push.example.org/",
        "https://push.example.org:8443/", "https://push.example.org:22/", "https://a.b:x/",
        "https://push.example.org\\@127.0.0.1/", "https://127.0.0.1\\.example.org/",
        "https://127%2e0%2e0%2e1/", "https://127.0.0.1%00.example.org/",
        "https://１２７.0.0.1/", "https://ⓛocalhost/", "https://exa\u00admple.org/",
        "https://push.xn--a.1/", "https://push..example.org/", "https://push.example.org../",
        "https://-push.example.org/", "http://push.example.org/", "ftp://push.example.org/",
        "https:push.example.org", "https:///push.example.org", "https://", " https://a.example/",
        "https://push.example.org/\r\nHost: x", "https://push.example.org/ x", 7, None,
    ],
)  # fmt: skip
def test_addresses_that_are_not_taken(url: Any) -> None:
    assert not is_public_https(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://fcm.googleapis.com/fcm/send/x:y", "https://updates.push.services.mozilla.com/w/2",
        "https://push.example.org./x", "https://push.example.org:443/x?y=z",
        "https://PUSH.Example.ORG/", "https://radio.xn--90a3ac/", "https://xn--bcher-kva.example/",
        "https://wns2-by3p.notify.windows.com/w/?token=a%3d", "https://a_b.example.org/",
    ],
)  # fmt: skip
def test_addresses_that_are_taken(url: str) -> None:
    assert is_public_https(url)


class Receiver:
    """An https service at one loopback address that keeps account of who came."""

    def __init__(self, address: str, certificate: Path, location: str = "") -> None:
        came = self.came = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                came.append(self.path)
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(307 if location else 200)
                if location:
                    self.send_header("Location", location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer((address, 0), Handler)
        self.connections = 0
        accept = self._server.get_request

        def count() -> Any:
            self.connections += 1
            return accept()

        self._server.get_request = count
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate / "server.pem")
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a certificate for all that is served here, and of its authority's."""
    folder = tmp_path_factory.mktemp("certificate")
    addresses = [ipaddress.ip_address(f"127.0.0.{last}") for last in (1, 2)]
    certificates.make(
        folder, [x509.DNSName("push.example.org"), *(x509.IPAddress(one) for one in addresses)]
    )
    return folder


@pytest.fixture
def ca(certificate: Path) -> str:
    return str(certificate / "ca.pem")


@pytest.fixture
def receivers() -> Iterator[list[Receiver]]:
    made: list[Receiver] = []
    yield made
    for one in made:
        one.stop()


def post(ca: str, url: str, *names: str) -> tuple[int, bool]:
    """The answer's status, or 0, and whether the address was forbidden. ``names`` are what the
    resolver says, as name:port:address."""
    handle = stranger(5, ca, "")
    handle.setopt(pycurl.URL, url)
    handle.setopt(pycurl.RESOLVE, list(names))
    handle.setopt(pycurl.POSTFIELDSIZE, 2)
    handle.setopt(pycurl.READFUNCTION, BytesIO(b"{}").read)
    try:
        handle.perform()
    except pycurl.error:
        return 0, handle.forbidden
    return handle.getinfo(pycurl.RESPONSE_CODE), handle.forbidden


def public_but(monkeypatch: pytest.MonkeyPatch, private: str) -> None:
    """All loopback addresses pass for public ones but one."""
    monkeypatch.setattr(egress, "is_public", lambda text: text != private)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.2", "127.2", "2130706434", "0x7f000002", "0x7f.2", "0177.0.0.2", "0177.0x0.2",
        "127.0.0.2.", "[::ffff:127.0.0.2]", "push.example.org@127.0.0.2",
    ],
)  # fmt: skip
def test_no_spelling_of_a_private_address_is_connected_to(
    ca: str, certificate: Path, receivers: list[Receiver], host: str
) -> None:
    inside = Receiver("127.0.0.2", certificate)
    receivers.append(inside)
    assert post(ca, f"https://{host}:{inside.port}/") in ((0, True), (0, False))
    assert inside.connections == 0


def test_a_redirect_is_not_followed(
    ca: str, certificate: Path, receivers: list[Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = Receiver("127.0.0.2", certificate)
    for location in (f"https://127.0.0.2:{inside.port}/", f"http://127.0.0.2:{inside.port}/"):
        outside = Receiver("127.0.0.1", certificate, location)
        receivers.append(outside)
        # Even where the other address would be allowed.
        monkeypatch.setattr(egress, "is_public", lambda _: True)
        assert post(ca, f"https://127.0.0.1:{outside.port}/") == (307, False)
        assert outside.came == ["/"]
    receivers.append(inside)
    assert inside.connections == 0


def test_a_name_that_moves_inside_after_it_was_looked_at(
    ca: str, certificate: Path, receivers: list[Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    outside, inside = Receiver("127.0.0.1", certificate), Receiver("127.0.0.2", certificate)
    receivers += [outside, inside]
    public_but(monkeypatch, "127.0.0.2")
    assert is_public_https("https://push.example.org/")
    first = f"push.example.org:{outside.port}:127.0.0.1"
    assert post(ca, f"https://push.example.org:{outside.port}/", first) == (200, False)
    second = f"push.example.org:{inside.port}:127.0.0.2"
    assert post(ca, f"https://push.example.org:{inside.port}/", second) == (0, True)
    # Nor does it help to have a public address as well.
    both = f"push.example.org:{inside.port}:127.0.0.2,127.0.0.3"
    assert post(ca, f"https://push.example.org:{inside.port}/", both) == (0, True)
    assert outside.came == ["/"]
    assert inside.connections == 0


def test_only_https_is_spoken(ca: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as inside:
        port = inside.getsockname()[1]
        for scheme in ("http", "gopher", "ftp", "dict", "smtp", "file", "ws"):
            assert post(ca, f"{scheme}://127.0.0.1:{port}/") == (0, False)
