#!/usr/bin/env bash
# Measure, check, and show it where GitHub shows things: annotations, the job's summary, a comment's body.
# Reads LAYERBENCH, BENCH_FILE, BASE_REF, PULL_BASE and PULL_HEAD (the pull request's commits, as the event has them),
# BUDGETS, ROUNDS. The outputs are `verdict` and `report-path`.
# Exit codes are layerbench's: 0 fine, 1 a check failed, 2 usage or bench file, 3 a build or the engine failed.
set -uo pipefail

# Each form of the check that is written, and its file.
forms='
    table=check.txt
    json=check.json
    junit=junit.xml
    sarif=layerbench.sarif
    openmetrics=metrics.txt
    github=annotations.txt
    github-summary=summary.md
    github-comment=comment.md
'

say() {
    printf 'layerbench: %s\n' "$1"
}

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
    # Else the comment on an earlier state would stay, and go on saying what nobody knows of this one.
    printf '%s\n' '<!-- layerbench: check -->' '## layerbench: ❌ no verdict' '' \
        "No verdict was reached: $1." > "$folder/comment.md"
    exit "$2"
}

# The commit that a name stands for. A shallow checkout has no other commit than its own.
commit_of() {
    git rev-parse --quiet --verify "$1^{commit}" && return
    say "this checkout lacks the base: fetching that one commit" >&2
    git fetch --quiet --no-tags --depth=1 -- origin "${1#origin/}" >&2 &&
        git rev-parse --quiet --verify 'FETCH_HEAD^{commit}'
}

# Where HEAD merges the pull request into its base: the base's commit. It is read from the commit itself, for git knows
# no parents of a shallow checkout's commit.
merged_into() {
    local first second more
    read -r first second more <<< "$(git cat-file commit HEAD 2> /dev/null | sed -n '/^$/q; s/^parent //p' | tr '\n' ' ')"
    [ -n "$second" ] && [ -z "$more" ] && [ "$second" = "${PULL_HEAD:-}" ] && printf '%s\n' "$first"
}

# Set `base` to the commit to compare with; to nothing where there is none.
find_base() {
    local missing
    base=
    case ${BASE_REF:-} in
        none) return ;;
        '')
            [ -n "${PULL_BASE:-}" ] || return
            if base=$(merged_into); then
                # The event's base is older: what its branch has won since would be charged to the pull request.
                say "HEAD merges the pull request into $base: comparing with that"
            else
                base=$PULL_BASE
                say "HEAD is not GitHub's merge of the pull request: comparing with $base, which the event has as its base"
            fi
            missing="the pull request's base is not in this checkout and cannot be fetched: give actions/checkout fetch-depth 0"
            ;;
        *)
            base=$BASE_REF
            missing="the base ref is no commit, branch or tag of this repository: check the input base-ref"
            ;;
    esac
    base=$(commit_of "$base") || give_up "$missing" 2
}

# Both states in turns. What failed in the base alone, and what was left out, only this run knows: it writes all forms.
measure_both() {
    local form reports=()
    for form in $forms; do
        reports+=(--report "${form%%=*}=$folder/${form#*=}")
    done
    without_commands "$LAYERBENCH" ab --base "$base" "${bench[@]}" "${rounds[@]}" "${budgets[@]}" "${reports[@]}" \
        -o "$folder"
    code=$?
    [ ! -s "$folder/base.json" ] || "$LAYERBENCH" compare "$folder/base.json" "$folder/head.json" --format markdown \
        > "$folder/compare.md"
}

# This state alone. Budgets that are relative wait for a pull request, where no baseline file is committed.
measure_one() {
    local form checked checks=("$folder/head.json" "${bench[@]}" --without-baseline "${budgets[@]}")
    without_commands "$LAYERBENCH" run "${bench[@]}" "${rounds[@]}" -o "$folder/head.json"
    code=$?
    [ -s "$folder/head.json" ] || return
    without_commands "$LAYERBENCH" check "${checks[@]}"
    checked=$?
    [ "$code" -gt 1 ] || code=$checked
    [ "$checked" -ne 2 ] || return
    for form in $forms; do
        "$LAYERBENCH" check "${checks[@]}" --format "${form%%=*}" -o "$folder/${form#*=}" > /dev/null 2>&1
    done
}

folder=$(mktemp -d "${RUNNER_TEMP:?}/layerbench-XXXXXX") || exit 3
output report-path "$folder"
bench=(-c "${BENCH_FILE:-layerbench.toml}")
rounds=()
[ -z "${ROUNDS:-}" ] || rounds=(--rounds "$ROUNDS")
budgets=()
while IFS= read -r file; do
    [ -z "$file" ] || budgets+=(--budget-file "$file")
done <<< "${BUDGETS:-}"

find_base
if [ -n "$base" ]; then measure_both; else measure_one; fi

verdict=
[ ! -s "$folder/check.txt" ] || verdict=$(sed -n '$s/^verdict: \([a-z]\{1,\}\).*$/\1/p' "$folder/check.txt")
[ -n "$verdict" ] || give_up "nothing was judged; the job's log says why" "$((code > 1 ? code : 3))"
# Of a run that was cut short, what was measured may be fine.
[ "$code" -lt 2 ] || [ "$verdict" = error ] || give_up "the run did not come to its end; the job's log says why" "$code"

output verdict "$verdict"
for part in summary.md compare.md; do
    [ ! -s "$folder/$part" ] || cat "$folder/$part" >> "${GITHUB_STEP_SUMMARY:?}"
done
[ ! -s "$folder/annotations.txt" ] || cat "$folder/annotations.txt"
exit "$code"
