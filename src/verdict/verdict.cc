// SPDX-License-Identifier: Apache-2.0
#include "verdict/verdict.h"

namespace telefence {
namespace {

constexpr std::array<std::string_view, kCategoryCount> kCategories = {
    "loan",  "click-farm", "fake-police", "romance-invest", "fake-service",   "impersonation", "prize",
    "credit", "phishing",  "malware-app", "spoofed-caller", "gambling",       "other"};

constexpr std::array<std::string_view, kCategoryCount> kCategoriesZh = {
    "贷款诈骗", "刷单返利", "冒充公检法", "杀猪盘", "冒充客服", "冒充领导熟人", "虚假中奖",
    "虚假征信", "仿冒网站", "涉诈App",   "改号冒充", "网络赌博", "其他"};

constexpr std::array<std::string_view, 6> kReasons = {"no-hit",  "blocked", "allowed",
                                                       "never-block", "monitor", "shadow"};

constexpr std::array<std::string_view, kFateCount> kFates = {
    "forwarded_inspected",   "forwarded_no_payload",        "forwarded_not_recognised", "forwarded_need_more",
    "forwarded_malformed",   "forwarded_fragment",          "forwarded_unknown_link",   "forwarded_unknown_transport",
    "forwarded_bad_header",  "forwarded_bad_checksum",      "forwarded_truncated",
    "forwarded_event_limit", "forwarded_action_failed",     "forwarded_hold_expired",   "forwarded_overload",
    "forwarded_not_ready",   "forwarded_bypassed",          "forwarded_not_inspected",
    "tagged",                "neutralised",                 "restated",                 "answered",
    "reset",                 "dropped_by_verdict",          "dropped_dead_connection",  "absorbed",
    "dropped_copy",          "dropped_stream_full",   "dropped_overload",   "dropped_transmit_full",       "mirror_released",
    "mirror_answered"};

}  // namespace

std::string_view category_name(Category category) { return kCategories[static_cast<std::size_t>(category)]; }
std::string_view category_name_zh(Category category) { return kCategoriesZh[static_cast<std::size_t>(category)]; }

std::optional<Category> category_from(std::string_view name) {
  for (std::size_t i = 0; i < kCategoryCount; ++i)
    if (kCategories[i] == name) return static_cast<Category>(i);
  return std::nullopt;
}

std::string_view reason_name(Reason reason) { return kReasons[static_cast<std::size_t>(reason)]; }
std::string_view fate_name(Fate fate) { return kFates[static_cast<std::size_t>(fate)]; }

}  // namespace telefence
