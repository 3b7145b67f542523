# The floors above the trace: measure, workload, run, report.
fb_run_sources = \
	bench/fragbench/measure/allocator.c \
	bench/fragbench/measure/allocator.h \
	bench/fragbench/measure/blocks.c \
	bench/fragbench/measure/blocks.h \
	bench/fragbench/measure/checkpoint.c \
	bench/fragbench/measure/heapmap.c \
	bench/fragbench/measure/heapmap.h \
	bench/fragbench/measure/measure.h \
	bench/fragbench/measure/pages.c \
	bench/fragbench/measure/pages.h \
	bench/fragbench/measure/proc.c \
	bench/fragbench/measure/proc.h \
	bench/fragbench/measure/stats.c \
	bench/fragbench/measure/stats.h \
	bench/fragbench/workload/adversary.c \
	bench/fragbench/workload/crew.c \
	bench/fragbench/workload/crew.h \
	bench/fragbench/workload/growth.c \
	bench/fragbench/workload/lane.c \
	bench/fragbench/workload/mixes.c \
	bench/fragbench/workload/servers.c \
	bench/fragbench/workload/stage.c \
	bench/fragbench/workload/stage.h \
	bench/fragbench/workload/threads.c \
	bench/fragbench/workload/workload.c \
	bench/fragbench/workload/workload.h \
	bench/fragbench/run/commands.h \
	bench/fragbench/run/compare.c \
	bench/fragbench/run/host.c \
	bench/fragbench/run/host.h \
	bench/fragbench/run/preload.c \
	bench/fragbench/run/preload.h \
	bench/fragbench/run/results.c \
	bench/fragbench/run/results.h \
	bench/fragbench/run/run.c \
	bench/fragbench/run/watch.c
