# The everyday commands: `just` lists them. (https://just.systems)

_list:
    @just --list --unsorted

# Every check, as CI makes it
check:
    .ci/run

# Tests: all of them, or those that the arguments choose (such as `-p burn-sls-optim merge`)
test *args='--workspace':
    cargo test --release {{ args }}

# Format and lints
lint:
    cargo fmt --all --check
    cargo clippy --release --workspace --all-targets -- -D warnings

# The documentation of all crates, with warnings as errors
doc *args:
    RUSTDOCFLAGS='-D warnings' cargo doc --release --workspace --no-deps {{ args }}

# The book, in a browser (needs mdBook)
book:
    mdbook serve docs --open

# A training by the program `glue`: alone on the built-in sentences, or as the arguments say
run *args:
    cargo run --release -p glue -- train {{ args }}

# The runs of an experiment that have not been made yet
compare experiment='quick' *args:
    cargo run --release -p burn-sls-lab -- compare {{ experiment }} {{ args }}

# Tables and figures of the runs that `compare` has made
report *args:
    cargo run --release -p burn-sls-lab -- report {{ args }}

# What a step costs on a device, of every method beside Adam's
bench *args:
    cargo run --release -p burn-sls-lab -- bench {{ args }}

# The long tests: changed files through every reader for an hour or two, then a million steps
campaign *args:
    cargo run --release -p burn-sls-campaign --features parquet -- fuzz {{ args }}
    cargo run --release -p burn-sls-campaign --features parquet -- steps

# Packages the four libraries and builds them from their packages
publish-dry-run *args:
    cargo publish --dry-run --locked -p burn-sls-kernels -p burn-sls-core -p burn-sls-optim -p burn-sls-bert {{ args }}
