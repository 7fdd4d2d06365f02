// SPDX-License-Identifier: Apache-2.0

// hosts(5): an address and names in each line. Lists of what is to be blocked give names an address where nothing is. A line of a
// hosts file is about these names only, not about what is below them.

#include "lists/list_format.h"
#include "lists/text.h"

namespace telefence {
namespace {

// The machine itself and its network, as hosts files begin.
bool is_own_name(std::string_view name) {
  for (const std::string_view own : {"localhost", "localhost.localdomain", "local", "broadcasthost", "ip6-localhost", "ip6-loopback",
                                     "ip6-localnet", "ip6-mcastprefix", "ip6-allnodes", "ip6-allrouters", "ip6-allhosts", "0.0.0.0"})
    if (equal_but_case(name, own)) return true;
  return false;
}

bool is_hosts_line(std::string_view line) {
  line = without_comment(line);
  const std::string_view address = take_word(line);
  return is_ip_address(address) && !trimmed(line).empty();
}

int sniff(const Sample& sample) { return sample.share(is_hosts_line) * 95 / 100; }

void read_line(std::uint64_t number, std::string_view line, Signature& signature, ListSink& sink) {
  std::string_view rest = without_comment(line);
  if (rest.empty()) return sink.pass(number);
  const std::string_view whole = rest, address = take_word(rest);
  if (!is_ip_address(address)) return sink.skip(number, whole, "a line of a hosts file begins with an address: 0.0.0.0 bad.example");
  bool is_said = false;
  for (std::string_view name = take_word(rest); !name.empty(); name = take_word(rest)) {
    if (is_own_name(name) || name.starts_with("ip6-")) continue;
    is_said = true;
    if (!is_null_address(address)) {
      sink.skip(number, whole, "this says where a machine is, and blocks nothing: blocked names have the address 0.0.0.0, 127.0.0.1 or ::");
      return;
    }
    signature.value = name;
    sink.take(number, signature);
  }
  if (!is_said) sink.pass(number);
}

void read(TextSource& source, const Signature& common, ListSink& sink) {
  Signature signature = common;
  signature.kind = SignatureKind::kDomain;
  signature.subdomains = false;
  for_each_line(source, sink, [&](std::uint64_t number, std::string_view line) { read_line(number, line, signature, sink); });
}

// The name alone, of an entry that covers more: what is below it can't be said.
Said write(const Signature& signature, std::string& out) {
  if (signature.kind != SignatureKind::kDomain || signature.allow) return Said::kNot;
  ((out += "0.0.0.0 ") += signature.value) += '\n';
  return signature.subdomains ? Said::kLess : Said::kWhole;
}

}  // namespace

constinit const ListFormat kHostsFormat{.name = "hosts", .sniff = sniff, .read = read, .head = [](std::string&) {}, .write = write};

}  // namespace telefence
