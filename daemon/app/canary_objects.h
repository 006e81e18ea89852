// SPDX-License-Identifier: Apache-2.0
// The objects of the helper's acts: named here once, done in canary_acts.cpp, expected in canary_expected.cpp.
#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <string_view>

namespace ambit::app {

inline constexpr std::string_view kCanaryFolder = "/ambit-canary-";  ///< in the scratch folder; six letters follow
inline constexpr std::string_view kCanaryProgram = "/bin/true";      ///< copied into a memfd and run
inline constexpr std::string_view kCanaryMemfd = "ambit-canary";
inline constexpr std::string_view kCanaryCode = "ambit-canary-code";  ///< a memfd that is mapped to be run
inline constexpr std::string_view kCanaryMemoryFile = "/environ";     ///< the helper's own
inline constexpr std::string_view kCanaryModule = "ambit_canary_no_such_module";
inline constexpr std::string_view kCanaryQuestion = "canary.ambit.invalid";  ///< a reserved name (RFC 6761)
inline constexpr std::uint16_t kCanaryDiscardPort = 9;
inline constexpr std::uint32_t kCanaryVsockCid = 1;  ///< VMADDR_CID_LOCAL
inline constexpr std::uint32_t kCanaryVsockPort = 9;
inline constexpr int kCanaryNetlinkProtocol = NETLINK_KOBJECT_UEVENT;

}  // namespace ambit::app
