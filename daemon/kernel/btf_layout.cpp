// SPDX-License-Identifier: Apache-2.0
#include "btf_layout.h"

#include <fmt/format.h>

namespace ambit::kernel {
namespace {

/// Map values nest two or three levels; a type that refers to itself does so by pointer, which is not followed.
constexpr int kMaxDepth = 16;

const btf_type* skip_names(const btf* types, std::uint32_t& id) {
  const btf_type* type = btf__type_by_id(types, id);
  while (type != nullptr && (btf_is_mod(type) || btf_is_typedef(type))) {
    id = type->type;
    type = btf__type_by_id(types, id);
  }
  return type;
}

std::string text_of(const btf* types, std::uint32_t id, int depth) {
  const btf_type* const type = skip_names(types, id);
  if (type == nullptr || depth > kMaxDepth) return "?";
  if (btf_is_void(type)) return "void";
  if (btf_is_int(type))
    return fmt::format("{}{}", (btf_int_encoding(type) & BTF_INT_SIGNED) != 0 ? 's' : 'u', type->size);
  if (btf_is_ptr(type)) return "pointer";
  if (btf_is_any_enum(type)) return fmt::format("e{}", type->size);
  if (btf_is_array(type)) {
    const struct btf_array* const array = ::btf_array(type);  // a function has the type's name
    return fmt::format("{}[{}]", text_of(types, array->type, depth + 1), array->nelems);
  }
  if (!btf_is_composite(type)) return fmt::format("kind{}", btf_kind(type));
  std::string out = fmt::format("{}{{", type->size);
  for (std::uint32_t i = 0; i < btf_vlen(type); ++i) {
    const btf_member& member = btf_members(type)[i];
    out += fmt::format("{}@{}:{};", btf__name_by_offset(types, member.name_off), btf_member_bit_offset(type, i),
                       text_of(types, member.type, depth + 1));
  }
  return out + "}";
}

}  // namespace

std::string layout_of(const btf* types, std::uint32_t type_id) {
  if (type_id == 0) return "void";
  return text_of(types, type_id, 0);
}

}  // namespace ambit::kernel
