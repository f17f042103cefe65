#pragma once

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// JSON that we write, built by Poco::JSON:
///
///     json::ObjectPtr body = json::Members({{"index", name}, {"tags", json::Items({"a",
///     "b"})}}); if (error) body->set("reason", *error); return json::ToText(body);
///
/// Only for numbers that fit int64 or double. Documents, requests and answers of the engine are
/// json::Value, which keeps every digit; Raw() puts their text into what is built here.
namespace pgsluice::json {

using ObjectPtr = Poco::JSON::Object::Ptr;
using ArrayPtr = Poco::JSON::Array::Ptr;
using Built = Poco::Dynamic::Var;

/// An object whose members keep the order in which they are given and set.
ObjectPtr Members(std::initializer_list<std::pair<std::string, Built>> members = {});
ArrayPtr Items(std::initializer_list<Built> items = {});
ArrayPtr Items(const std::vector<std::string>& texts);
/// What is JSON already. It is copied as it is.
Built Raw(std::string json);

std::string ToText(const ObjectPtr& object);
std::string ToText(const ArrayPtr& array);

}  // namespace pgsluice::json
