# fragbench: where is my memory? Floors, each including only those to its left:
# base/ measure/ trace/ workload/ run/ report/ (measure stands left of trace, for replay measures)
include bench/fragbench/trace.sources.mk
include bench/fragbench/run.sources.mk

fb_base_sources = \
	bench/fragbench/base/die.c \
	bench/fragbench/base/die.h \
	bench/fragbench/base/json.c \
	bench/fragbench/base/json.h \
	bench/fragbench/base/options.c \
	bench/fragbench/base/options.h \
	bench/fragbench/base/quiet.c \
	bench/fragbench/base/quiet.h \
	bench/fragbench/base/random.h

# Ours first: src/ has a base/ floor too.
fb_cppflags = -I$(top_srcdir)/bench/fragbench $(AM_CPPFLAGS) -DFB_PKGLIBDIR='"$(pkglibdir)"'

if HAVE_ZSTD
bin_PROGRAMS += fragbench
fragbench_SOURCES = bench/fragbench/main.c \
	$(fb_base_sources) $(fb_trace_sources) $(fb_run_sources)
fragbench_CPPFLAGS = $(fb_cppflags)
# -fno-builtin: an unused block is still asked for.
fragbench_CFLAGS = $(AM_CFLAGS) -fno-builtin-malloc -fno-builtin-calloc -fno-builtin-realloc \
	-fno-builtin-free
# Both sides of every comparison load the allocator by LD_PRELOAD, so nothing of ours is linked.
fragbench_LDADD = $(ZSTD_LIBS) -lpthread -ldl -lm

# A door must stay a call: gcc knows malloc and calloc, and would fold one into the other.
pkglib_LTLIBRARIES = libfragrecord.la
libfragrecord_la_SOURCES = $(fb_recorder_sources)
libfragrecord_la_CPPFLAGS = $(fb_cppflags)
libfragrecord_la_CFLAGS = $(AM_CFLAGS) -fexceptions -fno-builtin
libfragrecord_la_LDFLAGS = -module -avoid-version -shared -no-undefined
libfragrecord_la_LIBADD = $(ZSTD_LIBS) -lpthread -ldl
endif
