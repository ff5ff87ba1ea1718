import pytest
from sqlalchemy import select

from casa.agencies import keys
from casa.agencies.demonstration import DEMONSTRATION
from casa.agencies.models import ApiKey
from casa.database import Database


def test_a_key_is_kept_only_as_a_digest(database: Database) -> None:
    with database.writing() as session:
        text = keys.issue(session, DEMONSTRATION[0].create(session), "dispatch room")
    prefix, identifier, secret = text.split("_")
    assert prefix == "casa"
    with database.reading() as session:
        row = session.scalars(select(ApiKey)).one()
        assert row.id == identifier
        assert secret not in str([getattr(row, c.name) for c in ApiKey.__table__.columns])
        assert keys.agency_of(session, text).code == "police-jm"


def test_wrong_and_revoked_keys_are_refused(database: Database) -> None:
    with database.writing() as session:
        text = keys.issue(session, DEMONSTRATION[0].create(session), "a")
        other = text[:-1] + ("0" if text[-1] != "0" else "1")
        for wrong in ("", "casa_", other, text.upper(), text + "0", text[5:]):
            with pytest.raises(keys.KeyRefused):
                keys.agency_of(session, wrong)
        assert keys.revoke(session, text.split("_")[1])
        assert not keys.revoke(session, text.split("_")[1])
        session.flush()
        with pytest.raises(keys.KeyRefused):
            keys.agency_of(session, text)
