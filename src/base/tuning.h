/* SPDX-License-Identifier: MIT
 *
 * base/tuning.h - every number that was chosen, its unit and its reason.
 *
 * In a torture build many of them shrink until the rare paths become the common ones.
 */
#ifndef LM_BASE_TUNING_H
#define LM_BASE_TUNING_H

#include "base/compiler.h"

#define LM_TUNE(normal, torture) (lm_torture ? (torture) : (normal))

#define LM_KIB ((size_t)1 << 10)
#define LM_MIB ((size_t)1 << 20)
#define LM_GIB ((size_t)1 << 30)
#define LM_TIB ((size_t)1 << 40)

/* Bytes. Address space asked for at start, halved until the kernel agrees. One TiB leaves the other
 * 127 TiB of a 47-bit space alone and is never in the way. */
#define LM_WINDOW_DEFAULT LM_TUNE(LM_TIB, 8 * LM_GIB)
/* Bytes. Halving stops here; below this a virtual window is better, which can use all there is.
 * (Under valgrind 32 GiB is what can be had.) */
#define LM_WINDOW_LEAST LM_TUNE(4 * LM_GIB, 1 * LM_GIB)
/* Bytes. Largest virtual window. */
#define LM_WINDOW_VIRTUAL LM_TUNE(256 * LM_GIB, 1 * LM_GIB)
/* Share (1/n) of RLIMIT_AS that a reservation may take; a tighter limit makes the window virtual.
 */
#define LM_WINDOW_LIMIT_SHARE 8

/* Bytes. First commit: smaller than a 2 MiB huge page, so that a small process never gets one. */
#define LM_COMMIT_FIRST LM_TUNE(256 * LM_KIB, 64 * LM_KIB)
/* Share (1/n) of what is committed that the next commit adds: about 11 calls to the first GiB. */
#define LM_COMMIT_SHARE 8
/* Bytes. Largest speculative commit. */
#define LM_COMMIT_MOST LM_TUNE(64 * LM_MIB, 256 * LM_KIB)
/* Bytes. Least step by which a metadata area is committed. */
#define LM_METADATA_STEP LM_TUNE(64 * LM_KIB, 16 * LM_KIB)
/* Blocks of 256 members that a set of runs or marks holds in itself before it commits memory of its own: 8
 * MiB of units. With 4 all that a process writes of the library's own data would not fit one page. */
#define LM_RUN_FIRST LM_TUNE(2, 1)
/* Heaps without a thread whose slabs serve cold magazines; the next one is used when those before it
 * are busy. */
#define LM_COMMONS LM_TUNE(4, 2)
/* Controls of heaps that lie with the first entries of the page map, in a page that every process
 * touches. */
#define LM_CONTROLS_FIRST (LM_COMMONS + LM_TUNE(4, 2))
/* Chunks of 16 KiB that are kept when they come free. */
#define LM_METADATA_KEPT 4
/* Share (1/n) of the window that descriptors may need: 448 bytes per 16 KiB unit at worst. */
#define LM_METADATA_SHARE 32
/* Bytes. What 32-bit indexes of 16 bytes reach. */
#define LM_METADATA_MOST (64 * LM_GIB)

/* log2 of bytes. A unit is 16 KiB: 64 KiB slabs cost 11-14 % more peak memory on a compiler run.
 * Where the page is 64 KiB the unit is one page. */
#define LM_UNIT_LOG2 14

/* Bytes. From this much in a class of one heap on its requests are told apart by finer classes. Lower,
 * small programs pay for partly used slabs of more classes; higher, slots that the smaller requests
 * used lie idle after the split (a churn of 10 000 blocks: +1.5 % peak at 64 KiB, +4.5 % at 256). */
#define LM_CLASS_SPLIT LM_TUNE(64 * LM_KIB, 32 * LM_KIB)
/* Requests by which a split chooses the smaller size, and the share (1/n) of their bytes that it must
 * save to be made elsewhere than half way. */
#define LM_CLASS_NOTES      6
#define LM_CLASS_GAIN_SHARE 32
/* Bytes. This class is not split: two free neighbours have room for a guest of twice the size (lru, from 240
 * to 492 bytes: 1.26 times the live bytes instead of 1.40). */
#define LM_CLASS_WHOLE 256
/* Bytes. ... and from this much on its slabs are as large as it takes to leave little behind the last
 * slot, if its blocks are at most half a unit. Larger ones lie alone in their slabs, whose units then
 * serve every class: packing those too cost a churn of medium blocks a quarter more memory, and z3,
 * which leaves the ends of its 8 KiB blocks alone, 3 %. */
