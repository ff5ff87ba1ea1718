"""The OAuth access token for FCM, renewed ahead of its end by a thread of its own.

firebase-admin reads the service account file; google-auth exchanges it for access tokens at the
``token_uri`` that the file names (RFC 7523).
"""

import functools
import logging
import re
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from firebase_admin import credentials
from google.auth.transport.requests import Request

log = logging.getLogger(__name__)

_TRY_AGAIN = 10.0
_TIMEOUT = 10.0
# What a header may hold (RFC 6750 section 2.1), and no more than any server takes.
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{1,8000}")


class TokenUnavailable(Exception):
    """The authorization server gave no access token; the message says why."""


class AccessTokens:
    """The current access token of a service account; ``close`` ends the thread.

    ``ca`` is a file of certificates to trust in place of the usual ones; a token is renewed
    ``ahead`` seconds before its end.

    Raises:
        ValueError, OSError: the file is not a service account's, or cannot be read.
    """

    def __init__(self, account: Path, ca: Path | None = None, ahead: float = 300.0) -> None:
        certificate = credentials.Certificate(str(account))
        self.project_id: str = certificate.project_id
        self._google: Any = certificate.get_credential()
        # Said with each request, as requests would let the environment overrule its session.
        trust = {} if ca is None else {"verify": str(ca)}
        self._request = functools.partial(Request(), timeout=_TIMEOUT, **trust)
        self._ahead = ahead
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def current(self) -> str:
        """A token that has not run out; only the first call waits for the network.

        Raises:
            TokenUnavailable: there is none and none could be had.
        """
        if self._google.valid:
            return str(self._google.token)
        return self.renew(self._google.token)

    def renew(self, refused: str | None) -> str:
        """A token other than ``refused``, fetched unless another thread has done so already.

        Raises:
            TokenUnavailable: none could be had.
        """
        with self._lock:
            if not self._google.valid or self._google.token == refused:
                self._refresh()
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._keep_fresh, name="access-token", daemon=True
                )
                self._thread.start()
            return str(self._google.token)

    def _refresh(self) -> None:
        """Ask for a token. Whatever is answered there may be a captive portal's, or nonsense."""
        try:
            self._google.refresh(self._request)
            token, expiry = self._google.token, self._google.expiry
            if not isinstance(token, str) or not _TOKEN.fullmatch(token) or expiry is None:
                raise ValueError("the answer holds no access token and its time")
        except Exception as error:
            self._google.token = self._google.expiry = None
            text = " ".join(str(error).split())[:200]
            raise TokenUnavailable(f"{type(error).__name__}: {text}") from error

    def close(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(_TIMEOUT)

    def _keep_fresh(self) -> None:
        pause = self._pause()
        while not self._stop.wait(pause):
            try:
                self.renew(self._google.token)
                pause = self._pause()
            except Exception as error:
                log.warning("no new access token for FCM, trying again: %s", error)
                pause = _TRY_AGAIN

    def _pause(self) -> float:
        life = (self._google.expiry.replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds()
        return float(max(life - self._ahead, 1.0))
