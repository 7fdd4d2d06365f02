// SPDX-License-Identifier: Apache-2.0
#include "pipeline/worker_stats.h"

#include <algorithm>
#include <functional>
#include <string>

#include "enforce/action.h"

namespace telefence {
namespace {

constexpr std::array<std::string_view, kStageCount> kStages = {
    "receive", "decode", "extract", "normalise", "match", "decide", "enforce", "transmit", "record"};
constexpr std::array<std::string_view, kProgressCount> kProgress = {"done", "need_more", "not_mine", "malformed"};

using Workers = std::vector<const WorkerStats*>;

double sum(const Workers& workers, const std::function<std::uint64_t(const WorkerStats&)>& read) {
  std::uint64_t total = 0;
  for (const WorkerStats* worker : workers) total += read(*worker);
  return static_cast<double>(total);
}

std::string text(std::string_view view) { return std::string(view); }

void add_single(Catalog& catalog, const Workers& workers, const char* name, const char* help,
                Counter WorkerStats::*member) {
  catalog.add({name, help, Family::Type::kCounter, [workers, member](std::vector<Sample>& out) {
                 out.push_back({{}, sum(workers, [member](const WorkerStats& w) { return (w.*member).read(); })});
               }});
}

void add_packets(Catalog& catalog, const Workers& workers) {
  catalog.add({"telefence_packets_total", "Packets received, by how each one left; the sum over all fates, with those held, equals the packets received.",
               Family::Type::kCounter, [workers](std::vector<Sample>& out) {
                 for (std::size_t i = 0; i < kFateCount; ++i)
                   out.push_back({{{"fate", text(fate_name(static_cast<Fate>(i)))}},
                                  sum(workers, [i](const WorkerStats& w) { return w.fates[i].read(); })});
               }});
  add_single(catalog, workers, "telefence_packets_received_total", "Packets that workers received.", &WorkerStats::received);
  add_single(catalog, workers, "telefence_received_bytes_total", "Bytes of the packets that workers received.",
             &WorkerStats::received_bytes);
  add_single(catalog, workers, "telefence_replies_sent_total", "Frames made by telefence and sent (answers, resets, and what one packet became beside another).",
             &WorkerStats::replies_sent);
  add_single(catalog, workers, "telefence_replies_lost_total", "Frames made by telefence that no port took.",
             &WorkerStats::replies_lost);
  add_single(catalog, workers, "telefence_limits_reached_total",
             "Look-up keys or hits left out because a burst held more than the fixed arrays take.", &WorkerStats::limits_reached);
  add_single(catalog, workers, "telefence_sessions_evicted_total",
             "Remembered sessions (closed connections, pending refusals, counted messages) that gave way before their time.",
             &WorkerStats::sessions_evicted);
}

void add_spread(Catalog& catalog, const Workers& workers) {
  add_single(catalog, workers, "telefence_beginnings_evicted_total",
             "Places where a connection, or its next message, begins that gave way to others before their time (a flood of SYNs does that). What "
             "begins there is known by its first bytes all the same.",
             &WorkerStats::beginnings_evicted);
  catalog.add({"telefence_spread_messages_total",
               "Messages that went on in another segment: begun, read to their end, given up (longer or in more pieces than is put "
               "together), evicted (gave way to others).",
               Family::Type::kCounter, [workers](std::vector<Sample>& out) {
                 const std::pair<const char*, Counter WorkerStats::*> outcomes[] = {{"begun", &WorkerStats::spread_begun},
                                                                                    {"read", &WorkerStats::spread_read},
                                                                                    {"given_up", &WorkerStats::spread_given_up},
                                                                                    {"evicted", &WorkerStats::spread_evicted}};
                 for (const auto& [outcome, member] : outcomes)
                   out.push_back({{{"outcome", outcome}}, sum(workers, [m = member](const WorkerStats& w) { return (w.*m).read(); })});
               }});
  add_single(catalog, workers, "telefence_inconsistent_copies_total",
             "Segments and datagrams that repeat bytes of such a message as other ones, a sign of evasion: the first copy counts, and the "
             "later one is judged as well.",
             &WorkerStats::inconsistent_copies);
}

void add_evasions(Catalog& catalog, const Workers& workers) {
  catalog.add({"telefence_evasions_total",
               "Packets with a sign of evasion: inconsistent_copy (repeats bytes of a message as other ones), bad_checksum "
               "(part of a message, but its receiver will not take it), few_hops (part of a message that may not get as far as its "
               "beginning: it counts, and what contradicts it is judged besides), odd_flags (bytes without ACK, or in a SYN of an open "
               "connection), data_after_reset (the connection went on, so the reset was false), overlapping_fragments (a part of an IP "
               "packet repeats bytes as other ones), ambiguous_host (an HTTP request names several hosts; all are judged), crowded_flow (so many "
               "QUIC connections begin in one flow that others of it are forgotten), untried_packets (a datagram has so many sealed packets "
               "that not all were tried).",
               Family::Type::kCounter, [workers](std::vector<Sample>& out) {
                 for (std::size_t k = 0; k < kEvasionKindCount; ++k)
                   out.push_back({{{"kind", text(evasion_name(static_cast<EvasionKind>(k)))}},
                                  sum(workers, [k](const WorkerStats& w) { return w.evasions[k].read(); })});
               }});
  add_single(catalog, workers, "telefence_evasions_not_recorded_total",
             "Signs of evasion that were counted only, since more came in a second than may be recorded (records.evasions).",
             &WorkerStats::evasions_not_recorded);
}

void add_gauge(Catalog& catalog, const Workers& workers, const char* name, const char* help, Counter WorkerStats::*member) {
  catalog.add({name, help, Family::Type::kGauge, [workers, member](std::vector<Sample>& out) {
                 out.push_back({{}, sum(workers, [member](const WorkerStats& w) { return (w.*member).read(); })});
               }});
}

void add_fragments(Catalog& catalog, const Workers& workers) {
  catalog.add({"telefence_fragmented_packets_total",
               "IP packets that came in fragments, and what became of them: joined (all parts came, and the packet was read), replaced "
               "(of these, segments of shared connections, which go on uncut in place of the part that came last), overlapping (a part "
               "repeats bytes as other ones, or ends the packet elsewhere; a sign of evasion), given_up (parts of no packet, or for which there "
               "is no room, also to read what they complete), evicted (gave way to others).",
               Family::Type::kCounter, [workers](std::vector<Sample>& out) {
                 const std::pair<const char*, Counter WorkerStats::*> outcomes[] = {{"joined", &WorkerStats::fragments_joined},
                                                                                    {"replaced", &WorkerStats::fragments_replaced},
                                                                                    {"overlapping", &WorkerStats::fragments_overlapping},
                                                                                    {"given_up", &WorkerStats::fragments_given_up},
                                                                                    {"evicted", &WorkerStats::fragments_evicted}};
                 for (const auto& [outcome, member] : outcomes)
                   out.push_back({{{"outcome", outcome}}, sum(workers, [m = member](const WorkerStats& w) { return (w.*m).read(); })});
               }});
}

void add_streams(Catalog& catalog, const Workers& workers) {
  add_gauge(catalog, workers, "telefence_streams", "Shared connections (SMPP, SIP over TCP) that are followed.", &WorkerStats::streams);
  add_gauge(catalog, workers, "telefence_held_packets",
            "Packets of such connections that wait for the rest of a message; received, and of no fate yet.",
            &WorkerStats::held_frames);
  catalog.add({"telefence_stream_troubles_total",
               "What happened on shared connections: inconsistent (bytes came again as other ones), no_room (more than may be held or "
               "kept), late (a message began to leave before it was whole), hole (a missing segment was waited for in vain), lost (no "
               "message where one should begin, or bytes never seen here), overflow (more messages in a burst than can be judged), "
               "evicted (a connection gave way to others).",
               Family::Type::kCounter, [workers](std::vector<Sample>& out) {
                 const std::pair<const char*, Counter WorkerStats::*> kinds[] = {
                     {"inconsistent", &WorkerStats::stream_inconsistent}, {"no_room", &WorkerStats::stream_no_room},
                     {"late", &WorkerStats::stream_late},                 {"hole", &WorkerStats::stream_holes},
                     {"lost", &WorkerStats::stream_lost},                 {"overflow", &WorkerStats::stream_overflows},
                     {"evicted", &WorkerStats::streams_evicted}};
                 for (const auto& [kind, member] : kinds)
                   out.push_back({{{"kind", kind}}, sum(workers, [m = member](const WorkerStats& w) { return (w.*m).read(); })});
               }});
  add_single(catalog, workers, "telefence_stream_holes_told_total",
             "Selective acknowledgements sent to a sender so that it repeats a missing segment at once.", &WorkerStats::stream_holes_told);
}

void add_overload(Catalog& catalog, const Workers& workers) {
  catalog.add({"telefence_overload_shed_total",
               "What was not looked at because its worker had fallen behind: packets by cause; of texts, the texts.",
               Family::Type::kCounter, [workers](std::vector<Sample>& out) {
                 for (std::size_t c = 0; c < kShedCauses; ++c)
                   out.push_back({{{"cause", text(shed_cause_name(static_cast<ShedCause>(c)))}},
                                  sum(workers, [c](const WorkerStats& w) { return w.shed[c].read(); })});
               }});
  catalog.add({"telefence_overload_level",
               "How many causes the worker that is furthest behind sheds now: 0 none, 5 all (fragments, quic, spread, texts, names).",
               Family::Type::kGauge, [workers](std::vector<Sample>& out) {
                 std::uint64_t level = 0;
                 for (const WorkerStats* worker : workers) level = std::max(level, worker->overload_level.read());
                 out.push_back({{}, static_cast<double>(level)});
               }});
  add_single(catalog, workers, "telefence_overload_rises_total", "Times that a worker fell behind and shed one cause more.",
             &WorkerStats::overload_rises);
  add_single(catalog, workers, "telefence_overload_beyond_total",
             "Times that a worker was found behind though it shed all that it may.", &WorkerStats::overload_beyond);
}

void add_tunnels(Catalog& catalog, const Workers& workers) {
  catalog.add({"telefence_tunnelled_packets_total",
               "Packets that were looked at inside a tunnel, by its kind; one in several is counted for each.", Family::Type::kCounter,
               [workers](std::vector<Sample>& out) {
                 for (std::size_t t = 1; t < kTunnelKindCount; ++t)
                   out.push_back({{{"tunnel", text(traits_of(static_cast<TunnelKind>(t)).name)}},
                                  sum(workers, [t](const WorkerStats& w) { return w.tunnels[t].read(); })});
               }});
  catalog.add({"telefence_tunnelled_packets_spread_total",
               "Packets in tunnels that came in at one worker and are another's by the addresses inside: passed_on (handed to it), or "
               "no_room (it is behind: judged where they came in, without what it knows of their connection).",
               Family::Type::kCounter, [workers](std::vector<Sample>& out) {
                 const std::pair<const char*, Counter WorkerStats::*> outcomes[] = {{"passed_on", &WorkerStats::tunnels_passed_on},
                                                                                    {"no_room", &WorkerStats::tunnels_no_room}};
                 for (const auto& [outcome, member] : outcomes)
                   out.push_back({{{"outcome", outcome}}, sum(workers, [m = member](const WorkerStats& w) { return (w.*m).read(); })});
               }});
  catalog.add({"telefence_tunnel_returns_total",
               "Ways back into GTP-U, MPLS, L2TP and CAPWAP, which only packets of the other direction tell: learned, or changed; missing when an "
               "answer or a reset was to be made (the message is then dropped without telling its sender); evicted (gave way to others).",
               Family::Type::kCounter, [workers](std::vector<Sample>& out) {
                 const std::pair<const char*, Counter WorkerStats::*> outcomes[] = {{"learned", &WorkerStats::returns_learned},
                                                                                    {"missing", &WorkerStats::returns_missing},
                                                                                    {"evicted", &WorkerStats::returns_evicted}};
                 for (const auto& [outcome, member] : outcomes)
                   out.push_back({{{"outcome", outcome}}, sum(workers, [m = member](const WorkerStats& w) { return (w.*m).read(); })});
               }});
}

void add_messages(Catalog& catalog, const Workers& workers) {
  catalog.add({"telefence_messages_total", "Messages read (look-ups, visits, calls, SMS); a repeated interception is counted once.",
               Family::Type::kCounter, [workers](std::vector<Sample>& out) {
                 const auto all = registered_protocols();
                 for (std::size_t p = 0; p < all.size(); ++p)
                   out.push_back({{{"channel", text(all[p]->channel)}, {"protocol", text(all[p]->name)}},
                                  sum(workers, [p](const WorkerStats& w) { return w.messages[p].read(); })});
               }});
  add_single(catalog, workers, "telefence_encrypted_hellos_total",
             "TLS and QUIC visits with an Encrypted Client Hello: only the outer name could be judged.", &WorkerStats::encrypted_hellos);
  catalog.add({"telefence_repeated_messages_total", "Retransmissions of intercepted messages: answered again, counted here only.",
               Family::Type::kCounter, [workers](std::vector<Sample>& out) {
                 const auto all = registered_protocols();
                 for (std::size_t p = 0; p < all.size(); ++p)
                   out.push_back({{{"protocol", text(all[p]->name)}},
                                  sum(workers, [p](const WorkerStats& w) { return w.repeats[p].read(); })});
               }});
  catalog.add({"telefence_parsed_payloads_total", "Payloads given to a protocol's parser, by how far it came.",
               Family::Type::kCounter, [workers](std::vector<Sample>& out) {
                 const auto all = registered_protocols();
                 for (std::size_t p = 0; p < all.size(); ++p)
                   for (std::size_t i = 0; i < kProgressCount; ++i)
                     out.push_back({{{"protocol", text(all[p]->name)}, {"progress", text(kProgress[i])}},
                                    sum(workers, [p, i](const WorkerStats& w) { return w.parsed[p][i].read(); })});
               }});
}

void add_actions(Catalog& catalog, const Workers& workers, const char* name, const char* help,
                 std::array<Counters<kMaxActions>, kMaxProtocols> WorkerStats::*member) {
  catalog.add({name, help, Family::Type::kCounter, [workers, member](std::vector<Sample>& out) {
                 const auto protocols = registered_protocols();
                 const auto actions = registered_actions();
                 for (std::size_t p = 0; p < protocols.size(); ++p)
                   for (std::size_t a = 0; a < actions.size(); ++a)
                     out.push_back({{{"channel", text(protocols[p]->channel)},
                                     {"protocol", text(protocols[p]->name)},
                                     {"action", text(actions[a]->name)}},
                                    sum(workers, [=](const WorkerStats& w) { return (w.*member)[p][a].read(); })});
               }});
}

void add_verdicts(Catalog& catalog, const Workers& workers) {
  catalog.add({"telefence_verdicts_total", "Verdicts on messages by reason; a repeated interception is counted once.",
               Family::Type::kCounter, [workers](std::vector<Sample>& out) {
                 const auto all = registered_protocols();
                 for (std::size_t p = 0; p < all.size(); ++p)
                   for (std::size_t r = 0; r < kReasonCount; ++r)
                     out.push_back({{{"channel", text(all[p]->channel)},
                                     {"protocol", text(all[p]->name)},
                                     {"reason", text(reason_name(static_cast<Reason>(r)))}},
                                    sum(workers, [p, r](const WorkerStats& w) { return w.verdicts[p][r].read(); })});
               }});
  add_actions(catalog, workers, "telefence_actions_total", "Actions carried out; a repeated interception is counted once.",
              &WorkerStats::actions);
  add_actions(catalog, workers, "telefence_actions_failed_total",
              "Actions that could not be carried out; the packet was forwarded.", &WorkerStats::failed);
  catalog.add({"telefence_interceptions_total", "Messages blocked, or that would have been, by category.",
               Family::Type::kCounter, [workers](std::vector<Sample>& out) {
                 for (std::size_t c = 0; c < kCategoryCount; ++c)
                   out.push_back({{{"category", text(category_name(static_cast<Category>(c)))}},
                                  sum(workers, [c](const WorkerStats& w) { return w.categories[c].read(); })});
               }});
}

}  // namespace

std::string_view stage_name(Stage stage) { return kStages[static_cast<std::size_t>(stage)]; }

void add_worker_families(Catalog& catalog, std::vector<const WorkerStats*> workers) {
  add_packets(catalog, workers);
  add_messages(catalog, workers);
  add_spread(catalog, workers);
  add_evasions(catalog, workers);
  add_streams(catalog, workers);
  add_fragments(catalog, workers);
  add_overload(catalog, workers);
  add_tunnels(catalog, workers);
  std::vector<const DatagramStats*> datagrams;
  for (const WorkerStats* worker : workers) datagrams.push_back(&worker->datagrams);
  add_datagram_families(catalog, datagrams);
  add_verdicts(catalog, workers);
  catalog.add({"telefence_worker_cycles_total", "Time stamp counter cycles that workers spent, by stage.",
               Family::Type::kCounter, [workers](std::vector<Sample>& out) {
                 for (std::size_t s = 0; s < kStageCount; ++s)
                   out.push_back({{{"stage", text(kStages[s])}},
                                  sum(workers, [s](const WorkerStats& w) { return w.cycles[s].read(); })});
               }});
}

std::uint64_t FateSums::total() const {
  std::uint64_t sum_of_all = 0;
  for (const std::uint64_t count : fates) sum_of_all += count;
  return sum_of_all;
}

FateSums sum_fates(const std::vector<const WorkerStats*>& workers) {
  FateSums sums;
  for (const WorkerStats* worker : workers) {
    for (std::size_t i = 0; i < kFateCount; ++i) sums.fates[i] += worker->fates[i].read();
    sums.received += worker->received.read();
  }
  return sums;
}

}  // namespace telefence
