/* What libraries load when they are first used: for a program that will lock itself in
 * (base/os/sandbox.h), where no code can be loaded any more.  Failures show when the
 * thing is needed.  Main thread. */
#ifndef CS_NET_PRELOAD_H
#define CS_NET_PRELOAD_H

void cs_net_preload(void);

#endif
