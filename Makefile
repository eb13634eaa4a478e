# The targets developers use; CI calls the same.

.PHONY: build deb sbom licences test check bench fuzz

build:
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o bin/telekeep ./cmd/telekeep

# bin/telekeep.deb: the program, units, man pages, completions, licences, SBOM.
deb:
	packaging/deb bin

# bin/telekeep.cdx.json: what bin/telekeep was linked from (CycloneDX).
sbom: build
	go run ./packaging/modules sbom bin/telekeep >bin/telekeep.cdx.json

# After a change of go.mod.
licences:
	go run ./packaging/modules licences >docs/licences.md.new
	mv docs/licences.md.new docs/licences.md

test:
	go test ./...

# What must pass before every commit.
check:
	test -z "$$(gofmt -s -l .)"
	go vet ./...
	go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.6.2 run ./...
	go test -race ./config ./crypto ./internal/... ./chunkstore/... ./archive ./export

# One table: every benchmark, and beside each figure what limits it, measured in the same run; kept in bench/results.
bench:
	./bench/run.sh

# A minute of fuzzing for every decoder: an hour on one processor.
fuzz:
	./.ci/fuzz 60s
