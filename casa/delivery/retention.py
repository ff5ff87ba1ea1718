"""What is deleted a set time after a thread has ended: who its audience was."""

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from casa.alerts.models import Dispatch, PublishedMessage
from casa.delivery.models import DispatchAudience, Shard, ShardDevices


def sweep(session: Session, before: datetime) -> None:
    """Delete the audiences of threads whose last message ran out before ``before``.

    The counts of each dispatch stay; who was meant does not.
    """
    ended = (
        select(PublishedMessage.thread)
        .group_by(PublishedMessage.thread)
        .having(func.max(PublishedMessage.expires) < before)
    )
    dispatches = select(Dispatch.id).where(
        Dispatch.thread.in_(ended), Dispatch.state.in_(("done", "parked", "off"))
    )
    shards = select(Shard.id).where(Shard.dispatch_id.in_(dispatches))
    session.execute(delete(ShardDevices).where(ShardDevices.shard_id.in_(shards)))
    session.execute(delete(DispatchAudience).where(DispatchAudience.dispatch_id.in_(dispatches)))
