#pragma once

#include <string>
#include <vector>

namespace pgsluice::query {

/// A word as an analyzer leaves it.
struct Term {
  std::string text;
  bool ideograph = false;  ///< One character of a script that is written without spaces.
  bool glued = false;      ///< Nothing is between it and the token before.
};

/// What the analyzers of an index make of words. Thread-safe.
class Analysis {
 public:
  virtual ~Analysis() = default;
  /// The tokens of each text. An analyzer that the index does not have works like ours.
  virtual std::vector<std::vector<Term>> Tokens(const std::string& analyzer,
                                                const std::vector<std::string>& texts) const = 0;
};

/// What our own analyzer makes of a text of ASCII letters and digits, without asking the engine.
class AsciiAnalysis : public Analysis {
 public:
  std::vector<std::vector<Term>> Tokens(const std::string& analyzer,
                                        const std::vector<std::string>& texts) const override;
  static bool IsEnoughFor(const std::string& text);
};

}  // namespace pgsluice::query
