// SPDX-License-Identifier: Apache-2.0
#include "unit_state.h"

#include <fmt/format.h>
#include <systemd/sd-bus.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

namespace ambit::app {
namespace {

constexpr std::uint64_t kCallTimeoutUsec = 500'000;
constexpr const char* kManager = "org.freedesktop.systemd1";

struct BusDeleter {
  void operator()(sd_bus* bus) const noexcept { sd_bus_close_unref(bus); }
};
struct MessageDeleter {
  void operator()(sd_bus_message* message) const noexcept { sd_bus_message_unref(message); }
};
struct TextDeleter {
  void operator()(char* text) const noexcept { std::free(text); }  // NOLINT(cppcoreguidelines-no-malloc): sd-bus's
};
using Bus = std::unique_ptr<sd_bus, BusDeleter>;

Error failed(const std::string& what, int error) {
  return Error{fmt::format("{}: {}", what, std::strerror(std::abs(error)))};
}

Result<Bus> connect(const std::string& socket) {
  sd_bus* raw = nullptr;
  int rc = sd_bus_new(&raw);
  Bus bus(raw);
  if (rc >= 0) rc = sd_bus_set_address(bus.get(), ("unix:path=" + socket).c_str());
  if (rc >= 0) rc = sd_bus_start(bus.get());
  if (rc >= 0) rc = sd_bus_set_method_call_timeout(bus.get(), kCallTimeoutUsec);
  if (rc < 0) return failed("connect to the service manager at " + socket, rc);
  return bus;
}

Result<std::string> object_of(sd_bus* bus, const std::string& unit) {
  sd_bus_message* raw = nullptr;
  const int rc = sd_bus_call_method(bus, kManager, "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
                                    "GetUnit", nullptr, &raw, "s", unit.c_str());
  const std::unique_ptr<sd_bus_message, MessageDeleter> reply(raw);
  const char* path = nullptr;
  if (rc < 0) return failed("ask for unit " + unit, rc);
  if (const int read = sd_bus_message_read(reply.get(), "o", &path); read < 0) return failed("read the answer", read);
  return std::string(path);
}

Result<std::string> property(sd_bus* bus, const std::string& object, const char* interface, const char* name) {
  char* raw = nullptr;
  const int rc = sd_bus_get_property_string(bus, kManager, object.c_str(), interface, name, nullptr, &raw);
  const std::unique_ptr<char, TextDeleter> text(raw);
  if (rc < 0) return failed(fmt::format("ask for {} of {}", name, object), rc);
  return std::string(text.get());
}

bool is_inside(std::string_view cgroup, std::string_view unit_cgroup) {
  return !unit_cgroup.empty() && cgroup.starts_with(unit_cgroup) &&
         (cgroup.size() == unit_cgroup.size() || cgroup[unit_cgroup.size()] == '/');
}

}  // namespace

std::string manager_socket(const std::string& cgroup) {
  constexpr std::string_view kUser = "/user@";
  constexpr std::string_view kEnd = ".service/";
  const auto begin = cgroup.find(kUser);
  const auto end = begin == std::string::npos ? begin : cgroup.find(kEnd, begin);
  if (end == std::string::npos) return "/run/systemd/private";
  const auto uid = cgroup.substr(begin + kUser.size(), end - begin - kUser.size());
  const bool is_number =
      !uid.empty() && std::all_of(uid.begin(), uid.end(), [](char c) { return c >= '0' && c <= '9'; });
  return is_number ? "/run/user/" + uid + "/systemd/private" : "/run/systemd/private";
}

Result<bool> is_unit_active(const UnitPlace& place) {
  auto bus = connect(manager_socket(place.cgroup));
  if (!bus.ok()) return bus.error();
  const auto object = object_of(bus->get(), place.unit);
  if (!object.ok()) return object.error();
  const bool is_scope = place.unit.ends_with(".scope");
  const auto cgroup =
      property(bus->get(), *object, is_scope ? "org.freedesktop.systemd1.Scope" : "org.freedesktop.systemd1.Service",
               "ControlGroup");
  if (!cgroup.ok()) return cgroup.error();
  if (!is_inside(place.cgroup, *cgroup)) {
    return Error{fmt::format("the process in {} is not in unit {}, which is in {}", place.cgroup, place.unit, *cgroup)};
  }
  const auto state = property(bus->get(), *object, "org.freedesktop.systemd1.Unit", "ActiveState");
  if (!state.ok()) return state.error();
  return *state == "active" || *state == "reloading";
}

}  // namespace ambit::app
