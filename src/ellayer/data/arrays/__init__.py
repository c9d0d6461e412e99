"""Arrays: NPZ, NPY and HDF5 files as examples."""
