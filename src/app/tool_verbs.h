// SPDX-License-Identifier: Apache-2.0
#pragma once

// The verbs of telefence, the people's tool. Each is in a file of its own name (test_verb.cc ...) and returns the exit code.

#include <cstdint>
#include <string>
#include <vector>

namespace telefence {

inline constexpr const char* kDefaultConfig = "/etc/telefence/telefence.yaml";
inline constexpr const char* kDefaultSocket = "/run/telefence/control.sock";

struct ToolArguments {
  std::string language;                // "", en or zh
  bool json = false;
  std::string socket = kDefaultSocket;
};

struct TestArguments : ToolArguments {
  std::string kind;                    // domain, url, number, sms
  std::string value;
  std::string config_file;             // not empty: don't ask the daemon
  std::string calling;                 // sms: who sends it
};
int test_value(const TestArguments& arguments);

struct PushArguments : ToolArguments {
  bool add = true;
  std::string kind;                    // domain, number, pattern, url
  std::string value;
  std::string category;
  std::string action;
  std::uint32_t tier = 2;
  std::string match;                   // suffix, exact, prefix, text, regex; "" = by kind
  std::string side;                    // numbers: calling, called, either; "" = either
  std::string expires;                 // 2026-12-01T00:00:00+08:00, or 7d
  std::string valid_from;              // 2026-12-01T00:00:00+08:00, or 2h
  std::string shadow_for;              // 24h: only recorded so long
  std::uint32_t canary = 0;            // percent of the nodes that enforce it at once all the same
  std::string note;
  std::string campaign;
  std::string source;                  // "" = who publishes
  bool shadow = false;
  bool allow = false;
  bool dry_run = false;                // only say what would be, and what it would have hit
  bool confirmed = false;              // publish although it hits more than most_hits
  std::string most_hits = "0.1%";      // of the edges' live samples
  std::string key;                     // file of the secret key to sign with; "" = unsigned
  std::string second_key;              // of the second signer of a wide entry
  std::string for_cosign;              // write this file for the second signer instead of publishing
  std::string proposal;                // cosign: the file that the first one wrote
  std::string approver;                // cosign: his public key; "" = his approval is not checked
  std::string audit;                   // file; "" = beside the key
  std::string audited_as = "pushed";   // in that file
  std::uint32_t wide_digits = 7;       // of the edges, as wide_percent
  std::uint32_t wide_percent = 1;
  std::string redis = "127.0.0.1:6379";
  std::string redis_user;              // "" = the default user
  std::string redis_password_file;     // a secret on the command line would be seen by everyone on the machine (ps)
  std::string redis_ca;                // PEM files of rediss:// servers
  std::string redis_certificate;
  std::string redis_key;
  std::string log = "tf:1:log";
  std::string home_country = "86";     // of the edges, which numbers are judged by
  std::string protected_file;          // names that nothing may block; "" = the installed list, off = none
};
int push(const PushArguments& arguments);
// Publishes what somebody else proposed and approved (for_cosign), with an own signature; without a key only shows it.
int push_cosign(const PushArguments& arguments);

// Lets one value through for a time.
struct ReleaseArguments : PushArguments {
  std::string duration;                // 24h
};
int release(ReleaseArguments arguments);

// Why a record says that something was blocked.
struct ExplainArguments : PushArguments {
  ExplainArguments() { redis.clear(); }
  std::string id;                      // of the record
  std::vector<std::string> events;     // files of records; none = the configuration's
  std::string config_file;             // "" = the usual one, where it is
};
int explain(const ExplainArguments& arguments);
// Ends all that a source (arguments.source) has said of these kinds; of all when there are none.
int push_withdraw(const PushArguments& arguments, const std::vector<std::string>& kinds);
// The kinds that have lists: all of them.
std::vector<std::string> withdrawn_kinds();

struct PushStatusArguments : PushArguments {
  std::uint64_t sequence = 0;          // 0 = the newest
  std::string hash;                    // of that batch, or how it begins; "" = whatever stands there
  bool metrics = false;                // as text for Prometheus
  std::string wait;                    // at most so long until all edges have it, and exit code 11 when they have not; "" = as it is now
  std::vector<std::string> node_keys;  // public keys of the edges, or folders of them; none: what is told is believed
};
int push_status(const PushStatusArguments& arguments);

// The centre's word of which batch is the newest now.
struct PushTimestampArguments : PushArguments {
  std::string every;                   // go on: one so often; "" = once
};
int push_timestamp(const PushTimestampArguments& arguments);

struct SnapshotArguments : PushArguments {
  std::string config_file;             // of an edge: whose word counts there
  std::uint32_t keep = 3;              // so many snapshots stay
  std::string trim_older;              // batches older than this leave the log: 48h; "" = none
  std::uint64_t batches = 0;           // go on: one whenever so many batches were pushed
  std::string every;                   // go on: one so often, when something was pushed
  bool accept_gaps = false;
  bool cosign = false;                 // check the newest that somebody made, and sign it too
};
int snapshot(const SnapshotArguments& arguments);

struct KeysArguments : ToolArguments {
  bool make = true;                    // else show
  bool of_node = false;                // make: an edge's, for its receipts
  std::string name;                    // make: NAME.key and NAME.pub come into being
  std::vector<std::string> files;      // show
};
int keys(const KeysArguments& arguments);

struct AuditArguments : ToolArguments {
  bool verify = true;                  // else show
  std::string file;
  std::string head;                    // verify: the hash that the file ended with some time ago
  std::uint32_t last = 20;             // show: so many lines from the end; 0 = all
};
int audit(const AuditArguments& arguments);

// telefence rules: lists in any format to ours, and ours to others'.
struct RulesArguments : ToolArguments {
  std::string operation;               // lint, import, export, diff, stats
  std::vector<std::string> files;      // diff: before, after
  std::string out = "-";               // import, export
  std::string to;                      // format to write; "" = what suits
  std::string format;                  // of the files; "" = told by content
  std::string match;                   // domains: suffix or exact, whatever their list says; "" = as it says
  std::string category, action, side, source;
  std::uint32_t tier = 2;
  bool allow = false;
  bool shadow = false;
  std::uint32_t most = 20;             // lines shown of what is wrong or different
  std::string home_country = "86";
  std::string protected_file;          // as of PushArguments
};
int rules(const RulesArguments& arguments);

// Publishes op lines, or lists in any format.
struct PushApplyArguments : PushArguments {
  RulesArguments list;                 // how they are read
  bool replace_list = false;           // what the source has said before of these kinds ends
  bool strict = false;                 // nothing is published when anything is left out
  std::uint64_t from = 0;              // so many changes were published by a run that was broken off
  std::string most_shrink = "50%";     // that a list which is replaced may lose
  std::string most_asked = "100000";   // entries that edges with a live sample are asked about; or all
  std::string config_file;             // of an edge: whose word counts there; "" = that of the keys it is signed with
};
int push_apply(const PushApplyArguments& arguments);

int status(const ToolArguments& arguments);

// Asks the daemon to read its configuration and lists again, and waits for the result.
struct ReloadArguments : ToolArguments {
  bool accepts_shrunk = false;         // lists that lost much are meant to be so
};
int reload(const ReloadArguments& arguments);

struct BypassArguments : ToolArguments {
  std::string what;                    // on, off or status
  std::string duration;                // on: 10min; "" = until it is switched off
};
int bypass(const BypassArguments& arguments);

// The versions of the signatures that the daemon keeps, and back to one of them.
int policy_versions(const ToolArguments& arguments);

struct RollbackArguments : ToolArguments {
  std::string version;                 // a number, or newest
};
int policy_rollback(const RollbackArguments& arguments);

// How much memory and time lists will take. Asks no daemon.
struct SizeArguments : ToolArguments {
  std::vector<std::string> files;
  std::string kind;                    // domain, number or url; empty: told by each file's content
};
int policy_size(const SizeArguments& arguments);

struct EventsArguments : ToolArguments {
  bool follow = false;                 // go on when the daemon comes back
};
int events(const EventsArguments& arguments);

}  // namespace telefence
