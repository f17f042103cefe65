#include "api/http/http_parser.h"
#include "fuzz/fuzz.h"
#include "unit/api/poco_reader.h"

/// Compares what the guard accepts with what Poco reads of it. The first byte decides in which
/// pieces the bytes arrive, which must not matter to the guard.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pgsluice;
  if (size == 0) return 0;
  const std::size_t piece = data[0] + 1U;
  const std::string_view text = fuzz::Text(data + 1, size - 1);
  const api::HttpLimits limits;
  api::HttpParser whole(limits), pieces(limits);
  whole.Add(text);
  std::size_t at = 0;
  while (whole.whole()) {
    const api::HttpRequest request = whole.Take();
    while (!pieces.whole() && at < text.size()) {
      pieces.Add(text.substr(at, piece));
      at += piece;
    }
    fuzz::Require(pieces.whole(), "not whole in pieces", text);
    const api::HttpRequest same = pieces.Take();
    fuzz::Require(request.refusal.has_value() == same.refusal.has_value(), "refused in pieces only",
                  text);
    if (request.refusal) return 0;
    fuzz::Require(request.body == same.body && request.headers == same.headers, "other in pieces",
                  text);
    const std::string difference = api::Difference(request, piece);
    fuzz::Require(difference.empty(), difference, text);
  }
  return 0;
}
