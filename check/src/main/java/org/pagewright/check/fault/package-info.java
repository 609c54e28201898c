/**
 * Fault injection: which failing request leads to a broken property.
 *
 * <p>Models Linux's fault injection (lib/fault-inject.c, mm/fail_page_alloc.c) used systematically:
 * a run is repeated with its first request failing, then its second, and so on; then with every
 * request failing from the first one on, from the second one on; then with pairs. A request is one
 * for frames, those for page tables included, or a walk over page tables that the kernel must
 * expect to fail.
 *
 * <p>Entry class: {@link org.pagewright.check.fault.FaultSearch}. Others: {@link
 * org.pagewright.check.fault.FaultedOrders}, which lets requests fail while CPUs are interleaved. A
 * request is then named by its CPU and its number among those of that CPU, so that orders that
 * differ only in steps that commute fail the same ones.
 *
 * <p>Invariants: after each run the kernel has answered with an error that the operation may
 * return, and once everything is given back nothing is lost (oracle {@code nothing-lost}).
 *
 * <p>Left out: more than two requests while CPUs are interleaved; requests with {@code
 * __GFP_NOFAIL}, which must not fail; requests during boot.
 */
@NullMarked
package org.pagewright.check.fault;

import org.jspecify.annotations.NullMarked;
