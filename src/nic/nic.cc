// SPDX-License-Identifier: Apache-2.0
#include "nic/nic.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/allowed_cores.h"
#include "nic/cores.h"
#include "nic/device.h"
#include "nic/eal.h"
#include "nic/eal_log.h"
#include "nic/eal_messages.h"
#include "nic/eth_queue.h"
#include "nic/fragments_apart.h"
#include "nic/hugepages.h"
#include "nic/lcores.h"
#include "nic/memory.h"
#include "nic/port.h"
#include "nic/port_metrics.h"
#include "nic/respond_queue.h"
#include "nic/sharing.h"

namespace telefence {
namespace {

// A wire or a mirror by indexes of NicOptions::ports.
struct Pair {
  std::size_t access = 0;
  std::optional<std::size_t> core;
};

struct WorkerSide {
  Arrivals arrivals;
  std::vector<std::unique_ptr<EthQueue>> queues;
  std::unique_ptr<RespondQueue> respond;
  std::vector<QueueLink> links;
  std::optional<EthFramePool> pool;
};

Error for_port(const PortOptions& port, Error error) {
  return std::move(error).within("port " + port.name + " (" + port.device + ")");
}

Result<std::size_t> port_index(const NicOptions& options, const std::string& name) {
  for (std::size_t i = 0; i < options.ports.size(); ++i)
    if (options.ports[i].name == name) return i;
  return Error{ErrorCode::kInvalid, "there is no port " + name};
}

struct Links {
  std::vector<Pair> pairs;
  std::optional<std::size_t> respond;  // index of NicOptions::ports
  bool only_responds = false;          // that port is no mirror, too
};

Result<Links> find_links(const NicOptions& options) {
  Links links;
  std::vector<Pair>& pairs = links.pairs;
  std::set<std::size_t> used;
  const auto use = [&](const std::string& name) -> Result<std::size_t> {
    Result<std::size_t> index = port_index(options, name);
    if (index && !used.insert(index.value()).second)
      return Error{ErrorCode::kInvalid, "port " + name + " stands in `wire` or `mirror` more than once"};
    return index;
  };
  for (const auto& [first, second] : options.wire) {
    const Result<std::size_t> access = use(first);
    if (!access) return access.error();
    const Result<std::size_t> core = use(second);
    if (!core) return core.error();
    pairs.push_back({access.value(), core.value()});
  }
  for (const std::string& name : options.mirror) {
    const Result<std::size_t> index = use(name);
    if (!index) return index.error();
    pairs.push_back({index.value(), std::nullopt});
  }
  if (!options.respond.empty()) {
    const Result<std::size_t> index = port_index(options, options.respond);
    if (!index) return index.error();
    links.respond = index.value();
    links.only_responds = used.insert(index.value()).second;
  }
  for (std::size_t i = 0; i < options.ports.size(); ++i)
    if (!used.contains(i))
      return Error{ErrorCode::kInvalid, "port " + options.ports[i].name + " stands in neither `wire` nor `mirror`"};
  if (pairs.empty()) return Error{ErrorCode::kInvalid, "no ports are configured"};
  return links;
}

}  // namespace

// In the order of construction; what is below may use what is above until the end.
struct Nic::Parts {
  std::optional<Eal> eal;
  std::optional<PacketMemory> memory;
  std::vector<FoundPort> found;
  std::vector<Port> ports;
  std::vector<std::string> names;
  std::vector<std::unique_ptr<WorkerSide>> workers;
  std::vector<std::string> notes;
  std::optional<Lcores> lcores;
  std::map<std::size_t, std::uint16_t> responders;  // workers that answer copies, and by which queue of the port for that

