"""PostgreSQL guards its data itself: after a crash it starts again, beside a running one never."""

from pathlib import Path

import asyncpg
import psutil
import pytest

from stepwell.runtime.disposable import Stack, free_ports
from stepwell.runtime.postgres import Postgres
from stepwell.runtime.problem import Problem
from stepwell.runtime.processes import Processes


def test_after_kill_9_postgres_starts_although_its_pid_file_was_left(stack: Stack) -> None:
    killed = stack.processes.get("postgres")
    assert killed is not None
    workers = psutil.Process(killed.pid).children()
    killed.kill()
    psutil.wait_procs(workers, timeout=10)
    stack.postgres.stop()
    pid_file = stack.postgres.data / "postmaster.pid"
    assert pid_file.read_text().startswith(f"{killed.pid}\n")
    started = stack.postgres.start()
    assert pid_file.read_text().startswith(f"{started.pid}\n")


async def test_no_second_server_starts_on_data_that_is_in_use(stack: Stack, tmp_path: Path) -> None:
    processes = Processes(tmp_path / "processes.json", tmp_path / "logs")
    (port,) = free_ports(1)
    second = Postgres(stack.postgres.data, port, "word", processes)
    with pytest.raises(Problem, match=r'FATAL: .*"postmaster\.pid" already exists'):
        second.start()
    processes.stop_all()
    connection = await asyncpg.connect(stack.postgres.url())
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()
