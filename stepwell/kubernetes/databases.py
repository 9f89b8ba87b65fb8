"""A PostgreSQL cluster for each service, for the CloudNativePG operator, with the same roles and
privileges as the local databases, and the secrets that it needs."""

from shared.settings import SERVICES
from stepwell.kubernetes.objects import SECRETS, Object, made
from stepwell.runtime.roles import CLOSED, IN_DATABASE, ROLE_MADE, app, owner

API = "postgresql.cnpg.io/v1"
EXTERNAL_API = "external-secrets.io/v1"
VALUE = "{{ .value }}"
"""Where the operator puts in what the store holds."""
MAJOR = 18
INSTANCES = 3
ARCHIVE = "barman-cloud.cloudnative-pg.io"
FIRST_BACKUP_HOUR = 8
"""UTC; no wall clock of North America skips it or shows it twice."""


def clusters() -> list[Object]:
    """A cluster and its nightly backup for each service."""
    return [
        one
        for minute, service in enumerate(SERVICES)
        for one in (_cluster(service), _backup(service, minute * 10))
    ]


def secrets() -> list[Object]:
    """The login of each role, and the service's secret at the identity provider, out of the store
    of secrets; the store makes them of letters, digits, `-` and `_`."""
    return [
        one
        for service in SERVICES
        for one in (
            _login(service, "owner", owner(service)),
            _login(service, "application", app(service)),
            _secret(service, "identity", "oidc-client-secret", {"client-secret": VALUE}),
        )
    ]


def _statements(sql: str) -> list[str]:
    return [" ".join(one.split()) for one in sql.split(";\n") if one.strip()]


def _cluster(service: str) -> Object:
    own = {"owner": owner(service), "app": app(service), "database": service}
    spec = {
        "instances": INSTANCES,
        "imageCatalogRef": {
            "apiGroup": "postgresql.cnpg.io",
            "kind": "ClusterImageCatalog",
            "name": "postgresql",
            "major": MAJOR,
        },
        "bootstrap": {
            "initdb": {
                "database": service,
                "owner": owner(service),
                "secret": {"name": f"{service}-database-owner"},
                "dataChecksums": True,
                "postInitSQL": [
                    *_statements(ROLE_MADE.format(role=app(service))),
                    "REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC",
                ],
                "postInitApplicationSQL": [
                    *_statements(CLOSED.format(**own)),
                    *_statements(IN_DATABASE.format(**own)),
                ],
            }
        },
        "enableSuperuserAccess": False,
        "managed": {
            "roles": [
                {
                    "name": app(service),
                    "ensure": "present",
                    "login": True,
                    "superuser": False,
                    "passwordSecret": {"name": f"{service}-database-application"},
                }
            ]
        },
        "postgresql": {
            "parameters": {"max_connections": "200"},
            "pg_hba": ["hostnossl all all all reject"],
            # An event that was told must not be forgotten by the next primary: its number would
            # be given again. So a commit waits for one standby.
            "synchronous": {"method": "any", "number": 1, "dataDurability": "required"},
        },
        "storage": {"size": "20Gi"},
        "walStorage": {"size": "10Gi"},
        "resources": {
            "requests": {"cpu": "500m", "memory": "1Gi"},
            "limits": {"cpu": "2", "memory": "1Gi"},
        },
        "affinity": {
            "enablePodAntiAffinity": True,
            "podAntiAffinityType": "preferred",
            "topologyKey": "topology.kubernetes.io/zone",
        },
        "primaryUpdateStrategy": "unsupervised",
        "plugins": [
            {
                "name": ARCHIVE,
                "isWALArchiver": True,
                "parameters": {"barmanObjectName": "backups"},
            }
        ],
    }
    return made(API, "Cluster", f"{service}-database", spec, stage="data", service=service)


def _backup(service: str, minute: int) -> Object:
    spec = {
        "schedule": f"0 {minute} {FIRST_BACKUP_HOUR} * * *",
        "immediate": True,
        "backupOwnerReference": "self",
        "cluster": {"name": f"{service}-database"},
        "method": "plugin",
        "pluginConfiguration": {"name": ARCHIVE},
    }
    return made(API, "ScheduledBackup", f"{service}-database", spec, stage="data", service=service)


def _login(service: str, which: str, role: str) -> Object:
    """The login of a role with the address of the database, server and authority checked."""
    address = f"{service}-database-rw:5432/{service}"
    checked = f"sslmode=verify-full&sslrootcert={SECRETS}/database-ca.crt"
    return _secret(
        service,
        f"database-{which}",
        f"database-{which}-password",
        {
            "username": role,
            "password": VALUE,
            "url": f"postgresql://{role}:{VALUE}@{address}?{checked}",
        },
        type_="kubernetes.io/basic-auth",
    )


def _secret(
    service: str, what: str, stored: str, data: dict[str, str], *, type_: str = "Opaque"
) -> Object:
    """A secret made of one value of the store: the property `stored` of `stepwell-<service>`."""
    name = f"{service}-{what}"
    spec = {
        "refreshInterval": "1h",
        "secretStoreRef": {"kind": "ClusterSecretStore", "name": "stepwell"},
        "target": {
            "name": name,
            "creationPolicy": "Owner",
            "template": {
                "type": type_,
                "metadata": {"labels": {"cnpg.io/reload": "true"}},
                "data": data,
            },
        },
        "data": [
            {
                "secretKey": "value",
                "remoteRef": {"key": f"stepwell-{service}", "property": stored},
            }
        ],
    }
    return made(EXTERNAL_API, "ExternalSecret", name, spec, stage="data", service=service)
