package org.pagewright.kernel.secret;

import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.memory.FrameTags;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.arch.CostLedger;
import org.pagewright.kernel.directmap.DirectMap;
import org.pagewright.kernel.mermap.Mermap;
import org.pagewright.kernel.tlbflush.TlbShootdown;

/** The parts of one kernel that secret memory needs; a kernel without MERMAP has none. */
public record SecretServices(
    PageAllocator allocator,
    DirectMap directMap,
    TlbShootdown shootdown,
    @Nullable Mermap mermap,
    FrameTags tags,
    EventLog events,
    CostLedger ledger,
    int pageShift) {}