  Result<EalPlan> look_at_machine(const NicOptions& options, MemoryPlan& memory_plan);
  Result<void> find_ports(const NicOptions& options, const std::vector<Device>& devices);
  Result<void> open_ports(const NicOptions& options, const Links& links);
  std::vector<std::vector<QueueShare>> share_out(const Links& links);
  void note_few_queues(const Pair& pair, std::size_t queues);
  void connect(const Pair& pair, const QueueShare& share);
  void connect_respond(const NicOptions& options, std::size_t port);
  EthQueue* add_queue(WorkerSide& worker, std::size_t port, std::uint16_t queue);
};

Result<EalPlan> Nic::Parts::look_at_machine(const NicOptions& options, MemoryPlan& memory_plan) {
  EalPlan plan;
  plan.extra = options.eal;
  Result<CorePlan> cores = plan_cores(options, allowed_cores());
  if (!cores) return cores.error();
  plan.cores = std::move(cores.value());
  notes = plan.cores.notes;
  std::uint32_t largest_frame = 0;
  std::set<std::string> dpdk_names;
  for (std::size_t i = 0; i < options.ports.size(); ++i) {
    const PortOptions& port = options.ports[i];
    Result<Device> device = find_device(port, i);
    if (!device) return for_port(port, device.error());
    if (!dpdk_names.insert(device.value().dpdk_name).second)
      return for_port(port, {ErrorCode::kInvalid, "another port has the same device"});
    largest_frame = std::max(largest_frame, device.value().largest_frame);
    for (const std::string& note : device.value().notes) notes.push_back("port " + port.name + ": " + note);
    plan.devices.push_back(std::move(device.value()));
  }
  memory_plan = plan_memory({options.ports.size(), plan.cores.workers.size(), options.frames, largest_frame, options.held_frames, options.spread_tunnels});
  Result<HugepageChoice> hugepages = choose_hugepages(options.hugepages, memory_plan.bytes_in_hugepages);
  if (!hugepages) return hugepages.error();
  plan.hugepages = std::move(hugepages.value());
  plan.memory_bytes = plan.hugepages.use ? memory_plan.bytes_in_hugepages : memory_plan.bytes_in_pages;
  if (!plan.hugepages.note.empty()) notes.push_back(plan.hugepages.note);
  return plan;
}

// DPDK reports success when it opened nothing: every configured port is looked for.
Result<void> Nic::Parts::find_ports(const NicOptions& options, const std::vector<Device>& devices) {
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const std::optional<FoundPort> port = find_port(devices[i]);
    if (!port)
      return for_port(options.ports[i],
                      {ErrorCode::kEnvironment, "was not opened: " + eal->why_missing(devices[i].dpdk_name)});
    found.push_back(*port);
    using Checksums = PortOptions::Checksums;
    const Checksums wanted = options.ports[i].checksums;
    if (wanted != Checksums::kAuto) found.back().may_lack_checksums = wanted == Checksums::kLenient;
    names.push_back(options.ports[i].name);
    if (!devices[i].interface.empty() && joins_fragments(devices[i].interface))
      notes.push_back("port " + options.ports[i].name + ": the kernel puts IPv4 fragments together, and what is then longer than the "
                      "MTU is lost: this build of the program does not hinder DPDK's driver from asking for that");
  }
  return {};
}

EthQueue* Nic::Parts::add_queue(WorkerSide& worker, std::size_t port, std::uint16_t queue) {
  const PortQueue place{.dpdk_port = ports[port].dpdk_port(), .queue = queue, .port_index = static_cast<std::uint16_t>(port),
                        .longest_sent = found[port].longest_sent, .may_lack_checksums = found[port].may_lack_checksums,
                        .descriptors = ports[port].descriptors(),
                        .can_overrun = found[port].can_overrun};
  worker.queues.push_back(std::make_unique<EthQueue>(place, memory->large_frames(), worker.arrivals));
  return worker.queues.back().get();
}

void Nic::Parts::connect(const Pair& pair, const QueueShare& share) {
  WorkerSide& worker = *workers[share.worker];
  Queue* access = add_queue(worker, pair.access, share.queue);
  if (!pair.core) {
    worker.links.push_back({access, nullptr, nullptr, pair.access});
    return;
  }
  Queue* core = add_queue(worker, *pair.core, share.queue);
  worker.links.push_back({access, core, nullptr, pair.access});
  worker.links.push_back({core, access, nullptr, *pair.core});
}

// Gives each worker that serves a mirror its way to answer what comes in there.
void Nic::Parts::connect_respond(const NicOptions& options, std::size_t port) {
  const SentLink link{ports[port].address(), mac_from(options.respond_gateway), options.respond_vlan};
  for (const auto& [number, queue] : responders) {
    WorkerSide& worker = *workers[number];
    const auto own = std::find_if(worker.queues.begin(), worker.queues.end(),
                                  [&, queue = queue](const auto& one) { return one->is(port, queue); });
    Queue* const by = own != worker.queues.end() ? own->get() : add_queue(worker, port, queue);
    worker.respond = std::make_unique<RespondQueue>(*by, link);
    for (QueueLink& one : worker.links)
      if (one.out == nullptr) one.respond = worker.respond.get();
  }
}

// Who serves what, and who of those may answer copies: as many as the port for that has queues.
std::vector<std::vector<QueueShare>> Nic::Parts::share_out(const Links& links) {
  const std::uint16_t most_responders = links.respond ? found[*links.respond].queues : std::uint16_t{0};
  std::vector<std::uint16_t> most;
  for (const Pair& pair : links.pairs) {
    const std::uint16_t other = pair.core ? found[*pair.core].queues : links.respond ? most_responders : found[pair.access].queues;
    most.push_back(std::min(found[pair.access].queues, other));
  }
  std::vector<std::vector<QueueShare>> shares = share_queues(most, workers.size());
  if (!links.respond) return shares;
  // A mirror that answers itself comes first: its queues have the numbers that packets come in by.
  for (const bool itself : {true, false}) {
    for (std::size_t i = 0; i < links.pairs.size(); ++i) {
      if (links.pairs[i].core || (links.pairs[i].access == *links.respond) != itself) continue;
      for (QueueShare& share : shares[i]) {
        if (responders.contains(share.worker)) continue;
        if (responders.size() < most_responders)
          responders.emplace(share.worker, static_cast<std::uint16_t>(responders.size()));
        else
          share.worker = std::next(responders.begin(), static_cast<std::ptrdiff_t>(share.queue % responders.size()))->first;
      }
    }
  }
  return shares;
}

