"""Many tables against what is asked of each."""
