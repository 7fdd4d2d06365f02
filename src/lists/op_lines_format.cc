// SPDX-License-Identifier: Apache-2.0

// Our own op lines, one JSON object each (signatures/op_line.h): the form of the change log.

#include "lists/list_format.h"
#include "lists/text.h"
#include "signatures/op_line.h"

namespace telefence {
namespace {

bool is_op_line(std::string_view line) {
  return line.starts_with('{') && line.ends_with('}') && line.find("\"op\"") != std::string_view::npos && line.find("\"kind\"") != std::string_view::npos;
}

// A line of another kind among them does not make it a list of another format. Without any op line it may be JSON of others, so that
// anybody who knows it is surer.
int sniff(const Sample& sample) {
  const int objects = sample.share([](std::string_view line) { return line.starts_with("{\""); });
  return sample.share(is_op_line) > 0 ? objects * 97 / 100 : objects * 30 / 100;
}

void read_line(std::uint64_t number, std::string_view line, const Signature& common, ListSink& sink) {
  line = trimmed(line);
  if (line.empty() || line[0] == '#') return sink.pass(number);
  Result<Change> change = parse_op_line(line, common);
  if (!change) return sink.skip(number, line.substr(0, 120), change.error().message);
  if (change.value().op == Change::Op::kRemove)
    return sink.skip(number, change.value().signature.value, "a removal: telefence push remove takes entries back");
  if (change.value().op == Change::Op::kReplaceList)
    return sink.skip(number, change.value().signature.source, "a replace-list: a list says what is in it, not what it replaces");
  if (change.value().unenforced != UnenforcedKind::kNone)
    return sink.skip(number, change.value().signature.value, "of a kind that is not enforced (ip, account, app)");
  if (const std::string_view why = why_not_allowed(change.value(), common); !why.empty()) return sink.skip(number, change.value().signature.value, why);
  sink.take(number, change.value().signature);
}

void read(TextSource& source, const Signature& common, ListSink& sink) {
  for_each_line(source, sink, [&](std::uint64_t number, std::string_view line) { read_line(number, line, common, sink); });
}

Said write(const Signature& signature, std::string& out) {
  (out += to_op_line({Change::Op::kAdd, signature})) += '\n';
  return Said::kWhole;
}

}  // namespace

constinit const ListFormat kOpLinesFormat{.name = "jsonl", .sniff = sniff, .read = read, .head = [](std::string&) {}, .write = write, .says_state = true};

}  // namespace telefence
