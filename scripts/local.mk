# what scripts builds
