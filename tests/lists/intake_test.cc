// SPDX-License-Identifier: Apache-2.0
// What becomes of values: canonical, twice, covered, refused; and that all sums come out. Lists written are read back as the same.
#include "lists/intake.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <set>
#include <string>

#include "lists/collected.h"
#include "lists/list_diff.h"
#include "lists/list_stats.h"
#include "lists/list_writer.h"
#include "signatures/op_line.h"

namespace telefence {
namespace {

CompileTerms terms() {
  CompileTerms terms;
  terms.action_id = [](std::string_view name) -> ActionId { return name == "drop" ? 0 : kNoAction; };
  return terms;
}

struct Read {
  explicit Read(IntakeOptions options = {}, std::shared_ptr<Meanings> meanings = std::make_shared<Meanings>())
      : intake([&] {
          options.terms = terms();
          return options;
        }(), std::move(meanings)) {}

  Result<void> add(std::string_view text, const std::string& name = "list") {
    TextSource source = source_of_text(text, name);
    return intake.read(source);
  }
  // All accepted ones, described, sorted.
  std::vector<std::string> entries() {
    EXPECT_TRUE(intake.finish().ok());
    std::vector<std::string> out;
    EXPECT_TRUE(intake.each([&](const StoredEntry& entry) -> Result<void> {
      out.push_back(described(entry.signature));
      return {};
    }).ok());
    EXPECT_EQ(out.size(), intake.total().of(ValueFate::kAccepted));
    std::sort(out.begin(), out.end());
    return out;
  }
  std::uint64_t of(ValueFate fate) const { return intake.total().of(fate); }