#define LM_SLAB_TIGHT_FROM LM_TUNE(256 * LM_KIB, 32 * LM_KIB)
/* Bytes. All slabs of a class may leave so much behind their last slots, or a share (1/n) of
 * themselves if that is more (with a fixed eighth sqlite3 has 76.5 MiB instead of 72.6), if ... */
#define LM_SLAB_TAILS      LM_TUNE(32 * LM_KIB, 4 * LM_KIB)
#define LM_SLAB_TAIL_SHARE 64
/* Bytes. ... no more than this is needed for it. The reciprocals of classes are exact to 128 KiB. */
#define LM_SLAB_MOST (80 * LM_KIB)

/* Slots. A magazine's capacity is one less than a power of two: slot 0 holds the NULL that tells
 * malloc that it is empty. The first one lies inside the heap. */
#define LM_MAGAZINE_FIRST 7
#define LM_MAGAZINE_MOST  LM_TUNE(1023, 15)
/* Bytes of payload a magazine may hold at first, when it has grown, and when flushed blocks were taken
 * again (medium blocks of 1 to 32 KiB, 500 live: 71 instructions per malloc and free instead of 336; with
 * 1 MiB and half of the budget 99, and 2.5 MiB more memory, as slabs come and go). */
#define LM_MAGAZINE_FIRST_PAYLOAD  (32 * LM_KIB)
#define LM_MAGAZINE_PAYLOAD        (256 * LM_KIB)
#define LM_MAGAZINE_PAYLOAD_PROVEN (2 * LM_MIB)
/* Slow paths that a magazine must cause before it doubles. */
#define LM_MAGAZINE_PATIENCE LM_TUNE(3, 1)
/* Share (1/n) of what a flush took that refills after it bring less; and how often so little is brought then, before it
 * is half of the magazine again. */
#define LM_MAGAZINE_SETTLE 32
#define LM_MAGAZINE_STEPS  8
/* Bytes. Payload capacity that all magazines of a thread may reach together, beside a share (1/n) of
 * what the thread's slabs hold: the larger one while flushed blocks are taken again, the smaller one
 * when a magazine is flushed twice in a row. */
#define LM_MAGAZINE_BUDGET       LM_TUNE(128 * LM_KIB, 16 * LM_KIB)
#define LM_MAGAZINE_SHARE        8
#define LM_MAGAZINE_SHARE_PROVEN 1
/* Share (1/n) of what all magazines may hold from which on one is made smaller when that is too much (sh6
 * without this: 20 000 flushes instead of 2 800); and bytes of a heap from which on every one is: small blocks
 * pin much more than they hold. */
#define LM_MAGAZINE_NOTABLE 8
#define LM_MAGAZINE_MATTERS LM_MIB
/* Flushes of a magazine in a row, without a refill, and the share (1/n) of the slabs' bytes that is used, with
 * which the heap is said to drain; bytes that all its magazines may then hold, beside a share (1/n) of what is
 * used. (sawtooth ends with 23.4 MiB instead of 25.8 for 3.2 live: each block may be the one that keeps a page.
 * Without the first share node, whose collector frees in bursts, faults 44 000 times instead of 35 000.) */
#define LM_DRAIN_FLUSHES LM_TUNE(8, 3)
#define LM_DRAIN_USED    4
#define LM_DRAIN_BUDGET  LM_TUNE(64 * LM_KIB, 8 * LM_KIB)
#define LM_DRAIN_SHARE   32

/* Slow paths of a heap after which idle magazines shrink, if the demand window is not over before: a
 * few blocks of sizes that are out of fashion pin whole slabs. */
#define LM_EPOCH_SLOW_PATHS LM_TUNE(256, 16)
/* Such epochs in which a magazine that has shrunk must not grow again, or it outlives twice as many idle ones the next
 * time; and log2 of how many at most. (With dozens of classes in use each fits for a while and looks idle: without this
 * rptest has 88 000 refills and 18 000 flushes, not 70 000 and 11 000, and cc1plus 101 000 refills, not 14 000.) */
#define LM_MAGAZINE_TRIAL         3
#define LM_MAGAZINE_PATIENCE_MOST 3
/* ... and slow paths after which those blocks go back of which none was taken since the last look; a divisor of the
 * above. (robson ends with 13.5 MiB at 64, with 16 at 128; medium blocks execute 1 % more at 64.) */
#define LM_LOOK_SLOW_PATHS LM_TUNE(64, 4)

