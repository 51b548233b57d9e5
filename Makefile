# kvstash: one entry point. `make help` lists what there is.
#
# Sources are found by name: src/<room>/**/*.cc become one library, src/bin/<name>_main.cc a program,
# tests/unit/**/*_test.cc and tests/sim/*_test.cc one test binary. Every kind of build has a directory of its own:
#
#   build/        release: what `make` and `make run` give           (-O2, jemalloc)
#   build/test    the same with KVSTASH_SLOW_CHECKS                  TEST=1
#   build/debug   no optimisation, full debug information            DEBUG=1
#   build/asan    AddressSanitizer and UBSan, libc's allocator       SANITIZE=address,undefined
#   build/tsan    ThreadSanitizer, libc's allocator                  SANITIZE=thread
#
# Variables: BUILD (default: build), CXX (default: g++), JOBS (default: the cores), WERROR (empty: warnings
# do not stop a build), ROOMS ("base resp": compile only these rooms), ONLY (a doctest filter for `make unit`).

BUILD ?= build
JOBS ?= $(shell nproc)
ifeq ($(origin CXX),default)
CXX := g++
endif
WERROR ?= -Werror
SANITIZE ?=
PORT ?= 6379
METRICS_PORT ?= 9121
# Where `make run` keeps its data.
DATA ?= data
# The system's own: Debian's python3-redis is installed for it.
PYTHON ?= $(or $(wildcard /usr/bin/python3),python3)

.DEFAULT_GOAL := server
.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:

# A number of jobs given on the command line wins; a make under make shares its parent's.
ifeq ($(MAKELEVEL),0)
ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(JOBS)
endif
endif
MAKEFLAGS += --no-print-directory

# ---- the kind of build ------------------------------------------------------------------------------------

comma := ,
checks := -DKVSTASH_SLOW_CHECKS
ifneq ($(findstring fuzzer,$(SANITIZE)),)
  kind := fuzz
else ifneq ($(findstring thread,$(SANITIZE)),)
  kind := tsan
else ifneq ($(SANITIZE),)
  kind := asan
else ifneq ($(DEBUG),)
  kind := debug
else ifneq ($(TEST),)
  kind := test
endif
OUT := $(BUILD)$(if $(kind),/$(kind))

optimise := -O2 -g1
ifeq ($(kind),)
  checks :=
else ifeq ($(kind),debug)
  optimise := -O0 -g
else ifeq ($(kind),test)
  optimise := -O1 -g1
else
  # Instrumented code misleads g++ about what is initialised (its manual says so; <regex> shows it).
  optimise := -O1 -g -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -DKVSTASH_NO_JEMALLOC \
    $(if $(findstring clang,$(CXX)),,-Wno-maybe-uninitialized)
endif

# The oldest x86-64 that matters has SSE4.2 and POPCNT; other processors take their compiler's default.
machine := $(if $(filter x86_64%,$(shell $(CXX) -dumpmachine 2>/dev/null)),-march=x86-64-v2)

packages := libuv openssl spdlog fmt yaml-cpp prometheus-cpp-core lua5.1-c++ $(if $(SANITIZE),,jemalloc)
pkg_cflags := $(shell pkg-config --cflags $(packages) 2>/dev/null)
pkg_libs := $(shell pkg-config --libs $(packages) 2>/dev/null)

CCACHE := $(shell command -v ccache 2>/dev/null)
house_warnings := -Wall -Wextra -Wconversion -Wshadow $(WERROR)
compile_flags := -std=c++20 $(optimise) -fno-omit-frame-pointer $(machine) -pthread $(house_warnings) \
  $(checks) -Isrc $(pkg_cflags) $(CPPFLAGS) $(CXXFLAGS)
link_flags := $(optimise) -pthread -Wl,--as-needed $(LDFLAGS)
link_libs := $(pkg_libs) $(LDLIBS)

# ---- sources and objects ----------------------------------------------------------------------------------