  Intake intake;
};

using Lines = std::vector<std::string>;

TEST(Intake, EveryLineAndValueIsAccountedFor) {
  Read read;
  ASSERT_TRUE(read.add("# comment\n\nbad.example\nWWW.bad.example.\nbad.example\ncom.cn\nnot a name\nworse.example\n").ok());
  EXPECT_EQ(read.entries(), (Lines{"domain bad.example suffix", "domain worse.example suffix"}));
  const Ledger total = read.intake.total();
  EXPECT_TRUE(total.adds_up());
  EXPECT_EQ(total.lines, 8u);
  EXPECT_EQ(total.silent_lines, 2u);
  EXPECT_EQ(total.values, 6u);
  EXPECT_EQ(total.of(ValueFate::kDuplicate), 1u);
  EXPECT_EQ(total.of(ValueFate::kCovered), 1u);
  EXPECT_EQ(total.of(ValueFate::kPublicSuffix), 1u);
  EXPECT_EQ(total.of(ValueFate::kSkipped), 1u);
  ASSERT_EQ(read.intake.complaints().size(), 2u);
  EXPECT_EQ(read.intake.complaints()[0].where, "list:6");
  EXPECT_EQ(read.intake.complaints()[0].value, "com.cn");
}

TEST(Intake, TheAllowListOfATableIsTakenWithWhatIsDoneToTheOthers) {
  Read read;
  ASSERT_TRUE(read.add("手机号,处置,是否白名单,有效期至\n13812345678,拦截,是,长期\n13812345679,拦截,否,2036/1/1\n").ok());
  EXPECT_EQ(read.entries(), (Lines{"number +8613812345678 allow block", "number +8613812345679 block until 2082729600"}));
  EXPECT_EQ(read.intake.complaint_count(), 0u);
}

// What is over hides nothing that is in force: neither an allow entry a block, nor a block of before the one of now.
TEST(Intake, AnEntryThatIsOverDoesNothingToOthersOfItsValue) {
  IntakeOptions options;
  options.now_s = 1'700'000'000;
  Read read(options);
  ASSERT_TRUE(read.add("value,op,expires,match\na.example,allow,1600000000,\na.example,block,,\nb.example,block,1600000000,\nb.example,block,1800000000,\n"
                       "c.example,block,1600000000,\nwww.c.example,block,1600000000,\n").ok());
  EXPECT_EQ(read.entries().size(), 6u);
  EXPECT_EQ(read.intake.files()[0].over, 4u) << "and that is told";
  EXPECT_TRUE(read.intake.complaints().empty());
  // Behind one that is in force it would be the newer word.
  Read behind(options);
  ASSERT_TRUE(behind.add("value,op,expires\na.example,block,\na.example,allow,1600000000\nb.example,block,1800000000\nb.example,block,1600000000\n").ok());
  EXPECT_EQ(behind.entries(), (Lines{"domain a.example suffix", "domain b.example suffix until 1800000000"}));
  EXPECT_EQ(behind.of(ValueFate::kDuplicate), 2u);
  EXPECT_EQ(behind.intake.doubts(), 2u);
  // Whatever either covers: an edge asks for the value alone. And one that is over is there once.
  Read other(options);
  ASSERT_TRUE(other.add("value,match,side,expires\na.example,suffix,,\na.example,exact,,1600000000\n+8617000000001,,either,\n+8617000000001,,calling,1600000000\n"
                        "z.example,,,1600000000\nz.example,,,1600000000\n").ok());
  EXPECT_EQ(other.entries().size(), 3u);
  EXPECT_EQ(other.of(ValueFate::kDuplicate), 3u);
  // While it holds it does.
  options.now_s = 1'500'000'000;
  Read then(options);
  ASSERT_TRUE(then.add("value,op,expires\na.example,allow,1600000000\na.example,block,\n").ok());
  EXPECT_EQ(then.entries().size(), 1u);
  EXPECT_EQ(then.of(ValueFate::kDuplicate), 1u);
}

TEST(Intake, ProtectedNamesAreARefusalOfTheirOwn) {
  IntakeOptions options;
  options.terms = terms();
  options.terms.protected_names = ProtectedNames::of({"bank.example.cn"});
  Intake intake(options);
  TextSource source = source_of_text("0.0.0.0 bank.example.cn\n0.0.0.0 www.bank.example.cn\n0.0.0.0 example.cn\n0.0.0.0 bad.example\n0.0.0.0 com.cn\n", "hosts");
  ASSERT_TRUE(intake.read(source).ok());
  ASSERT_TRUE(intake.finish().ok());
  const Ledger total = intake.total();
  EXPECT_EQ(total.of(ValueFate::kProtected), 2u);
  EXPECT_EQ(total.of(ValueFate::kPublicSuffix), 1u);
  EXPECT_EQ(total.of(ValueFate::kAccepted), 2u) << "a line of a hosts file is about one name alone: example.cn takes nothing in";
  EXPECT_EQ(total.refused(), 3u);
}

TEST(Intake, TheSamplesOfAllFormatsAddUp) {
  for (const auto& entry : std::filesystem::directory_iterator(SAMPLES_DIR)) {
    Read read;
    ASSERT_TRUE(read.add(sample_text(entry.path().filename())).ok()) << entry.path();
    const std::vector<std::string> entries = read.entries();
    const Ledger total = read.intake.total();
    EXPECT_TRUE(total.adds_up()) << entry.path();
    EXPECT_FALSE(entries.empty()) << entry.path();
    EXPECT_EQ(total.values, entries.size() + total.of(ValueFate::kDuplicate) + total.of(ValueFate::kCovered) + total.of(ValueFate::kSkipped) + total.refused());
  }
}

TEST(Intake, NumbersAreRefusedForWhatTheyWouldBlock) {
  Read read;
  ASSERT_TRUE(read.add(sample_text("numbers.txt")).ok());
  EXPECT_EQ(read.entries(), (Lines{"number +861065551234", "number +8613800000*", "number +8613812345678", "number +8613900000008",
                                   "number +8613900000009", "number +8613900000010", "number +8613900000011", "number +86170*"}));
  EXPECT_EQ(read.of(ValueFate::kNeverBlock), 1u);  // 95588
  EXPECT_EQ(read.of(ValueFate::kTooWide), 2u);     // 1*, 86*
  EXPECT_EQ(read.of(ValueFate::kSkipped), 1u);     // 170-179
}

TEST(Intake, AParentCoversWhateverCameFirst) {
  Read read;
  ASSERT_TRUE(read.add("a.b.bad.example\nbad.example\nc.bad.example\nxbad.example\n").ok());
  EXPECT_EQ(read.entries(), (Lines{"domain bad.example suffix", "domain xbad.example suffix"}));
  Read numbers;
  ASSERT_TRUE(numbers.add("+8617012345678\n+861701*\n+86170*\n+8617112345678\n").ok());
  EXPECT_EQ(numbers.entries(), (Lines{"number +86170*", "number +8617112345678"}));
}

// Whatever comes first: to let pass what is to be blocked is told, to block what is to pass harms.
TEST(Intake, WhatAllowsAValueCountsBesideWhatBlocksIt) {
  for (const char* text : {"@@||bad.example^\n||bad.example^\n||worse.example^\n", "||bad.example^\n@@||bad.example^\n||worse.example^\n"}) {
    Read read;
    ASSERT_TRUE(read.add(text).ok());
    const Lines entries = read.entries();
    EXPECT_NE(std::find(entries.begin(), entries.end(), "domain bad.example suffix allow"), entries.end()) << testing::PrintToString(entries);
    EXPECT_EQ(read.intake.doubts(), 1u) << text;
    EXPECT_TRUE(read.intake.total().adds_up());
  }
}

TEST(Intake, AnAllowedNameBetweenKeepsWhatIsBelowIt) {
  Read read;
  ASSERT_TRUE(read.add("||bad.example^\n@@||good.bad.example^\n||evil.good.bad.example^\n||x.bad.example^\n").ok());
  EXPECT_EQ(read.entries(), (Lines{"domain bad.example suffix", "domain evil.good.bad.example suffix", "domain good.bad.example suffix allow"}));
}

TEST(Intake, AnEntryThatMeansSomethingElseIsNotCovered) {
  Read read;
  ASSERT_TRUE(read.add("domain,level\nbad.example,3\nwww.bad.example,1\nm.bad.example,3\n").ok());
  EXPECT_EQ(read.entries(), (Lines{"domain bad.example suffix tier3", "domain www.bad.example suffix tier1"}));
}

TEST(Intake, AnExactNameIsCoveredByItsOwnWiderEntry) {
  Read read;
  ASSERT_TRUE(read.add(sample_text("blocks.rpz")).ok());
  const Lines entries = read.entries();
  EXPECT_EQ(std::count(entries.begin(), entries.end(), "domain bad.example suffix"), 1);
  EXPECT_EQ(std::count(entries.begin(), entries.end(), "domain bad.example exact"), 0);
}

TEST(Intake, TheFirstOfTwoThatContradictCountsAndThatIsTold) {
  Read read;
  ASSERT_TRUE(read.add("domain,level\nbad.example,1\nbad.example,3\n").ok());
  EXPECT_EQ(read.entries(), Lines{"domain bad.example suffix tier1"});
  EXPECT_EQ(read.of(ValueFate::kDuplicate), 1u);
  EXPECT_EQ(read.intake.doubts(), 1u);
}

TEST(Intake, DuplicatesAreFoundAcrossFilesAndFormats) {
  Read read;
  ASSERT_TRUE(read.add("bad.example\n", "one").ok());
  ASSERT_TRUE(read.add("||bad.example^\n||BAD.example^\n||new.example^\n", "two").ok());
  EXPECT_EQ(read.entries().size(), 2u);
  EXPECT_EQ(read.intake.files()[1].ledger.of(ValueFate::kDuplicate), 2u);
}

TEST(Intake, PatternsAreCompiledAndTheirSamplesRun) {
  Read read;
  ASSERT_TRUE(read.add(sample_text("patterns.yaml"), "p.yaml").ok());
  EXPECT_EQ(read.entries(), (Lines{"pattern 刷单返利 text fake-police", "pattern 转入安全账户 text fake-police"}));
  std::string all;
  for (const Complaint& complaint : read.intake.complaints()) all += complaint.where + " " + complaint.reason + "\n";
  EXPECT_NE(all.find("p.yaml:9 this pattern is left out: it matches its own innocent sample"), std::string::npos) << all;
  EXPECT_NE(all.find("p.yaml:14 it does not match its own sample"), std::string::npos) << all;
  EXPECT_NE(all.find("p.yaml:19 this pattern is left out: "), std::string::npos) << all;
  EXPECT_TRUE(read.intake.total().adds_up());
}

TEST(Intake, AShortPrefixOfNumbersIsDoubted) {
  Read read;
  ASSERT_TRUE(read.add("13*\n106*\n+12*\n010*\n+86170*\n10690*\n1380013*\n13800138000\n", "n").ok());
  std::string doubted;
  for (const Complaint& complaint : read.intake.complaints()) {
    EXPECT_FALSE(complaint.is_left_out);
    doubted += complaint.where + " " + complaint.value + " " + complaint.reason.substr(0, 17) + "\n";
  }
  EXPECT_EQ(doubted, "n:1 +8613* so short a prefix\nn:2 106* so short a prefix\nn:3 +12* so short a prefix\nn:4 +8610* so short a prefix\n");
  EXPECT_EQ(read.intake.total().of(ValueFate::kAccepted), 8u);
}

TEST(Intake, APatternWithSeveralMistakesIsOneValue) {
  Read read;
  ASSERT_TRUE(read.add("category: loan\npatterns:\n  - {id: a, text: money}\n  - {id: b, text: money}\n", "p.yaml").ok());
  EXPECT_EQ(read.intake.total().values, 2u);
  EXPECT_EQ(read.intake.total().of(ValueFate::kSkipped), 2u);
  EXPECT_EQ(read.intake.complaints().size(), 6u);  // no name and no samples of either kind
  EXPECT_TRUE(read.intake.total().adds_up());
}

TEST(Intake, WhatAListHoldsNeverReachesTheTerminalRaw) {
  Read read;
  ASSERT_TRUE(read.add("domain\n\"bad\x1b[2J.example\"\n").ok());
  EXPECT_TRUE(read.entries().empty());
  ASSERT_EQ(read.intake.complaints().size(), 1u);
  EXPECT_EQ(read.intake.complaints()[0].value, "bad?[2J.example");
  // A line end in a URL would be two lines of a list.
  Read json;
  ASSERT_TRUE(json.add(R"({"op":"add","kind":"url","value":"bad.example/x\ncom.example/y"})").ok());
  EXPECT_TRUE(json.entries().empty());
}

TEST(Intake, AFormatThatCanNotBeToldIsAnError) {
  Read read;
  const Result<void> result = read.add("\x01\x02\x03 nothing that anybody knows\n{]}[\n");
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().message.find("--format"), std::string::npos);
}

// ---- written and read back ----

struct Listed {
  const ListFormat* format;
  std::vector<std::string> lines;  // op lines that it has words for
};

constexpr const char* kDomainLines = R"({"op":"add","kind":"domain","value":"bad.example"}
{"op":"add","kind":"domain","value":"only.other.example","match":"exact"}
{"op":"add","kind":"domain","value":"银行验证.中国"}
{"op":"allow","kind":"domain","value":"good.bad.example"}
{"op":"allow","kind":"domain","value":"fine.other2.example","match":"exact"}
)";

