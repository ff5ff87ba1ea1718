"""Settings: one typed value read from ``CASA_*`` environment variables, with embedded defaults.

Everything runs without a single variable set: SQLite in ``var/``, no broker, push off.
"""

import difflib
import logging
import math
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


class SettingsError(Exception):
    """A variable that cannot be used; the message names it and the mend."""


def _about(text: str, default: Any, *, secret: bool = False) -> Any:
    return field(default=default, metadata={"about": text, "secret": secret})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What an operator decides. Each field is read from ``CASA_`` + its name in capitals."""

    database_url: str = _about("SQLAlchemy URL of the database", "sqlite:///var/casa.db")
    var_dir: Path = _about("folder for the service's own files", Path("var"))
    host: str = _about("address to listen on", "127.0.0.1")
    port: int = _about("port to listen on", 8000)
    public_url: str = _about("address under which the public reaches the service", "")
    trusted_proxies: int = _about(
        "how many reverse proxies stand in front, whose X-Forwarded headers are believed", 0
    )
    body_limit: int = _about("largest request body in bytes", 1_000_000)
    boundaries: Path | None = _about("GeoJSON file of places to use for the built-in one", None)
    hazards: Path | None = _about("folder of more hazards, a TOML file each", None)
    firebase_credentials: Path | None = _about(
        "Firebase service account file; unset: no push", None
    )
    fcm_url: str = _about("address of FCM's HTTP v1 service", "https://fcm.googleapis.com")
    fcm_ca: Path | None = _about("certificates to trust for FCM, in place of the system's", None)
    push_per_minute: int = _about("messages a minute that the FCM project may send", 600_000)
    push_in_flight: int = _about("most messages awaiting FCM's answer at once", 2_000)
    webpush_contact: str = _about(
        "mailto: or https: address at which push services reach the operator; unset: no Web Push",
        "",
    )
    webpush_key: Path | None = _about(
        "file of the key browsers subscribe for; unset: webpush.jwk in the folder of own files",
        None,
    )
    webpush_proxy: str = _about("http:// proxy through which Web Push leaves; unset: none", "")
    webpush_ca: Path | None = _about(
        "certificates to trust for push services, in place of the system's", None
    )
    webhook_proxy: str = _about("http:// proxy through which webhooks leave; unset: none", "")
    webhook_ca: Path | None = _about(
        "certificates to trust for webhooks, in place of the system's", None
    )
    page_size: int = _about("devices a page of a dispatch; at most one is sent twice", 2_000)
    shard_size: int = _about(
        "devices a shard of a dispatch, the unit several workers share", 50_000
    )
    lease_seconds: float = _about("a worker silent for so long has its work taken over", 30.0)
    retry_seconds: float = _about(
        "pause before what failed is tried again; it doubles up to ten minutes", 2.0
    )
    park_after: int = _about(
        "tries in a row without success until a delivery is parked; faults of our own: at most 10",
        30,
    )
    operator_webhook: str = _about(
        "https address to which each thing that is parked is posted as JSON; unset: none", ""
    )
    poll_seconds: float = _about("longest wait before looking for new work", 1.0)
    audience_days: float = _about("days that a thread's audience is kept after its end", 7.0)
    signing_keys: Path | None = _about(
        "folder of the keys that sign alerts; unset: signing/ in the folder of own files", None
    )
    sealing_key: Path | None = _about(
        "file of the key that seals secrets at rest; unset: sealing.jwk in the folder of own files",
        None,
    )
    rate_agency: int = _about("requests a minute of one key or officer", 1_200)
    rate_public: int = _about(
        "changing requests a minute from one address without a key; mobile networks share them",
        6_000,
    )
    rate_sign_in: int = _about("attempts a minute to sign in from one address", 20)
    oidc_issuer: str = _about("https address of a ministry's identity provider; unset: none", "")
    oidc_client_id: str = _about("what the identity provider knows this service as", "")
    oidc_client_secret: Path | None = _about("file of the secret shared with it; unset: none", None)
    oidc_agencies: str = _about(
        "codes, by comma, of the agencies whose officers it vouches for", ""
    )
    oidc_ca: Path | None = _about("certificates to trust for it, in place of the system's", None)
    session_idle_minutes: float = _about("an officer's session without use ends after", 30.0)
    session_hours: float = _about("an officer's session ends after, whatever its use", 12.0)
    grant_hours: float = _about(
        "hours that a right to publish, to approve or to give such rights waits where no second "
        "administrator confirms it",
        24.0,
    )
    broker_url: str = _about(
        "redis:// or amqp:// URL of the workers' broker; unset: they look for work themselves", ""
    )
    broker_queue: str = _about("name that keeps apart what shares a broker or a Redis", "casa")
    sweep_seconds: float = _about(
        "a worker with a broker that hears nothing for so long looks for itself", 3.0
    )
    redis_url: str = _about(
        "redis:// URL for the push quota and news of alerts between processes; unset: the broker's",
        "",
    )
    follow_limit: int = _about("most Socket.IO connections of one web process", 20_000)
    follow_per_address: int = _about(
        "most Socket.IO connections of one address to one web process; mobile networks share them",
        1_000,
    )
    follow_buffer: int = _about(
        "bytes that a Socket.IO client may leave unread before it is cut off", 262_144
    )
    media_url: str = _about(
        "where photographs are kept: a folder, or an object store such as s3://bucket/folder with "
        "its usual AWS_* variables; unset: media/ in the folder of own files",
        "",
    )
    case_days: float = _about(
        "days after a missing person's case has ended until its details are erased", 30.0
    )
    foreign_facts: str = _about(
        "by state, which facts of other registries' records may be public, as "
        "'JM: full_name age sex; TT:'; of a state not named all may that an officer releases",
        "",
    )
    rate_sightings: int = _about("sightings and additions to them a minute from one address", 30)
    cone: str = _about(
        "circles of NHC's cone for seasons to come, nautical miles at 12, 24, 36, 48, 60, 72, 96 "
        "and 120 hours, such as 2027: 25 38 50 62 77 95 134 200; more after semicolons",
        "",
    )
    rate_searches: int = _about(
        "searches for persons and posters a minute from one address; mobile networks share them",
        120,
    )
    no_name_search: str = _about(
        "ISO codes, by comma, of the states whose missing persons nobody finds by name", ""
    )
    log_level: str = _about("least level of log lines", "INFO")

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, int | float):
                _check_number(item.name, value)
        for name, schemes in _ADDRESSES.items():
            _check_address(name, getattr(self, name), schemes)
        _check_database(self.database_url)
        if self.log_level.upper() not in logging.getLevelNamesMapping():
            raise SettingsError("CASA_LOG_LEVEL must be DEBUG, INFO, WARNING, ERROR or CRITICAL.")
        if "://" in self.media_url and urlsplit(self.media_url).scheme not in _STORES:
            raise SettingsError(f"CASA_MEDIA_URL must be a folder or one of {', '.join(_STORES)}.")
        if self.oidc_issuer and not self.oidc_client_id:
            raise SettingsError("CASA_OIDC_ISSUER needs CASA_OIDC_CLIENT_ID beside it.")

    def require_files(self) -> None:
        """Look at the files that are named, which must be there and hold what they are to hold.

        Raises:
            SettingsError
        """
        for item in fields(self):
            path = getattr(self, item.name)
            if isinstance(path, Path) and item.name in _FILES:
                _check_file(f"CASA_{item.name.upper()}", path)

    @property
    def signing_folder(self) -> Path:
        return self.signing_keys or self.var_dir / "signing"

    @property
    def sealing_key_file(self) -> Path:
        return self.sealing_key or self.var_dir / "sealing.jwk"

    @property
    def webpush_key_file(self) -> Path:
        return self.webpush_key or self.var_dir / "webpush.jwk"

    @property
    def media_store(self) -> str:
        """A folder's path or an object store's URL."""
        return self.media_url or str((self.var_dir / "media").absolute())

    @property
    def states_without_name_search(self) -> tuple[str, ...]:
        codes = (code.strip().upper() for code in self.no_name_search.split(","))
        return tuple(code for code in codes if code)

    @property
    def shared_redis(self) -> str:
        """The Redis that the processes share, or an empty string."""
        is_redis = urlsplit(self.broker_url).scheme in ("redis", "rediss")
        return self.redis_url or (self.broker_url if is_redis else "")

    @property
    def base_url(self) -> str:
        """The public address without a slash at its end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """The settings that ``environment`` holds.

        Raises:
            SettingsError: a value cannot be used, or there is no such setting.
        """
        values = {}
        known = {f"CASA_{item.name.upper()}": item for item in fields(cls)}
        for name, text in environment.items():
            if name in known and text.strip():
                values[known[name].name] = _parse(name, text.strip(), known[name].type)
            elif name.startswith("CASA_") and name not in known:
                _refuse_unknown(name, known)
        return cls(**values)


