#include "pgsluice/query/request.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "pgsluice/config/finding.h"
#include "pgsluice/query/problem.h"
#include "pgsluice/query/sort.h"

namespace pgsluice::query {

#define PGSLUICE_CONSISTENCY "consistency", "after", "wait"
const ParameterNames kSearchParameters = {"q",
                                          "q_fields",
                                          "match",
                                          "typos",
                                          "prefix",
                                          "filter",
                                          "facets",
                                          "facet_filters",
                                          "distinct",
                                          "sort",
                                          "page",
                                          "per_page",
                                          "cursor",
                                          "fields",
                                          "highlight",
                                          "highlight_fragments",
                                          "highlight_size",
                                          "highlight_tag",
                                          "count",
                                          "explain",
                                          "numbers",
                                          PGSLUICE_CONSISTENCY};
const ParameterNames kCountParameters = {
    "q", "q_fields", "match", "typos", "prefix", "filter", "facet_filters", PGSLUICE_CONSISTENCY};
const ParameterNames kDocumentParameters = {"fields", "numbers", "filter", PGSLUICE_CONSISTENCY};
const ParameterNames kSimilarParameters = {
    "fields", "filter", "page", "per_page", "numbers", "count", PGSLUICE_CONSISTENCY};
const ParameterNames kMultiGetParameters = {"ids", "fields", "numbers", "filter",
                                            PGSLUICE_CONSISTENCY};
const ParameterNames kSuggestParameters = {"q", "field", "size", "filter", PGSLUICE_CONSISTENCY};
const ParameterNames kFacetParameters = {"q", "size", "filter", PGSLUICE_CONSISTENCY};
const ParameterNames kExportParameters = {"q",      "q_fields", "match",
                                          "typos",  "prefix",   "filter",
                                          "fields", "numbers",  PGSLUICE_CONSISTENCY};
#undef PGSLUICE_CONSISTENCY

namespace {

using json::Value;

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  while (from <= text.size()) {
    const std::size_t end = std::min(text.find(separator, from), text.size());
    if (end > from) parts.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return parts;
}

/// Returns the query-string name of a body parameter.
std::string InQuery(const std::string& name) {
  return name == "q_fields" ? "q.fields" : name == "facet_filters" ? "facet.FIELD" : name;
}

class Reader {
 public:
  Reader(bool body, const ParameterNames& known) : body_(body), known_(known) {}

  SearchRequest Read(const Value& object) {
    for (const auto& [name, value] : object.members) {
      name_ = Shown(name);
      if (std::find(known_.begin(), known_.end(), name) == known_.end()) Unknown(name, value);
      Set(name, value);
    }
    if (has_page_ && !request_.cursor.empty()) {
      Reject("invalid_parameter", "cursor", std::nullopt,
             "'cursor' and 'page' cannot be used together");
    }
    return std::move(request_);
  }

 private:
  std::string Shown(const std::string& name) const { return body_ ? name : InQuery(name); }

  [[noreturn]] void Unknown(const std::string& name, const Value& value) const {
    std::vector<std::string> names;
    for (const std::string_view known : known_) names.push_back(Shown(std::string(known)));
    const std::string nearest = config::Nearest(name, names);
    Reject("unknown_parameter", name_, Offset(value),
           fmt::format("parameter '{}' is not known{}", name_,
                       nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)),
           names);
  }

