# The floors above the trace: measure, workload, run, report.
fb_run_sources = \
	bench/fragbench/measure/blocks.c \
	bench/fragbench/measure/blocks.h \
	bench/fragbench/measure/checkpoint.c \
	bench/fragbench/measure/measure.h \
	bench/fragbench/measure/pages.c \
	bench/fragbench/measure/pages.h \
	bench/fragbench/measure/proc.c \
	bench/fragbench/measure/proc.h
