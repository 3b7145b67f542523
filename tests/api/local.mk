# what tests/api builds: one program per part of the contract, linked with libmalloc; some a second
# time without it, for tests/api/preload.sh
EXTRA_DIST += tests/tap.h tests/api/door.h tests/api/filter.h tests/api/static_c.c tests/api/static_cxx.cc \
	doc/conformance.md

if !LM_SANITIZED

# A compiler that knows malloc folds calls away.
api_c = $(AM_CFLAGS) -fno-builtin -pthread
api_cxx = -std=c++17 -Wall -Wextra -Wshadow -fno-builtin -pthread
api_link = -no-install -pthread
AM_TESTS_ENVIRONMENT += LM_CC='$(CC)'; export LM_CC; LM_CXX='$(CXX)'; export LM_CXX;

api_linked = \
	tests/api/clock \
	tests/api/mappings \
	tests/api/start \
	tests/api/zero_sizes \
	tests/api/alignment \
	tests/api/aligned \
	tests/api/limits \
	tests/api/resize \
	tests/api/usable_size \
	tests/api/errno \
	tests/api/sized_free \
	tests/api/foreign \
	tests/api/plugins \
	tests/api/out_of_memory \
	tests/api/fork \
	tests/api/seccomp \
	tests/api/background \
	tests/api/locked \
	tests/api/lifetime \
	tests/api/exit_handlers \
	tests/api/thread_exit \
	tests/api/idle_threads \
	tests/api/extras \
	tests/api/trim
if HAVE_CXX
api_linked += tests/api/cxx tests/api/cxx_replaced
endif
api_plain = \
	tests/api/aligned_plain \
	tests/api/limits_plain \
	tests/api/resize_plain \
	tests/api/errno_plain \
	tests/api/foreign_plain \
	tests/api/plugins_plain \
	tests/api/out_of_memory_plain \
	tests/api/own_malloc_plain \
	tests/api/fork_plain \
	tests/api/seccomp_plain \
	tests/api/lifetime_plain \
	tests/api/thread_exit_plain \
	tests/api/extras_plain \
	tests/api/trim_plain
EXTRA_DIST += tests/api/check.sh
api_scripts = \
	tests/api/exports.sh \
	tests/api/options.sh \
	tests/api/preload.sh \
	tests/api/static.sh

check_PROGRAMS += $(api_linked) $(api_plain) tests/api/late_dlopen
dist_check_SCRIPTS += $(api_scripts)
TESTS += $(api_linked) tests/api/late_dlopen $(api_scripts)

# -rpath makes libtool build a shared object of what is never installed.
check_LTLIBRARIES += tests/api/plugin.la tests/api/next.la tests/api/libearly.la
tests_api_plugin_la_SOURCES = tests/api/plugin.c
tests_api_plugin_la_CFLAGS = $(api_c)
tests_api_plugin_la_LDFLAGS = -module -avoid-version -shared -rpath /nowhere
tests_api_next_la_SOURCES = tests/api/next.c
tests_api_next_la_CFLAGS = $(api_c)
tests_api_next_la_LDFLAGS = -module -avoid-version -shared -rpath /nowhere
tests_api_libearly_la_SOURCES = tests/api/early.c
tests_api_libearly_la_CFLAGS = $(api_c)
tests_api_libearly_la_LDFLAGS = -avoid-version -shared -rpath /nowhere

tests_api_late_dlopen_SOURCES = tests/api/late_dlopen.c
tests_api_late_dlopen_CFLAGS = $(api_c)
tests_api_late_dlopen_LDFLAGS = $(api_link)

