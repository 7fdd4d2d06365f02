// SPDX-License-Identifier: Apache-2.0

// dnsmasq.conf(5): address=/name/..., local=/name/ and server=/name/ answer for a name and all below it without asking anybody;
// server=/name/# takes a name out again. Several names may stand between the slashes.

#include "lists/list_format.h"
#include "lists/text.h"

namespace telefence {
namespace {

// The key, when the line is about names.
std::string_view key_of(std::string_view line) {
  for (const std::string_view key : {"address", "server", "local"}) {
    if (!line.starts_with(key)) continue;
    line.remove_prefix(key.size());
    line = trimmed(line);
    if (line.starts_with('=') && trimmed(line.substr(1)).starts_with('/')) return key;
  }
  return {};
}

int sniff(const Sample& sample) {
  return sample.share([](std::string_view line) { return !key_of(line).empty(); }) * 95 / 100;
}

void read_line(std::uint64_t number, std::string_view line, bool allow, Signature& signature, ListSink& sink) {
  line = without_comment(line);
  if (line.empty()) return sink.pass(number);
  const std::string_view key = key_of(line);
  if (key.empty()) return sink.skip(number, line, "says nothing about a name: address=/bad.example/ does");
  std::string_view names = line.substr(line.find('/') + 1);
  const std::size_t last = names.rfind('/');
  if (last == std::string_view::npos) return sink.skip(number, line, "the slash behind the name is missing: address=/bad.example/");
  const std::string_view target = trimmed(names.substr(last + 1));
  names = names.substr(0, last);
  const bool is_exception = key != "address" && target == "#";
  if (key != "address" && !target.empty() && !is_exception)
    return sink.skip(number, line, "this sends questions to another server, and blocks nothing: leave it out");
  if (key == "address" && !target.empty() && target != "#" && !is_null_address(target))
    return sink.skip(number, line, "this says where a machine is, and blocks nothing: blocked names have the address 0.0.0.0, 127.0.0.1 or ::");
  if (trimmed(names).empty()) return sink.skip(number, line, "there is no name: address=/bad.example/");
  if (allow && !is_exception) return sink.skip(number, line, kBlocksThoughAllowed);
  signature.allow = is_exception;
  while (!names.empty()) {
    signature.value = trimmed(take_until(names, "/"));
    if (signature.value == "#")
      sink.skip(number, line, "# is every name there is: name those that are meant");
    else
      sink.take(number, signature);
  }
}

void read(TextSource& source, const Signature& common, ListSink& sink) {
  Signature signature = common;
  signature.kind = SignatureKind::kDomain;
  for_each_line(source, sink,
                [&](std::uint64_t number, std::string_view line) { read_line(number, line, common.allow, signature, sink); });
}

// A name alone can't be said: address=/name/ covers all below it.
Said write(const Signature& signature, std::string& out) {
  if (signature.kind != SignatureKind::kDomain || !signature.subdomains) return Said::kNot;
  ((out += signature.allow ? "server=/" : "local=/") += signature.value) += signature.allow ? "/#\n" : "/\n";
  return Said::kWhole;
}

}  // namespace

constinit const ListFormat kDnsmasqFormat{.name = "dnsmasq", .sniff = sniff, .read = read, .head = [](std::string&) {}, .write = write};

}  // namespace telefence
