# What judges the sources and the library, and the commands of README.md.
script_tests = scripts/floors scripts/format-check
if !LM_SANITIZED
script_tests += scripts/symbols-check
endif
TESTS += $(script_tests)
EXTRA_DIST += \
	.ci/run \
	.clang-format \
	scripts/.shellcheckrc \
	scripts/check \
	scripts/elsewhere \
	scripts/floors \
	scripts/format-check \
	scripts/needs \
	scripts/steps.sh \
	scripts/symbols-check \
	scripts/try \
	src/FLOORS

dist_man_MANS += man/libmalloc.3
