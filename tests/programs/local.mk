# Real programs, run with and without the library and compared. A sanitized build has no library
# to preload. LM_PROGRAMS picks scripts by name, "none" leaves all out.
program_tests = \
	tests/programs/preload.sh \
	tests/programs/comparison_can_fail.sh \
	tests/programs/python3.sh \
	tests/programs/gcc.sh \
	tests/programs/make.sh \
	tests/programs/git.sh \
	tests/programs/perl.sh \
	tests/programs/lua.sh \
	tests/programs/sqlite3.sh \
	tests/programs/redis.sh \
	tests/programs/node.sh \
	tests/programs/java.sh \
	tests/programs/php.sh \
	tests/programs/postgres.sh \
	tests/programs/nginx.sh \
	tests/programs/memcached.sh \
	tests/programs/openssl.sh \
	tests/programs/xz.sh \
	tests/programs/sort.sh \
	tests/programs/ghostscript.sh \
	tests/programs/chromium.sh
EXTRA_DIST += $(program_tests) tests/programs/lib.sh tests/programs/.shellcheckrc
if !LM_SANITIZED
TESTS += $(program_tests)
endif
