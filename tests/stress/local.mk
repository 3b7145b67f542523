# what tests/stress builds
