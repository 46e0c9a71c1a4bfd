"""A database and a bucket of someone else, which the stack reads and does not own."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from running import DATA, PROJECT, told

from sluss import VERSION

if TYPE_CHECKING:
    from running import Stack

SHOP = "sluss-smoke-shop"  # the container of the process that fills the tables
PREPARE = """
import json, os, psycopg2
from minio import Minio, MinioAdmin
from minio.credentials import StaticProvider

def connect(user, password, database):
    connection = psycopg2.connect(host="postgres", user=user, password=password, dbname=database)
    connection.autocommit = True
    return connection.cursor()

query = connect("postgres", os.environ["POSTGRES_PASSWORD"], "postgres")
query.execute("CREATE ROLE shop LOGIN PASSWORD 'the-shop-itself'")
query.execute("CREATE DATABASE shop OWNER shop")
query = connect("shop", "the-shop-itself", "shop")
query.execute("CREATE SCHEMA sales")
query.execute('''CREATE TABLE sales."Orders" (
    "Order No" bigint, placed timestamptz, arrived timestamptz, "price (EUR)" numeric, country text, express boolean
)''')
query.execute('CREATE TABLE sales.outcomes ("Order No" bigint, days double precision, known timestamptz)')

root = StaticProvider(os.environ["MINIO_ROOT_USER"], os.environ["MINIO_ROOT_PASSWORD"])
admin = MinioAdmin(endpoint="minio:9000", secure=False, credentials=root)
Minio(endpoint="minio:9000", secure=False, credentials=root).make_bucket("partner")
read = {"Effect": "Allow", "Action": ["s3:GetBucketLocation", "s3:ListBucket", "s3:GetObject"],
        "Resource": ["arn:aws:s3:::partner", "arn:aws:s3:::partner/*"]}
admin.policy_add("partner-read", policy={"Version": "2012-10-17", "Statement": [read]})
admin.user_add("partner-reader", "the-partner-reads")
admin.policy_set("partner-read", user="partner-reader")
"""
# Orders of the days before, then without end: late ones, corrected ones, corrected labels, and transactions that
# commit seconds after their time.
FILL = """
import os, random, time, psycopg2
from datetime import datetime, timedelta, timezone

draw, number, waiting, held = random.Random(7), 0, [], None
connection, slow = (
    psycopg2.connect(host="postgres", user="shop", password="the-shop-itself", dbname="shop") for _ in range(2)
)
query, slow_query = connection.cursor(), slow.cursor()

def order(at, placed, arrived):
    global number
    number += 1
    price, country, express = round(draw.lognormvariate(3, 1), 2), draw.choice(["DE", "FR", "PL"]), draw.random() < 0.3
    days = 5 - 3 * express + 2 * (country == "PL") + draw.gauss(0, 0.5)
    values = (number, placed, arrived, None if draw.random() < 0.05 else price, country, express)
    at.execute('INSERT INTO sales."Orders" VALUES (%s, %s, %s, %s, %s, %s)', values)
    return number, days, values

def label(order_number, days, known):
    query.execute("INSERT INTO sales.outcomes VALUES (%s, %s, %s)", (order_number, days, known))

midnight = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
for _ in range(900):
    placed = midnight - timedelta(minutes=2 + 3600 * draw.random())
    made, days, _ = order(query, placed, placed)
    label(made, days, placed + timedelta(minutes=1))
connection.commit()
while True:
    now = datetime.now(timezone.utc)
    late = timedelta(seconds=draw.choice([0] * 8 + [90, 150]))
    made, days, values = order(query, now - late, now)
    waiting.append((now + timedelta(seconds=10), made, days))
    if draw.random() < 0.1:
        again = (*values[:2], now + timedelta(milliseconds=1), 1.0, *values[4:])
        query.execute('INSERT INTO sales."Orders" VALUES (%s, %s, %s, %s, %s, %s)', again)
    for due in [each for each in waiting if each[0] < now]:
        waiting.remove(due)
        label(due[1], due[2], now)
        if draw.random() < 0.1:
            label(due[1], due[2] + 1, now + timedelta(milliseconds=1))
    connection.commit()
    if held is None:
        order(slow_query, now, now)
        held = time.monotonic() + 4
    elif time.monotonic() > held:
        slow.commit()
        held = None
    time.sleep(0.2)
