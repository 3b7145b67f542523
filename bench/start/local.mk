# What a short program costs under each allocator: scripts/startup runs it.
noinst_PROGRAMS += bench/start/lm_start
bench_start_lm_start_SOURCES = bench/start/lm_start.c

noinst_LTLIBRARIES += bench/start/empty.la
bench_start_empty_la_SOURCES = bench/start/empty.c
bench_start_empty_la_LDFLAGS = -module -avoid-version -shared -rpath /nowhere

EXTRA_DIST += scripts/peers scripts/peers.sh scripts/startup
