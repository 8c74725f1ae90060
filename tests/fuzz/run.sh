#!/bin/sh
# Fuzzes every target, or those named, for some seconds each (30 by default), from its seeds and from what earlier runs
# found. Finds and crashes stay in the build folder; ends with 1 if a target crashed, hung or leaked.
#
#   tests/fuzz/run.sh [SECONDS [NAME...]]        WIRELAB_FUZZ_BUILD: another build folder than build/fuzz
set -eu
seconds=${1:-30}
[ $# -gt 0 ] && shift
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${WIRELAB_FUZZ_BUILD:-$root/build/fuzz}

cd "$root"
cmake --preset fuzz -B "$build" >/dev/null
[ $# -gt 0 ] || set -- $(ls tests/fuzz/corpus)
cmake --build "$build" --target $(printf 'fuzz_%s ' "$@")

failed=
for name in "$@"; do
  mkdir -p "$build/corpus/$name" "$build/crashes"
  echo "== $name: $seconds s"
  log=$build/$name.log
  if "$build/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=10 -print_final_stats=1 \
    -artifact_prefix="$build/crashes/$name-" "$build/corpus/$name" "tests/fuzz/corpus/$name" >"$log" 2>&1; then
    grep '^stat::\(number\|average\|new\)' "$log"
  else
    tail -n 60 "$log"
    failed="$failed $name"
  fi
done
if [ -n "$failed" ]; then
  echo "broken:$failed; the inputs are in $build/crashes" >&2
  exit 1
fi
