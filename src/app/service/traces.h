#pragma once

#include <memory>
#include <optional>
#include <string>

#include "pgsluice/config/loader.h"
#include "pgsluice/http/transport.h"
#include "pgsluice/observe/trace_exporter.h"

namespace pgsluice::app {

/// Where traces go and which, from the variables that OpenTelemetry defines.
struct TraceSettings {
  http::ClientOptions collector;  ///< One URL, with the path.
  http::Headers headers;
  observe::TraceOptions options;
};

/// Nothing when no traces are wanted. Throws Error for what cannot be done.
std::optional<TraceSettings> ReadTraceSettings(const config::Environment& environment);

/// Runs until it is destroyed; null when no traces are wanted, or when they cannot be exported,
/// which the log says: the service works without.
std::unique_ptr<observe::TraceExporter> ExportTraces(const config::Environment& environment,
                                                     observe::Registry& registry);

}  // namespace pgsluice::app
