// SPDX-License-Identifier: Apache-2.0
#include "pages.h"

#include <nlohmann/json.hpp>

#include "status_page.h"

namespace ambit::metrics {
namespace {

Page metrics_page(const Providers& p) {
  return {200, "text/plain; version=0.0.4; charset=utf-8", p.metrics()};
}

Page health_page(const Providers& p) {
  if (p.is_alive()) return {.body = "ok\n"};
  return {.status = 503, .body = "the pipeline does not beat\n"};
}

Page readiness_page(const Providers& p) {
  const auto readiness = p.readiness();
  if (readiness.is_ready) return {.body = "ready\n"};
  Page page{.status = 503, .body = "not ready\n"};
  for (const auto& reason : readiness.reasons) page.body += reason + "\n";
  return page;
}

Page html_page(const Providers& p) {
  return {200, "text/html; charset=utf-8", status_page(p.status())};
}

Page json_page(const Providers& p) {
  using nlohmann::json;
  return {200, "application/json", status_json(p.status()).dump(2, ' ', false, json::error_handler_t::replace) + "\n"};
}

struct Route {
  std::string_view path;
  Page (*make)(const Providers&);
};
constexpr Route kRoutes[] = {
    {"/metrics", metrics_page}, {"/healthz", health_page},   {"/readyz", readiness_page},
    {"/", html_page},           {"/status.json", json_page},
};

}  // namespace

Page make_page(std::string_view target, const Providers& providers) {
  const auto path = target.substr(0, target.find('?'));
  for (const auto& route : kRoutes) {
    if (route.path == path) return route.make(providers);
  }
  return {.status = 404, .body = "no such page; there are / /status.json /metrics /healthz /readyz\n"};
}

}  // namespace ambit::metrics
