//! Breakages of the ready set, of lists, and of timers.

use super::{Mutant, mutant};

pub(super) const MUTANTS: &[Mutant] = &[
    mutant(
        "what comes when an owner's oldest is gone is put behind the younger ones",
        "engine/lists.rs",
        "Some(First { oldest: oldest @ None, newest: NIL }) => {",
        "Some(First { oldest: oldest @ None, .. }) => {",
        "lib",
    ),
    mutant(
        "a turn that was taken out of a crowd is still the next oldest",
        "engine/ready/crowd.rs",
        "        self.gone[arrival as usize / 64] |= 1 << (arrival % 64);\n",
        "        let _ = arrival;\n",
        "lib",
    ),
    mutant(
        "the last of a crowd is not found where it has moved to",
        "engine/ready/crowd.rs",
        "        self.places[moved.key as usize] = place as u32;\n",
        "",
        "lib",
    ),
    mutant(
        "what moves up among the oldest of a crowd is not found",
        "engine/ready/crowd.rs",
        "        self.places[member.key as usize] = place as u32;\n",
        "",
        "lib",
    ),
    mutant(
        "the youngest of a crowd joins the oldest",
        "engine/ready/crowd.rs",
        "            there = !self.gone[word];\n        }\n        word * 64 + there.trailing_zeros() as usize",
        "            there = !self.gone[word];\n        }\n        word * 64 + 63 - there.leading_zeros() as usize",
        "lib",
    ),
    mutant(
        "a crowd's queue is packed and its members are not told",
        "engine/ready/crowd.rs",
        "                self.members[self.places[key as usize] as usize].arrival = packed as u32;\n",
        "",
        "lib",
    ),
    mutant(
        "a run knows what was taken out of the crowd of another",
        "engine/ready/crowd.rs",
        "        self.gone[..self.arrivals.div_ceil(64)].fill(0);\n",
        "",
        "lib",
    ),
    mutant(
        "timers far ahead are looked for where their bucket begins",
        "engine/timers/wheel.rs",
        "if level == 1 { begins_at } else { earliest_ns(slots, first) }",
        "begins_at",
        "lib",
    ),
    mutant(
        "a timer that is cancelled stays its neighbour's",
        "engine/timers/wheel.rs",
        "            Some(next) => next.previous = previous,\n",
        "            Some(_) => {}\n",
        "lib",
    ),
    mutant(
        "a bucket whose timers were all cancelled is thought to have some",
        "engine/timers/wheel.rs",
        "        if bucket.first == NIL {\n            self.vacate(level, digit);\n        }\n",
        "",
        "lib",
    ),
    mutant(
        "timers of one deadline fire in the opposite order",
        "engine/timers/wheel.rs",
        "            slots[bucket.last as usize].next = slot;\n            bucket.last\n        };\n        bucket.last = slot;\n        (slots[slot as usize].previous, slots[slot as usize].next) = (previous, NIL);",
        "            slots[bucket.first as usize].previous = slot;\n            bucket.first\n        };\n        let next = if previous == NIL { bucket.last = slot; NIL } else { previous };\n        bucket.first = slot;\n        (slots[slot as usize].previous, slots[slot as usize].next) = (NIL, next);",
        "lib",
    ),
    mutant(
        "the wheel is put back while earlier timers wait beside it",
        "engine/timers.rs",
        "        if self.live == 0 {\n            // Nothing",
        "        if self.wheel.is_empty() {\n            // Nothing",
        "lib",
    ),
    mutant(
        "timers beside the wheel fire after it",
        "engine/timers.rs",
        "            return self.pop_early(entry, now_ns);\n",
        "            let _ = (entry, Timers::pop_early);\n",
        "lib",
    ),
    mutant(
        "a timer that was cancelled fires when its place is used again",
        "engine/timers.rs",
        "    slot.order == entry.order() && slot.timer.is_some()\n",
        "    slot.timer.is_some()\n",
        "lib",
    ),
];
