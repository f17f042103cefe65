#include "app/service/traces.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "pgsluice/base/error.h"

namespace pgsluice::app {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::Pair;

std::optional<TraceSettings> Read(std::map<std::string, std::string> variables) {
  return ReadTraceSettings([variables](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  });
}

const std::map<std::string, std::string> kEndpoint = {
    {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/"}};

std::map<std::string, std::string> With(std::map<std::string, std::string> more) {
  more.insert(kEndpoint.begin(), kEndpoint.end());
  return more;
}

TEST(TraceSettings, NoneWithoutAnEndpointOrWhenTurnedOff) {
  EXPECT_FALSE(Read({}));
  EXPECT_FALSE(Read({{"OTEL_EXPORTER_OTLP_ENDPOINT", ""}}));
  EXPECT_FALSE(Read({{"OTEL_SERVICE_NAME", "shop"}}));
  EXPECT_FALSE(Read(With({{"OTEL_SDK_DISABLED", "true"}})));
  EXPECT_FALSE(Read(With({{"OTEL_TRACES_EXPORTER", "none"}})));
  EXPECT_TRUE(Read(kEndpoint));
}

TEST(TraceSettings, EndpointsHeadersAndFiles) {
  EXPECT_THAT(Read(kEndpoint)->collector.urls, ElementsAre("http://collector:4318/v1/traces"));
  const auto settings = Read(With({{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://traces/otlp"},
                                   {"OTEL_EXPORTER_OTLP_HEADERS", "api-key=general"},
                                   {"OTEL_EXPORTER_OTLP_TRACES_HEADERS",
                                    " authorization = Bearer%20a%2Cb=, x-tenant=shop,,odd"},
                                   {"OTEL_EXPORTER_OTLP_CERTIFICATE", "ca.pem"},
                                   {"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "cert.pem"},
                                   {"OTEL_EXPORTER_OTLP_CLIENT_KEY", "key.pem"}}));
  EXPECT_THAT(settings->collector.urls, ElementsAre("https://traces/otlp"));
  EXPECT_THAT(settings->headers,
              ElementsAre(Pair("authorization", "Bearer a,b="), Pair("x-tenant", "shop")));
  EXPECT_EQ(settings->collector.ca_file, "ca.pem");
  EXPECT_EQ(settings->collector.client_cert_file, "cert.pem");
  EXPECT_EQ(settings->collector.client_key_file, "key.pem");
}

TEST(TraceSettings, NameAndResource) {
  EXPECT_THAT(
      Read(kEndpoint)->options.resource,
      ElementsAre(Pair("service.version", PGSLUICE_VERSION), Pair("service.name", "pgsluice")));
  const std::string attributes = "service.name=a,deployment.environment=test";
  EXPECT_THAT(Read(With({{"OTEL_RESOURCE_ATTRIBUTES", attributes}}))->options.resource,
              ElementsAre(Pair("service.version", PGSLUICE_VERSION), Pair("service.name", "a"),
                          Pair("deployment.environment", "test")));
  EXPECT_THAT(Read(With({{"OTEL_RESOURCE_ATTRIBUTES", attributes}, {"OTEL_SERVICE_NAME", "b"}}))
                  ->options.resource,
              ElementsAre(Pair("service.version", PGSLUICE_VERSION), Pair("service.name", "b"),
                          Pair("deployment.environment", "test")));
}

TEST(TraceSettings, SamplerAndLimits) {
  const observe::TraceOptions usual = Read(kEndpoint)->options;
  EXPECT_EQ(usual.ratio, 1);
  EXPECT_TRUE(usual.follows_caller);
  const observe::TraceOptions own = Read(With({{"OTEL_TRACES_SAMPLER", "traceidratio"},
                                               {"OTEL_TRACES_SAMPLER_ARG", "0.25"},
                                               {"OTEL_BSP_MAX_QUEUE_SIZE", "10"},
                                               {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "100"},
                                               {"OTEL_BSP_SCHEDULE_DELAY", "200"},
                                               {"OTEL_EXPORTER_OTLP_TIMEOUT", "many"}}))
                                        ->options;
  EXPECT_EQ(own.ratio, 0.25);
  EXPECT_FALSE(own.follows_caller);
  EXPECT_EQ(own.queue, 10U);
  EXPECT_EQ(own.batch, 10U);
  EXPECT_EQ(own.delay, milliseconds(200));
  EXPECT_EQ(own.timeout, usual.timeout);
  const auto off = Read(With({{"OTEL_TRACES_SAMPLER", "parentbased_always_off"}}))->options;
  EXPECT_EQ(off.ratio, 0);
  EXPECT_TRUE(off.follows_caller);
}

TEST(TraceSettings, UnsupportedSettingsAreReportedAndStopNothing) {
  EXPECT_THROW(Read(With({{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}})), Error);
  EXPECT_TRUE(Read(With({{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"}})));
  for (const char* url : {"collector:4318", "https://[", "ftp://collector"}) {
    observe::Registry registry;
    ::testing::internal::CaptureStderr();
    const auto exporter = ExportTraces(
        [url](const std::string& name) -> std::optional<std::string> {
          if (name == "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") return url;
          return std::nullopt;
        },
        registry);
    EXPECT_EQ(exporter, nullptr) << url;
    EXPECT_NE(::testing::internal::GetCapturedStderr().find("no traces: "), std::string::npos);
  }
}

}  // namespace
}  // namespace pgsluice::app
