//! Deliberate breakages of hunts, strategies, explanations and what is kept: each is to be caught by
//! the tests.

/// One breakage.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mutant {
    /// What is broken.
    pub(crate) name: &'static str,
    /// The file, below `sim/src`.
    pub(crate) file: &'static str,
    /// What stands there, exactly once.
    pub(crate) original: &'static str,
    /// What is put in its place.
    pub(crate) broken: &'static str,
    /// What catches it: a folder of `tests`, or `lib` for what is in the package itself.
    pub(crate) tests: &'static str,
}

const fn mutant(
    name: &'static str,
    file: &'static str,
    original: &'static str,
    broken: &'static str,
    tests: &'static str,
) -> Mutant {
    Mutant { name, file, original, broken, tests }
}

/// Every breakage.
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant(
        "a later failure of a signature is kept",
        "hunt/findings.rs",
        "if caught.id.number < known.id.number {",
        "if caught.id.number > known.id.number {",
        "lib",
    ),
    mutant(
        "a hunt for several findings ends at the first",
        "hunt/findings.rs",
        "numbers.get(self.distinct_max - 1).copied()",
        "numbers.first().copied()",
        "lib",
    ),
    mutant(
        "all shards make the same runs",
        "hunt/shard.rs",
        "checked_add(self.index + CALIBRATION_RUNS)",
        "checked_add(CALIBRATION_RUNS)",
        "lib",
    ),
    mutant(
        "merged samples of classes are of different sizes",
        "hunt/seen.rs",
        "        self.restrict(self.halvings.max(other.halvings));\n",
        "",
        "lib",
    ),
    mutant(
        "calibration counts for strategies",
        "hunt/tally.rs",
        "            self.calibration.extend(ran.class);\n            return;\n",
        "            self.calibration.extend(ran.class);\n",
        "hunting",
    ),
    mutant(
        "jobs leave out runs below the one that ends the hunt",
        "hunt/jobs.rs",
        "                    || number > self.last.load(Ordering::Relaxed)\n",
        "                    || number.saturating_add(40) > self.last.load(Ordering::Relaxed)\n",
        "hunting",
    ),
    mutant(
        "what a repetition aside finds is forgotten",
        "hunt/jobs.rs",
        "        self.work.catch(Caught { id: self.id, strategy, finding, tape });\n",
        "        drop(Caught { id: self.id, strategy, finding, tape });\n",
        "hunting",
    ),
    mutant(
        "what a repetition aside finds counts for no strategy",
        "hunt/jobs.rs",
        "drain(..).for_each(|strategy| tally.fail(&strategy));",
        "drain(..).for_each(|strategy| drop((&mut *tally, strategy)));",
        "hunting",
    ),
    mutant(
        "a job waits for repetitions",
        "hunt/jobs.rs",
        "while work.repeating.load(Ordering::Acquire) >= work.hunt.jobs_made() * REPEATING_MAX {",
        "while work.repeating.load(Ordering::Acquire) > 0 {",
        "hunting",
    ),
    mutant(
        "pct never changes a priority",
        "strategy/pct.rs",
        "while self.is_change_point(streams) {",
        "while self.is_change_point(streams) && self.changed > 99 {",
        "strategies",
    ),
    mutant(
        "pos draws nothing anew after a race",
        "strategy/pos.rs",
        "            Notice::Executed { operation, .. } => self.redraw(operation, streams),\n",
        "            Notice::Executed { operation, .. } if operation.site.line() == 0 => {\n                self.redraw(operation, streams);\n            }\n",
        "strategies",
    ),
    mutant(
        "the weights of a uniform walk stay",
        "strategy/surw.rs",
        "self.set_ahead(task, ahead.saturating_sub(1));",
        "self.set_ahead(task, ahead);",
        "strategies",
    ),
    mutant(
        "a walk without repetition repeats",
        "strategy/unrepeated.rs",
        "permuted(*index % number, number, key)",
        "mix(*index ^ key) % number",
        "strategies",
    ),
    mutant(
        "an interleaving counts as made that came out otherwise",
        "strategy/unrepeated.rs",
        "if is_whole && !self.has_strayed {",
        "if is_whole {",
        "hunting",
    ),
    mutant(
        "calibration takes the same interleaving over and over",
        "strategy/sweep.rs",
        "let index = number - self.from;",
        "let index = (number - self.from) / 99;",
        "strategies",
    ),
    mutant(
        "a sweep goes on though interleavings did not come out",
        "strategy/sweep.rs",
        "self.sweep.as_ref().is_none_or(|sweep| sweep.made() == self.runs)",
        "self.sweep.as_ref().is_none_or(|sweep| sweep.made() <= self.runs)",
        "hunting",
    ),
    mutant(
        "an order of points is not kept",
        "strategy/steer.rs",
        "_ if left.any(|point| passing.is(point)) => Turn::Early,",
        "_ if left.any(|point| passing.is(point)) => Turn::Free,",
        "properties",
    ),
    mutant(
        "a remade run has learnt half",
        "hunt/running.rs",
        "for number in 0..self.learns_from(number) {",
        "for number in 0..self.learns_from(number) / 2 {",
        "strategies",
    ),
    mutant(
        "shrinking takes any failure for the same",
        "hunt/explain/shrink.rs",
        "result.err().filter(|finding| finding.signature() == *signature)?",
        "result.err().filter(|finding| finding.signature() == *signature || !signature.about().contains('\\u{0}'))?",
        "engine",
    ),
    mutant(
        "shrinking takes what is larger",
        "hunt/explain/shrink.rs",
        "if smaller.is_smaller_than(&self.best)",
        "if smaller.tape != self.best.tape",
        "engine",
    ),
    mutant(
        "shrinking makes nothing plain",
        "hunt/explain/shrink/passes.rs",
        "let cheap = self.flatten() | self.delete() | self.lower();",
        "let cheap = self.delete() | self.lower();",
        "engine",
    ),
    mutant(
        "the chance after a choice is that before it",
        "hunt/explain/decisive.rs",
        "after: rate(&laboratory, tape, number + 1, &signature, samples)",
        "after: rate(&laboratory, tape, number, &signature, samples)",
        "lib",
    ),
    mutant(
        "a flip test flips nothing",
        "hunt/explain/decisive.rs",
        "        let plan = Plan::with(&tape.choices, number, 0);\n",
        "        let plan = Plan::masked(&tape.choices, |_| true);\n",
        "lib",
    ),
    mutant(
        "a replay that passes is the same",
        "hunt/explain/reproduce.rs",
        "(None, Ok(())) => Some(String::from(\"it passes\")),",
        "(None, Ok(())) => None,",
        "strategies",
    ),
    mutant(
        "no choice is found again after an edit",
        "hunt/regressions/realign.rs",
        "fitting.retain(|(likeness, _)| likeness * 2 >= Surroundings::LIKENESS_MAX);",
        "fitting.retain(|(likeness, _)| *likeness > Surroundings::LIKENESS_MAX);",
        "explain",
    ),
    mutant(
        "an entry whose lines were moved is doubled",
        "hunt/regressions/entry.rs",
        "is_about_the_same && is_there",
        "is_about_the_same && is_there && self.place == other.place",
        "explain",
    ),
    mutant(
        "what is kept is not replayed",
        "hunt/keeping.rs",
        "if let Some((tape, finding)) = replay.failing {",
        "if let Some((tape, finding)) = replay.failing.filter(|(tape, _)| tape.len() > 1 << 20) {",
        "explain",
    ),
    mutant(
        "what is expected is kept",
        "hunt/aftermath.rs",
        "if is_unexpected && is_of_the_program {",
        "if is_of_the_program {",
        "explain",
    ),
    mutant(
        "a vacuous hunt passes",
        "hunt/running.rs",
        "if !is_green || harvest.tally.has_chosen || self.order.is_some() {",
        "if !is_green || harvest.tally.has_chosen || self.order.is_some() || self.runs > 0 {",
        "hunting",
    ),
    mutant(
        "the environment names no shard",
        "hunt/surroundings.rs",
        "hunt.shard = Shard::new(ordinal, count).unwrap_or(hunt.shard);",
        "hunt.shard = Shard::new(ordinal, count).map_or(hunt.shard, |_| hunt.shard);",
        "hunting",
    ),
    mutant(
        "the environment overrules a seed in code",
        "hunt/surroundings.rs",
        "Some(_) if self.is_seeded => {",
        "Some(_) if self.is_seeded && self.runs == 0 => {",
        "hunting",
    ),
    mutant(
        "rings of locks are not looked for",
        "hunt/lock_order.rs",
        "if edge.taken.key == self.edges[start].held.key {",
        "if edge.taken.key == self.edges[start].held.key && path.len() > 99 {",
        "detectors",
    ),
    mutant(
        "a crash is counted and the hunt begins it again",
        "hunt/isolation/parent.rs",
        "                from = run.number + 1;\n",
        "                from = run.number;\n",
        "hunting",
    ),
    mutant(
        "a schedule forgets its failing run",
        "schedules.rs",
        "        slot.failed = Some(tape);\n",
        "        drop(tape);\n",
        "schedules",
    ),
    mutant(
        "nobody is stuck behind a ring",
        "engine/detectors/story.rs",
        "for &task in others.iter().filter(|task| !may_go_on[task.index()]) {",
        "for &task in others.iter().take(0) {",
        "detectors",
    ),
    mutant(
        "what all calls of a task have is told",
        "callers.rs",
        "                    call.common = common.min(alike);",
        "                    call.common = 0 * common.min(alike);",
        "explain",
    ),
    mutant(
        "libraries are told as callers",
        "callers/stack.rs",
        "if of_unpick(&slashed) || OF_LIBRARIES.iter().any(|part| slashed.contains(part)) {",
        "if of_unpick(&slashed) {",
        "explain",
    ),
    mutant(
        "other members of a knot are stuck behind it",
        "engine/detectors/deadlock.rs",
        "let ring = self.with_all_of_knot(ring.unwrap_or_default());",
        "let ring = ring.unwrap_or_default();",
        "detectors",
    ),
    mutant(
        "aborts are said to need a dropped announcement",
        "hunt/explain/telling.rs",
        "EventKind::Withdrawn(_) if is_cancelled(event) => {}",
        "EventKind::Withdrawn(_) if false && is_cancelled(event) => {}",
        "explain",
    ),
];
