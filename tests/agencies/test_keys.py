from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from casa.agencies import keys
from casa.agencies.demonstration import DEMONSTRATION
from casa.agencies.models import ApiKey
from casa.database import Database, now


def test_a_key_is_kept_only_as_a_digest(database: Database) -> None:
    with database.writing() as session:
        text = keys.issue(session, DEMONSTRATION[0].create(session), "dispatch room")
    prefix, identifier, secret = text.split("_")
    assert prefix == "casa"
    with database.reading() as session:
        row = session.scalars(select(ApiKey)).one()
        assert row.id == identifier
        assert secret not in str([getattr(row, c.name) for c in ApiKey.__table__.columns])
        assert keys.key_of(session, text, None).agency.code == "police-jm"


def test_wrong_and_revoked_keys_are_refused(database: Database) -> None:
    with database.writing() as session:
        text = keys.issue(session, DEMONSTRATION[0].create(session), "a")
        other = text[:-1] + ("0" if text[-1] != "0" else "1")
        for wrong in ("", "casa_", other, text.upper(), text + "0", text[5:]):
            with pytest.raises(keys.KeyRefused):
                keys.key_of(session, wrong, None)
        assert keys.revoke(session, text.split("_")[1])
        assert not keys.revoke(session, text.split("_")[1])
        session.flush()
        with pytest.raises(keys.KeyRefused):
            keys.key_of(session, text, None)


def test_a_key_runs_out(database: Database) -> None:
    with database.writing() as session:
        agency = DEMONSTRATION[0].create(session)
        later = keys.issue(session, agency, "a", now() + timedelta(minutes=1))
        past = keys.issue(session, agency, "b", now() - timedelta(seconds=1))
        assert keys.key_of(session, later, None).name == "a"
        with pytest.raises(keys.KeyRefused):
            keys.key_of(session, past, None)


def test_a_stolen_key_is_worthless_elsewhere(database: Database, client: FlaskClient) -> None:
    with database.writing() as session:
        agency = DEMONSTRATION[0].create(session)
        text = keys.issue(session, agency, "a", networks=["192.0.2.0/24", "2001:db8::/32"])
        with pytest.raises(ValueError, match="does not appear"):
            keys.issue(session, agency, "b", networks=["here"])
        for address in ("192.0.2.7", "2001:db8::1"):
            assert keys.key_of(session, text, address).name == "a"
        for address in ("192.0.3.7", "2001:db9::1", "", None, "unix"):
            with pytest.raises(keys.KeyRefused):
                keys.key_of(session, text, address)
    headers = {"Authorization": f"Bearer {text}"}
    inside, outside = ({"REMOTE_ADDR": one} for one in ("192.0.2.9", "198.51.100.9"))
    path = "/v1/agencies/me/alerts"
    assert client.get(path, headers=headers, environ_base=inside).status_code == 200
    assert client.get(path, headers=headers, environ_base=outside).status_code == 401


def test_rotation_overlaps(database: Database) -> None:
    with database.writing() as session:
        old = keys.issue(session, DEMONSTRATION[0].create(session), "a", networks=["192.0.2.0/24"])
        identifier = old.split("_")[1]
        new = keys.rotate(session, identifier, timedelta(hours=1))
        assert new is not None
        for text in (old, new):
            assert keys.key_of(session, text, "192.0.2.1").networks == ["192.0.2.0/24"]
        assert keys.rotate(session, new.split("_")[1], timedelta(0)) is not None
        with pytest.raises(keys.KeyRefused):
            keys.key_of(session, new, "192.0.2.1")
        assert keys.rotate(session, new.split("_")[1], timedelta(hours=1)) is None
        assert keys.rotate(session, "0" * 12, timedelta(hours=1)) is None


def test_the_day_of_use_is_kept(database: Database, client: FlaskClient) -> None:
    with database.writing() as session:
        text = keys.issue(session, DEMONSTRATION[0].create(session), "a")
    for _ in range(2):
        client.get("/v1/agencies/me/alerts", headers={"Authorization": f"Bearer {text}"})
        with database.reading() as session:
            assert session.scalars(select(ApiKey.used)).one() == now().date()
