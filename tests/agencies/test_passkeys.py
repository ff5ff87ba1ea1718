"""Passkeys against a soft authenticator: what an honest one gives is taken, and nothing else."""

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import assume, example, given
from hypothesis import strategies as st

from casa.agencies import passkeys
from casa.agencies.passkeys import Credential, PasskeyRefused, RelyingParty
from tests.agencies.authenticator import (
    EDDSA,
    ES256,
    RS256,
    AlreadyHeld,
    Authenticator,
    NothingHeld,
    Passkey,
    PrivateKey,
    asserted,
    attested_data,
    cose,
    private_key,
    registered,
    unwrap,
    wrap,
)

PARTY = passkeys.relying_party("https://alerts.example/")
OFFICER = "0198f5a2-officer"
CHALLENGE = b"c" * 32

Answer = dict[str, Any]


def an_authenticator(**chosen: Any) -> Authenticator:
    return Authenticator(**{"origin": PARTY.origin} | chosen)


def ask(*known: str) -> tuple[Answer, bytes]:
    return passkeys.registration_options(PARTY, OFFICER, "ann@police.example", "Ann Lee", known)


def enrol(device: Authenticator) -> Credential:
    """A passkey of ``device``, whatever it does later."""
    options, challenge = ask()
    honest = replace(device, origin=PARTY.origin, party=None, verified=True, framed=False)
    answer = replace(honest, present=True).create(options)
    return passkeys.register(PARTY, challenge, answer)


def sign_in(device: Authenticator, kept: Credential, count: int | None = None) -> int:
    options, challenge = passkeys.sign_in_options(PARTY)
    answer = device.get(options)
    count = kept.sign_count if count is None else count
    return passkeys.verify(PARTY, challenge, answer, kept.public_key, count)


# Whom they are for


@pytest.mark.parametrize(
    ("base_url", "identifier", "origin"),
    [
        ("https://alerts.example", "alerts.example", "https://alerts.example"),
        ("https://Alerts.Example/casa/", "alerts.example", "https://alerts.example"),
        ("https://alerts.example:443/", "alerts.example", "https://alerts.example"),
        ("https://alerts.example:8443", "alerts.example", "https://alerts.example:8443"),
        ("https://user:word@alerts.example", "alerts.example", "https://alerts.example"),
        ("https://xn--rksmrgs-5wao1o.example", "xn--rksmrgs-5wao1o.example", None),
        ("http://localhost:8080", "localhost", "http://localhost:8080"),
        ("http://localhost:80", "localhost", "http://localhost"),
        ("https://localhost:80", "localhost", "https://localhost:80"),
    ],
)
def test_a_public_address_tells_the_relying_party(base_url, identifier, origin):
    party = passkeys.relying_party(base_url)
    assert party == RelyingParty(identifier, "CASA", origin or base_url)


@pytest.mark.parametrize(
    "base_url",
    ["http://alerts.example", "https://192.0.2.7", "https://[2001:db8::1]", "http://127.0.0.1:8080",
     "https://", "", "alerts.example", "https://räksmörgås.example", "https://a.example:port",
     "ftp://localhost", "http://localhost.example", "https://a.example:99999", "https://[::1"],
)  # fmt: skip
def test_an_address_without_passkeys_is_refused(base_url):
    with pytest.raises(ValueError):
        passkeys.relying_party(base_url)


# What a browser is asked


def test_the_options_of_a_registration():
    options, challenge = ask(wrap(b"one"), wrap(b"another"))
    assert json.loads(json.dumps(options)) == options
    assert unwrap(options["challenge"]) == challenge
    assert len(challenge) >= 16
    assert options["rp"] == {"id": "alerts.example", "name": "CASA"}
    assert unwrap(options["user"]["id"]).decode() == OFFICER
    assert options["user"]["name"] == "ann@police.example"
    assert options["user"]["displayName"] == "Ann Lee"
    assert [one["alg"] for one in options["pubKeyCredParams"]] == [ES256, RS256, EDDSA]
    assert [unwrap(one["id"]) for one in options["excludeCredentials"]] == [b"one", b"another"]
    chosen = options["authenticatorSelection"]
    assert chosen["residentKey"] == chosen["userVerification"] == "required"
    assert chosen["requireResidentKey"] is True
    assert options["attestation"] == "none"
    assert options["timeout"] == 300_000


