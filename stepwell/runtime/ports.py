"""The TCP ports of the local system, derived from one base, and the check that they are free."""

import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from shared.settings import SERVICES
from stepwell.runtime.problem import WRONG_USE, Problem

BASE = "STEPWELL_PORT_BASE"
TRACE_PORT = "STEPWELL_TRACE_PORT"
HIGHEST_OFFSET = 132
OTHER_BASES = (18000, 28000)
"""What is proposed where a port is taken: the first that is not the base already."""
OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")
"""Where the kernel tells from which range it gives ports to connections, perhaps one of ours."""


@dataclass(frozen=True)
class Ports:
    """`base` is 8000 unless `STEPWELL_PORT_BASE` says otherwise; the trace viewer has its own."""

    base: int = 8000
    zipkin: int = 9411

    @classmethod
    def from_environment(cls) -> "Ports":
        """Raises Problem when a variable is not a usable port."""
        base = _number(BASE, "8000")
        if base + HIGHEST_OFFSET > 65535:
            raise Problem(
                f"{BASE}={base} is too high: choose at most {65535 - HIGHEST_OFFSET}.",
                exit_code=WRONG_USE,
            )
        ports = cls(base, _number(TRACE_PORT, "9411"))
        if ports.zipkin in ports.all:
            raise Problem(
                f"{TRACE_PORT}={ports.zipkin} is one of the ports that follow from {BASE}={base}: "
                "set it to another.",
                exit_code=WRONG_USE,
            )
        return ports

    @property
    def services(self) -> dict[str, int]:
        return {service: self.base + n for n, service in enumerate(SERVICES, 1)}

    @property
    def all(self) -> list[int]:
        """All that follow from the base."""
        own = (
            self.portal,
            self.smtp,
            self.texting,
            self.issuer,
            self.kafka,
            self.kafka_controller,
            self.postgres,
        )
        return [*self.services.values(), *own]

    @property
    def portal(self) -> int:
        return self.base

    @property
    def smtp(self) -> int:
        return self.base + 25

    @property
    def texting(self) -> int:
        """Of the provider of text messages and calls, and of the pages that show what was sent."""
        return self.base + 26

    @property
    def issuer(self) -> int:
        return self.base + 90

    @property
    def kafka(self) -> int:
        return self.base + 92

    @property
    def kafka_controller(self) -> int:
        return self.base + 93

    @property
    def postgres(self) -> int:
        return self.base + 132


def _number(variable: str, default: str) -> int:
    value = os.environ.get(variable) or default
    if not value.isdecimal() or not 1024 <= int(value) <= 65535:
        raise Problem(
            f"{variable}={value} is not a port: set a number from 1024 to 65535.",
            exit_code=WRONG_USE,
        )
    return int(value)


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` of this machine now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def accepts(port: int) -> bool:
    """Whether somebody answers on `port` of this machine."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def require_free(needed: dict[str, int]) -> None:
    """Raises Problem naming the first port in use, who uses it, and what to do.

    `needed` maps the name of a part to its port.
    """
    elsewhere = next(base for base in OTHER_BASES if base not in needed.values())
    for part, port in needed.items():
        if not is_free(port):
            advice = (
                f"set {TRACE_PORT} to another port"
                if part == "the trace viewer"
                else f"choose other ports with {BASE}={elsewhere}"
            )
            raise Problem(
                f"Port {port} for {part} is in use by {holder(port)}: "
                f"stop it (`make down` if it is a Stepwell), or {advice}."
            )


def holder(port: int) -> str:
    """Who has `port`, for people."""
    import psutil

    try:
        found = [c for c in psutil.net_connections(kind="tcp") if c.laddr and c.laddr.port == port]
        for connection in sorted(found, key=lambda c: bool(c.status != psutil.CONN_LISTEN)):
            if connection.pid:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:
        pass
    return "another program"


def listens(pid: int, port: int) -> bool:
    """Whether that very process is a server on `port`: another one there is not ours."""
    import psutil

    if not accepts(port):  # nobody: a look at who has which port takes long
        return False
    try:
        return any(
            c.status == psutil.CONN_LISTEN and c.laddr.port == port
            for c in psutil.Process(pid).net_connections(kind="tcp")
        )
    except psutil.Error:
        return False


def warning(needed: Iterable[int]) -> str | None:
    """What to tell when ports lie where the kernel takes those of outgoing connections from."""
    try:
        first, last = map(int, OUTGOING.read_text().split())
    except (OSError, ValueError):
        return None
    if not (inside := sorted(port for port in needed if first <= port <= last)):
        return None
    return (
        f"Ports from {inside[0]} to {inside[-1]} lie in the range {first} to {last}, which the "
        "kernel gives to outgoing connections: any program may take one of them at any time. "
        f"Choose others with {BASE} and {TRACE_PORT}."
    )
