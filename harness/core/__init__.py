"""Types, taxonomy and costs, errors, hashing and file reading: what every other layer rests on."""
