# The trace floor of fragbench: format, recorder, reader, importer, replay.
fb_format_sources = \
	bench/fragbench/trace/chunk.c \
	bench/fragbench/trace/chunk.h \
	bench/fragbench/trace/encode.c \
	bench/fragbench/trace/encode.h \
	bench/fragbench/trace/event.h \
	bench/fragbench/trace/format.h \
	bench/fragbench/trace/stamp.c \
	bench/fragbench/trace/stamp.h

fb_trace_sources = $(fb_format_sources) \
	bench/fragbench/trace/act.c \
	bench/fragbench/trace/act.h \
	bench/fragbench/trace/commands.h \
	bench/fragbench/trace/cursor.c \
	bench/fragbench/trace/cursor.h \
	bench/fragbench/trace/decode.c \
	bench/fragbench/trace/decode.h \
	bench/fragbench/trace/engine.c \
	bench/fragbench/trace/engine.h \
	bench/fragbench/trace/finish.c \
	bench/fragbench/trace/finish.h \
	bench/fragbench/trace/import.c \
	bench/fragbench/trace/info.c \
	bench/fragbench/trace/launch.c \
	bench/fragbench/trace/livemap.c \
	bench/fragbench/trace/livemap.h \
	bench/fragbench/trace/merge.c \
	bench/fragbench/trace/merge.h \
	bench/fragbench/trace/reader.c \
	bench/fragbench/trace/reader.h \
	bench/fragbench/trace/replay.c \
	bench/fragbench/trace/script.c \
	bench/fragbench/trace/script.h \
	bench/fragbench/trace/tally.c \
	bench/fragbench/trace/tally.h

# The recorder: preloaded into the program, on top of whatever allocator it uses.
fb_recorder_sources = $(fb_format_sources) \
	bench/fragbench/trace/recorder/doors.c \
	bench/fragbench/trace/recorder/doors_cxx.c \
	bench/fragbench/trace/recorder/large.c \
	bench/fragbench/trace/recorder/recorder.h \
	bench/fragbench/trace/recorder/sink.c \
	bench/fragbench/trace/recorder/stream.c

# What the unit test takes of the floors.
fb_unit_sources = $(fb_format_sources) \
	bench/fragbench/base/die.c \
	bench/fragbench/base/json.c \
	bench/fragbench/base/quiet.c \
	bench/fragbench/trace/cursor.c \
	bench/fragbench/trace/decode.c \
	bench/fragbench/trace/finish.c \
	bench/fragbench/trace/livemap.c \
	bench/fragbench/trace/merge.c \
	bench/fragbench/trace/reader.c

fb_trace_tests = \
	bench/fragbench/tests/trace-damage.sh \
	bench/fragbench/tests/trace-import.sh \
	bench/fragbench/tests/trace-record.sh \
	bench/fragbench/tests/trace-replay.sh

dist_check_SCRIPTS += $(fb_trace_tests)
EXTRA_DIST += \
	bench/fragbench/tests/trace-common.sh \
	bench/traces/README.md \
	bench/traces/gcc.ftr \
	bench/traces/lua.ftr \
	bench/traces/perl.ftr \
	bench/traces/python3.ftr \
	bench/traces/redis.ftr \
	bench/traces/sqlite3.ftr \
	doc/trace-format.md \
	scripts/class-table \
	scripts/redis-lru \
	scripts/record-traces
if HAVE_ZSTD
TESTS += $(fb_trace_tests)
TESTS += fbtraceunits
check_PROGRAMS += fbtracee fbtraceunits
fbtracee_SOURCES = bench/fragbench/tests/tracee.c
fbtracee_CPPFLAGS = -I$(top_srcdir)/bench/fragbench $(AM_CPPFLAGS)
fbtracee_CFLAGS = $(AM_CFLAGS) -fno-builtin
fbtracee_LDADD = -lpthread
fbtraceunits_SOURCES = bench/fragbench/tests/trace-units.c $(fb_unit_sources)
fbtraceunits_CPPFLAGS = $(fb_cppflags)
fbtraceunits_CFLAGS = $(AM_CFLAGS)
fbtraceunits_LDADD = $(ZSTD_LIBS)
endif
