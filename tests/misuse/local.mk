# what tests/misuse builds: nothing. run.sh compiles each crime it finds.
misuse_files = \
	tests/misuse/crime.h \
	tests/misuse/double_free.c \
	tests/misuse/double_free_aligned.c \
	tests/misuse/double_free_at_once.c \
	tests/misuse/double_free_buffer.c \
	tests/misuse/double_free_cold.c \
	tests/misuse/double_free_cold_tiny.c \
	tests/misuse/double_free_dead_owner.c \
	tests/misuse/double_free_grown.c \
	tests/misuse/double_free_huge.c \
	tests/misuse/double_free_large.c \
	tests/misuse/double_free_later.c \
	tests/misuse/double_free_lonely.c \
	tests/misuse/double_free_medium.c \
	tests/misuse/double_free_tiny.c \
	tests/misuse/double_free_two_strangers.c \
	tests/misuse/free_after_remote_free.c \
	tests/misuse/free_aligned_sized_mismatch.c \
	tests/misuse/free_of_stack.c \
	tests/misuse/free_sized_mismatch.c \
	tests/misuse/free_sized_mismatch_large.c \
	tests/misuse/innocent.c \
	tests/misuse/interior_pointer.c \
	tests/misuse/interior_pointer_cold.c \
	tests/misuse/interior_pointer_grown.c \
	tests/misuse/interior_pointer_huge.c \
	tests/misuse/interior_pointer_large.c \
	tests/misuse/interior_pointer_later.c \
	tests/misuse/interior_pointer_medium.c \
	tests/misuse/misaligned_pointer.c \
	tests/misuse/misaligned_pointer_large.c \
	tests/misuse/realloc_after_free.c \
	tests/misuse/realloc_after_free_large.c \
	tests/misuse/realloc_interior.c \
	tests/misuse/remote_double_free.c \
	tests/misuse/remote_free_after_free.c \
	tests/misuse/remote_interior_pointer.c \
	tests/misuse/run.sh \
	tests/misuse/tail_pointer_later.c \
	tests/misuse/wild_pointer.c
EXTRA_DIST += $(misuse_files)
if !LM_SANITIZED
TESTS += tests/misuse/run.sh
endif
