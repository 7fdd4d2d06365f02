// SPDX-License-Identifier: Apache-2.0
#include "stats/exporter.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <cmath>
#include <cstdio>

#include "base/json_text.h"

namespace telefence {
namespace {

std::vector<Sample> samples_of(const Family& family) {
  std::vector<Sample> samples;
  family.collect(samples);
  return samples;
}

prometheus::ClientMetric metric_of(const Family& family, const Sample& sample) {
  prometheus::ClientMetric metric;
  for (const auto& [name, value] : sample.labels) metric.label.push_back({name, value});
  if (family.type == Family::Type::kCounter)
    metric.counter.value = sample.value;
  else
    metric.gauge.value = sample.value;
  return metric;
}

void append_number(std::string& out, double value) {
  // RFC 8259, 6: there is no infinity and no NaN in JSON.
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  char text[40];
  const bool is_whole = std::abs(value) < 9e15 && value == std::floor(value);
  std::snprintf(text, sizeof text, is_whole ? "%.0f" : "%.9g", value);
  out += text;
}

void append_sample(std::string& out, const Sample& sample) {
  out += "{\"labels\":{";
  bool is_first = true;
  for (const auto& [name, value] : sample.labels) {
    if (!is_first) out += ',';
    is_first = false;
    append_json_string(out, name);
    out += ':';
    append_json_string(out, value);
  }
  out += "},\"value\":";
  append_number(out, sample.value);
  out += '}';
}

}  // namespace

std::string to_prometheus_text(const Catalog& catalog) {
  std::vector<prometheus::MetricFamily> families;
  for (const Family& family : catalog.families()) {
    const std::vector<Sample> samples = samples_of(family);
    if (samples.empty()) continue;
    prometheus::MetricFamily& out = families.emplace_back();
    out.name = family.name;
    out.help = family.help;
    out.type = family.type == Family::Type::kCounter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
    for (const Sample& sample : samples) out.metric.push_back(metric_of(family, sample));
  }
  return static_cast<const prometheus::Serializer&>(prometheus::TextSerializer()).Serialize(families);
}

std::string to_json(const Catalog& catalog) {
  std::string out = "{";
  for (const Family& family : catalog.families()) {
    if (out.size() > 1) out += ',';
    append_json_string(out, family.name);
    out += ":[";
    bool is_first = true;
    for (const Sample& sample : samples_of(family)) {
      if (!is_first) out += ',';
      is_first = false;
      append_sample(out, sample);
    }
    out += ']';
  }
  return out + '}';
}

}  // namespace telefence
