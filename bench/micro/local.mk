# what bench/micro builds
