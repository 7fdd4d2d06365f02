// SPDX-License-Identifier: Apache-2.0
#include "nic/eal.h"

#include <dirent.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <utility>

#include "nic/eal_log.h"
#include "nic/eal_messages.h"

namespace telefence {
namespace {

constexpr std::string_view kPrefix = "telefence-";  // of DPDK's names for this process; its number follows

// These make DPDK print and exit.
Result<void> check_extra(std::span<const std::string> extra) {
  constexpr auto kRefused = std::to_array<std::string_view>({"-h", "--help", "-v", "--version", "--"});
  for (const std::string& argument : extra)
    if (std::find(kRefused.begin(), kRefused.end(), argument) != kRefused.end())
      return Error{ErrorCode::kUsage, "the DPDK argument " + argument + " cannot be used here"};
  return {};
}

// The empty folders of processes that were killed between their making and their removal.
void remove_leftovers(const std::string& folder) {
  DIR* entries = opendir(folder.c_str());
  if (entries == nullptr) return;
  while (const dirent* entry = readdir(entries)) {
    const std::string name = entry->d_name;
    if (!name.starts_with(kPrefix)) continue;
    const pid_t process = std::atoi(name.c_str() + kPrefix.size());
    if (process > 0 && kill(process, 0) != 0 && errno == ESRCH) (void)rmdir((folder + "/" + name).c_str());
  }
  closedir(entries);
}

// DPDK makes DIR/dpdk/PREFIX although nothing is put there. Now, since nobody would after a kill; only if empty.
void remove_runtime_folder() {
  const char* made = rte_eal_get_runtime_dir();
  if (made == nullptr || *made == '\0' || rmdir(made) != 0) return;
  std::string folder = made;
  folder.resize(folder.rfind('/'));
  remove_leftovers(folder);
  (void)rmdir(folder.c_str());
}

std::string lines_with(std::string_view text, std::string_view word) {
  std::string lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (text.substr(0, end).find(word) != std::string_view::npos) lines += std::string(text.substr(0, end)) + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

Error not_started(const std::string& said, const std::vector<Device>& devices) {
  std::string which;
  for (const Device& device : devices)
    if (!lines_with(said, device.dpdk_name).empty() && which.empty()) which = " with " + device.dpdk_name;
  return {ErrorCode::kEnvironment, "DPDK does not start" + which + ": " + explain_eal_log(said)};
}

}  // namespace

std::vector<std::string> eal_arguments(const EalPlan& plan, const std::string& file_prefix) {
  std::string lcores = "0@" + std::to_string(plan.cores.control);
  for (std::size_t i = 0; i < plan.cores.workers.size(); ++i)
    lcores += "," + std::to_string(lcore_of_worker(i)) + "@" + std::to_string(plan.cores.workers[i]);
  std::vector<std::string> arguments = {"--lcores=" + lcores, "--main-lcore=0", "--file-prefix=" + file_prefix, "--no-telemetry"};
  const std::string mib = std::to_string(plan.memory_bytes / (1024 * 1024) + 1);
  if (plan.hugepages.use) {
    // Files of hugepages outlive a killed process, anonymous memory does not.
    arguments.push_back("--in-memory");
    if (plan.hugepages.mib != 0) arguments.insert(arguments.end(), {"-m", std::to_string(plan.hugepages.mib)});
  } else {
    // --in-memory is refused together with --no-huge.
    arguments.insert(arguments.end(), {"--no-huge", "--no-shconf", "-m", mib});
  }
  bool pci = false;
  for (const Device& device : plan.devices) {
    const bool is_pci = device.kind == DeviceKind::kPci;
    pci = pci || is_pci;
    arguments.push_back((is_pci ? "--allow=" : "--vdev=") + device.argument);
  }
  if (!pci) arguments.push_back("--no-pci");
  arguments.insert(arguments.end(), plan.extra.begin(), plan.extra.end());
  return arguments;
}

Result<Eal> Eal::start(const EalPlan& plan) {
  static bool started = false;
  if (started) return Error{ErrorCode::kFailed, "DPDK cannot be started twice in one process"};
  if (Result<void> checked = check_extra(plan.extra); !checked) return checked.error();
  if (Result<void> captured = EalLog::capture(); !captured) return captured.error();
  std::vector<std::string> arguments = eal_arguments(plan, std::string(kPrefix) + std::to_string(getpid()));
  arguments.insert(arguments.begin(), "telefence");
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);

  const std::size_t from = EalLog::position();
  started = true;
  std::string said;
  int code = 0;
  {
    const QuietTerminal quiet;
    code = rte_eal_init(static_cast<int>(arguments.size()), pointers.data());
    said = EalLog::text(from) + quiet.text();
  }
  remove_runtime_folder();
  if (code < 0) return not_started(said, plan.devices);
  return Eal(std::move(said));
}

Eal::Eal(Eal&& other) noexcept : said_(std::move(other.said_)), running_(std::exchange(other.running_, false)) {}

Eal::~Eal() {
  if (!running_) return;
  const QuietTerminal quiet;
  (void)rte_eal_cleanup();
}

std::string Eal::why_missing(const std::string& dpdk_name) const {
  // Drivers name the device in some lines and say nothing of it in others, so its own lines come first.
  const std::string own = lines_with(said_, dpdk_name);
  const std::string all = explain_eal_log(said_);
  if (own.empty() || !all.starts_with("DPDK says")) return all;
  return explain_eal_log(own);
}

}  // namespace telefence
