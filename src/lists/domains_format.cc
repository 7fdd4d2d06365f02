// SPDX-License-Identifier: Apache-2.0

// One domain name in each line, with everything below it: our own list files (kind: domain), and most lists of the Internet.

#include "lists/list_format.h"
#include "lists/text.h"

namespace telefence {
namespace {

int sniff(const Sample& sample) { return sample.share([](std::string_view line) { return looks_like_domain(without_comment(line)); }) * 6 / 10; }

void read(TextSource& source, const Signature& common, ListSink& sink) {
  Signature signature = common;
  signature.kind = SignatureKind::kDomain;
  for_each_line(source, sink, [&](std::uint64_t number, std::string_view line) {
    const std::string_view value = without_comment(line);
    if (value.empty() || value[0] == '!' || value[0] == ';' || value.starts_with("//")) return sink.pass(number);
    signature.value = value;
    sink.take(number, signature);
  });
}

// In a plain list a name covers everything below it, for us and for most others.
Said write(const Signature& signature, std::string& out) {
  if (signature.kind != SignatureKind::kDomain || signature.allow || !signature.subdomains) return Said::kNot;
  (out += signature.value) += '\n';
  return Said::kWhole;
}

Said write_exact(const Signature& signature, std::string& out) {
  if (signature.kind != SignatureKind::kDomain || signature.allow) return Said::kNot;
  ((out += signature.subdomains ? "*." : "") += signature.value) += '\n';
  return Said::kWhole;
}

void no_head(std::string&) {}

}  // namespace

constinit const ListFormat kDomainsFormat{.name = "domains", .sniff = sniff, .read = read, .head = no_head, .write = write};
constinit const ListFormat kExactDomainsFormat{.name = "domains", .sniff = sniff, .read = read, .head = no_head, .write = write_exact};

}  // namespace telefence
