# what tests/unit builds: one program per module of libcore, each twice: NAME with libcore, and
# NAME_torture, compiled like libcore_torture and linked with it
EXTRA_DIST += tests/resident.h tests/smaps.h tests/unit/model.h tests/unit/unit.h

unit_tests = \
	tests/unit/bits tests/unit/bits_torture \
	tests/unit/classes tests/unit/classes_torture \
	tests/unit/fatal tests/unit/fatal_torture \
	tests/unit/lock tests/unit/lock_torture \
	tests/unit/map tests/unit/map_torture \
	tests/unit/runs tests/unit/runs_torture \
	tests/unit/marks tests/unit/marks_torture \
	tests/unit/metadata tests/unit/metadata_torture \
	tests/unit/units tests/unit/units_torture \
	tests/unit/large tests/unit/large_torture \
	tests/unit/window tests/unit/window_torture \
	tests/unit/granules tests/unit/granules_torture \
	tests/unit/limits tests/unit/limits_torture \
	tests/unit/tight tests/unit/tight_torture \
	tests/unit/slab tests/unit/slab_torture \
	tests/unit/split tests/unit/split_torture \
	tests/unit/bin tests/unit/bin_torture \
	tests/unit/magazine tests/unit/magazine_torture \
	tests/unit/veil tests/unit/veil_torture \
	tests/unit/stock tests/unit/stock_torture \
	tests/unit/sweep tests/unit/sweep_torture \
	tests/unit/guests tests/unit/guests_torture \
	tests/unit/commons tests/unit/commons_torture \
	tests/unit/ebb tests/unit/ebb_torture \
	tests/unit/remote tests/unit/remote_torture \
	tests/unit/registry tests/unit/registry_torture \
	tests/unit/forks tests/unit/forks_torture \
	tests/unit/fork_in_handler tests/unit/fork_in_handler_torture \
	tests/unit/huge tests/unit/huge_torture \
	tests/unit/core tests/unit/core_torture \
	tests/unit/threads tests/unit/threads_torture \
	tests/unit/options tests/unit/options_torture \
	tests/unit/report tests/unit/report_torture \
	tests/unit/failures_torture
check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)

unit_plain = $(AM_CPPFLAGS) -I$(top_srcdir)
unit_shrunk = $(unit_plain) -DLM_CONFIG_CHECKED=1 -DLM_CONFIG_TORTURE=1
unit_compile = $(AM_CFLAGS) -pthread $(LM_SANITIZE)

tests_unit_bits_SOURCES = tests/unit/bits.c
tests_unit_bits_CPPFLAGS = $(unit_plain)
tests_unit_bits_CFLAGS = $(unit_compile)
tests_unit_bits_LDADD = libcore.la
tests_unit_bits_torture_SOURCES = tests/unit/bits.c
tests_unit_bits_torture_CPPFLAGS = $(unit_shrunk)
tests_unit_bits_torture_CFLAGS = $(unit_compile)
tests_unit_bits_torture_LDADD = libcore_torture.la

tests_unit_classes_SOURCES = tests/unit/classes.c
tests_unit_classes_CPPFLAGS = $(unit_plain)
tests_unit_classes_CFLAGS = $(unit_compile)
tests_unit_classes_LDADD = libcore.la
tests_unit_classes_torture_SOURCES = tests/unit/classes.c
tests_unit_classes_torture_CPPFLAGS = $(unit_shrunk)
tests_unit_classes_torture_CFLAGS = $(unit_compile)
tests_unit_classes_torture_LDADD = libcore_torture.la

tests_unit_fatal_SOURCES = tests/unit/fatal.c
tests_unit_fatal_CPPFLAGS = $(unit_plain)
tests_unit_fatal_CFLAGS = $(unit_compile)
tests_unit_fatal_LDADD = libcore.la
tests_unit_fatal_torture_SOURCES = tests/unit/fatal.c
tests_unit_fatal_torture_CPPFLAGS = $(unit_shrunk)
tests_unit_fatal_torture_CFLAGS = $(unit_compile)
tests_unit_fatal_torture_LDADD = libcore_torture.la

