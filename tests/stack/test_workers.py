"""The code of a task is not an administrator: what it holds, what it reaches, and what it can do with the queue."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import jwt
import pytest

if TYPE_CHECKING:
    from running import Stack

pytestmark = pytest.mark.stack

WORKER = "airflow-worker"
# Secrets of .env that a task works with. It finds no other one.
OF_TASKS = {
    "LAKE_S3_SECRET_ACCESS_KEY", "WAREHOUSE_DB_PASSWORD", "MLFLOW_TASK_PASSWORD", "REDIS_WORKER_PASSWORD",
    "SLUSS_WEBHOOK_SECRET",
}  # fmt: skip
# Which of these texts, one a line, can be read in a file or in the environment of a process.
SEARCH = """
import json, os, sys
from pathlib import Path

wanted = json.loads(WANTED)
found = set()
places = [Path(folder) for folder in ("/etc", "/home", "/opt/airflow", "/opt/sluss", "/root", "/run", "/tmp", "/var")]
files = [path for place in places for path in place.rglob("*")]
files += [each / "environ" for each in Path("/proc").iterdir() if each.name.isdecimal()]
for path in files:
    try:
        content = path.read_bytes() if path.stat().st_size < 5_000_000 else b""
    except OSError:
        continue
    found |= {name for name, secret in wanted.items() if secret.encode() in content}
print(json.dumps(sorted(found)))
"""
# All that task code could take for a key: every variable, and what Airflow itself has in its place.
KEYS = """
import json, os
from airflow.configuration import conf
own = [conf.get("api_auth", "jwt_secret", fallback=""), conf.get("api", "secret_key"), conf.get("core", "fernet_key")]
print(json.dumps(sorted({each for each in (*os.environ.values(), *own) if each})))
"""
REACHED = """
import json, socket
def tried(host, port):
    try:
        socket.create_connection((host, port), timeout=2).close()
        return True
    except OSError:
        return False
print(json.dumps([tried(*each) for each in ADDRESSES]))
"""
DATABASES = """
import json, os, psycopg2
from urllib.parse import urlsplit
own = urlsplit(os.environ["SLUSS_WAREHOUSE_URL"])
found = {}
for database in ("airflow", "mlflow", "mlflow_auth", "postgres", "warehouse"):
    try:
        psycopg2.connect(host="postgres", user=own.username, password=own.password, dbname=database).close()
        found[database] = "allowed"
    except psycopg2.OperationalError as error:
        found[database] = "refused" if "permission denied" in str(error) else str(error)
print(json.dumps(found))
"""
REDIS = """
import json, os, redis
account = redis.Redis.from_url(os.environ["AIRFLOW__CELERY__BROKER_URL"])
def tried(client, *command):
    try:
        client.execute_command(*command)
        return "allowed"
    except redis.RedisError as error:
        return "refused" if "permission" in str(error) or "NOAUTH" in str(error) else str(error)
admin = (
    ["CONFIG", "GET", "*"], ["ACL", "LIST"], ["ACL", "SETUSER", "x"], ["FLUSHALL"], ["KEYS", "*"], ["CLIENT", "LIST"],
    ["MODULE", "LIST"], ["MONITOR"], ["REPLICAOF", "evil", "1"], ["SAVE"], ["SHUTDOWN"], ["EVAL", "return 1", "0"],
    ["GET", "elsewhere"],
)
none = redis.Redis(host="redis")
print(json.dumps([
    tried(account, "LLEN", "default"), {" ".join(each): tried(account, *each) for each in admin},
    tried(none, "LLEN", "default"), tried(none, "PING"),
]))
"""
# Starts a script without end, and waits until the queue answers again.
ENDLESS = """
import json, os, redis, time
from redis.backoff import NoBackoff
from redis.retry import Retry
account = redis.Redis.from_url(os.environ["AIRFLOW__CELERY__BROKER_URL"], socket_timeout=8, retry=Retry(NoBackoff(), 0))
def answers(ask):
    try:
        ask()
    except redis.RedisError:
        return False
    return True
