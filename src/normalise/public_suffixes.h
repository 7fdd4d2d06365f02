// SPDX-License-Identifier: Apache-2.0
#pragma once

// The Public Suffix List (publicsuffix.org/list) for millions of questions: libpsl takes 290 ns for each, this 30. Read from the text
// of the list where that is as new as what libpsl uses; else libpsl is asked. Control thread.

#include <memory>
#include <string>
#include <string_view>

namespace telefence {

class PublicSuffixes {
 public:
  // The list of the system.
  static const PublicSuffixes& of_system();

  // Differs when the list of the system is another one.
  static std::string stamp();

  // From the text of a list; for tests. nullptr: it can't be read.
  static std::unique_ptr<PublicSuffixes> from_text(const std::string& file);
  ~PublicSuffixes();

  // Whether unrelated parties register below this canonical name.
  bool contains(std::string_view name) const;

 private:
  struct Rules;
  explicit PublicSuffixes(std::unique_ptr<Rules> rules);
  std::unique_ptr<Rules> rules_;  // nullptr: libpsl is asked
};

}  // namespace telefence
