// SPDX-License-Identifier: Apache-2.0
// Every line of a sample of every format, and what becomes of it.
#include <gtest/gtest.h>

#include "lists/collected.h"

namespace telefence {
namespace {

using Lines = std::vector<std::string>;

// Expected lines; of skipped ones the begin is enough.
void expect_lines(const ListFormat& format, const std::string& sample, const Lines& expected) {
  const Lines found = read_as(format, sample_text(sample));
  ASSERT_EQ(found.size(), expected.size()) << ::testing::PrintToString(found);
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (expected[i].find(" skip ") != std::string::npos)
      EXPECT_EQ(found[i].substr(0, expected[i].size()), expected[i]);
    else
      EXPECT_EQ(found[i], expected[i]);
  }
}

// What each of these lines comes to.
void expect_is(const ListFormat& format, std::initializer_list<const char*> lines, std::string_view what) {
  for (const char* const line : lines) EXPECT_NE(read_as(format, std::string(line) + "\n").at(0).find(what), std::string::npos) << line;
}

TEST(Formats, EverySampleIsTakenForWhatItIs) {
  const std::pair<const char*, const char*> kSamples[] = {
      {"domains.txt", "domains"}, {"hosts.txt", "hosts"},     {"adblock.txt", "adblock"},       {"blocks.rpz", "rpz"},
      {"dnsmasq.conf", "dnsmasq"}, {"clash.list", "clash"},    {"clash.yaml", "clash"},          {"urls.txt", "urls"},
      {"numbers.txt", "numbers"}, {"table.csv", "csv"},       {"table_zh.csv", "csv"},          {"ops.jsonl", "jsonl"},
      {"patterns.yaml", "patterns"}, {"bundle.stix.json", "stix"}, {"event.misp.json", "misp"}};
  for (const auto& [sample, name] : kSamples) {
    const std::string text = sample_text(sample);
    ASSERT_FALSE(text.empty()) << sample;
    const ListFormat* format = detect_format(text);
    ASSERT_NE(format, nullptr) << sample;
    EXPECT_EQ(format->name, name) << sample;
    ASSERT_EQ(list_format(name), format);
  }
  EXPECT_EQ(detect_format("\x7f""ELF\x02\x01 of a program\n\x01\x02\x03 and more of it\n"), nullptr);
  EXPECT_EQ(detect_format("# only\n\n# comments\n"), &kDomainsFormat);
}

TEST(Formats, ListsThatLookLikeOthersAreNot) {
  const auto name = [](std::string_view text) {
    const ListFormat* format = detect_format(text);
    return format == nullptr ? std::string_view("none") : format->name;
  };
  EXPECT_EQ(name("# id,dateadded,url,threat\n\"1\",\"2026-01-01\",\"http://bad.example/x\",\"malware_download\"\n"), "csv");
  EXPECT_EQ(name("域名\nbad.example\n"), "csv");
  EXPECT_EQ(name("bad.example\n0.0.0.0 x.example\nworse.example\n"), "domains");
  EXPECT_EQ(name("! comment\nbad.example\n"), "domains");
  EXPECT_EQ(name("! comment\n||bad.example^\n"), "adblock");
  EXPECT_EQ(name("138-1234-5678\n(010) 6555 1234\n"), "numbers");
  EXPECT_EQ(name("bad.example/pay\n"), "urls");
  EXPECT_EQ(name("{\"response\":[{\"Event\":{\"Attribute\":[]}}]}"), "misp");
  EXPECT_EQ(name("{\"objects\":[{\"type\":\"indicator\"}]}"), "stix");
}

TEST(Formats, AListOfRulesIsNoTableThoughItBeginsWithTheWordDomain) {
  std::string rules = "DOMAIN,a.bad.net\n";
  for (int i = 0; i < 20; ++i) rules += "DOMAIN-SUFFIX,x" + std::to_string(i) + ".net,REJECT\n";
  rules += "RULE-SET,https://lists.example/set.txt,REJECT\nFINAL,DIRECT\n";
  EXPECT_EQ(detect_format(rules), &kClashFormat);
  EXPECT_EQ(detect_format("DOMAIN,a.bad.net\nDOMAIN,b.bad.net\nDOMAIN,c.bad.net\nNEWER-KIND,x\n"), &kClashFormat);
  for (const char* kind : {"FINAL", "MATCH", "RULE-SET", "USER-AGENT", "DOMAIN-WILDCARD", "DOMAIN-REGEX", "DOMAIN-SET", "URL-REGEX", "PROCESS-NAME",
                           "IP-CIDR", "IP-CIDR6", "GEOIP", "GEOSITE", "SRC-IP-CIDR", "DST-PORT", "SRC-PORT", "IP-ASN", "AND", "OR", "NOT"}) {
    const std::string rule = std::string(kind) + ",x,REJECT\n";
    EXPECT_EQ(detect_format(rule + rule), &kClashFormat) << kind;
    EXPECT_NE(read_as(kClashFormat, rule).at(0).find("1 skip "), std::string::npos) << kind;
  }
  // And tables are no rules.
  for (const char* table : {"domain,category\na.example,loan\nb.example,loan\n", "domain,category\n", "match,domain\nexact,a.example\n",
                            "domain,source.ip\na.example,192.0.2.1\n"})
    EXPECT_EQ(detect_format(table), &kCsvFormat) << table;
  std::string kinds = "kind,value\n";
  for (int i = 0; i < 200; ++i) kinds += "domain,x" + std::to_string(i) + ".example\n";
  EXPECT_EQ(detect_format(kinds), &kCsvFormat);
}

TEST(Formats, LinesOfJsonAreNoTableThoughOneOfThemIsWrong) {
  std::string lines;
  for (int i = 0; i < 20; ++i) lines += R"({"op":"add","kind":"domain","value":"x)" + std::to_string(i) + ".example\"}\n";
  const std::string wrong = R"({"kind":"domain","value":"y.example"})" "\n";
  EXPECT_EQ(detect_format(lines + wrong), &kOpLinesFormat);
  EXPECT_EQ(detect_format(wrong + lines), &kOpLinesFormat);
  EXPECT_EQ(detect_format(wrong + wrong), &kOpLinesFormat);
  EXPECT_EQ(read_as(kOpLinesFormat, wrong).at(0).find("1 skip "), 0u);
  EXPECT_EQ(read_as(kCsvFormat, wrong).at(0).find("1 skip "), 0u) << "no heading";
}

