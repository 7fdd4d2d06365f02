// SPDX-License-Identifier: Apache-2.0
#include "app/test_request.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <deque>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "decide/explain.h"
#include "decide/never_block.h"
#include "enforce/action.h"
#include "normalise/domain.h"
#include "normalise/phone.h"
#include "protocols/protocol.h"
#include "signatures/list_files.h"
#include "signatures/words.h"

namespace telefence {
namespace {

constexpr std::string_view kAnyNumber = "anonymous";  // has no digits, so it makes no key

// The events that a value gives, and what they point into.
struct Occasion {
  std::vector<Event> events;
  std::deque<std::string> texts;
  std::string_view recipients[1] = {kAnyNumber};
  std::vector<std::string> sides;  // by event: "" or which end the number stands for

  std::string_view kept(std::string text) { return texts.emplace_back(std::move(text)); }
  void add(std::string_view protocol, decltype(Event::what) what, std::string side = {}) {
    const auto all = registered_protocols();
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i]->name != protocol) continue;
      Event event;
      event.protocol = static_cast<std::uint8_t>(i);
      event.what = what;
      events.push_back(event);
      sides.push_back(std::move(side));
      return;
    }
  }
};

Result<void> add_domain(const TestRequest& request, Occasion& out) {
  const Result<std::string> name = canonical_domain_from_text(request.value);
  if (!name) return Error{ErrorCode::kUsage, "\"" + request.value + "\" is no domain name: " + name.error().message};
  const std::string_view host = out.kept(name.value());
  DomainLookup lookup;
  lookup.name = host;
  lookup.type = 1;
  out.add("dns", lookup);
  for (const auto& [protocol, via] : {std::pair{"http", UrlVisit::Via::kHttp}, std::pair{"tls", UrlVisit::Via::kTls},
                                      std::pair{"quic", UrlVisit::Via::kQuic}}) {
    UrlVisit visit;
    visit.via = via;
    visit.host = host;
    out.add(protocol, visit);
  }
  return {};
}

Result<void> add_url(const TestRequest& request, Occasion& out) {
  std::string_view rest = request.value;
  bool encrypted = false;
  if (const std::size_t scheme = rest.find("://"); scheme != std::string_view::npos) {
    encrypted = rest.substr(0, scheme) == "https";
    rest.remove_prefix(scheme + 3);
  }
  const std::size_t end = rest.find_first_of("/?#");
  std::string_view authority = rest.substr(0, end);
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
  const std::string_view host_text = authority.substr(0, authority.rfind(':'));
  const Result<std::string> name = canonical_domain_from_text(std::string(host_text));
  if (!name) return Error{ErrorCode::kUsage, "\"" + request.value + "\" is no URL with a domain: " + name.error().message};
  UrlVisit visit;
  visit.host = out.kept(name.value());
  visit.path = end == std::string_view::npos ? "/" : out.kept(std::string(rest.substr(end)));
  visit.uri = visit.path;
  visit.method = "GET";
  if (!encrypted) out.add("http", visit);
  // Over TLS and QUIC only the name is seen.
  visit.via = UrlVisit::Via::kTls;
  visit.uri = visit.path = visit.method = {};
  out.add("tls", visit);
  visit.via = UrlVisit::Via::kQuic;
  out.add("quic", visit);
  return {};
}

Result<void> check_number(const std::string& number, const std::string& home_country) {
  if (canonical_number(number, home_country).length != 0) return {};
  return Error{ErrorCode::kUsage, "\"" + number + "\" is no telephone number: 1 to 15 digits, with + for another country"};
}

Result<void> add_number(const TestRequest& request, const std::string& home_country, Occasion& out) {
  if (Result<void> sound = check_number(request.value, home_country); !sound) return sound;
  Call call;
  call.calling = request.value;
  call.called = kAnyNumber;
  out.add("sip", call, "calling");
  std::swap(call.calling, call.called);
  out.add("sip", call, "called");
  Sms sms;
  sms.coding = TextCoding::kUtf8;
  sms.calling = request.value;
  sms.called = out.recipients;
  out.add("smpp", sms, "calling");
  return {};
}

Result<void> add_sms(const TestRequest& request, const std::string& home_country, Occasion& out) {
  if (request.value.empty()) return Error{ErrorCode::kUsage, "an SMS without text says nothing"};
  if (!request.calling.empty())
    if (Result<void> sound = check_number(request.calling, home_country); !sound) return sound;
  Sms sms;
  sms.coding = TextCoding::kUtf8;
  sms.calling = request.calling.empty() ? kAnyNumber : std::string_view(request.calling);
  sms.called = out.recipients;
  sms.body = as_bytes(request.value);
  out.add("smpp", sms);
  sms.over_sip = true;
  out.add("sip", sms);
  return {};
}

Result<void> add_events(const TestRequest& request, const std::string& home_country, Occasion& out) {
  if (request.kind == "domain") return add_domain(request, out);
  if (request.kind == "url") return add_url(request, out);
  if (request.kind == "number") return add_number(request, home_country, out);
  if (request.kind == "sms") return add_sms(request, home_country, out);
  return Error{ErrorCode::kUsage, "\"" + request.kind + "\" can't be tested: domain, url, number or sms can"};
}

std::string action_name(ActionId action) {
  return action < registered_actions().size() ? std::string(registered_actions()[action]->name) : std::string();
}