tests_unit_lock_SOURCES = tests/unit/lock.c
tests_unit_lock_CPPFLAGS = $(unit_plain)
tests_unit_lock_CFLAGS = $(unit_compile)
tests_unit_lock_LDADD = libcore.la
tests_unit_lock_torture_SOURCES = tests/unit/lock.c
tests_unit_lock_torture_CPPFLAGS = $(unit_shrunk)
tests_unit_lock_torture_CFLAGS = $(unit_compile)
tests_unit_lock_torture_LDADD = libcore_torture.la

tests_unit_map_SOURCES = tests/unit/map.c
tests_unit_map_CPPFLAGS = $(unit_plain)
tests_unit_map_CFLAGS = $(unit_compile)
tests_unit_map_LDADD = libcore.la
tests_unit_map_torture_SOURCES = tests/unit/map.c
tests_unit_map_torture_CPPFLAGS = $(unit_shrunk)
tests_unit_map_torture_CFLAGS = $(unit_compile)
tests_unit_map_torture_LDADD = libcore_torture.la

tests_unit_runs_SOURCES = tests/unit/runs.c
tests_unit_runs_CPPFLAGS = $(unit_plain)
tests_unit_runs_CFLAGS = $(unit_compile)
tests_unit_runs_LDADD = libcore.la
tests_unit_runs_torture_SOURCES = tests/unit/runs.c
tests_unit_runs_torture_CPPFLAGS = $(unit_shrunk)
tests_unit_runs_torture_CFLAGS = $(unit_compile)
tests_unit_runs_torture_LDADD = libcore_torture.la

tests_unit_marks_SOURCES = tests/unit/marks.c
tests_unit_marks_CPPFLAGS = $(unit_plain)
tests_unit_marks_CFLAGS = $(unit_compile)
tests_unit_marks_LDADD = libcore.la
tests_unit_marks_torture_SOURCES = tests/unit/marks.c
tests_unit_marks_torture_CPPFLAGS = $(unit_shrunk)
tests_unit_marks_torture_CFLAGS = $(unit_compile)
tests_unit_marks_torture_LDADD = libcore_torture.la

tests_unit_metadata_SOURCES = tests/unit/metadata.c
tests_unit_metadata_CPPFLAGS = $(unit_plain)
tests_unit_metadata_CFLAGS = $(unit_compile)
tests_unit_metadata_LDADD = libcore.la
tests_unit_metadata_torture_SOURCES = tests/unit/metadata.c
tests_unit_metadata_torture_CPPFLAGS = $(unit_shrunk)
tests_unit_metadata_torture_CFLAGS = $(unit_compile)
tests_unit_metadata_torture_LDADD = libcore_torture.la

tests_unit_units_SOURCES = tests/unit/units.c
tests_unit_units_CPPFLAGS = $(unit_plain)
tests_unit_units_CFLAGS = $(unit_compile)
tests_unit_units_LDADD = libcore.la
tests_unit_units_torture_SOURCES = tests/unit/units.c
tests_unit_units_torture_CPPFLAGS = $(unit_shrunk)
tests_unit_units_torture_CFLAGS = $(unit_compile)
tests_unit_units_torture_LDADD = libcore_torture.la

tests_unit_large_SOURCES = tests/unit/large.c
tests_unit_large_CPPFLAGS = $(unit_plain)
tests_unit_large_CFLAGS = $(unit_compile)
tests_unit_large_LDADD = libcore.la
tests_unit_large_torture_SOURCES = tests/unit/large.c
tests_unit_large_torture_CPPFLAGS = $(unit_shrunk)
tests_unit_large_torture_CFLAGS = $(unit_compile)
tests_unit_large_torture_LDADD = libcore_torture.la

tests_unit_window_SOURCES = tests/unit/window.c
tests_unit_window_CPPFLAGS = $(unit_plain)
tests_unit_window_CFLAGS = $(unit_compile)
tests_unit_window_LDADD = libcore.la
tests_unit_window_torture_SOURCES = tests/unit/window.c
tests_unit_window_torture_CPPFLAGS = $(unit_shrunk)
tests_unit_window_torture_CFLAGS = $(unit_compile)
tests_unit_window_torture_LDADD = libcore_torture.la