  void Set(const std::string& name, const Value& value) {
    if (SetText(name, value) || SetPaging(name, value)) return;
    if (name == "filter") {
      Filter(value);
    } else if (name == "facets") {
      request_.facets = ReadFacets(value, body_);
    } else if (name == "facet_filters") {
      Selections(value);
    } else if (name == "distinct") {
      request_.distinct = Text(value);
    } else if (name == "sort") {
      Sort(value);
    } else if (name == "fields") {
      request_.fields = List(value, 1000);
    } else if (name == "highlight") {
      request_.highlight = List(value, 20);
      DropRepeated(request_.highlight, [](const std::string& path) { return path; });
    } else if (name == "highlight_fragments") {
      request_.highlight_fragments = Integer(value, 0, 20);
    } else if (name == "highlight_size") {
      request_.highlight_size = Integer(value, 20, 10000);
    } else if (name == "highlight_tag") {
      request_.highlight_tag = Text(value);
      const std::string& tag = request_.highlight_tag;
      constexpr const char* kLetters = "abcdefghijklmnopqrstuvwxyz0123456789-";
      if (tag.empty() || tag.size() > 30 || tag[0] < 'a' ||
          tag.find_first_not_of(kLetters) != std::string::npos) {
        Invalid(value, "the name of an HTML element was expected, such as mark");
      }
    } else if (name == "count") {
      request_.count =
          static_cast<SearchRequest::Count>(Choice(value, {"estimated", "exact", "none"}));
    } else if (name == "explain") {
      request_.explain = Choice(value, {"false", "true"}) == 1;
    } else if (name == "consistency") {
      request_.strong = Choice(value, {"eventual", "strong"}) == 1;
    } else if (name == "numbers") {
      request_.numbers_as_strings = Choice(value, {"number", "string"}) == 1;
    } else if (name == "after") {
      request_.after = Text(value);
    } else if (name == "wait") {
      Wait(value);
    } else if (name == "ids") {
      if (!value.IsArray()) Invalid(value, "a list of ids was expected");
      request_.ids = List(value, 1000);
      request_.has_ids = true;
    }
  }

  bool SetText(const std::string& name, const Value& value) {
    if (name == "q") {
      request_.q = Text(value);
      const auto characters = std::count_if(request_.q.begin(), request_.q.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
      });
      if (characters > 256) Limit(value, "'q' holds at most 256 characters");
    } else if (name == "q_fields") {
      Weights(value);
    } else if (name == "match") {
      request_.match = static_cast<SearchRequest::Match>(Choice(value, {"all", "any", "most"}));
    } else if (name == "typos") {
      request_.typos = Choice(value, {"auto", "0", "1", "2"}) - 1;
    } else if (name == "prefix") {
      request_.prefix = Choice(value, {"false", "true"}) == 1;
    } else if (name == "field") {
      request_.field = Text(value);
    } else {
      return false;
    }
    return true;
  }

  bool SetPaging(const std::string& name, const Value& value) {
    if (name == "page") {
      request_.page = Integer(value, 1, 10000);
      has_page_ = true;
    } else if (name == "per_page") {
      request_.per_page = Integer(value, 0, 100);
    } else if (name == "size") {
      request_.size = Integer(value, 1, 100);
    } else if (name == "cursor") {
      if (!value.IsNull()) request_.cursor = Text(value);
    } else {
      return false;
    }
    return true;
  }

  void Filter(const Value& value) {
    const bool many = value.IsArray();
    const std::vector<Value> one = many ? std::vector<Value>{} : std::vector<Value>{value};
    for (const Value& item : many ? value.items : one) {
      if (!item.IsString() && !item.IsObject()) {
        Invalid(item, "an expression or a tree was expected");
      }
      Expr part = item.IsObject() ? ParseFilterTree(item) : ParseFilter(item.text);
      request_.filter.parts.push_back(std::move(part));
    }
    if (CountPredicates(request_.filter) > kMaxPredicates) {
      Limit(value, fmt::format("filters hold at most {} comparisons together", kMaxPredicates));
    }
  }

  void Selections(const Value& value) {
    if (!value.IsObject()) Invalid(value, "an object of lists was expected");
    for (const auto& [path, list] : value.members) {
      SearchRequest::Selection selection;
      selection.path = path;
      if (!body_) selection.parameter = "facet." + path;
      const std::vector<Value> one =
          list.IsArray() ? std::vector<Value>{} : std::vector<Value>{list};
      for (const Value& item : list.IsArray() ? list.items : one) {
        Literal literal;
        literal.text = Text(item);
        literal.offset = body_ ? item.begin : 0;
        selection.values.push_back(std::move(literal));
      }
      if (selection.values.size() > kMaxListValues)
        Limit(value, "a list holds at most 1000 values");
      request_.selections.push_back(std::move(selection));
    }
    if (request_.selections.size() > 10) Limit(value, "at most 10 facet filters");
  }

