"""What a stranger may not make the service connect to."""

import pytest

from casa.delivery.egress import is_public


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "190.213.1.1", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::1"],
)
def test_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.0", "255.255.255.255", "224.0.0.1", "198.18.0.1", "::1", "::", "fe80::1",
        "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
        "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a00:1::1", "/run/socket",
    ],
)  # fmt: skip
def test_not_public(address: str) -> None:
    assert not is_public(address)
