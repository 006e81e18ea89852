// SPDX-License-Identifier: Apache-2.0
#include "call_table.h"

#include <array>

#include "ambit/abi/record.h"

namespace ambit::kernel {
namespace {

// Argument positions count from 1. Numbers: arch/x86/entry/syscalls/syscall_64.tbl and syscall_32.tbl.

/// Variants of AMBIT_SLOT_RECEIVE (bpf/receive.bpf.c).
constexpr std::uint8_t kOneMessage = 0;
constexpr std::uint8_t kManyMessages = 1;
constexpr std::uint8_t kTaken = 2;

/// Variants of AMBIT_SLOT_SEND_UNIX: where the address is (bpf/unix_send.bpf.c).
constexpr std::uint8_t kSendTo = 0;
constexpr std::uint8_t kSendMessage = 1;
constexpr std::uint8_t kSendMessages = 2;

struct Open {
  std::uint8_t dir = 0, path = 0, flags = 0;
};
constexpr ambit_call open(std::uint8_t variant, Open args) {
  return {.slot = AMBIT_SLOT_OPEN, .op = variant, .dir_arg = args.dir, .path_arg = args.path, .flags_arg = args.flags};
}
constexpr ambit_call receive(std::uint8_t variant) {
  return {.slot = AMBIT_SLOT_RECEIVE, .op = variant};
}
struct Name {
  std::uint8_t dir = 0, path = 0, dir2 = 0, path2 = 0, fd = 0, mode = 0, uid = 0, gid = 0;
};
constexpr ambit_call name(std::uint8_t op, Name args) {
  return {.slot = AMBIT_SLOT_NAME_CHANGE,
          .op = op,
          .dir_arg = args.dir,
          .path_arg = args.path,
          .dir2_arg = args.dir2,
          .path2_arg = args.path2,
          .fd_arg = args.fd,
          .mode_arg = args.mode,
          .uid_arg = args.uid,
          .gid_arg = args.gid};
}
constexpr ambit_call with_moves(ambit_call call, std::uint8_t moves = AMBIT_MOVES_PATHS) {
  call.moves_paths = moves;
  return call;
}
constexpr ambit_call cred(std::uint8_t what, std::uint8_t flags = 0) {
  return {.slot = AMBIT_SLOT_CRED, .op = what, .flags_arg = flags};
}
/// Arguments of an AMBIT_SLOT_ACT call by what they mean (bpf/acts.bpf.c).
struct Act {
  std::uint8_t pid = 0, pid2 = 0, number = 0, fd = 0, text = 0, text2 = 0, flags = 0;
};
constexpr ambit_call act(std::uint8_t op, Act args) {
  return {.slot = AMBIT_SLOT_ACT,
          .op = op,
          .path_arg = args.text,
          .path2_arg = args.text2,
          .fd_arg = args.fd,
          .flags_arg = args.number,
          .pid_arg = args.pid,
          .pid2_arg = args.pid2,
          .flags = args.flags};
}
/// Which descriptor is copied from, and which to.
struct Copy {
  std::uint8_t from = 0, to = 0;
};
constexpr ambit_call copy(std::uint8_t op, Copy args) {
  return {.slot = AMBIT_SLOT_COPY, .op = op, .dir_arg = args.to, .fd_arg = args.from};
}
/// Only where these bits of the argument are so.
constexpr ambit_call where(ambit_call call, std::uint8_t argument, std::uint32_t mask, std::uint32_t value) {
  call.match_arg = argument;
  call.match_mask = mask;
  call.match_value = value;
  return call;
}
/// FICLONE and FICLONERANGE (linux/fs.h) without their sizes and without the one bit that tells them apart.
constexpr std::uint32_t kCloneMask = 0xfffb, kCloneCommand = 0x9409;
constexpr std::uint32_t kProtExec = 4;

struct Mount {
  std::uint8_t source = 0, dir = 0, target = 0, flags = 0;
};
constexpr ambit_call mount(std::uint8_t op, Mount args) {
  return {.slot = AMBIT_SLOT_MOUNT,
          .op = op,
          .path_arg = args.source,
          .dir2_arg = args.dir,
          .path2_arg = args.target,
          .flags_arg = args.flags};
}
constexpr ambit_call socket_call(std::uint8_t slot) {
  return {.slot = slot, .fd_arg = 1};
}

constexpr auto kCalls = std::to_array<WatchedCall>({
    {"open", 2, 5, open(AMBIT_OPEN_FLAGS_IN_ARGUMENT, {.path = 1, .flags = 2})},
    {"creat", 85, 8, open(AMBIT_OPEN_CREAT, {.path = 1})},
    {"openat", 257, 295, open(AMBIT_OPEN_FLAGS_IN_ARGUMENT, {.dir = 1, .path = 2, .flags = 3})},
    {"openat2", 437, 437, open(AMBIT_OPEN_FLAGS_IN_MEMORY, {.dir = 1, .path = 2, .flags = 3})},
    {"open_by_handle_at", 304, 342, open(AMBIT_OPEN_BY_HANDLE, {.flags = 3})},
    {"recvmsg", 47, 372, receive(kOneMessage)},
    {"recvmmsg", 299, 337, receive(kManyMessages)},
    {"recvmmsg_time64", -1, 417, receive(kManyMessages)},
    {"pidfd_getfd", 438, 438, receive(kTaken)},

    {"rename", 82, 38, with_moves(name(AMBIT_NAME_RENAME, {.path = 1, .path2 = 2}))},
    {"renameat", 264, 302, with_moves(name(AMBIT_NAME_RENAME, {.dir = 1, .path = 2, .dir2 = 3, .path2 = 4}))},
    {"renameat2", 316, 353, with_moves(name(AMBIT_NAME_RENAME, {.dir = 1, .path = 2, .dir2 = 3, .path2 = 4}))},
    {"unlink", 87, 10, name(AMBIT_NAME_UNLINK, {.path = 1})},
    {"unlinkat", 263, 301, with_moves(name(AMBIT_NAME_UNLINK, {.dir = 1, .path = 2}), AMBIT_MOVES_REMOVED_DIR)},
    {"rmdir", 84, 40, with_moves(name(AMBIT_NAME_RMDIR, {.path = 1}))},
    {"link", 86, 9, name(AMBIT_NAME_LINK, {.path = 1, .path2 = 2})},
    {"linkat", 265, 303, name(AMBIT_NAME_LINK, {.dir = 1, .path = 2, .dir2 = 3, .path2 = 4})},
    {"symlink", 88, 83, name(AMBIT_NAME_SYMLINK, {.path = 1, .path2 = 2})},
    {"symlinkat", 266, 304, name(AMBIT_NAME_SYMLINK, {.path = 1, .dir2 = 2, .path2 = 3})},
    {"truncate", 76, 92, name(AMBIT_NAME_TRUNCATE, {.path = 1})},
    {"truncate64", -1, 193, name(AMBIT_NAME_TRUNCATE, {.path = 1})},
    {"ftruncate", 77, 93, name(AMBIT_NAME_TRUNCATE, {.fd = 1})},
    {"ftruncate64", -1, 194, name(AMBIT_NAME_TRUNCATE, {.fd = 1})},
    {"chmod", 90, 15, name(AMBIT_NAME_CHMOD, {.path = 1, .mode = 2})},
    {"fchmod", 91, 94, name(AMBIT_NAME_CHMOD, {.fd = 1, .mode = 2})},
    {"fchmodat", 268, 306, name(AMBIT_NAME_CHMOD, {.dir = 1, .path = 2, .mode = 3})},
    {"fchmodat2", 452, 452, name(AMBIT_NAME_CHMOD, {.dir = 1, .path = 2, .mode = 3})},
    {"chown", 92, 212, name(AMBIT_NAME_CHOWN, {.path = 1, .uid = 2, .gid = 3})},
    {"chown16", -1, 182, name(AMBIT_NAME_CHOWN, {.path = 1, .uid = 2, .gid = 3})},
    {"lchown", 94, 198, name(AMBIT_NAME_CHOWN, {.path = 1, .uid = 2, .gid = 3})},
    {"lchown16", -1, 16, name(AMBIT_NAME_CHOWN, {.path = 1, .uid = 2, .gid = 3})},
    {"fchown", 93, 207, name(AMBIT_NAME_CHOWN, {.fd = 1, .uid = 2, .gid = 3})},
    {"fchown16", -1, 95, name(AMBIT_NAME_CHOWN, {.fd = 1, .uid = 2, .gid = 3})},
    {"fchownat", 260, 298, name(AMBIT_NAME_CHOWN, {.dir = 1, .path = 2, .uid = 3, .gid = 4})},
    {"mkdir", 83, 39, name(AMBIT_NAME_MKDIR, {.path = 1, .mode = 2})},
    {"mkdirat", 258, 296, name(AMBIT_NAME_MKDIR, {.dir = 1, .path = 2, .mode = 3})},

    {"setxattr", 188, 226, name(AMBIT_NAME_XATTR, {.path = 1, .path2 = 2})},
    {"lsetxattr", 189, 227, name(AMBIT_NAME_XATTR, {.path = 1, .path2 = 2})},
    {"fsetxattr", 190, 228, name(AMBIT_NAME_XATTR, {.path2 = 2, .fd = 1})},
    {"setxattrat", 463, 463, name(AMBIT_NAME_XATTR, {.dir = 1, .path = 2, .path2 = 4})},
    {"removexattr", 197, 235, name(AMBIT_NAME_XATTR, {.path = 1, .path2 = 2})},
    {"lremovexattr", 198, 236, name(AMBIT_NAME_XATTR, {.path = 1, .path2 = 2})},
    {"fremovexattr", 199, 237, name(AMBIT_NAME_XATTR, {.path2 = 2, .fd = 1})},
    {"removexattrat", 466, 466, name(AMBIT_NAME_XATTR, {.dir = 1, .path = 2, .path2 = 4})},
    {"fallocate", 285, 324, name(AMBIT_NAME_FALLOCATE, {.fd = 1, .mode = 2})},

    {"sendfile", 40, 187, copy(AMBIT_COPY_SENDFILE, {.from = 2, .to = 1})},
    {"sendfile64", -1, 239, copy(AMBIT_COPY_SENDFILE, {.from = 2, .to = 1})},
    {"splice", 275, 313, copy(AMBIT_COPY_SPLICE, {.from = 1, .to = 3})},
    {"copy_file_range", 326, 377, copy(AMBIT_COPY_FILE_RANGE, {.from = 1, .to = 3})},
    {"ioctl", 16, 54, where(copy(AMBIT_COPY_CLONE, {.from = 3, .to = 1}), 2, kCloneMask, kCloneCommand)},
    {"mmap", 9, 192, where({.slot = AMBIT_SLOT_MAP}, 3, kProtExec, kProtExec)},

    {"mprotect", 10, 125, where({.slot = AMBIT_SLOT_PROTECT}, 3, kProtExec, kProtExec)},
    {"pkey_mprotect", 329, 380, where({.slot = AMBIT_SLOT_PROTECT}, 3, kProtExec, kProtExec)},

    {"mount", 165, 21, with_moves(mount(AMBIT_MOUNT_NEW, {.source = 1, .target = 2, .flags = 4}))},
    {"umount2", 166, 52, with_moves(mount(AMBIT_MOUNT_UMOUNT, {.target = 1, .flags = 2}))},
    {"umount", -1, 22, with_moves(mount(AMBIT_MOUNT_UMOUNT, {.target = 1}))},
    {"move_mount", 429, 429, with_moves(mount(AMBIT_MOUNT_ATTACH, {.source = 2, .dir = 3, .target = 4, .flags = 5}))},
    {"fsmount", 432, 432, mount(AMBIT_MOUNT_DETACHED, {.flags = 3})},
    {"open_tree", 428, 428, mount(AMBIT_MOUNT_CLONE, {.source = 2, .flags = 3})},
    {"open_tree_attr", 467, 467, mount(AMBIT_MOUNT_CLONE, {.source = 2, .flags = 3})},
    {"mount_setattr", 442, 442, mount(AMBIT_MOUNT_CHANGE, {.dir = 1, .target = 2, .flags = 3})},

    {"setuid", 105, 213, cred(AMBIT_CRED_IDS)},
    {"setuid16", -1, 23, cred(AMBIT_CRED_IDS)},
    {"setgid", 106, 214, cred(AMBIT_CRED_IDS)},
    {"setgid16", -1, 46, cred(AMBIT_CRED_IDS)},
    {"setreuid", 113, 203, cred(AMBIT_CRED_IDS)},
    {"setreuid16", -1, 70, cred(AMBIT_CRED_IDS)},
    {"setregid", 114, 204, cred(AMBIT_CRED_IDS)},
    {"setregid16", -1, 71, cred(AMBIT_CRED_IDS)},
    {"setgroups", 116, 206, cred(AMBIT_CRED_IDS)},
    {"setgroups16", -1, 81, cred(AMBIT_CRED_IDS)},
    {"setresuid", 117, 208, cred(AMBIT_CRED_IDS)},
    {"setresuid16", -1, 164, cred(AMBIT_CRED_IDS)},
    {"setresgid", 119, 210, cred(AMBIT_CRED_IDS)},
    {"setresgid16", -1, 170, cred(AMBIT_CRED_IDS)},
    {"capset", 126, 185, cred(AMBIT_CRED_CAPS)},
    {"setns", 308, 346, cred(AMBIT_CRED_NS)},
    {"unshare", 272, 310, cred(AMBIT_CRED_NS, 1)},
    {"chroot", 161, 61, cred(AMBIT_CRED_NS)},
    {"pivot_root", 155, 217, with_moves(cred(AMBIT_CRED_NS))},

    {"ptrace", 101, 26, {.slot = AMBIT_SLOT_PTRACE, .flags_arg = 1, .pid_arg = 2}},
    {"process_vm_readv", 310, 347, act(AMBIT_ACT_VM_READ, {.pid = 1})},
    {"process_vm_writev", 311, 348, act(AMBIT_ACT_VM_WRITE, {.pid = 1})},
    {"kcmp", 312, 349, act(AMBIT_ACT_KCMP, {.pid = 1, .pid2 = 2, .number = 3})},
    {"perf_event_open", 298, 336, act(AMBIT_ACT_PERF_EVENT, {.pid = 2, .number = 1})},
    {"userfaultfd", 323, 374, act(AMBIT_ACT_USERFAULTFD, {.number = 1})},
    {"memfd_create", 319, 356, act(AMBIT_ACT_MEMFD, {.number = 2, .text = 1})},
    {"add_key", 248, 286, act(AMBIT_ACT_ADD_KEY, {.text = 1, .text2 = 2})},
    {"request_key", 249, 287, act(AMBIT_ACT_REQUEST_KEY, {.text = 1, .text2 = 2})},
    {"keyctl", 250, 288, act(AMBIT_ACT_KEYCTL, {.number = 1})},
    {"bpf", 321, 357, act(AMBIT_ACT_BPF, {.number = 1})},
    {"init_module", 175, 128, act(AMBIT_ACT_MODULE_LOAD, {.flags = AMBIT_CALL_BY_ALL})},
    {"finit_module", 313, 350, act(AMBIT_ACT_MODULE_LOAD, {.fd = 1, .flags = AMBIT_CALL_BY_ALL})},
    {"delete_module", 176, 129, act(AMBIT_ACT_MODULE_UNLOAD, {.text = 1, .flags = AMBIT_CALL_BY_ALL})},
    {"kexec_load", 246, 283, act(AMBIT_ACT_KEXEC, {.flags = AMBIT_CALL_BY_ALL})},
    {"kexec_file_load", 320, -1, act(AMBIT_ACT_KEXEC, {.fd = 1, .flags = AMBIT_CALL_BY_ALL})},

    {"accept", 43, -1, socket_call(AMBIT_SLOT_ACCEPT)},
    {"accept4", 288, 364, socket_call(AMBIT_SLOT_ACCEPT)},
    {"socketcall", -1, 102, {.slot = AMBIT_SLOT_SOCKETCALL}},
    {"clone", 56, 120, {.slot = AMBIT_SLOT_LIMIT}},
    {"fork", 57, 2, {.slot = AMBIT_SLOT_LIMIT}, FunctionNeed::if_told},
    {"vfork", 58, 190, {.slot = AMBIT_SLOT_LIMIT}, FunctionNeed::if_told},
    {"clone3", 435, 435, {.slot = AMBIT_SLOT_LIMIT}},
    {"sendto", 44, 369, {.slot = AMBIT_SLOT_SEND_UNIX, .op = kSendTo, .fd_arg = 1}},
    {"sendmsg", 46, 370, {.slot = AMBIT_SLOT_SEND_UNIX, .op = kSendMessage, .fd_arg = 1}},
    {"sendmmsg", 307, 345, {.slot = AMBIT_SLOT_SEND_UNIX, .op = kSendMessages, .fd_arg = 1}},
    {"bind", 49, 361, {.slot = AMBIT_SLOT_BIND, .path_arg = 2, .fd_arg = 1}},
    {"listen", 50, 363, socket_call(AMBIT_SLOT_LISTEN)},
    {"socket", 41, 359, {.slot = AMBIT_SLOT_SOCKET}},
    {"dup", 32, 41, {.slot = AMBIT_SLOT_STDIO, .ret_below = 3}},
    {"dup2", 33, 63, {.slot = AMBIT_SLOT_STDIO, .ret_below = 3}},
    {"dup3", 292, 330, {.slot = AMBIT_SLOT_STDIO, .ret_below = 3}},
    {"fcntl", 72, 55, {.slot = AMBIT_SLOT_STDIO, .flags_arg = 2, .ret_below = 3}},
    {"fcntl64", -1, 221, {.slot = AMBIT_SLOT_STDIO, .flags_arg = 2, .ret_below = 3}},
    {"connect", 42, 362, {.slot = AMBIT_SLOT_CONNECT, .path_arg = 2, .fd_arg = 1}},
});

std::string_view signal_of_act(std::uint8_t act) {
  switch (act) {
    case AMBIT_ACT_VM_READ:
    case AMBIT_ACT_VM_WRITE:
      return "process_vm";
    case AMBIT_ACT_KCMP:
      return "kcmp";
    case AMBIT_ACT_PERF_EVENT:
      return "perf_event";
    case AMBIT_ACT_USERFAULTFD:
      return "userfaultfd";
    case AMBIT_ACT_ADD_KEY:
    case AMBIT_ACT_REQUEST_KEY:
    case AMBIT_ACT_KEYCTL:
      return "keyring";
    case AMBIT_ACT_BPF:
      return "bpf";
    case AMBIT_ACT_MODULE_LOAD:
    case AMBIT_ACT_MODULE_UNLOAD:
      return "kernel_module";
    case AMBIT_ACT_KEXEC:
      return "kexec";
    case AMBIT_ACT_MEMFD:
      return "memfd";
    default:
      return "";
  }
}

}  // namespace

std::span<const WatchedCall> watched_calls() {
  return kCalls;
}

std::string_view signal_of(const WatchedCall& call) {
  switch (call.what.slot) {
    case AMBIT_SLOT_OPEN:
      return "open";
    case AMBIT_SLOT_NAME_CHANGE:
      return "name_change";
    case AMBIT_SLOT_CRED:
      return "cred";
    case AMBIT_SLOT_PTRACE:
      return "ptrace";
    case AMBIT_SLOT_ACCEPT:
      return "accept";
    case AMBIT_SLOT_BIND:
      return "bind";
    case AMBIT_SLOT_LISTEN:
      return "listen";
    case AMBIT_SLOT_CONNECT:
      return "connect_vsock";
    case AMBIT_SLOT_SOCKET:
      return "socket";
    case AMBIT_SLOT_STDIO:
      return "stdio";
    case AMBIT_SLOT_RECEIVE:
      return "fd_received";
    case AMBIT_SLOT_COPY:
      return "copy";
    case AMBIT_SLOT_MOUNT:
      return "mount";
    case AMBIT_SLOT_MAP:
      return "mmap";
    case AMBIT_SLOT_PROTECT:
      return "mprotect";
    case AMBIT_SLOT_SEND_UNIX:
      return "send_unix";
    case AMBIT_SLOT_SOCKETCALL:
      return "socketcall";
    case AMBIT_SLOT_LIMIT:
      return "exhaustion";
    case AMBIT_SLOT_ACT:
      return signal_of_act(call.what.op);
    default:
      return "";
  }
}

}  // namespace ambit::kernel
