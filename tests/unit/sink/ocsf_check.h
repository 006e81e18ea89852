// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace ambit::test {

/// Holds a Detection Finding against an extract of the OCSF schema: unknown, missing and deprecated attributes,
/// profiles, arrays, types, enumerations, constraints, and the numbers that must agree. Gives what is wrong, empty =
/// valid.
class OcsfCheck {
 public:
  explicit OcsfCheck(nlohmann::json schema) : schema_(std::move(schema)) {}

  std::vector<std::string> check(const nlohmann::json& event) {
    faults_.clear();
    profiles_ = event.at("metadata").value("profiles", std::vector<std::string>{});
    for (const std::string& profile : profiles_) {
      if (!contains(schema_["profiles"], profile)) fault("metadata.profiles", "no profile " + profile);
    }
    walk(event, schema_["class"], "");
    if (event.value("class_uid", 0) != 2004) fault("class_uid", "is not 2004");
    if (event.value("category_uid", 0) != 2) fault("category_uid", "is not 2");
    if (event.value("type_uid", 0) != 200400 + event.value("activity_id", 0))
      fault("type_uid", "does not fit activity_id");
    if (event["metadata"]["version"] != schema_["version"]) fault("metadata.version", "is not the schema's");
    return faults_;
  }

 private:
  using json = nlohmann::json;

  static bool contains(const json& list, const std::string& value) {
    return std::find(list.begin(), list.end(), value) != list.end();
  }
  bool has_profile(const json& attribute) const {
    return !attribute.contains("profile") ||
           std::find(profiles_.begin(), profiles_.end(), attribute["profile"].get<std::string>()) != profiles_.end();
  }
  void fault(const std::string& path, const std::string& what) { faults_.push_back(path + ": " + what); }

  void walk(const json& object, const json& definition, const std::string& path) {
    const json& attributes = definition["attributes"];
    for (const auto& [key, attribute] : attributes.items()) {
      if (attribute.contains("required") && !object.contains(key) && has_profile(attribute))
        fault(path + key, "missing");
    }
    const json constraints = definition.value("constraints", json::object());
    const auto count = [&](const char* kind) {
      return std::count_if(constraints[kind].begin(), constraints[kind].end(),
                           [&](const json& key) { return object.contains(key.get<std::string>()); });
    };
    if (constraints.contains("at_least_one") && count("at_least_one") == 0) fault(path, "none of at_least_one");
    if (constraints.contains("just_one") && count("just_one") != 1) fault(path, "not just_one");
    for (const auto& [key, value] : object.items()) {
      if (!attributes.contains(key)) {
        fault(path + key, "unknown");
        continue;
      }
      const json& attribute = attributes[key];
      if (!has_profile(attribute)) fault(path + key, "needs profile " + attribute["profile"].get<std::string>());
      if (attribute.contains("deprecated")) fault(path + key, "deprecated");
      if (value.is_array() != attribute.contains("array")) {
        fault(path + key, "array-ness");
        continue;
      }
      if (!value.is_array()) {
        item(value, attribute, path + key);
      } else {
        for (const json& one : value) item(one, attribute, path + key + "[]");
      }
    }
  }

  void item(const json& value, const json& attribute, const std::string& path) {
    const auto type = attribute["type"].get<std::string>();
    if (attribute.contains("base")) {
      if (!is_scalar(value, type, attribute["base"].get<std::string>())) {
        fault(path, value.dump() + " is no " + type);
      } else if (attribute.contains("enum") &&
                 !contains(attribute["enum"], value.is_string() ? value.get<std::string>() : value.dump())) {
        fault(path, value.dump() + " is not in the enumeration");
      }
    } else if (!value.is_object()) {
      fault(path, "no object");
    } else if (type != "object") {
      if (!schema_["objects"].contains(type)) {
        fault(path, "the extract lacks " + type);
      } else {
        walk(value, schema_["objects"][type], path + ".");
      }
    }
  }

  static bool is_scalar(const json& value, const std::string& type, const std::string& base) {
    if (base == "json_t") return true;
    if (base == "boolean_t") return value.is_boolean();
    if (base == "float_t") return value.is_number();
    if (type == "timestamp_t") return value.is_number_integer() && value.get<std::int64_t>() > 100'000'000'000;  // ms
    if (type == "port_t")
      return value.is_number_integer() && value.get<std::int64_t>() >= 0 && value.get<std::int64_t>() <= 65535;
    if (base == "integer_t" || base == "long_t") return value.is_number_integer();
    if (!value.is_string()) return false;
    if (type != "ip_t") return true;
    std::array<unsigned char, 16> address{};
    const auto text = value.get<std::string>();
    return inet_pton(AF_INET, text.c_str(), address.data()) == 1 ||
           inet_pton(AF_INET6, text.c_str(), address.data()) == 1;
  }

  json schema_;
  std::vector<std::string> profiles_, faults_;
};

}  // namespace ambit::test
