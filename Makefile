# The index of commands: `make` alone lists them.
# Cargo has its own job server.
unexport MAKEFLAGS MFLAGS

POLICIES := $(patsubst policies/%/Cargo.toml,%,$(wildcard policies/*/Cargo.toml))
BENCH_GUESTS := floor usual

.PHONY: help
help: ## List the commands
	@sed -n 's/^\([a-z0-9]*\):.*## /\1	/p' Makefile | while IFS='	' read -r name text; do printf '  make %-10s %s\n' "$$name" "$$text"; done

.PHONY: preflight
preflight: target/debug/compiled ## Judge examples/shop with every policy, or your own files: make preflight MANIFESTS=path [ARGS=...]
# The examples hold bad manifests: there, "refused" (1) is the expected end. For your own files the status is preflight's.
	@cargo run $(if $(wildcard target/debug/preflight),--quiet) --locked -p preflight --features embedded -- $(ARGS) $(or $(MANIFESTS),examples/shop) $(if $(filter-out examples examples/%,$(MANIFESTS)),,|| [ $$? = 1 ])

.PHONY: test
test: wasm ## Run all tests; ARGS= goes to cargo test
	cargo test --workspace --locked $(ARGS)

.PHONY: bless
bless: wasm ## Rewrite expected answers and generated documents, to review in the diff
	BLESS=1 cargo test --workspace --locked $(ARGS)

.PHONY: docs
docs: wasm ## Write the documents that come from code, metadata and cases
	BLESS=1 cargo test --quiet --locked -p bundle-tests --test docs

.PHONY: pictures
pictures: wasm ## Take the pictures of the README, with Chromium
	@cargo run --quiet --locked -p bundle-tests --bin pictures

.PHONY: e2e
e2e: wasm ## Replay all cases through the kwctl on the PATH; ARGS= is a part of a name
	@cargo run --quiet --locked -p bundle-tests --bin e2e -- target/e2e $(ARGS)

.PHONY: bench
bench: target/release/compiled $(BENCH_GUESTS:%=target/bench-guests/%.wasm) ## Measure what policies and preflight cost, into docs/benchmarks.md; ARGS=start takes a part
	@cargo build --quiet --locked --release -p preflight --features embedded,registry
	@cargo bench --quiet --locked -p bundle-tests --bench figures -- $(ARGS)

# What the policies are compared with: no policies, never shipped, and so not in dist/.
target/bench-guests/%.wasm: toolchain
	@tools/wasm-cargo rustc $(if $(wildcard $@),--quiet) --locked --profile wasm -p $* --lib --crate-type cdylib
	@mkdir -p target/bench-guests
	@cp target/wasm/wasm32-unknown-unknown/wasm/$*.wasm $@

# Seconds for each target.
FUZZ_TIME := 60

.PHONY: fuzz
fuzz: cargo ## Look for inputs that break a property; ARGS= is a part of a name, FUZZ_TIME= the seconds for each
	@tools/fuzz $(FUZZ_TIME) $(ARGS)

# Twice: each mutant with the tests of its package, and what these let live with all cases as native code. Timeouts (3)
# are loops without an end, which count as found. That all cases pass without a mutant is for `make test` to say.
MUTANTS := CARGO_TARGET_DIR=$(CURDIR)/target/mutants target/tools/bin/cargo-mutants mutants --output target

.PHONY: mutants
mutants: cargo ## Break the code in small ways, to see which no test notices; ARGS= goes to cargo-mutants
	@test -x target/tools/bin/cargo-mutants || cargo install --locked --root target/tools cargo-mutants@27.1.0
	@$(MUTANTS) --cargo-test-arg=--lib $(ARGS) || case $$? in 2|3) ;; *) exit 1 ;; esac
	@$(MUTANTS) --iterate --baseline skip --timeout 120 --test-package bundle-tests --cargo-test-arg=--test=native $(ARGS) || [ $$? = 3 ]

.PHONY: check
check: wasm ## Check format, lints (native and wasm) and documentation
	cargo fmt --all --check
	cargo fmt --manifest-path fuzz/Cargo.toml --check
	cargo clippy --workspace --all-targets --all-features --locked -- -D warnings
	tools/wasm-cargo clippy --locked --profile wasm -p document -p shared $(POLICIES:%=-p %) -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked
	@cargo metadata --quiet --locked --format-version 1 --manifest-path fuzz/Cargo.toml >/dev/null

.PHONY: workflows
workflows: ## Check the workflows, the action and the shell scripts, with linters that it installs
	@tools/lint-workflows

.PHONY: ci
ci: ## Run what CI runs: tests, checks, a second build to compare, and ten seconds of fuzzing for each target
	@.ci/run

.PHONY: fmt
fmt: cargo ## Format the code
	cargo fmt --all
	cargo fmt --manifest-path fuzz/Cargo.toml

.PHONY: wasm
wasm: $(POLICIES:%=dist/%.wasm) ## Build each policy to dist/<policy>.wasm

# Cargo knows what changed, so it is always asked. A copy only where bytes differ: what embeds dist/ stays fresh.
dist/%.wasm: toolchain
	@tools/wasm-cargo rustc $(if $(wildcard $@),--quiet) --locked --profile wasm -p $* --lib --crate-type cdylib
	@mkdir -p dist
	@cmp -s target/wasm/wasm32-unknown-unknown/wasm/$(subst -,_,$*).wasm $@ || \
		cp target/wasm/wasm32-unknown-unknown/wasm/$(subst -,_,$*).wasm $@

# The modules compiled for this machine, beside them in dist/: preflight takes both into its binary, and starts without a
# compiler. With the features of preflight, so that what both are built of is built once. The policies are built beside the
# compiler: what takes longest in it takes one core.
target/debug/compiled: FEATURES := --features preflight/embedded
target/release/compiled: FEATURES := --release --features preflight/embedded,preflight/registry
.PHONY: target/debug/compiled target/release/compiled
target/debug/compiled target/release/compiled: target/%/compiled: cargo
	@$(MAKE) --no-print-directory wasm & policies=$$!; \
		cargo build --quiet --locked $(FEATURES) -p preflight -p compiler --bin precompile && wait $$policies
	@target/$*/precompile $(POLICIES:%=dist/%.wasm)

.PHONY: reproducible
reproducible: wasm ## Build the policies a second time elsewhere, and compare the bytes
	@tools/reproducible $(POLICIES)

.PHONY: install
install: target/release/compiled ## Install the preflight command with the policies inside
	cargo install --path preflight --features embedded,registry --locked

.PHONY: archive
archive: wasm ## Build and pack preflight as a release does: make archive TARGET=x86_64-unknown-linux-musl
	$(if $(TARGET),,$(error TARGET is missing: make archive TARGET=x86_64-unknown-linux-musl))
	@tools/package-preflight $(TARGET) target/archives

.PHONY: push
push: wasm ## Push the policies: make push REGISTRY=registry.example.com/policies TAG=v0.1.0
	$(if $(and $(REGISTRY),$(TAG)),,$(error REGISTRY and TAG are missing: make push REGISTRY=registry.example.com/policies TAG=v0.1.0))
	@set -e; for policy in $(POLICIES); do \
		reference=registry://$(REGISTRY)/$$policy:$(TAG); \
		if command -v kwctl >/dev/null; then kwctl push dist/$$policy.wasm $$reference; \
		else cargo run --quiet --locked -p policy-registry -- dist/$$policy.wasm $$reference; fi; \
	done

.PHONY: clean
clean: cargo ## Remove everything that was built
	cargo clean
	rm -rf dist fuzz/target fuzz/artifacts

.PHONY: toolchain
toolchain: cargo
	@tools/wasm-cargo

.PHONY: cargo
cargo:
	@command -v cargo >/dev/null || { echo "cargo is missing: install Rust with rustup (https://rustup.rs) and try again" >&2; exit 1; }