// "lists/domains.txt:17" where the source is a list with this entry on it.
std::string place_of(const Rule& rule, const CompileTerms* terms) {
  if (terms == nullptr) return rule.source;
  const std::size_t line = line_of_entry(rule.source, rule.kind, rule.value, *terms);
  return line == 0 ? rule.source : rule.source + ":" + std::to_string(line);
}

Json rule_json(const Rule& rule, const CompileTerms* terms) {
  Json out = {{"id", rule.id},
              {"kind", kind_name(rule.kind)},
              {"value", rule.value},
              {"allow", rule.allow},
              {"shadow", rule.shadow},
              {"category", category_name(rule.category)},
              {"tier", rule.tier},
              {"source", place_of(rule, terms)}};
  if (rule.action != kNoAction) out["action"] = action_name(rule.action);
  if (rule.expires_s != 0) out["expires"] = rule.expires_s;
  return out;
}

// The same hit is found in each of the events; it is told once.
Json hits_json(const Explanation& explanation, const CompileTerms* terms) {
  Json out = Json::array();
  std::set<std::string> told;
  for (const ExplainedHit& hit : explanation.hits) {
    Json one = {{"part", hit.part}, {"key", hit.key}, {"depth", hit.depth}, {"wins", hit.wins}, {"why", hit.why}};
    one["signature"] = rule_json(hit.rule, terms);
    if (told.insert(to_line(one)).second) out.push_back(std::move(one));
  }
  return out;
}

Json keys_json(const Explanation& explanation) {
  Json out = Json::array();
  for (const ExplainedKey& key : explanation.keys) {
    Json one = {{"kind", key.kind}, {"value", key.value}};
    if (std::find(out.begin(), out.end(), one) == out.end()) out.push_back(std::move(one));
  }
  return out;
}

// Whether the message would not arrive as it was sent. Tagged ones do; shadow entries never act; a node that only monitors
// holds back what its signatures say.
bool would_block(const Verdict& verdict) {
  return (verdict.reason == Reason::kBlocked || verdict.reason == Reason::kMonitor) && action_name(verdict.action) != "tag";
}

Json verdicts_json(const Explanation& explanation, const Occasion& occasion) {
  Json out = Json::array();
  for (std::size_t i = 0; i < occasion.events.size(); ++i) {
    const Verdict& verdict = explanation.verdicts[i];
    Json one = {{"protocol", registered_protocols()[occasion.events[i].protocol]->name}};
    if (!occasion.sides[i].empty()) one["side"] = occasion.sides[i];
    one["reason"] = reason_name(verdict.reason);
    if (verdict.recorded()) {
      one["action"] = action_name(verdict.action);
      one["category"] = category_name(verdict.category);
      one["tier"] = verdict.tier;
    }
    out.push_back(std::move(one));
  }
  return out;
}

// Which verdict stands for all: the gravest.
Reason overall(const std::vector<Verdict>& verdicts) {
  for (const Reason reason : {Reason::kBlocked, Reason::kMonitor, Reason::kShadow, Reason::kNeverBlock, Reason::kAllowed})
    if (std::any_of(verdicts.begin(), verdicts.end(), [reason](const Verdict& v) { return v.reason == reason; })) return reason;
  return Reason::kNoHit;
}

// Why nobody may put this value on a list.
std::string refusal_of(const TestRequest& request, const Occasion& occasion, const ProtectedNames* protected_names) {
  if (request.kind != "domain" || occasion.texts.empty()) return {};
  std::string why = refuse_domain(occasion.texts.front(), true);
  if (!why.empty() || protected_names == nullptr) return why;
  return protected_names->refuse(occasion.texts.front(), true);
}

}  // namespace

Result<TestRequest> test_request_from(const Json& request) {
  TestRequest out;
  if (request.is_object()) {
    const auto read = [&request](const char* key, std::string& into) {
      const auto found = request.find(key);
      if (found != request.end() && found->is_string()) into = found->get<std::string>();
    };
    read("kind", out.kind);
    read("value", out.value);
    read("calling", out.calling);
  }
  if (out.kind.empty() || out.value.empty())
    return Error{ErrorCode::kUsage, R"(a test is asked like this: {"command":"test","kind":"domain","value":"example.cn"})"};
  return out;
}

Json to_json(const TestRequest& request) {
  return {{"command", "test"}, {"kind", request.kind}, {"value", request.value}, {"calling", request.calling}};
}

Result<Json> answer_test(const TestRequest& request, const TestGround& ground) {
  Occasion occasion;
  if (Result<void> added = add_events(request, ground.normaliser.options().home_country, occasion); !added) return added.error();
  CompileTerms terms;
  terms.home_country = ground.normaliser.options().home_country;
  const Explanation explanation = explain(occasion.events, ground.normaliser, ground.set, ground.policy, std::time(nullptr));
  return Json{{"kind", request.kind},
              {"value", request.value},
              {"normalised", keys_json(explanation)},
              {"hits", hits_json(explanation, ground.tells_lines ? &terms : nullptr)},
              {"verdicts", verdicts_json(explanation, occasion)},
              {"reason", reason_name(overall(explanation.verdicts))},
              {"would_block", std::any_of(explanation.verdicts.begin(), explanation.verdicts.end(), would_block)},
              {"never_block", explanation.never_block},
              {"refused", refusal_of(request, occasion, ground.protected_names)},
              {"mode", ground.policy.options().mode == Mode::kEnforce ? "enforce" : "monitor"},
              {"policy_seq", ground.set.version()}};
}

}  // namespace telefence
