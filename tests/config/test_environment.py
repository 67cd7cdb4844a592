"""Variables are read strictly, and each malformed one is reported once, in one line, without its secret."""

from pathlib import Path

import pytest

from config.environment import Environment
from config.local_key import local_key


def problems_of(name: str, value: str) -> list[str]:
    env = Environment({name: value})
    env.flag("SWITCH", default=False)
    env.number("NUMBER", default=3, least=0, most=9)
    env.choice("CHOICE", options=("local", "production"))
    env.origins("ORIGINS")
    env.database("DATABASE_URL", "sqlite:///x.sqlite3")
    env.cache("CACHE_URL", "filecache:///tmp/x")
    env.webhook_secrets("SECRETS")
    env.api_keys("KEYS")
    env.tokens("TOKENS")
    env.stripe_base("BASE", "https://api.stripe.com")
    return env.problems


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("SWITCH", "perhaps", "Write 1 or 0"),
        ("NUMBER", "10", "from 0 to 9"),
        ("NUMBER", "-1", "from 0 to 9"),
        ("NUMBER", "٣", "from 0 to 9"),
        ("CHOICE", "prod", "local, production"),
        ("ORIGINS", "tieout.example.com", "https://tieout.example.com"),
        ("ORIGINS", "https://tieout.example.com/admin", "https://tieout.example.com"),
        ("DATABASE_URL", "mysql://u:hunter2@h/db", "postgres://"),
        ("DATABASE_URL", "postgres://u:hunter2@h:54x/db", "postgres://"),
        ("DATABASE_URL", "postgres://u:hunter2@h:5432", "postgres://"),
        ("CACHE_URL", "nonsense", "dbcache://"),
        ("CACHE_URL", "carrier-pigeon://loft", "dbcache://"),
        ("TOKENS", "hunter2", "openssl rand"),
        ("SECRETS", "whsec_hunter2", "organization:whsec_"),
        ("SECRETS", "acme:hunter2", "organization:whsec_"),
        ("SECRETS", "acme:whsec_", "organization:whsec_"),
        ("KEYS", "rk_test_hunter2", "organization:rk_test_"),
        ("KEYS", "acme:hunter2", "organization:rk_test_"),
        ("KEYS", "acme:rk_test_1hunter2,acme:rk_test_2hunter2", "one key"),
        ("BASE", "http://stripe.example.com:80", "http://127.0.0.1:12111"),
        ("BASE", "https://127.0.0.1.example.com:80", "http://127.0.0.1:12111"),
        ("BASE", "http://127.0.0.1:1@example.com", "http://127.0.0.1:12111"),
        ("BASE", "http://[::1", "http://127.0.0.1:12111"),
    ],
)
def test_a_malformed_variable_is_named_once_with_a_hint(name: str, value: str, hint: str) -> None:
    problems = problems_of(name, value)
    assert len(problems) == 1
    assert problems[0].startswith(name)
    assert hint in problems[0]
    assert "hunter2" not in problems[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SWITCH", "Yes"),
        ("SWITCH", "0"),
        ("NUMBER", "9"),
        ("CHOICE", "production"),
        ("ORIGINS", "https://a.example.com, http://b.example.com:8000"),
        ("DATABASE_URL", "postgres://u:p%40ss@h:5432/db"),
        ("DATABASE_URL", "postgresql://postgres:@/postgres?host=/run/postgresql"),
        ("CACHE_URL", "dbcache://tieout_cache"),
        ("SECRETS", "acme:whsec_a,acme:whsec_b"),
        ("SWITCH", ""),
    ],
)
def test_a_well_formed_variable_is_no_problem(name: str, value: str) -> None:
    assert problems_of(name, value) == []


def test_several_secrets_of_one_organization_are_kept_in_order() -> None:
    env = Environment({"SECRETS": "acme:whsec_a, other:whsec_c ,acme:whsec_b"})
    assert env.webhook_secrets("SECRETS") == {"acme": ["whsec_a", "whsec_b"], "other": ["whsec_c"]}


def test_keys_go_to_stripe_or_to_a_stand_in_on_this_machine() -> None:
    env = Environment({"KEYS": "acme:rk_test_1234, other:rk_live_5678", "BASE": "http://127.0.0.1:12111/"})
    assert env.api_keys("KEYS") == {"acme": "rk_test_1234", "other": "rk_live_5678"}
    assert env.stripe_base("BASE", "https://api.stripe.com") == "http://127.0.0.1:12111"
    assert env.stripe_base("NONE", "https://api.stripe.com") == "https://api.stripe.com"


def test_the_folder_of_a_socket_may_be_written_as_host_or_as_option() -> None:
    host = Environment({"D": "postgres://tieout@%2Frun%2Fpostgresql/tieout"}).database("D", "sqlite:///x")
    assert (host["HOST"], host["NAME"]) == ("/run/postgresql", "tieout")
    option = Environment({"D": "postgres:///tieout?host=/run/postgresql"}).database("D", "sqlite:///x")
    assert (option["OPTIONS"], option["NAME"]) == ({"host": "/run/postgresql"}, "tieout")


def test_all_problems_are_told_at_once_and_end_the_start() -> None:
    env = Environment({"A": "x", "B": "y"})
    env.flag("A", default=True)
    env.flag("B", default=True)
    with pytest.raises(SystemExit) as stop:
        env.require_valid()
    text = str(stop.value)
    assert "A is 'x'" in text
    assert "B is 'y'" in text


def test_the_local_key_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    first = local_key(tmp_path, "secret-key")
    assert len(first) >= 50
    assert local_key(tmp_path, "secret-key") == first
    assert (tmp_path / "secret-key").stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir()] == ["secret-key"]
