"""A Redis, a RabbitMQ and a PostgreSQL of a test's own, to flush, kill and start again."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pika
import psycopg
import pytest
import redis

from tests.system.processes import free_port


class OwnRedis:
    """Keeps nothing on disk: restarted, it has forgotten everything."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("redis-server") is None:
            pytest.skip("there is no redis-server here")
        self._port = free_port()
        self._folder = folder
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self.start()

    def start(self) -> None:
        command = ["redis-server", "--port", str(self._port), "--bind", "127.0.0.1"]
        command += ["--save", "", "--appendonly", "no", "--dir", str(self._folder)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        client = redis.Redis.from_url(self.url)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                client.ping()
                return
            except redis.RedisError:
                time.sleep(0.05)
        raise RuntimeError("redis-server did not start")

    def flush(self) -> None:
        redis.Redis.from_url(self.url).flushall()

    def restart(self) -> None:
        self.stop()
        self.start()

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


class OwnRabbit:
    """A RabbitMQ node that is killed at once and started again with what it had on disk."""

    _PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")

    def __init__(self, folder: Path) -> None:
        if not self._PROGRAM.exists():
            pytest.skip("there is no RabbitMQ server to start here")
        port = free_port()
        self.url = f"amqp://guest:guest@127.0.0.1:{port}/"
        self._environment = os.environ | {
            "HOME": str(folder),
            "RABBITMQ_NODENAME": f"casa-{port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(folder / "none"),
        }
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [str(self._PROGRAM)],
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                pika.BlockingConnection(pika.URLParameters(self.url)).close()
                return
            except pika.exceptions.AMQPError:
                time.sleep(0.2)
        raise RuntimeError("rabbitmq-server did not start")

    def restart(self) -> None:
        self.stop()
        self.start()

    def stop(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


class OwnPostgres:
    """A cluster in a folder, that can be ended as a power cut would."""

    def __init__(self) -> None:
        self._bin = _postgres_programs()
        # Not below pytest's own folder: it refuses to run as root, and another run's pytest may
        # shut everybody else out of that folder at any moment.
        self._folder = Path(tempfile.mkdtemp(prefix="casa-postgres-"))
        self._data = self._folder / "cluster"
        self._data.mkdir()
        self._port = free_port()
        self._as = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if self._as:
            self._folder.chmod(0o755)
            shutil.chown(self._data, "postgres")
        self._run("initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8")
        self.start()
        self.url = f"postgresql+psycopg://postgres@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
        self._run("pg_ctl", "start", "-w", "-l", str(self._data / "log"), "-o", options)

    def restart(self) -> None:
        """Without letting anybody finish; it recovers from its log."""
        self.stop()
        self.start()
        psycopg.connect(self.url.replace("+psycopg", "")).close()

    def stop(self) -> None:
        self._run("pg_ctl", "stop", "-m", "immediate")

    def remove(self) -> None:
        """Stop for good."""
        self.stop()
        shutil.rmtree(self._folder)

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as, str(self._bin / program), "-D", str(self._data), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=60, cwd="/")


def _postgres_programs() -> Path:
    if shutil.which("pg_ctl"):
        return Path(str(shutil.which("pg_ctl"))).parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not found:
        pytest.skip("there is no PostgreSQL server to start here")
    return found[-1]