def test_the_options_of_a_sign_in_name_nobody():
    options, challenge = passkeys.sign_in_options(PARTY)
    assert json.loads(json.dumps(options)) == options
    assert unwrap(options["challenge"]) == challenge
    assert options["rpId"] == "alerts.example"
    assert options["userVerification"] == "required"
    assert not options.get("allowCredentials")


def test_each_challenge_is_another():
    assert len({ask()[1] for _ in range(9)} | {passkeys.sign_in_options(PARTY)[1]}) == 10


@pytest.mark.parametrize("officer_id", ["", "o" * 65, "é" * 33])
def test_an_officer_whom_no_device_could_keep(officer_id):
    with pytest.raises(ValueError, match="1 to 64"):
        passkeys.registration_options(PARTY, officer_id, "a@b.example", "A", [])


# Honest answers


@pytest.mark.parametrize("algorithm", [ES256, EDDSA, RS256])
def test_a_passkey_signs_its_officer_in_again_and_again(algorithm):
    device = an_authenticator(algorithm=algorithm)
    kept = enrol(device)
    assert unwrap(kept.id) == device.held[0].id
    assert kept.sign_count == 0
    for _ in range(3):
        options, challenge = passkeys.sign_in_options(PARTY)
        answer = json.loads(json.dumps(device.get(options)))
        assert passkeys.answered(answer) == (kept.id, OFFICER)
        count = passkeys.verify(PARTY, challenge, answer, kept.public_key, kept.sign_count)
        assert count == kept.sign_count + 1
        kept = replace(kept, sign_count=count)


def test_a_device_that_does_not_count():
    device = an_authenticator(step=0)
    kept = enrol(device)
    assert [sign_in(device, kept, 0) for _ in range(2)] == [0, 0]


def test_a_count_goes_on_from_where_the_passkey_was_made():
    device = an_authenticator()
    options, challenge = ask()
    answer = device.create(options)
    data = bytearray(unwrap(answer["response"]["authenticatorData"]))
    data[33:37] = (2**32 - 2).to_bytes(4, "big")
    answer = registered(device.held[0], unwrap(answer["response"]["clientDataJSON"]), bytes(data))
    kept = passkeys.register(PARTY, challenge, answer)
    assert kept.sign_count == 2**32 - 2
    device.held[0].count = kept.sign_count
    assert sign_in(device, kept) == 2**32 - 1


def test_a_device_makes_no_second_passkey():
    device = an_authenticator()
    kept = enrol(device)
    with pytest.raises(AlreadyHeld):
        device.create(ask(kept.id)[0])
    device.create(ask(wrap(b"of another device"))[0])


def test_a_device_has_nothing_for_another_domain():
    device = an_authenticator()
    enrol(device)
    other = passkeys.relying_party("https://alerts.example.evil.example")
    with pytest.raises(NothingHeld):
        device.get(passkeys.sign_in_options(other)[0])


def test_an_answer_need_not_name_its_officer():
    device = an_authenticator()
    kept = enrol(device)
    answer = device.get(passkeys.sign_in_options(PARTY)[0])
    for absent in (None, ""):
        answer["response"]["userHandle"] = absent
        assert passkeys.answered(answer) == (kept.id, None)
    del answer["response"]["userHandle"]
    assert passkeys.answered(answer) == (kept.id, None)


# Answers that are refused, each for one reason

DISHONEST = [
    pytest.param({"origin": "https://alerts.example.evil.example"}, "origin", id="foreign origin"),
    pytest.param({"origin": "http://alerts.example"}, "origin", id="origin without TLS"),
    pytest.param({"origin": "https://alerts.example:8443"}, "origin", id="another port"),
    pytest.param({"origin": "https://sub.alerts.example"}, "origin", id="a subdomain's page"),
    pytest.param({"origin": "https://alerts.example/"}, "origin", id="an address, no origin"),
    pytest.param({"origin": None}, "origin", id="no origin"),
    pytest.param({"party": "example"}, "RP ID", id="wrong relying party"),
    pytest.param({"verified": False}, "User verification", id="no user verification"),
    pytest.param({"present": False}, "resen", id="nobody present"),
    pytest.param({"framed": True}, "frame", id="in a frame of another origin"),
]


