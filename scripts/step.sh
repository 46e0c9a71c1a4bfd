#!/usr/bin/env bash
# Run one step of tasks/: inside the stack when it is up, in this environment otherwise.
set -euo pipefail
cd "$(dirname "$0")/.."

main() {
    local step=$1
    shift
    if python3 scripts/stack.py is-up 2>/dev/null; then
        exec python3 scripts/stack.py run -- python "/opt/sluss/tasks/$step.py" --use-case "$USE_CASE" "$@"
    fi
    exec .venv/bin/python "tasks/$step.py" --use-case "$USE_CASE" "$@"
}

main "$@"
