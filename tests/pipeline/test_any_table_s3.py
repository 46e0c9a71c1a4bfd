"""Files and Delta tables on S3, behind a server that answers as S3 does."""

from __future__ import annotations

import gzip
from urllib.parse import urlencode

import pyarrow as pa
import pyarrow.parquet
import pytest
from any_table import ROWS, bring, config, context, table, write_csv
from deltalake import write_deltalake
from pydantic import SecretStr
from s3_stand_in import serving

from sluss.config.s3_account import S3Account, account_from_connection
from sluss.errors import ConfigError, DataError, ServiceError


@pytest.fixture
def bucket(tmp_path):
    """A folder that is a bucket, and the settings that lead to it."""
    folder = tmp_path / "s3" / "theirs"
    folder.mkdir(parents=True)
    with serving(tmp_path / "s3") as address:
        key = {"s3_access_key_id": "someone", "s3_secret_access_key": SecretStr("secret")}
        yield folder, {"s3_endpoint_url": address, **key}


def test_files_of_a_bucket_are_read_by_path_folder_and_glob(bucket, tmp_path):
    folder, settings = bucket
    whole = table()
    halves = [{name: values[start : start + 100] for name, values in whole.items()} for start in (0, 100)]
    write_csv(folder / "in" / "one.csv", halves[0])
    (folder / "in" / "two.csv.gz").write_bytes(gzip.compress(write_csv(folder / "two.csv", halves[1]).read_bytes()))
    for path, rows in (("in/one.csv", 100), ("in", ROWS), ("in/*.gz", 100)):
        where = context(tmp_path / path.replace("/", "_"), config({"path": f"s3://theirs/{path}"}), **settings)
        assert bring(where).rows == rows


def test_parquet_and_delta_of_a_bucket_are_read(bucket, tmp_path):
    folder, settings = bucket
    pa.parquet.write_table(pa.table(table()), folder / "a.parquet")
    write_deltalake(str(folder / "delta"), pa.table(table()))
    for source in ({"path": "s3://theirs/a.parquet"}, {"kind": "delta", "path": "s3://theirs/delta"}):
        where = context(tmp_path / source.get("kind", "file"), config(source), **settings)
        assert bring(where).rows == ROWS


@pytest.mark.parametrize("kind", ["file", "delta"])
@pytest.mark.parametrize("given", ["variables", "connection"])
def test_a_bucket_with_an_account_of_its_own_is_read_by_that(bucket, tmp_path, monkeypatch, kind, given):
    folder, settings = bucket
    address = settings["s3_endpoint_url"]
    write_csv(folder / "in" / "one.csv", table())
    write_deltalake(str(folder / "delta"), pa.table(table()))
    source = {"kind": kind, "path": f"s3://theirs/{'in' if kind == 'file' else 'delta'}"}
    if given == "variables":
        source["s3_variables"] = "SHOP_S3"
        for name, value in (("ENDPOINT_URL", address), ("ACCESS_KEY_ID", "theirs"), ("SECRET_ACCESS_KEY", "secret")):
            monkeypatch.setenv(f"SHOP_S3_{name}", value)
    else:
        source["airflow_connection"] = "shop"
        query = urlencode({"endpoint_url": address, "region_name": "eu-west-1"})
        monkeypatch.setenv("AIRFLOW_CONN_SHOP", f"aws://theirs:se%2Fcret@/?{query}")
        assert account_from_connection("shop") == S3Account(address, "theirs", "se/cret", "eu-west-1")
    where = context(tmp_path, config(source), s3_endpoint_url="http://127.0.0.1:1")
    assert bring(where).rows == ROWS


@pytest.mark.parametrize(
    ("source", "missing"),
    [({"s3_variables": "SHOP_S3"}, "SHOP_S3_ACCESS_KEY_ID"), ({"airflow_connection": "shop"}, "AIRFLOW_CONN_SHOP")],
)
def test_an_account_that_is_not_in_the_environment_is_one_sentence(tmp_path, source, missing):
    where = context(tmp_path, config({"path": "s3://theirs/in"} | source))
    with pytest.raises(ConfigError, match=missing):
        bring(where)


def test_a_bucket_without_the_file_and_one_that_does_not_answer_are_one_sentence(bucket, tmp_path):
    _, settings = bucket
    where = context(tmp_path, config({"path": "s3://theirs/nothing.csv"}), **settings)
    with pytest.raises(DataError, match=r"There is no file s3://theirs/nothing\.csv"):
        bring(where)
    down = context(tmp_path, config({"path": "s3://theirs/in"}), **settings | {"s3_endpoint_url": "http://127.0.0.1:1"})
    with pytest.raises(ServiceError, match="s3://theirs/in cannot be listed"):
        bring(down)
