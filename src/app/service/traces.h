#pragma once

#include <memory>
#include <optional>
#include <string>

#include "pgsluice/config/loader.h"
#include "pgsluice/http/transport.h"
#include "pgsluice/observe/trace_exporter.h"

namespace pgsluice::app {

/// The settings of traces, from the variables that OpenTelemetry defines.
struct TraceSettings {
  http::ClientOptions collector;  ///< One URL, with the path.
  http::Headers headers;
  observe::TraceOptions options;
};

/// Returns nullopt if traces are not enabled. Throws Error for settings that are not supported.
std::optional<TraceSettings> ReadTraceSettings(const config::Environment& environment);

/// Exports traces until it is destroyed. Null if traces are not enabled, or if they cannot be
/// exported; that is logged, and the service works without them.
std::unique_ptr<observe::TraceExporter> ExportTraces(const config::Environment& environment,
                                                     observe::Registry& registry);

}  // namespace pgsluice::app
