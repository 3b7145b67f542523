include tests/unit/local.mk
include tests/api/local.mk
include tests/misuse/local.mk
include tests/stress/local.mk
include tests/programs/local.mk
