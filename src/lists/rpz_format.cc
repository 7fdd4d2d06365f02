// SPDX-License-Identifier: Apache-2.0

// Response policy zones (draft-vixie-dnsop-dns-rpz) as zone files (RFC 1035, 5): the owner is the name that is blocked, relative to the
// zone; *.name is what is below it, and here the name as well: nothing is listed below a name alone. CNAME . and *. and data of any kind
// block, CNAME rpz-passthru. allows, CNAME rpz-drop. drops.

#include <optional>

#include "lists/list_format.h"
#include "lists/text.h"

namespace telefence {
namespace {

bool is_type(std::string_view word) {
  for (const std::string_view type : {"CNAME", "A", "AAAA", "TXT", "NS", "SOA", "MX", "DNAME", "PTR", "SRV", "CAA", "HTTPS", "SVCB"})
    if (equal_but_case(word, type)) return true;
  return false;
}

bool is_class(std::string_view word) { return equal_but_case(word, "IN") || equal_but_case(word, "CH"); }

bool is_ttl(std::string_view word) {
  return !word.empty() && is_digit(word[0]) && word.find_first_not_of("0123456789smhdwSMHDW") == std::string_view::npos;
}

bool is_record(std::string_view line) {
  if (line.starts_with("$TTL") || line.starts_with("$ORIGIN")) return true;
  (void)take_word(line);
  for (int i = 0; i < 3; ++i) {
    const std::string_view word = take_word(line);
    if (is_type(word)) return true;
    if (!is_ttl(word) && !is_class(word)) return false;
  }
  return false;
}

int sniff(const Sample& sample) { return sample.share(is_record) * 96 / 100; }

class Reader {
 public:
  Reader(const Signature& common, ListSink& sink) : common_(common), signature_(common), sink_(sink) {
    signature_.kind = SignatureKind::kDomain;
  }

  void line(std::uint64_t number, std::string_view text) {
    const std::string_view bare = without_zone_comment(text);
    if (depth_ > 0) return inside_parentheses(number, bare);
    if (trimmed(bare).empty()) return sink_.pass(number);
    if (bare[0] == '$') return directive(number, trimmed(bare));
    record(number, bare);
  }

 private:
  // A comment begins with ; outside of quotes.
  static std::string_view without_zone_comment(std::string_view text) {
    bool is_quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\\') ++i;
      else if (text[i] == '"') is_quoted = !is_quoted;
      else if (text[i] == ';' && !is_quoted) return text.substr(0, i);
    }
    return text;
  }

  // Only the SOA goes over several lines here, and it blocks nothing.
  void inside_parentheses(std::uint64_t number, std::string_view text) {
    count_parentheses(text);
    sink_.pass(number);
  }
  void count_parentheses(std::string_view text) {
    for (const char c : text) {
      if (c == '(') ++depth_;
      if (c == ')' && depth_ > 0) --depth_;
    }
  }

  void directive(std::uint64_t number, std::string_view text) {
    const std::string_view word = take_word(text), value = take_word(text);
    if (equal_but_case(word, "$ORIGIN")) {
      origin_ = absolute(lower(value));
      if (origin_.empty() || origin_.back() != '.') origin_ += '.';
      if (zone_.empty() && origin_ != ".") zone_ = origin_;
      return sink_.pass(number);
    }
    if (equal_but_case(word, "$TTL")) return sink_.pass(number);
    sink_.skip(number, word, "this directive is not taken: put all records into one file");
  }

  void record(std::uint64_t number, std::string_view text) {
    if (text[0] != ' ' && text[0] != '\t') owner_ = take_word(text);
    std::string_view type;
    for (int i = 0; i < 3 && type.empty(); ++i) {
      const std::string_view word = take_word(text);
      if (is_type(word)) type = word;
      else if (!is_ttl(word) && !is_class(word)) break;
    }
    if (type.empty()) return sink_.skip(number, owner_, "no record of a zone: bad.example CNAME .");
    if (equal_but_case(type, "SOA")) {
      count_parentheses(text);
      const std::string zone = owner_ == "@" || owner_.empty() ? origin_ : lower(absolute(owner_));
      if (zone.ends_with('.') && zone != ".") zone_ = zone;
      return sink_.pass(number);
    }
    if (equal_but_case(type, "NS")) return sink_.pass(number);
    const std::optional<std::string_view> name = relative_owner(number);
    if (name) policy(number, *name, type, trimmed(text));
  }

