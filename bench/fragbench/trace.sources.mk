# The trace floor of fragbench: format, recorder, reader, importer, replay.
fb_format_sources = \
	bench/fragbench/trace/chunk.c \
	bench/fragbench/trace/chunk.h \
	bench/fragbench/trace/encode.c \
	bench/fragbench/trace/encode.h \
	bench/fragbench/trace/event.h \
	bench/fragbench/trace/format.h

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
	bench/fragbench/trace/recorder/recorder.h \
	bench/fragbench/trace/recorder/sink.c \
	bench/fragbench/trace/recorder/stamp.c \
	bench/fragbench/trace/recorder/stream.c
