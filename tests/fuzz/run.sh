#!/bin/sh
# Runs every fuzz target of a build folder for a while, one on each core, and says what came of it.
# usage: [SEED=N] tests/fuzz/run.sh BUILD SECONDS [NAME...]
# SEED makes what is tried repeatable, as far as the time allows; without it every run tries something else.
# What they learn stays in BUILD/corpus/NAME; inputs that fail are left in BUILD/findings.
# Exit code: 0 nothing was found, 1 something was, 77 there are no targets.
set -eu
[ $# -ge 2 ] || { sed -n '3,4p' "$0"; exit 2; }
build=$1 seconds=$2
shift 2
if [ $# = 0 ]; then
  for target in "$build"/fuzz_*; do
    [ -x "$target" ] && set -- "$@" "${target##*/fuzz_}"
  done
fi
[ $# -gt 0 ] || { echo "fuzz: skipped, there are no targets in $build; clang makes them (make fuzz)"; exit 77; }

mkdir -p "$build/findings"
one() {
  name=$1
  mkdir -p "$build/corpus/$name"
  BIJI_SEEDS="$build/corpus/$name" "$build/fuzz_$name" >"$build/$name.log" 2>&1
  if "$build/fuzz_$name" "$build/corpus/$name" -seed="${SEED:-0}" -max_total_time="$seconds" -timeout=10 \
    -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$build/findings/$name-" >"$build/$name.log" 2>&1; then
    awk -v name="$name" '/^Done/ {print "fuzz " name ": " $2 " inputs in " $5 " s, nothing found"}' "$build/$name.log"
  else
    grep -E 'ERROR|SUMMARY|not so:|runtime error|Assertion|Test unit' "$build/$name.log" || tail -n 20 "$build/$name.log"
    echo "fuzz $name: FAILED; see $build/$name.log, and run $build/fuzz_$name FINDING again"
    return 1
  fi
}

if [ $# = 1 ]; then
  one "$1"
else
  # Temporary files in memory, where the system has that.
  if [ -w /dev/shm ]; then TMPDIR=/dev/shm; fi
  TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/biji-fuzz-XXXXXX")
  export TMPDIR
  trap 'rm -rf "$TMPDIR"' EXIT
  # xargs turns any failure into 123.
  printf '%s\n' "$@" | xargs -P "$(getconf _NPROCESSORS_ONLN)" -n 1 "$0" "$build" "$seconds" || exit 1
fi
