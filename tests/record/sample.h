// SPDX-License-Identifier: Apache-2.0
#pragma once

// A record and the names around it, for the tests of this folder.

#include "record/eve.h"

namespace telefence {

inline RecordNames sample_names() {
  return {"edge-1",
          {"access", "core"},
          {"dns", "http", "sip", "smpp"},
          {"dns", "web", "call", "sms"},
          {"drop", "answer", "neutralise"},
          {{"nxdomain", "refused"}, {"redirect"}, {"decline"}, {}},
          {"", "gtp-u", "mpls", "ip-in-ip"}};
}

inline Record sample_lookup() {
  Record record;
  record.time_ns = 1'790'000'000'123'456'789;
  record.flow_id = 42;
  record.source = {10, 1, 2, 3};
  record.destination = {8, 8, 8, 8};
  record.source_port = 5353;
  record.destination_port = 53;
  record.verdict.reason = Reason::kBlocked;
  record.verdict.action = 1;
  record.verdict.category = Category::kPhishing;
  record.verdict.tier = 1;
  record.answer = 0;
  record.fate = Fate::kAnswered;
  record.signature_id = 10023;
  record.policy_version = 184203;
  record.latency_ns = 910;
  record.dns_type = 1;
  record.message_id = 4711;
  record.set(RecordText::kSignatureValue, "bank-verify.example");
  record.set(RecordText::kSignatureSource, "centre");
  record.set(RecordText::kName, "www.bank-verify.example");
  return record;
}

inline Record sample_sms() {
  Record record;
  record.kind = Record::Kind::kSms;
  record.protocol = 3;
  record.transport = 6;
  record.port = 1;
  record.vlan = 7;
  record.verdict.reason = Reason::kBlocked;
  record.verdict.action = 2;
  record.fate = Fate::kNeutralised;
  record.signature_kind = SignatureKind::kNumber;
  record.set(RecordText::kSignatureValue, "+8617012345678");
  record.set(RecordText::kCalling, "+8617012345678");
  record.set(RecordText::kCalled, "13800138000,+8613900139000");
  record.recipients = 2;
  record.refusal_code = 8;
  record.set(RecordText::kText, "您好");
  return record;
}

}  // namespace telefence