TEST(Formats, Domains) {
  expect_lines(kDomainsFormat, "domains.txt",
               {"1 pass", "2 pass", "3 domain bad.example suffix", "4 domain *.worse.example suffix", "5 domain WWW.Bad.example. suffix",
                "6 domain 银行验证.中国 suffix", "7 domain com.cn suffix", "8 domain not a name suffix", "9 domain 203.0.113.7 suffix"});
}

TEST(Formats, Hosts) {
  expect_lines(kHostsFormat, "hosts.txt",
               {"1 pass", "2 pass", "3 pass", "4 domain bad.example exact", "4 domain www.bad.example exact", "5 domain worse.example exact",
                "6 skip 192.0.2.7 nas.lan: this says where a machine is", "7 domain sixth.example exact",
                "8 skip bad.example: a line of a hosts file begins with an address"});
}

TEST(Formats, Adblock) {
  expect_lines(kAdblockFormat, "adblock.txt",
               {"1 pass", "2 pass", "3 domain bad.example suffix", "4 domain worse.example suffix", "5 domain good.bad.example suffix allow",
                "6 domain only.example exact", "7 skip ||ads.example^$third-party: a modifier", "8 skip ||bad.example/path^: a rule with a path",
                "9 skip example.org##.banner: a rule for parts of pages", "10 skip /^ad[0-9]+\\./: a regular expression",
                "11 domain plain.example exact", "12 domain star.example suffix", "13 skip ||mid*dle.example^: a star inside a name",
                "14 skip -ad-: a part of a name"});
}

TEST(Formats, Rpz) {
  expect_lines(kRpzFormat, "blocks.rpz",
               {"1 pass", "2 pass", "3 pass", "4 pass", "5 pass", "6 pass", "7 domain bad.example exact", "8 domain bad.example suffix",
                "9 domain pass.bad.example exact allow", "10 domain drop.example exact drop", "11 domain nodata.example exact",
                "12 domain sink.example exact", "13 domain sink.example exact", "14 domain whole.example exact",
                "15 skip outside.example.: lies outside of the zone", "16 skip 32.1.2.0.192.rpz-ip: only names are matched here",
                "17 skip tcp.example: rpz-tcp-only blocks nothing", "18 skip $INCLUDE: this directive is not taken",
                "19 skip nonsense: no record of a zone"});
}

TEST(Formats, Dnsmasq) {
  expect_lines(kDnsmasqFormat, "dnsmasq.conf",
               {"1 pass", "2 domain bad.example suffix", "3 domain worse.example suffix", "3 domain www.more.example suffix",
                "4 domain local.example suffix", "5 domain served.example suffix", "6 domain good.bad.example suffix allow",
                "7 skip server=/corp.example/192.0.2.53: this sends questions", "8 skip address=/#/0.0.0.0: # is every name",
                "9 skip cache-size=1000: says nothing about a name", "10 skip address=/open.example: the slash behind the name"});
}

