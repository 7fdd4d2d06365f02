// SPDX-License-Identifier: Apache-2.0
#pragma once

// DPDK's environment (EAL): started once per process, quietly, with memory that leaves nothing behind when the process is
// killed. Control thread.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "nic/cores.h"
#include "nic/device.h"
#include "nic/hugepages.h"

namespace telefence {

struct EalPlan {
  CorePlan cores;
  std::vector<Device> devices;
  HugepageChoice hugepages;
  std::uint64_t memory_bytes = 0;
  std::vector<std::string> extra;  // NicOptions::eal
};

// DPDK knows workers by numbers of its own, so that two may share a core.
inline unsigned lcore_of_worker(std::size_t worker) { return static_cast<unsigned>(worker) + 1; }

// The arguments for rte_eal_init, without the program's name.
std::vector<std::string> eal_arguments(const EalPlan& plan, const std::string& file_prefix);

class Eal {
 public:
  // Fails with kEnvironment or kUsage and one sentence. Can succeed once per process.
  static Result<Eal> start(const EalPlan& plan);
  Eal(Eal&& other) noexcept;
  Eal& operator=(Eal&&) = delete;
  ~Eal();

  // Why a device that was asked for is not there, by what DPDK said during the start.
  std::string why_missing(const std::string& dpdk_name) const;

 private:
  explicit Eal(std::string said) : said_(std::move(said)), running_(true) {}
  std::string said_;
  bool running_ = false;
};

}  // namespace telefence
