# what bench/fragbench builds
