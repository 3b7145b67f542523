# lm_micro links no allocator: one is chosen by LD_PRELOAD when it runs.
if HAVE_BENCHMARK
noinst_PROGRAMS += bench/micro/lm_micro
endif
bench_micro_lm_micro_SOURCES = \
	bench/micro/churn.cc \
	bench/micro/churn.h \
	bench/micro/large.cc \
	bench/micro/main.cc \
	bench/micro/micro.h \
	bench/micro/phases.cc \
	bench/micro/resize.cc \
	bench/micro/small.cc \
	bench/micro/threads.cc
# The compiler may drop a malloc whose block goes nowhere; the benchmark is about those calls.
bench_micro_lm_micro_CXXFLAGS = -std=c++17 -O2 -pthread -Wall -Wextra -Wshadow \
	-fno-builtin-malloc -fno-builtin-calloc -fno-builtin-realloc -fno-builtin-free \
	-fno-builtin-aligned_alloc
bench_micro_lm_micro_LDADD = -lbenchmark -lpthread

# The short comparison of every allocator found, a few minutes: `make bench` runs it.
BENCHES += bench-quick
bench-quick: all
	$(AM_V_GEN)$(top_srcdir)/scripts/compare --build '$(abs_top_builddir)' --set quick
.PHONY: bench-quick

EXTRA_DIST += \
	doc/performance.md \
	scripts/compare \
	scripts/compare.d/allocators.py \
	scripts/compare.d/cells.py \
	scripts/compare.d/host.py \
	scripts/compare.d/page.css \
	scripts/compare.d/page.py \
	scripts/compare.d/rows.py \
	scripts/compare.d/stats.py \
	scripts/compare.d/text.py
