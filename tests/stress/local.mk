# what tests/stress builds: a short run in `make check`, ten minutes in `make stress`. In a
# sanitizer's build lm_stress talks to libcore.
check_PROGRAMS += tests/stress/lm_stress
TESTS += tests/stress/lm_stress
tests_stress_lm_stress_SOURCES = \
	tests/stress/doors.h \
	tests/stress/lm_stress.c \
	tests/stress/slots.c \
	tests/stress/slots.h
EXTRA_DIST += tests/libc.sh tests/stress/small_address_space.sh

if LM_SANITIZED
tests_stress_lm_stress_CPPFLAGS = $(AM_CPPFLAGS) -DLM_STRESS_CORE
tests_stress_lm_stress_CFLAGS = $(AM_CFLAGS) $(LM_SANITIZE) -pthread
tests_stress_lm_stress_LDFLAGS = $(LM_SANITIZE) -no-install -pthread
tests_stress_lm_stress_LDADD = libcore.la
else
tests_stress_lm_stress_CPPFLAGS = $(AM_CPPFLAGS)
tests_stress_lm_stress_CFLAGS = $(AM_CFLAGS) -fno-builtin -pthread
tests_stress_lm_stress_LDFLAGS = -no-install -pthread
tests_stress_lm_stress_LDADD = libmalloc.la

check_PROGRAMS += tests/stress/lm_threads
tests_stress_lm_threads_SOURCES = tests/stress/lm_threads.c
tests_stress_lm_threads_CFLAGS = $(AM_CFLAGS) -fno-builtin -pthread
tests_stress_lm_threads_LDFLAGS = -no-install -pthread
tests_stress_lm_threads_LDADD = libmalloc.la
TESTS += tests/stress/lm_threads tests/stress/small_address_space.sh
STRESSES += stress-threads
endif

STRESSES += stress-run
stress-run: tests/stress/lm_stress
	tests/stress/lm_stress --seconds 240 --threads 8
	LIBMALLOC_CONF=magazines:false tests/stress/lm_stress --seconds 60 --threads 4
	LIBMALLOC_CONF=background_purge:true tests/stress/lm_stress --seconds 60 --threads 4
	tests/stress/lm_stress --seconds 200 --threads 64 --live-mib 400
	tests/stress/lm_stress --seconds 100 --threads 3 --fork-ms 5
stress-threads: tests/stress/lm_threads
	tests/stress/lm_threads 200000
.PHONY: stress-run stress-threads