TEST(Formats, Clash) {
  expect_lines(kClashFormat, "clash.list",
               {"1 pass", "2 domain only.example exact", "3 domain bad.example suffix", "4 domain good.bad.example suffix allow",
                "5 skip DOMAIN-KEYWORD,casino: a keyword", "6 skip IP-CIDR,192.0.2.0/24,REJECT,no-resolve: not about a name"});
  expect_lines(kClashFormat, "clash.yaml",
               {"1 pass", "2 domain bad.example suffix", "3 domain only.example exact", "4 domain worse.example suffix"});
}

// Whose list blocks must not come to be let through by everybody for a word on the command line, nor the other way round.
TEST(Formats, WhatSaysThatItBlocksIsLeftOutOfAnAllowList) {
  Signature allow;
  allow.allow = true;
  const std::string why = ": this line blocks, and the list is read as an allow list: leave --allow away, or the line out";
  EXPECT_EQ(read_as(kClashFormat, "DOMAIN,bad.example,REJECT\nDOMAIN,bad.example,REJECT-DROP\nDOMAIN,good.example,DIRECT\nDOMAIN,plain.example\n+.set.example\n", allow),
            (Lines{"1 skip DOMAIN,bad.example,REJECT" + why, "2 skip DOMAIN,bad.example,REJECT-DROP" + why, "3 domain good.example exact allow",
                   "4 domain plain.example exact allow", "5 domain set.example suffix allow"}));
  EXPECT_EQ(read_as(kRpzFormat, "bad.example CNAME .\nworse.example A 192.0.2.1\ngood.example CNAME rpz-passthru.\n", allow),
            (Lines{"1 skip bad.example" + why, "2 skip worse.example" + why, "3 domain good.example exact allow"}));
  EXPECT_EQ(read_as(kDnsmasqFormat, "address=/bad.example/0.0.0.0\nlocal=/worse.example/\nserver=/good.example/#\n", allow),
            (Lines{"1 skip address=/bad.example/0.0.0.0" + why, "2 skip local=/worse.example/" + why, "3 domain good.example suffix allow"}));
}

TEST(Formats, Urls) {
  expect_lines(kUrlsFormat, "urls.txt",
               {"1 pass", "2 url http://bad.example/pay?id=1", "3 url hxxps://www.worse.example/login", "4 domain whole.example exact",
                "5 domain port.example exact", "6 url other.example/app/v3.apk", "7 url http://203.0.113.9/x"});
}

TEST(Formats, Numbers) {
  expect_lines(kNumbersFormat, "numbers.txt",
               {"1 pass", "2 number +8613812345678", "3 number +86170*", "4 number 13800000*", "5 number 13900000008", "5 number 13900000009",
                "5 number 13900000010", "5 number 13900000011", "6 number 95588", "7 number 1*", "8 number 86*", "9 number 010-65551234",
                "10 number 170-179"});
}

TEST(Formats, NumbersMayBeUrisAndFullWidth) {
  const std::string list = "tel:+86-138-1234-5678\nTEL:+8613812345679\n１３８１２３４５６７０\n＋８６１７０＊\n１３８０００００００８－１３８０００００００９\n";
  EXPECT_EQ(detect_format(list), &kNumbersFormat);
  EXPECT_EQ(read_as(kNumbersFormat, list), (Lines{"1 number +86-138-1234-5678", "2 number +8613812345679", "3 number 13812345670", "4 number +86170*",
                                                  "5 number 13800000008", "5 number 13800000009"}));
  EXPECT_EQ(read_as(kCsvFormat, "号码\ntel:+8613812345678\n１３８１２３４５６７０\n"), (Lines{"1 pass", "2 number +8613812345678", "3 number 13812345670"}));
  EXPECT_EQ(read_as(kCsvFormat, "value\n１３８１２３４５６７０\n").back(), "2 number 13812345670");
  EXPECT_EQ(read_as(kCsvFormat, "号段\n１７０９０００\n").back(), "2 number 1709000*");
}

TEST(Formats, APathWithoutAHostIsToldAsSuch) {
  const std::string why = ": there is no host name, and a path alone may be on any site: write the host before it";
  EXPECT_EQ(read_as(kMispFormat, R"({"Event":{"Attribute":[{"type":"uri","value":"/x"},{"type":"uri","value":"page.example/x"}]}})"),
            (Lines{"1 skip /x" + why, "1 url page.example/x"}));
  EXPECT_EQ(read_as(kUrlsFormat, "/x\nhttp:///x\n?a=1\n"), (Lines{"1 skip /x" + why, "2 skip http:///x" + why, "3 skip ?a=1" + why}));
  EXPECT_EQ(read_as(kCsvFormat, "url\n/x\n").back(), "2 skip /x" + why);
}