  void Weights(const Value& value) {
    request_.q_fields_parameter = name_;
    if (value.IsObject()) {
      for (const auto& [path, weight] : value.members) {
        AddWeight(value, path, weight.AsDouble().value_or(0));
      }
      return;
    }
    for (const std::string& item : List(value, 50)) {
      const std::size_t caret = item.find('^');
      double weight = 1;
      if (caret != std::string::npos) {
        const char* end = item.data() + item.size();
        const auto [rest, error] = std::from_chars(item.data() + caret + 1, end, weight);
        if (error != std::errc{} || rest != end) weight = 0;
      }
      AddWeight(value, item.substr(0, caret), weight);
    }
  }

  void AddWeight(const Value& value, std::string path, double weight) {
    if (!(weight > 0 && weight <= 1000))
      Invalid(value, "a weight is a number above 0, at most 1000");
    request_.q_fields.emplace_back(std::move(path), weight);
    if (request_.q_fields.size() > 50) Limit(value, "at most 50 fields");
  }

  void Sort(const Value& value) {
    std::vector<std::string> items;
    if (!value.IsArray()) items = SplitSort(Text(value));
    for (const Value& item : value.items) items.push_back(Text(item));
    if (items.size() > 4) Limit(value, "'sort' holds at most 4 values");
    for (const std::string& item : items) {
      request_.sort.push_back(ParseSort(item, name_, Offset(value)));
    }
  }

  void Wait(const Value& value) {
    const std::string text = Text(value);
    double number = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
    if (error != std::errc{} || !(number >= 0) || (unit != "ms" && unit != "s" && !unit.empty())) {
      Invalid(value, "a time like 2s or 500ms was expected");
    }
    const double milliseconds = unit == "ms" ? number : number * 1000;
    if (milliseconds > 30000) Limit(value, "'wait' is at most 30s");
    request_.wait = std::chrono::milliseconds(static_cast<int>(milliseconds));
  }

  std::vector<std::string> List(const Value& value, std::size_t limit) const {
    std::vector<std::string> list;
    if (value.IsArray()) {
      for (const Value& item : value.items) {
        const std::string text = Text(item);
        if (name_ == "ids" || body_) {
          list.push_back(text);
        } else {
          for (std::string& part : Split(text, ',')) list.push_back(std::move(part));
        }
      }
    } else {
      list = Split(Text(value), ',');
    }
    if (list.size() > limit)
      Limit(value, fmt::format("'{}' holds at most {} values", name_, limit));
    return list;
  }

  std::string Text(const Value& value) const {
    if (value.IsBool()) return value.boolean ? "true" : "false";
    if (!value.IsString() && !value.IsNumber()) Invalid(value, "a text was expected");
    return value.text;
  }

  int Integer(const Value& value, int low, int high) const {
    const std::string text = Text(value);
    int number = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (error == std::errc::invalid_argument || rest != end || number < low) {
      Invalid(value, fmt::format("a whole number from {} to {} was expected", low, high));
    }
    if (error != std::errc{} || number > high) {
      Limit(value, fmt::format("'{}' is at most {}", name_, high));
    }
    return number;
  }

  int Choice(const Value& value, const std::vector<std::string>& choices) const {
    const auto found = std::find(choices.begin(), choices.end(), Text(value));
    if (found == choices.end()) {
      Reject("invalid_parameter", name_, Offset(value),
             fmt::format("'{}' is not possible for '{}'", Text(value), name_), choices);
    }
    return static_cast<int>(found - choices.begin());
  }

  std::optional<std::size_t> Offset(const Value& value) const {
    return body_ ? std::optional(value.begin) : std::nullopt;
  }
  [[noreturn]] void Invalid(const Value& value, const std::string& detail) const {
    Reject("invalid_parameter", name_, Offset(value), fmt::format("{}: {}", name_, detail));
  }
  [[noreturn]] void Limit(const Value& value, const std::string& detail) const {
    Reject("limit_exceeded", name_, Offset(value), detail);
  }

  bool body_;
  const ParameterNames& known_;
  std::string name_;
  SearchRequest request_;
  bool has_page_ = false;
};

Value String(const std::string& text) {
  Value value;
  value.type = json::Type::kString;
  value.text = text;
  return value;
}

