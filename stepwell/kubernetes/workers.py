"""As many workers of a service as its backlog needs, by KEDA, from the streams it reacts to."""

from shared.contracts.topics import BY_STREAM
from shared.settings import SERVICES
from stepwell.kubernetes.objects import BROKERS, Object, made, streams_of

API = "keda.sh/v1alpha1"
LAG = 5_000
"""Unread events a worker may have before another one is started: some seconds of work."""
CALM_SECONDS = 300
"""A member that comes or goes makes all of them share the partitions anew: so not too often."""


def scalers() -> list[Object]:
    """How many workers of each service run, and the login with which KEDA reads their lag."""
    return [one for service in SERVICES for one in (_login(service), _scaled(service))]


def most_workers(service: str) -> int:
    """How many workers have something to do: each partition number is read by one of them."""
    return min(BY_STREAM[stream].partitions for stream in streams_of(service))


def _login(service: str) -> Object:
    spec = {
        "env": [{"parameter": "username", "name": f"KAFKA_USERNAME_{service.upper()}"}],
        "secretTargetRef": [
            {"parameter": "password", "name": service, "key": "password"},
            {"parameter": "ca", "name": "stepwell-cluster-ca-cert", "key": "ca.crt"},
        ],
    }
    return made(
        API, "TriggerAuthentication", f"{service}-broker", spec, stage="services", service=service
    )


def _scaled(service: str) -> Object:
    spec = {
        "scaleTargetRef": {"name": f"{service}-worker"},
        "minReplicaCount": 1,
        "maxReplicaCount": most_workers(service),
        "pollingInterval": 15,
        "advanced": {
            "horizontalPodAutoscalerConfig": {
                "behavior": {"scaleDown": {"stabilizationWindowSeconds": CALM_SECONDS}}
            }
        },
        "triggers": [_trigger(service, BY_STREAM[stream].name) for stream in streams_of(service)],
    }
    return made(API, "ScaledObject", f"{service}-worker", spec, stage="services", service=service)


def _trigger(service: str, topic: str) -> Object:
    return {
        "type": "kafka",
        "metadata": {
            "bootstrapServers": BROKERS,
            "consumerGroup": service,
            "topic": topic,
            "lagThreshold": str(LAG),
            "offsetResetPolicy": "earliest",
            "sasl": "scram_sha512",
            "tls": "enable",
        },
        "authenticationRef": {"name": f"{service}-broker"},
    }
