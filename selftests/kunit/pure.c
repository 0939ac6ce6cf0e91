// SPDX-License-Identifier: GPL-2.0
/* What is tested: a copy of its own, whatever the loaded module does. */
#include "../../module/classify.c"
#include "../../module/clock.c"
#include "../../module/flight.c"
#include "../../module/reserve.c"
#include "../../module/site.c"
#include "../../module/space.c"
#include "../../module/split.c"
#include "../../module/tree.c"
