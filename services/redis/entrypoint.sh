#!/usr/bin/env bash
# Writes the accounts, then becomes the server. `sluss-redis healthy` asks whether it serves, and ends an endless script.
set -euo pipefail
umask 077

readonly HEALTH_PASSWORD=/tmp/health # new at each start, and read by the health check alone

main() {
  if [[ ${1:-} == healthy ]]; then
    healthy
    return
  fi
  write_accounts
  unset REDIS_SCHEDULER_PASSWORD REDIS_WORKER_PASSWORD
  exec valkey-server /etc/sluss/valkey.conf
}

# A task may send a script, and one that never ends would stop the queue for all. One that has written cannot be stopped
# alone: then the server ends, Docker starts it again, and it loses no message.
healthy() {
  local reply
  reply=$(valkey-cli ping 2>&1) || true
  if [[ $reply == *BUSY* ]]; then
    [[ $(as_health script kill) == OK ]] || as_health shutdown nosave
  fi
  [[ $reply == PONG ]]
}

as_health() {
  REDISCLI_AUTH=$(<"$HEALTH_PASSWORD") valkey-cli --user health "$@" 2>&1
}

# The lines of users.acl, each with the hash of its account's password.
write_accounts() {
  head -c 32 /dev/urandom | sha256sum | cut -d ' ' -f 1 >"$HEALTH_PASSWORD"
  sed -e "s/SCHEDULER_HASH/$(hash_of "${REDIS_SCHEDULER_PASSWORD:?must be set}")/" \
    -e "s/WORKER_HASH/$(hash_of "${REDIS_WORKER_PASSWORD:?must be set}")/" \
    -e "s/HEALTH_HASH/$(hash_of "$(<"$HEALTH_PASSWORD")")/" \
    /etc/sluss/users.acl >/tmp/users.acl
}

hash_of() {
  local line
  line=$(printf '%s' "$1" | sha256sum)
  printf '%s' "${line%% *}"
}

main "$@"
