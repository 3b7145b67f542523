/* SPDX-License-Identifier: MIT
 *
 * A library for lifetime.c that is linked behind libmalloc and does not depend on it: the loader
 * runs its constructor before libmalloc's, and its destructor after.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int lm_test_early_result(void);

static char *kept;
static int good;

__attribute__((constructor)) static void before_libmalloc(void)
{
    char *block = malloc(3000);

    kept = strdup("from before");
    if (block == NULL || kept == NULL)
        return;
    memset(block, 1, 3000);
    block = realloc(block, 300000);
    good = block != NULL && block[2999] == 1;
    free(block);
}

__attribute__((destructor)) static void after_libmalloc(void)
{
    char *block = malloc(7000);

    if (block == NULL || kept == NULL || strcmp(kept, "from before") != 0)
        _exit(40);
    free(block);
    free(kept);
}

int lm_test_early_result(void)
{
    return good;
}
