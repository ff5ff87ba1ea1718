"""Many honest phones in one thread: each follows Barbados over its WebSocket and answers pings."""

import selectors
import socket
import threading

HELLO = (
    b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
_PING = b"\x81\x012"


def masked(text: str) -> bytes:
    """A client's text frame of fewer than 126 bytes, masked with zeros."""
    payload = text.encode()
    return bytes([0x81, 0x80 | len(payload)]) + b"\0\0\0\0" + payload


class Phones:
    """``heard`` counts the alerts of each; ``lost`` whose connection the service ended."""

    def __init__(self, port: int) -> None:
        self.heard: dict[socket.socket, int] = {}
        self.lost = 0
        self._port = port
        self._selector = selectors.EpollSelector()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def add(self) -> None:
        """One more, following when this returns."""
        sock = socket.create_connection(("127.0.0.1", self._port), timeout=120)
        for said, mark in (
            (HELLO, b'"sid"'),
            (masked("40"), b"40{"),
            (masked('420["follow",{"places":["BB"]}]'), b"430["),
        ):
            sock.sendall(said)
            seen = b""
            while mark not in seen:
                data = sock.recv(4_096)
                if not data:
                    raise ConnectionError(f"the service ended an honest phone: {seen!r}")
                seen += data
        self.heard[sock] = 0
        self._selector.register(sock, selectors.EVENT_READ)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(10)
        for sock in self.heard:
            sock.close()
        self._selector.close()

    def _read(self) -> None:
        while not self._stop.is_set():
            for key, _ in self._selector.select(0.2):
                self._take(key.fileobj)

    def _take(self, sock: socket.socket) -> None:
        try:
            data = sock.recv(65_536)
        except OSError:
            data = b""
        if not data:
            self.lost += 1
            self._selector.unregister(sock)
            return
        self.heard[sock] += data.count(b'"alert",')
        if _PING in data:
            sock.sendall(masked("3"))
