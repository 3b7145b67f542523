# what bench/programs builds
