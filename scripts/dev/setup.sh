#!/usr/bin/env bash
# Make .venv from the lock file, with the uv that the lock file pins.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

fail() {
    echo "$1" >&2
    exit 2
}

# Sets `python` to the newest interpreter that the project supports.
find_python() {
    local candidate
    for candidate in python3.13 python3.12 python3.11 python3; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
            python=$(command -v "$candidate")
            return
        fi
    done
    fail "Sluss needs Python 3.11, 3.12 or 3.13 and found none; install one so that 'python3' starts it."
}

# Sets `uv` to a uv of the pinned version, from the PATH or installed beside the environment.
find_uv() {
    local pinned
    pinned=$(sed -n 's/^uv==\([^ ]*\).*/\1/p' requirements.lock)
    if [ "$(uv --version 2>/dev/null | cut -d' ' -f2)" = "$pinned" ]; then
        uv=uv
        return
    fi
    uv=.venv/bootstrap/bin/uv
    [ -x "$uv" ] && [ "$("$uv" --version | cut -d' ' -f2)" = "$pinned" ] && return
    echo "Installing uv $pinned beside the environment …"
    mkdir -p .venv
    "$python" -m pip --version >/dev/null 2>&1 ||
        fail "Python at $python has no pip to install uv with; install pip (Debian: apt install python3-pip) or uv $pinned."
    awk '/^uv==/ {found = 1} found {print} found && !/\\$/ {exit}' requirements.lock >.venv/uv.lock
    "$python" -m pip --disable-pip-version-check install --quiet --require-hashes --no-deps --prefix .venv/bootstrap \
        --ignore-installed --root-user-action ignore --requirement .venv/uv.lock ||
        fail "pip could not install uv; check the network (or the proxy's settings), or install uv $pinned yourself."
    [ -x "$uv" ] || uv=$(find .venv/bootstrap -name uv -type f -perm -u+x | head -n 1)
}

# uv keeps a cache in the user's home, which may be missing or read-only.
choose_cache() {
    local cache=${UV_CACHE_DIR:-${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/uv}
    if ! mkdir -p "$cache" 2>/dev/null || [ ! -w "$cache" ]; then export UV_CACHE_DIR=$PWD/.venv/cache; fi
}

install_packages() {
    echo "Making the environment from requirements.lock …"
    "$uv" venv --quiet --allow-existing --relocatable --python "$python" .venv
    # Compiling ahead takes most of the set-up's time, for 18,000 files of which the commands use a sixth. Python compiles
    # those when it first imports them, and keeps them, unless it is told not to.
    if [ -n "${PYTHONDONTWRITEBYTECODE:-}" ]; then export UV_COMPILE_BYTECODE=1; fi
    VIRTUAL_ENV=$PWD/.venv "$uv" pip install --require-hashes --constraint requirements.lock \
        --requirement pyproject.toml --group airflow --group mlflow --group init --group notebook --group dev ||
        fail "The packages could not be installed; check the network and the free disk space (2 GB), then run it again."
}

# Whether all packages are there, as where the checkout was only moved.
complete() {
    local input
    for input in requirements.lock pyproject.toml scripts/dev/setup.sh; do
        [ .venv/.ready -nt "$input" ] || return
    done
}

# Lets the environment find this checkout.
install_checkout() {
    VIRTUAL_ENV=$PWD/.venv "$uv" pip install --quiet --no-deps --no-build-isolation --editable . ||
        fail "The environment could not be pointed to $PWD; delete .venv, then run it again."
    # uv links to the absolute path. Before 3.13, Python reads it in the encoding of the locale, also in UTF-8 mode, and
    # ends where that is ASCII and a folder has an umlaut. A relative path has ASCII alone.
    local link
    for link in .venv/lib/python*/site-packages/sluss.pth; do
        rm -f "$link" # a hard link to a file of uv's cache
        echo ../../../.. >"$link"
    done
}

main() {
    find_python
    find_uv
    choose_cache
    complete || install_packages
    install_checkout
    (cd .venv && pwd -P) >.venv/.ready
}

[ "${BASH_SOURCE[0]}" != "$0" ] || main