// The entries that `format` says are written whole, and those that are read back from what it wrote.
void expect_round_trip(const ListFormat& format, const std::string& op_lines, std::size_t least) {
  Read original;
  ASSERT_TRUE(original.add(op_lines).ok());
  ASSERT_TRUE(original.intake.finish().ok());
  std::vector<std::string> said;
  std::string text;
  format.head(text);
  ASSERT_TRUE(original.intake.each([&](const StoredEntry& entry) -> Result<void> {
    std::string one;
    const Said how = format.write(entry.signature, one);
    EXPECT_EQ(how == Said::kNot, one.empty());
    if (how == Said::kWhole) {
      said.push_back(described(entry.signature));
      text += one;
    }
    return {};
  }).ok());
  std::sort(said.begin(), said.end());
  EXPECT_GE(said.size(), least) << format.name;
  ASSERT_EQ(detect_format(text), &format) << format.name << "\n" << text;
  Read back;
  ASSERT_TRUE(back.add(text).ok());
  EXPECT_EQ(back.entries(), said) << format.name << "\n" << text;
  EXPECT_EQ(back.intake.complaint_count(), 0u) << format.name;
}

TEST(RoundTrip, DomainsInEveryFormatThatHasWordsForThem) {
  const std::pair<const ListFormat*, std::size_t> kFormats[] = {{&kDomainsFormat, 2}, {&kHostsFormat, 1}, {&kAdblockFormat, 5}, {&kRpzFormat, 5},
                                                                {&kDnsmasqFormat, 3}, {&kClashFormat, 3}, {&kCsvFormat, 5}, {&kOpLinesFormat, 5}};
  for (const auto& [format, least] : kFormats) expect_round_trip(*format, kDomainLines, least);
}

