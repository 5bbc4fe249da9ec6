#!/usr/bin/env bash
# What a step of training costs on a machine with an NVIDIA GPU, from programs that were built
# elsewhere.
#
#   scripts/bench-gpu.sh OUT LAB [TESTS]
#
# OUT    folder for everything that is written
# LAB    the program `sls-lab`, from `cargo build --release -p burn-sls-lab --features cuda,wgpu`
# TESTS  folder with test programs: of each, the tests that depend on the backend are run on both
#
# MODEL (bert-base, or minilm), STEPS (30) and PYTHON (python3) may be set in the environment.
# PyTorch's side needs torch and transformers; without them it is left out. What fails is named at
# the end, and the rest is done.
set -euo pipefail

if [ $# -lt 2 ]; then
  sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
out=$1 lab=$2 tests=${3:-}
model=${MODEL:-bert-base} steps=${STEPS:-30} python=${PYTHON:-python3}
here=$(cd "$(dirname "$0")/.." && pwd)

[ -x "$lab" ] || { echo "$lab is no program: build it with --features cuda,wgpu" >&2; exit 2; }
[ -z "$tests" ] || [ -d "$tests" ] || { echo "$tests is no folder of test programs" >&2; exit 2; }
command -v nvidia-smi >/dev/null || { echo 'there is no nvidia-smi: is this a machine with an NVIDIA GPU?' >&2; exit 2; }
mkdir -p "$out"

# As cargo runs it: freed memory is kept for the next step.
export MIMALLOC_PURGE_DELAY=-1
failed=()

# Runs a command into a log of that name, and goes on if it fails.
try() {
  local name=$1
  shift
  printf '== %s\n' "$name"
  if ! "$@" >"$out/$name.log" 2>&1; then
    failed+=("$name")
    tail -n 3 "$out/$name.log" >&2
  fi
}

nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader | tee "$out/gpu.txt"
for device in cuda wgpu; do
  try "bench-$device" "$lab" bench --model "$model" --steps "$steps" --device "$device" --out "$out/$device"
  for test in ${tests:+"$tests"/*}; do
    [ -f "$test" ] && [ -x "$test" ] || continue
    try "$(basename "$test")-$device" env "BURN_SLS_DEVICE=$device" "$test" device::
  done
done
try pytorch "$python" "$here/tests/python/time_step.py" --model "$model" --steps "$steps" --device cuda

if [ ${#failed[@]} -gt 0 ]; then
  printf 'failed: %s; their logs are in %s\n' "${failed[*]}" "$out" >&2
  exit 1
fi
echo "done: everything is in $out"
