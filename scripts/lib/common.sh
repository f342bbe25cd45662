# Shared by the scripts of this folder; read with `.` from the top of the checkout, under bash with set -euo pipefail.

SECONDS=0
step() { printf '\n== %s\n' "$*"; }

# build <preset> [target...]: configures, then builds. All cores are used; LIAISON_JOBS bounds them.
build()
{
    local preset=$1; shift
    local log="build/$preset.log" started=$SECONDS
    step "construction « $preset »"
    mkdir -p build
    cmake --preset "$preset" -DLIAISON_TESTS="${LIAISON_TESTS:-ON}" >"$log" 2>&1 || { cat "$log" >&2; return 1; }
    # On a terminal ninja rewrites one line; elsewhere its thousand lines are noise, so only failures are shown.
    local args=(-C "build/$preset" ${LIAISON_JOBS:+-j "$LIAISON_JOBS"} "$@")
    if [[ ! -t 1 ]]; then args+=(--quiet); fi
    ninja "${args[@]}"
    echo "construit en $((SECONDS - started)) s"
}

# run_suites <preset> [ctest options]: ctest's own summary ends the output; a run without any test is a failure. Most tests
# wait for their peers most of the time: two for each core, unless LIAISON_JOBS says otherwise.
run_suites()
{
    local preset=$1; shift
    step "tests « $preset » $*"
    ctest --preset "$preset" -j "${LIAISON_JOBS:-$((2 * $(nproc)))}" --output-junit results.xml "$@"
}

# samples_ran <preset>: with the official samples at hand, at least one test labelled `samples` must have run.
samples_ran()
{
    local preset=$1
    local folder=${LIAISON_SAMPLES:-../shared/samples}
    [[ -d $folder ]] || return 0
    ctest --test-dir "build/$preset" --show-only=json-v1 -L samples | python3 -c '
import json, sys
import xml.etree.ElementTree as xml
names = {test["name"] for test in json.load(sys.stdin)["tests"]}
ran = {case.get("name") for case in xml.parse(sys.argv[1]).iter("testcase") if case.get("status") == "run"}
print(f"exemples officiels : {len(names & ran)} tests")
sys.exit(0 if names & ran else "les exemples officiels sont là et aucun test ne les a lus")
' "build/$preset/results.xml"
}