/* Blocks, and bytes, that a magazine takes from the commons and gives to it before it gets slabs of
 * its own; and the largest blocks for which that saves pages. */
#define LM_SHARE_MOST      LM_TUNE(32, 8)
#define LM_SHARE_BYTES     (4 * LM_KIB)
#define LM_SHARE_SIZE_MOST (8 * LM_KIB)
/* Bytes that a cold magazine takes at a time, and keeps of what is freed; and of blocks that no thread but the
 * first holds back in its outbox. */
#define LM_SHARE_BATCH_BYTES 256

/* Flushes of a magazine in a row, without a refill, after which its thread is said to ebb. */
#define LM_EBB_FLUSHES LM_TUNE(4, 2)
/* Bytes that a magazine of such a thread may hold, beside a share (1/n) of what the thread uses; the
 * bound doubles when an ebb was regretted, up to the magazines' budget, and is halved per second. */
#define LM_EBB_LEAST ((uint32_t)LM_TUNE(2 * LM_KIB, 256))
#define LM_EBB_SHARE 8
/* Slabs. A heap that has no more than these also gives its cached units and its holes back. */
#define LM_EBB_SLABS LM_TUNE(16, 4)

/* Bytes. Slabs of blocks from this size on are open: a block stays in the magazine of whichever thread freed
 * it. Smaller ones would go on sharing cache lines with blocks of the thread they came from. */
#define LM_OPEN_LEAST 64
/* Entries, a power of two, at most 64. An outbox entry merges the frees into one bitmap word of a
 * stranger. */
#define LM_OUTBOX_ENTRIES LM_TUNE(64, 2)
/* Bytes of strangers' blocks that an outbox holds back before it is flushed. */
#define LM_OUTBOX_BYTES (64 * LM_KIB)

/* Runs of units that a heap keeps instead of giving them to the shared pool: the longest, in units
 * (128 KiB); how many of each length; units in all, and beside them a share (1/n) of what the heap's
 * slabs hold. */
#define LM_STOCK_LONGEST LM_TUNE(8, 3)
#define LM_STOCK_DEPTH   LM_TUNE(8, 2)
#define LM_STOCK_LEAST   LM_TUNE(8, 4)
#define LM_STOCK_SHARE   16
/* Runs that wait without a lock, in front of these, and units of them beside the same share. */
#define LM_NEAR_RUNS  8
#define LM_NEAR_LEAST LM_TUNE(16, 4)

/* Nodes in the inbox of a heap, up to 64 blocks or 16 KiB each, after which those who deliver take
 * them in themselves: an owner that waits for something would keep them for ever. */
#define LM_BACKLOG_MOST LM_TUNE(32, 4)

/* Parked heaps without slabs that keep their pages, so that thread churn does not fault them in
 * again each time. */
#define LM_DORMANT_WARM 4
/* Parked heaps that one thread looks into for a partly used slab before it takes a new one. */
#define LM_ADOPT_TRIES 4

/* Milliseconds. Dirty memory is looked at this often ... */
#define LM_PURGE_PERIOD_MS 100
/* ... and what exceeds the peak demand of the last one to two of these is returned. (With 1000, memory was
 * still there after a second of rest.) */
#define LM_PEAK_WINDOW_MS 500
/* Milliseconds. What was learned about memory that is wanted again is judged this often. */
#define LM_DEMAND_WINDOW_MS 1000
/* Bytes. Dirty memory beyond a bound and a share (1/n) of what is in use goes back at once: nobody
 * calls the purge for a process that falls idle. The bound starts low, doubles when what went back is
 * wanted again soon and in quantity, to what would have kept it and a quarter more, and comes down by an
 * eighth per demand window. (A share of an eighth kept 9 MiB in a heap of which half had been swept. A bound
 * of 1 MiB at first is kept for ever by programs that free what they had and rest.) */
#define LM_DIRTY_LEAST (256 * LM_KIB)
#define LM_DIRTY_MOST  LM_TUNE(256 * LM_MIB, 4 * LM_MIB)
/* Bytes of dirty memory from which on magazines are veiled. */
#define LM_DIRTY_MUCH  LM_TUNE(LM_DIRTY_LEAST, 0)
#define LM_DIRTY_SHARE 32
/* Bytes per millisecond, and at most. What may be purged and taken again before the bound doubles: to
 * purge a page and fault it in anew costs 2 to 3 us, so this is half a percent of the time for as long as
 * the bound learns. (With 24 KiB sqlite3 faults 26 600 times instead of 22 100, lua 14 400 instead of 11 900;
 * no memory is saved by it.) */
