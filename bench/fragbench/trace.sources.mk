# The trace floor of fragbench: format, recorder, reader, importer, replay.
fb_trace_sources = \
	bench/fragbench/trace/commands.h \
	bench/fragbench/trace/stubs.c
