#!/usr/bin/env bash
# Install layerbench in an environment of its own, so that the job's Python stays as it is.
# Reads VERSION (empty: the action's checkout); the output `layerbench` is the program.
set -euo pipefail

fail() {
    printf '::error title=layerbench::%s\n' "$1"
    exit 2
}

python=
for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
[ -n "$python" ] || fail "no Python 3.11 or newer on this runner: put a step with actions/setup-python before this one"

package="${GITHUB_ACTION_PATH:?}[index]"
if [ -n "${VERSION:-}" ]; then
    [[ $VERSION =~ ^[0-9][0-9A-Za-z.+!-]*$ ]] || fail "the input version is none: write one like 0.1.0"
    package="layerbench[index]==$VERSION"
fi

folder=$(mktemp -d "${RUNNER_TEMP:?}/layerbench-venv-XXXXXX")
"$python" -m venv "$folder"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$package"
printf 'layerbench=%s\n' "$folder/bin/layerbench" >> "$GITHUB_OUTPUT"
