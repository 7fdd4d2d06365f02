// SPDX-License-Identifier: Apache-2.0

// One URL in each line, also with the signs by which people make them harmless: hxxp, [.]. A URL with a path is that page and what
// is below it; one without is the host that it names, and no other.

#include "lists/list_format.h"
#include "lists/text.h"
#include "lists/url_text.h"

namespace telefence {
namespace {

int sniff(const Sample& sample) {
  return sample.share([](std::string_view line) { return looks_like_url(without_comment(line)); }) * 90 / 100;
}

void read(TextSource& source, const Signature& common, ListSink& sink) {
  Signature signature = common;
  for_each_line(source, sink, [&](std::uint64_t number, std::string_view line) {
    const std::string_view value = without_comment(line);
    if (value.empty() || value.starts_with(';') || value.starts_with("//")) return sink.pass(number);
    if (lacks_host(value)) return sink.skip(number, value, kNoHost);
    set_url(value, signature);
    sink.take(number, signature);
  });
}

Said write(const Signature& signature, std::string& out) {
  if (signature.kind != SignatureKind::kUrl || !signature.literal || !signature.prefix || signature.allow) return Said::kNot;
  (out += signature.value) += '\n';
  return Said::kWhole;
}

}  // namespace

constinit const ListFormat kUrlsFormat{.name = "urls", .sniff = sniff, .read = read, .head = [](std::string&) {}, .write = write};

}  // namespace telefence
