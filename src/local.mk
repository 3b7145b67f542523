# what src builds
