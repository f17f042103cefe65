#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pgsluice/plan/plan.h"

namespace pgsluice::query {

inline plan::Field MakeField(const std::string& path, plan::Kind kind,
                             const std::string& engine_type = "",
                             const std::string& nested_path = "") {
  plan::Field field;
  field.path = path;
  const std::size_t dot = path.rfind('.');
  field.name = dot == std::string::npos ? path : path.substr(dot + 1);
  field.kind = kind;
  field.engine_type = engine_type;
  field.pg_type = engine_type;
  field.nested_path = nested_path;
  return field;
}

/// Projects with an owner, tags and nested orders.
inline std::shared_ptr<const plan::Plan> SamplePlan() {
  using plan::Kind;
  auto plan = std::make_shared<plan::Plan>();
  plan->name = "projects";
  plan->config.name = "projects";
  auto& fields = plan->fields;
  fields.push_back(MakeField("id", Kind::kInteger, "long"));
  fields.back().bigint = true;
  fields.push_back(MakeField("title", Kind::kText, "text"));
  fields.push_back(MakeField("level", Kind::kInteger, "short"));
  fields.push_back(MakeField("price", Kind::kDecimal, "double"));
  fields.push_back(MakeField("live", Kind::kBool, "boolean"));
  fields.push_back(MakeField("created_at", Kind::kDate, "date"));
  fields.push_back(MakeField("status", Kind::kEnum, "keyword"));
  fields.back().labels = {"draft", "live", "archived"};
  fields.push_back(MakeField("tags", Kind::kText, "text"));
  fields.back().array = true;
  fields.push_back(MakeField("profile", Kind::kJson));
  fields.push_back(MakeField("secret", Kind::kText, "text"));
  fields.push_back(MakeField("address", Kind::kIp, "ip"));
  plan::Field owner = MakeField("owner", Kind::kObject);
  owner.fields.push_back(MakeField("owner.name", Kind::kText, "text"));
  fields.push_back(std::move(owner));
  plan::Field orders = MakeField("orders", Kind::kObject, "", "orders");
  orders.array = orders.nested = true;
  orders.fields.push_back(MakeField("orders.state", Kind::kKeyword, "keyword", "orders"));
  orders.fields.push_back(MakeField("orders.total", Kind::kInteger, "integer", "orders"));
  fields.push_back(std::move(orders));
  return plan;
}

}  // namespace pgsluice::query