@pytest.mark.parametrize(("chosen", "reason"), DISHONEST)
def test_a_dishonest_registration_is_refused(chosen, reason):
    options, challenge = ask()
    answer = an_authenticator(**chosen).create(options)
    with pytest.raises(PasskeyRefused, match=reason):
        passkeys.register(PARTY, challenge, answer)


@pytest.mark.parametrize(("chosen", "reason"), DISHONEST)
def test_a_dishonest_sign_in_is_refused(chosen, reason):
    device = an_authenticator()
    kept = enrol(device)
    dishonest = replace(device, **chosen)
    device.held[0].party = chosen.get("party", PARTY.identifier)
    with pytest.raises(PasskeyRefused, match=reason):
        sign_in(dishonest, kept)


def test_an_answer_to_another_challenge_is_refused():
    device = an_authenticator()
    options, challenge = ask()
    answer = device.create(options)
    with pytest.raises(PasskeyRefused, match="challenge"):
        passkeys.register(PARTY, ask()[1], answer)
    kept = passkeys.register(PARTY, challenge, answer)
    options, challenge = passkeys.sign_in_options(PARTY)
    answer = device.get(options)
    for other in (passkeys.sign_in_options(PARTY)[1], challenge[:-1], b""):
        with pytest.raises(PasskeyRefused, match="challenge"):
            passkeys.verify(PARTY, other, answer, kept.public_key, 0)
    assert passkeys.verify(PARTY, challenge, answer, kept.public_key, 0) == 1


def test_a_registration_is_no_sign_in_and_the_other_way_round():
    device = an_authenticator()
    options, challenge = ask()
    created = device.create(options)
    kept = passkeys.register(PARTY, challenge, created)
    one, response = device.held[0], created["response"]
    client, data = unwrap(response["clientDataJSON"]), unwrap(response["authenticatorData"])
    with pytest.raises(PasskeyRefused, match="type"):
        passkeys.verify(PARTY, challenge, asserted(one, client, data), kept.public_key, 0)
    client = client.replace(b"webauthn.create", b"webauthn.get")
    with pytest.raises(PasskeyRefused, match="type"):
        passkeys.register(PARTY, challenge, registered(one, client, data))


@pytest.mark.parametrize("algorithm", [ES256, EDDSA, RS256])
def test_a_wrong_signature_is_refused(algorithm):
    device = an_authenticator(algorithm=algorithm)
    kept = enrol(device)
    options, challenge = passkeys.sign_in_options(PARTY)
    answer = device.get(options)
    stranger = Passkey(b"", "", b"", private_key(algorithm))
    response = answer["response"]
    client, data = unwrap(response["clientDataJSON"]), unwrap(response["authenticatorData"])
    foreign = stranger.sign(data + sha256(client).digest())
    for signature in (foreign, device.held[0].sign(data), b"", b"0"):
        wrong = answer | {"response": response | {"signature": wrap(signature)}}
        with pytest.raises(PasskeyRefused, match="signature"):
            passkeys.verify(PARTY, challenge, wrong, kept.public_key, 0)
    other = enrol(an_authenticator(algorithm=algorithm))
    with pytest.raises(PasskeyRefused, match="signature"):
        passkeys.verify(PARTY, challenge, answer, other.public_key, 0)


@pytest.mark.parametrize(("step", "kept_count"), [(1, 1), (1, 2), (1, 2**32 - 1), (0, 1)])
def test_a_sign_count_that_does_not_rise_is_refused(step, kept_count):
    device = an_authenticator(step=step)
    kept = enrol(device)
    with pytest.raises(PasskeyRefused, match="sign count"):
        sign_in(device, kept, kept_count)


