# `make demo` and `make test` are all a fresh machine needs; both can be repeated at no cost.
SWIFT_BUILD = swift build -c release
IEUM = .build/release/ieum

.PHONY: demo test bench bench-ann screenshots build setup weights golden clean

demo: build weights
	$(IEUM) run experiments/quickstart.yaml

test: setup
	$(SWIFT_BUILD) --build-tests
	swift test -c release --skip-build
	scripts/test-cpus.sh avx2 -c release

# Speeds beside other programs', which are installed into a throw-away environment: results/bench/report.md.
bench:
	scripts/bench.sh

# The indexes beside Annoy and faiss: results/ann/README.md.
bench-ann: build
	scripts/bench-ann.sh

# The pictures of the search page in docs/images, taken by driving it in Chromium.
screenshots: build
	scripts/screenshots.py

build: setup
	$(SWIFT_BUILD)

setup:
	@scripts/setup.sh

weights: setup
	@scripts/fetch-weights.sh

clean:
	rm -rf .build
