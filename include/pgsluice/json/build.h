#pragma once

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Builds JSON by Poco::JSON:
///
///     json::ObjectPtr body = json::Members({{"index", name}});
///     return json::ToText(body);
///
/// Numbers must fit int64 or double. Documents, and requests and answers of the engine, are
/// json::Value instead, which keeps every digit. Raw() inserts their text into what is built here.
/// The functions are thread-safe; an object belongs to one thread at a time.
namespace pgsluice::json {

using ObjectPtr = Poco::JSON::Object::Ptr;
using ArrayPtr = Poco::JSON::Array::Ptr;
using Built = Poco::Dynamic::Var;

/// Returns an object whose members keep the order in which they are given and set.
ObjectPtr Members(std::initializer_list<std::pair<std::string, Built>> members = {});
ArrayPtr Items(std::initializer_list<Built> items = {});
ArrayPtr Items(const std::vector<std::string>& texts);
/// Marks a text as JSON, so that it is copied unchanged.
Built Raw(std::string json);

std::string ToText(const ObjectPtr& object);
std::string ToText(const ArrayPtr& array);

}  // namespace pgsluice::json
