/**
 * Users of memory that leaves the direct map: memfd_secret, guest_memfd, and page cache without
 * direct map.
 *
 * <p>Models mm/secretmem.c (Linux 7.0 and "mm: Add __GFP_UNMAPPED" v2 to v4),
 * virt/kvm/guest_memfd.c with "Direct Map Removal Support for guest_memfd" v10 and "KVM:
 * guest_memfd: use write for population" v7, and the AS_NO_DIRECT_MAP parts of mm/filemap.c (v3,
 * v4).
 *
 * <p>Entry class: {@link org.pagewright.kernel.secret.GuestMemfd}. Others: {@link
 * org.pagewright.kernel.secret.Secretmem}, {@link org.pagewright.kernel.secret.SecretPageCache},
 * {@link org.pagewright.kernel.secret.SecretPages} (what they share, with its costs), {@link
 * org.pagewright.kernel.secret.SecretFileView} (what checkers see).
 *
 * <p>Invariants: once a call returned, a page of a file is absent from the direct map, and from
 * every TLB if its variant flushes; a page is restored before it is freed to a mapped list; a page
 * that cannot be restored is never freed; pages of a stale mermap are flushed before they are
 * freed.
 *
 * <p>Left out: user page tables behind the faults, KVM's page tables, memory failure, NUMA
 * policies.
 */
@NullMarked
package org.pagewright.kernel.secret;

import org.jspecify.annotations.NullMarked;