TEST(Formats, Csv) {
  expect_lines(kCsvFormat, "table.csv",
               {"1 pass", "2 domain bad.example suffix phishing tier1 until 2111702400", "3 domain worse.example suffix gambling tier3",
                "4 url https://page.example/pay loan", "5 skip tomorrow: the time must be", "6 pass", "7 doubt made-up: this category is not known", "7 domain other.example suffix",
                "8 skip : the row has no value", "9 domain com.cn suffix loan tier1"});
  expect_lines(kCsvFormat, "table_zh.csv",
               {"1 pass", "2 number 13812345678 fake-police tier1 until 2111673600", "3 number +86170* click-farm",
                "4 number 13800000* credit tier3 until 2111702400", "5 number 110 loan tier1"});
}

TEST(Formats, CsvSaysOfACategoryThatNobodyKnowsWhatItBecomes) {
  EXPECT_EQ(read_as(kCsvFormat, "域名,类别,处置\na.example,冒充公安,拦截\nb.example,冒充公安,丢弃\nc.example,贷款诈骗,tag\n"),
            (Lines{"1 pass", "2 doubt 冒充公安: this category is not known", "2 domain a.example suffix block", "3 domain b.example suffix drop",
                   "4 domain c.example suffix tag loan"}));
}

// What a column says that nobody reads may be that the row is none to block.
TEST(Formats, CsvSaysWhichColumnsItDoesNotRead) {
  EXPECT_EQ(read_as(kCsvFormat, "号码,操作,备注\n13800000001,解封,a\n13800000002,放行,b\n13800000003,封堵,c\n13800000004,转网,d\n"),
            (Lines{"1 pass", "2 skip 13800000001: a removal: telefence push remove takes entries back", "3 number 13800000002 allow", "4 number 13800000003",
                   "5 skip 转网: the operation must be add, allow or remove"}));
  // Of two such columns either may say that it is none to block.
  EXPECT_EQ(read_as(kCsvFormat, "号码,操作,名单类型\n13800000001,新增,白名单\n13800000002,,解封\n13800000003,新增,黑名单\n"),
            (Lines{"1 pass", "2 number 13800000001 allow", "3 skip 13800000002: a removal: telefence push remove takes entries back", "4 number 13800000003"}));
  // What a row says counts more than --allow; what is said twice and differently lets pass.
  Signature allow;
  allow.allow = true;
  EXPECT_EQ(read_as(kCsvFormat, "号码,操作,名单类型\n13800000001,新增,\n13800000002,拦截,\n13800000003,,黑名单\n13800000004,拦截,白名单\n", allow),
            (Lines{"1 pass", "2 number 13800000001 allow", "3 number 13800000002", "4 number 13800000003", "5 number 13800000004 allow"}));
  EXPECT_EQ(read_as(kCsvFormat, "号码,处置\n13800000001,拦截\n13800000002,\n", allow), (Lines{"1 pass", "2 number 13800000001 block", "3 number 13800000002 allow"}));
  EXPECT_EQ(read_as(kCsvFormat, "号码,状态,序号\n13800000001,已解封,1\n"),
            (Lines{"1 pass", "1 doubt 状态: these columns are not read: see that none of them says which rows are not to be blocked (op", "2 number 13800000001"}));
}

TEST(Formats, ACsvRowThatIsNotOnTheBlockListIsNotBlocked) {
  EXPECT_EQ(read_as(kCsvFormat, "手机号,是否黑名单\n13800000001,是\n13800000002,否\n13800000003,\n13800000004,待定\n"),
            (Lines{"1 pass", "2 number 13800000001", "3 skip 否: the table says that it is not to be blocked", "4 number 13800000003",
                   "5 skip 待定: a column of blocked ones must say true (是) or false (否): this row is neither blocked nor allowed"}));
  EXPECT_EQ(read_as(kCsvFormat, "domain,is_blocked,whitelist\nbad.example,1,\ngood.example,0,yes\nboth.example,1,yes\n"),
            (Lines{"1 pass", "2 domain bad.example suffix", "3 skip 0: the table says that it is not to be blocked", "4 domain both.example suffix allow"}));
}

