"""What every response carries against the common attacks, and what of a request is believed.

Sources: the OWASP HTTP headers cheat sheet; RFC 6797 (Strict-Transport-Security); CSP level 3.
"""

from ipaddress import IPv6Address, ip_address, ip_network
from uuid import UUID, uuid4

from flask import Flask, Response, g, request
from werkzeug.middleware.proxy_fix import ProxyFix

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
    # A person is to be found nowhere after the end: what search engines may show says otherwise.
    "X-Robots-Tag": "noindex, noarchive",
}
_YEAR = 31_536_000
# Data is never a page. Pages load from here alone; Swagger UI writes styles into its elements.
_DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'"
)


def trust(app: Flask, proxies: int) -> None:
    """Believe the X-Forwarded headers of so many proxies in front, for all that ``app`` answers.

    To be called last: whatever is wrapped around the application later would see the proxy.
    """
    if proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies
        )


def init_app(app: Flask) -> None:
    """Harden ``app``."""
    app.before_request(_identify)
    app.after_request(_protect)


def neighbourhood(address: str | None) -> str:
    """What one subscriber holds, so that nobody is another by the next address of their own: an
    IPv4 address, or the 64 bits of an IPv6 one that name a network (RFC 6177).
    """
    try:
        found = ip_address(address or "")
    except ValueError:
        return address or ""
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ip_network((int(found) >> 64 << 64, 64)))
    return str(found)


def _identify() -> None:
    """The request's id: the caller's where it is a UUID, so that logs of two systems meet."""
    try:
        g.request_id = str(UUID(request.headers.get("X-Request-ID", "")))
    except ValueError:
        g.request_id = str(uuid4())


def _protect(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    is_page = response.mimetype == "text/html"
    response.headers.setdefault(
        "Content-Security-Policy", _PAGE_POLICY if is_page else _DATA_POLICY
    )
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", f"max-age={_YEAR}")
    response.headers["X-Request-ID"] = g.get("request_id", "-")
    return response
