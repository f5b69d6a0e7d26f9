# `make demo` shows Ocellus at work; `make test` runs all tests. Both install what is missing.

SHELL := /bin/bash
FOR ?=
PLUGINS := line-crossing parking parking-levels plate-log reid-association speeding traffic-stats zones
TARGET := $(or $(CARGO_TARGET_DIR),target)
# Under sudo the user's own cargo is often not on PATH.
export PATH := $(PATH):$(HOME)/.cargo/bin$(if $(SUDO_USER),:/home/$(SUDO_USER)/.cargo/bin)
NEXTEST := $(shell command -v cargo-nextest 2>/dev/null)

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/ocellus
JS_RULE := $(TARGET)/guests/js/line-crossing.wasm
PYTHON_RULE := $(TARGET)/guests/python/line-crossing.wasm
JS_POWERS := $(TARGET)/guests/js/powers.wasm
PYTHON_POWERS := $(TARGET)/guests/python/powers.wasm

.PHONY: help build plugins guests guests-js guests-python setup-sdk test-sdk demo test test-fuzz bench bench-peers fuzz fmt lint \
  setup setup-test

help:
	@echo "make demo [FOR=60]   build, then run two synthetic cameras with two rules and a web page"
	@echo "make test            build, then run every test"
	@echo "make build           target/release/ocellus and target/plugins/*.wasm"
	@echo "make guests-js guests-python test-sdk   the example rules of the SDKs, and the tests of these"
	@echo "make bench           print each budget beside its limit or a peer"
	@echo "make bench-peers     the same rule behind Extism and in Python, beside Ocellus and a native function"
	@echo "make fuzz [FOR=600]  try each fuzz target so many seconds; 60 where left out"
	@echo "make fmt lint        format; clippy, licences, unused dependencies"

setup:
	@.ci/setup build

setup-test:
	@.ci/setup test

build: setup plugins
	cargo build --release -p ocellus-app

