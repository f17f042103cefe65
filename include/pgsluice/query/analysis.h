#pragma once

#include <string>
#include <vector>

namespace pgsluice::query {

/// A token of an analyzer.
struct Term {
  std::string text;
  bool ideograph = false;  ///< One character of a script that is written without spaces.
  bool glued = false;      ///< Nothing separates it from the token before.
};

/// Turns texts into tokens with the analyzers of an index. Thread-safe.
class Analysis {
 public:
  virtual ~Analysis() = default;
  /// Returns the tokens of each text. For an analyzer that the index does not have, uses ours.
  virtual std::vector<std::vector<Term>> Tokens(const std::string& analyzer,
                                                const std::vector<std::string>& texts) const = 0;
};

/// Returns what our own analyzer makes of ASCII letters and digits, without asking the engine.
class AsciiAnalysis : public Analysis {
 public:
  std::vector<std::vector<Term>> Tokens(const std::string& analyzer,
                                        const std::vector<std::string>& texts) const override;
  static bool IsEnoughFor(const std::string& text);
};

}  // namespace pgsluice::query