endless = account.script_load(SCRIPT)
ended = answers(lambda: account.evalsha(endless, 1, "unacked-of-a-test"))
until = time.monotonic() + 120
while not (back := answers(account.ping)) and time.monotonic() < until:
    time.sleep(1)
account.delete("unacked-of-a-test")
print(json.dumps([ended, back]))
"""
# Puts a task that has ended into the queue again, with a token of its own making; prints how that ended.
QUEUED_AGAIN = """
import json, time, uuid
from airflow.providers.celery.executors.celery_executor import app

task = json.loads(TASK)
workload = {
    "type": "ExecuteTask", "token": TOKEN, "dag_rel_path": "scoring.py", "log_path": "forged.log",
    "bundle_info": {"name": "dags-folder", "version": None},
    "ti": {
        "id": task["id"], "dag_version_id": task["dag_version"]["id"], "task_id": task["task_id"],
        "dag_id": task["dag_id"], "run_id": task["dag_run_id"], "try_number": task["try_number"], "map_index": -1,
        "pool_slots": 1, "queue": "default", "priority_weight": 1, "context_carrier": {},
    },
}
number = str(uuid.uuid4())
with app.producer_or_acquire() as producer:
    message = app.amqp.create_task_message(number, "execute_workload", [json.dumps(workload)], {})
    app.amqp.send_task_message(producer, "execute_workload", message, queue="default")
found, end = {}, time.monotonic() + 60
while found.get("status") not in ("SUCCESS", "FAILURE") and time.monotonic() < end:
    time.sleep(0.2)
    found = app.backend.get_task_meta(number)
print(json.dumps([found["status"], str(found["result"])]))
"""


def said(stack: Stack, script: str) -> Any:
    """What a script prints in the worker, as a task's code would run there."""
    return json.loads(stack.python_in(WORKER, script).splitlines()[-1])


def secrets(stack: Stack) -> dict[str, str]:
    """All secrets of the stack."""
    endings = ("PASSWORD", "KEY", "SECRET", "TOKEN")
    return {name: value for name, value in stack.secrets.items() if name.endswith(endings) and value}


def test_a_task_finds_the_secrets_of_tasks_and_no_other(stack: Stack) -> None:
    everything = secrets(stack)
    assert len(everything) > 15
    found = set(said(stack, SEARCH.replace("WANTED", repr(json.dumps(everything)))))
    assert found == OF_TASKS


def test_the_services_of_airflow_hold_no_secret_of_tasks(stack: Stack) -> None:
    everything = secrets(stack)
    for service in ("airflow-webserver", "airflow-scheduler", "airflow-dag-processor"):
        environment = "\n".join(stack.inspect(service)["Config"]["Env"])
        assert not [name for name in OF_TASKS if everything[name] in environment], service


# The keys are short ones; so is Airflow's own where an older stack made it.
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_no_key_that_a_task_can_read_signs_a_token_that_airflow_takes(stack: Stack) -> None:
    real = stack.airflow_token
    content = jwt.decode(real, options={"verify_signature": False})
    algorithm = jwt.get_unverified_header(real)["alg"]

    def answer(key: str) -> int:
        until = {"exp": int(time.time()) + 600}
        forged = jwt.encode(content | until, key, algorithm=algorithm)
        headers = {"Authorization": f"Bearer {forged}"}
        return stack.http.get(f"{stack.airflow}/api/v2/connections", headers=headers).status_code

    keys = said(stack, KEYS)
    assert len(keys) > 30
    assert {answer(key) for key in keys} <= {401, 403}
    assert answer(stack.secrets["AIRFLOW_JWT_SECRET"]) == 200  # what a task must not have


