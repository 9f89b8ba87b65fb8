"""Topics and principals for the Strimzi operator: the same that `stepwell topics` makes."""

from shared.contracts.topics import TOPICS, Topic
from shared.settings import SERVICES
from stepwell.kubernetes.objects import Object, made
from stepwell.runtime.topics import Access, access, settings_of

API = "kafka.strimzi.io/v1"
OF_CLUSTER = {"strimzi.io/cluster": "stepwell"}
COPIES = 3
PATTERNS = {"LITERAL": "literal", "PREFIXED": "prefix"}


def topics() -> list[Object]:
    """A KafkaTopic for each topic. The name at the broker is said, as overlays may rename."""
    return [_topic(topic) for topic in TOPICS]


def users() -> list[Object]:
    """A KafkaUser for each service, whose password the operator makes, with its access lists."""
    wanted = list(access(""))
    return [_user(name, [one for one in wanted if one[0] == name]) for name in SERVICES]


def _topic(topic: Topic) -> Object:
    settings = settings_of(topic, COPIES)
    spec = {
        "topicName": topic.name,
        "partitions": settings["num_partitions"],
        "replicas": settings["replication_factor"],
        "config": settings["configs"],
    }
    return made(API, "KafkaTopic", topic.name, spec, stage="data", labels=OF_CLUSTER)


def _user(name: str, wanted: list[Access]) -> Object:
    lists: dict[tuple[str, str, str], list[str]] = {}
    for _, operation, resource, to, pattern in wanted:
        operations = lists.setdefault((resource.lower(), to, PATTERNS[pattern]), [])
        if operation.capitalize() not in operations:
            operations.append(operation.capitalize())
    spec = {
        "authentication": {"type": "scram-sha-512"},
        "authorization": {
            "type": "simple",
            "acls": [
                {
                    "resource": {"type": type_, "name": to, "patternType": pattern},
                    "operations": operations,
                    "host": "*",
                }
                for (type_, to, pattern), operations in lists.items()
            ],
        },
    }
    return made(API, "KafkaUser", name, spec, stage="data", service=name, labels=OF_CLUSTER)