tests_unit_granules_SOURCES = tests/unit/granules.c
tests_unit_granules_CPPFLAGS = $(unit_plain)
tests_unit_granules_CFLAGS = $(unit_compile)
tests_unit_granules_LDADD = libcore.la
tests_unit_granules_torture_SOURCES = tests/unit/granules.c
tests_unit_granules_torture_CPPFLAGS = $(unit_shrunk)
tests_unit_granules_torture_CFLAGS = $(unit_compile)
tests_unit_granules_torture_LDADD = libcore_torture.la

tests_unit_limits_SOURCES = tests/unit/limits.c
tests_unit_limits_CPPFLAGS = $(unit_plain)
tests_unit_limits_CFLAGS = $(unit_compile)
tests_unit_limits_LDADD = libcore.la
tests_unit_limits_torture_SOURCES = tests/unit/limits.c
tests_unit_limits_torture_CPPFLAGS = $(unit_shrunk)
tests_unit_limits_torture_CFLAGS = $(unit_compile)
tests_unit_limits_torture_LDADD = libcore_torture.la

tests_unit_tight_SOURCES = tests/unit/tight.c
tests_unit_tight_CPPFLAGS = $(unit_plain)
tests_unit_tight_CFLAGS = $(unit_compile)
tests_unit_tight_LDADD = libcore.la
tests_unit_tight_torture_SOURCES = tests/unit/tight.c
tests_unit_tight_torture_CPPFLAGS = $(unit_shrunk)
tests_unit_tight_torture_CFLAGS = $(unit_compile)
tests_unit_tight_torture_LDADD = libcore_torture.la

tests_unit_slab_SOURCES = tests/unit/slab.c
tests_unit_slab_CPPFLAGS = $(unit_plain)
tests_unit_slab_CFLAGS = $(unit_compile)
tests_unit_slab_LDADD = libcore.la
tests_unit_slab_torture_SOURCES = tests/unit/slab.c
tests_unit_slab_torture_CPPFLAGS = $(unit_shrunk)
tests_unit_slab_torture_CFLAGS = $(unit_compile)
tests_unit_slab_torture_LDADD = libcore_torture.la

tests_unit_split_SOURCES = tests/unit/split.c
tests_unit_split_CPPFLAGS = $(unit_plain)
tests_unit_split_CFLAGS = $(unit_compile)
tests_unit_split_LDADD = libcore.la
tests_unit_split_torture_SOURCES = tests/unit/split.c
tests_unit_split_torture_CPPFLAGS = $(unit_shrunk)
tests_unit_split_torture_CFLAGS = $(unit_compile)
tests_unit_split_torture_LDADD = libcore_torture.la

tests_unit_bin_SOURCES = tests/unit/bin.c
tests_unit_bin_CPPFLAGS = $(unit_plain)
tests_unit_bin_CFLAGS = $(unit_compile)
tests_unit_bin_LDADD = libcore.la
tests_unit_bin_torture_SOURCES = tests/unit/bin.c
tests_unit_bin_torture_CPPFLAGS = $(unit_shrunk)
tests_unit_bin_torture_CFLAGS = $(unit_compile)
tests_unit_bin_torture_LDADD = libcore_torture.la

tests_unit_magazine_SOURCES = tests/unit/magazine.c
tests_unit_magazine_CPPFLAGS = $(unit_plain)
tests_unit_magazine_CFLAGS = $(unit_compile)
tests_unit_magazine_LDADD = libcore.la
tests_unit_magazine_torture_SOURCES = tests/unit/magazine.c
tests_unit_magazine_torture_CPPFLAGS = $(unit_shrunk)
tests_unit_magazine_torture_CFLAGS = $(unit_compile)
tests_unit_magazine_torture_LDADD = libcore_torture.la

