"""The task engine of several machines: Dramatiq over Redis or RabbitMQ.

A task carries nothing. It says that there is work; what work, the database knows. Whoever takes a
task does one step (plans what waits, sends one page of the most urgent shard that is due) and asks
for the next if there was anything to do. So an urgent alert overtakes between pages as it does
without a broker, and a task that the broker loses, repeats or hands to the wrong worker costs
nothing but time: a worker that hears of no task for a while looks for itself.
"""

import logging
import threading
import time
from urllib.parse import urlsplit

import dramatiq
import pika.exceptions
import redis
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.brokers.redis import RedisBroker

from casa.delivery.worker import Worker
from casa.settings import Settings

log = logging.getLogger(__name__)

_AWAY = (dramatiq.DramatiqError, redis.RedisError, pika.exceptions.AMQPError, OSError)
_ACTOR = "work"
# How long Dramatiq waits at most before it asks an idle Redis again.
_POLL_MILLISECONDS = 200
# More workers than this on one dispatch wait for the quota, not for work.
_MOST_ASKED = 32
# A page may be under way when the process is asked to end.
_END_MILLISECONDS = 15_000


def _broker(url: str) -> dramatiq.Broker:
    # None of Dramatiq's middleware: retries, ages and time limits are the database's affair.
    if urlsplit(url).scheme in ("redis", "rediss"):
        return RedisBroker(url=url, middleware=[])  # type: ignore[no-untyped-call]
    return RabbitmqBroker(url=url, middleware=[])


class Tasks:
    """Asks workers, wherever they are, to look for work. Losing the request is no harm."""

    def __init__(self, url: str, queue: str) -> None:
        """``url`` is ``redis://…`` or ``amqp://…``; ``queue`` keeps deployments apart."""
        self.broker = _broker(url)
        self.queue = queue
        self.broker.declare_queue(queue)

    def ask(self, times: int = 1) -> None:
        """Ask for ``times`` workers; a broker that is away is only logged."""
        try:
            for _ in range(times):
                self.broker.enqueue(
                    dramatiq.Message(
                        queue_name=self.queue, actor_name=_ACTOR, args=(), kwargs={}, options={}
                    )
                )
        except Exception as error:
            # Whatever the broker holds or says: workers look for themselves.
            log.warning("the broker is away, workers look for themselves: %s", error)

    def close(self) -> None:
        try:
            self.broker.close()
        except _AWAY as error:
            log.debug("closing the broker's connections: %s", error)


class TaskWorker:
    """A worker process that takes tasks from a broker, one at a time."""

    def __init__(self, worker: Worker, tasks: Tasks, settings: Settings) -> None:
        self._worker = worker
        self._tasks = tasks
        self._poll = settings.poll_seconds
        self._patience = settings.sweep_seconds
        self._turn = threading.Lock()
        self._heard = time.monotonic()
        dramatiq.Actor(
            self.work,
            broker=tasks.broker,
            actor_name=_ACTOR,
            queue_name=tasks.queue,
            priority=0,
            options={},
        )

    def run(self, stop: threading.Event) -> None:
        """Take tasks until ``stop`` is set, and look for what the broker lost."""
        pool = dramatiq.Worker(
            self._tasks.broker, worker_threads=1, worker_timeout=_POLL_MILLISECONDS
        )
        pool.start()
        try:
            while not stop.wait(self._poll):
                try:
                    self._sweep(stop)
                except Exception:
                    log.exception("a fault of the worker's own, it goes on")
        finally:
            pool.stop(timeout=_END_MILLISECONDS)
            self._tasks.close()

    def work(self) -> None:
        """One task: one step, and a request for the next when there was something to do."""
        self._heard = time.monotonic()
        self._step()
        self._heard = time.monotonic()

    def _sweep(self, stop: threading.Event) -> None:
        """Do what no task has come for."""
        while not stop.is_set() and time.monotonic() - self._heard >= self._patience:
            if not self._step():
                return

    def _step(self) -> bool:
        """Plan and send a page; if there was work, ask for as many as can share what is left."""
        with self._turn:
            parts, sent = self._worker.plan(), self._worker.send()
        if parts or sent:
            self._tasks.ask(max(min(parts, _MOST_ASKED), 1))
        return bool(parts or sent)
