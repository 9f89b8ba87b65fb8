"""What makes the pods of `deploy/k8s/base/service` those of one service: names, image, settings.

Secrets are files: the application role's address of the database, the password at the broker, the
secret at the identity provider, and whom database and broker have to be certified by.
"""

from shared.settings import SERVICES
from stepwell.kubernetes.objects import NAME, SECRETS, Object

BROKER_AUTHORITY = "stepwell-cluster-ca-cert"
"""The secret that the operator of Kafka makes for the cluster of that name."""
SELECTORS = (
    ("Deployment", "spec/selector/matchLabels"),
    ("Deployment", "spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels"),
    ("PodDisruptionBudget", "spec/selector/matchLabels"),
    ("Service", "spec/selector"),
)
"""Named one by one: `includeSelectors` would change the peers of network policies too."""


def folders() -> dict[str, Object]:
    """The files of each service's folder, by path."""
    return {
        f"{service}/{name}.yaml": content
        for service in SERVICES
        for name, content in (
            ("kustomization", _kustomization(service)),
            ("settings", _settings(service)),
            ("migrations", _migrations(service)),
        )
    }


def _kustomization(service: str) -> Object:
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namePrefix": f"{service}-",
        "resources": ["../../service"],
        "labels": [
            {
                "pairs": {NAME: service},
                "includeSelectors": False,
                "includeTemplates": True,
                "fields": [
                    {"kind": kind, "path": path, "create": True} for kind, path in SELECTORS
                ],
            }
        ],
        "images": [{"name": "stepwell-service", "newName": f"stepwell-{service}"}],
        "patches": [
            {"path": "settings.yaml", "target": {"kind": "Deployment"}},
            {"path": "migrations.yaml", "target": {"kind": "Job"}},
        ],
    }


def _settings(service: str) -> Object:
    own = service.upper()
    variables = {
        f"DATABASE_URL_{own}_FILE": f"{SECRETS}/database-url",
        f"KAFKA_USERNAME_{own}": service,
        f"KAFKA_PASSWORD_{own}_FILE": f"{SECRETS}/kafka-password",
        "OIDC_CLIENT_SECRET_FILE": f"{SECRETS}/oidc-client-secret",
    }
    sources = [
        _file(f"{service}-database-application", "url", "database-url"),
        _file(f"{service}-database-ca", "ca.crt", "database-ca.crt"),
        _file(service, "password", "kafka-password"),
        _file(BROKER_AUTHORITY, "ca.crt", "kafka-ca.crt"),
        _file(f"{service}-identity", "client-secret", "oidc-client-secret"),
    ]
    container = {
        "name": "stepwell",
        "env": [{"name": name, "value": value} for name, value in variables.items()],
    }
    return _patch("apps/v1", "Deployment", container, sources)


def _migrations(service: str) -> Object:
    """The owner of the database is known to its migrations alone."""
    url = f"DATABASE_OWNER_URL_{service.upper()}_FILE"
    container = {
        "name": "stepwell",
        "args": ["migrate", service],
        "env": [{"name": url, "value": f"{SECRETS}/database-owner-url"}],
    }
    sources = [
        _file(f"{service}-database-owner", "url", "database-owner-url"),
        _file(f"{service}-database-ca", "ca.crt", "database-ca.crt"),
    ]
    return _patch("batch/v1", "Job", container, sources)


def _patch(api_version: str, kind: str, container: Object, sources: list[Object]) -> Object:
    volume = {"name": "secrets", "projected": {"defaultMode": 0o440, "sources": sources}}
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": "any"},
        "spec": {"template": {"spec": {"containers": [container], "volumes": [volume]}}},
    }


def _file(secret: str, key: str, path: str) -> Object:
    return {"secret": {"name": secret, "items": [{"key": key, "path": path}]}}
