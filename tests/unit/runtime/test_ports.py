"""Ports: those of tests belong to one process at a time, those of servers to the very server."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from stepwell.runtime import ports
from stepwell.runtime.disposable import PortBlock, bound, free_ports
from stepwell.runtime.problem import Problem
from stepwell.runtime.processes import Processes, python


def test_two_holders_never_have_a_port_in_common():
    one, other = PortBlock(), PortBlock()
    assert not set(one.take(200)) & set(other.take(200))


def test_a_port_is_not_given_again_before_all_others_were():
    ports = PortBlock()
    first, *others = (port for _ in range(200) for port in ports.take(1))
    assert first not in others
    assert ports.take(1) == [first]


def test_a_port_that_somebody_listens_on_is_left_out():
    ports = PortBlock()
    all_of_them = ports.take(200)
    with socket.create_server(("127.0.0.1", all_of_them[0])):
        assert ports.take(1) == [all_of_them[1]]
        with pytest.raises(RuntimeError, match="too few free ports"):
            ports.take(200)


def test_whole_systems_of_several_processes_have_no_port_in_common():
    blocks = [PortBlock(), PortBlock()]
    bases = [block.base() for _ in range(3) for block in blocks]
    singles = [port for block in blocks for port in block.take(200)]
    systems = [port for base in bases for port in ports.Ports(base).all]
    assert len({*singles, *systems}) == len(singles) + len(systems)


def test_a_base_with_a_port_that_somebody_listens_on_is_left_out():
    block = PortBlock()
    *others, last = [block.base() for _ in range(5)]
    with socket.create_server(("127.0.0.1", ports.Ports(others[0]).kafka)):
        assert [block.base() for _ in range(4)] == [*others[1:], last]


@pytest.mark.parametrize(("base", "proposed"), [(8000, 18000), (18000, 28000)])
def test_where_a_port_is_taken_other_ones_are_proposed(
    base: int, proposed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports, "is_free", lambda port: port == base)
    told = rf"for intake is in use by .* other ports with STEPWELL_PORT_BASE={proposed}\."
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(Problem, match=told),
    ):
        ports.require_free({"the portal": base, "intake": taken.getsockname()[1]})


HOLDER = """
import sys
from stepwell.runtime.disposable import PortBlock
from stepwell.runtime.processes import Processes, python
from pathlib import Path

block = PortBlock()
(port,) = block.take(1)
(block.data / "base").mkdir(parents=True)
server = "import socket, time; s = socket.create_server(('127.0.0.1', {})); print(1, flush=True)"
processes = Processes(block.processes, Path(sys.argv[1]))
child = processes.start("server", python("-c", f"{server.format(port)}; time.sleep(600)"))
processes.wait(child, lambda: child.log.read_bytes() != b"", 30)
print(port, block.data, flush=True)
sys.stdin.read()
"""


def test_what_a_killed_holder_left_at_work_is_ended_and_its_data_are_deleted(tmp_path: Path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, tmp_path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    port, data = holder.stdout.readline().split()
    with pytest.raises(OSError, match="in use"):
        bound(int(port))
    holder.kill()
    holder.wait()
    blocks = [PortBlock()]
    while int(port) not in blocks[-1].take(200):
        blocks.append(PortBlock())
    assert not Path(data).exists()


def test_a_block_with_a_port_that_is_in_use_is_passed_over():
    first = PortBlock()
    (port,) = first.take(1)
    del first
    with socket.create_server(("127.0.0.1", port)):
        assert port not in PortBlock().take(200)


def test_ports_in_the_range_of_outgoing_connections_are_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    file = tmp_path / "range"
    monkeypatch.setattr(ports, "OUTGOING", file)
    file.write_text("32768\t60999\n")
    assert ports.warning(ports.Ports(8000).all) is None
    told = ports.warning([*ports.Ports(48000).all, 9411])
    assert told is not None
    assert "Ports from 48000 to 48132 lie in the range 32768 to 60999" in told
    assert "STEPWELL_PORT_BASE" in told
    file.unlink()
    assert ports.warning([48000]) is None


SERVER = "import socket, time; s = socket.create_server(('127.0.0.1', {})); time.sleep(600)"


def test_a_server_is_ready_when_it_listens_itself_and_not_when_somebody_else_does(tmp_path: Path):
    processes = Processes(tmp_path / "processes.json", tmp_path / "logs")
    own, other = free_ports(2)
    try:
        child = processes.start("own", python("-c", SERVER.format(own)))
        processes.wait(child, lambda: True, 20, port=own)
        with socket.create_server(("127.0.0.1", other)):
            child = processes.start("late", python("-c", SERVER.format(other)))
            with pytest.raises(Problem) as told:
                processes.wait(child, lambda: True, 20, port=other)
        line = str(told.value)
        assert line.startswith(f"late ended while starting: its port {other} is in use by ")
        assert f"(process {os.getpid()})" in line
    finally:
        processes.stop_all(1)
