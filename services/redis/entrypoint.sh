#!/usr/bin/env bash
# Writes the accounts, then becomes the server. `sluss-redis healthy` asks whether it serves.
set -euo pipefail

main() {
  if [[ ${1:-} == healthy ]]; then
    [[ $(valkey-cli ping) == PONG ]]
    return
  fi
  write_accounts
  unset REDIS_SCHEDULER_PASSWORD REDIS_WORKER_PASSWORD
  exec valkey-server /etc/sluss/valkey.conf
}

# The lines of users.acl, each with the hash of its account's password.
write_accounts() {
  sed -e "s/SCHEDULER_HASH/$(hash_of "${REDIS_SCHEDULER_PASSWORD:?must be set}")/" \
    -e "s/WORKER_HASH/$(hash_of "${REDIS_WORKER_PASSWORD:?must be set}")/" \
    /etc/sluss/users.acl >/tmp/users.acl
}

hash_of() {
  local line
  line=$(printf '%s' "$1" | sha256sum)
  printf '%s' "${line%% *}"
}

main "$@"
