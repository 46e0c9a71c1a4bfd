#!/usr/bin/env bash
# Installs Docker Engine, compose and buildx from Debian's packages and starts the engine.
# Safe to run again: it does nothing where plain `docker compose` already reaches an engine.
set -euo pipefail

readonly PACKAGES=(docker.io docker-cli docker-compose docker-buildx iptables)
readonly LOG=${DOCKERD_LOG:-/var/log/dockerd.log}
readonly TRIXIE_SOURCE=/etc/apt/sources.list.d/sluss-trixie.sources

main() {
  if ! complete; then
    need_root
    need_debian
    add_trixie_source
    install_packages
    link_plugins
  fi
  if ! answers; then
    need_root
    start_engine
    wait_for_engine
  fi
  docker version --format 'Docker Engine {{.Server.Version}} answers (client {{.Client.Version}}).'
  echo "Compose $(docker compose version --short), $(docker buildx version | cut -d' ' -f2)"
}

complete() {
  command -v dockerd >/dev/null && docker compose version >/dev/null 2>&1 && docker buildx version >/dev/null 2>&1
}

answers() { docker info >/dev/null 2>&1; }

need_root() {
  [[ $EUID -eq 0 ]] || fail "Installing and starting Docker needs root: run it with sudo."
}

need_debian() {
  grep -qx 'ID=debian' /etc/os-release ||
    fail "This script knows Debian only: install Docker Engine 26 or newer with compose and buildx from your distribution."
}

# Bookworm's own engine (20.10, compose 1.29) is too old for the compose file. Trixie's runs on bookworm;
# the low priority keeps every other package where it is.
add_trixie_source() {
  local codename
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  if [[ $codename != trixie && ! -e $TRIXIE_SOURCE ]]; then
    cat >"$TRIXIE_SOURCE" <<SOURCE
Types: deb
URIs: $(debian_mirror)
Suites: trixie
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCE
    printf 'Package: *\nPin: release n=trixie\nPin-Priority: 50\n' >/etc/apt/preferences.d/sluss-trixie
  fi
  apt-get update -qq
}

# The mirror that this machine already uses.
debian_mirror() {
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | sort -u | head -n 1
}

install_packages() {
  local target=()
  [[ -e $TRIXIE_SOURCE ]] && target=(-t trixie)
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${target[@]}" "${PACKAGES[@]}"
}

# A docker client from elsewhere that comes first in PATH may not search Debian's plugin folder.
link_plugins() {
  local plugin
  mkdir -p /usr/local/lib/docker/cli-plugins
  for plugin in docker-compose docker-buildx; do
    docker "${plugin#docker-}" version >/dev/null 2>&1 ||
      ln -sf "$(find /usr/libexec/docker/cli-plugins /usr/lib/docker/cli-plugins -name "$plugin" 2>/dev/null | head -n 1)" \
        "/usr/local/lib/docker/cli-plugins/$plugin"
  done
}

start_engine() {
  if [[ -d /run/systemd/system ]]; then
    systemctl start docker
  else
    setsid dockerd >"$LOG" 2>&1 </dev/null &
  fi
}

wait_for_engine() {
  local _
  for _ in {1..120}; do
    answers && return
    sleep 0.5
  done
  tail -n 5 "$LOG" >&2 2>/dev/null || true
  fail "Docker Engine did not answer within 60 seconds: see $LOG."
}

fail() {
  echo "$1" >&2
  exit 2
}

main "$@"
