"""The four services, the engagement worker and the portal as processes of the local system."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from shared.probe import answers
from shared.settings import SERVICES
from stepwell.runtime.environment import for_process
from stepwell.runtime.ports import Ports
from stepwell.runtime.processes import SERVICES as LAYER
from stepwell.runtime.processes import Child, Processes, python
from stepwell.runtime.state import PROJECT
from stepwell.runtime.steps import Steps

STREAMS = ("outcomes",)
"""Services that also have a stream worker."""
WITHIN_SECONDS = 60.0


def start_services(
    processes: Processes, system: Mapping[str, str], ports: Ports
) -> dict[str, Child]:
    """Start the API and the worker of all services, which wait for a broker that is not there yet.

    They need their databases, and topics that exist by the time the broker answers.
    """
    return {
        service: start_service(processes, system, service, port)
        for service, port in ports.services.items()
    }


def start_streams(processes: Processes, system: Mapping[str, str]) -> None:
    """Start the stream workers, which need a broker at once."""
    for service in STREAMS:
        start_service(processes, system, service, None, "stream")


def await_services(
    processes: Processes, children: Mapping[str, Child], ports: Ports, steps: Steps
) -> None:
    """Wait until every service answers that it is ready.

    Raises:
        Problem: a service ended, or was not ready in time.
    """

    def ready(service: str, child: Child) -> None:
        with steps.step(f"Service {service}"):
            port = ports.services[service]
            processes.wait(child, partial(answers, port), WITHIN_SECONDS, port=port)

    with ThreadPoolExecutor(len(SERVICES)) as pool:
        try:
            list(pool.map(ready, children.keys(), children.values()))
        except BaseException:
            processes.refuse()
            raise


def start_service(
    processes: Processes, system: Mapping[str, str], service: str, port: int | None, *roles: str
) -> Child:
    """Start one process of a service; `api` and `worker` unless other roles are named."""
    name = "-".join((service, *roles))
    return processes.start(
        name,
        python("-m", f"services.{service}", *(roles or ("api", "worker"))),
        environment=for_process(system, service, port),
        folder=PROJECT,
        layer=LAYER,
        common=True,
    )


def start_portal(processes: Processes, system: Mapping[str, str], port: int, steps: Steps) -> None:
    """Start the portal, which has no database and waits for nobody.

    Raises:
        Problem: it ended, or did not answer in time.
    """
    child = processes.start(
        "portal",
        python("-m", "portal"),
        environment=for_process(system, "portal", port),
        folder=PROJECT,
        layer=LAYER,
        common=True,
    )
    with steps.step("Portal"):
        processes.wait(child, partial(answers, port), WITHIN_SECONDS, port=port)