@pytest.mark.parametrize("field", ["id", "rawId"])
def test_an_answer_of_two_ids_is_refused(field):
    device = an_authenticator()
    kept = enrol(device)
    options, challenge = passkeys.sign_in_options(PARTY)
    answer = device.get(options) | {field: wrap(b"another")}
    with pytest.raises(PasskeyRefused):
        passkeys.verify(PARTY, challenge, answer, kept.public_key, 0)
    options, challenge = ask()
    answer = device.create(options)
    for wrong in ({field: wrap(b"another")}, {"id": wrap(b"another"), "rawId": wrap(b"another")}):
        with pytest.raises(PasskeyRefused):
            passkeys.register(PARTY, challenge, answer | wrong)


def test_an_id_has_one_spelling():
    device = an_authenticator()
    kept = enrol(device)
    answer = device.get(passkeys.sign_in_options(PARTY)[0])
    standard = b64encode(b"\xff" * 16).decode()
    for wrong in (f"{kept.id}=", f" {kept.id}", f"{kept.id}\n", standard, "é", 7, None, [kept.id]):
        with pytest.raises(PasskeyRefused):
            passkeys.answered(answer | {"id": wrong})


@pytest.mark.parametrize("handle", [wrap(b"\xff\xfe"), "é", "a", ["QQ"], {"a": 1}, 1.5, 1234])
def test_an_officer_that_cannot_be_read_is_refused(handle):
    device = an_authenticator()
    enrol(device)
    answer = device.get(passkeys.sign_in_options(PARTY)[0])
    answer["response"]["userHandle"] = handle
    with pytest.raises(PasskeyRefused):
        passkeys.answered(answer)


# Registrations made by hand: an attacker chooses every byte of one


def by_hand(
    key: dict[Any, Any] | bytes | None = None, identifier: bytes = b"i" * 16, **changed: Any
) -> Answer:
    """A registration with a public key and an id of choice, ``changed`` in its attestation."""
    one = Passkey(identifier, PARTY.identifier, b"", private_key(ES256))
    encoded = key if isinstance(key, bytes) else cbor2.dumps(cose(one.key) if key is None else key)
    start = sha256(PARTY.identifier.encode()).digest() + b"\x45" + bytes(4)
    return registered(one, CLIENT, start + attested_data(identifier, encoded), **changed)


CLIENT = json.dumps(
    {"type": "webauthn.create", "challenge": wrap(CHALLENGE), "origin": PARTY.origin}
).encode()
P256 = cose(private_key(ES256))
EDWARDS = cose(private_key(EDDSA))


def as_es256(key: PrivateKey) -> dict[int, Any]:
    return cose(key) | {3: ES256}


def test_what_is_made_by_hand_is_right_but_for_what_is_changed():
    assert passkeys.register(PARTY, CHALLENGE, by_hand()).id == wrap(b"i" * 16)
    for key in (P256, EDWARDS, cose(rsa.generate_private_key(65537, 3072))):
        assert passkeys.register(PARTY, CHALLENGE, by_hand(key)).public_key == cbor2.dumps(key)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: cose(rsa.generate_private_key(65537, 1024)), id="weak RSA"),
        pytest.param(lambda: {1: 3, 3: RS256, -1: b"\xff" * 2048, -2: b"\1\0\1"}, id="endless RSA"),
        pytest.param(lambda: cose(ec.generate_private_key(ec.SECP384R1())), id="P-384 as ES256"),
        pytest.param(lambda: as_es256(private_key(RS256)), id="RSA as ES256"),
        pytest.param(lambda: P256 | {3: RS256}, id="P-256 as RS256"),
        pytest.param(lambda: P256 | {3: EDDSA}, id="P-256 as EdDSA"),
        pytest.param(lambda: EDWARDS | {3: ES256}, id="Ed25519 as ES256"),
        pytest.param(lambda: P256 | {3: -36}, id="an algorithm not asked for"),
        pytest.param(lambda: P256 | {-2: bytes(32)}, id="a point off the curve"),
        pytest.param(lambda: P256 | {-2: b""}, id="no point"),
        pytest.param(lambda: P256 | {-2: 7}, id="a point that is a number"),
        pytest.param(lambda: EDWARDS | {-2: bytes(31)}, id="a short Edwards key"),
        pytest.param(lambda: EDWARDS | {-1: 4}, id="X25519"),
        pytest.param(lambda: {1: 2, 3: ES256}, id="no curve"),
        pytest.param(dict, id="nothing"),
        pytest.param(lambda: b"\x04", id="a number"),
        pytest.param(lambda: b"\x04" + bytes(64), id="a bare point"),
        pytest.param(lambda: b"\x80", id="a list"),
        pytest.param(lambda: cbor2.dumps(P256) + b"\0", id="more after it"),
        pytest.param(lambda: cbor2.dumps(P256)[:-1], id="cut short"),
        pytest.param(lambda: b"\x81" * 60_000 + b"\0", id="nested without end"),
        pytest.param(lambda: b"\xd8\x1c\x81\xd8\x1d\0", id="a list in itself"),
        pytest.param(lambda: b"\x5b" + b"\x7f" * 8, id="bytes without end"),
        pytest.param(lambda: b"\x9b" + b"\x7f" * 8, id="a list without end"),
        pytest.param(lambda: b"\xbb" + b"\x7f" * 8, id="a map without end"),
    ],
)
def test_a_key_that_could_never_sign_in_is_refused(make):
    with pytest.raises(PasskeyRefused):
        passkeys.register(PARTY, CHALLENGE, by_hand(make()))


