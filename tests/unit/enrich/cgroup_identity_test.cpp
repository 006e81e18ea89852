// SPDX-License-Identifier: Apache-2.0
#include "enrich/cgroup_identity.h"

#include <gtest/gtest.h>

#include "enrich/enricher.h"
#include "events.h"

namespace ambit::enrich {
namespace {

const std::string kId = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const std::string kUid = "6dab3d60-9b1c-4a2e-8c1f-0c1d2e3f4a5b";
const std::string kUidUnder = "6dab3d60_9b1c_4a2e_8c1f_0c1d2e3f4a5b";

struct Case {
  const char* description;
  std::string path, unit, id, runtime, pod_uid;
};

TEST(CgroupIdentity, KnowsTheLayoutsOfTheRuntimes) {
  const Case cases[] = {
      {"root", "/", "", "", "", ""},
      {"unit", "/system.slice/llama.service", "llama.service", "", "", ""},
      {"unit with a group of its own", "/system.slice/llama.service/worker", "llama.service", "", "", ""},
      {"user unit", "/user.slice/user-1000.slice/user@1000.service/app.slice/app-x.scope", "app-x.scope", "", "", ""},
      {"session", "/user.slice/user-0.slice/session-3.scope", "session-3.scope", "", "", ""},
      {"slice only", "/system.slice", "", "", "", ""},
      {"systemd inside nspawn", "/payload/system.slice/llama.service", "llama.service", "", "", ""},
      {"docker, systemd driver", "/system.slice/docker-" + kId + ".scope", "", kId, "docker", ""},
      {"docker, cgroupfs driver", "/docker/" + kId, "", kId, "docker", ""},
      {"containerd namespace of Kubernetes", "/k8s.io/" + kId, "", kId, "containerd", ""},
      {"ctr", "/default/infer", "", "infer", "containerd", ""},
      {"runc alone", "/" + kId, "", kId, "unknown", ""},
      {"podman", "/libpod_parent/libpod-" + kId, "", kId, "podman", ""},
      {"podman, systemd manager", "/machine.slice/libpod-" + kId + ".scope", "", kId, "podman", ""},
      {"podman, nested", "/machine.slice/libpod-" + kId + ".scope/container", "", kId, "podman", ""},
      {"podman started by a unit", "/system.slice/infer.service/libpod-payload-" + kId, "infer.service", kId, "podman",
       ""},
      {"podman below kubepods", "/kubepods/burstable/pod" + kUid + "/libpod-" + kId, "", kId, "podman", kUid},
      {"conmon is no container", "/machine.slice/libpod-conmon-" + kId + ".scope", "libpod-conmon-" + kId + ".scope",
       "", "", ""},
      {"kubelet, systemd, containerd",
       "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + kUidUnder + ".slice/cri-containerd-" + kId +
           ".scope",
       "", kId, "containerd", kUid},
      {"kubelet, systemd, CRI-O, guaranteed",
       "/kubepods.slice/kubepods-pod" + kUidUnder + ".slice/crio-" + kId + ".scope", "", kId, "cri-o", kUid},
      {"kubelet, cgroupfs", "/kubepods/besteffort/pod" + kUid + "/" + kId, "", kId, "unknown", kUid},
      {"kubelet, cgroupfs, upper case", "/kubepods/pod6DAB3D60-9B1C-4A2E-8C1F-0C1D2E3F4A5B/" + kId, "", kId, "unknown",
       kUid},
      {"kubelet below its own slice",
       "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod" +
           kUidUnder + ".slice/cri-containerd-" + kId + ".scope",
       "", kId, "containerd", kUid},
      {"static pod", "/kubepods/burstable/pod0123456789abcdef0123456789abcdef/" + kId, "", kId, "unknown",
       "0123456789abcdef0123456789abcdef"},
      {"systemd inside a container", "/docker/" + kId + "/system.slice/llama.service", "llama.service", kId, "docker",
       ""},
      {"id too short", "/docker/abc", "", "", "", ""},
      {"id in upper case is none", "/docker/" + std::string(64, 'A'), "", "", "", ""},
      {"a group named like a pod", "/podium/x", "", "", "", ""},
  };
  for (const auto& c : cases) {
    const auto found = identify_cgroup(c.path);
    EXPECT_EQ(found.systemd_unit, c.unit) << c.description;
    EXPECT_EQ(found.container.has_value(), !c.id.empty()) << c.description;
    if (!found.container) continue;
    EXPECT_EQ(found.container->id, c.id) << c.description;
    EXPECT_EQ(found.container->runtime, c.runtime) << c.description;
    EXPECT_EQ(found.container->pod_uid, c.pod_uid) << c.description;
  }
}

TEST(CgroupOfProcess, IsNamedWhenTheNameComesFirst) {
  Enricher enricher(nullptr);
  enricher.apply(cgroup_named(5, "/system.slice/llama.service"));
  const auto p = enricher.apply(exec(kServer, "/usr/bin/server", seconds(1), {}, 5)).process;
  EXPECT_EQ(p->cgroup_path, "/system.slice/llama.service");
  EXPECT_EQ(p->systemd_unit, "llama.service");
}

TEST(CgroupOfProcess, IsNamedWhenTheNameComesLater) {
  Enricher enricher(nullptr);
  EXPECT_EQ(enricher.apply(exec(kServer, "/usr/bin/server", seconds(1), {}, 5)).process->cgroup_path, "");
  enricher.apply(cgroup_named(5, "/docker/" + kId));
  const auto p = enricher.apply(opened(kServer, "/x", seconds(2))).process;
  ASSERT_TRUE(p->container);
  EXPECT_EQ(p->container->id, kId);
  EXPECT_EQ(enricher.find(kServer), p);
}

TEST(CgroupOfProcess, FollowsAMoveAndItsNewImage) {
  Enricher enricher(nullptr);
  enricher.apply(cgroup_named(5, "/a.service"));
  enricher.apply(exec(kServer, "/usr/bin/server", seconds(1), {}, 5));
  CgroupFacts f;
  f.id = 6;
  f.new_image = 777;
  f.path = "/b.service";
  const auto p = enricher.apply(act(EventKind::cgroup_attach, kServer, seconds(2), f, 5)).process;
  EXPECT_EQ(p->systemd_unit, "b.service");
  EXPECT_EQ(p->image, 777U);
  EXPECT_EQ(enricher.cgroup_path(6), "/b.service");
}

TEST(CgroupOfProcess, IsInheritedByChildren) {
  Enricher enricher(nullptr);
  enricher.apply(cgroup_named(5, "/a.service"));
  enricher.apply(exec(kServer, "/usr/bin/server", seconds(1), {}, 5));
  EXPECT_EQ(enricher.apply(fork(kServer, kChild, seconds(2))).target->systemd_unit, "a.service");
}

TEST(CgroupTableBounds, OldestNameMakesRoom) {
  Limits limits;
  limits.cgroups = 2;
  Enricher enricher(nullptr, limits);
  for (CgroupId id = 1; id <= 3; ++id) enricher.apply(cgroup_named(id, "/g" + std::to_string(id)));
  EXPECT_EQ(enricher.cgroup_path(1), "");
  EXPECT_EQ(enricher.cgroup_path(3), "/g3");
  EXPECT_EQ(enricher.counters().cgroups_evicted, 1U);
}

}  // namespace
}  // namespace ambit::enrich