"""
PUT = """
import base64, io, os
from minio import Minio
from minio.credentials import StaticProvider
root = StaticProvider(os.environ["MINIO_ROOT_USER"], os.environ["MINIO_ROOT_PASSWORD"])
content = base64.b64decode(os.environ["CONTENT"])
client = Minio(endpoint="minio:9000", secure=False, credentials=root)
client.put_object("partner", os.environ["NAME"], io.BytesIO(content), len(content))
"""
# Theirs and ours, compared where the tasks run.
COMPARE = """
import json, os, sys
from contextlib import closing
from datetime import datetime
import psycopg2
import pyarrow.dataset as ds
from deltalake import DeltaTable
from sluss.config.settings import step_settings

settings = step_settings()
NAME, SPANS = {name!r}, {spans!r}

def rows(url, sql, *given):
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as query:
        query.execute(sql, given)
        return [[str(value) for value in row] for row in query.fetchall()]

def table(name):
    return DeltaTable("s3://lake/" + NAME + "/" + name, storage_options=settings.lake_options)

curated = table("curated").to_pyarrow_table(columns=["id", "arrived_at"])
found = []
for start, end, partition in SPANS:
    theirs = os.environ["SHOP_URL"], settings.warehouse
    compared = dict(
        rows=rows(theirs[0], 'SELECT "Order No", arrived FROM sales."Orders" WHERE arrived >= %s AND arrived < %s '
            "ORDER BY 1, 2", start, end),
        brought=rows(theirs[1], "SELECT id::bigint, arrived_at FROM " + NAME + "_rows WHERE arrived_at >= %s AND "
            "arrived_at < %s ORDER BY 1, 2", start, end),
        labels=rows(theirs[0], 'SELECT "Order No", known FROM sales.outcomes WHERE known >= %s AND known < %s '
            "ORDER BY 1, 2", start, end),
        brought_labels=rows(theirs[1], "SELECT id::bigint, label_time FROM " + NAME + "_labels WHERE label_time >= %s "
            "AND label_time < %s ORDER BY 1, 2", start, end),
        punctual=sorted(each[0] for each in rows(theirs[0], 'SELECT DISTINCT "Order No" FROM sales."Orders" WHERE '
            "placed >= %s AND placed < %s AND arrived < %s", start, end, end)),
    )
    scored = table("predictions").to_pyarrow_table(partitions=[("interval", "=", partition)])
    # In the partition of its event, which is an earlier one where the row came late.
    moments = [datetime.fromisoformat(moment) for moment in (start, end)]
    learned = curated.filter((ds.field("arrived_at") >= moments[0]) & (ds.field("arrived_at") < moments[1]))
    pairs = zip(learned["id"].to_pylist(), learned["arrived_at"].to_pylist(), strict=True)
    curated_rows = [[key, str(moment)] for key, moment in sorted(pairs, key=lambda pair: (int(pair[0]), pair[1]))]
    found.append(compared | dict(scored=sorted(scored["id"].to_pylist()), curated=curated_rows))
tables = rows(os.environ["SHOP_URL"], "SELECT schemaname, relname FROM pg_stat_user_tables ORDER BY 2")
print(json.dumps([tables, found]))
sys.stdout.flush()
os._exit(0)
"""


def prepare(stack: Stack) -> None:
    """Make the database and the bucket, with an account each that opens nothing else."""
    with told("a database and a bucket of someone else"):
        stack.python(PREPARE, **_root(stack))


def fill(stack: Stack) -> None:
    """Start the process that fills the shop's tables."""
    run = ["run", "--detach", "--name", SHOP, "--network", f"{PROJECT}_back", f"sluss-init:{VERSION}"]
    stack.docker(*run, "python", "-c", FILL)


def stop(stack: Stack) -> None:
    """End it, in the middle of a transaction."""
    stack.docker("rm", "--force", SHOP)


def put(stack: Stack, name: str, text: str) -> None:
    """Put a file into the partner's bucket."""
    content = base64.b64encode(text.encode()).decode()
    stack.python(PUT, NAME=name, CONTENT=content, **_root(stack))


def compare(stack: Stack, name: str, spans: list[tuple[str, str, str]]) -> tuple[list[Any], list[dict[str, Any]]]:
    """Tables of the shop, and by span its rows and labels as they are there, as they were brought, and as scored."""
    script = COMPARE.replace("{name!r}", repr(name)).replace("{spans!r}", repr(spans))
    tables, found = json.loads(stack.python_in("airflow-worker", script).splitlines()[-1])
    return tables, found


def write(name: str, text: str) -> None:
    """Write a file into the folder of data that the stack has mounted."""
    path = DATA / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _root(stack: Stack) -> dict[str, str]:
    secrets = stack.secrets
    return {name: secrets[name] for name in ("POSTGRES_PASSWORD", "MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD")}
