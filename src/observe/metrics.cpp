#include "pgsluice/observe/metrics.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <stdexcept>

namespace pgsluice::observe {

namespace {

/// Returns the shortest text that reads back as the same value.
std::string Number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char buffer[32];
  const bool whole = value == std::floor(value) && std::fabs(value) < 1e15;
  const auto end = whole ? std::to_chars(buffer, buffer + sizeof buffer, static_cast<long>(value))
                         : std::to_chars(buffer, buffer + sizeof buffer, value);
  return std::string(buffer, end.ptr);
}

std::string Escape(const std::string& text, bool quotes) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
  return out;
}

/// Returns `a="x",b="y"`, without the braces.
std::string LabelText(const Labels& labels) {
  std::string out;
  for (const auto& [name, value] : labels) {
    if (!out.empty()) out += ',';
    out += name + "=\"" + Escape(value, true) + '"';
  }
  return out;
}

std::string Braces(const std::string& labels) {
  return labels.empty() ? std::string() : '{' + labels + '}';
}

}  // namespace

void Counter::Add(double by) { value_.fetch_add(by, std::memory_order_relaxed); }
double Counter::value() const { return value_.load(std::memory_order_relaxed); }

void Gauge::Set(double value) { value_.store(value, std::memory_order_relaxed); }
void Gauge::Add(double by) { value_.fetch_add(by, std::memory_order_relaxed); }
double Gauge::value() const { return value_.load(std::memory_order_relaxed); }

Histogram::Histogram(std::vector<double> bounds)
    : bounds_(std::move(bounds)),
      buckets_(std::make_unique<std::atomic<std::uint64_t>[]>(bounds_.size() + 1)) {}

void Histogram::Observe(double value) {
  const auto bound = std::lower_bound(bounds_.begin(), bounds_.end(), value);
  buckets_[static_cast<std::size_t>(bound - bounds_.begin())].fetch_add(1,
                                                                        std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

struct Registry::Metric {
  std::unique_ptr<Counter> counter;
  std::unique_ptr<Gauge> gauge;
  std::unique_ptr<Histogram> histogram;

  void Write(std::string& out, const std::string& name, const std::string& labels) const {
    if (counter) out += name + Braces(labels) + ' ' + Number(counter->value()) + '\n';
    if (gauge) out += name + Braces(labels) + ' ' + Number(gauge->value()) + '\n';
    if (histogram) WriteHistogram(out, name, labels);
  }

  void WriteHistogram(std::string& out, const std::string& name, const std::string& labels) const {
    const std::string before = labels.empty() ? std::string() : labels + ',';
    std::uint64_t total = 0;
    for (std::size_t i = 0; i <= histogram->bounds_.size(); ++i) {
      total += histogram->buckets_[i].load(std::memory_order_relaxed);
      const std::string bound =
          i < histogram->bounds_.size() ? Number(histogram->bounds_[i]) : "+Inf";
      out += name + "_bucket{" + before + "le=\"" + bound + "\"} " + std::to_string(total) + '\n';
    }
    out += name + "_sum" + Braces(labels) + ' ' +
           Number(histogram->sum_.load(std::memory_order_relaxed)) + '\n';
    out += name + "_count" + Braces(labels) + ' ' + std::to_string(total) + '\n';
  }
};

struct Registry::Family {
  std::string type, help;
  std::map<std::string, Metric> metrics;  ///< By label text.
};

Registry::Metric& Registry::Find(const char* type, const std::string& name, const std::string& help,
                                 const Labels& labels) {
  auto& family = families_[name];
  if (!family) family = std::make_shared<Family>(Family{type, help, {}});
  if (family->type != type) {
    throw std::logic_error("metric " + name + " is a " + family->type + ", not a " + type);
  }
  return family->metrics[LabelText(labels)];
}

Counter& Registry::MakeCounter(const std::string& name, const std::string& help,
                               const Labels& labels) {
  const base::MutexLock lock(mutex_);
  auto& metric = Find("counter", name, help, labels);
  if (!metric.counter) metric.counter = std::make_unique<Counter>();
  return *metric.counter;
}

Gauge& Registry::MakeGauge(const std::string& name, const std::string& help, const Labels& labels) {
  const base::MutexLock lock(mutex_);
  auto& metric = Find("gauge", name, help, labels);
  if (!metric.gauge) metric.gauge = std::make_unique<Gauge>();
  return *metric.gauge;
}

Histogram& Registry::MakeHistogram(const std::string& name, const std::string& help,
                                   std::vector<double> bounds, const Labels& labels) {
  const base::MutexLock lock(mutex_);
  auto& metric = Find("histogram", name, help, labels);
  if (!metric.histogram) metric.histogram = std::make_unique<Histogram>(std::move(bounds));
  return *metric.histogram;
}

void Registry::OnCollect(std::function<void()> collect) {
  const base::MutexLock lock(mutex_);
  collectors_.push_back(std::move(collect));
}

std::string Registry::Text() {
  std::vector<std::function<void()>> collectors;
  {
    const base::MutexLock lock(mutex_);
    collectors = collectors_;
  }
  for (const auto& collect : collectors) collect();  // May create metrics, so the lock is not held.
  const base::MutexLock lock(mutex_);
  std::string out;
  for (const auto& [name, family] : families_) {
    out += "# HELP " + name + ' ' + Escape(family->help, false) + '\n';
    out += "# TYPE " + name + ' ' + family->type + '\n';
    for (const auto& [labels, metric] : family->metrics) metric.Write(out, name, labels);
  }
  return out;
}

}  // namespace pgsluice::observe
