# what tests/unit builds
