// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "stats/catalog.h"
#include "stats/counter.h"
#include "stats/exporter.h"

namespace telefence {
namespace {

Family family(std::string name, Family::Type type, std::vector<Sample> samples) {
  return {std::move(name), "What is counted.", type,
          [samples](std::vector<Sample>& out) { out.insert(out.end(), samples.begin(), samples.end()); }};
}

Catalog two_families() {
  Catalog catalog;
  catalog.add(family("telefence_packets_total", Family::Type::kCounter,
                     {{{{"port", "access"}, {"direction", "in"}}, 12345678901.0}, {{{"port", "core"}}, 7}}));
  catalog.add(family("telefence_worker_busy_ratio", Family::Type::kGauge, {{{{"worker", "0"}}, 0.25}}));
  return catalog;
}

TEST(Counter, ReadsWhatItsOneWriterAdded) {
  Counter counter;
  std::thread writer([&] {
    for (int i = 0; i < 1000; ++i) counter.add(3);
  });
  writer.join();
  EXPECT_EQ(counter.read(), 3000u);
}

TEST(Catalog, FamiliesWithNamesPromtoolWouldRefuseAreNamed) {
  EXPECT_EQ(problem_of(family("packets_total", Family::Type::kCounter, {})), "the name must start with telefence_");
  EXPECT_EQ(problem_of(family("telefence_packets", Family::Type::kCounter, {})), "a counter must end in _total");
  EXPECT_EQ(problem_of(family("telefence_rules_total", Family::Type::kGauge, {})), "only a counter may end in _total");
  EXPECT_EQ(problem_of(family("telefence_Rules", Family::Type::kGauge, {})),
            "only a-z, 0-9 and _ may be in the name");
  Family no_help = family("telefence_rules", Family::Type::kGauge, {});
  no_help.help.clear();
  EXPECT_EQ(problem_of(no_help), "there is no help sentence");
  EXPECT_EQ(problem_of(family("telefence_rules", Family::Type::kGauge, {})), "");
}

TEST(CatalogDeathTest, TheSameNameTwiceStopsTheProgram) {
  Catalog catalog = two_families();
  EXPECT_DEATH(catalog.add(family("telefence_packets_total", Family::Type::kCounter, {})), "is added twice");
}

TEST(Exporter, TextHasHelpTypeLabelsAndExactCounts) {
  const std::string text = to_prometheus_text(two_families());
  EXPECT_NE(text.find("# HELP telefence_packets_total What is counted.\n"), std::string::npos) << text;
  EXPECT_NE(text.find("# TYPE telefence_packets_total counter\n"), std::string::npos) << text;
  EXPECT_NE(text.find("telefence_packets_total{port=\"access\",direction=\"in\"} 12345678901\n"), std::string::npos)
      << text;
  EXPECT_NE(text.find("# TYPE telefence_worker_busy_ratio gauge\n"), std::string::npos) << text;
  EXPECT_NE(text.find("telefence_worker_busy_ratio{worker=\"0\"} 0.25\n"), std::string::npos) << text;
}

TEST(Exporter, LabelValuesAreEscaped) {
  Catalog catalog;
  catalog.add(family("telefence_port_up", Family::Type::kGauge, {{{{"port", "a\"b\\c\nd"}}, 1}}));
  EXPECT_NE(to_prometheus_text(catalog).find("{port=\"a\\\"b\\\\c\\nd\"} 1"), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(to_json(catalog))["telefence_port_up"][0]["labels"]["port"], "a\"b\\c\nd");
}

TEST(Exporter, AFamilyWithoutSamplesIsLeftOut) {
  Catalog catalog;
  catalog.add(family("telefence_port_up", Family::Type::kGauge, {}));
  EXPECT_EQ(to_prometheus_text(catalog), "");
}

TEST(Exporter, PromtoolFindsNothingToSay) {
  const std::string file = testing::TempDir() + "telefence_stats_test.prom";
  FILE* out = std::fopen(file.c_str(), "w");
  ASSERT_NE(out, nullptr);
  std::fputs(to_prometheus_text(two_families()).c_str(), out);
  std::fclose(out);
  FILE* promtool = popen(("promtool check metrics < " + file + " 2>&1; echo status=$?").c_str(), "r");
  ASSERT_NE(promtool, nullptr);
  std::string said;
  char line[512];
  while (std::fgets(line, sizeof line, promtool) != nullptr) said += line;
  pclose(promtool);
  std::remove(file.c_str());
  EXPECT_EQ(said, "status=0\n");
}

TEST(Exporter, JsonReadsBackWithTheSameFigures) {
  const auto json = nlohmann::json::parse(to_json(two_families()));
  EXPECT_EQ(json["telefence_packets_total"][0]["labels"]["direction"], "in");
  EXPECT_EQ(json["telefence_packets_total"][0]["value"], 12345678901.0);
  EXPECT_EQ(json["telefence_worker_busy_ratio"][0]["value"], 0.25);
}

TEST(Exporter, JsonHasNullForWhatIsNoNumber) {
  Catalog catalog;
  catalog.add(family("telefence_age_seconds", Family::Type::kGauge, {{{}, std::numeric_limits<double>::infinity()}}));
  EXPECT_TRUE(nlohmann::json::parse(to_json(catalog))["telefence_age_seconds"][0]["value"].is_null());
}

}  // namespace
}  // namespace telefence