TEST(RoundTrip, WhatTheEntriesMeanGoesAlongInCsvAndOpLines) {
  const std::string lines = std::string(kDomainLines) +
                            R"({"op":"add","kind":"domain","value":"full.example","category":"phishing","level":1,"action":"drop","expires":2111702400,"source":"centre, \"one\"","shadow":true}
{"op":"add","kind":"number","value":"+86170*","side":"calling","category":"spoofed-caller"}
{"op":"add","kind":"number","value":"+8613812345678"}
{"op":"add","kind":"url","value":"www.bad.example/pay","match":"prefix"}
{"op":"add","kind":"url","value":"www.bad.example/exact","match":"exact"}
{"op":"add","kind":"pattern","value":"安全账户.{0,20}转账,\"x\"","match":"regex","category":"fake-police"}
{"op":"add","kind":"pattern","value":"转入安全账户","match":"text"}
)";
  expect_round_trip(kCsvFormat, lines, 12);
  expect_round_trip(kOpLinesFormat, lines, 12);
}

// Op lines are all of a change: what travels as one comes back the same, to the last field.
TEST(RoundTrip, OpLinesSayEverything) {
  const std::string kLines[] = {
      R"({"op":"add","kind":"domain","value":"later.example","match":"suffix","valid_from":"2036-01-01T00:00:00Z"})",
      R"({"op":"add","kind":"domain","value":"trial.example","match":"suffix","shadow_until":"2036-01-01T00:00:00Z","canary":5,"campaign":"c-7","note":"asked by phone"})",
      R"({"op":"add","kind":"pattern","all":["贷款","下款"],"any":["秒批"],"none":["96110"]})",
      R"({"op":"add","kind":"pattern","all":["贷款","放款"]})", R"({"op":"add","kind":"pattern","value":"WIN","match":"text","fold":"none"})"};
  std::string all;
  std::multiset<std::string> wanted, found;
  for (const std::string& line : kLines) {
    all += line + "\n";
    const Result<Change> change = parse_op_line(line);
    ASSERT_TRUE(change.ok()) << change.error().message;
    wanted.insert(to_op_line(change.value()));
  }
  Read read;
  ASSERT_TRUE(read.add(all).ok());
  ASSERT_TRUE(read.intake.finish().ok());
  ASSERT_TRUE(read.intake.each([&](const StoredEntry& entry) -> Result<void> {
    std::string line;
    kOpLinesFormat.write(entry.signature, line);
    found.insert(line.substr(0, line.size() - 1));
    return {};
  }).ok());
  EXPECT_EQ(found, wanted);
}

