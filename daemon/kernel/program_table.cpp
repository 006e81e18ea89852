// SPDX-License-Identifier: Apache-2.0
#include "program_table.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <deque>
#include <vector>

#include "ambit/abi/maps.h"

namespace ambit::kernel {
namespace {

const std::array kWrittenPrograms = {
    ProgramSpec{"tp_btf__sched_process_exec", "tp_btf/sched_process_exec", Attachment::tracing},
    ProgramSpec{"tp_btf__sched_process_exec__files", "tp_btf/sched_process_exec", Attachment::tracing},
    ProgramSpec{"tp_btf__sched_process_fork", "tp_btf/sched_process_fork", Attachment::tracing},
    ProgramSpec{"tp_btf__sched_process_exit", "tp_btf/sched_process_exit", Attachment::tracing},
    ProgramSpec{"tp_btf__cgroup_attach_task", "tp_btf/cgroup_attach_task", Attachment::tracing},
    ProgramSpec{"tp_btf__cgroup_mkdir", "tp_btf/cgroup_mkdir", Attachment::tracing},
    ProgramSpec{"cgroup__connect4", "cgroup/connect4", Attachment::cgroup},
    ProgramSpec{"cgroup__connect4_typed", "cgroup/connect4", Attachment::typed},
    ProgramSpec{"cgroup__connect6", "cgroup/connect6", Attachment::cgroup},
    ProgramSpec{"cgroup__connect6_typed", "cgroup/connect6", Attachment::typed},
    ProgramSpec{"cgroup__connect_unix", "cgroup/connect_unix", Attachment::cgroup},
    ProgramSpec{"cgroup__sendmsg4", "cgroup/sendmsg4", Attachment::cgroup},
    ProgramSpec{"cgroup__sendmsg4_typed", "cgroup/sendmsg4", Attachment::typed},
    ProgramSpec{"cgroup__sendmsg6", "cgroup/sendmsg6", Attachment::cgroup},
    ProgramSpec{"cgroup__sendmsg6_typed", "cgroup/sendmsg6", Attachment::typed},
    ProgramSpec{"cgroup__sendmsg_unix", "cgroup/sendmsg_unix", Attachment::cgroup},
    ProgramSpec{"cgroup__post_bind4", "cgroup/post_bind4", Attachment::cgroup},
    ProgramSpec{"cgroup__post_bind4_typed", "cgroup/post_bind4", Attachment::typed},
    ProgramSpec{"cgroup__post_bind6", "cgroup/post_bind6", Attachment::cgroup},
    ProgramSpec{"cgroup__post_bind6_typed", "cgroup/post_bind6", Attachment::typed},
    ProgramSpec{"cgroup_skb__egress", "cgroup_skb/egress", Attachment::cgroup},
    ProgramSpec{"cgroup_skb__ingress", "cgroup_skb/ingress", Attachment::cgroup},
    ProgramSpec{"tp_btf__inet_sock_set_state", "tp_btf/inet_sock_set_state", Attachment::tracing},
    ProgramSpec{"tp_btf__inet_sock_set_state_typed", "tp_btf/inet_sock_set_state", Attachment::typed},
    ProgramSpec{"tp_btf__tcp_state", "tp_btf/inet_sock_set_state", Attachment::tracing},
    ProgramSpec{"tp_btf__tcp_state_typed", "tp_btf/inet_sock_set_state", Attachment::typed},
    ProgramSpec{"cgroup__sock_release", "cgroup/sock_release", Attachment::cgroup},
    ProgramSpec{"tp_btf__signal_generate", "tp_btf/signal_generate", Attachment::tracing},
    ProgramSpec{"tp_btf__io_uring_create", "tp_btf/io_uring_create", Attachment::tracing},
    ProgramSpec{"tp_btf__io_uring_complete", "tp_btf/io_uring_complete", Attachment::tracing},
    ProgramSpec{"tp_btf__io_uring_socket", "tp_btf/io_uring_complete", Attachment::tracing},
    ProgramSpec{"tp_btf__io_uring_complete__received", "tp_btf/io_uring_complete", Attachment::tracing},
    ProgramSpec{"tp_btf__io_uring_names", "tp_btf/io_uring_complete", Attachment::tracing},
    ProgramSpec{"tp_btf__io_uring_accept", "tp_btf/io_uring_complete", Attachment::tracing},
    ProgramSpec{"tp_btf__io_uring_accept__numbers", "tp_btf/io_uring_complete", Attachment::tracing},
    ProgramSpec{"tp_btf__io_uring_submit_req", "tp_btf/io_uring_submit_req", Attachment::tracing},
    ProgramSpec{"tp_btf__io_uring_submit_sqe", "tp_btf/io_uring_submit_sqe", Attachment::tracing},
    ProgramSpec{"tp_btf__io_uring_submit_sqe__second", "tp_btf/io_uring_submit_sqe", Attachment::tracing},
    ProgramSpec{"lsm__path_unlink", "lsm/path_unlink", Attachment::tracing},
    ProgramSpec{"lsm__path_rmdir", "lsm/path_rmdir", Attachment::tracing},
    ProgramSpec{"lsm__path_mkdir", "lsm/path_mkdir", Attachment::tracing},
    ProgramSpec{"lsm__path_symlink", "lsm/path_symlink", Attachment::tracing},
    ProgramSpec{"lsm__path_link", "lsm/path_link", Attachment::tracing},
    ProgramSpec{"lsm__path_rename", "lsm/path_rename", Attachment::tracing},
    ProgramSpec{"lsm__path_truncate", "lsm/path_truncate", Attachment::tracing},
    ProgramSpec{"lsm__path_chmod", "lsm/path_chmod", Attachment::tracing},
    ProgramSpec{"lsm__path_chown", "lsm/path_chown", Attachment::tracing},
    ProgramSpec{"fentry__security_path_unlink", "fentry/security_path_unlink", Attachment::tracing},
    ProgramSpec{"fentry__security_path_rmdir", "fentry/security_path_rmdir", Attachment::tracing},
    ProgramSpec{"fentry__security_path_mkdir", "fentry/security_path_mkdir", Attachment::tracing},
    ProgramSpec{"fentry__security_path_symlink", "fentry/security_path_symlink", Attachment::tracing},
    ProgramSpec{"fentry__security_path_link", "fentry/security_path_link", Attachment::tracing},
    ProgramSpec{"fentry__security_path_rename", "fentry/security_path_rename", Attachment::tracing},
    ProgramSpec{"fentry__security_path_truncate", "fentry/security_path_truncate", Attachment::tracing},
    ProgramSpec{"fentry__security_path_chmod", "fentry/security_path_chmod", Attachment::tracing},
    ProgramSpec{"fentry__security_path_chown", "fentry/security_path_chown", Attachment::tracing},
    ProgramSpec{"lsm__file_mprotect", "lsm/file_mprotect", Attachment::tracing},
    ProgramSpec{"fentry__security_file_mprotect", "fentry/security_file_mprotect", Attachment::tracing},
    ProgramSpec{"lsm__file_open", "lsm/file_open", Attachment::tracing},
    ProgramSpec{"lsm__file_open_typed", "lsm/file_open", Attachment::typed},
    ProgramSpec{"fentry__security_file_open", "fentry/security_file_open", Attachment::tracing},
    ProgramSpec{"fentry__security_file_open_typed", "fentry/security_file_open", Attachment::typed},
    ProgramSpec{"plain_call_64", kFunctions, Attachment::sample},
    ProgramSpec{"plain_call_32", kFunctions, Attachment::sample},
    ProgramSpec{"optional_call_64", kFunctions, Attachment::sample},
    ProgramSpec{"optional_call_32", kFunctions, Attachment::sample},
    ProgramSpec{"tp_btf__sys_exit", kSysExit, Attachment::tracing},
    ProgramSpec{"tp_btf__sys_exit_typed", kSysExit, Attachment::typed},
    ProgramSpec{"call__open", kSysExit, Attachment::tail_call, AMBIT_SLOT_OPEN},
    ProgramSpec{"call__open_typed", kSysExit, Attachment::typed},
    ProgramSpec{"call__receive", kSysExit, Attachment::tail_call, AMBIT_SLOT_RECEIVE},
    ProgramSpec{"call__name_change", kSysExit, Attachment::tail_call, AMBIT_SLOT_NAME_CHANGE},
    ProgramSpec{"call__copy", kSysExit, Attachment::tail_call, AMBIT_SLOT_COPY},
    ProgramSpec{"call__mount", kSysExit, Attachment::tail_call, AMBIT_SLOT_MOUNT},
    ProgramSpec{"call__map", kSysExit, Attachment::tail_call, AMBIT_SLOT_MAP},
    ProgramSpec{"call__protect", kSysExit, Attachment::tail_call, AMBIT_SLOT_PROTECT},
    ProgramSpec{"call__cred", kSysExit, Attachment::tail_call, AMBIT_SLOT_CRED},
    ProgramSpec{"call__ptrace", kSysExit, Attachment::tail_call, AMBIT_SLOT_PTRACE},
    ProgramSpec{"call__act", kSysExit, Attachment::tail_call, AMBIT_SLOT_ACT},
    ProgramSpec{"call__accept", kSysExit, Attachment::tail_call, AMBIT_SLOT_ACCEPT},
    ProgramSpec{"call__bind", kSysExit, Attachment::tail_call, AMBIT_SLOT_BIND},
    ProgramSpec{"call__listen", kSysExit, Attachment::tail_call, AMBIT_SLOT_LISTEN},
    ProgramSpec{"call__socket", kSysExit, Attachment::tail_call, AMBIT_SLOT_SOCKET},
    ProgramSpec{"call__stdio", kSysExit, Attachment::tail_call, AMBIT_SLOT_STDIO},
    ProgramSpec{"call__connect", kSysExit, Attachment::tail_call, AMBIT_SLOT_CONNECT},
    ProgramSpec{"call__connect_typed", kSysExit, Attachment::typed},
    ProgramSpec{"optional_call__connect_typed", kFunctions, Attachment::typed},
    ProgramSpec{"call__send_unix", kSysExit, Attachment::tail_call, AMBIT_SLOT_SEND_UNIX},
    ProgramSpec{"call__socketcall", kSysExit, Attachment::tail_call, AMBIT_SLOT_SOCKETCALL},
    ProgramSpec{"call__limit", kSysExit, Attachment::tail_call, AMBIT_SLOT_LIMIT},
    ProgramSpec{"iter__tcp_sockets", "iter/bpf_map_elem", Attachment::on_demand},
    ProgramSpec{"iter__traffic", "iter/bpf_map_elem", Attachment::on_demand},
    ProgramSpec{"iter__copies", "iter/bpf_map_elem", Attachment::on_demand},
    ProgramSpec{"iter__task", "iter/task", Attachment::on_demand},
    ProgramSpec{"iter__task_argv", "iter.s/task", Attachment::on_demand},
    ProgramSpec{"iter__task_file", "iter/task_file", Attachment::on_demand},
    ProgramSpec{"iter__task_vma", "iter/task_vma", Attachment::on_demand},
};

/// Those above, and beside each program behind tp_btf/sys_exit two behind the functions of its calls.
class ProgramTable {
 public:
  ProgramTable() : programs_(kWrittenPrograms.begin(), kWrittenPrograms.end()) {
    for (const auto& spec : kWrittenPrograms) {
      if (spec.attachment != Attachment::tail_call) continue;
      for (auto& name : function_programs(spec.name))
        programs_.push_back({names_.emplace_back(std::move(name)), kFunctions, Attachment::function, spec.slot});
    }
  }
  [[nodiscard]] std::span<const ProgramSpec> programs() const noexcept { return programs_; }

 private:
  std::deque<std::string> names_;
  std::vector<ProgramSpec> programs_;
};

}  // namespace

std::array<std::string, 2> function_programs(std::string_view call_program) {
  return {fmt::format("plain_{}", call_program), fmt::format("optional_{}", call_program)};
}

std::span<const ProgramSpec> program_specs() {
  static const ProgramTable kTable;
  return kTable.programs();
}

const ProgramSpec* find_program(std::string_view name) {
  const auto all = program_specs();
  const auto it = std::find_if(all.begin(), all.end(), [&](const auto& p) { return p.name == name; });
  return it == all.end() ? nullptr : &*it;
}

const ProgramSpec* find_typed(std::string_view name) {
  return find_program(fmt::format("{}_typed", name));
}

}  // namespace ambit::kernel
