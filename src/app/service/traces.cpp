#include "app/service/traces.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>

#include "pgsluice/base/error.h"
#include "pgsluice/observe/log.h"

namespace pgsluice::app {

namespace {

using config::Environment;
using std::chrono::milliseconds;

/// Returns a variable about traces, or else the one about all signals:
/// OTEL_EXPORTER_OTLP_TRACES_<name>, OTEL_EXPORTER_OTLP_<name>. Empty counts as not set.
std::string Otlp(const Environment& environment, const std::string& name) {
  for (const char* prefix : {"OTEL_EXPORTER_OTLP_TRACES_", "OTEL_EXPORTER_OTLP_"}) {
    const std::string value = environment(prefix + name).value_or("");
    if (!value.empty()) return value;
  }
  return {};
}

/// Returns the address with its path; empty if none is set.
std::string Endpoint(const Environment& environment) {
  std::string url = environment("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").value_or("");
  if (!url.empty()) return url;
  url = environment("OTEL_EXPORTER_OTLP_ENDPOINT").value_or("");
  if (url.empty()) return {};
  return url + (url.back() == '/' ? "v1/traces" : "/v1/traces");
}

std::string Trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(" \t") - begin + 1));
}

std::string Decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned char byte = 0;
    const bool escape =
        text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(&text[i + 1], &text[i + 1] + 2, byte, 16).ptr == &text[i + 1] + 2;
    out += escape ? static_cast<char>(byte) : text[i];
    if (escape) i += 2;
  }
  return out;
}

/// Reads "a=1,b=two%20words".
http::Headers Pairs(std::string_view list) {
  http::Headers pairs;
  while (!list.empty()) {
    const std::string_view item = list.substr(0, list.find(','));
    list.remove_prefix(std::min(item.size() + 1, list.size()));
    const std::size_t equals = item.find('=');
    if (equals == std::string_view::npos) continue;
    pairs.emplace_back(Trimmed(item.substr(0, equals)), Decoded(Trimmed(item.substr(equals + 1))));
  }
  return pairs;
}

/// Reads a number from a variable; text that is not a number counts as not set.
template <typename Number>
Number NumberOf(const Environment& environment, const std::string& name, Number fallback) {
  const std::string text = environment(name).value_or("");
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size() && number >= 0;
  return whole && !text.empty() ? number : fallback;
}

void ReadSampler(const Environment& environment, observe::TraceOptions& options) {
  std::string name = environment("OTEL_TRACES_SAMPLER").value_or("");
  constexpr std::string_view kParent = "parentbased_";
  options.follows_caller = name.empty() || name.rfind(kParent, 0) == 0;
  if (options.follows_caller && !name.empty()) name.erase(0, kParent.size());
  if (name == "always_off") options.ratio = 0;
  if (name == "traceidratio") {
    options.ratio = NumberOf<double>(environment, "OTEL_TRACES_SAMPLER_ARG", 1);
  }
}

void ReadResource(const Environment& environment, observe::TraceOptions& options) {
  const std::string name = environment("OTEL_SERVICE_NAME").value_or("");
  http::Headers rest = Pairs(environment("OTEL_RESOURCE_ATTRIBUTES").value_or(""));
  options.resource = {{"service.version", PGSLUICE_VERSION}};
  bool named = !name.empty();
  if (named) options.resource.emplace_back("service.name", name);
  for (auto& [key, value] : rest) {
    if (key == "service.version" || (key == "service.name" && !name.empty())) continue;
    named = named || key == "service.name";
    options.resource.emplace_back(key, value);
  }
  if (!named) options.resource.emplace_back("service.name", "pgsluice");
}

observe::TraceSender SenderTo(const TraceSettings& settings) {
  const std::string& url = settings.collector.urls.front();
  const bool bare = url.find('/', url.find("://") + 3) == std::string::npos;
  return [client = std::shared_ptr<http::Transport>(http::MakeClient(settings.collector)),
          headers = settings.headers,
          path = std::string(bare ? "/" : "")](const std::string& body, milliseconds timeout) {
    http::Request request;
    request.method = "POST";
    request.path = path;
    request.body = body;
    request.headers = headers;
    request.timeout = timeout;
    const http::Response answer = client->Send(request);
    if (answer.status < 300) return;
    const bool later = answer.status == 429 || (answer.status >= 502 && answer.status <= 504);
    throw Error(later ? Disposition::kRetry : Disposition::kReject,
                fmt::format("the collector of traces answered {}: {}", answer.status,
                            answer.body.substr(0, 300)));
  };
}

}  // namespace

std::optional<TraceSettings> ReadTraceSettings(const Environment& environment) {
  const std::string url = Endpoint(environment);
  const auto is = [&](const char* name, std::string_view value) {
    return environment(name).value_or("") == value;
  };
  if (url.empty() || is("OTEL_SDK_DISABLED", "true") || is("OTEL_TRACES_EXPORTER", "none")) {
    return {};
  }
  if (Otlp(environment, "PROTOCOL") == "grpc") {
    throw Error(Disposition::kFatal, "traces are exported by OTLP over HTTP only",
                "set OTEL_EXPORTER_OTLP_PROTOCOL=http/json, and the collector's port for HTTP, "
                "4318, in OTEL_EXPORTER_OTLP_ENDPOINT");
  }
  TraceSettings settings;
  settings.collector.urls = {url};
  settings.collector.ca_file = Otlp(environment, "CERTIFICATE");
  settings.collector.client_cert_file = Otlp(environment, "CLIENT_CERTIFICATE");
  settings.collector.client_key_file = Otlp(environment, "CLIENT_KEY");
  settings.headers = Pairs(Otlp(environment, "HEADERS"));
  observe::TraceOptions& options = settings.options;
  ReadResource(environment, options);
  ReadSampler(environment, options);
  options.queue = NumberOf(environment, "OTEL_BSP_MAX_QUEUE_SIZE", options.queue);
  options.batch = NumberOf(environment, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", options.batch);
  options.batch = std::max<std::size_t>(1, std::min(options.batch, options.queue));
  const auto time = [&](const char* name, milliseconds fallback) {
    return milliseconds(NumberOf(environment, name, fallback.count()));
  };
  options.delay = time("OTEL_BSP_SCHEDULE_DELAY", options.delay);
  options.timeout = time("OTEL_EXPORTER_OTLP_TIMEOUT", options.timeout);
  options.timeout = time("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", options.timeout);
  return settings;
}

std::unique_ptr<observe::TraceExporter> ExportTraces(const Environment& environment,
                                                     observe::Registry& registry) {
  using observe::Level;
  try {
    const auto settings = ReadTraceSettings(environment);
    if (!settings) return nullptr;
    auto exporter =
        std::make_unique<observe::TraceExporter>(settings->options, SenderTo(*settings), registry);
    observe::Log(Level::kInfo, "traces", "spans are exported",
                 {{"to", observe::MaskUrl(settings->collector.urls.front())}});
    return exporter;
  } catch (const Error& error) {
    observe::Log(Level::kWarn, "traces", "no traces: " + error.Full());
    return nullptr;
  }
}

}  // namespace pgsluice::app
