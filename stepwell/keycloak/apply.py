"""Bringing a realm in line with its file: what is missing is added, what differs is changed.

Keycloak reads the file itself only while it has no such realm. What the file does not name stays:
people, and clients of one's own.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from stepwell.keycloak.admin import Admin
from stepwell.keycloak.realm import AUDIENCE, Document, services

APART = {
    "clients",
    "clientScopes",
    "roles",
    "clientScopeMappings",
    "components",
    "defaultDefaultClientScopes",
    "defaultOptionalClientScopes",
}
"""Parts of the file that have addresses of their own."""
PROFILE = "org.keycloak.userprofile.UserProfileProvider"
EVERYWHERE = {"sites": ["*"]}


def apply(admin: Admin, document: Document, secrets: Mapping[str, str]) -> list[str]:
    """Bring the realm in line and set the clients' secrets; what was changed, a line each.

    Raises:
        Problem: Keycloak refused or does not answer. What was changed before stays; run it again.
    """
    run = _Run(admin, document)
    run.realm()
    run.profile()
    run.client_scopes()
    run.clients()
    run.roles()
    run.what_clients_may_carry()
    for name in services(document):
        run.service_account(name)
        run.secret(name, secrets[name])
    return run.changes


class _Run:
    def __init__(self, admin: Admin, document: Document) -> None:
        self._admin = admin
        self._wanted = document
        self._ids: dict[str, str] = {}
        self._scopes: dict[str, str] = {}
        self.changes: list[str] = []

    def realm(self) -> None:
        found = self._admin.find()
        if found is None:
            self._admin.create(self._wanted)
            self.changes.append(f"realm {self._wanted['realm']}: made")
            return
        wanted = {name: value for name, value in self._wanted.items() if name not in APART}
        self._align("realm", wanted, found, lambda whole: self._admin.put("", whole))

    def profile(self) -> None:
        """What is kept of people, and that sites are not theirs to edit."""
        (component,) = self._wanted["components"][PROFILE]
        (text,) = component["config"]["kc.user.profile.config"]
        found = self._admin.get("/users/profile")
        known = {attribute["name"]: attribute for attribute in found["attributes"]}
        wanted = {attribute["name"]: attribute for attribute in json.loads(text)["attributes"]}
        if differing := [
            n for n, attribute in wanted.items() if not holds(known.get(n), attribute)
        ]:
            self._admin.put("/users/profile", {**found, "attributes": [*(known | wanted).values()]})
            self.changes.append(f"attributes of people: {', '.join(differing)}")

    def client_scopes(self) -> None:
        for wanted in self._wanted["clientScopes"]:
            name = wanted["name"]
            found = self._by("name", "/client-scopes").get(name)
            if found is None:
                self._admin.post("/client-scopes", wanted)
                self.changes.append(f"client scope {name}: made")
                continue
            at = f"/client-scopes/{found['id']}"
            self._align(f"client scope {name}", wanted, found, self._put(at), "protocolMappers")
            self._mappers(f"client scope {name}", at, wanted)
        self._scopes = {n: scope["id"] for n, scope in self._by("name", "/client-scopes").items()}
        for kind in ("Default", "Optional"):
            self._scopes_of(
                "realm",
                f"/default-{kind.lower()}-client-scopes",
                self._wanted[f"default{kind}ClientScopes"],
            )

    def clients(self) -> None:
        for wanted in self._wanted["clients"]:
            name = wanted["clientId"]
            what = f"client {name}"
            found = self._by("clientId", "/clients").get(name)
            if found is None:
                self._admin.post("/clients", wanted)
                self.changes.append(f"{what}: made")
                found = self._by("clientId", "/clients")[name]
            self._ids[name] = found["id"]
            at = f"/clients/{found['id']}"
            apart = ("protocolMappers", "defaultClientScopes", "optionalClientScopes")
            self._align(what, wanted, found, self._put(at), *apart)
            self._mappers(what, at, wanted)
            for kind in ("default", "optional"):
                self._scopes_of(what, f"{at}/{kind}-client-scopes", wanted[f"{kind}ClientScopes"])

    def roles(self) -> None:
        at = f"/clients/{self._ids[AUDIENCE]}/roles"
        known = self._by("name", at)
        for wanted in self._wanted["roles"]["client"][AUDIENCE]:
            name = wanted["name"]
            if name not in known:
                self._admin.post(at, wanted)
                self.changes.append(f"role {name}: made")
            else:
                self._align(f"role {name}", wanted, known[name], self._put(f"{at}/{name}"))

    def what_clients_may_carry(self) -> None:
        """The roles that tokens of a client carry at most, whoever logs in there."""
        for mapping in self._wanted["clientScopeMappings"][AUDIENCE]:
            client, audience = self._ids[mapping["client"]], self._ids[AUDIENCE]
            at = f"/clients/{client}/scope-mappings/clients/{audience}"
            self._given(f"client {mapping['client']}", at, mapping["roles"])

    def service_account(self, client: str) -> None:
        """A service acts everywhere, with the roles that its tokens may carry."""
        user = self._admin.get(f"/clients/{self._ids[client]}/service-account-user")
        at = f"/users/{user['id']}"
        self._align(f"account of {client}", {"attributes": EVERYWHERE}, user, self._put(at))
        mappings = self._wanted["clientScopeMappings"][AUDIENCE]
        roles = next(mapping["roles"] for mapping in mappings if mapping["client"] == client)
        self._given(
            f"account of {client}", f"{at}/role-mappings/clients/{self._ids[AUDIENCE]}", roles
        )

    def secret(self, client: str, secret: str) -> None:
        at = f"/clients/{self._ids[client]}"
        if self._admin.get(f"{at}/client-secret").get("value") != secret:
            self._admin.put(at, {**self._admin.get(at), "secret": secret})
            self.changes.append(f"client {client}: secret")

    def _align(
        self,
        what: str,
        wanted: Mapping[str, Any],
        found: Mapping[str, Any],
        put: Callable[[Any], None],
        *apart: str,
    ) -> None:
        """Replace what is found when a field that is wanted differs, but for those kept `apart`."""
        fields = {name: value for name, value in wanted.items() if name not in apart}
        differing = [name for name, value in fields.items() if not holds(found.get(name), value)]
        if differing:
            merged = {
                name: {**found.get(name, {}), **value} if isinstance(value, dict) else value
                for name, value in fields.items()
            }
            put({**found, **merged})
            self.changes.append(f"{what}: {', '.join(differing)}")

    def _mappers(self, what: str, at: str, owner: Mapping[str, Any]) -> None:
        """Exactly those mappers that are wanted: another one could add claims."""
        models = f"{at}/protocol-mappers/models"
        known = self._by("name", models)
        wanted = {mapper["name"]: mapper for mapper in owner.get("protocolMappers", [])}
        for name, mapper in wanted.items():
            if name not in known:
                self._admin.post(models, mapper)
                self.changes.append(f"{what}: mapper {name} made")
                continue
            put = self._put(f"{models}/{known[name]['id']}")
            self._align(f"{what}: mapper {name}", mapper, known[name], put)
        for name in known.keys() - wanted.keys():
            self._admin.delete(f"{models}/{known[name]['id']}")
            self.changes.append(f"{what}: mapper {name} removed")

    def _scopes_of(self, what: str, at: str, wanted: list[str]) -> None:
        """Exactly those scopes that are wanted."""
        known = self._by("name", at)
        for name in wanted:
            if name not in known:
                self._admin.put(f"{at}/{self._scopes[name]}")
                self.changes.append(f"{what}: scope {name} given")
        for name in known.keys() - set(wanted):
            self._admin.delete(f"{at}/{known[name]['id']}")
            self.changes.append(f"{what}: scope {name} taken away")

    def _given(self, what: str, at: str, wanted: list[str]) -> None:
        """Exactly those roles that are wanted."""
        roles = self._by("name", f"/clients/{self._ids[AUDIENCE]}/roles")
        known = self._by("name", at)
        if missing := [name for name in wanted if name not in known]:
            self._admin.post(at, [roles[name] for name in missing])
            self.changes.append(f"{what}: roles {', '.join(missing)} given")
        if surplus := sorted(known.keys() - set(wanted)):
            self._admin.delete(at, [known[name] for name in surplus])
            self.changes.append(f"{what}: roles {', '.join(surplus)} taken away")

    def _by(self, name: str, path: str) -> dict[str, Any]:
        return {entry[name]: entry for entry in self._admin.get(path)}

    def _put(self, path: str) -> Callable[[Any], None]:
        return lambda body: self._admin.put(path, body)


def holds(found: Any, wanted: Any) -> bool:
    """Whether all that is wanted is there: Keycloak adds fields, and keeps no order of names."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(holds(found.get(k), v) for k, v in wanted.items())
    if isinstance(wanted, list):
        return isinstance(found, list) and sorted(found, key=str) == sorted(wanted, key=str)
    return bool(found == wanted)