// To block whom a table allows is the worst that can be made of it.
TEST(Formats, ACsvColumnOfTheAllowListAllowsWhatItSays) {
  EXPECT_EQ(read_as(kCsvFormat, "手机号,是否白名单,备注\n13800000001,是,a\n13800000002,否,b\n13800000003,,c\n13800000004,待定,d\n"),
            (Lines{"1 pass", "2 number 13800000001 allow", "3 number 13800000002", "4 number 13800000003",
                   "5 skip 待定: a column of allowed ones must say true (是) or false (否): this row is neither blocked nor allowed"}));
  for (const char* heading : {"白名单", "是否为白名单", "是否在白名单内", "whitelist", "Whitelisted", "is_whitelisted", "is-whitelist", "allowlist", "Allow List",
                              "allow-list", "IsAllowlisted"}) {
    const auto row = [heading](const char* cell) {
      return read_as(kCsvFormat, "domain," + std::string(heading) + "\nbad.example," + cell + "\n");
    };
    for (const char* yes : {"是", "yes", "TRUE", "1"}) EXPECT_EQ(row(yes), (Lines{"1 pass", "2 domain bad.example suffix allow"})) << heading;
    for (const char* no : {"否", "no", "False", "0", ""}) EXPECT_EQ(row(no), (Lines{"1 pass", "2 domain bad.example suffix"})) << heading;
  }
  // What is said twice, and differently, lets pass; a removal stays one.
  EXPECT_EQ(read_as(kCsvFormat, "号码,操作,白名单,allowlist\n13800000001,拦截,是,\n13800000002,放行,否,\n13800000003,删除,是,\n13800000004,,否,1\n"),
            (Lines{"1 pass", "2 number 13800000001 allow", "3 number 13800000002 allow",
                   "4 skip 13800000003: a removal: telefence push remove takes entries back", "5 number 13800000004 allow"}));
  Signature allow;
  allow.allow = true;
  EXPECT_EQ(read_as(kCsvFormat, "号码,白名单\n13800000001,否\n", allow), (Lines{"1 pass", "2 number 13800000001 allow"})) << "it does not say block";
}

TEST(Formats, ACsvTimeMayBeWrittenAsPeopleDo) {
  const auto row = [](const std::string& until) { return read_as(kCsvFormat, "域名,有效期至\na.example," + until + "\n").back(); };
  const std::string entry = "2 domain a.example suffix";
  for (const char* forever : {"", "长期", "永久", "长期有效"}) EXPECT_EQ(row(forever), entry) << forever;
  for (const char* day : {"2027-01-01", "2027/1/1", "2027-1-1", "2027.1.1", "2027年1月1日", "2027年01月01日",
                          "２０２７／１／１", "2027/1/1 0:00", "2027-01-01T00:00:00+08:00"})
    EXPECT_EQ(row(day), entry + " until 1798732800") << day;
  for (const char* hour : {"2027-01-01 8:00", "2027/1/1 08:00:00", "2027/1/1 8:00:00", "2027年1月1日 8:00",
                           "2027年1月1日8:00:00", "2027-01-01T08:00:00", "2027-01-01T00:00:00Z"})
    EXPECT_EQ(row(hour), entry + " until 1798761600") << hour;
  for (const char* none : {"2027年", "2027年13月1日", "2027/2/30", "1/1/2027", "2027/1/1 25:00", "2027/1/1 8", "27/1/1", "2027/1", "长期看"})
    EXPECT_EQ(row(none).find("2 skip " + std::string(none) + ": the time must be"), 0u) << row(none);
}

// Who stands before the @ is not where it leads.
TEST(Formats, UrlsWithANameAndAPasswordLeadToTheHostBehindThem) {
  EXPECT_EQ(read_as(kUrlsFormat, "https://www.bank.example:443@evil.example/\nhttp://user:pw@evil2.example\nhttp://a@b@evil3.example:8080/\n"),
            (Lines{"1 domain evil.example exact", "2 domain evil2.example exact", "3 domain evil3.example exact"}));
  // Browsers take a backslash for a slash.
  EXPECT_EQ(read_as(kUrlsFormat, "http://evil.example\\@bank.example\n"), (Lines{"1 url http://evil.example\\@bank.example"}));
}

TEST(Formats, DnsmasqSaysWhereOwnMachinesAreToo) {
  const std::vector<std::string> lines = read_as(kDnsmasqFormat, "address=/nas.corp.example/192.168.1.10\naddress=/bad.example/0.0.0.0\naddress=/six.example/::\n"
                                                                 "address=/worse.example/\naddress=/odd.example/#\n");
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_NE(lines[0].find("1 skip address=/nas.corp.example/192.168.1.10: this says where a machine is"), std::string::npos) << lines[0];
  for (std::size_t i = 1; i < lines.size(); ++i) EXPECT_NE(lines[i].find(" domain "), std::string::npos) << lines[i];
}

