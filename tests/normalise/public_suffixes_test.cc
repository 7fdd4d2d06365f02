// SPDX-License-Identifier: Apache-2.0
#include "normalise/public_suffixes.h"

#include <gtest/gtest.h>
#include <libpsl.h>

#include <fstream>
#include <iterator>
#include <vector>

#include "normalise/domain.h"

namespace telefence {
namespace {

constexpr const char* kListText = "/usr/share/publicsuffix/public_suffix_list.dat";

// Each rule of the list, what is a label below and above it, and a stranger.
std::vector<std::string> questions() {
  std::vector<std::string> names = {"example.com", "a.b.c.d.e", "localhost", "nosuchtld", "x.nosuchtld", "github.io", "a.github.io"};
  std::ifstream list(kListText);
  for (std::string line; std::getline(list, line);) {
    line = line.substr(0, line.find_first_of(" \t"));
    if (line.empty() || line.starts_with("//")) continue;
    if (line.starts_with("!")) line.erase(0, 1);
    if (line.starts_with("*.")) line.erase(0, 2);
    const Result<std::string> name = canonical_domain_from_text(line);
    if (!name.ok()) continue;
    names.push_back(name.value());
    names.push_back("stranger." + name.value());
    names.push_back("deep.stranger." + name.value());
    names.push_back("x" + name.value());
  }
  return names;
}

TEST(PublicSuffixes, AgreeWithLibpsl) {
  std::ifstream stream(kListText);
  const auto read = PublicSuffixes::from_text(std::string(std::istreambuf_iterator<char>(stream), {}));
  ASSERT_NE(read, nullptr) << "the package publicsuffix is missing";
  psl_ctx_t* const library = psl_load_file(kListText);
  ASSERT_NE(library, nullptr);
  std::size_t suffixes = 0;
  for (const std::string& name : questions()) {
    const bool expected = psl_is_public_suffix(library, name.c_str()) == 1;
    ASSERT_EQ(read->contains(name), expected) << name;
    suffixes += expected ? 1 : 0;
  }
  EXPECT_GT(suffixes, 5000u);
  psl_free(library);
}

TEST(PublicSuffixes, WhatHasNoRuleIsNoList) {
  for (const char* text : {"", "\n\n", "// only a word about it\n// and another", " \r\n"}) EXPECT_EQ(PublicSuffixes::from_text(text), nullptr) << text;
}

TEST(PublicSuffixes, LinesEndAsTheyMay) {
  const auto list = PublicSuffixes::from_text("// a list\r\nexample\r\nco.example  what stands behind a blank counts not\n*.kawasaki.example\n!city.kawasaki.example");
  ASSERT_NE(list, nullptr);
  for (const char* name : {"example", "co.example", "kawasaki.example", "a.kawasaki.example"}) EXPECT_TRUE(list->contains(name)) << name;
  for (const char* name : {"a.example", "a.co.example", "city.kawasaki.example"}) EXPECT_FALSE(list->contains(name)) << name;
}

}  // namespace
}  // namespace telefence
