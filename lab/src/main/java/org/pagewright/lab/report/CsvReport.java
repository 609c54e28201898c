package org.pagewright.lab.report;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;

/**
 * Lists every number of every sample as CSV (RFC 4180), units in the column names.
 *
 * <p>Each row carries the schema's version, the seed and the configuration's hash, so that rows of
 * several runs can be put into one file.
 */
public final class CsvReport {

  /** The version of the leading columns and of the naming rules. */
  public static final int SCHEMA_VERSION = 1;

  private CsvReport() {}

  /** The whole file, header first. */
  public static String of(Report report) {
    StringBuilder out = new StringBuilder();
    List<String> header =
        new ArrayList<>(
            List.of("schema_version", "experiment", "config_hash", "seed", "variant", "sample"));
    report.samples().columns().forEach(column -> header.add(column.header()));
    line(out, header);
    for (SampleTable.Row row : report.samples().rows()) {
      List<String> cells = new ArrayList<>();
      cells.add(String.valueOf(SCHEMA_VERSION));
      cells.add(report.name());
      cells.add(report.configHash());
      cells.add(String.valueOf(report.seed()));
      cells.add(row.variant());
      cells.add(String.valueOf(row.sample()));
      for (double value : row.values()) {
        cells.add(number(value));
      }
      line(out, cells);
    }
    return out.toString();
  }

  private static void line(StringBuilder out, List<String> cells) {
    String separator = "";
    for (String cell : cells) {
      out.append(separator).append(quoted(cell));
      separator = ",";
    }
    out.append("\r\n");
  }

  private static String quoted(String cell) {
    return cell.matches("[^\",\r\n]*") ? cell : '"' + cell.replace("\"", "\"\"") + '"';
  }

  private static String number(double value) {
    return Double.isFinite(value)
        ? BigDecimal.valueOf(value).stripTrailingZeros().toPlainString()
        : "";
  }
}
