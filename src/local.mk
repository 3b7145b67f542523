# The library: libcore is everything but the doors, under the lm_ prefix, for tests that run it
# beside libc's malloc; libmalloc is libcore and the doors.

lm_core_sources = \
	src/base/atomics.h src/base/bits.h src/base/classes.c src/base/classes.h \
	src/base/compiler.h src/base/options.c src/base/options.h src/base/tuning.h \
	src/os/fatal.c src/os/fatal.h src/os/lock.c src/os/lock.h src/os/helper.c src/os/helper.h src/os/clock.c src/os/limits.c src/os/limits.h src/os/map.c src/os/os.h \
	src/space/area.c src/space/area.h src/space/bound.c src/space/bound.h src/space/demand.c src/space/demand.h src/space/granules.c src/space/granules.h src/space/large.c src/space/large.h \
	src/space/marks.c src/space/marks.h src/space/metadata.c src/space/metadata.h src/space/runs.c src/space/runs.h \
	src/space/units.c src/space/units.h src/space/window.c src/space/window.h \
	src/slab/guest.c src/slab/slab.c src/slab/slab.h \
	src/heap/bin.c src/heap/bin.h src/heap/commons.c src/heap/commons.h src/heap/ebb.c src/heap/heap.h src/heap/hosts.c src/heap/huge.c src/heap/huge.h src/heap/zone.c src/heap/zone.h \
	src/heap/idle.c src/heap/idle.h \
	src/heap/magazine.c src/heap/outbox.c src/heap/owner.h src/heap/registry.c \
	src/heap/registry.h src/heap/slabs.c src/heap/stock.c src/heap/stock.h src/heap/sweep.c src/heap/veil.c \
	src/core/alloc.c src/core/background.c src/core/background.h src/core/core.h src/core/resize.c \
	src/observe/options.c src/observe/options.h src/observe/report.c src/observe/report.h \
	src/observe/snapshot.c src/observe/snapshot.h

lm_door_sources = \
	src/api/derived.c src/api/doors.c src/api/glibc.c src/api/glibc.h src/api/init.c src/api/init.h src/api/libmalloc.c src/api/plugins.c

# -fno-builtin: the compiler must not turn our calloc's malloc and memset into a call of calloc.
# No vectors, which are set from constants in memory: that would be the one thing that a process which
# prints nothing reads of those, and the kernel maps 16 pages around it.
LM_LIBRARY_CFLAGS = $(AM_CFLAGS) -fno-tree-vectorize -fvisibility=hidden -ftls-model=initial-exec -fno-builtin-malloc \
	-fno-builtin-calloc -fno-semantic-interposition -fno-plt

noinst_LTLIBRARIES += libcore.la libcore_torture.la
libcore_la_SOURCES = $(lm_core_sources)
libcore_la_CFLAGS = $(LM_LIBRARY_CFLAGS) $(LM_SANITIZE)
libcore_torture_la_SOURCES = $(lm_core_sources)
libcore_torture_la_CPPFLAGS = $(AM_CPPFLAGS) -DLM_CONFIG_CHECKED=1 -DLM_CONFIG_TORTURE=1
libcore_torture_la_CFLAGS = $(LM_LIBRARY_CFLAGS) $(LM_SANITIZE)

if !LM_SANITIZED
lib_LTLIBRARIES += libmalloc.la
libmalloc_la_SOURCES = $(lm_core_sources) $(lm_door_sources)
libmalloc_la_CPPFLAGS = $(AM_CPPFLAGS) -DLM_VERSION='"$(PACKAGE_VERSION)"'
libmalloc_la_CFLAGS = $(LM_LIBRARY_CFLAGS)
# Without the compiler's start files: they bring four look-ups that fail, and constructors. With none of
# these a process that allocates nothing touches no code of ours, and separate-code keeps code out of
# what the kernel maps around the headers.
libmalloc_la_LDFLAGS = -version-info $(LM_LIBTOOL_VERSION) -no-undefined \
	-Wl,--version-script=$(srcdir)/src/libmalloc.map -Wl,-z,now -Wl,-z,nodelete -Wl,--as-needed \
	-Wl,-z,separate-code -Wl,--hash-style=gnu -Wc,-nostartfiles \
	$(LM_LINKER_SCRIPT)
libmalloc_la_DEPENDENCIES = $(srcdir)/src/libmalloc.map $(srcdir)/src/libmalloc.ld
endif

EXTRA_DIST += src/FLOORS src/libmalloc.exports src/libmalloc.ld src/libmalloc.map
