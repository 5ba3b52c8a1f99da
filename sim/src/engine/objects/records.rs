//! The records of objects, and of the holds on them, newest first.
//!
//! Mostly an object is held once or not at all: its oldest hold is a part of its record. The
//! others are in a [`Table`].

use std::borrow::Cow;
use std::ops::{Index, IndexMut};
use std::panic::Location;

use super::super::ObjectPast;
use super::super::deeds::Deeds;
use super::super::ids::{INDEX_MAX, TaskId};
use super::super::lines::Line;
use super::super::lists::NO_RECORD;
use super::super::table::{NIL, Table};
use crate::probe::{Cause, Mode, Passage, Spurious};

/// What the engine knows of an object.
#[derive(Clone, Debug)]
pub(crate) struct ObjectRecord {
    pub(crate) kind: &'static str,
    pub(crate) name: Option<Cow<'static, str>>,
    pub(crate) site: &'static Location<'static>,
    /// The task that made it, or was the first to use it if it was made outside of the run.
    pub(crate) creator: TaskId,
    /// The how-manieth of its kind that its creator made, from 1.
    pub(crate) number: u32,
    /// How often it was taken, modulo 2^32.
    pub(crate) takes: u32,
    /// To how many operations it was granted that have not been polled since.
    pub(crate) granted: u32,
    /// The operation that it was granted to last.
    pub(crate) heir: u32,
    /// Who waits for it, if that is known here.
    pub(crate) line: Line,
    /// Whether others than those who hold it have been seen to give it back.
    pub(crate) is_loose: bool,
    /// Whether a wait at it may end for nothing.
    pub(crate) spurious: Spurious,
    /// Who can end which wait at it.
    pub(crate) causes: &'static [Cause],
    /// What moves things through it.
    pub(crate) passage: Option<&'static Passage>,
    /// Who has done what through it.
    pub(crate) deeds: Deeds,
    /// What its primitive last counted: what, how many there are, how many it takes.
    pub(crate) count: Option<(&'static str, usize, usize)>,
    /// For the hash of the run's class.
    pub(crate) past: ObjectPast,
    /// The oldest hold on it, in most cases the only one. Invariant: whatever else there is is
    /// younger.
    pub(in super::super) oldest: Option<HoldRecord>,
    /// The newest of the others.
    pub(super) newest: u32,
}

impl ObjectRecord {
    /// An object of this kind that nobody has used yet, the how-manieth of its creator's.
    #[inline(always)]
    pub(super) fn new(
        kind: &'static str,
        name: Option<Cow<'static, str>>,
        site: &'static Location<'static>,
        (creator, number): (TaskId, u32),
        causes: &'static [Cause],
    ) -> ObjectRecord {
        ObjectRecord {
            kind,
            name,
            site,
            creator,
            number,
            takes: 0,
            granted: 0,
            heir: NO_RECORD,
            line: Line::EMPTY,
            is_loose: false,
            spurious: Spurious::Never,
            causes,
            passage: None,
            deeds: Deeds::default(),
            count: None,
            past: ObjectPast::default(),
            oldest: None,
            newest: NIL,
        }
    }
}

/// A task's hold on an object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HoldRecord {
    pub(crate) object: u32,
    pub(crate) task: TaskId,
    pub(crate) units: u32,
    pub(crate) mode: Mode,
    pub(crate) site: &'static Location<'static>,
    pub(crate) since_ns: u64,
    /// In which poll of its task it was taken.
    pub(crate) taken_in: u32,
}

/// How often an object is held, as far as that is quickly told.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Few<'a> {
    /// Not at all.
    None,
    /// Once.
    One(&'a HoldRecord),
    /// More than once.
    Several,
}

/// How many holds there can be beside the oldest of each object: their numbers are odd, and fit in
/// a handle.
const OTHERS_MAX: u32 = INDEX_MAX / 2;

/// All objects of a run by their places, and all holds by their numbers: even ones stand for an
/// object's oldest, odd ones for the others.
#[derive(Debug)]
pub(crate) struct Objects {
    records: Vec<ObjectRecord>,
    others: Table<HoldRecord>,
    /// How many holds there are.
    holds: usize,
}

impl Index<usize> for Objects {
    type Output = ObjectRecord;