/// Returns the member with this name, and creates it if there is none.
Value& MemberOf(Value& object, const std::string& name, json::Type type) {
  for (auto& member : object.members) {
    if (member.first == name) return member.second;
  }
  Value& made = object.members.emplace_back(name, Value()).second;
  made.type = type;
  return made;
}
std::vector<Value>& ListMember(Value& object, const std::string& name) {
  return MemberOf(object, name, json::Type::kArray).items;
}
Value& ObjectMember(Value& object, const std::string& name) {
  return MemberOf(object, name, json::Type::kObject);
}

/// Splits "facet_size.brand" into option and field; empty if it is another parameter.
std::pair<std::string, std::string> FacetOption(const std::string& name) {
  constexpr std::string_view kPrefix = "facet_";
  const std::size_t dot = name.find('.');
  if (name.compare(0, kPrefix.size(), kPrefix) != 0 || dot == std::string::npos) return {};
  std::string option = name.substr(kPrefix.size(), dot - kPrefix.size());
  if (std::find(kFacetOptions.begin(), kFacetOptions.end(), option) == kFacetOptions.end()) {
    return {};
  }
  return {std::move(option), name.substr(dot + 1)};
}

/// Returns `facets` of a query string together with its options.
Value WithOptions(const Value* names, Value options) {
  std::vector<Value> plain;
  for (const std::string& path : Split(names == nullptr ? "" : names->text, ',')) {
    if (options.Find(path) == nullptr) plain.push_back(String(path));
  }
  Value facets;
  facets.type = json::Type::kArray;
  facets.items = std::move(plain);
  for (auto& [path, one] : options.members) {
    one.members.emplace_back("field", String(path));
    facets.items.push_back(std::move(one));
  }
  return facets;
}

/// Returns the present value of a list parameter, or null. Clients write lists with commas or by
/// repeating the name.
Value* ListText(Value& object, const std::string& name) {
  static constexpr std::array kLists = {std::string_view("q_fields"), std::string_view("facets"),
                                        std::string_view("sort"), std::string_view("fields"),
                                        std::string_view("highlight")};
  if (std::find(kLists.begin(), kLists.end(), name) == kLists.end()) return nullptr;
  for (auto& [known, value] : object.members) {
    if (known == name) return &value;
  }
  return nullptr;
}

}  // namespace

SearchRequest ReadParameters(const Parameters& parameters, const ParameterNames& known) {
  constexpr std::string_view kFacet = "facet.";
  Value object;
  object.type = json::Type::kObject;
  Value selections = object;
  Value options = object;
  const auto once = [](const Value& read, const std::string& member, const std::string& name) {
    if (read.Find(member) == nullptr) return;
    Reject("invalid_parameter", name, std::nullopt,
           fmt::format("parameter '{}' is given more than once", name));
  };
  for (const auto& [name, text] : parameters) {
    const auto [option, path] = FacetOption(name);
    if (name.compare(0, kFacet.size(), kFacet) == 0) {
      ListMember(selections, name.substr(kFacet.size())).push_back(String(text));
    } else if (!option.empty()) {
      Value& one = ObjectMember(options, path);
      once(one, option, name);
      one.members.emplace_back(option, String(text));
    } else if (name == "filter") {
      ListMember(object, name).push_back(String(text));
    } else if (InQuery(name) != name) {
      Reject("unknown_parameter", name, std::nullopt,
             fmt::format("parameter '{}' is not known; did you mean '{}'?", name, InQuery(name)),
             {InQuery(name)});
    } else {
      const std::string member = name == "q.fields" ? "q_fields" : name;
      if (Value* list = ListText(object, member)) {
        list->text += (list->text.empty() ? "" : ",") + text;
        continue;
      }
      once(object, member, name);
      object.members.emplace_back(member, String(text));
    }
  }
  if (!options.members.empty()) {
    Value facets = WithOptions(object.Find("facets"), std::move(options));
    std::erase_if(object.members, [](const auto& member) { return member.first == "facets"; });
    object.members.emplace_back("facets", std::move(facets));
  }
  if (!selections.members.empty()) object.members.emplace_back("facet_filters", selections);
  return Reader(false, known).Read(object);
}

SearchRequest ReadBody(const Value& body, const ParameterNames& known) {
  if (!body.IsObject()) throw Problem(400, "invalid_json", "the body is not a JSON object");
  return Reader(true, known).Read(body);
}

}  // namespace pgsluice::query
