package org.pagewright.lab.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

class FileReportsTest {

  private static Document parse(String html) throws Exception {
    DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
    factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", false);
    byte[] bytes = html.getBytes(StandardCharsets.UTF_8);
    return factory.newDocumentBuilder().parse(new ByteArrayInputStream(bytes));
  }

  @Test
  void html_isWellFormedAndHasATableForEveryChart() throws Exception {
    Document page = parse(HtmlReport.of(SampleReports.report()));

    NodeList charts = page.getElementsByTagName("svg");
    assertThat(charts.getLength()).isEqualTo(2);
    for (int i = 0; i < charts.getLength(); i++) {
      Element section = (Element) charts.item(i).getParentNode();
      assertThat(section.getTagName()).isEqualTo("section");
      assertThat(section.getElementsByTagName("table").getLength()).isEqualTo(1);
    }
  }

  @Test
  void html_drawsOneDotPerSampleAndOnePartPerValue() throws Exception {
    String html = HtmlReport.of(SampleReports.report());

    assertThat(html.split("class=\"dot\"", -1)).hasSize(90 + 1);
    assertThat(html.split("<rect class=\"part", -1)).hasSize(4 + 1);
  }

  @Test
  void html_loadsNothing() {
    String html = HtmlReport.of(SampleReports.report());

    assertThat(html).contains("default-src 'none'");
    assertThat(html).doesNotContain("<script").doesNotContain("<link").doesNotContain("src=");
    assertThat(html.replace("xmlns=\"http://www.w3.org/2000/svg\"", "")).doesNotContain("http:");
  }

  @Test
  void html_ofTheSameReport_isTheSame() {
    assertThat(HtmlReport.of(SampleReports.report()))
        .isEqualTo(HtmlReport.of(SampleReports.report()));
  }

  @Test
  void csv_hasOneRowPerSampleWithVersionSeedAndHash() {
    String csv = CsvReport.of(SampleReports.report());

    assertThat(csv.split("\r\n")).hasSize(91);
    assertThat(csv)
        .startsWith(
            "schema_version,experiment,config_hash,seed,variant,sample,populate_latency_ns\r\n"
                + "1,populate,0x1234,7,baseline,1,");
    assertThat(csv).contains("1,populate,0x1234,7,skip-flush,4,307910000\r\n");
  }
}