#define LM_DIRTY_PATIENCE_GAIN (8 * LM_KIB)
#define LM_DIRTY_PATIENCE_MOST LM_TUNE(8 * LM_MIB, 256 * LM_KIB)
/* Shares (n/8) of the memory limit in use or dirty above which memory counts as tight. */
#define LM_TIGHT_EIGHTHS 7
/* Units. Excess that is returned whole instead of halved. */
#define LM_PURGE_WHOLE 64

/* Bytes. Stack of the thread that the option background_purge starts: it needs a few pages, glibc puts
 * thread-local storage there too, and the last thread of a program runs its exit handlers. */
#define LM_HELPER_STACK (128 * LM_KIB)
/* Milliseconds. Its longest pause between two looks that find something going on ... */
#define LM_BACKGROUND_PAUSE_MS LM_TUNE(3200, 200)
/* ... and looks after which memory that the kernel does not take back is left alone: more than two demand
 * windows, in which dirty memory may rightly stay. */
#define LM_BACKGROUND_PATIENCE LM_TUNE(8, 32)

/* Bytes. A heap's partly used slabs are swept when their free slots hold more than a bound and a share
 * (1/n) of what is used, as far as a sweep could win them. The bound starts here. It doubles when in
 * one demand window more was swept and taken again than LM_SWEEP_REGRET, and again for each step
 * more: 1280 pages at 3 us are 0.4 % of the second. It comes down by an eighth per window, and counts
 * for what is used at most, or LM_SWEEP_SMALL: a heap that has shrunk needs little. */
#define LM_SWEEP_LEAST       LM_TUNE(512 * LM_KIB, 16 * LM_KIB)
#define LM_SWEEP_MOST        LM_TUNE(256 * LM_MIB, 1 * LM_MIB)
#define LM_SWEEP_SHARE       16
#define LM_SWEEP_REGRET      LM_TUNE(5 * LM_MIB, 256 * LM_KIB)
#define LM_SWEEP_REGRET_STEP (LM_SWEEP_REGRET / 16)
#define LM_SWEEP_SMALL       (4 * LM_SWEEP_LEAST)
/* Bytes per millisecond, and in all: what may be swept for nothing in the long run, as it is taken again or its
 * slab is empty soon. 8 pages a millisecond are 3 % of the time, and 64 MiB 50 ms (sawtooth comes to 42). A heap
 * that fills and drains again and again with blocks that stay here and there gets beyond that, and is not swept
 * until time has paid. */
#define LM_SWEEP_PAY  (32 * LM_KIB)
#define LM_SWEEP_DEBT (64 * LM_MIB)
/* Microseconds from the beginning of a round of the sweeper's hand to the next: a slab that is taken from again in a
 * moment is not cold. (Without it 4 000 blocks that come and go within 0.1 ms are swept all the time. With 8 to 12 ms
 * sawtooth, which falls for 20, ends at 8.3 times what is live instead of 7.8, and with 3 ms after the end of a round at 9.8.) */
#define LM_SWEEP_PACE_US LM_TUNE(5000, 0)
/* Slabs that a slow path looks at when the waste is just above what is left alone, and so many times
 * that at most when there is more. */
#define LM_SWEEP_STEPS 16
#define LM_SWEEP_HASTE 8

/* Bytes. A heap whose free slots hold more than this and a share (1/n) of what is used takes blocks into
 * slots of smaller classes before it takes new memory (redis: 71.9 MiB instead of 73.2 with 1 MiB and a 16th;
 * a 64th has python3's objects search six times as often, for nothing) ... */
#define LM_HOST_LEAST LM_TUNE(256 * LM_KIB, 4 * LM_KIB)
#define LM_HOST_SHARE 32
/* ... if the block has at least so many bytes: to find room costs about 2 500 instructions. (Lua, which
 * frees and takes small strings and tables all the time, took 12 % longer without this.) */
#define LM_GUEST_LEAST LM_TUNE(256, 32)
/* So many slots at most, which are larger than the block by a share (1/n) of it at most. */
#define LM_GUEST_SLOTS 32
#define LM_GUEST_WASTE 2
/* Slabs and classes that one search looks at. When it fails, a new slab saves the next searches. */
#define LM_HOST_STEPS LM_TUNE(64, 16)
/* Slabs that searches may look at per millisecond, gathered for so long at most, and what one search counts
 * beside them: 5 % of the time, as a slab takes about 40 instructions. */
#define LM_HOST_CREDIT_GAIN 4096
#define LM_HOST_CREDIT_MS   128
#define LM_HOST_SEARCH      8