def test_a_task_reaches_what_it_works_with_and_no_other_service(stack: Stack) -> None:
    works_with = [["postgres", 5432], ["minio", 9000], ["redis", 6379], ["mlflow", 5000], ["airflow-webserver", 8080]]
    others = [["control-room", 8000], ["airflow-scheduler", 8974], ["airflow-dag-processor", 8793]]
    networks = stack.inspect("control-room")["NetworkSettings"]["Networks"].values()
    numbers = [[each["IPAddress"], 8000] for each in networks]
    assert len(numbers) == 2
    reached = REACHED.replace("ADDRESSES", json.dumps([*works_with, *others, *numbers]))
    assert said(stack, reached) == [True] * len(works_with) + [False] * (len(others) + len(numbers))
    inside = REACHED.replace("ADDRESSES", json.dumps(numbers))
    assert json.loads(stack.python_in("airflow-webserver", inside)) == [True, True]


def test_a_task_opens_the_warehouse_and_no_other_database(stack: Stack) -> None:
    names = ("airflow", "mlflow", "mlflow_auth", "postgres")
    assert said(stack, DATABASES) == {**dict.fromkeys(names, "refused"), "warehouse": "allowed"}


def test_a_task_uses_the_queue_and_does_not_rule_it(stack: Stack) -> None:
    queue, admin, stranger, alive = said(stack, REDIS)
    assert (queue, stranger, alive) == ("allowed", "refused", "allowed")
    assert set(admin.values()) == {"refused"}, admin


@pytest.mark.nightly
@pytest.mark.parametrize("before", ["", "redis.call('set', KEYS[1], 'x')"], ids=["reads", "has written"])
def test_a_script_without_end_is_ended(stack: Stack, before: str) -> None:
    assert said(stack, ENDLESS.replace("SCRIPT", repr(f"{before} while true do end"))) == [False, True]


def test_what_a_task_puts_into_the_queue_changes_no_other_task(stack: Stack, scored: dict[str, Any]) -> None:
    path = f"dags/sentiment_scoring/dagRuns/{scored['dag_run_id']}/taskInstances/generate_data"
    before = stack.airflow_api(path)
    forged = jwt.encode({"sub": before["id"], "iss": "sluss", "exp": int(time.time()) + 600}, "k" * 64, "HS512")
    script = QUEUED_AGAIN.replace("TASK)", f"{json.dumps(before)!r})").replace("TOKEN", repr(forged))
    state, why = said(stack, script)
    assert state == "FAILURE", why
    assert "Invalid auth token" in why or "401" in why or "403" in why
    assert stack.airflow_api(path) == before


# Puts a link in place of a log, and the log back again, some ten thousand times a second.
SWAPPED = """
import ctypes, os, pathlib, time
folder, libc = pathlib.Path(FOLDER), ctypes.CDLL(None)
log, link = folder / "attempt=1.log.swapped", folder / ".link"
log.write_text("a line of the log\\n")
link.symlink_to("/proc/1/environ")
end = time.monotonic() + 12
while time.monotonic() < end:
    for _ in range(1_000):
        libc.renameat2(-100, os.fsencode(log), -100, os.fsencode(link), 2)
log.unlink()
link.unlink()
print("true")
"""


def test_a_link_in_place_of_a_log_shows_no_file_of_the_web_server(stack: Stack, scored: dict[str, Any]) -> None:
    """Its environment has the key that signs the tokens of administrators."""
    dag, run, task = "sentiment_scoring", scored["dag_run_id"], "generate_data"
    folder = f"/opt/sluss/logs/dag_id={dag}/run_id={run}/task_id={task}"
    path = f"dags/{dag}/dagRuns/{run}/taskInstances/{task}/logs/1"
    assert any("generate_data" in str(line) for line in stack.airflow_api(path)["content"])
    with ThreadPoolExecutor(1) as threads:
        swapping = threads.submit(said, stack, SWAPPED.replace("FOLDER", repr(folder)))
        seen = []
        while not swapping.done():
            seen.append(json.dumps(stack.airflow_api(path)))
        assert swapping.result()
    assert any("a line of the log" in log for log in seen)
    assert not [log for log in seen if stack.secrets["AIRFLOW_JWT_SECRET"] in log or "AIRFLOW__" in log]