tests_api_clock_SOURCES = tests/api/clock.c
tests_api_clock_CFLAGS = $(api_c)
tests_api_clock_LDFLAGS = $(api_link) -Wl,--export-dynamic
tests_api_clock_LDADD = libmalloc.la
tests_api_mappings_SOURCES = tests/api/mappings.c
tests_api_mappings_CFLAGS = $(api_c)
tests_api_mappings_LDFLAGS = $(api_link)
tests_api_mappings_LDADD = libmalloc.la
tests_api_start_SOURCES = tests/api/start.c
tests_api_start_CFLAGS = $(api_c)
tests_api_start_LDFLAGS = $(api_link)
tests_api_start_LDADD = libmalloc.la
tests_api_zero_sizes_SOURCES = tests/api/zero_sizes.c
tests_api_zero_sizes_CFLAGS = $(api_c)
tests_api_zero_sizes_LDFLAGS = $(api_link)
tests_api_zero_sizes_LDADD = libmalloc.la
tests_api_alignment_SOURCES = tests/api/alignment.c
tests_api_alignment_CFLAGS = $(api_c)
tests_api_alignment_LDFLAGS = $(api_link)
tests_api_alignment_LDADD = libmalloc.la
tests_api_aligned_SOURCES = tests/api/aligned.c
tests_api_aligned_CFLAGS = $(api_c)
tests_api_aligned_LDFLAGS = $(api_link)
tests_api_aligned_LDADD = libmalloc.la
tests_api_limits_SOURCES = tests/api/limits.c
tests_api_limits_CFLAGS = $(api_c)
tests_api_limits_LDFLAGS = $(api_link)
tests_api_limits_LDADD = libmalloc.la
tests_api_resize_SOURCES = tests/api/resize.c
tests_api_resize_CFLAGS = $(api_c)
tests_api_resize_LDFLAGS = $(api_link)
tests_api_resize_LDADD = libmalloc.la
tests_api_usable_size_SOURCES = tests/api/usable_size.c
tests_api_usable_size_CFLAGS = $(api_c)
tests_api_usable_size_LDFLAGS = $(api_link)
tests_api_usable_size_LDADD = libmalloc.la
tests_api_errno_SOURCES = tests/api/errno.c
tests_api_errno_CFLAGS = $(api_c)
tests_api_errno_LDFLAGS = $(api_link)
tests_api_errno_LDADD = libmalloc.la
tests_api_sized_free_SOURCES = tests/api/sized_free.c
tests_api_sized_free_CFLAGS = $(api_c)
tests_api_sized_free_LDFLAGS = $(api_link)
tests_api_sized_free_LDADD = libmalloc.la
# RUNPATH, as RPATH would hold for what the library itself opens, too.
plugins_link = $(api_link) -Wl,--enable-new-dtags -Wl,-rpath,$(abs_builddir)/tests/api/.libs
tests_api_plugins_SOURCES = tests/api/plugins.c
tests_api_plugins_CFLAGS = $(api_c)
tests_api_plugins_LDFLAGS = $(plugins_link)
tests_api_plugins_LDADD = libmalloc.la
tests_api_foreign_SOURCES = tests/api/foreign.c
tests_api_foreign_CFLAGS = $(api_c)
tests_api_foreign_LDFLAGS = $(api_link)
tests_api_foreign_LDADD = libmalloc.la
tests_api_out_of_memory_SOURCES = tests/api/out_of_memory.c
tests_api_out_of_memory_CFLAGS = $(api_c)
tests_api_out_of_memory_LDFLAGS = $(api_link)
tests_api_out_of_memory_LDADD = libmalloc.la
tests_api_fork_SOURCES = tests/api/fork.c
tests_api_fork_CFLAGS = $(api_c)
tests_api_fork_LDFLAGS = $(api_link)
tests_api_fork_LDADD = libmalloc.la
tests_api_seccomp_SOURCES = tests/api/seccomp.c
tests_api_seccomp_CFLAGS = $(api_c)
tests_api_seccomp_LDFLAGS = $(api_link)
tests_api_seccomp_LDADD = libmalloc.la
tests_api_background_SOURCES = tests/api/background.c
tests_api_background_CFLAGS = $(api_c)
tests_api_background_LDFLAGS = $(api_link)
tests_api_background_LDADD = libmalloc.la
tests_api_locked_SOURCES = tests/api/locked.c
tests_api_locked_CFLAGS = $(api_c)
tests_api_locked_LDFLAGS = $(api_link)
tests_api_locked_LDADD = libmalloc.la
tests_api_lifetime_SOURCES = tests/api/lifetime.c
tests_api_lifetime_CFLAGS = $(api_c)
tests_api_lifetime_LDFLAGS = $(api_link)
tests_api_lifetime_LDADD = libmalloc.la tests/api/libearly.la
tests_api_exit_handlers_SOURCES = tests/api/exit_handlers.c
tests_api_exit_handlers_CFLAGS = $(api_c)
tests_api_exit_handlers_LDFLAGS = $(api_link)
tests_api_exit_handlers_LDADD = libmalloc.la
tests_api_thread_exit_SOURCES = tests/api/thread_exit.c
tests_api_thread_exit_CFLAGS = $(api_c)
tests_api_thread_exit_LDFLAGS = $(api_link)
tests_api_thread_exit_LDADD = libmalloc.la
tests_api_idle_threads_SOURCES = tests/api/idle_threads.c
tests_api_idle_threads_CFLAGS = $(api_c)
tests_api_idle_threads_LDFLAGS = $(api_link)
tests_api_idle_threads_LDADD = libmalloc.la
tests_api_extras_SOURCES = tests/api/extras.c
tests_api_extras_CFLAGS = $(api_c)
tests_api_extras_LDFLAGS = $(api_link)
tests_api_extras_LDADD = libmalloc.la
tests_api_trim_SOURCES = tests/api/trim.c
tests_api_trim_CFLAGS = $(api_c)
tests_api_trim_LDFLAGS = $(api_link)
tests_api_trim_LDADD = libmalloc.la
tests_api_cxx_SOURCES = tests/api/cxx.cc
tests_api_cxx_CXXFLAGS = $(api_cxx)
tests_api_cxx_LDFLAGS = $(api_link)
tests_api_cxx_LDADD = libmalloc.la
tests_api_cxx_replaced_SOURCES = tests/api/cxx_replaced.cc
tests_api_cxx_replaced_CXXFLAGS = $(api_cxx)
tests_api_cxx_replaced_LDFLAGS = $(api_link)
tests_api_cxx_replaced_LDADD = libmalloc.la
tests_api_aligned_plain_SOURCES = tests/api/aligned.c
tests_api_aligned_plain_CFLAGS = $(api_c)
tests_api_aligned_plain_LDFLAGS = $(api_link)
tests_api_limits_plain_SOURCES = tests/api/limits.c
tests_api_limits_plain_CFLAGS = $(api_c)
tests_api_limits_plain_LDFLAGS = $(api_link)
tests_api_resize_plain_SOURCES = tests/api/resize.c
tests_api_resize_plain_CFLAGS = $(api_c)
tests_api_resize_plain_LDFLAGS = $(api_link)
tests_api_errno_plain_SOURCES = tests/api/errno.c
tests_api_errno_plain_CFLAGS = $(api_c)
tests_api_errno_plain_LDFLAGS = $(api_link)
tests_api_plugins_plain_SOURCES = tests/api/plugins.c
tests_api_plugins_plain_CFLAGS = $(api_c)
tests_api_plugins_plain_LDFLAGS = $(plugins_link)
tests_api_foreign_plain_SOURCES = tests/api/foreign.c
tests_api_foreign_plain_CFLAGS = $(api_c)
tests_api_foreign_plain_LDFLAGS = $(api_link)
tests_api_out_of_memory_plain_SOURCES = tests/api/out_of_memory.c
tests_api_out_of_memory_plain_CFLAGS = $(api_c)
tests_api_out_of_memory_plain_LDFLAGS = $(api_link)
tests_api_own_malloc_plain_SOURCES = tests/api/own_malloc.c
tests_api_own_malloc_plain_CFLAGS = $(api_c)
tests_api_own_malloc_plain_LDFLAGS = $(api_link)
tests_api_fork_plain_SOURCES = tests/api/fork.c
tests_api_fork_plain_CFLAGS = $(api_c)
tests_api_fork_plain_LDFLAGS = $(api_link)
tests_api_seccomp_plain_SOURCES = tests/api/seccomp.c
tests_api_seccomp_plain_CFLAGS = $(api_c)
tests_api_seccomp_plain_LDFLAGS = $(api_link)
tests_api_lifetime_plain_SOURCES = tests/api/lifetime.c
tests_api_lifetime_plain_CFLAGS = $(api_c)
tests_api_lifetime_plain_LDFLAGS = $(api_link)
tests_api_thread_exit_plain_SOURCES = tests/api/thread_exit.c
tests_api_thread_exit_plain_CFLAGS = $(api_c)
tests_api_thread_exit_plain_LDFLAGS = $(api_link)
tests_api_extras_plain_SOURCES = tests/api/extras.c
tests_api_extras_plain_CFLAGS = $(api_c)
tests_api_extras_plain_LDFLAGS = $(api_link)
tests_api_trim_plain_SOURCES = tests/api/trim.c
tests_api_trim_plain_CFLAGS = $(api_c)
tests_api_trim_plain_LDFLAGS = $(api_link)

endif