plugins: setup
	cargo build --profile plugin --target wasm32-wasip2 $(addprefix -p ,$(PLUGINS))
	@mkdir -p $(TARGET)/plugins
	@for name in $(PLUGINS); do \
	  cp $(TARGET)/wasm32-wasip2/plugin/$${name//-/_}.wasm $(TARGET)/plugins/$$name.wasm; done

guests: setup
	cargo build --release --locked --target wasm32-wasip2 --manifest-path tests/guests/Cargo.toml \
	  --target-dir $(TARGET)/guests

setup-sdk:
	@.ci/setup sdk

guests-js: $(JS_RULE) $(JS_POWERS)

$(JS_RULE): $(wildcard sdk/js/*.* sdk/js/src/* sdk/js/examples/line-crossing/* wit/v0.2/*) | setup-sdk
	@mkdir -p $(@D)
	node sdk/js/build.mjs sdk/js/examples/line-crossing/rule.js -o $@

$(JS_POWERS): $(wildcard sdk/js/*.* sdk/js/src/* sdk/js/test/powers/* wit/v0.2/*) | setup-sdk
	@mkdir -p $(@D)
	node sdk/js/build.mjs sdk/js/test/powers/rule.js -o $@

guests-python: $(PYTHON_RULE) $(PYTHON_POWERS)

$(PYTHON_RULE): $(wildcard sdk/python/*.* sdk/python/ocellus_sdk/*.py sdk/python/examples/line-crossing/* wit/v0.2/*) | setup-sdk
	@mkdir -p $(@D)
	PYTHONPATH=sdk/python:$(CACHE)/sdk-python python3 -m ocellus_sdk.build \
	  sdk/python/examples/line-crossing/line_crossing.py -o $@

$(PYTHON_POWERS): $(wildcard sdk/python/*.* sdk/python/ocellus_sdk/*.py sdk/python/tests/powers/* wit/v0.2/*) | setup-sdk
	@mkdir -p $(@D)
	PYTHONPATH=sdk/python:$(CACHE)/sdk-python python3 -m ocellus_sdk.build \
	  sdk/python/tests/powers/powers_rule.py -o $@

test-sdk: setup-sdk
	cd sdk/js && npm test --silent
	cd sdk/python && python3 -m unittest discover -q -s tests
	cd sdk/python/examples/line-crossing && PYTHONPATH=../.. python3 -m unittest -q

demo: build
	$(TARGET)/release/ocellus demo --plugins $(TARGET)/plugins $(if $(FOR),--for $(FOR))

# The fuzz targets as any other program, once over their committed seeds; `make fuzz` looks for more.
FUZZ_TARGETS := upload output settings recordings rest
test-fuzz: setup
	cargo build --release --locked --features rest --manifest-path tests/fuzz/Cargo.toml --target-dir $(TARGET)
	@for name in $(FUZZ_TARGETS); do \
	  $(TARGET)/release/$$name tests/fuzz/corpus-seeds/$$name/* >$(TARGET)/fuzz-$$name.log 2>&1 || \
	    { cat $(TARGET)/fuzz-$$name.log; exit 1; }; done

test: setup-test build guests guests-js guests-python test-sdk test-fuzz
	@if [ -z "$$OCELLUS_TEST_DATA" ]; then \
	  echo "note: OCELLUS_TEST_DATA is unset; tests on real video and public models will say SKIPPED"; fi
ifdef NEXTEST
	cargo nextest run --release --workspace --no-fail-fast
	cargo test --release --workspace --doc
else
	cargo test --release --workspace --no-fail-fast
endif

bench: build guests
	@.ci/setup bench
	cargo bench -q --profile release -p ocellus-core --bench tracker --bench trackers --bench embedding
	cargo bench -q --profile release -p ocellus-media --bench camera_motion
	cargo bench -q --profile release -p ocellus-inference --bench embed
	cargo bench -q --profile release -p ocellus-runtime --bench rule_call --bench shipped_rules
	cargo bench -q --profile release -p ocellus-pipeline --bench analyze --bench swap

bench-peers: setup guests
	@.ci/setup peers
	cargo build --profile plugin --locked --manifest-path tests/peers/Cargo.toml -p extism-plugin \
	  --target wasm32-unknown-unknown --target-dir $(TARGET)
	cargo run -q --release --locked --manifest-path tests/peers/Cargo.toml --target-dir $(TARGET) -- \
	  $(TARGET)/guests/wasm32-wasip2/release/line.wasm $(TARGET)/wasm32-unknown-unknown/plugin/extism_plugin.wasm

fuzz: setup plugins guests
	CARGO_TARGET_DIR=$(TARGET) tests/fuzz/run $(or $(FOR),60) $(FUZZ_TARGETS)

# Workspaces of their own, which the root's commands do not reach.
APART := tests/guests tests/fuzz tests/peers

fmt:
	cargo fmt --all
	@for folder in $(APART); do cargo fmt --all --manifest-path $$folder/Cargo.toml; done

lint: setup
	cargo fmt --all --check
	@for folder in $(APART); do cargo fmt --all --check --manifest-path $$folder/Cargo.toml || exit 1; done
	cargo clippy --release --workspace --all-targets -- -D warnings
	cargo clippy --release --features rest --manifest-path tests/fuzz/Cargo.toml --target-dir $(TARGET) -- -D warnings
	@if command -v cargo-deny >/dev/null; then \
	  for folder in . $(APART); do cargo deny --manifest-path $$folder/Cargo.toml check licenses bans sources || exit 1; \
	  done; \
	  else echo "note: licences are not checked; get cargo-deny with: cargo install --locked cargo-deny"; fi
	@if command -v cargo-machete >/dev/null; then cargo machete; \
	  else echo "note: unused dependencies are not looked for; get cargo-machete with: cargo install --locked cargo-machete"; fi
