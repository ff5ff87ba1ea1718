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

# What is public is named, not what is private: every technique that embeds an address adds to the
# latter. Sources: IANA's registries of special-purpose addresses; RFC 4291 for 2000::/3.
_GLOBAL_6 = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_SPECIAL_6 = tuple(
    map(
        ipaddress.IPv6Network,
        (
            "2001::/23",  # protocols, among them Teredo and benchmarks
            "2001:db8::/32",  # documentation
            "3fff::/20",
        ),
    )
)
_SPECIAL_4 = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "192.0.0.0/24",  # protocols
            "192.88.99.0/24",  # relays of 6to4
            "224.0.0.0/3",  # multicast and reserved
        ),
    )
)
_ISATAP = 0x5EFE  # before the IPv4 address; with or without the bit for a unique one


def is_public(text: str) -> bool:
    """Whether an IP address is one of the public Internet, seen through tunnels and mappings."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not any(address in network for network in _SPECIAL_4)
    inner = _embedded(address)
    if inner is not None and not is_public(str(inner)):
        return False
    if address.ipv4_mapped or address in _NAT64:
        return True
    return address in _GLOBAL_6 and not any(address in network for network in _SPECIAL_6)


def _embedded(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address to which an IPv6 address of a transition technique leads."""
    number = int(address)
    if address in _NAT64 or (number >> 32) & 0xFDFFFFFF == _ISATAP:
        return ipaddress.IPv4Address(number & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


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