tests_unit_veil_SOURCES = tests/unit/veil.c
tests_unit_veil_CPPFLAGS = $(unit_plain)
tests_unit_veil_CFLAGS = $(unit_compile)
tests_unit_veil_LDADD = libcore.la
tests_unit_veil_torture_SOURCES = tests/unit/veil.c
tests_unit_veil_torture_CPPFLAGS = $(unit_shrunk)
tests_unit_veil_torture_CFLAGS = $(unit_compile)
tests_unit_veil_torture_LDADD = libcore_torture.la

tests_unit_stock_SOURCES = tests/unit/stock.c
tests_unit_stock_CPPFLAGS = $(unit_plain)
tests_unit_stock_CFLAGS = $(unit_compile)
tests_unit_stock_LDADD = libcore.la
tests_unit_stock_torture_SOURCES = tests/unit/stock.c
tests_unit_stock_torture_CPPFLAGS = $(unit_shrunk)
tests_unit_stock_torture_CFLAGS = $(unit_compile)
tests_unit_stock_torture_LDADD = libcore_torture.la

tests_unit_sweep_SOURCES = tests/unit/sweep.c
tests_unit_sweep_CPPFLAGS = $(unit_plain)
tests_unit_sweep_CFLAGS = $(unit_compile)
tests_unit_sweep_LDADD = libcore.la
tests_unit_sweep_torture_SOURCES = tests/unit/sweep.c
tests_unit_sweep_torture_CPPFLAGS = $(unit_shrunk)
tests_unit_sweep_torture_CFLAGS = $(unit_compile)
tests_unit_sweep_torture_LDADD = libcore_torture.la

tests_unit_ebb_SOURCES = tests/unit/ebb.c
tests_unit_ebb_CPPFLAGS = $(unit_plain)
tests_unit_ebb_CFLAGS = $(unit_compile)
tests_unit_ebb_LDADD = libcore.la
tests_unit_ebb_torture_SOURCES = tests/unit/ebb.c
tests_unit_ebb_torture_CPPFLAGS = $(unit_shrunk)
tests_unit_ebb_torture_CFLAGS = $(unit_compile)
tests_unit_ebb_torture_LDADD = libcore_torture.la

tests_unit_commons_SOURCES = tests/unit/commons.c
tests_unit_commons_CPPFLAGS = $(unit_plain)
tests_unit_commons_CFLAGS = $(unit_compile)
tests_unit_commons_LDADD = libcore.la
tests_unit_commons_torture_SOURCES = tests/unit/commons.c
tests_unit_commons_torture_CPPFLAGS = $(unit_shrunk)
tests_unit_commons_torture_CFLAGS = $(unit_compile)
tests_unit_commons_torture_LDADD = libcore_torture.la

tests_unit_guests_SOURCES = tests/unit/guests.c
tests_unit_guests_CPPFLAGS = $(unit_plain)
tests_unit_guests_CFLAGS = $(unit_compile)
tests_unit_guests_LDADD = libcore.la
tests_unit_guests_torture_SOURCES = tests/unit/guests.c
tests_unit_guests_torture_CPPFLAGS = $(unit_shrunk)
tests_unit_guests_torture_CFLAGS = $(unit_compile)
tests_unit_guests_torture_LDADD = libcore_torture.la

tests_unit_remote_SOURCES = tests/unit/remote.c
tests_unit_remote_CPPFLAGS = $(unit_plain)
tests_unit_remote_CFLAGS = $(unit_compile)
tests_unit_remote_LDADD = libcore.la
tests_unit_remote_torture_SOURCES = tests/unit/remote.c
tests_unit_remote_torture_CPPFLAGS = $(unit_shrunk)
tests_unit_remote_torture_CFLAGS = $(unit_compile)
tests_unit_remote_torture_LDADD = libcore_torture.la

tests_unit_registry_SOURCES = tests/unit/registry.c
tests_unit_registry_CPPFLAGS = $(unit_plain)
tests_unit_registry_CFLAGS = $(unit_compile)
tests_unit_registry_LDADD = libcore.la
tests_unit_registry_torture_SOURCES = tests/unit/registry.c
tests_unit_registry_torture_CPPFLAGS = $(unit_shrunk)
tests_unit_registry_torture_CFLAGS = $(unit_compile)
tests_unit_registry_torture_LDADD = libcore_torture.la

