# what tests/misuse builds