@pytest.mark.parametrize(
    "changed",
    [
        {"attStmt": {"sig": b"0", "alg": ES256}},
        {"fmt": "packed"},
        {"fmt": "packed", "attStmt": {"sig": b"0", "alg": ES256}},
        {"fmt": "packed", "attStmt": {"sig": b"0", "alg": ES256, "x5c": [b"no certificate"]}},
        {"fmt": "tpm", "attStmt": {"ver": "2.0", "x5c": [b""], "pubArea": b"", "certInfo": b""}},
        {"fmt": "android-key", "attStmt": {"x5c": [], "sig": b"", "alg": 1}},
        {"fmt": "android-safetynet", "attStmt": {"ver": "1", "response": b"a.b.c"}},
        {"fmt": "fido-u2f", "attStmt": {"x5c": [b"\0"], "sig": b"\0"}},
        {"fmt": "apple", "attStmt": {"x5c": [b"\0", b"\1"]}},
        {"fmt": "unheard-of"},
        {"fmt": None},
        {"fmt": ["none"]},
        {"attStmt": None},
        {"authData": b""},
        {"authData": "text"},
        {"authData": None},
        {"authData": sha256(PARTY.identifier.encode()).digest() + b"\x05" + bytes(4)},
        {"authData": sha256(PARTY.identifier.encode()).digest() + b"\x45" + bytes(4)},
    ],
    ids=repr,
)
def test_an_attestation_that_does_not_hold_is_refused(changed):
    with pytest.raises(PasskeyRefused):
        passkeys.register(PARTY, CHALLENGE, by_hand(**changed))


def test_an_id_may_be_long_but_not_too_long():
    longest = passkeys.register(PARTY, CHALLENGE, by_hand(identifier=b"i" * 1023))
    assert unwrap(longest.id) == b"i" * 1023
    with pytest.raises(PasskeyRefused, match="too long"):
        passkeys.register(PARTY, CHALLENGE, by_hand(identifier=b"i" * 1024))
    with pytest.raises(PasskeyRefused):
        passkeys.register(PARTY, CHALLENGE, by_hand(identifier=b""))


def test_the_reason_is_one_short_line_of_a_log():
    options, challenge = ask()
    answer = an_authenticator(origin="https://evil.example\nforged line " + "x" * 9_000)
    with pytest.raises(PasskeyRefused) as refused:
        passkeys.register(PARTY, challenge, answer.create(options))
    assert "evil.example" in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
    assert len(str(refused.value)) < 300


# Anything at all

DEVICE = an_authenticator()
ENROLMENT, ENROLMENT_CHALLENGE = ask()
CREATED = DEVICE.create(ENROLMENT)
KEPT = passkeys.register(PARTY, ENROLMENT_CHALLENGE, CREATED)
SIGN_IN, SIGN_IN_CHALLENGE = passkeys.sign_in_options(PARTY)
GOT = DEVICE.get(SIGN_IN)

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary().map(wrap)
JSON = st.recursive(
    LEAVES, lambda some: st.lists(some) | st.dictionaries(st.text(), some), max_leaves=8
)
NAMES = st.sampled_from([*CREATED, *CREATED["response"], *GOT["response"]])


