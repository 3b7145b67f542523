# The launcher of every benchmark cell, and the stress shapes; none of them links an allocator.
noinst_PROGRAMS += bench/programs/lm_launch
bench_programs_lm_launch_SOURCES = bench/programs/lm_launch.c

SHAPES = \
	bench/programs/shapes/cache_scratch \
	bench/programs/shapes/cache_thrash \
	bench/programs/shapes/footprint \
	bench/programs/shapes/larson \
	bench/programs/shapes/mstress \
	bench/programs/shapes/rptest \
	bench/programs/shapes/sh6 \
	bench/programs/shapes/sh8 \
	bench/programs/shapes/xmalloc
noinst_PROGRAMS += $(SHAPES)

# The compiler may drop a malloc whose block goes nowhere; the shapes are about those calls.
SHAPE_CFLAGS = $(AM_CFLAGS) -O2 -pthread -fno-builtin-malloc -fno-builtin-calloc -fno-builtin-free

bench_programs_shapes_cache_scratch_SOURCES = \
	bench/programs/shapes/cache_scratch.c \
	bench/programs/shapes/false_sharing.h \
	bench/programs/shapes/shape.h
bench_programs_shapes_cache_scratch_CFLAGS = $(SHAPE_CFLAGS)
bench_programs_shapes_cache_thrash_SOURCES = \
	bench/programs/shapes/cache_thrash.c \
	bench/programs/shapes/false_sharing.h \
	bench/programs/shapes/shape.h
bench_programs_shapes_cache_thrash_CFLAGS = $(SHAPE_CFLAGS)
bench_programs_shapes_footprint_SOURCES = \
	bench/programs/shapes/footprint.c \
	bench/programs/shapes/shape.h
bench_programs_shapes_footprint_CFLAGS = $(SHAPE_CFLAGS)
bench_programs_shapes_larson_SOURCES = \
	bench/programs/shapes/larson.c \
	bench/programs/shapes/shape.h
bench_programs_shapes_larson_CFLAGS = $(SHAPE_CFLAGS)
bench_programs_shapes_mstress_SOURCES = \
	bench/programs/shapes/mstress.c \
	bench/programs/shapes/shape.h
bench_programs_shapes_mstress_CFLAGS = $(SHAPE_CFLAGS)
bench_programs_shapes_rptest_SOURCES = \
	bench/programs/shapes/rptest.c \
	bench/programs/shapes/shape.h
bench_programs_shapes_rptest_CFLAGS = $(SHAPE_CFLAGS)
bench_programs_shapes_sh6_SOURCES = \
	bench/programs/shapes/sh6.c \
	bench/programs/shapes/shape.h
bench_programs_shapes_sh6_CFLAGS = $(SHAPE_CFLAGS)
bench_programs_shapes_sh8_SOURCES = \
	bench/programs/shapes/sh8.c \
	bench/programs/shapes/shape.h
bench_programs_shapes_sh8_CFLAGS = $(SHAPE_CFLAGS)
bench_programs_shapes_xmalloc_SOURCES = \
	bench/programs/shapes/shape.h \
	bench/programs/shapes/xmalloc.c
bench_programs_shapes_xmalloc_CFLAGS = $(SHAPE_CFLAGS)

# One driver for each real program.
EXTRA_DIST += scripts/programs-rss \
	bench/programs/common.sh \
	bench/programs/cxx.sh \
	bench/programs/git.sh \
	bench/programs/gs.sh \
	bench/programs/jq.sh \
	bench/programs/lua.sh \
	bench/programs/minimap2.sh \
	bench/programs/node.sh \
	bench/programs/openscad.sh \
	bench/programs/perl.sh \
	bench/programs/python.sh \
	bench/programs/r.sh \
	bench/programs/redis.sh \
	bench/programs/rocksdb.sh \
	bench/programs/ruby.sh \
	bench/programs/small.sh \
	bench/programs/sqlite.sh \
	bench/programs/xslt.sh \
	bench/programs/z3.sh
