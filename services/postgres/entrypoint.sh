#!/usr/bin/env bash
# Makes the cluster once, then becomes the server. Roles and databases are the init service's work.
set -euo pipefail

main() {
  [[ -s $PGDATA/PG_VERSION ]] || make_cluster
  unset POSTGRES_PASSWORD
  exec postgres -c config_file=/etc/sluss/postgresql.conf -c hba_file=/etc/sluss/pg_hba.conf
}

# Under another name first: a start that is cut short leaves no half-made cluster behind.
make_cluster() {
  rm -rf "$PGDATA.new"
  initdb --pgdata="$PGDATA.new" --username=postgres --encoding=UTF8 --locale=C.UTF-8 --data-checksums \
    --auth=scram-sha-256 --pwfile=<(printf '%s' "${POSTGRES_PASSWORD:?must be set}") >/dev/null
  mv "$PGDATA.new" "$PGDATA"
}

main