TEST(Formats, CsvWithAQuoteThatIsNeverClosedIsToldAtItsEnd) {
  EXPECT_EQ(read_as(kCsvFormat, "domain,note\nbad.example,\"open\nmore\nlast\n"),
            (Lines{"1 pass", "2 skip bad.example,\"open: the quote that begins here is never closed",
                   "3 skip more: behind a quote that is never closed: mend that line", "4 skip last: behind a quote that is never closed: mend that line"}));
  // A quote of a later row does not close it, though it seems to: nothing is swallowed without a word.
  EXPECT_EQ(read_as(kCsvFormat, "domain,note\na.example,\"open\nb.example,x\nc.example,\"y\"\nd.example,z\n"),
            (Lines{"1 pass", "2 skip a.example,\"open: the quote that begins here is not closed before other rows begin",
                   "3 skip b.example,x: behind a quote that is not closed in its row: mend that line",
                   "4 skip c.example,\"y\": behind a quote that is not closed in its row: mend that line",
                   "5 doubt d.example,z: behind a row that could not be read: see that this is a row", "5 domain d.example suffix"}));
  EXPECT_EQ(read_as(kCsvFormat, "domain,note\na.example,\"open\nb.example,x\nc.example,5\"\nd.example,z\n"),
            (Lines{"1 pass", "2 pass", "3 pass", "4 doubt a.example,\"open: this row goes on over lines that look like rows: see that its quote is closed where it should be",
                   "4 domain a.example suffix", "5 domain d.example suffix"}));
  EXPECT_EQ(read_as(kCsvFormat, "domain,note\na.example,\"x\" y\nb.example,\"x\"\"y\" \n"),
            (Lines{"1 pass", "2 skip a.example,\"x\" y: text stands behind a closing quote: double quotes inside of a field, or mend the line",
                   "3 doubt b.example,\"x\"\"y\" : behind a row that could not be read: see that this is a row", "3 domain b.example suffix"}));
  // A row of several lines is one.
  EXPECT_EQ(read_as(kCsvFormat, "domain,note\nbad.example,\"one\ntwo\"\n"), (Lines{"1 pass", "2 pass", "3 domain bad.example suffix"}));
  EXPECT_EQ(read_as(kCsvFormat, "name,colour\nx,red\n").size(), 2u);  // no column of values: told for each line, nothing taken
}

TEST(Formats, OpLines) {
  expect_lines(kOpLinesFormat, "ops.jsonl",
               {"1 domain bad.example exact phishing tier1", "2 number +8613812345678 allow calling", "3 skip gone.example: a removal",
                "4 skip {\"op\":\"add\",\"kind\":\"domain\",\"value\":\"x.example\",\"colour\":\"red\"}: colour is an unknown field", "5 pass",
                "6 pattern 安全账户.{0,20}转账 regex fake-police"});
}

TEST(Formats, Patterns) {
  expect_lines(kPatternsFormat, "patterns.yaml",
               {"24 skip no-text: ", "24 also no-text: 'must_match' is missing: it must be given here",
                "24 also no-text: 'must_not_match' is missing: it must be given here", "4 pattern 转入安全账户 text fake-police",
                "9 pattern 快递到了 text fake-police", "14 pattern 刷单返利 text fake-police", "19 pattern 转账( regex fake-police"});
}

TEST(Formats, Stix) {
  expect_lines(kStixFormat, "bundle.stix.json",
               {"5 domain bad.example suffix phishing until 2111702400", "5 url http://page.example/pay phishing until 2111702400",
                "7 domain a.example suffix", "7 domain b.example suffix", "8 skip [domain-name:value = 'x.example' AND file:size = 3]: only comparisons",
                "9 skip ipv4-addr:value: this kind is not enforced here", "10 skip alert tcp: only patterns in STIX's own language",
                "11 skip [domain-name:value = 'old.example']: revoked"});
}

TEST(Formats, Misp) {
  expect_lines(kMispFormat, "event.misp.json",
               {"3 domain bad.example suffix", "4 domain www.host.example exact", "5 url http://page.example/pay", "6 domain pair.example suffix",
                "7 number +86 138 1234 5678", "8 skip 0: attributes of this type", "9 skip context.example: not meant for detection",
                "11 domain object.example suffix"});
}

