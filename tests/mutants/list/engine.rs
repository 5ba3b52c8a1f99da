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
        "        let mut previous = std::mem::replace(&mut bucket.last, slot);\n        if self.occupied[level] >> digit & 1 == 0 {\n            bucket.first = slot;\n            previous = NIL;\n            // Rotated, so that the compiler does not reckon it where it is not needed.\n            self.occupied[level] |= 1_u64.rotate_left(digit as u32);\n            self.levels |= 1 << level;\n        } else if let Some(previous) = slots.get_mut(previous as usize) {\n            previous.next = slot;\n        }\n        if let Some(slot) = slots.get_mut(slot as usize) {\n            (slot.previous, slot.next) = (previous, NIL);",
        "        let next = if self.occupied[level] >> digit & 1 == 0 {\n            bucket.last = slot;\n            self.occupied[level] |= 1 << digit;\n            self.levels |= 1 << level;\n            NIL\n        } else {\n            slots[bucket.first as usize].previous = slot;\n            bucket.first\n        };\n        bucket.first = slot;\n        if let Some(slot) = slots.get_mut(slot as usize) {\n            (slot.previous, slot.next) = (NIL, next);",
        "lib",
    ),
    mutant(
        "the wheel is put back while earlier timers wait beside it",
        "engine/timers.rs",
        "        if self.is_empty() {\n            // Nothing",
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
        "    slots[slot_of(entry.order())].order == entry.order()\n",
        "    slots[slot_of(entry.order())].order != VACANT\n",
        "lib",
    ),
];
