/* Gives back the memory that reading the whole file has mapped in.
 *
 * Pages of a file map count as the process' memory although the kernel can drop them;
 * after the walk of a large store at start a node "at rest" would show all of it. */
#ifndef CS_STORE_LMDB_RESIDENT_H
#define CS_STORE_LMDB_RESIDENT_H

/* Every map of this file in the process: its pages are unmapped and come back at the
 * next touch.  Harmless beside readers and the writer.  Without /proc it does nothing.
 * Any thread. */
void cs_resident_drop(int fd);

#endif