room_dirs := $(filter-out src/bin/,$(if $(ROOMS),$(patsubst %,src/%/,$(ROOMS)),$(wildcard src/*/)))
lib_sources := $(sort $(shell find $(room_dirs) -name '*.cc' 2>/dev/null))
bin_sources := $(sort $(wildcard src/bin/*_main.cc))
test_dirs := $(if $(ROOMS),$(patsubst %,tests/unit/%,$(ROOMS)),tests/unit tests/sim)
test_sources := $(sort $(shell find $(test_dirs) tests/support -name '*_test.cc' 2>/dev/null)) tests/unit/main.cc
fuzz_sources := $(sort $(wildcard tests/fuzz/*_fuzz.cc))
headers := $(sort $(shell find src tests/support tests/sim tests/fuzz -name '*.h'))
formatted := $(sort $(shell find src tests -name '*.cc' -o -name '*.h'))

# With ROOMS the library is another one, so that a partial build never passes for the whole.
part := $(if $(ROOMS),-$(subst $() ,-,$(strip $(ROOMS))))
library := $(OUT)/libkvstash$(part).a
unit_binary := $(OUT)/kvstash_test$(part)
# src/bin/kvstash_bench_main.cc -> kvstash-bench
program = $(OUT)/$(subst _,-,$(patsubst src/bin/%_main.cc,%,$(1)))
programs := $(foreach main,$(bin_sources),$(call program,$(main)))
fuzz_binaries := $(patsubst tests/fuzz/%.cc,$(OUT)/%,$(fuzz_sources))
object = $(patsubst %.cc,$(OUT)/obj/%.o,$(1))

# Rewritten only when its text changes, so that what depends on it is built again exactly then.
define remember
	@mkdir -p $(@D)
	@printf '%s\n' '$(1)' | cmp -s - $@ || printf '%s\n' '$(1)' > $@
endef

$(OUT)/flags: FORCE
	$(call remember,$(CXX) $(compile_flags))
$(OUT)/sources$(part): FORCE
	$(call remember,$(lib_sources))
$(OUT)/tests$(part): FORCE
	$(call remember,$(test_sources))

# What most sources include is parsed once for each kind of build: the standard library for the lower rooms,
# the engine's headers beside it for the rooms above, doctest beside those for their tests.
low_rooms := base resp net store bench bin
std_headers := algorithm any array atomic bit charconv chrono cstdint cstring deque functional map memory mutex \
  optional set span string string_view thread unordered_map utility variant vector
precompiled = $(OUT)/precompiled/$(1).h
precompiled_suffix := $(if $(findstring clang,$(CXX)),pch,gch)
# Behind a precompiled header g++ 12 takes std::string's own buffer for too short in sums of strings, and says so
# of the library's own lines, which it otherwise passes over.
precompiled_flags := $(if $(CCACHE),-fpch-preprocess) $(if \
  $(findstring clang,$(CXX)),,-Wno-array-bounds -Wno-stringop-overflow)
# src/store/set.cc and tests/unit/store/set_test.cc are both of the room store; doctest's own main and the fuzz
# targets want nothing of doctest.
room_of = $(word 2,$(subst /, ,$(patsubst tests/%,%,$(1))))
kind_of = $(if $(filter $(low_rooms) main.cc %_fuzz.cc,$(call room_of,$(1))),standard,$(if \
  $(filter tests/%,$(1)),testing,engine))

$(call precompiled,standard): FORCE
	@mkdir -p $(@D)
	@printf '#include <%s>\n' $(std_headers) | cmp -s - $@ || printf '#include <%s>\n' $(std_headers) > $@
$(call precompiled,engine): $(call precompiled,standard)
	@{ cat $<; printf '#include "engine/shard.h"\n'; } > $@
$(call precompiled,testing): $(call precompiled,engine)
	@{ cat $<; printf '#include <doctest/doctest.h>\n'; } > $@
$(OUT)/precompiled/%.h.$(precompiled_suffix): $(OUT)/precompiled/%.h $(OUT)/flags
	@echo "  CXX   $<"
	@$(CXX) $(compile_flags) -MMD -MP -MF $@.d -MT $@ -x c++-header $< -o $@
-include $(wildcard $(OUT)/precompiled/*.d)

.SECONDEXPANSION:
$(OUT)/obj/%.o: %.cc $(OUT)/flags $$(call precompiled,$$(call kind_of,$$*.cc)).$(precompiled_suffix)
	@mkdir -p $(@D)
	@echo "  CXX   $<"
	@$(CCACHE) $(CXX) $(compile_flags) $(precompiled_flags) -Itests \
	  -include $(call precompiled,$(call kind_of,$<)) -MMD -MP -c $< -o $@

$(library): $(call object,$(lib_sources)) $(OUT)/sources$(part)
	@rm -f $@
	@ar rcs $@ $(call object,$(lib_sources))

define main_of_program
$(call program,$(1)): $(call object,$(1))
endef
$(foreach main,$(bin_sources),$(eval $(call main_of_program,$(main))))
$(programs): $(library)
	@echo "  LINK  $@"
	@$(CXX) $(link_flags) -o $@ $(filter %.o,$^) $(library) $(link_libs)

$(unit_binary): $(call object,$(test_sources)) $(library) $(OUT)/tests$(part)
	@echo "  LINK  $@"
	@$(CXX) $(link_flags) -o $@ $(call object,$(test_sources)) $(library) $(link_libs)

$(fuzz_binaries): $(OUT)/%: $(OUT)/obj/tests/fuzz/%.o $(library)
	@echo "  LINK  $@"
	@$(CXX) $(link_flags) -fsanitize=fuzzer -o $@ $^ $(link_libs)

-include $(patsubst %.o,%.d,$(call object,$(lib_sources) $(bin_sources) $(test_sources)))
ifeq ($(kind),fuzz)
-include $(patsubst %.o,%.d,$(call object,$(fuzz_sources)))
endif

# ---- building and running ---------------------------------------------------------------------------------

.PHONY: server unit-binary fuzz-binaries
server: $(programs)  ## build the release server: build/kvstash
	@[ -n "$(programs)" ] || { echo "there is no src/bin/*_main.cc"; exit 1; }
unit-binary: $(unit_binary)
fuzz-binaries: $(fuzz_binaries)

.PHONY: run deps test-deps
run: deps  ## install what is missing, build, serve on 6379 with metrics on 9121, files in data/ (PORT=, METRICS_PORT=, DATA=, ARGS=)
	@$(MAKE) server
	@mkdir -p $(DATA)
	@echo "kvstash keeps its data in $(abspath $(DATA))"
	exec $(OUT)/kvstash --port $(PORT) --metrics-port $(METRICS_PORT) --dir $(DATA) $(ARGS)

deps:  ## install the packages that a build needs
	@utils/install-deps build
test-deps:  ## install the packages that the tests need
	@utils/install-deps build test

# ---- testing ----------------------------------------------------------------------------------------------

.PHONY: test check nightly unit transcripts differential system fuzz-smoke headers format tidy lint bench
test: test-deps  ## everything: unit, transcripts, differential, system, fuzz smoke, tidy; one line of totals
	@JOBS=$(JOBS) BUILD=$(BUILD) $(PYTHON) utils/suite test

check:  ## what every commit passes: format, tidy, headers, tests under ASan+UBSan and TSan
	@JOBS=$(JOBS) BUILD=$(BUILD) $(PYTHON) utils/suite check

nightly: test-deps  ## what takes hours: millions of random commands, sanitized system tests, long fuzzing
	@JOBS=$(JOBS) BUILD=$(BUILD) $(PYTHON) utils/suite nightly

unit:  ## unit tests with slow checks on (ONLY='*sentence*', ROOMS='base resp', SANITIZE=...)
ifeq ($(or $(SANITIZE),$(TEST),$(DEBUG)),)
	@$(MAKE) TEST=1 unit
else
	@$(MAKE) unit-binary
	@$(if $(SANITIZE),ulimit -S -s 65536;) $(unit_binary) $(if $(ONLY),--test-case='$(ONLY)')
endif

transcripts:  ## tests/scenario at 1, 2 and 4 shards and on the oracle (UPDATE=1, FILES=..., SANITIZE=...)
ifeq ($(UPDATE),)
	@$(MAKE) server
endif
	@$(PYTHON) utils/transcripts --build $(BUILD) --server $(OUT)/kvstash $(if $(UPDATE),--update) $(FILES)

differential: server  ## random commands, compared with the oracle (OPS=20000, SEED=...)
	@$(PYTHON) utils/differential --build $(BUILD) --server $(OUT)/kvstash --ops $(or $(OPS),20000) \
	  $(if $(SEED),--seed $(SEED)) $(ARGS)

system: server  ## real processes and foreign clients over TCP (FILES=..., SANITIZE=...)
	@$(PYTHON) tests/system/run --build $(BUILD) --server $(OUT)/kvstash $(FILES)

# The rooms that read bytes from outside; compiled with clang, apart from everything else.
FUZZ_ROOMS ?= base resp net store engine commands scripting persist replication sentinel server admin
FUZZ_RUNS ?= 10000
FUZZ_SEED ?= 1
fuzz-smoke:  ## every fuzz target: its corpus and FUZZ_RUNS from FUZZ_SEED, or FUZZ_SECONDS of new search; needs clang++
	@$(MAKE) CXX=clang++ SANITIZE=fuzzer-no-link,address ROOMS='$(FUZZ_ROOMS)' fuzz-binaries
	@utils/fuzz-smoke $(BUILD)/fuzz $(if $(FUZZ_SECONDS),-max_total_time=$(FUZZ_SECONDS),-runs=$(FUZZ_RUNS) -seed=$(FUZZ_SEED))

header_checks := $(patsubst %,$(OUT)/headers/%.ok,$(headers))
headers: $(header_checks)  ## every header compiles alone
	@echo "$(words $(header_checks)) headers compile alone"
$(OUT)/headers/%.ok: % $(OUT)/flags
	@mkdir -p $(@D)
	@echo '#include "$*"' | $(CXX) $(compile_flags) -I. -Itests -MMD -MP -MF $(@:.ok=.d) -MT $@ \
	  -fsyntax-only -x c++ - && touch $@
ifneq ($(filter headers,$(MAKECMDGOALS)),)
-include $(header_checks:.ok=.d)
endif

format:  ## clang-format would change nothing (FIX=1 rewrites, FILES=... limits)
	@clang-format $(if $(FIX),-i,--dry-run -Werror) $(or $(FILES),$(formatted))

tidy:  ## layers, names, dead files, missing tests, links in docs
	@$(PYTHON) utils/tidy

lint:  ## clang-tidy over the sources: slow (FILES=... limits)
	@clang-tidy --quiet $(or $(FILES),$(lib_sources) $(bin_sources)) -- $(filter-out -march=%,$(compile_flags))

bench: server  ## CPU, throughput and memory beside the oracle, with targets (ARGS='--quick', --only NAME, ...)
	@$(PYTHON) utils/bench --build $(BUILD) --server $(OUT)/kvstash $(ARGS)

# ---- the rest ---------------------------------------------------------------------------------------------

.PHONY: help clean FORCE
help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' Makefile

clean:  ## remove everything that was built
	rm -rf $(BUILD)
