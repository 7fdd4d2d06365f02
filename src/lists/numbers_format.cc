// SPDX-License-Identifier: Apache-2.0

// Telephone numbers: one number, one prefix (+86170*) or one range (13800000000-13800000999) in each line, also as a
// URI (tel:+8613812345678) and in full-width digits.

#include "lists/list_format.h"
#include "lists/number_text.h"
#include "lists/text.h"
#include "signatures/number_range.h"

namespace telefence {
namespace {

int sniff(const Sample& sample) {
  const auto is_number = [](std::string_view line) {
    const std::string number = plain_number(without_comment(line));
    return is_number_range(number) || (looks_like_number(number) && !is_ip_address(number));
  };
  return sample.share(is_number) * 90 / 100;
}

void read(TextSource& source, const Signature& common, ListSink& sink) {
  Signature signature = common;
  signature.kind = SignatureKind::kNumber;
  for_each_line(source, sink, [&](std::uint64_t number, std::string_view line) {
    const std::string_view value = without_comment(line);
    if (value.empty() || value.starts_with(';') || value.starts_with("//")) return sink.pass(number);
    signature.value = plain_number(value);
    if (!is_number_range(signature.value)) return sink.take(number, signature);
    for (std::string& part : parts_of_range(signature.value)) {
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
