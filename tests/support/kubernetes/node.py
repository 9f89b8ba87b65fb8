"""One node beside the API server: containerd, kubelet, scheduler, controllers and proxy.

Pods have addresses of PODS and reach this machine, where the servers are that stand in for the
operators' ones, at ADDRESS.
"""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from stepwell.runtime.disposable import free_ports
from tests.support.kubernetes.programs import Programs
from tests.support.kubernetes.server import Client, Object, process

ADDRESS = "10.190.0.1"
PODS = "10.189.0.0/24"
RUN = Path("/run/stepwell-node")
SOCKET = RUN / "containerd.sock"
PAUSE = "localhost/stepwell-pause:1"
NAMESPACE = "stepwell"
PACKAGES = ("containerd", "containernetworking-plugins", "conntrack", "dnsmasq-base", "iproute2")
WITHIN_SECONDS = 120.0

NETWORK: Object = {
    "cniVersion": "0.4.0",
    "name": "pods",
    "plugins": [
        {
            # Each pod has a line of its own to the machine, so that all traffic passes the proxy's
            # rules; a bridge would let answers go past them.
            "type": "ptp",
            "ipam": {
                "type": "host-local",
                "ranges": [[{"subnet": PODS}]],
                "routes": [{"dst": "0.0.0.0/0"}],
            },
        }
    ],
}
CONTAINERD = """\
version = 2
root = "{folder}/containerd"
state = "{run}"
[grpc]
address = "{socket}"
[plugins."io.containerd.internal.v1.opt"]
path = "{folder}/opt"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{pause}"
# Nobody may be made less likely to be killed than the test is.
restrict_oom_score_adj = true
disable_apparmor = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "{folder}/network"
"""
KUBELET: Object = {
    "apiVersion": "kubelet.config.k8s.io/v1beta1",
    "kind": "KubeletConfiguration",
    "authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": False}},
    "authorization": {"mode": "AlwaysAllow"},
    "cgroupDriver": "cgroupfs",
    "failCgroupV1": False,
    "failSwapOn": False,
    "containerRuntimeEndpoint": f"unix://{SOCKET}",
    "clusterDNS": [ADDRESS],
    "clusterDomain": "cluster.local",
    "evictionHard": {"memory.available": "50Mi"},
    "oomScoreAdj": 0,
}


@contextmanager
def joined(programs: Programs, folder: Path, client: Client) -> Iterator[None]:
    """A node that is ready for pods, beside the API server that keeps its things in `folder`."""
    RUN.mkdir(exist_ok=True)
    SOCKET.unlink(missing_ok=True)
    (folder / "network").mkdir()
    (folder / "network" / "10-pods.conflist").write_text(json.dumps(NETWORK))
    settings = CONTAINERD.format(folder=folder, run=RUN, socket=SOCKET, pause=PAUSE)
    (folder / "containerd.toml").write_text(settings)
    (folder / "kubelet.json").write_text(json.dumps(KUBELET))
    access = f"--kubeconfig={folder / 'kubeconfig'}"
    health, metrics = free_ports(2)
    alone = (access, "--leader-elect=false", "--secure-port=0")
    commands: dict[str, list[str | Path]] = {
        "containerd": ["containerd", f"--config={folder / 'containerd.toml'}"],
        "kube-controller-manager": [
            *alone,
            f"--service-account-private-key-file={folder / 'accounts.pem'}",
        ],
        "kube-scheduler": [*alone],
        "kubelet": [
            access,
            f"--config={folder / 'kubelet.json'}",
            f"--root-dir={folder / 'kubelet'}",
            f"--cert-dir={folder / 'kubelet-certificates'}",
            "--hostname-override=node",
            f"--node-ip={ADDRESS}",
        ],
        "kube-proxy": [
            access,
            "--hostname-override=node",
            f"--cluster-cidr={PODS}",
            f"--healthz-bind-address=127.0.0.1:{health}",
            f"--metrics-bind-address=127.0.0.1:{metrics}",
        ],
    }
    with ExitStack() as at_the_end:
        _run("ip", "address", "replace", f"{ADDRESS}/32", "dev", "lo")
        at_the_end.callback(_run, "ip", "address", "delete", f"{ADDRESS}/32", "dev", "lo")
        at_the_end.callback(_let_go, folder)
        for name, command in commands.items():
            program = command if name == "containerd" else [programs.folder / name, *command]
            log = folder / f"{name}.log"
            at_the_end.enter_context(process(program, log))
            until(SOCKET.exists, log.read_text)
        until(lambda: _ready(client), lambda: (folder / "kubelet.log").read_text()[-2_000:])
        try:
            yield
        finally:
            _leave(programs, client)


def load(archive: Path) -> None:
    """Give the node the images of an archive, so that none has to be pulled."""
    _run("ctr", f"--address={SOCKET}", "--namespace=k8s.io", "images", "import", archive)


@contextmanager
def names(known: dict[str, str]) -> Iterator[None]:
    """Answer pods that ask for the address of a service."""
    records = [
        f"--host-record={name}.{NAMESPACE}.svc.cluster.local,{address}"
        for name, address in known.items()
    ]
    command = ["dnsmasq", "--no-daemon", "--no-resolv", "--no-hosts", "--bind-interfaces"]
    with process([*command, f"--listen-address={ADDRESS}", *records], RUN / "dnsmasq.log"):
        yield


def until(
    true: Callable[[], bool], told: Callable[[], str], within: float = WITHIN_SECONDS
) -> None:
    """Wait until something holds; the test fails with what is `told` when it does not."""
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline, told()
        time.sleep(0.2)


def _leave(programs: Programs, client: Client) -> None:
    """Stop all pods, with what was mounted and routed for them, and take the proxy's rules back."""
    client.http.delete(f"/api/v1/namespaces/{NAMESPACE}")
    until(lambda: not client.get("/api/v1/pods")["items"], lambda: "pods do not end")
    subprocess.run([programs.folder / "kube-proxy", "--cleanup"], capture_output=True, check=False)


def _let_go(folder: Path) -> None:
    """Take back the mount of its own folder that kubelet makes."""
    subprocess.run(["umount", folder / "kubelet"], capture_output=True, check=False)


def _ready(client: Client) -> bool:
    for node in client.get("/api/v1/nodes")["items"]:
        states = {one["type"]: one["status"] for one in node["status"].get("conditions", [])}
        return states.get("Ready") == "True"
    return False


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(map(str, command))}: {done.stderr}"
