// SPDX-License-Identifier: Apache-2.0
#include "nic/eal.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "nic/eal_messages.h"
#include "nic/hugepages.h"
#include "nic/memory.h"

namespace telefence {
namespace {

bool has(const std::vector<std::string>& arguments, const std::string& argument) {
  return std::find(arguments.begin(), arguments.end(), argument) != arguments.end();
}

EalPlan plan_without_hugepages() {
  EalPlan plan;
  plan.cores.control = 4;
  plan.cores.workers = {2, 4};
  plan.devices = {{DeviceKind::kVdev, "net_null0", "net_null0", 0, {}}};
  plan.memory_bytes = 50 * 1024 * 1024;
  return plan;
}

TEST(EalArguments, WithoutHugepagesNothingIsShared) {
  const std::vector<std::string> arguments = eal_arguments(plan_without_hugepages(), "telefence-7");
  for (const char* expected : {"--lcores=0@4,1@2,2@4", "--main-lcore=0", "--file-prefix=telefence-7", "--no-telemetry",
                               "--no-huge", "--no-shconf", "-m", "51", "--vdev=net_null0", "--no-pci"})
    EXPECT_TRUE(has(arguments, expected)) << expected;
  EXPECT_FALSE(has(arguments, "--in-memory"));  // refused together with --no-huge
}

TEST(EalArguments, WithHugepagesNoFilesAreMade) {
  EalPlan plan = plan_without_hugepages();
  plan.hugepages = {true, 512, ""};
  const std::vector<std::string> arguments = eal_arguments(plan, "telefence-7");
  EXPECT_TRUE(has(arguments, "--in-memory"));
  EXPECT_TRUE(has(arguments, "512"));
  EXPECT_FALSE(has(arguments, "--no-huge"));
}

TEST(EalArguments, PciIsLookedAtOnlyForPciPorts) {
  EalPlan plan = plan_without_hugepages();
  plan.devices.push_back({DeviceKind::kPci, "0000:3b:00.0", "0000:3b:00.0", 0, {}});
  plan.extra = {"--log-level=pmd:8"};
  const std::vector<std::string> arguments = eal_arguments(plan, "telefence-7");
  EXPECT_TRUE(has(arguments, "--allow=0000:3b:00.0"));
  EXPECT_FALSE(has(arguments, "--no-pci"));
  EXPECT_EQ(arguments.back(), "--log-level=pmd:8");
}

TEST(EalMessages, KnownMessagesAreExplained) {
  const std::pair<const char*, const char*> kExamples[] = {
      {"EAL: Detected CPU lcores: 2\nrte_pmd_init_internals(): net_af_packet0: could not open AF_PACKET socket:Operation not "
       "permitted\nEAL: Driver cannot attach the device (net_af_packet0)\n",
       "CAP_NET_RAW"},
      {"EAL: FATAL: Cannot init config\nEAL: Cannot init config\n", "same DPDK file prefix"},
      {"EAL: No free 2048 kB hugepages reported on node 0\nEAL: FATAL: Cannot get hugepage information.\n",
       "vm.nr_hugepages"},
      {"EAL: Probe PCI driver: net_ixgbe\nEAL: Not managed by a supported kernel driver, skipped\n", "vfio-pci"},
      {"open_single_rx_pcap(): Couldn't open x.pcap: x.pcap: No such file or directory\n", "input capture"},
      {"open_single_tx_pcap(): Couldn't open o.pcap for writing.\n", "output capture"},
      {"vdev_probe(): failed to initialize net_pcap0 device\n", "refused the arguments"},
  };
  for (const auto& [log, expected] : kExamples)
    EXPECT_NE(explain_eal_log(log).find(expected), std::string::npos) << explain_eal_log(log);
}

TEST(EalMessages, AdviceNamesKeysOfTheConfiguration) {
  const std::pair<const char*, const char*> kExamples[] = {
      {"EAL: No free 2048 kB hugepages reported on node 0\n", "`engine: {hugepages: off}`"},
      {"EAL: Cannot get hugepage information.\n", "`engine: {hugepages: off}`"},
      {"EAL: Not enough memory available!\n", "`engine: {hugepages: off}`"},
      {"EAL: Cannot allocate memory\n", "`engine: {frames: N}`"},
      {"EAL: pthread_setaffinity_np failed\n", "`engine.workers`"},
      {"telefence: unrecognized option '--nonsense'\n", "`engine.eal`"},
      {"EAL: invalid parameter for --lcores\n", "`engine.eal`"},
      {"telefence: option '-m' requires an argument\n", "`engine.eal`"},
  };
  for (const auto& [log, key] : kExamples)
    EXPECT_NE(explain_eal_log(log).find(key), std::string::npos) << explain_eal_log(log);
}

TEST(EalMessages, OfUnknownMessagesTheLastErrorIsQuoted) {
  EXPECT_EQ(explain_eal_log("EAL: all is well\nEAL: Frobnication failed!\nEAL: bye\n"), "DPDK says: Frobnication failed");
  EXPECT_EQ(explain_eal_log("EAL: invalid something\nUsage: x [options]\n  -n  number, not more\n"),
            "DPDK says: invalid something");
  EXPECT_EQ(explain_eal_log(""), "DPDK gives no reason");
  EXPECT_EQ(explain_eal_log("all is well"), "DPDK gives no reason");
}

TEST(Hugepages, OffNeverTakesThem) {
  const Result<HugepageChoice> choice = choose_hugepages("off", 1);
  EXPECT_FALSE(choice.value().use);
  EXPECT_EQ(choice.value().note, "");
}

TEST(Hugepages, AutoGoesWithoutAndSaysSo) {
  constexpr std::uint64_t kMoreThanAnyMachineHas = std::uint64_t{1} << 60;
  const Result<HugepageChoice> choice = choose_hugepages("auto", kMoreThanAnyMachineHas);
  EXPECT_FALSE(choice.value().use);
  EXPECT_NE(choice.value().note.find("running without hugepages"), std::string::npos);
}

TEST(Hugepages, SizeThatCannotBeHadIsAnError) {
  EXPECT_EQ(choose_hugepages("1000000000", 1).error().code, ErrorCode::kEnvironment);
  EXPECT_EQ(choose_hugepages("1", 2 * 1024 * 1024).error().code, ErrorCode::kInvalid);
  for (const char* wrong : {"", "lots", "12MB", "-1", "0"})
    EXPECT_EQ(choose_hugepages(wrong, 1).error().code, ErrorCode::kInvalid) << wrong;
}

TEST(Memory, PoolHoldsEveryDescriptorAndWhatWorkersHold) {
  const MemoryPlan small = plan_memory({2, 1, 0, 0});
  EXPECT_EQ(small.frames, 8191u);
  EXPECT_EQ(small.frame_bytes, 2048u);
  const MemoryPlan large = plan_memory({2, 8, 0, 0});
  EXPECT_GE(large.frames, 2u * 8 * 2048 + 8 * 1792);
  EXPECT_GE(plan_memory({.ports = 2, .workers = 8, .pass_on = true}).frames, 2u * 8 * (2048 + kPassedOnFrames) + 8 * 1792) << "and packets on their way between them";
  EXPECT_EQ(plan_memory({.ports = 2, .workers = 1, .pass_on = true}).frames, small.frames);
  EXPECT_GT(large.bytes_in_hugepages, std::uint64_t{large.frames} * (2048 + 128 + 128));
  EXPECT_GT(large.bytes_in_pages, std::uint64_t{large.frames} * 4096);
  EXPECT_EQ(plan_memory({2, 1, 1000, 16384}).frames, 1023u);
  EXPECT_EQ(plan_memory({2, 1, 1000, 16384}).frame_bytes, 16384u);
}

}  // namespace
}  // namespace telefence
