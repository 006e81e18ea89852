// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "ambit/judgement.h"

namespace ambit::engine {

/// An event with its judgement as a JSON object: `ambit events --json`, evidence, bug reports. Missing facts have no
/// key. Keys: event, time_ns, hook, quality[],
/// process{pid,start_ns,name,exe,cmdline,uid,user,cgroup,container,unit,parents[]}, target{}, object{}, network{},
/// dns{}, scope{}, workload{} and what only that kind has. Strings that are not UTF-8 are kept with replacement
/// characters.
nlohmann::json event_json(const JudgedEvent& event);

/// One line for people: time, kind, process, object or peer, verdict. No line feed; control characters are escaped.
std::string event_text(const JudgedEvent& event);

}  // namespace ambit::engine
