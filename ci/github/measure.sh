#!/usr/bin/env bash
# Measure, check, and show it where GitHub shows things: annotations, the job's summary, a comment's body.
# Reads LAYERBENCH, BENCH_FILE, BASE_REF, BUDGETS, ROUNDS. The outputs are `verdict` and `report-path`.
# Exit codes are layerbench's: 0 fine, 1 a check failed, 2 usage or bench file, 3 a build or the engine failed.
set -uo pipefail

output() {
    printf '%s=%s\n' "$1" "$2" >> "${GITHUB_OUTPUT:?}"
}

# Nothing that a build prints is to be read as a workflow command.
without_commands() {
    local token status
    token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    printf '::stop-commands::%s\n' "$token"
    "$@" 2>&1
    status=$?
    printf '\n::%s::\n' "$token"
    return "$status"
}

give_up() {
    printf '::error title=layerbench::%s\n' "$1"
    output verdict error
    exit "$2"
}

folder=$(mktemp -d "${RUNNER_TEMP:?}/layerbench-XXXXXX") || exit 3
output report-path "$folder"
head=$folder/head.json
base=$folder/base.json
bench=(-c "${BENCH_FILE:-layerbench.toml}")
rounds=()
[ -z "${ROUNDS:-}" ] || rounds=(--rounds "$ROUNDS")

measured=0
if [ -n "${BASE_REF:-}" ] && [ "$BASE_REF" != none ]; then
    if ! git rev-parse --quiet --verify "$BASE_REF^{commit}" > "$folder/base-commit"; then
        # A shallow checkout has no other commit than its own.
        git fetch --quiet --no-tags --depth=1 -- origin "${BASE_REF#origin/}" &&
            git rev-parse --verify 'FETCH_HEAD^{commit}' > "$folder/base-commit" ||
            give_up "the base ref is no commit, branch or tag of this repository: check the input base-ref" 2
    fi
    # The check comes below, by all budget files and in every form.
    without_commands "$LAYERBENCH" ab --no-check --base "$(cat "$folder/base-commit")" "${bench[@]}" "${rounds[@]}" \
        -o "$folder"
    measured=$?
else
    without_commands "$LAYERBENCH" run "${bench[@]}" "${rounds[@]}" -o "$head"
    measured=$?
fi
[ -s "$head" ] || give_up "nothing was measured; the log says why" "$((measured > 1 ? measured : 3))"

checks=("$head" "${bench[@]}")
[ ! -s "$base" ] || checks+=(--baseline "$base")
while IFS= read -r file; do
    [ -z "$file" ] || checks+=(--budget-file "$file")
done <<< "${BUDGETS:-}"

without_commands "$LAYERBENCH" check "${checks[@]}" --format table > "$folder/check.log"
checked=$?
cat "$folder/check.log"
verdict=$(sed -n 's/^verdict: \([a-z]\{1,\}\)\( .*\)\{0,1\}$/\1/p' "$folder/check.log" | tail -n 1)
[ -n "$verdict" ] || give_up "the check came to no verdict; the log says why" "$((checked > 1 ? checked : 3))"

while read -r format file; do
    "$LAYERBENCH" check "${checks[@]}" --format "$format" -o "$folder/$file" > /dev/null
done << 'FORMATS'
json check.json
junit junit.xml
sarif layerbench.sarif
openmetrics metrics.txt
github annotations.txt
github-summary summary.md
github-comment comment.md
FORMATS
if [ -s "$base" ]; then
    "$LAYERBENCH" compare "$base" "$head" --format markdown > "$folder/compare.md"
fi

output verdict "$verdict"
for part in summary.md compare.md; do
    [ ! -s "$folder/$part" ] || cat "$folder/$part" >> "${GITHUB_STEP_SUMMARY:?}"
done
[ ! -s "$folder/annotations.txt" ] || cat "$folder/annotations.txt"

[ "$measured" -lt 2 ] || exit "$measured"
exit "$checked"
