"""A phone with a bad network: follows one place over a WebSocket and always comes back.

It reads packet by packet (engine.io 4, socket.io 5), so that what it says it has seen up to is
what it has seen when the connection breaks.
"""

import json
import threading

import websocket


class Phone:
    """``heard`` are the sequence numbers of the alerts, missed and live, in order."""

    def __init__(self, url: str, code: str) -> None:
        self.heard: list[int] = []
        self._url = url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
        self._code = code
        self._seen = 0
        self._stop = threading.Event()
        self.following = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(10)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._follow()
            except (OSError, websocket.WebSocketException):
                self.following.clear()
                self._stop.wait(0.2)

    def _follow(self) -> None:
        connection = websocket.create_connection(self._url, timeout=2)
        try:
            wanted = {"places": [self._code], "since": self._seen}
            connection.send("40")
            connection.send("420" + json.dumps(["follow", wanted]))
            while not self._stop.is_set():
                try:
                    packet = connection.recv()
                except websocket.WebSocketTimeoutException:
                    continue
                if not packet:
                    raise websocket.WebSocketConnectionClosedException
                if packet == "2":
                    connection.send("3")
                self._read(packet)
        finally:
            connection.close(timeout=0)

    def _read(self, packet: str) -> None:
        if packet.startswith("430"):
            (answer,) = json.loads(packet[3:])
            self.heard += [alert["sequence"] for alert in answer["missed"]]
            self._seen = answer["sequence"]
            self.following.set()
        elif packet.startswith("42"):
            _, alert = json.loads(packet[2:])
            self.heard.append(alert["sequence"])
            self._seen = alert["sequence"]
