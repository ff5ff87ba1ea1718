"""Sealing for one browser and the proof of who sends, beside RFC 8291 and http_ece."""

import base64
import os
from pathlib import Path

import http_ece
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from casa.delivery.encryption import LONGEST, Vapid, seal


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )


def test_the_example_of_rfc_8291() -> None:
    """Section 5 and appendix A."""
    private = int.from_bytes(decode("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"))
    sealed = seal(
        b"When I grow up, I want to be a watermelon",
        decode(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcx"
            "aOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
        ),
        decode("BTBZMqHH6r4Tts7J_aSIgg"),
        key=ec.derive_private_key(private, ec.SECP256R1()),
        salt=decode("DGv6ra1nlYgDCS1FRnbzlw"),
    )
    assert sealed == decode(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
        "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
        "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


@settings(max_examples=30)
@given(st.binary(max_size=LONGEST))
def test_another_implementation_opens_it(text: bytes) -> None:
    key, auth = ec.generate_private_key(ec.SECP256R1()), os.urandom(16)
    sealed = seal(text, point(key), auth)
    assert len(sealed) <= 4_096
    opened = http_ece.decrypt(sealed, private_key=key, auth_secret=auth, version="aes128gcm")
    assert opened == text


def test_no_two_messages_share_a_key_or_a_salt() -> None:
    key, auth = ec.generate_private_key(ec.SECP256R1()), os.urandom(16)
    first, second = (seal(b"flood", point(key), auth) for _ in range(2))
    assert first[:16] != second[:16]
    assert first[21:86] != second[21:86]


def test_what_is_too_long_or_no_point_is_said() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(ValueError, match="3994 bytes"):
        seal(b"x" * (LONGEST + 1), point(key), b"x" * 16)
    with pytest.raises(ValueError, match=r".+"):
        seal(b"x", b"\x04" + b"\x01" * 64, b"x" * 16)


def test_every_process_has_the_key_that_the_first_made(tmp_path: Path) -> None:
    path = tmp_path / "own" / "webpush.jwk"
    first, second = (Vapid(path, "mailto:push@example.org") for _ in range(2))
    assert first.public == second.public
    assert len(decode(first.public)) == 65
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["webpush.jwk"]


def test_a_token_is_kept_for_its_service_and_no_other(tmp_path: Path) -> None:
    vapid = Vapid(tmp_path / "webpush.jwk", "mailto:push@example.org")
    one = vapid.authorization("https://one.example.org")
    assert vapid.authorization("https://one.example.org") == one
    assert vapid.authorization("https://two.example.org") != one
