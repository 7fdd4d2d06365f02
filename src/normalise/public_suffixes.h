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

  // Of the list that of_system() is, which a process reads once: differs when another one has another list. Also when the text on disk was
  // replaced since.
  static std::string stamp();

  // From the text of a list. nullptr: it has no rules.
  static std::unique_ptr<PublicSuffixes> from_text(std::string_view text);
  ~PublicSuffixes();

  // Whether unrelated parties register below this canonical name.
  bool contains(std::string_view name) const;

 private:
  struct Rules;
  explicit PublicSuffixes(std::unique_ptr<Rules> rules);
  std::unique_ptr<Rules> rules_;  // nullptr: libpsl is asked
};

}  // namespace telefence
