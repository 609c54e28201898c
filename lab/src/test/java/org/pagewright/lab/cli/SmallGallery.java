package org.pagewright.lab.cli;

import java.util.List;
import org.pagewright.check.explore.Act;
import org.pagewright.check.explore.Cells;
import org.pagewright.check.explore.Exploration.Failure;
import org.pagewright.check.explore.Exploration.Row;
import org.pagewright.check.explore.Gallery;
import org.pagewright.check.explore.Hunt;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.check.explore.Trial;
import org.pagewright.check.oracle.Violation;

/** One planted bug for each way in which looking for one ends. */
public final class SmallGallery implements Gallery {
  private static final Violation SEEN = new Violation("frame-ownership", 1, "frame 0x5 twice");

  private static final Failure FAILURE =
      new Failure(
          List.of(List.of("take"), List.of("take 5")),
          "0*3,1",
          List.of(new Row(0, "gets frame 0x5"), new Row(1, "gets it too")),
          List.of(SEEN, SEEN));

  /** A search that finds something with the bug, without it, both, or neither. */
  private static Search finding(boolean with, boolean without) {
    return (isPlanted, isOver) ->
        new Hunt(7, 0, "0*3,1", (isPlanted ? with : without) ? FAILURE : null);
  }

  private static PlantedBug bug(String name, int number, String oracle, Search search) {
    PlantedBug.Status status =
        oracle.isEmpty() ? PlantedBug.Status.REFUTED : PlantedBug.Status.CONFIRMED;
    return new PlantedBug(name, number, status, oracle, "it does " + name, search);
  }

  @Override
  public List<PlantedBug> planted() {
    return List.of(
        bug("found-bug", 1, "frame-ownership", finding(true, false)),
        bug("missed-bug", 2, "frame-ownership", finding(false, false)),
        bug("bug-of-another-oracle", 3, "warnings", finding(true, false)),
        bug("bug-seen-without", 4, "frame-ownership", finding(true, true)),
        bug("refuted-reading", 5, "", finding(false, false)),
        bug("lost-increment", 6, "cells", Search.exhaust(SmallGallery::increments, 1)));
  }

  /** Two CPUs add one each, to a word of their own or, with the bug, to the same, and note it. */
  private static Trial<Cells> increments(boolean isPlanted) {
    Act.Body<Cells> add =
        (cells, cpu) -> {
          int cell = isPlanted ? 0 : cpu.id();
          cells.store(cpu, cell, cells.load(cpu, cell) + 1);
          cells.store(cpu, 2 + cpu.id(), 1);
          return 0;
        };
    return Trial.ofTwo(
        () -> new Cells(4, /* cpus= */ 2, words -> words[0] + words[1] == words[2] + words[3]),
        Act.of("add", add),
        Act.of("add", add));
  }
}