# What the tests and tools are told; the service is not to mind them.
_NOT_OURS = ("CASA_TEST_", "CASA_REQUIRE_", "CASA_CRASH", "CASA_STORM", "CASA_FUZZ", "CASA_BENCH")
_STORES = (
    "s3", "s3a", "gs", "az", "azure", "abfs", "abfss", "adl", "file", "https", "http", "memory",
)  # fmt: skip
# Least and most of each number that has bounds of its own.
_BOUNDS: dict[str, tuple[float, float]] = {
    "port": (0, 65_535),
    "trusted_proxies": (0, 100),
    "case_days": (0, 36_500),
    "audience_days": (0, 36_500),
}
_LEAST_SECONDS, _LEAST, _MOST = 0.001, 1, 2**31 - 1
_ADDRESSES = {
    "public_url": ("", "http", "https"),
    "fcm_url": ("http", "https"),
    "broker_url": ("", "redis", "rediss", "amqp", "amqps"),
    "redis_url": ("", "redis", "rediss"),
    "webpush_contact": ("", "mailto", "https"),
    "webpush_proxy": ("", "http", "https"),
    "webhook_proxy": ("", "http", "https"),
    "operator_webhook": ("", "https"),
    "oidc_issuer": ("", "https"),
}
_AUTHORITIES = ("fcm_ca", "webpush_ca", "webhook_ca", "oidc_ca")
_FILES = (*_AUTHORITIES, "boundaries", "firebase_credentials", "oidc_client_secret")


