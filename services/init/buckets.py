"""A bucket and a key each for MLflow and the lake, a key that may read the lake, and one that may list both."""

from __future__ import annotations

import json
import os
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from minio import Minio, MinioAdmin
from minio.credentials import StaticProvider
from minio.error import MinioAdminException, S3Error
from prepare_error import PrepareError
from urllib3.exceptions import HTTPError

BUILT_IN_ENDPOINT = "http://minio:9000"
# Bucket: the prefix of the variables that hold its key.
BUCKETS = {"mlflow": "MLFLOW_S3", "lake": "LAKE_S3"}
READER = "ROOM_S3"  # prefix of the variables that hold the control room's key
READ = ["s3:GetBucketLocation", "s3:ListBucket", "s3:GetObject"]
WRITE = [
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:ListBucketMultipartUploads",
    "s3:ListMultipartUploadParts",
    "s3:AbortMultipartUpload",
]
# By default, each account may make keys of its own, which go on when its secret is changed, and change that secret.
KEEP_OUT = ["admin:CreateServiceAccount", "admin:UpdateServiceAccount", "admin:CreateUser"]


def prepare() -> None:
    """Make buckets and keys in the stack's own MinIO; another store must have them already."""
    try:
        if os.environ["S3_ENDPOINT_URL"] == BUILT_IN_ENDPOINT:
            _prepare_minio()
        for bucket, prefix in (*BUCKETS.items(), ("lake", READER)):
            _check_key(bucket, prefix)
    except (MinioAdminException, S3Error) as error:
        message = (
            "MinIO refused its root account: MINIO_ROOT_USER and MINIO_ROOT_PASSWORD in .env set it at every start"
        )
        raise PrepareError(f"{message} ({error}).") from error
    except HTTPError as error:
        raise PrepareError(f"MinIO cannot be reached ({error}): see 'make logs SERVICE=minio'.") from error


def _prepare_minio() -> None:
    root = StaticProvider(os.environ["MINIO_ROOT_USER"], os.environ["MINIO_ROOT_PASSWORD"])
    client = Minio(endpoint="minio:9000", secure=False, credentials=root)
    admin = MinioAdmin(endpoint="minio:9000", secure=False, credentials=root)
    for bucket, prefix in BUCKETS.items():
        if not client.bucket_exists(bucket):
            client.make_bucket(bucket)
        _set_key(admin, prefix, f"only-{bucket}", _policy([bucket], READ + WRITE))
    _set_key(admin, READER, "read-lake", _policy(["lake"], READ))
    _set_key(admin, "MINIO_VIEWER", "look-only", _policy(list(BUCKETS), READ))


def _set_key(admin: MinioAdmin, prefix: str, policy_name: str, policy: dict[str, Any]) -> None:
    access_key = os.environ[f"{prefix}_ACCESS_KEY_ID"]
    admin.policy_add(policy_name, policy=policy)
    admin.user_add(access_key, os.environ[f"{prefix}_SECRET_ACCESS_KEY"])
    admin.policy_set(policy_name, user=access_key)
    # Made before the policy refused them, or by a person: `.env` has all keys.
    for more in json.loads(admin.list_service_account(access_key))["accounts"] or []:
        admin.delete_service_account(more["accessKey"])


def _policy(buckets: list[str], actions: list[str]) -> dict[str, Any]:
    resources = [f"arn:aws:s3:::{bucket}{suffix}" for bucket in buckets for suffix in ("", "/*")]
    statements = [
        {"Effect": "Allow", "Action": actions, "Resource": resources},
        {"Effect": "Deny", "Action": KEEP_OUT},
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def _check_key(bucket: str, prefix: str) -> None:
    endpoint = os.environ["S3_ENDPOINT_URL"]
    store = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=os.environ["S3_REGION"],
        aws_access_key_id=os.environ[f"{prefix}_ACCESS_KEY_ID"],
        aws_secret_access_key=os.environ[f"{prefix}_SECRET_ACCESS_KEY"],
    )
    try:
        store.list_objects_v2(Bucket=bucket, MaxKeys=1)
    except (BotoCoreError, ClientError) as error:
        raise PrepareError(
            f"the key {prefix}_ACCESS_KEY_ID cannot list the bucket '{bucket}' at {endpoint} ({error}): "
            "make the bucket and the key there, or correct them in .env."
        ) from error