    #[inline(always)]
    fn index(&self, index: usize) -> &ObjectRecord {
        &self.records[index]
    }
}

impl IndexMut<usize> for Objects {
    #[inline(always)]
    fn index_mut(&mut self, index: usize) -> &mut ObjectRecord {
        &mut self.records[index]
    }
}

impl Objects {
    pub(crate) const fn new() -> Objects {
        Objects { records: Vec::new(), others: Table::new(), holds: 0 }
    }

    pub(crate) const fn len(&self) -> usize {
        self.records.len()
    }

    pub(crate) fn push(&mut self, record: ObjectRecord) {
        self.records.push(record);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &ObjectRecord> {
        self.records.iter()
    }

    /// Forgets all, and keeps the allocations.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.records.clear();
        self.others.clear();
        self.holds = 0;
    }

    /// A record, and how many holds there are.
    #[inline(always)]
    pub(in super::super) fn record_and_count(
        &mut self,
        object: u32,
    ) -> (&mut ObjectRecord, &mut usize) {
        (&mut self.records[object as usize], &mut self.holds)
    }

    /// Puts a hold, which `make` makes in its place, before the others on its object.
    #[inline(always)]
    pub(crate) fn add_hold(&mut self, object: u32, make: impl FnOnce() -> HoldRecord) -> u32 {
        self.holds += 1;
        let record = &mut self.records[object as usize];
        if record.oldest.is_none() && record.newest == NIL {
            record.oldest = Some(make());
            return object << 1;
        }
        self.add_younger(object, make())
    }

    #[inline(never)]
    fn add_younger(&mut self, object: u32, hold: HoldRecord) -> u32 {
        let index = self.others.insert(&mut self.records[object as usize].newest, || hold);
        assert!(index < OTHERS_MAX, "a run has at most {OTHERS_MAX} holds at once");
        index << 1 | 1
    }

    /// Takes a hold out.
    #[inline(always)]
    pub(crate) fn end_hold(&mut self, id: u32) -> Option<HoldRecord> {
        if id & 1 == 1 {
            return self.end_younger(id >> 1);
        }
        let ended = self.records.get_mut((id >> 1) as usize)?.oldest.take()?;
        self.holds -= 1;
        Some(ended)
    }

    #[inline(never)]
    fn end_younger(&mut self, index: u32) -> Option<HoldRecord> {
        let object = self.others.get(index)?.object;
        let ended = self.others.remove(&mut self.records[object as usize].newest, index)?;
        self.holds -= 1;
        Some(ended)
    }

    pub(crate) fn hold(&self, id: u32) -> Option<&HoldRecord> {
        if id & 1 == 1 {
            return self.others.get(id >> 1);
        }
        self.records.get((id >> 1) as usize)?.oldest.as_ref()
    }

    pub(crate) fn hold_mut(&mut self, id: u32) -> Option<&mut HoldRecord> {
        if id & 1 == 1 {
            return self.others.place_mut(id >> 1)?.as_mut();
        }
        self.records.get_mut((id >> 1) as usize)?.oldest.as_mut()
    }

    /// Whether anything is held.
    pub(crate) const fn are_held(&self) -> bool {
        self.holds > 0
    }

    /// Whether an object is held.
    #[inline]
    pub(crate) fn is_held(&self, object: u32) -> bool {
        let record = &self.records[object as usize];
        record.oldest.is_some() || record.newest != NIL
    }

    /// All holds with their numbers: the oldest of each object, then the others.
    pub(crate) fn holds(&self) -> impl Iterator<Item = (u32, &HoldRecord)> {
        let oldest = self.records.iter().zip(0..);
        let oldest =
            oldest.filter_map(|(record, object)| Some((object << 1, record.oldest.as_ref()?)));
        let others = self.others.iter().map(|(index, hold)| (index << 1 | 1, hold));
        // The objects behind the last one are not looked at.
        oldest.chain(others).take(self.holds)
    }

    /// The holds on an object, newest first.
    pub(crate) fn holds_of(&self, object: u32) -> impl Iterator<Item = (u32, &HoldRecord)> {
        let record = self.records.get(object as usize);
        let others = self.others.list(record.map_or(NIL, |record| record.newest));
        let others = others.map(|(index, hold)| (index << 1 | 1, hold));
        let oldest = record.and_then(|record| record.oldest.as_ref());
        others.chain(oldest.map(|oldest| (object << 1, oldest)))
    }

