"""A primary of PostgreSQL with a synchronous standby, that a test kills, promotes and makes anew; durability is on."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg

from support.databases import _pgserver
from support.server import WAIT, port_of_our_own, until

_CONF = """
max_wal_senders = 4
wal_level = replica
hot_standby = on
max_connections = 60
shared_buffers = '16MB'
autovacuum = off
jit = off
wal_receiver_status_interval = 1s
max_wal_size = '128MB'
min_wal_size = '32MB'
unix_socket_directories = ''
listen_addresses = '127.0.0.1'
fsync = off
log_min_messages = fatal
"""
"""A process that is killed loses nothing that the system has: fsync is for a machine that loses its power."""
SYNCHRONOUS = "ALTER SYSTEM SET synchronous_standby_names = '{}'"


@dataclass
class Node:
    """One server of a cluster."""

    folder: Path
    port: int
    bin: Path
    user: str | None
    is_frozen: bool = field(default=False)

    def run(self, program: str, *arguments: str) -> None:
        """Run a program of PostgreSQL."""
        with tempfile.TemporaryFile() as output:  # a server that goes on would keep a pipe open
            subprocess.run(
                [str(self.bin / program), *arguments],
                check=True,
                user=self.user,
                stdout=output,
                stderr=output,
                timeout=WAIT,
                cwd="/",
            )

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.run("pg_ctl", "-w", "-D", str(self.folder), "-o", f"-p {self.port}", "start")

    def processes(self) -> list[psutil.Process]:
        """Return its processes."""
        try:
            main = psutil.Process(int((self.folder / "postmaster.pid").read_text(encoding="ascii").split()[0]))
            return [main, *main.children()]
        except (OSError, psutil.Error):
            return []

    def kill(self) -> None:
        """End every process of it at once, as a machine that fails does."""
        present = self.processes()
        for process in present:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(present, timeout=WAIT)
        with suppress(FileNotFoundError):
            (self.folder / "postmaster.pid").unlink()

    def freeze(self) -> None:
        """Stop every process of it, so that it takes connections and statements and says nothing."""
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGCONT)

    def promote(self) -> None:
        """Make a standby the primary."""
        self.run("pg_ctl", "-w", "-D", str(self.folder), "promote")

    @contextmanager
    def connection(self, database: str = "postgres") -> Iterator[psycopg.Connection[Any]]:
        """Open a connection that is in no transaction."""
        with psycopg.connect(
            host="127.0.0.1", port=self.port, user="postgres", dbname=database, autocommit=True, connect_timeout=WAIT
        ) as opened:
            yield opened

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run a statement outside a transaction, and return its rows."""
        with self.connection(database) as opened:
            cursor = opened.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def wait_for(self, name: str) -> None:
        """Make each commit wait for the standby of this name; an empty name for none."""
        self.execute(SYNCHRONOUS.format(name))
        self.execute("SELECT pg_reload_conf()")


@dataclass
class Cluster:
    """A primary, and a standby when one was made."""

    root: Path
    bin: Path
    user: str | None
    ports: tuple[int, int]
    primary: Node
    standby: Node | None = None
    made: int = 1

    @property
    def url(self) -> str:
        """The URL that names both hosts, of which the one that takes writes is used."""
        hosts = "&".join(f"host=127.0.0.1:{port}" for port in self.ports)
        return f"postgresql+psycopg://postgres@/uwlr?{hosts}&target_session_attrs=read-write"

    def add_standby(self) -> None:
        """Make a standby of the primary anew, and have each commit wait for it."""
        port = next(port for port in self.ports if port != self.primary.port)
        self.made += 1
        node = self.node(port, self.made)
        slot = ["--no-password", "--write-recovery-conf", "--checkpoint=fast", "--wal-method=stream"]
        source = f"host=127.0.0.1 port={self.primary.port} user=postgres application_name=standby"
        self.primary.run("pg_basebackup", "-D", str(node.folder), "-d", source, *slot)
        node.start()
        self.standby = node
        self.primary.wait_for("standby")
        state = "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"
        until(lambda: self.primary.execute(state))

    def fail_over(self) -> None:
        """Kill the primary, and promote its standby; what the dead one had is gone."""
        assert self.standby is not None
        dead, self.primary, self.standby = self.primary, self.standby, None
        dead.kill()
        self.primary.promote()
        self.primary.wait_for("")

    def node(self, port: int, number: int) -> Node:
        """Make the folder of a node."""
        folder = self.root / f"node{number}"
        folder.mkdir(mode=0o700)
        if self.user is not None:
            subprocess.run(["chown", self.user, str(folder)], check=True)
        return Node(folder, port, self.bin, self.user)


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Run a primary with an empty database `uwlr` until the block ends; the session's server has set the rights."""
    package = _pgserver()
    bin_ = next(iter(sorted(Path(package.__file__).parent.glob("pginstall*/bin"), reverse=True)))
    user = "pgserver" if os.geteuid() == 0 else None
    with ExitStack() as stack:
        root = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="uwlr-cluster-", ignore_cleanup_errors=True))
        )
        root.chmod(0o755)
        ports = stack.enter_context(port_of_our_own()), stack.enter_context(port_of_our_own())
        made = Cluster(root, bin_, user, ports, Node(root, ports[0], bin_, user))
        made.primary = made.node(ports[0], 1)
        folder = made.primary.folder
        made.primary.run("initdb", "--auth=trust", "--encoding=utf8", "--no-sync", "-U", "postgres", "-D", str(folder))
        with (folder / "postgresql.conf").open("a", encoding="utf-8") as conf:
            conf.write(_CONF)
        try:
            made.primary.start()
            made.primary.execute("CREATE DATABASE uwlr ENCODING 'UTF8' TEMPLATE template0")
            yield made
        finally:
            for node in (made.primary, made.standby):
                if node is not None:
                    node.thaw()
                    node.kill()
