// SPDX-License-Identifier: Apache-2.0
#pragma once

// Messages that other folders make, in the reader's language. Those folders say everything in English; here stand their sentences
// with the same in Chinese, {} for what is put in. A sentence that is not in the table stays English.

#include <string>
#include <string_view>

#include "app/language.h"

namespace telefence {

std::string translated(Language language, std::string_view english);

}  // namespace telefence
