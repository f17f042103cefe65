#pragma once

#include <map>
#include <string>
#include <vector>

#include "pgsluice/base/mutex.h"
#include "pgsluice/engine/engine.h"
#include "pgsluice/query/analysis.h"

namespace pgsluice::api {

/// The results of analyzers, so that the engine is asked once per word. Thread-safe.
class AnalysisCache {
 public:
  /// Returns tokens, and asks the engine for those that are not known yet. Throws Error(kRetry) if
  /// it cannot be reached.
  std::vector<std::vector<query::Term>> Tokens(engine::Engine& engine, const std::string& alias,
                                               const std::string& analyzer,
                                               const std::vector<std::string>& texts);

 private:
  bool Lookup(const std::string& prefix, const std::vector<std::string>& texts,
              std::vector<std::vector<query::Term>>& found);
  void Remember(const std::string& prefix, const std::vector<std::string>& texts,
                const std::vector<std::vector<query::Term>>& found);

  base::Mutex mutex_;
  std::map<std::string, std::vector<query::Term>> known_ PGSLUICE_GUARDED_BY(mutex_);
};

/// The analyzers of one index.
class EngineAnalysis : public query::Analysis {
 public:
  EngineAnalysis(AnalysisCache& cache, engine::Engine& engine, std::string alias)
      : cache_(cache), engine_(engine), alias_(std::move(alias)) {}
  std::vector<std::vector<query::Term>> Tokens(
      const std::string& analyzer, const std::vector<std::string>& texts) const override {
    return cache_.Tokens(engine_, alias_, analyzer, texts);
  }

 private:
  AnalysisCache& cache_;
  engine::Engine& engine_;
  std::string alias_;
};

}  // namespace pgsluice::api
