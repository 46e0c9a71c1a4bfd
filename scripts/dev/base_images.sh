#!/usr/bin/env bash
# Makes the base images from Debian's packages, under the same tags, where no container registry can be reached.
# Tags that exist already are left alone.
set -euo pipefail

readonly SUITE=trixie
readonly ROOT_IMAGE=sluss-debian:$SUITE
readonly PYTHON_IMAGE=${PYTHON_IMAGE:-python:3.13-slim-trixie}
readonly POSTGRES_IMAGE=${POSTGRES_IMAGE:-postgres:17-trixie}
readonly GOLANG_IMAGE=${GOLANG_IMAGE:-golang:1.26-trixie}
readonly VALKEY_IMAGE=${VALKEY_IMAGE:-valkey/valkey:8.1}

main() {
  docker info >/dev/null 2>&1 || fail "No Docker Engine answers: start it (scripts/dev/install_docker.sh does on Debian) and try again."
  if have "$PYTHON_IMAGE" && have "$POSTGRES_IMAGE" && have "$GOLANG_IMAGE" && have "$VALKEY_IMAGE"; then
    echo "All base images are here."
    return
  fi
  have "$ROOT_IMAGE" || make_root_image
  have "$PYTHON_IMAGE" || python_dockerfile | build "$PYTHON_IMAGE"
  have "$POSTGRES_IMAGE" || postgres_dockerfile | build "$POSTGRES_IMAGE"
  have "$GOLANG_IMAGE" || golang_dockerfile | build "$GOLANG_IMAGE"
  have "$VALKEY_IMAGE" || valkey_dockerfile | build "$VALKEY_IMAGE"
}

have() { docker image inspect "$1" >/dev/null 2>&1; }

build() {
  echo "Building $1 from Debian's packages"
  docker build --quiet --tag "$1" - >/dev/null
}

make_root_image() {
  [[ $EUID -eq 0 ]] || fail "debootstrap needs root: run 'sudo make base-images'."
  command -v debootstrap >/dev/null || fail "debootstrap is missing: install it with 'apt-get install debootstrap'."
  local folder mirror
  folder=$(mktemp -d)
  # shellcheck disable=SC2064  # the folder's name is wanted as it is now
  trap "rm -rf '$folder'" EXIT
  mirror=$(debian_mirror)
  echo "Bootstrapping Debian $SUITE"
  # Bookworm's debootstrap knows trixie by the script that all releases share.
  debootstrap --variant=minbase --include=ca-certificates "$SUITE" "$folder" ${mirror:+"$mirror"} >/dev/null
  add_sources "$folder" "${mirror:-}"
  rm -rf "${folder:?}"/var/cache/apt/archives/*.deb "${folder:?}"/var/lib/apt/lists/*
  tar -C "$folder" -c . | docker import --change 'CMD ["bash"]' - "$ROOT_IMAGE" >/dev/null
}

# Security updates and backports from the mirror that debootstrap used.
add_sources() {
  local mirror=$2
  [[ -n $mirror ]] || mirror=$(awk '$1 == "deb" { print $2; exit }' "$1/etc/apt/sources.list")
  {
    echo "deb $mirror $SUITE main"
    echo "deb $mirror $SUITE-updates main"
    echo "deb $mirror $SUITE-backports main"
    echo "deb ${mirror%/}-security $SUITE-security main"
  } >"$1/etc/apt/sources.list"
}

# The mirror that this machine already uses; empty lets debootstrap choose its own.
debian_mirror() {
  command -v apt-get >/dev/null || return 0
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -E '/debian/?$' | sort -u | head -n 1 || true
}

install() {
  echo "RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends $* && rm -rf /var/lib/apt/lists/*"
}

python_dockerfile() {
  echo "FROM $ROOT_IMAGE"
  install python3.13 python3.13-venv python3-pip netbase tzdata
  # As in the official image: python and pip in PATH install into the system's own site-packages.
  cat <<'DOCKERFILE'
RUN ln -s /usr/bin/python3.13 /usr/local/bin/python && ln -s /usr/bin/python3.13 /usr/local/bin/python3 \
 && ln -s /usr/bin/pip3 /usr/local/bin/pip && rm -f /usr/lib/python3.13/EXTERNALLY-MANAGED
ENV LANG=C.UTF-8
CMD ["python3"]
DOCKERFILE
}

postgres_dockerfile() {
  echo "FROM $ROOT_IMAGE"
  # The official image's numeric user, so that a volume can move from one to the other.
  echo "RUN groupadd -r postgres --gid=999 && useradd -r -g postgres --uid=999 --home-dir=/var/lib/postgresql --shell=/bin/bash postgres"
  # No cluster at installation: the container's entry point makes it.
  echo "RUN mkdir -p /etc/postgresql-common && echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf"
  install postgresql-17 libnss-wrapper
  cat <<'DOCKERFILE'
RUN install -d -o postgres -g postgres -m 1777 /var/lib/postgresql/data /var/run/postgresql
ENV LANG=C.UTF-8 PATH=/usr/lib/postgresql/17/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    PGDATA=/var/lib/postgresql/data
VOLUME /var/lib/postgresql/data
DOCKERFILE
}

golang_dockerfile() {
  local version=${GOLANG_IMAGE#*:}
  version=${version%%-*}
  echo "FROM $ROOT_IMAGE"
  install -t "$SUITE-backports" "golang-$version-go"
  cat <<DOCKERFILE
ENV PATH=/go/bin:/usr/lib/go-$version/bin:/usr/local/bin:/usr/bin:/bin GOPATH=/go GOTOOLCHAIN=local
WORKDIR /go
DOCKERFILE
}

valkey_dockerfile() {
  echo "FROM $ROOT_IMAGE"
  install valkey-server valkey-tools
  echo "ENV LANG=C.UTF-8"
}

fail() {
  echo "$1" >&2
  exit 2
}

main "$@"
