// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a set hits, asked as traffic asks it: through events, the normaliser and a scratch.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "match/match_set.h"
#include "normalise/normalise.h"
#include "signatures/signature_store.h"

namespace telefence {

inline CompileTerms test_terms() {
  CompileTerms terms;
  terms.action_id = [](std::string_view name) -> ActionId {
    return name == "drop" ? 0 : name == "tag" ? 4 : kNoAction;
  };
  terms.action_name = [](ActionId id) -> std::string { return id == 0 ? "drop" : id == 4 ? "tag" : ""; };
  terms.action_refused = [](ActionId action, SignatureKind kind) -> std::string {
    return action == 0 && kind == SignatureKind::kPattern ? "can't be done to a short message" : "";
  };
  return terms;
}

class Asker {
 public:
  explicit Asker(const MatchSet& set) : set_(set) { EXPECT_TRUE(scratch_.prepare(set).ok()); }

  // Values of the rules hit, sorted, each once.
  std::vector<std::string> domain(std::string_view name) {
    Event event;
    event.what = DomainLookup{};
    std::get<DomainLookup>(event.what).name = name;
    return ask(event);
  }
  std::vector<std::string> url(std::string_view host, std::string_view path) {
    Event event;
    UrlVisit visit{};
    visit.via = UrlVisit::Via::kHttp;
    visit.host = host;
    visit.path = path;
    event.what = visit;
    return ask(event);
  }
  std::vector<std::string> caller(std::string_view number) {
    Event event;
    Call call{};
    call.calling = number;
    event.what = call;
    return ask(event);
  }
  std::vector<std::string> sms(std::string_view text) {
    Event event;
    Sms sms{};
    sms.body = as_bytes(text);
    sms.coding = TextCoding::kUtf8;
    event.what = sms;
    return ask(event);
  }
  std::optional<Rule> first_rule() const {
    return hits_.hits().empty() ? std::nullopt : std::optional<Rule>(set_.rule(hits_.hits().front().rule));
  }

 private:
  std::vector<std::string> ask(const Event& event) {
    keys_.clear();
    hits_.clear();
    Normaliser(NormaliseOptions{}).normalise({&event, 1}, keys_);
    set_.match(keys_, scratch_, hits_);
    std::vector<std::string> values;
    for (const Hit& hit : hits_.hits()) values.push_back(set_.rule(hit.rule).value);
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    return values;
  }

  const MatchSet& set_;
  MatchScratch scratch_;
  KeyList keys_;
  HitList hits_;
};

// A directory of the test's own, removed at its end.
class TestFiles {
 public:
  TestFiles();
  ~TestFiles();
  // Writes a file and returns its path.
  std::string write(const std::string& name, std::string_view text) const;
  std::string path(const std::string& name) const { return directory_ + "/" + name; }

 private:
  std::string directory_;
};

}  // namespace telefence
