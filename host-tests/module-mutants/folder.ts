// What the parts of `make mutants` hand over to each other.

/** Where the copy of the sources, the modules and the results are. */
export const FOLDER = 'build/mutants';
/** Ids that tests have found, a line each; ids that tests have run with; the number of ids; tests that take long, and their files. */
export const KILLED = 'killed.txt';
export const TRIED = 'tried.txt';
export const SIZE = 'size.txt';
export const SLOW = 'slow.txt';
/** Tests that fail when they are run again, and so tell nothing. */
export const UNREPEATABLE = 'unrepeatable.txt';