void Nic::Parts::note_few_queues(const Pair& pair, std::size_t queues) {
  if (queues == workers.size()) return;
  notes.push_back("port " + names[pair.access] + (pair.core ? " with " + names[*pair.core] : "") + ": " + std::to_string(queues) +
                  " queue" + (queues == 1 ? "" : "s") + " for " + std::to_string(workers.size()) +
                  " workers, so only as many of them serve it");
}

Result<void> Nic::Parts::open_ports(const NicOptions& options, const Links& links) {
  const std::vector<std::vector<QueueShare>> shares = share_out(links);
  std::vector<PortUse> uses(found.size());
  for (std::size_t i = 0; i < links.pairs.size(); ++i) {
    const Pair& pair = links.pairs[i];
    const auto count = static_cast<std::uint16_t>(shares[i].size());
    uses[pair.access] = {count, count, true};
    if (pair.core) uses[*pair.core] = {count, count, true};
    note_few_queues(pair, count);
  }
  if (links.respond) {
    PortUse& use = uses[*links.respond];
    use.listens = !links.only_responds;
    use.transmit = std::max({use.transmit, static_cast<std::uint16_t>(responders.size()), std::uint16_t{1}});
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    const std::size_t from = EalLog::position();
    Result<Port> port = Port::open(found[i], uses[i], *memory);
    if (!port) {
      Error error = port.error();
      if (const std::string said = EalLog::text(from); !said.empty()) error.message += "; " + explain_eal_log(said);
      return for_port(options.ports[i], std::move(error));
    }
    ports.push_back(std::move(port.value()));
  }
  for (std::size_t i = 0; i < links.pairs.size(); ++i)
    for (const QueueShare& share : shares[i]) connect(links.pairs[i], share);
  if (links.respond) connect_respond(options, *links.respond);
  return {};
}

Result<std::unique_ptr<Nic>> Nic::start(const NicOptions& options) {
  const Result<Links> links = find_links(options);
  if (!links) return links.error();
  auto parts = std::make_unique<Parts>();
  MemoryPlan memory_plan;
  const Result<EalPlan> plan = parts->look_at_machine(options, memory_plan);
  if (!plan) return plan.error();
  Result<Eal> eal = Eal::start(plan.value());
  if (!eal) return eal.error();
  parts->eal.emplace(std::move(eal.value()));
  if (Result<void> done = parts->find_ports(options, plan.value().devices); !done) return done.error();
  Result<PacketMemory> memory = PacketMemory::create(memory_plan);
  if (!memory) return memory.error();
  parts->memory.emplace(std::move(memory.value()));
  for (std::size_t i = 0; i < plan.value().cores.workers.size(); ++i) {
    auto& worker = parts->workers.emplace_back(std::make_unique<WorkerSide>());
    worker->pool.emplace(*parts->memory, worker->arrivals.time_ns);
  }
  {
    const QuietTerminal quiet;
    if (Result<void> done = parts->open_ports(options, links.value()); !done) return done.error();
  }
  parts->lcores.emplace(parts->workers.size());
  return std::unique_ptr<Nic>(new Nic(std::move(parts)));
}

Nic::Nic(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Nic::~Nic() {
  const QuietTerminal quiet;
  parts_.reset();
}

const std::vector<std::string>& Nic::notes() const { return parts_->notes; }

std::size_t Nic::workers() const { return parts_->workers.size(); }

const std::vector<QueueLink>& Nic::links(std::size_t worker) const { return parts_->workers.at(worker)->links; }

FramePool& Nic::pool(std::size_t worker) { return *parts_->workers.at(worker)->pool; }

PortCounts Nic::counts(std::size_t port) const {
  PortCounts counts = parts_->ports.at(port).counts();
  for (const auto& worker : parts_->workers)
    for (const auto& queue : worker->queues) {
      if (queue->port_index() != port) continue;
      counts.truncated += queue->truncated();
      counts.too_long += queue->too_long();
    }
  return counts;
}

std::uint32_t Nic::free_frames() const { return parts_->memory->free_frames(); }

void Nic::add_metrics(Catalog& catalog) const { add_port_metrics(*this, parts_->names, catalog); }

Result<void> Nic::launch(std::function<void(std::size_t worker)> work) { return parts_->lcores->launch(std::move(work)); }

void Nic::wait() { parts_->lcores->wait(); }

}  // namespace telefence
