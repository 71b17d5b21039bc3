# Everything a person does with this project. `make help` lists it.

SHELL := /bin/bash
.DEFAULT_GOAL := help

GO      ?= go
BIN     := bin
# Heavy tools run at pinned versions by the go command; nothing is installed.
BUF     := $(GO) run github.com/bufbuild/buf/cmd/buf@v1.75.0
LINT    := $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
VULN    := $(GO) run golang.org/x/vuln/cmd/govulncheck@v1.1.4
WHISPER := deploy/whisper/env.sh
ALL     := ./proto/... ./pkg/... ./services/...
VERSION := $(shell git describe --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -X github.com/stenomesh/stenomesh/pkg/lifecycle.Version=$(VERSION)
FUZZ_SECONDS ?= 60
# How tests and their programs are built. No debugging data: some sixty programs
# are linked with it in vain.
TESTED  := -race -tags whisper,crashpoints -ldflags='-s -w'
# Packages begin in this order: those that take longest first, or the rest waits for
# them at the end.
LONGEST := ./services/mesh ./services/mesh/chaos ./services/transcriber/...
# A program built with the race detector waits a second when it ends, for races
# that other goroutines might still report; tests end hundreds.
test test-long chaos: export GORACE := atexit_sleep_ms=0

.PHONY: help demo demo-compose chaos-compose rolling-compose upgrade-compose footprint images up build tools test-tools test test-programs test-long chaos tus-npm openai-npm bench bench-history scale lint vuln fmt proto proto-check fuzz clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | awk -F'\t' '{printf "  %-15s %s\n", $$1, $$2}'

demo: build ## transcribe a bundled recording from start to end
	@$(GO) run ./services/mesh/cmd/demo

demo-compose: ## the same through the mesh in containers, which goes on running
	@STENOMESH_VERSION=$(VERSION) GO=$(GO) deploy/docker/demo.sh

footprint: ## memory and processor time of the idle mesh, by container
	@deploy/docker/footprint.sh

chaos-compose: ## kill every container while users work, and take away for minutes what they stand on
	STENOMESH_VERSION=$(VERSION) $(GO) test -tags compose -count=1 -timeout 60m -v -run Kill ./services/mesh/compose

rolling-compose: ## restart every container in good order while users work
	STENOMESH_VERSION=$(VERSION) $(GO) test -tags compose -count=1 -timeout 60m -v -run "Rolling|Upgrade" ./services/mesh/compose

upgrade-compose: ## bring the mesh in containers up to this version while it is in use
	@STENOMESH_VERSION=$(VERSION) deploy/docker/upgrade.sh

images: ## build the images of docker-compose.yml
	STENOMESH_VERSION=$(VERSION) docker compose build

up: build ## serve on 127.0.0.1:8000 until Ctrl-C
	@exec $(BIN)/stenomesh up -addr 127.0.0.1:8000 -data ./var -model-fallback demo

build: tools ## build the programs into bin/
	@mkdir -p $(BIN)
	@echo "building the programs"
	@$(GO) build -ldflags "$(LDFLAGS)" -o $(BIN)/ ./services/mesh/cmd/stenomesh ./services/steno/cmd/steno
	@deploy/whisper/build.sh $(BIN)/whisper-engine

# The programs that tests start, with the race detector as the tests themselves.
# All packages are named so that no core waits for the few that take long.
test-programs: test-tools
	@echo "building the programs for the tests"
	@mkdir -p $(BIN)/test
	@$(WHISPER) $(GO) build $(TESTED) $(ALL)
	@$(WHISPER) $(GO) build $(TESTED) -o $(BIN)/test/ ./services/mesh/cmd/stenomesh ./services/transcriber/cmd/whisper-engine ./services/transcriber/cmd/scripted-engine github.com/nats-io/nats-server/v2

test-tools: tools ## install PostgreSQL and Redis for the tests, without starting them
	@deploy/tools.sh test

tools: ## install ffmpeg and set libwhisper up
	@deploy/tools.sh
	@deploy/whisper/setup.sh

# Without vet, which on a fresh machine takes as long as many a test: it reads all
# dependencies first. lint has it. One package and one test more at a time than two
# cores, because some wait (for leases, for processes that were killed).
test: test-programs ## run all tests with the race detector
	$(WHISPER) $(GO) test $(TESTED) -vet=off -p 3 -parallel 3 -timeout 30m $(LONGEST) $(ALL)

test-long: test-programs ## the long tests: an hour of audio, 50 kills of each kind, users for minutes
	STENOMESH_LONG=1 $(GO) test $(TESTED) -count=1 -timeout 90m -v -run 'Kill|Recording|Clients' ./services/mesh/...

SEEDS ?= 20
comma := ,
chaos: test-programs ## hurt a mesh of real processes in every way there is, by SEEDS (20) random schedules
	STENOMESH_LONG=1 STENOMESH_CHAOS_SEEDS=$(SEEDS) STENOMESH_CHAOS_REPORT=$(CURDIR)/$(BIN)/chaos-report.txt \
		$(GO) test $(subst crashpoints,crashpoints$(comma)chaos,$(TESTED)) -count=1 -parallel 4 -timeout 180m -v -run "^TestF[0-9]|^TestSingle|^TestCluster|^TestErasure" ./services/mesh/chaos ./services/mesh

# npm's client, as browsers and Uppy have it. Needs node 18 and npm.
tus-npm: ## upload 200 MB by npm's tus-js-client while connections are cut and gateways replaced
	cd services/gateway/contract/tus && npm ci --no-audit --no-fund
	$(GO) test -tags npm -count=1 -v -run '^TestNpm_tus' ./services/gateway

bench: build ## print the figures of docs/results.md
	@$(GO) run ./services/mesh/cmd/bench

# Programs as operators have them, and two that only measurements need. AUDIO is
# seconds of the recording, ONLY a part of the name: Replicas or Recording.
AUDIO ?= 3600
ONLY  ?=
scale: build test-tools ## print what replicas bring: up to 32 of them, and 3 at an hour of audio
	@$(GO) build -ldflags "$(LDFLAGS)" -o $(BIN)/ ./services/transcriber/cmd/scripted-engine github.com/nats-io/nats-server/v2
	@cd services/mesh/scale && STENOMESH_TEST_PROGRAMS=$(CURDIR)/$(BIN) STENOMESH_SCALE_SECONDS=$(AUDIO) \
		$(GO) test -tags scale -count=1 -timeout 90m -run '$(ONLY)'

NPM_CONTRACT := services/gateway/contract/npm
openai-npm: build ## drive a started mesh with OpenAI's npm client (needs node, npm and the registry)
	@cd $(NPM_CONTRACT) && npm ci --silent && npm test --silent

ROWS ?= 10000000
bench-history: test-tools ## print how long pages, searches and records take with ROWS (10 million) jobs in PostgreSQL: 8 GB of disk, 15 minutes
	@cd services/history/internal/postgres && STENOMESH_ROWS=$(ROWS) $(GO) test -tags rows -count=1 -timeout 90m -v -run '^TestRows$$' .

lint: tools ## golangci-lint over all modules, and the generated code
	$(WHISPER) $(LINT) run $(ALL)
	@$(MAKE) --no-print-directory proto-check

vuln: ## look for known vulnerabilities (needs the vulnerability database)
	$(VULN) $(ALL)

fmt: ## format the code
	gofmt -w proto pkg services

proto: ## check the contracts and generate their code
	cd proto && $(BUF) lint && $(BUF) generate

proto-check: ## check that the generated code is current
	@copy=$$(mktemp -d) && trap 'rm -rf "$$copy"' EXIT && cp -r proto/. "$$copy" && \
		(cd "$$copy" && $(BUF) lint && $(BUF) generate) && \
		diff -r proto "$$copy" || { echo "the generated code is not current; run: make proto" >&2; exit 1; }

fuzz: ## run each fuzz target for FUZZ_SECONDS (60)
	@set -e; for file in $$(grep -rlE '^func Fuzz' --include='*_test.go' pkg services); do \
		for target in $$(grep -oE '^func Fuzz[A-Za-z0-9_]+' $$file | cut -d' ' -f2); do \
			echo "$$target in $$(dirname $$file)"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZ_SECONDS)s ./$$(dirname $$file); \
		done; done

clean: ## remove what was built; downloads and data stay
	rm -rf $(BIN)
