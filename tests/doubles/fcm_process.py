"""The FCM double as a process of its own, to start, ask, stop and start again."""

import json
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen


class FcmDouble:
    """A running double; its files are in ``folder``."""

    def __init__(self, folder: Path, *, token_life: float = 3600) -> None:
        self.folder = folder
        self._life = token_life
        self._process: subprocess.Popen[str] | None = None
        self._port = 0
        self._from = 0
        self.start()

    def start(self) -> None:
        """Start, or start again on the same port."""
        script = Path(__file__).with_name("fcm.py")
        command = [sys.executable, str(script), "--folder", str(self.folder)]
        command += ["--port", str(self._port), "--token-life", str(self._life)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        about = json.loads(self._process.stdout.readline())
        self.url: str = about["url"]
        self.project_id: str = about["project_id"]
        self.ca, self.account = Path(about["ca"]), Path(about["account"])
        self._port = int(self.url.rsplit(":", 1)[1])

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        self._process.stdout.close()

    def record(self, since: int = 0) -> list[dict[str, Any]]:
        """Every request for a message from number ``since`` on."""
        return self._call("GET", f"/_record?since={self._from + since}")["messages"]

    def forget(self) -> None:
        """Behave well again, and leave what was asked so far out of ``record``."""
        self.behave_well()
        self._from += len(self.record())

    def behave(self, prefix: str, answer: str, **more: Any) -> None:
        """Answer devices with this prefix so: see ``ANSWERS`` in ``fcm.py``."""
        self._call("POST", "/_behaviour", {"prefix": prefix, "answer": answer, **more})

    def behave_well(self) -> None:
        self._call("DELETE", "/_behaviour")

    def revoke(self) -> None:
        """No access token given so far is good any more."""
        self._call("POST", "/_revoke")

    def _call(self, method: str, path: str, content: Any = None) -> Any:
        data = None if content is None else json.dumps(content).encode()
        context = ssl.create_default_context(cafile=str(self.ca))
        request = Request(self.url + path, data=data, method=method)
        with urlopen(request, context=context, timeout=10) as answer:
            return json.load(answer)
