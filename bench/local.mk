include bench/micro/local.mk
include bench/programs/local.mk
include bench/start/local.mk
include bench/fragbench/local.mk
