# What judges the sources and the library, and the commands of README.md.
script_tests = scripts/floors scripts/format-check
if !LM_SANITIZED
script_tests += scripts/symbols-check
endif
TESTS += $(script_tests)
EXTRA_DIST += src/FLOORS scripts/.shellcheckrc \
	scripts/floors scripts/format-check scripts/symbols-check
