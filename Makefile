# What a developer and CI call. Silent about what goes well.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

MODULE_SOURCES := $(shell find assembly sdk/assembly -name '*.ts') asconfig.json
SCRIPT_SOURCES := $(shell find host istio envoy cli bench envoy-tests istio-tests/lab host-tests/lint/fuzz host-tests/module-mutants host-tests/module-fuzz host-tests/recorded docs-generator -name '*.ts') tsconfig.json tsconfig.build.json
ASC := npx --no-install asc

.PHONY: help build demo up test test-istio istio test-versions test-exhaustion mutants mutants-typescript soak chaos bench bench-memory bench-scale bench-peers bench-mesh bench-istio bench-lint bench-bad-input docs fuzz fuzz-module record images lint format clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1	\2/' | expand -t 24

build: build/portcullis.wasm build/js/.done ## portcullis.wasm, and the command in build/js

demo: build ## replays Istio's end-user authentication task on a real Envoy (SLOW=1: waits out the clock skew too)
	@node build/js/envoy/demo/main.js

up: build ## the demo's gateway, left running, with lines to paste (PORT=8080: on that port)
	@node build/js/envoy/demo/main.js up

test: build build/tests.done ## everything: the module in the Node host and in real Envoys (ONLY=path: one folder or file)
	@npx --no-install vitest run $(ONLY)

test-istio: build build/tests.done istio ## the module in the real istiod, agent and API server; root, Go 1.26 (ONLY=file)
	@CI_ISTIO=1 npx --no-install vitest run $(or $(ONLY),istio-tests)

istio: build/js/.done ## builds what test-istio and bench-istio run, once: 13 minutes
	@node build/js/istio-tests/lab/build-main.js

test-versions: build build/tests.done ## the tests in real Envoys on Envoy 1.36 to 1.40 (VERSIONS='1.36 1.37', ONLY=path)
	@node scripts/test-versions.mjs

test-exhaustion: build build/tests.done ## 1,000 large updates, floods of 30 sizes, 10,000 waiting, on Envoy 1.36 and 1.40; two hours
	@UPDATES=1000 SHAPES=30 WAITING=10000 VERSIONS='1.36 1.40' ONLY=envoy-tests/exhaustion.test.ts node scripts/test-versions.mjs

mutants: build build/tests.done ## small faults put into the module, and which of them no test finds (ONLY=assembly/authz, TESTS=files)
	@node build/js/host-tests/module-mutants/main.js

mutants-typescript: build build/tests.done ## small faults put into the linter, the reader of resources and the Node host (ONLY=istio/lint/nearest.ts)
	@npx --no-install stryker run host-tests/typescript-mutants/stryker.config.mjs

chaos: build build/tests.done ## misfortunes of all kinds, and what is open, wrong or lost meanwhile (SHORT=1, ONLY=text); 10 minutes
	@node build/js/bench/chaos.js

soak: build ## 10 million requests of 47 kinds, each status checked, while policies change (COUNT, MINUTES)
	@node build/js/bench/soak.js

bench: build build/bench.done ## CPU per request beside Envoy's native filters (ARGS='-o json', …)
	@node build/js/bench/main.js $(ARGS)

bench-memory: build ## Envoy's memory while a million distinct tokens come
	@node build/js/bench/memory.js

bench-scale: build ## one policy against a thousand, beside native rbac; compiling; latency while policies change
	@node build/js/bench/scale.js

bench-peers: build build/bench.done ## what mutual TLS costs beside the native header; memory while plaintext is refused
	@node build/js/bench/peers.js

bench-mesh: build ## how long a mesh takes to start and to heed a policy; its memory
	@node build/js/bench/mesh.js

bench-istio: build istio ## how long Istio takes to bring a policy into force, under load; root, Go 1.26
	@node build/js/bench/istio.js

bench-lint: build ## how long 5,000 policies take to lint
	@node build/js/bench/lint.js

bench-bad-input: build ## what commands do with input that is endless, huge, deep, binary: exit codes, seconds, memory (ONLY=text)
	@node build/js/bench/bad-input.js

docs: build ## writes what docs/ says of the sources: findings, the command line, reasons
	@node build/js/docs-generator/main.js

fuzz: build ## lint against the module on 100,000 mutated policies (COUNT, SEED)
	@node build/js/host-tests/lint/fuzz/main.js

fuzz-module: build build/tests.done build/testing-traced.wasm ## 10 million inputs to all that strangers' bytes reach (COUNT, SEED, SECONDS, TARGET, INPUT)
	@node build/js/host-tests/module-fuzz/main.js

record: build ## writes down what native filters answer, for host-tests/recorded: 10 minutes
	@RECORD=host-tests/recorded npx --no-install vitest run --config envoy-tests/recorder/vitest.config.ts

images: build ## the images of `mesh up --runtime docker`, from what this machine has
	@node scripts/build-images.mjs

lint: node_modules/.done ## types, ESLint, the rules of the module, formatting
	@npx --no-install tsc --noEmit -p tsconfig.json
	@npx --no-install eslint --max-warnings 0 .
	@node scripts/lint-assembly.mjs assembly sdk/assembly
	@npx --no-install prettier --check --log-level warn .

format: node_modules/.done ## formats every file
	@npx --no-install prettier --write --log-level warn .

clean: ## removes what was built
	@rm -rf build

node_modules/.done: package-lock.json package.json sdk/package.json
	@node scripts/check-node.mjs
	@npm ci --loglevel=error >/dev/null
	@touch $@

build/portcullis.wasm: node_modules/.done $(MODULE_SOURCES)
	@$(ASC) assembly/index.ts --target release

build/js/.done: node_modules/.done $(SCRIPT_SOURCES)
	@npx --no-install tsc -p tsconfig.build.json
	@touch $@

# Modules that only tests load.
build/tests.done: node_modules/.done $(MODULE_SOURCES) $(shell find sdk/example envoy-tests/probe -name '*.ts')
	@$(ASC) assembly/faulty.ts --target faulty
	@$(ASC) assembly/testing.ts --target testing
	@$(ASC) sdk/example/assembly/index.ts --target example
	@$(ASC) envoy-tests/probe/assembly/index.ts --target probe
	@touch $@

# Tells of the places that it comes to.
build/testing-traced.wasm: node_modules/.done $(MODULE_SOURCES)
	@$(ASC) assembly/testing.ts --target traced

# Modules that only the benchmark loads.
build/bench.done: node_modules/.done $(MODULE_SOURCES) $(shell find bench -path '*assembly*' -name '*.ts')
	@$(ASC) bench/assembly/no-op-sdk.ts --target no-op-sdk
	@$(ASC) bench/assembly/no-op-imports.ts --target no-op-imports
	@touch $@