tests_unit_fork_in_handler_SOURCES = tests/unit/fork_in_handler.c
tests_unit_fork_in_handler_CPPFLAGS = $(unit_plain)
tests_unit_fork_in_handler_CFLAGS = $(unit_compile)
tests_unit_fork_in_handler_LDADD = libcore.la
tests_unit_fork_in_handler_torture_SOURCES = tests/unit/fork_in_handler.c
tests_unit_fork_in_handler_torture_CPPFLAGS = $(unit_shrunk)
tests_unit_fork_in_handler_torture_CFLAGS = $(unit_compile)
tests_unit_fork_in_handler_torture_LDADD = libcore_torture.la

tests_unit_forks_SOURCES = tests/unit/forks.c
tests_unit_forks_CPPFLAGS = $(unit_plain)
tests_unit_forks_CFLAGS = $(unit_compile)
tests_unit_forks_LDADD = libcore.la
tests_unit_forks_torture_SOURCES = tests/unit/forks.c
tests_unit_forks_torture_CPPFLAGS = $(unit_shrunk)
tests_unit_forks_torture_CFLAGS = $(unit_compile)
tests_unit_forks_torture_LDADD = libcore_torture.la

tests_unit_huge_SOURCES = tests/unit/huge.c
tests_unit_huge_CPPFLAGS = $(unit_plain)
tests_unit_huge_CFLAGS = $(unit_compile)
tests_unit_huge_LDADD = libcore.la
tests_unit_huge_torture_SOURCES = tests/unit/huge.c
tests_unit_huge_torture_CPPFLAGS = $(unit_shrunk)
tests_unit_huge_torture_CFLAGS = $(unit_compile)
tests_unit_huge_torture_LDADD = libcore_torture.la

tests_unit_core_SOURCES = tests/unit/core.c
tests_unit_core_CPPFLAGS = $(unit_plain)
tests_unit_core_CFLAGS = $(unit_compile)
tests_unit_core_LDADD = libcore.la
tests_unit_core_torture_SOURCES = tests/unit/core.c
tests_unit_core_torture_CPPFLAGS = $(unit_shrunk)
tests_unit_core_torture_CFLAGS = $(unit_compile)
tests_unit_core_torture_LDADD = libcore_torture.la

tests_unit_threads_SOURCES = tests/unit/threads.c
tests_unit_threads_CPPFLAGS = $(unit_plain)
tests_unit_threads_CFLAGS = $(unit_compile)
tests_unit_threads_LDADD = libcore.la
tests_unit_threads_torture_SOURCES = tests/unit/threads.c
tests_unit_threads_torture_CPPFLAGS = $(unit_shrunk)
tests_unit_threads_torture_CFLAGS = $(unit_compile)
tests_unit_threads_torture_LDADD = libcore_torture.la

tests_unit_options_SOURCES = tests/unit/options.c
tests_unit_options_CPPFLAGS = $(unit_plain)
tests_unit_options_CFLAGS = $(unit_compile)
tests_unit_options_LDADD = libcore.la
tests_unit_options_torture_SOURCES = tests/unit/options.c
tests_unit_options_torture_CPPFLAGS = $(unit_shrunk)
tests_unit_options_torture_CFLAGS = $(unit_compile)
tests_unit_options_torture_LDADD = libcore_torture.la

tests_unit_report_SOURCES = tests/unit/report.c
tests_unit_report_CPPFLAGS = $(unit_plain)
tests_unit_report_CFLAGS = $(unit_compile)
tests_unit_report_LDADD = libcore.la
tests_unit_report_torture_SOURCES = tests/unit/report.c
tests_unit_report_torture_CPPFLAGS = $(unit_shrunk)
tests_unit_report_torture_CFLAGS = $(unit_compile)
tests_unit_report_torture_LDADD = libcore_torture.la

tests_unit_failures_torture_SOURCES = tests/unit/failures.c
tests_unit_failures_torture_CPPFLAGS = $(unit_shrunk)
tests_unit_failures_torture_CFLAGS = $(unit_compile)
tests_unit_failures_torture_LDADD = libcore_torture.la
