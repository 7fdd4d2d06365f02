// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>

#include <array>
#include <cstdio>
#include <string>

#include "app/command_line.h"
#include "app/json_lines.h"
#include "app/replay_run.h"
#include "app/verbs.h"
#include "config/loader.h"
#include "event/describe.h"
#include "normalise/sms_text.h"

namespace telefence {
namespace {

std::string text_of(const IpAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(address.version == 6 ? AF_INET6 : AF_INET, address.bytes.data(), text.data(), text.size());
  return text.data();
}

// Prints every event. A TCP segment that was sent again says nothing new, nor does a QUIC hello; any other repeated datagram is a
// message of its own, which whoever receives it acts on again.
class Printer : public EventObserver {
 public:
  void on_event(const Frame& frame, const Layers& layers, const Event& event, const Verdict&, bool first_sight) override {
    const auto* const visit = std::get_if<UrlVisit>(&event.what);
    const bool says_nothing_new = layers.transport == Transport::kTcp || (visit != nullptr && !visit->connection.empty());
    if (!first_sight && says_nothing_new) return;
    const std::string source = text_of(source_address(frame, layers));
    const std::string destination = text_of(destination_address(frame, layers));
    const EventOrigin origin = {frame.number, registered_protocols()[event.protocol]->name, source, layers.source_port,
                                destination,  layers.destination_port};
    std::string text;
    if (const auto* sms = std::get_if<Sms>(&event.what))
      text = to_utf8({units_.data(), decode_sms(sms->body, sms->coding, units_)});
    line_.clear();
    append_description(event, origin, text, line_);
    line_ += '\n';
    std::fwrite(line_.data(), 1, line_.size(), stdout);
  }

 private:
  std::array<char16_t, kMaxSmsUnits> units_{};
  std::string line_;
};

Result<void> print_all(Filter& filter, const std::string& capture, Printer& printer) {
  Result<std::unique_ptr<ReplayRun>> run = ReplayRun::open(filter, capture, "", {}, &printer);
  if (!run) return run.error();
  return run.value()->run();
}

}  // namespace

int inspect(const InspectArguments& arguments) {
  Config config = default_config();
  Language language = language_of(arguments.language);
  if (!arguments.config_file.empty()) {
    Loaded loaded = load_config(arguments.config_file);
    language = language_of(arguments.language, loaded.config.language);
    print(loaded.mistakes, kMistake, language);
    if (!loaded.mistakes.empty()) return kExitInvalid;
    config = std::move(loaded.config);
  }
  Result<std::unique_ptr<Filter>> filter = Filter::make(config, false);
  Printer printer;
  const Result<void> done = filter ? print_all(*filter.value(), arguments.capture, printer) : Result<void>(filter.error());
  if (done) return kExitOk;
  print("telefenced inspect", done.error(), language);
  return static_cast<int>(done.error().code);
}

}  // namespace telefence