  // A relative name goes on with the origin (RFC 1035, 5.1). Without a final dot: nothing said which zone this is.
  std::string absolute(std::string_view name) const {
    if (name.empty() || name.ends_with('.') || origin_.empty()) return std::string(name);
    return std::string(name) + (origin_ == "." ? "" : ".") + origin_;
  }

  // The owner without the zone's name behind it; nothing: it was skipped, or is the zone itself.
  std::optional<std::string_view> relative_owner(std::uint64_t number) {
    if (owner_ != "@") full_owner_ = absolute(owner_);
    std::string_view name = owner_ == "@" ? std::string_view(owner_) : std::string_view(full_owner_);
    if (name == "@" || name.empty()) {
      sink_.pass(number);
      return std::nullopt;
    }
    if (!name.ends_with('.')) return name;
    const std::string_view origin = zone_;
    if (origin.empty()) return name.substr(0, name.size() - 1);
    if (equal_but_case(name, origin)) {
      sink_.pass(number);
      return std::nullopt;
    }
    const bool is_inside = name.size() > origin.size() + 1 && equal_but_case(name.substr(name.size() - origin.size()), origin) &&
                           name[name.size() - origin.size() - 1] == '.';
    if (is_inside) return name.substr(0, name.size() - origin.size() - 1);
    sink_.skip(number, name, "lies outside of the zone: leave out the dot at its end");
    return std::nullopt;
  }

  void policy(std::uint64_t number, std::string_view name, std::string_view type, std::string_view data) {
    for (const std::string_view trigger : {"rpz-ip", "rpz-nsip", "rpz-nsdname", "rpz-client-ip"})
      if (name.size() > trigger.size() && equal_but_case(name.substr(name.size() - trigger.size()), trigger))
        return sink_.skip(number, name, "only names are matched here, not addresses and name servers");
    signature_.action = common_.action;
    bool lets_pass = false;
    if (equal_but_case(type, "CNAME")) {
      if (starts_but_case(data, "rpz-tcp-only")) return sink_.skip(number, name, "rpz-tcp-only blocks nothing: leave it out");
      // To itself: the older form of rpz-passthru.
      const bool is_itself = data.ends_with('.') && equal_but_case(data.substr(0, data.size() - 1), name);
      lets_pass = starts_but_case(data, "rpz-passthru") || is_itself;
      if (starts_but_case(data, "rpz-drop")) signature_.action = "drop";
    }
    if (common_.allow && !lets_pass) return sink_.skip(number, name, kBlocksThoughAllowed);
    signature_.allow = lets_pass;
    signature_.subdomains = name.starts_with("*.");
    if (signature_.subdomains) name.remove_prefix(2);
    signature_.value = name;
    sink_.take(number, signature_);
  }

  const Signature& common_;
  Signature signature_;
  ListSink& sink_;
  std::string origin_;  // with its final dot; "": not said
  std::string zone_;    // the same; what stands before it is the name that a record is about
  std::string owner_, full_owner_;
  int depth_ = 0;
};

void read(TextSource& source, const Signature& common, ListSink& sink) {
  Reader reader(common, sink);
  for_each_line(source, sink, [&](std::uint64_t number, std::string_view line) { reader.line(number, line); });
}

// Any server takes it under any zone name: all owners are relative.
void head(std::string& out) {
  out += "$TTL 300\n@ IN SOA localhost. hostmaster.localhost. 1 3600 900 604800 300\n@ IN NS localhost.\n";
}

// A name in a zone has at most 255 octets with the zone's own; 189 leave room for any.
constexpr std::size_t kLongestOwner = 189;

Said write(const Signature& signature, std::string& out) {
  if (signature.kind != SignatureKind::kDomain || signature.value.size() > kLongestOwner) return Said::kNot;
  const std::string_view policy = signature.allow ? " CNAME rpz-passthru.\n" : signature.action == "drop" ? " CNAME rpz-drop.\n" : " CNAME .\n";
  (out += signature.value) += policy;
  if (signature.subdomains) ((out += "*.") += signature.value) += policy;
  return Said::kWhole;
}

}  // namespace

constinit const ListFormat kRpzFormat{.name = "rpz", .sniff = sniff, .read = read, .head = head, .write = write};

}  // namespace telefence