// As BIND writes zones: an origin below the zone, and names that go on with it (RFC 1035, 5.1).
TEST(Formats, RpzNamesGoOnWithTheirOrigin) {
  const std::string records = "evil.shop CNAME .\n*.evil.shop CNAME .\nfull.example.rpz.local. CNAME .\n";
  const std::string soa = " IN SOA localhost. root.localhost. ( 1 3600 )\n NS localhost.\n";
  const Lines bind = read_as(kRpzFormat, "$ORIGIN .\nrpz.local" + soa + "$ORIGIN com.rpz.local.\n" + records + "$ORIGIN net\nother CNAME .\n");
  EXPECT_EQ(bind, (Lines{"1 pass", "2 pass", "3 pass", "4 pass", "5 domain evil.shop.com exact", "6 domain evil.shop.com suffix",
                         "7 domain full.example exact", "8 pass", "9 domain other.net.com exact"}));
  for (const std::string& head : {"$ORIGIN rpz.local.\n@" + soa, "@" + soa + "; none\n"}) {
    const Lines plain = read_as(kRpzFormat, head + "evil.shop CNAME .\n*.evil.shop CNAME .\n");
    ASSERT_GE(plain.size(), 2u);
    EXPECT_EQ(plain[plain.size() - 2], std::to_string(plain.size() - 1) + " domain evil.shop exact");
    EXPECT_EQ(plain.back(), std::to_string(plain.size()) + " domain evil.shop suffix");
  }
  EXPECT_EQ(read_as(kRpzFormat, "good.example CNAME good.example.\n"), (Lines{"1 domain good.example exact allow"})) << "the older rpz-passthru";
}

TEST(Formats, ClashRulesThatSendSomeWayBlockNothing) {
  expect_is(kClashFormat, {"DOMAIN-SUFFIX,video.example,PROXY", "DOMAIN,video.example,🚀 节点选择"}, " skip ");
  expect_is(kClashFormat, {"DOMAIN-SUFFIX,bad.example", "DOMAIN-SUFFIX,bad.example,REJECT", "DOMAIN-SUFFIX,bad.example,REJECT-DROP,no-resolve"},
            " domain bad.example suffix");
}

// What is named elsewhere is a server, or goes some way: it is not to be blocked.
TEST(Formats, SettingsOfAClashConfigurationAreNoRules) {
  const std::string setting = ": a setting, and no rule: rules stand below rules:, payload: or [Rule]";
  const std::string config = "port: 7890\nmode: rule\ndns:\n  fake-ip-filter:\n    - '+.bank.example'\n  nameserver: [192.0.2.1]\nproxies:\n"
                             "  - {name: a, server: proxy.example, port: 443}\nrule-providers:\n  ads:\n    payload:\n      - way.example\nrules:\n"
                             "  - DOMAIN-SUFFIX,bad.example,REJECT\n  - 'IP-CIDR6,2001:db8::/32,REJECT'\n  - MATCH,DIRECT\n"
                             "external-controller: 127.0.0.1:9090\n";
  EXPECT_EQ(detect_format(config), &kClashFormat);
  const Lines found = read_as(kClashFormat, config);
  ASSERT_EQ(found.size(), 17u) << ::testing::PrintToString(found);
  EXPECT_EQ(found[0], "1 skip port: 7890" + setting);
  EXPECT_EQ(found[1], "2 skip mode: rule" + setting);
  EXPECT_EQ(found[4], "5 skip +.bank.example" + setting);
  EXPECT_EQ(found[7], "8 skip {name: a, server: proxy.example, port: 443}" + setting);
  EXPECT_EQ(found[11], "12 skip way.example" + setting) << "what becomes of them a rule says";
  EXPECT_EQ(found[12], "13 pass");
  EXPECT_EQ(found[13], "14 domain bad.example suffix");
  EXPECT_EQ(found[14].find("15 skip IP-CIDR6,2001:db8::/32,REJECT: not about a name"), 0u) << found[14];
  EXPECT_EQ(found[16], "17 skip external-controller: 127.0.0.1:9090" + setting);
  EXPECT_EQ(read_as(kClashFormat, "[General]\nskip-proxy = 127.0.0.1, bank.example\n[Host]\nnas.example = 192.0.2.1\n"
                                  "[Rule]\nDOMAIN,bad.example,REJECT\n[MITM]\nx.example\n"),
            (Lines{"1 pass", "2 skip skip-proxy = 127.0.0.1, bank.example" + setting, "3 pass", "4 skip nas.example = 192.0.2.1" + setting, "5 pass",
                   "6 domain bad.example exact", "7 pass", "8 skip x.example" + setting}));
  EXPECT_EQ(read_as(kClashFormat, "payload:\n- '2001:db8::'\n- +.bad.example\n").back(), "3 domain bad.example suffix") << "an address sets nothing";
}

