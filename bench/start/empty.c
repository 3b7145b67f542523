/* SPDX-License-Identifier: MIT
 *
 * A shared object that does nothing: what any preload costs a program.
 */
extern int lm_nothing;
int lm_nothing;
