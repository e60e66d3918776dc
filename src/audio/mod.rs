//! Where sound comes from and goes to: files and null devices, later sound cards.
