# what tests/misuse builds: nothing. run.sh compiles each crime it finds, and the folder travels as
# a whole, so that a new crime is one new file.
EXTRA_DIST += tests/misuse
if !LM_SANITIZED
TESTS += tests/misuse/run.sh
endif