// A word that nobody knows is never read as its opposite.
TEST(Formats, CsvWordsAreKnownOrTold) {
  const auto row = [](const std::string& fields) { return read_as(kCsvFormat, "op,kind,value,match,shadow\n" + fields + "\n").back(); };
  for (const char* wrong : {"erase,domain,a.example,,", "add,domain,a.example,precise,", "add,domain,a.example,,maybe", "add,number,1709,starts,",
                            "delete,domain,a.example,,", "删除,domain,a.example,,"})
    EXPECT_EQ(row(wrong).find("2 skip "), 0u) << row(wrong);
  EXPECT_EQ(row("新增,domain,a.example,精确,否"), "2 domain a.example exact");
  EXPECT_EQ(row("add,domain,a.example,EXACT,no"), "2 domain a.example exact");
  EXPECT_EQ(row("放行,domain,a.example,后缀,"), "2 domain a.example suffix allow");
  EXPECT_EQ(row("add,pattern,转账.*账户,正则,"), "2 pattern 转账.*账户 regex");
}

// People look for what is told.
TEST(Formats, ACsvRowIsRefusedWithTheWordThatIsWrong) {
  const auto row = [](const std::string& fields) { return read_as(kCsvFormat, "id,value,level,expires,side,shadow,match,op\n7," + fields + "\n").back(); };
  EXPECT_EQ(row("a.example,9,,,,,"), "2 skip 9: the level must be 1 (高), 2 (中) or 3 (低)");
  EXPECT_EQ(row("a.example,,soon,,,,").find("2 skip soon: the time"), 0u);
  EXPECT_EQ(row("a.example,,,both,,,").find("2 skip both: the side"), 0u);
  EXPECT_EQ(row("a.example,,,,maybe,,").find("2 skip maybe: shadow"), 0u);
  EXPECT_EQ(row("a.example,,,,,like,").find("2 skip like: match"), 0u);
  EXPECT_EQ(row("a.example,,,,,,erase").find("2 skip erase: the operation"), 0u);
  EXPECT_EQ(row("a.example,,,,,,remove").find("2 skip a.example: a removal"), 0u);
}

TEST(Formats, ACsvColumnOfNumberSegmentsHoldsPrefixes) {
  const auto row = [](const std::string& fields) { return read_as(kCsvFormat, "号段,匹配\n" + fields + "\n").back(); };
  EXPECT_EQ(row("1709000,"), "2 number 1709000*");
  EXPECT_EQ(row("+861709000,"), "2 number +861709000*");
  EXPECT_EQ(row("1709000*,"), "2 number 1709000*");
  EXPECT_EQ(row("17090001234,"), "2 number 17090001234");
  EXPECT_EQ(row("1709000,精确"), "2 number 1709000");
}

TEST(Formats, AnOpLineThatBlocksIsNoneThatIsAllowed) {
  Signature common;
  common.allow = true;
  TextSource source = source_of_text(R"({"op":"add","kind":"domain","value":"a.example"}
{"op":"allow","kind":"domain","value":"b.example"}
)");
  Collected collected;
  kOpLinesFormat.read(source, common, collected);
  ASSERT_EQ(collected.lines.size(), 2u);
  EXPECT_EQ(collected.lines[0].find("1 skip a.example: the line blocks"), 0u) << collected.lines[0];
  EXPECT_EQ(collected.lines[1], "2 domain b.example suffix allow");
}

TEST(Formats, WhatAnOpLineDoesNotSayTheOptionsDo) {
  Signature common;
  common.category = Category::kPhishing;
  common.tier = 1;
  TextSource source = source_of_text(R"({"op":"add","kind":"domain","value":"a.example"}
{"op":"add","kind":"domain","value":"b.example","category":"loan","level":3,"note":"\"level\""}
)");
  Collected collected;
  kOpLinesFormat.read(source, common, collected);
  EXPECT_EQ(collected.lines, (Lines{"1 domain a.example suffix phishing tier1", "2 domain b.example suffix loan tier3"}));
}

TEST(Formats, JsonThatBreaksOffSaysWhere) {
  const std::string text = sample_text("event.misp.json");
  const Lines whole = read_as(kMispFormat, text);
  const Lines cut = read_as(kMispFormat, text.substr(0, text.find("www.host")));
  ASSERT_EQ(cut.size(), 2u);
  EXPECT_EQ(cut[0], whole[0]);
  EXPECT_EQ(cut[1], "list:4: not well-formed JSON");
  std::string deep = "{\"Event\":{\"Attribute\":[";
  for (int i = 0; i < 100'000; ++i) deep += "[";
  EXPECT_EQ(read_as(kMispFormat, deep), Lines{"list:1: lists and objects stand more than 64 deep in one another"});
  const std::string wide = "{\"Event\":{\"info\":\"" + std::string(3u << 20, 'x') + "\"}}";
  EXPECT_EQ(read_as(kMispFormat, wide), Lines{"list:1: a text of more than 1 MiB: this is no list of indicators"});
}

}  // namespace
}  // namespace telefence