    /// How often an object is held.
    #[inline(always)]
    pub(crate) fn few_holds(&self, object: u32) -> Few<'_> {
        match &self.records[object as usize] {
            ObjectRecord { oldest: Some(sole), newest: NIL, .. } => Few::One(sole),
            ObjectRecord { oldest: None, newest: NIL, .. } => Few::None,
            _ => self.few_others(object),
        }
    }

    #[cold]
    #[inline(never)]
    fn few_others(&self, object: u32) -> Few<'_> {
        let mut holds = self.holds_of(object);
        match (holds.next(), holds.next()) {
            (None, _) => Few::None,
            (Some((_, sole)), None) => Few::One(sole),
            (Some(_), Some(_)) => Few::Several,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ids::TaskId;

    fn object() -> ObjectRecord {
        ObjectRecord::new("thing", None, Location::caller(), (TaskId::MAIN, 1), &[])
    }

    /// A hold that is told from others by its units.
    fn hold(object: u32, units: u32) -> HoldRecord {
        let (mode, site) = (Mode::Shared, Location::caller());
        HoldRecord { object, task: TaskId::MAIN, units, mode, site, since_ns: 0, taken_in: 0 }
    }

    #[test]
    fn an_objects_oldest_hold_is_found_by_its_number_and_is_last_in_its_list() {
        let mut objects = Objects::new();
        (0..3).for_each(|_| objects.push(object()));
        let ids: Vec<u32> = (0..3).map(|units| objects.add_hold(2, || hold(2, units))).collect();
        assert_eq!(ids[0], 4, "it is a part of the object's record");
        let of = |objects: &Objects| -> Vec<u32> {
            objects.holds_of(2).map(|(_, hold)| hold.units).collect()
        };
        assert_eq!(of(&objects), [2, 1, 0]);
        // Younger ones are left: what comes is not put before them.
        assert_eq!(objects.end_hold(ids[0]).map(|ended| ended.units), Some(0));
        assert!(objects.end_hold(ids[0]).is_none(), "it is over");
        objects.add_hold(2, || hold(2, 3));
        assert_eq!(of(&objects), [3, 2, 1]);
    }

    proptest::proptest! {
        #[test]
        fn holds_are_as_good_as_a_list_for_each_object(
            acts in proptest::collection::vec((0..4_u32, 0..3_usize, 0..8_usize), 0..200),
        ) {
            let mut models: [Vec<(u32, u32)>; 4] = Default::default();
            let mut objects = Objects::new();
            (0..4).for_each(|_| objects.push(object()));
            for (number, (of, act, at)) in (0..).zip(acts) {
                let model = &mut models[of as usize];
                if act == 0 && at < model.len() {
                    let (id, units) = model.remove(at);
                    assert_eq!(objects.hold(id).map(|hold| hold.units), Some(units));
                    assert_eq!(objects.hold_mut(id).map(|hold| hold.units), Some(units));
                    assert_eq!(objects.end_hold(id).map(|hold| hold.units), Some(units));
                    assert!(objects.end_hold(id).is_none(), "it is over");
                } else if act > 0 {
                    model.insert(0, (objects.add_hold(of, || hold(of, number)), number));
                }
                for (of, model) in (0..).zip(&models) {
                    let listed = objects.holds_of(of).map(|(id, hold)| (id, hold.units));
                    assert_eq!(&listed.collect::<Vec<_>>(), model);
                    assert_eq!(objects.is_held(of), !model.is_empty());
                    let few = match objects.few_holds(of) {
                        Few::None => 0,
                        Few::One(sole) => {
                            assert_eq!(sole.units, model[0].1);
                            1
                        }
                        Few::Several => 2,
                    };
                    assert_eq!(few, model.len().min(2));
                }
                let all: usize = models.iter().map(Vec::len).sum();
                assert_eq!((objects.holds().count(), objects.are_held()), (all, all > 0));
            }
            objects.clear();
            assert!(!objects.are_held() && objects.len() == 0);
        }
    }
}
