# what tests/programs builds
