// SPDX-License-Identifier: Apache-2.0

// Telephone numbers: one number, one prefix (+86170*) or one range (13800000000-13800000999) in each line.

#include "lists/list_format.h"
#include "lists/text.h"
#include "signatures/number_range.h"

namespace telefence {
namespace {

int sniff(const Sample& sample) {
  const auto is_number = [](std::string_view line) {
    line = without_comment(line);
    return is_number_range(line) || (looks_like_number(line) && !is_ip_address(line));
  };
  return sample.share(is_number) * 90 / 100;
}

void read(TextSource& source, const Signature& common, ListSink& sink) {
  Signature signature = common;
  signature.kind = SignatureKind::kNumber;
  for_each_line(source, sink, [&](std::uint64_t number, std::string_view line) {
    const std::string_view value = without_comment(line);
    if (value.empty() || value.starts_with(';') || value.starts_with("//")) return sink.pass(number);
    if (!is_number_range(value)) {
      signature.value = value;
      return sink.take(number, signature);
    }
    for (std::string& part : parts_of_range(value)) {
      signature.value = std::move(part);
      sink.take(number, signature);
    }
  });
}

Said write(const Signature& signature, std::string& out) {
  if (signature.kind != SignatureKind::kNumber || signature.allow) return Said::kNot;
  (out += signature.value) += '\n';
  return Said::kWhole;
}

}  // namespace

constinit const ListFormat kNumbersFormat{.name = "numbers", .sniff = sniff, .read = read, .head = [](std::string&) {}, .write = write};

}  // namespace telefence
