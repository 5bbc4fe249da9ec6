#!/usr/bin/env bash
# Fails if a program and the tests want a dependency with different features: cargo would then
# build that dependency, and all that needs it, once for `cargo run -p glue` and once for `cargo
# test --workspace`.
set -euo pipefail
cd "$(dirname "$0")/.."

# Packages of the registry with their features, a line each; `(*)` marks what the tree has shown
# already.
packages() {
  cargo tree --locked --quiet "$@" --prefix none --format '{p}|{f}' |
    sed 's/ (\*)$//' | grep -vF "($PWD" | sort -u
}

tests=$(packages --workspace --edges all)
for program in glue burn-sls-lab; do
  wanted=$(packages --package "$program" --edges normal,build)
  only_program=$(comm -23 <(echo "$wanted") <(echo "$tests"))
  if [ -n "$only_program" ]; then
    {
      echo "$program has these packages with other features than the tests, so both build them:"
      while IFS='|' read -r package features; do
        echo "  $package"
        echo "    program: $features"
        echo "    tests:   $(grep -F "$package|" <<<"$tests" | cut -d'|' -f2 | paste -sd ';')"
      done <<<"$only_program"
      echo "name the missing features in its Cargo.toml, as crates/burn-sls-run does for ciborium"
    } >&2
    exit 1
  fi
  echo "$program: $(wc -l <<<"$wanted") packages, each with the features that the tests want"
done
