"""Programs of Kubernetes, built once from their Go modules into the cache folder."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from stepwell.runtime.state import cache_folder

HERE = Path(__file__).parent
OLDEST_GO = (1, 26)
"""What the newest of the operators' modules asks for."""
PACKAGES = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "kustomize": "sigs.k8s.io/kustomize/kustomize/v5",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
}
OF_A_NODE = {
    name: f"k8s.io/kubernetes/cmd/{name}"
    for name in ("kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy")
}
LEAN = ("-trimpath", "-ldflags=-s -w", "-gcflags=all=-dwarf=false")
"""What debuggers read is not made: that saves a tenth of the time."""
LONGEST_SECONDS = 1_500


@dataclass(frozen=True)
class Programs:
    """Where the programs are."""

    folder: Path

    @property
    def etcd(self) -> Path:
        return self.folder / "etcd"

    @property
    def apiserver(self) -> Path:
        return self.folder / "kube-apiserver"

    @property
    def kustomize(self) -> list[str | Path]:
        return [self.folder / "kustomize", "build"]


def require_go() -> None:
    """Skip the test where there is no Go that is new enough; in continuous integration it fails."""
    told = ""
    if shutil.which("go") is None:
        told = "Go is not installed here"
    elif (found := _version()) < OLDEST_GO:
        told = f"Go {'.'.join(map(str, found))} is older than {'.'.join(map(str, OLDEST_GO))}"
    if told:
        told += ", so that no Kubernetes API server can be built to take our objects."
        (pytest.fail if os.environ.get("CI") else pytest.skip)(told)


def programs(packages: dict[str, str] = PACKAGES) -> Programs:
    """The programs, in the versions of `go.mod`; an API server's unless others are named."""
    require_go()
    locked = b"".join((HERE / name).read_bytes() for name in ("go.mod", "go.sum"))
    name = "kubernetes" if packages is PACKAGES else "kubernetes-node"
    with cached(f"{name}-{hashlib.sha256(locked).hexdigest()[:16]}") as (folder, missing):
        if missing:
            go("mod", "download")
            for name, package in packages.items():
                began = time.monotonic()
                go("build", *LEAN, "-o", folder / name, package)
                print(f"{name}: built in {time.monotonic() - began:.0f} s")
    return Programs(folder)


@contextmanager
def cached(name: str) -> Iterator[tuple[Path, bool]]:
    """A folder of the cache, and whether it has to be filled; full when the block ends well."""
    folder = cache_folder() / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        complete = folder / "complete"
        missing = not complete.exists()
        if missing:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        yield folder, missing
        complete.touch()


def go(*arguments: str | Path) -> str:
    """What Go printed; the test fails with what it complained of."""
    done = subprocess.run(
        ["go", *map(str, arguments)],
        cwd=HERE,
        env={**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly", "CGO_ENABLED": "0"},
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_SECONDS,
    )
    assert done.returncode == 0, f"go {arguments[0]}:\n{done.stderr[-4000:]}"
    return done.stdout


def _version() -> tuple[int, int]:
    found = re.search(r"go(\d+)\.(\d+)", go("env", "GOVERSION"))
    assert found, "Go tells no version"
    return int(found[1]), int(found[2])