TEST(RoundTrip, NumbersAndUrls) {
  expect_round_trip(kNumbersFormat, R"({"op":"add","kind":"number","value":"+86170*"}
{"op":"add","kind":"number","value":"13812345678"}
{"op":"add","kind":"number","value":"10690001234"}
)", 3);
  expect_round_trip(kUrlsFormat, R"({"op":"add","kind":"url","value":"www.bad.example/pay"}
{"op":"add","kind":"url","value":"http://bad.example/x?y=1"}
)", 2);
}

TEST(RoundTrip, RandomDomainsThroughEveryFormat) {
  std::mt19937 random(11);
  std::string lines;
  for (int i = 0; i < 2000; ++i) {
    std::string name;
    for (int label = 0; label < 1 + static_cast<int>(random() % 4); ++label) {
      for (int c = 0; c < 1 + static_cast<int>(random() % 8); ++c) name += "abcxyz019_"[random() % 10];
      name += '.';
    }
    lines += R"({"op":")" + std::string(random() % 8 == 0 ? "allow" : "add") + R"(","kind":"domain","value":")" + name + R"(example","match":")" +
             (random() % 2 == 0 ? "exact" : "suffix") + "\"}\n";
  }
  for (const ListFormat* format : {&kDomainsFormat, &kHostsFormat, &kAdblockFormat, &kRpzFormat, &kDnsmasqFormat, &kClashFormat, &kCsvFormat, &kOpLinesFormat}) {
    Read original;
    ASSERT_TRUE(original.add(lines).ok());
    ASSERT_TRUE(original.intake.finish().ok());
    std::string text;
    format->head(text);
    std::uint64_t whole = 0;
    ASSERT_TRUE(original.intake.each([&](const StoredEntry& entry) -> Result<void> {
      std::string one;
      if (format->write(entry.signature, one) == Said::kWhole) text += one, ++whole;
      return {};
    }).ok());
    Read back;
    ASSERT_TRUE(back.add(text).ok());
    (void)back.entries();
    // Without what stood between, some are covered now: they are still all there.
    EXPECT_EQ(back.of(ValueFate::kSkipped) + back.intake.total().refused(), 0u) << format->name;
    EXPECT_GE(back.of(ValueFate::kAccepted) + back.of(ValueFate::kCovered), whole) << format->name;
  }
}

