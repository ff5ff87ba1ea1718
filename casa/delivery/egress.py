"""Where a request may go whose address a stranger chose: to the public Internet only.

A subscription's endpoint is whatever a device says. Its name is checked when it registers, but a
name can come to mean another address at any time, so the address is checked when the connection
is made, on the very socket (server-side request forgery; OWASP's cheat sheet of that name).
"""

import ipaddress
import socket
from functools import partial
from typing import Any

import pycurl

from casa.delivery.flight import new_handle

_LONGEST_ANSWER = 65_536  # bytes
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def is_public(text: str) -> bool:
    """Whether an IP address is one of the public Internet, seen through tunnels and mappings."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    inner = _embedded(address)
    if inner is not None:
        return is_public(str(inner))
    return address.is_global and not address.is_multicast


def _embedded(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | None:
    """The IPv4 address to which an IPv6 address of a transition technique leads."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)


def stranger(timeout: float, ca: str, proxy: str) -> Any:
    """A POST over https to an address that a stranger chose, or by way of ``proxy`` alone.

    No redirect is followed and the answer is not kept: it is read to its end where it is short,
    which keeps the connection, and cut where it is long. ``handle.read`` counts its bytes.
    """
    handle = new_handle(timeout, ca)
    handle.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTPS)
    handle.setopt(pycurl.PROXY, proxy)
    handle.forbidden, handle.read = False, 0
    if not proxy:
        only_public(handle)
    handle.setopt(pycurl.WRITEFUNCTION, partial(_discard, handle))
    return handle


def _discard(handle: Any, data: bytes) -> int:
    handle.read += len(data)
    return len(data) if handle.read <= _LONGEST_ANSWER else -1


def only_public(handle: Any) -> None:
    """Let a libcurl handle connect to public addresses only; ``handle.forbidden`` tells."""
    handle.forbidden = False

    def open_socket(purpose: int, address: Any) -> Any:
        if not is_public(str(address.addr[0])):
            handle.forbidden = True
            return pycurl.SOCKET_BAD
        return socket.socket(address.family, address.socktype, address.protocol)

    handle.setopt(pycurl.OPENSOCKETFUNCTION, open_socket)
