// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ambit/event.h"
#include "enrich/catalog.h"

namespace ambit::enrich {

/// What the event's object or peer is: the file it opens or renames (the first of both names that is anything), the
/// socket or address it speaks to, the name it asks for.
Classification classify_event(const Catalog& catalog, const Event& event);

}  // namespace ambit::enrich