TEST(Writer, TheFileIsThereAsAWholeOrNotAtAll) {
  const std::string folder = ::testing::TempDir() + "/lists-writer";
  std::filesystem::create_directories(folder);
  const std::string file = folder + "/out.txt";
  Read read;
  ASSERT_TRUE(read.add("bad.example\n").ok());
  ASSERT_TRUE(read.intake.finish().ok());
  const Result<Written> written = write_list(read.intake, kDomainsFormat, {.file = file});
  ASSERT_TRUE(written.ok());
  EXPECT_EQ(written.value().whole, 1u);
  EXPECT_EQ(std::filesystem::file_size(file), 12u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
  EXPECT_FALSE(write_list(read.intake, kDomainsFormat, {.file = folder + "/none/out.txt"}).ok());
  std::filesystem::remove_all(folder);
}

// Whoever reads a plain list blocks what it names.
TEST(Writer, WhatIsNotInForceOrLetsPassIsLeftOutOfPlainLists) {
  const std::string folder = ::testing::TempDir() + "/lists-plain";
  std::filesystem::create_directories(folder);
  const std::string file = folder + "/out";
  Read read;
  ASSERT_TRUE(read.add(R"({"op":"add","kind":"domain","value":"now.example"}
{"op":"add","kind":"domain","value":"grave.example","category":"phishing","level":1}
{"op":"add","kind":"domain","value":"shadow.example","shadow":true}
{"op":"add","kind":"domain","value":"trial.example","shadow_until":"2036-01-01T00:00:00Z"}
{"op":"add","kind":"domain","value":"later.example","valid_from":"2036-01-01T00:00:00Z"}
{"op":"add","kind":"domain","value":"over.example","expires":1577836800}
{"op":"allow","kind":"domain","value":"good.example"}
{"op":"add","kind":"number","value":"+8613812345678","side":"calling"}
)").ok());
  ASSERT_TRUE(read.intake.finish().ok());
  const auto text = [&](const ListFormat& format, const WriteTerms& terms) {
    const Result<Written> written = write_list(read.intake, format, terms);
    EXPECT_TRUE(written.ok());
    EXPECT_EQ(written.value().whole + written.value().less + written.value().left_out, 8u);
    std::ifstream in(file);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  constexpr std::int64_t kNow = 1'795'000'000;
  EXPECT_EQ(text(kDomainsFormat, {.file = file, .is_own_list = true, .now_s = kNow}), "now.example\ngrave.example\n");
  EXPECT_EQ(text(kHostsFormat, {.file = file, .now_s = kNow}).find("shadow"), std::string::npos);
  for (const ListFormat* const format : {&kRpzFormat, &kAdblockFormat, &kDomainsFormat, &kClashFormat, &kDnsmasqFormat}) {
    const std::string written = text(*format, {.file = file, .now_s = kNow});
    EXPECT_NE(written.find("now.example"), std::string::npos) << format->name;
    for (const char* const name : {"shadow.example", "trial.example", "later.example", "over.example"})
      EXPECT_EQ(written.find(name), std::string::npos) << format->name;
  }
  std::filesystem::remove_all(folder);
}

// Read in turn they would block what the centre lets through, or block for ever what it wanted to end.
TEST(Writer, AllowEntriesCountAndEndsAreNotForgotten) {
  const std::string folder = ::testing::TempDir() + "/lists-allowed";
  std::filesystem::create_directories(folder);
  const std::string file = folder + "/out";
  Read read;
  ASSERT_TRUE(read.add(R"({"op":"add","kind":"domain","value":"shop.example"}
{"op":"allow","kind":"domain","value":"shop.example"}
{"op":"add","kind":"domain","value":"bad.example","category":"phishing","level":1}
{"op":"add","kind":"domain","value":"ends.example","expires":"2036-01-01T00:00:00Z"}
)").ok());
  ASSERT_TRUE(read.intake.finish().ok());
  constexpr std::int64_t kNow = 1'795'000'000;
  const auto written_as = [&](const ListFormat& format, const WriteTerms& terms, Written& counts) {
    const Result<Written> written = write_list(read.intake, format, terms);
    EXPECT_TRUE(written.ok());
    counts = written.value();
    std::ifstream in(file);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  Written counts;
  EXPECT_EQ(written_as(kDomainsFormat, {.file = file, .is_own_list = true, .now_s = kNow}, counts), "bad.example\nends.example\n");
  EXPECT_EQ(counts.whole, 2u);
  EXPECT_EQ(counts.left_out, 2u);
  EXPECT_EQ(counts.allowed, 1u);
  EXPECT_EQ(counts.otherwise, 1u);
  EXPECT_EQ(counts.endless, 1u);
  const std::string zone = written_as(kRpzFormat, {.file = file, .now_s = kNow}, counts);
  EXPECT_EQ(zone.find("shop.example CNAME .\n"), std::string::npos) << zone;
  EXPECT_NE(zone.find("ends.example"), std::string::npos);
  EXPECT_EQ(counts.allowed, 1u);
  EXPECT_EQ(counts.endless, 1u);
  // Nothing of it is a number: what is there stays.
  EXPECT_EQ(written_as(kNumbersFormat, {.file = file, .now_s = kNow}, counts), zone);
  EXPECT_EQ(counts.whole + counts.less, 0u);
  std::filesystem::remove_all(folder);
}

// What is over, or lets less through than is blocked, takes no block out where the format can say both.
TEST(Writer, AllowEntriesTakeOutNoMoreThanTheyLetThrough) {
  const std::string folder = ::testing::TempDir() + "/lists-allowed-partly";
  std::filesystem::create_directories(folder);
  const std::string file = folder + "/out";
  Read read;
  ASSERT_TRUE(read.add(R"({"op":"add","kind":"domain","value":"old.example"}
{"op":"allow","kind":"domain","value":"old.example","expires":1577836800}
{"op":"add","kind":"domain","value":"wide.example"}
{"op":"allow","kind":"domain","value":"wide.example","match":"exact"}
)").ok());
  ASSERT_TRUE(read.intake.finish().ok());
  const auto blocks = [&](const ListFormat& format, const WriteTerms& terms) {
    EXPECT_TRUE(write_list(read.intake, format, terms).ok());
    std::ifstream in(file);
    const std::string text(std::istreambuf_iterator<char>(in), {});
    return std::pair{text.find("old.example") != std::string::npos, text.find("||wide.example^") != std::string::npos || text == "wide.example\n"};
  };
  constexpr std::int64_t kNow = 1'795'000'000;
  EXPECT_EQ(blocks(kAdblockFormat, {.file = file, .now_s = kNow}), (std::pair{true, true}));
  EXPECT_EQ(blocks(kDomainsFormat, {.file = file, .is_own_list = true, .now_s = kNow}), (std::pair{true, false}));
  std::filesystem::remove_all(folder);
}

// ---- compared ----

TEST(Diff, SaysWhatIsAddedRemovedAndChanged) {
  const auto meanings = std::make_shared<Meanings>();
  IntakeOptions options;
  options.keeps_covered = true;
  Read before(options, meanings), after(options, meanings);
  ASSERT_TRUE(before.add("domain,level,match\nsame.example,1,\ngone.example,1,\nlevel.example,1,\nreach.example,1,exact\nwww.same.example,1,\n", "old").ok());
  ASSERT_TRUE(after.add("domain,level,match\nnew.example,1,\nlevel.example,3,\nreach.example,1,suffix\nSAME.example.,1,\nwww.same.example,1,\n", "new").ok());
  ASSERT_TRUE(before.intake.finish().ok());
  ASSERT_TRUE(after.intake.finish().ok());
  Lines told;
  const Result<DiffCounts> counts = diff_lists(before.intake, after.intake, [&](const EntryDifference& one) {
    told.push_back(std::string(1, "+-~"[static_cast<int>(one.difference)]) + one.signature.value + " " + one.where);
    for (const FieldChange& change : one.changes) told.back() += " " + std::string(change.field) + " " + change.before + ">" + change.after;
  });
  ASSERT_TRUE(counts.ok());
  EXPECT_EQ(told, (Lines{"+new.example new:2", "~level.example new:3 level 1>3", "~reach.example new:4 match exact>suffix", "-gone.example old:3"}));
  EXPECT_EQ(counts.value().same, 2u);
}

TEST(Diff, WhatBecomesOfABlockIsTold) {
  const auto meanings = std::make_shared<Meanings>();
  IntakeOptions options;
  options.keeps_covered = true;
  Read before(options, meanings), after(options, meanings);
  ASSERT_TRUE(before.add("value,op,category,shadow,expires\na.example,block,loan,,\nb.example,block,loan,,\nc.example,block,loan,,\n", "old").ok());
  ASSERT_TRUE(after.add("value,op,category,shadow,expires\na.example,allow,loan,,\nb.example,block,prize,true,\nc.example,block,loan,,1790000000\n", "new").ok());
  ASSERT_TRUE(before.intake.finish().ok());
  ASSERT_TRUE(after.intake.finish().ok());
  Lines told;
  ASSERT_TRUE(diff_lists(before.intake, after.intake, [&](const EntryDifference& one) {
    told.push_back(one.signature.value);
    for (const FieldChange& change : one.changes) told.back() += " " + std::string(change.field) + " " + change.before + ">" + change.after;
  }).ok());
  EXPECT_EQ(told, (Lines{"a.example op block>allow", "b.example category loan>prize shadow false>true", "c.example expires >2026-09-21T14:13:20.000Z"}));
}

TEST(Diff, ABlockThatWasInForceBesideAnAllowEntryThatIsOverIsMissed) {
  const auto meanings = std::make_shared<Meanings>();
  IntakeOptions options;
  options.keeps_covered = true;
  options.now_s = 1'700'000'000;
  Read before(options, meanings), after(options, meanings);
  ASSERT_TRUE(before.add("value,op,expires\na.example,allow,1600000000\na.example,block,\n", "old").ok());
  ASSERT_TRUE(after.add("value,op,expires\na.example,allow,1600000000\n", "new").ok());
  ASSERT_TRUE(before.intake.finish().ok());
  ASSERT_TRUE(after.intake.finish().ok());
  Lines told;
  const Result<DiffCounts> counts = diff_lists(before.intake, after.intake, [&](const EntryDifference& one) { told.push_back(one.where); });
  ASSERT_TRUE(counts.ok());
  EXPECT_EQ(told, Lines{"old:3"});
  EXPECT_EQ(counts.value().same, 1u);
}

// What response policy zones name beside their wildcard.
TEST(Diff, WhatAWiderEntryOfBothTakesInIsNoDifference) {
  const auto compared = [](const char* old, const char* newer) {
    const auto meanings = std::make_shared<Meanings>();
    IntakeOptions options;
    options.keeps_covered = true;
    Read before(options, meanings), after(options, meanings);
    EXPECT_TRUE(before.add(std::string("value,match\n") + old, "old").ok() && before.intake.finish().ok());
    EXPECT_TRUE(after.add(std::string("value,match\n") + newer, "new").ok() && after.intake.finish().ok());
    Lines told;
    EXPECT_TRUE(diff_lists(before.intake, after.intake, [&](const EntryDifference& one) {
      told.push_back(std::string(1, "+-~"[static_cast<int>(one.difference)]) + one.signature.value + (one.signature.subdomains ? "" : " exact"));
    }).ok());
    return told;
  };
  const char* const plain = "bad.example,\n+86170*,\n";
  const char* const more = "bad.example,\nbad.example,exact\na.bad.example,\n+86170*,\n+8617000000001,\n";
  EXPECT_EQ(compared(plain, more), Lines{});
  EXPECT_EQ(compared(more, plain), Lines{});
  EXPECT_EQ(compared(plain, "a.bad.example,\n+86170*,\n"), (Lines{"+a.bad.example", "-bad.example"}));
}

TEST(Stats, CountsWhatListsConsistOf) {
  Read read;
  ASSERT_TRUE(read.add("bad.com.cn\na.b.com.cn\nx.example\n").ok());
  ASSERT_TRUE(read.add("+86170*\n+861711234*\n+8613812345678\n", "numbers").ok());
  ASSERT_TRUE(read.intake.finish().ok());
  const Result<ListStats> stats = stats_of(read.intake, 10, 0);
  ASSERT_TRUE(stats.ok());
  EXPECT_EQ(stats.value().kinds, (std::array<std::uint64_t, 4>{3, 0, 3, 0}));
  EXPECT_EQ(stats.value().labels[2], 1u);
  EXPECT_EQ(stats.value().labels[3], 1u);
  EXPECT_EQ(stats.value().suffixes[0], (ListStats::Counted{"com.cn", 2}));
  EXPECT_EQ(stats.value().wide, Lines{"+86170*"});
  EXPECT_EQ(stats.value().prefix_digits[5], 1u);
  EXPECT_EQ(stats.value().exact_numbers, 1u);
}

// Memory is that of hashes: growing loses nothing.
TEST(ValueSet, KnowsWhatItHasSeenWhileItGrows) {
  ValueSet set;
  std::mt19937_64 random(3);
  std::vector<std::uint64_t> hashes(200'000);
  for (std::uint64_t& hash : hashes) hash = random();
  for (std::size_t i = 0; i < hashes.size(); ++i) EXPECT_EQ(set.insert(hashes[i], static_cast<ValueSet::Mark>(1 + i % 1000)), 0);
  for (std::size_t i = 0; i < hashes.size(); ++i) ASSERT_EQ(set.find(hashes[i]), 1 + i % 1000);
  EXPECT_EQ(set.insert(hashes[7], 9), 8);
  EXPECT_EQ(set.find(random()), 0);
  EXPECT_EQ(set.size(), hashes.size());
}

}  // namespace
}  // namespace telefence
