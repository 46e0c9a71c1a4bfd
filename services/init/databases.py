"""A role and a database of its own for each service."""

from __future__ import annotations

import os
from contextlib import closing

import psycopg2
from prepare_error import PrepareError
from psycopg2 import sql
from psycopg2.extensions import connection, cursor, encrypt_password

# Database: role. MLflow's accounts are a database of their own, because its schema is migrated separately.
DATABASES = {"airflow": "airflow", "mlflow": "mlflow", "mlflow_auth": "mlflow", "warehouse": "warehouse"}


def prepare() -> None:
    """Create roles and databases, and revoke all access by other roles."""
    with closing(_superuser()) as superuser, superuser.cursor() as query:
        for role in sorted(set(DATABASES.values())):
            _set_role(query, superuser, role)
        for database, role in DATABASES.items():
            _set_database(query, database, role)
        for database in ("postgres", "template1"):
            query.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database)))


def _superuser() -> connection:
    try:
        superuser = psycopg2.connect(
            host="postgres", user="postgres", dbname="postgres", password=os.environ["POSTGRES_PASSWORD"]
        )
    except psycopg2.OperationalError as error:
        if "password authentication failed" in str(error):
            message = (
                "POSTGRES_PASSWORD in .env is not the password that this volume was made with: put the old one back."
            )
            raise PrepareError(message) from error
        raise PrepareError(f"Postgres cannot be reached ({error}): see 'make logs SERVICE=postgres'.") from error
    superuser.autocommit = True
    return superuser


def _set_role(query: cursor, superuser: connection, role: str) -> None:
    query.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,))
    verb = sql.SQL("ALTER" if query.fetchone() else "CREATE")
    # Hashed here, so that the plain password appears in no server log.
    password = encrypt_password(os.environ[f"{role.upper()}_DB_PASSWORD"], role, superuser, "scram-sha-256")
    query.execute(
        sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}").format(
            verb, sql.Identifier(role), sql.Literal(password)
        )
    )


def _set_database(query: cursor, database: str, role: str) -> None:
    query.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,))
    names = {"database": sql.Identifier(database), "role": sql.Identifier(role)}
    if not query.fetchone():
        query.execute(sql.SQL("CREATE DATABASE {database} OWNER {role}").format(**names))
    query.execute(sql.SQL("REVOKE ALL ON DATABASE {database} FROM PUBLIC").format(**names))
