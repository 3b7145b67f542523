/* SPDX-License-Identifier: MIT
 *
 * observe/report.h - a snapshot in words.
 */
#ifndef LM_OBSERVE_REPORT_H
#define LM_OBSERVE_REPORT_H

#include <stdio.h>

/* To stderr, for people; allocates nothing. */
void lm_report_print(void);
/* XML, as malloc_info(3) gives. 0, or -1 if writing failed. */
int lm_report_write_xml(FILE *stream);

#endif