def outcome(call: Callable[[], Any]) -> Any:
    """What a call gives, ``None`` if it is refused; any other error is let through."""
    try:
        return call()
    except PasskeyRefused:
        return None


def all_of(answer: Any) -> tuple[Any, Any]:
    """What the three readers make of an answer."""
    outcome(lambda: passkeys.answered(answer))
    return (
        outcome(lambda: passkeys.register(PARTY, ENROLMENT_CHALLENGE, answer)),
        outcome(lambda: passkeys.verify(PARTY, SIGN_IN_CHALLENGE, answer, KEPT.public_key, 0)),
    )


@given(JSON | st.dictionaries(NAMES, JSON | st.dictionaries(NAMES, JSON)))
@example({"id": "", "rawId": "", "type": "public-key", "response": {}})
@example([[]])
@example(None)
def test_any_json_is_refused_and_nothing_else(answer):
    assert all_of(answer) == (None, None)


@given(st.sampled_from([CREATED, GOT]), NAMES, JSON)
def test_any_field_replaced_is_refused_or_is_of_no_matter(whole, name, value):
    answer = whole | {name: value} if name in whole else whole
    if name in whole["response"]:
        answer = whole | {"response": whole["response"] | {name: value}}
    expected = (KEPT, None) if whole is CREATED else (None, 1)
    assert all_of(answer) in (expected, (None, None))


@given(st.sampled_from([CREATED, GOT]), NAMES)
def test_any_field_left_out_is_refused_or_is_of_no_matter(whole, name):
    response = {key: value for key, value in whole["response"].items() if key != name}
    answer = {key: value for key, value in (whole | {"response": response}).items() if key != name}
    expected = (KEPT, None) if whole is CREATED else (None, 1)
    assert all_of(answer) in (expected, (None, None))


def damaged(data: st.DataObject, whole: bytes) -> bytes:
    at = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(at, min(len(whole), at + 30)))
    found = whole[:at] + data.draw(st.binary(max_size=6)) + whole[end:]
    assume(found != whole)
    return found


@given(st.data(), st.sampled_from(["clientDataJSON", "authenticatorData", "signature"]))
def test_a_damaged_sign_in_never_holds(data, name):
    changed = wrap(damaged(data, unwrap(GOT["response"][name])))
    assert all_of(GOT | {"response": GOT["response"] | {name: changed}}) == (None, None)


@given(st.data(), st.sampled_from(["clientDataJSON", "attestationObject"]))
def test_a_damaged_registration_is_refused_or_brings_a_key_that_works(data, name):
    changed = wrap(damaged(data, unwrap(CREATED["response"][name])))
    found, _ = all_of(CREATED | {"response": CREATED["response"] | {name: changed}})
    if found is not None:
        assert found.id == KEPT.id
        # It may be another count or maker's name, which nothing signs, but never no key.
        passkeys._check_key(found.public_key)


CBOR = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.binary() | st.text(),
    lambda some: st.lists(some) | st.dictionaries(st.integers(-5, 5) | st.text(), some),
    max_leaves=8,
)


@given(st.sampled_from([P256, EDWARDS, {}]), st.dictionaries(st.integers(-3, 3), CBOR), CBOR)
def test_any_cbor_as_a_key_or_a_statement(key, changed, statement):
    found = outcome(lambda: passkeys.register(PARTY, CHALLENGE, by_hand(key | changed)))
    assert found is None or found.public_key == cbor2.dumps(key | changed)
    for form in ("none", "packed", "tpm", "apple", "fido-u2f", "android-key", "android-safetynet"):
        answer = by_hand(fmt=form, attStmt=statement)
        outcome(lambda answer=answer: passkeys.register(PARTY, CHALLENGE, answer))


@given(st.binary(max_size=200))
def test_any_bytes_as_a_stored_key_never_hold(key):
    wrong = outcome(lambda: passkeys.verify(PARTY, SIGN_IN_CHALLENGE, GOT, key, 0))
    assert wrong is None
