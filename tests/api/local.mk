# what tests/api builds