def _refuse_unknown(name: str, known: Iterable[str]) -> None:
    if not name.startswith(_NOT_OURS):
        nearest = difflib.get_close_matches(name, known, 1, 0.0)[0]
        raise SettingsError(
            f"There is no setting {name}: did you mean {nearest}? 'casa settings' lists all."
        )


def _check_number(name: str, value: float) -> None:
    usual = _LEAST if isinstance(value, int) else _LEAST_SECONDS
    least, most = _BOUNDS.get(name, (usual, _MOST))
    if not (math.isfinite(value) and least <= value <= most):
        raise SettingsError(f"CASA_{name.upper()} must be a number from {least:g} to {most:g}.")


def _check_address(name: str, value: str, schemes: tuple[str, ...]) -> None:
    try:
        parts = urlsplit(value)
        whole = (parts.scheme == "mailto" and "@" in parts.path) or bool(parts.hostname)
        usable = parts.scheme in schemes and (not value or whole) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable or any(sign.isspace() for sign in value):
        allowed = " or ".join(f"{scheme}:" for scheme in schemes if scheme)
        raise SettingsError(
            f"CASA_{name.upper()} must be a whole address that begins with {allowed}."
        )


def _check_database(address: str) -> None:
    # Here, as the commands that need no database are to begin quickly.
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        name = make_url(address).drivername
    except (ArgumentError, ValueError):
        name = "no whole address"
    if name not in ("sqlite", "postgresql", "postgres", "postgresql+psycopg"):
        raise SettingsError(
            "CASA_DATABASE_URL must be like sqlite:///var/casa.db or "
            f"postgresql+psycopg://user:password@host/casa; what it has is {name}."
        )


def _check_file(name: str, path: Path) -> None:
    try:
        with path.open("rb"):
            pass
        if name.endswith("_CA"):
            ssl.create_default_context(cafile=str(path))
    except ssl.SSLError:
        raise SettingsError(f"{name}: {path} holds no certificate in PEM form.") from None
    except OSError as error:
        raise SettingsError(f"{name}: {path} cannot be read: {error.strerror}.") from None


def _parse(name: str, text: str, kind: Any) -> Any:
    try:
        if kind is int:
            return int(text)
        if kind is float:
            return float(text)
    except ValueError:
        raise SettingsError(f"{name} must be a number, not {text!r}.") from None
    return text if kind is str else Path(text)
