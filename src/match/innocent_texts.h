// SPDX-License-Identifier: Apache-2.0
#pragma once

// Everyday messages and URLs (innocent/*.txt): verification codes, bank notices, couriers, family, advertisements of real shops,
// and the police's warnings that quote the words of fraud. A pattern that hits many of them is no pattern of fraud, and how often
// characters stand there tells how rare an anchor is. Any thread.

#include <span>
#include <string_view>

namespace telefence {

std::span<const std::string_view> innocent_texts();  // UTF-8, as sent
std::span<const std::string_view> innocent_urls();   // host, path and query

}  // namespace telefence
