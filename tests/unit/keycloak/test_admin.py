"""What an operator is told when Keycloak cannot be asked."""

import pytest

from stepwell.keycloak.admin import Admin
from stepwell.runtime.problem import Problem


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "keycloak:8080", "http://[", ""])
def test_an_address_where_nobody_answers_is_named_with_what_to_set(url: str) -> None:
    with pytest.raises(Problem, match="set KEYCLOAK_URL") as told:
        Admin(url, "stepwell", "stepwell-operator", "a secret").find()
    assert "a secret" not in str(told.value)
