// SPDX-License-Identifier: Apache-2.0
// Fields of Falco's stock rules that have no source here. A field moves from this list into the table once a record or
// the enrichment holds it.
#include <algorithm>
#include <array>

#include "engine/fields.h"

namespace ambit::engine {
namespace {

constexpr std::string_view kImage = "no container runtime is asked for images";
constexpr std::string_view kRuntime = "no container runtime is asked how a container was made";
constexpr std::string_view kPods = "no Kubernetes API is asked for names of pods and namespaces";
constexpr std::string_view kTimes = "the records of programs carry no file times";
constexpr std::string_view kEnvironment = "environments are not read, because they hold secrets";
constexpr std::string_view kNamespaces = "records number processes as the host does, not as their own namespace";
constexpr std::string_view kCapabilities = "records carry the effective capabilities only";
constexpr std::string_view kOwnNames = "names are known of the peers that the workload was given answers for";

constexpr auto kRows = std::to_array<RefusedField>({
    {"container.image", kImage, "container.id"},
    {"container.image.digest", kImage, "container.id"},
    {"container.image.id", kImage, "container.id"},
    {"container.image.repository", kImage, "container.id"},
    {"container.image.tag", kImage, "container.id"},
    {"container.mount", kRuntime, "mount.target"},
    {"container.mount.dest", kRuntime, "mount.target"},
    {"container.mounts", kRuntime, "mount.target"},
    {"container.name", kRuntime, "container.id"},
    {"container.privileged", kRuntime, "thread.cap_effective"},
    {"container.start_ts", kRuntime, ""},
    {"evt.buffer", "what is read, written and sent is not copied", ""},
    {"fd.cip.name", kOwnNames, "fd.sip.name"},
    {"fd.lip.name", kOwnNames, "fd.rip.name"},
    {"k8s.ns.name", kPods, "k8s.pod.uid"},
    {"k8s.pod.name", kPods, "k8s.pod.uid"},
    {"proc.aenv", kEnvironment, "proc.acmdline"},
    {"proc.cwd", "records carry no working directory; paths are whole", "fd.directory"},
    {"proc.env", kEnvironment, "proc.cmdline"},
    {"proc.exe_ino.ctime", kTimes, "proc.duration"},
    {"proc.exe_ino.ctime_duration_proc_start", kTimes, "proc.duration"},
    {"proc.exe_ino.mtime", kTimes, "proc.duration"},
    {"proc.is_exe_upper_layer", "the records of programs do not tell the layer of an overlay", "proc.is_foreign_root"},
    {"proc.is_vpgid_leader", kNamespaces, "proc.sid"},
    {"proc.vpid", kNamespaces, "proc.pid"},
    {"thread.cap_inheritable", kCapabilities, "thread.cap_effective"},
    {"thread.cap_permitted", kCapabilities, "thread.cap_effective"},
    {"user.loginname", "only the effective user's id is looked up", "user.loginuid"},
});

}  // namespace

std::span<const RefusedField> refused_fields() {
  return kRows;
}

const RefusedField* find_refused_field(std::string_view name) {
  const auto* row = std::find_if(kRows.begin(), kRows.end(), [&](const RefusedField& r) { return r.name == name; });
  return row == kRows.end() ? nullptr : row;
}

}  // namespace ambit::engine
