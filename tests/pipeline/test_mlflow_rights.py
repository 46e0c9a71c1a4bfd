"""Who may do what in MLflow's server: every route of its own tables, by every kind of account, and ways around it."""

from __future__ import annotations

import importlib
import json
import re
import sys
import time
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import mlflow_server
import pytest
from mlflow_server import PASSWORDS, PLUGIN, Server

from sluss.guesses import FREE_OF_SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterator

ROLES = {"": None, "room": "ROOM", "reader": "READER", "writer": "WRITER", "sluss": "TASKS", "admin": "ADMIN"}
REFUSED = "has no right to do that"
# Reading that is no GET, because what is sought does not fit into an address.
SEARCHES = re.compile(r"POST \S*/(search|search-datasets|get-latest-versions|batchGetInfos|metrics|graphql)")
# What no account but the administrator's may see or change.
OF_THE_ADMINISTRATOR = re.compile(
    r"webhook|gateway|secret|mcp-server|/roles|jobs|assistant|signup|users/(?!current|update-password)|permissions/|"
    r"workspaces|prompt-optimization|scorers/(online|register)|/v1/traces|review-queues|label-schemas|issues|demo"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with mlflow_server.running(tmp_path_factory.mktemp("mlflow-server")) as found:
        yield found


@pytest.fixture(scope="module")
def guarded() -> Iterator[Any]:
    """The guard's table and its way to name routes."""
    sys.path.insert(0, str(PLUGIN))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield importlib.import_module("guarded")
    sys.path.remove(str(PLUGIN))


@pytest.fixture(scope="module")
def routes(server: Server) -> list[tuple[str, str]]:
    return server.every_route()


def filled(route: str) -> str:
    """An address of a route: 1 for each variable part."""
    return re.sub(r"[<{][^>}]*[>}]", "1", route)


def verdict(answer: httpx.Response) -> str:
    """What the guard made of a request; MLflow's own answer, whatever it is, means that it let it through."""
    if answer.status_code in {401, 429}:
        return {401: "login", 429: "wait"}[answer.status_code]
    # An answer to HEAD has no text.
    is_ours = answer.request.method == "HEAD" or REFUSED in answer.read().decode()
    return "refused" if answer.status_code == 403 and is_ours else "let in"


# -- The table --


def test_each_role_meets_its_verdict_at_every_route(
    server: Server, guarded: Any, routes: list[tuple[str, str]]
) -> None:
    rights, named = guarded.rights, guarded.routes.named
    assert len(routes) > 1_000

    def wrong(case: tuple[str, str, str]) -> str:
        name, method, route = case
        line = named(method, route)
        may = line in rights.PUBLIC or (name and rights.may_use(rights.Role[ROLES[name]], line))
        wanted = "let in" if may else "refused" if name else "login"
        auth = (name, PASSWORDS[name]) if name else None
        try:
            with client.stream(method, server.address + filled(route), auth=auth) as answer:  # one of them never ends
                found = verdict(answer)
        except httpx.TimeoutException:
            found = "silence"
        fits = found == wanted or (method == "HEAD" and found == "refused")  # MLflow itself refuses HEAD
        return "" if fits else f"{name} {method} {route}: {found}, not {wanted}"

    # HEAD is GET, and OPTIONS in no line, for all alike. The administrator is let in everywhere; what that starts is
    # MLflow's matter, so only reading is tried, and not of lists that MLflow fetches from a server outside.
    tried = {"reader": {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}, "admin": {"GET"}}
    usual = tried["reader"] - {"HEAD", "OPTIONS"}
    cases = [(n, m, r) for n in ROLES for m, r in routes if m in tried.get(n, usual)]
    cases = [case for case in cases if case[0] != "admin" or "/gateway/" not in case[2]]
    with httpx.Client(timeout=60) as client, ThreadPoolExecutor(4) as threads:
        mistakes = [each for each in threads.map(wrong, cases) if each]
    assert not mistakes
    counts = Counter(name for name, _, _ in cases)
    assert set(counts) == set(ROLES)


def test_a_route_that_the_table_does_not_name_is_the_administrators(guarded: Any) -> None:
    rights = guarded.rights
    for role in rights.Role:
        assert rights.may_use(role, "POST 9.0/mlflow/new-in-this-version") is (role is rights.Role.ADMIN)
        assert rights.may_use(role, None) is (role is rights.Role.ADMIN)


def test_every_line_of_the_table_is_a_route_of_mlflow(guarded: Any, routes: list[tuple[str, str]]) -> None:
    known = {guarded.routes.named(method, route) for method, route in routes}
    named = set().union(*guarded.rights.RIGHTS.values(), guarded.rights.PUBLIC)
    assert not named - known


def test_a_reader_only_reads(guarded: Any) -> None:
    rights, Role = guarded.rights.RIGHTS, guarded.rights.Role  # noqa: N806 - a class
    changes = {line for line in rights[Role.READER] if not line.startswith("GET ") and not SEARCHES.fullmatch(line)}
    assert changes == {"PATCH 2.0/mlflow/users/update-password"}  # MLflow asks for the old one, and for one's own name
    changes = {line for line in rights[Role.ROOM] if not line.startswith("GET ") and not SEARCHES.fullmatch(line)}
    assert not changes
    assert rights[Role.ROOM] < rights[Role.READER] < rights[Role.WRITER]
    assert rights[Role.ROOM] < rights[Role.TASKS]


def test_only_the_administrator_sees_accounts_secrets_and_hooks(guarded: Any) -> None:
    named = set().union(*guarded.rights.RIGHTS.values())
    assert not {line for line in named if OF_THE_ADMINISTRATOR.search(line)}


# -- Attacks with a reader's login, or with the tasks' --

ELSEWHERE = ["file:///tmp/there", "s3://mlflow/1/models/m-1/artifacts", "mlflow-artifacts:/1/models/m-1", "/tmp/there"]
WAYS = [
    {"json": {"name": "away", "artifact_location": "{}"}},
    {"json": {"name": "away", "artifactLocation": "{}"}},
    {"json": {"name": "away", "ArtifactLocation": "{}"}},
    {"content": '{{"name": "away", "artifact_location": "", "artifact_location": "{}"}}'},
    {"content": '{{"name": "away", "artifact\\u005flocation": "{}"}}'},
    {"content": '"{{\\"name\\": \\"away\\", \\"artifact_location\\": \\"{}\\"}}"'},
    {"content": '{{"name": "away", "tags": [], "artifact_location": "{}"}}', "encoding": "utf-16"},
    {"content": '{{"name": "away", "artifact_location": "{}"}}', "encoding": "utf-8-sig"},
    {"content": '[{{"name": "away", "artifact_location": "{}"}}]'},
    {"data": {"name": "away", "artifact_location": "{}"}},
]


@pytest.mark.parametrize("way", range(len(WAYS)))
@pytest.mark.parametrize("name", ["reader", "writer", "sluss"])
def test_no_account_chooses_where_artifacts_lie(server: Server, name: str, way: int) -> None:
    for place in ELSEWHERE:
        asked = dict(WAYS[way])
        if content := asked.pop("content", None):
            asked["content"] = content.format(place).encode(asked.pop("encoding", "utf-8"))
        else:
            asked = json.loads(json.dumps(asked).replace("{}", place))
        for prefix in ("/api", "/ajax-api"):
            answer = server.ask(name, "POST", f"{prefix}/2.0/mlflow/experiments/create", **asked)
            assert answer.status_code == 403, answer.text
    found = server.ask("admin", "GET", "/api/2.0/mlflow/experiments/search?max_results=1000").json()["experiments"]
    assert "away" not in {each["name"] for each in found}


def test_a_place_in_the_address_is_not_read(server: Server) -> None:
    path = "/api/2.0/mlflow/experiments/create?name=aside&artifact_location=file:///tmp/there"
    made = server.ask("sluss", "POST", path, json={"name": "in place"}).json()["experiment_id"]
    found = server.ask("sluss", "GET", f"/api/2.0/mlflow/experiments/get?experiment_id={made}").json()["experiment"]
    assert (found["name"], found["artifact_location"]) == ("in place", f"mlflow-artifacts:/{made}")


def test_the_tasks_work_and_a_reader_reads_their_files_and_writes_none(server: Server) -> None:
    made = server.ask("sluss", "POST", "/api/2.0/mlflow/experiments/create", json={"name": "work", "tags": []})
    there = f"/api/2.0/mlflow-artifacts/artifacts/{made.json()['experiment_id']}/models/m-1/artifacts/MLmodel"
    assert server.ask("sluss", "PUT", there, content=b"the champion").status_code == 200
    for name in ("reader", "room", "writer"):
        assert server.ask(name, "GET", there).text == "the champion"
        for method in ("PUT", "DELETE"):
            assert server.ask(name, method, there, content=b"swapped").status_code == 403
            tricks = (there.replace("/MLmodel", "/x/../MLmodel"), there.replace("/MLmodel", "/x%2f..%2fMLmodel"))
            for path in (*tricks, there.replace("/api/2.0/", "//api/2.0/"), there + "/", there.replace("api", "API")):
                assert server.ask(name, method, path, content=b"swapped").status_code in {400, 403, 404, 405}
        for header in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
            server.ask(name, "GET", there, headers={header: "DELETE"})
            server.ask(name, "POST", there, headers={header: "PUT"}, content=b"swapped")
        server.ask(name, "GET", there + "?_method=DELETE")
    assert server.ask("sluss", "GET", there).text == "the champion"


@pytest.fixture(scope="module")
def others(server: Server) -> dict[str, str]:
    """A model and a run of the tasks, and those of an account that may change its own: names to ask for."""

    def made(name: str, route: str, fields: dict[str, str]) -> dict[str, Any]:
        answer = server.ask(name, "POST", f"/api/2.0/mlflow/{route}", json=fields)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    experiment = made("sluss", "experiments/create", {"name": "others"})["experiment_id"]
    theirs = made("sluss", "runs/create", {"experiment_id": experiment})["run"]["info"]["run_id"]
    own = made("writer", "runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]
    for name, model in (("sluss", "champions"), ("writer", "own")):
        made(name, "registered-models/create", {"name": model})
        made(name, "registered-models/set-tag", {"name": model, "key": "digest", "value": "as registered"})
    return {"theirs": theirs, "own": own}


@pytest.mark.parametrize("kind", ["text/plain", "application/octet-stream", "application/x-www-form-urlencoded", ""])
@pytest.mark.parametrize("route", ["delete-tag", "delete"])
def test_a_right_to_change_one_model_deletes_nothing_of_another(
    server: Server, others: dict[str, str], route: str, kind: str
) -> None:
    assert others
    address = f"/api/2.0/mlflow/registered-models/{route}?name=own&key=digest"  # MLflow's check of rights reads this
    body, headers = json.dumps({"name": "champions", "key": "digest"}), {"Content-Type": kind} if kind else {}
    for content in (body, json.dumps(body), iter([body.encode()])):
        assert server.ask("writer", "DELETE", address, content=content, headers=headers).status_code == 400
    found = server.ask("admin", "GET", "/api/2.0/mlflow/registered-models/get?name=champions").json()
    assert found["registered_model"]["tags"] == [{"key": "digest", "value": "as registered"}]


def test_a_right_to_change_one_run_uploads_nothing_to_another(server: Server, others: dict[str, str]) -> None:
    upload, listed = "/ajax-api/2.0/mlflow/upload-artifact", "/api/2.0/mlflow/artifacts/list"
    both = {"run_id": others["own"], "run_uuid": others["theirs"], "path": "gates.json"}
    twice = {"run_id": [others["own"], others["theirs"]], "path": "gates.json"}
    for params in (both, dict(reversed(both.items())), {**both, "run_id": ""}, twice):
        assert server.ask("writer", "POST", upload, params=params, content=b"forged").status_code == 400
    only = {"run_uuid": others["theirs"], "path": "gates.json"}
    assert server.ask("writer", "POST", upload, params=only, content=b"forged").status_code == 403
    found = server.ask("admin", "GET", listed, params={"run_id": others["theirs"]}).json()
    assert not found.get("files")
    own = {"run_uuid": others["own"], "path": "notes.txt"}
    assert server.ask("writer", "POST", upload, params=own, content=b"mine").status_code == 200


def test_a_run_is_read_by_both_of_its_names_as_the_client_does(server: Server, others: dict[str, str]) -> None:
    both = {"run_uuid": others["own"], "run_id": others["own"]}
    for account in ("writer", "admin"):
        found = server.ask(account, "GET", "/api/2.0/mlflow/runs/get", params=both)
        assert (found.status_code, found.json()["run"]["info"]["run_id"]) == (200, others["own"])


@pytest.mark.parametrize(
    "path",
    [
        "/api/2.0/mlflow/users/list",
        "/ajax-api/2.0/mlflow/users/list",
        "/ajax-api/2.0/mlflow/users/list/",
        "//api/2.0/mlflow/users/list",
        "/api/2.0/mlflow//users/list",
        "/api/2.0/mlflow/users/%6cist",
        "/api/2.0/mlflow/users/%256cist",
        "/api/2.0/mlflow/experiments/../users/list",
        "/api/2.0/mlflow/experiments/%2e%2e/users/list",
        "/api/2.0/mlflow/experiments/%252e%252e/users/list",
        "/api/2.0/mlflow/experiments\\..\\users\\list",
        "/health/../api/2.0/mlflow/users/list",
        "/health/%2e%2e/api/2.0/mlflow/users/list",
        "/static-files/../api/2.0/mlflow/users/list",
        "/API/2.0/mlflow/users/list",
        "/api/2.0/mlflow/users/list;x=/health",
        "/api/2.0/mlflow/users/list%00",
        "/api/2.0/mlflow/users/list?x=/health",
        "/api/3.0/mlflow/roles/list",
        "/api/3.0/mlflow/users/permissions/list?username=sluss",
        "/ajax-api/3.0/mlflow/gateway/secrets/list",
    ],
)
def test_no_way_of_writing_a_path_shows_accounts(server: Server, path: str) -> None:
    for name in ("", "reader", "room", "sluss"):
        for method in ("GET", "HEAD", "POST", "OPTIONS"):
            # As it stands: httpx would mend the path.
            address = httpx.URL(server.address).copy_with(raw_path=path.encode())
            answer = httpx.request(method, address, auth=(name, PASSWORDS[name]) if name else None)
            assert answer.status_code in {400, 401, 403, 404, 405}, (name, method, answer.text)
            assert "writer" not in answer.text


# -- Guessing --


def wrong(server: Server, name: str, password: str) -> httpx.Response:
    return httpx.get(f"{server.address}/version", auth=(name, password), timeout=60)


def test_guesses_are_refused_after_a_few_and_the_right_answer_comes_back_soon(server: Server) -> None:
    account = {"username": "guessed", "password": "guessed-long-password"}
    server.ask("admin", "POST", "/api/2.0/mlflow/users/create", json=account).raise_for_status()
    looked_at = {name: guess_until_a_wait_of_seconds(server, name) for name in ("unknown", "guessed")}
    assert set(looked_at.values()) == {FREE_OF_SERVICES["pair"] + 3}
    refused = wrong(server, "guessed", "guessed-long-password")
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 8
    assert server.ask("sluss", "GET", "/version").status_code == 200  # others from the same address go on
    time.sleep(int(refused.headers["retry-after"]) + 0.1)
    assert wrong(server, "guessed", "guessed-long-password").status_code == 200


def guess_until_a_wait_of_seconds(server: Server, name: str) -> int:
    """The number of guesses that were looked at until there was a wait of 5 to 8 seconds."""
    looked_at = 0
    while True:
        answer = wrong(server, name, f"try {looked_at}")
        if answer.status_code == 401:
            looked_at += 1
        elif (wait := int(answer.headers["retry-after"])) > 4:
            return looked_at
        else:
            time.sleep(wait)


def test_guesses_at_the_same_time_gain_nothing_and_a_browsers_first_requests_are_one(server: Server) -> None:
    account = {"username": "browser", "password": "browser-long-password"}
    server.ask("admin", "POST", "/api/2.0/mlflow/users/create", json=account).raise_for_status()
    with ThreadPoolExecutor(20) as threads:
        right = threads.map(lambda _: wrong(server, "browser", "browser-long-password").status_code, range(20))
        assert set(right) == {200}
        guesses = Counter(threads.map(lambda number: wrong(server, "another", f"try {number}").status_code, range(20)))
    # One or two more where the machine is so slow that the first waits pass.
    assert FREE_OF_SERVICES["pair"] <= guesses[401] <= FREE_OF_SERVICES["pair"] + 2
    assert guesses[401] + guesses[429] == 20


def test_time_does_not_tell_whether_a_name_exists(server: Server) -> None:
    account = {"username": "timed", "password": "timed-long-password"}
    server.ask("admin", "POST", "/api/2.0/mlflow/users/create", json=account).raise_for_status()
    took: dict[str, list[float]] = {"timed": [], "nobody": []}
    for number in range(4):
        for name, times in took.items():
            began = time.perf_counter()
            assert wrong(server, name, f"try {number}").status_code == 401
            times.append(time.perf_counter() - began)
    known, unknown = (min(times) for times in took.values())
    assert 0.5 < known / unknown < 2


def test_a_changed_password_counts_at_once(server: Server) -> None:
    account = {"username": "moved", "password": "moved-long-password"}
    server.ask("admin", "POST", "/api/2.0/mlflow/users/create", json=account).raise_for_status()
    assert wrong(server, "moved", "moved-long-password").status_code == 200
    changed = {"username": "moved", "password": "moved-other-password"}
    server.ask("admin", "PATCH", "/api/2.0/mlflow/users/update-password", json=changed).raise_for_status()
    assert wrong(server, "moved", "moved-long-password").status_code == 401
    assert wrong(server, "moved", "moved-other-password").status_code == 200


@pytest.mark.parametrize("header", ["", "Basic", "Basic !", "Basic YQ==, Basic YQ==", "Bearer abc", "Basic /////w=="])
def test_a_header_that_is_no_login_is_answered_with_the_question_for_one(server: Server, header: str) -> None:
    answer = httpx.get(f"{server.address}/version", headers={"Authorization": header})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Basic realm="mlflow"')
