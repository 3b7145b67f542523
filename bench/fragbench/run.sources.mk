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
	bench/fragbench/run/watch.c \
	bench/fragbench/report/axis.c \
	bench/fragbench/report/axis.h \
	bench/fragbench/report/chart.c \
	bench/fragbench/report/chart.h \
	bench/fragbench/report/commands.h \
	bench/fragbench/report/csv.c \
	bench/fragbench/report/csv.h \
	bench/fragbench/report/diff.c \
	bench/fragbench/report/page.c \
	bench/fragbench/report/page.h \
	bench/fragbench/report/report.c \
	bench/fragbench/report/stacks.c \
	bench/fragbench/report/table.c

# The page's style and script travel inside the program, as two strings.
fb_page_files = \
	$(srcdir)/bench/fragbench/report/page.css \
	$(srcdir)/bench/fragbench/report/page.js
EXTRA_DIST += bench/fragbench/report/page.css bench/fragbench/report/page.js
CLEANFILES += bench/fragbench/report/page_text.c

bench/fragbench/report/page_text.c: $(fb_page_files)
	$(AM_V_GEN)$(MKDIR_P) bench/fragbench/report && { \
	  echo '#include "report/page.h"'; \
	  for name in css js; do \
	    echo "const char fb_page_$$name[] ="; \
	    $(SED) -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/\\n"/' \
	      $(srcdir)/bench/fragbench/report/page.$$name || exit 1; \
	    echo ';'; \
	  done; \
	} > $@-t && mv $@-t $@

if HAVE_ZSTD
nodist_fragbench_SOURCES = bench/fragbench/report/page_text.c
dist_man_MANS += man/fragbench.1

# Three allocators whose memory is known on paper; tests/self_paper.sh does the sums.
fb_paper_ldflags = -module -avoid-version -shared -rpath $(abs_builddir)/bench/fragbench/tests
check_LTLIBRARIES += \
	bench/fragbench/tests/fbbump.la \
	bench/fragbench/tests/fbmmap.la \
	bench/fragbench/tests/fbbitmap.la
bench_fragbench_tests_fbbump_la_SOURCES = bench/fragbench/tests/bump.c \
	bench/fragbench/tests/paper.h
bench_fragbench_tests_fbbump_la_CFLAGS = $(AM_CFLAGS) -fno-builtin
bench_fragbench_tests_fbbump_la_LDFLAGS = $(fb_paper_ldflags)
bench_fragbench_tests_fbmmap_la_SOURCES = bench/fragbench/tests/mmap.c \
	bench/fragbench/tests/paper.h
bench_fragbench_tests_fbmmap_la_CFLAGS = $(AM_CFLAGS) -fno-builtin
bench_fragbench_tests_fbmmap_la_LDFLAGS = $(fb_paper_ldflags)
bench_fragbench_tests_fbbitmap_la_SOURCES = bench/fragbench/tests/bitmap.c \
	bench/fragbench/tests/paper.h
bench_fragbench_tests_fbbitmap_la_CFLAGS = $(AM_CFLAGS) -fno-builtin
bench_fragbench_tests_fbbitmap_la_LDFLAGS = $(fb_paper_ldflags)

dist_check_SCRIPTS += \
	bench/fragbench/tests/self_paper.sh \
	bench/fragbench/tests/run_workloads.sh \
	bench/fragbench/tests/compare_cells.sh \
	bench/fragbench/tests/report_renders.sh
TESTS += \
	bench/fragbench/tests/self_paper.sh \
	bench/fragbench/tests/run_workloads.sh \
	bench/fragbench/tests/compare_cells.sh \
	bench/fragbench/tests/report_renders.sh
endif
dist_doc_DATA += doc/fragbench.md
EXTRA_DIST += scripts/fragreport bench/fragbench/tests/tap.bash
