package org.pagewright.faulty;

import java.util.List;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.faulty.alloc.ConvertsForTryLock;
import org.pagewright.faulty.alloc.DemandsMm;
import org.pagewright.faulty.alloc.ForgetsNoBlock;
import org.pagewright.faulty.alloc.InitialisesUnmappedPages;
import org.pagewright.faulty.alloc.KeepsLowWatermark;
import org.pagewright.faulty.alloc.LooksUpWhatItStored;
import org.pagewright.faulty.alloc.MergesByMigratetype;
import org.pagewright.faulty.alloc.NotesTypeOfList;
import org.pagewright.faulty.alloc.PutsBackUnlocked;
import org.pagewright.faulty.alloc.PutsBackWhatWasWanted;
import org.pagewright.faulty.alloc.ReportingRetypesUnmapped;
import org.pagewright.faulty.alloc.ReservesUnmappedBlocks;
import org.pagewright.faulty.alloc.TrapsUnmappedMemory;
import org.pagewright.faulty.directmap.CollapseFreesUnderDump;
import org.pagewright.faulty.directmap.CollapseFreesUnderWriter;
import org.pagewright.faulty.directmap.SplitRefusedAtBoot;
import org.pagewright.faulty.directmap.SplitSleepsInAtomic;
import org.pagewright.faulty.gather.BelievesOldCount;
import org.pagewright.faulty.gather.FlushesAfterLock;
import org.pagewright.faulty.gather.FreesReclaimedAtOnce;
import org.pagewright.faulty.gather.TriesSharedLock;
import org.pagewright.faulty.gather.UnlinksBeforeFlush;
import org.pagewright.faulty.kpkeys.ForgetsEarlyTables;
import org.pagewright.faulty.kpkeys.SplitsWithoutReserve;
import org.pagewright.faulty.ldt.ChecksAfterPreparing;
import org.pagewright.faulty.ldt.FreesLiveTable;
import org.pagewright.faulty.ldt.IgnoresRegionError;
import org.pagewright.faulty.ldt.WarnsOfLegalFailure;
import org.pagewright.faulty.mermap.LeaksMigrateDisable;
import org.pagewright.faulty.mermap.PutsWithCreatingWalk;
import org.pagewright.faulty.mermap.SharesReservedRecord;
import org.pagewright.faulty.mermap.WrapsIntoNextCpu;
import org.pagewright.faulty.mmlocal.ForgetsPae;
import org.pagewright.faulty.mmlocal.OverlapsOtherRegions;
import org.pagewright.faulty.mmlocal.ShowsMermapToUsers;
import org.pagewright.faulty.secret.FreesBeforeRemap;
import org.pagewright.faulty.secret.FreesWhileCached;
import org.pagewright.faulty.secret.IgnoresFailedRestore;
import org.pagewright.faulty.secret.TrustsLruFlag;
import org.pagewright.faulty.sva.FreesTablesAtOnce;
import org.pagewright.faulty.tablelife.ForgetsOwner;
import org.pagewright.faulty.tablelife.FreesWholePage;
import org.pagewright.faulty.tablelife.SkipsKernelConstructor;
import org.pagewright.faulty.tablelife.SplitsWithPlainPages;
import org.pagewright.faulty.tlbflush.SkipsSwitchingCpus;
import org.pagewright.faulty.tlbflush.SparesLazyCpus;
import org.pagewright.faulty.vm.CollapsesUnderWalkers;
import org.pagewright.faulty.vm.CountsSharersByReferences;
import org.pagewright.faulty.vm.FlushesAfterUnlock;
import org.pagewright.faulty.vm.SkipsBatchedFlush;
import org.pagewright.faulty.vmalloc.FreesUnderDump;
import org.pagewright.faulty.vmalloc.SyncsNoRoots;
import org.pagewright.faulty.vmalloc.WarnsOfEmptySlots;

/** Every planted bug, by number in the gallery. */
public final class PlantedBugs {
  private static final List<PlantedBug> ALL =
      List.of(
          MergesByMigratetype.BUG,
          PutsBackWhatWasWanted.BUG,
          PutsBackUnlocked.BUG,
          FreesBeforeRemap.BUG,
          IgnoresRegionError.BUG,
          ChecksAfterPreparing.BUG,
          WarnsOfLegalFailure.BUG,
          WrapsIntoNextCpu.BUG,
          LeaksMigrateDisable.BUG,
          FreesWhileCached.BUG,
          BelievesOldCount.BUG,
          SkipsSwitchingCpus.BUG,
          KeepsLowWatermark.BUG,
          ForgetsNoBlock.BUG,
          TrapsUnmappedMemory.BUG,
          ReservesUnmappedBlocks.BUG,
          ReportingRetypesUnmapped.BUG,
          CollapseFreesUnderWriter.BUG,
          CollapseFreesUnderDump.BUG,
          SplitsWithPlainPages.BUG,
          FreesTablesAtOnce.BUG,
          SplitSleepsInAtomic.BUG,
          SplitRefusedAtBoot.BUG,
          SplitsWithoutReserve.BUG,
          ForgetsEarlyTables.BUG,
          FreesReclaimedAtOnce.BUG,
          FreesWholePage.BUG,
          TriesSharedLock.BUG,
          SparesLazyCpus.BUG,
          SkipsBatchedFlush.BUG,
          UnlinksBeforeFlush.BUG,
          FlushesAfterLock.BUG,
          FlushesAfterUnlock.BUG,
          CountsSharersByReferences.BUG,
          CollapsesUnderWalkers.BUG,
          FreesLiveTable.BUG,
          OverlapsOtherRegions.BUG,
          ForgetsPae.BUG,
          ShowsMermapToUsers.BUG,
          SyncsNoRoots.BUG,
          NotesTypeOfList.BUG,
          SkipsKernelConstructor.BUG,
          ForgetsOwner.BUG,
          FreesUnderDump.BUG,
          WarnsOfEmptySlots.BUG,
          TrustsLruFlag.BUG,
          IgnoresFailedRestore.BUG,
          SharesReservedRecord.BUG,
          PutsWithCreatingWalk.BUG,
          InitialisesUnmappedPages.BUG,
          ConvertsForTryLock.BUG,
          DemandsMm.BUG,
          LooksUpWhatItStored.BUG);

  private PlantedBugs() {}

  public static List<PlantedBug> all() {
    return ALL;
  }
}