/* Bytes. The first blocks of each class from this size on, so many bytes of them, are guests in the first heap:
 * most programs have but a few blocks of most classes, each of which would keep a page. (bash touches 51 pages without
 * that and 40 with it, git 84 and 75; with twice the bytes git 79, with 64 bytes as the least 82.) */
#define LM_FIRST_GUEST_LEAST 80
#define LM_FIRST_GUEST_BYTES 1536
/* The class of their hosts, 48 bytes: the smallest in whose slots all these fit; and units of that class above which
 * none is made for their sake. */
#define LM_FIRST_HOST  2
#define LM_FIRST_HOSTS 2

/* Bytes. malloc serves larger requests from the huge zone at once. */
#define LM_LARGE_MOST LM_TUNE(32 * LM_MIB, 1 * LM_MIB)
/* Bytes. The huge zone's granule: a huge page, and what one page-table page maps. */
#define LM_GRANULE_LOG2 21
#define LM_GRANULE_SIZE ((size_t)1 << LM_GRANULE_LOG2)
/* A growing block gets this many times its size of address space. */
#define LM_HUGE_HEADROOM 8
/* Bytes. ... and at least this much, so that most blocks move once in their lives. */
#define LM_HUGE_SLOT_LEAST LM_TUNE(128 * LM_MIB, 4 * LM_MIB)
/* Bytes. What realloc grows beyond this leaves the units and is backed by huge pages where the kernel
 * allows: such blocks are written densely, and faults are most of their cost (growth by 1.5 to 64 MiB, four
 * times: 6.5 ms each with 16 MiB here, 5.0 with 8, 4.2 with 4; but one huge page too many is a quarter of a
 * block of 8 MiB, and half of one of 4). */
#define LM_HUGE_PAGES_FROM LM_TUNE(8 * LM_MIB, 1 * LM_MIB)
/* Bytes of heap from which on a granule that is reached is asked for as a huge page; up to a granule
 * too much is resident then. (At 32 MiB z3 has 65.5 MiB instead of 61.3, sqlite3 73.7 instead of 72.3.) */
#define LM_HUGE_PAGES_HEAP LM_TUNE(128 * LM_MIB, 4 * LM_MIB)
/* Granules. A block for which the heap grows by that much lies apart, where the kernel gives huge pages if it gives
 * them to everybody; and how many such pieces there may be: each costs two mappings. */
#define LM_APART_GRANULES 2
#define LM_APART_MOST     LM_TUNE(64, 4)
/* Microseconds that the first touch may take: 512 small pages cost about 700. */
#define LM_HUGE_PAGE_US LM_TUNE(1000, 300)
/* Milliseconds without huge pages for growing blocks after one that took longer: 6 of them where the machine's host
 * has to find the memory first. */
#define LM_HUGE_PAGE_PAUSE_MS 1000
/* Bytes. Growing blocks below this are copied, above it their pages are moved. A move costs two
 * system calls and the later refilling of the TLB; a warm copy of 128 KiB costs about as much. */
#define LM_MOVE_LEAST LM_TUNE(128 * LM_KIB, 64 * LM_KIB)
/* Bytes. From here up to there a block that cannot grow where it is is copied among the units if there is a
 * free run of this many times its size: memory that was used before is warm, fresh pages of the huge zone
 * cost a fault each. (From 32 KiB on: 400 buffers that end at 52 KiB leave 1.8 MiB behind instead of 1.05.) */
#define LM_GROW_ROOM_FROM (64 * LM_KIB)
#define LM_GROW_COPY_MOST LM_TUNE(1 * LM_MIB, 256 * LM_KIB)
#define LM_GROW_ROOM      4
/* A block that has moved this many times in a row to grow gets this much room, in bytes, once it holds a quarter of a unit. */
#define LM_GROW_EARLY_MOVES 4
#define LM_GROW_EARLY_ROOM  (128 * LM_KIB)
/* Slots of the huge zone that may be in use for growth: each costs up to three VMAs, and
 * vm.max_map_count is 65530. */
#define LM_HUGE_SLOTS LM_TUNE(1024, 8)
/* Slots of growing blocks that keep their pages when the block is freed, within the bound of dirty memory. */
#define LM_WARM_SLOTS 4
/* Heaps that can exist, beside the first ones: ids must fit their 19 bits of a unit's tag, where the highest is
 * nobody's; each reserves a cache line. */
#define LM_HEAPS_MOST ((size_t)127 << 12)

#endif
