#!/bin/bash
# SPDX-License-Identifier: MIT
# java.sh - the Java virtual machine starts, and runs threads and a just-in-time compiler.
. "${0%/*}/lib.sh"
need java
plan 3

version() { java -version 2>&1; }
cat >"$work/Threads.java" <<'EOJ'
import java.util.*;
import java.util.concurrent.*;
import java.util.zip.*;
public class Threads {
    static long work(int seed) {
        Random random = new Random(seed);
        Map<Integer, byte[]> kept = new HashMap<>();
        for (int i = 0; i < 100000; i++)
            kept.put(random.nextInt(3000), new byte[random.nextInt(800)]);
        CRC32 crc = new CRC32();
        Deflater deflater = new Deflater();
        byte[] out = new byte[65536];
        deflater.setInput(kept.toString().replaceAll("@[0-9a-f]+", "").getBytes());
        deflater.finish();
        crc.update(out, 0, deflater.deflate(out));
        deflater.end();
        return crc.getValue() + kept.values().stream().mapToLong(b -> b.length).sum();
    }
    public static void main(String[] args) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(8);
        List<Future<Long>> all = new ArrayList<>();
        for (int i = 0; i < 32; i++) {
            int seed = i;
            all.add(pool.submit(() -> work(seed)));
        }
        for (Future<Long> one : all)
            System.out.println(one.get());
        pool.shutdown();
    }
}
EOJ
compare "java -version" version
loaded_in java
if java --list-modules 2>/dev/null | grep -q '^jdk\.compiler'; then
    compare "a program of eight threads, compiled and run" java -Xmx256m "$work/Threads.java"
else
    skip "a program of eight threads, compiled and run" "this java has no compiler"
fi
finish
