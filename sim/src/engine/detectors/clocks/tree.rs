//! A clock of many tasks: a tree with branches that clocks share.

use std::rc::Rc;

use super::TaskId;

const LEAF_BITS: u32 = 5;
const INNER_BITS: u32 = 4;
pub(super) const LEAF: usize = 1 << LEAF_BITS;
const INNER: usize = 1 << INNER_BITS;

/// A part of a clock; one that is missing is all zeros.
#[derive(Clone, Debug)]
enum Node {
    /// How far that many tasks, one after the other, are known to be.
    Leaf([u32; LEAF]),
    /// Parts of the next lower height.
    Inner([Link; INNER]),
}

type Link = Option<Rc<Node>>;

/// How far each task is known to be, by the task's number; missing entries are zero.
#[derive(Debug, Default)]
pub(super) struct Tree {
    root: Link,
    /// How many levels of inner nodes are above the leaves.
    height: u32,
}

/// Which child of an inner node of this height (from 1) has a task.
const fn child(task: u32, height: u32) -> usize {
    (task >> (LEAF_BITS + INNER_BITS * (height - 1))) as usize & (INNER - 1)
}

impl Tree {
    /// How far this task is known to be.
    pub(super) fn get(&self, task: TaskId) -> u32 {
        if !self.has_room_for(task.0) {
            return 0;
        }
        let (mut link, mut height) = (&self.root, self.height);
        while let Some(node) = link {
            match &**node {
                Node::Leaf(entries) => return entries[task.index() & (LEAF - 1)],
                Node::Inner(children) => {
                    link = &children[child(task.0, height)];
                    height -= 1;
                }
            }
        }
        0
    }

    fn has_room_for(&self, task: u32) -> bool {
        let bits = LEAF_BITS + INNER_BITS * self.height;
        bits >= u32::BITS || task >> bits == 0
    }

    fn raise(&mut self) {
        if let Some(root) = self.root.take() {
            let mut children: [Link; INNER] = Default::default();
            children[0] = Some(root);
            self.root = Some(Rc::new(Node::Inner(children)));
        }
        self.height += 1;
    }

    pub(super) fn set(&mut self, task: TaskId, at: u32) {
        while !self.has_room_for(task.0) {
            self.raise();
        }
        let (mut link, mut height) = (&mut self.root, self.height);
        loop {
            let node = link.get_or_insert_with(|| Rc::new(empty(height)));
            match Rc::make_mut(node) {
                Node::Leaf(entries) => {
                    entries[task.index() & (LEAF - 1)] = at;
                    return;
                }
                Node::Inner(children) => {
                    link = &mut children[child(task.0, height)];
                    height -= 1;
                }
            }
        }
    }

    #[inline]
    pub(super) fn join(&mut self, other: &Tree) {
        if other.root.is_some() {
            self.join_all(other);
        }
    }

    /// Becomes the same as another one.
    #[inline]
    pub(super) fn become_like(&mut self, other: &Tree) {
        if self.root.is_some() || other.root.is_some() {
            self.root.clone_from(&other.root);
        }
        self.height = other.height;
    }

    fn join_all(&mut self, other: &Tree) {
        while self.height < other.height {
            self.raise();
        }
        let (mut link, mut height) = (&mut self.root, self.height);
        while height > other.height {
            let node = link.get_or_insert_with(|| Rc::new(empty(height)));
            let Node::Inner(children) = Rc::make_mut(node) else { return };
            link = &mut children[0];
            height -= 1;
        }
        join_links(link, &other.root);
    }
}

fn empty(height: u32) -> Node {
    match height {
        0 => Node::Leaf([0; LEAF]),
        _ => Node::Inner(Default::default()),
    }
}

/// Brings one part up to another of the same height. What is equal afterwards is shared, so that
/// it is skipped next time.
fn join_links(mine: &mut Link, theirs: &Link) {
    let Some(theirs) = theirs else { return };
    let Some(node) = mine else {
        *mine = Some(Rc::clone(theirs));
        return;
    };
    if Rc::ptr_eq(node, theirs) {
        return;
    }
    let is_behind = match (&**node, &**theirs) {
        (Node::Leaf(here), Node::Leaf(there)) => {
            if is_below(there, here) {
                return;
            }
            is_below(here, there)
        }
        _ => false,
    };
    if is_behind {
        *node = Rc::clone(theirs);
        return;
    }
    match (Rc::make_mut(node), &**theirs) {
        (Node::Leaf(here), Node::Leaf(there)) => {
            raise_to(here, there);
        }
        (Node::Inner(here), Node::Inner(there)) => {
            for (here, there) in here.iter_mut().zip(there) {
                join_links(here, there);
            }
            let same = |(here, there): (&Link, &Link)| match (here, there) {
                (Some(here), Some(there)) => Rc::ptr_eq(here, there),
                (None, None) => true,
                _ => false,
            };
            if here.iter().zip(there).all(same) {
                *node = Rc::clone(theirs);
            }
        }
        _ => unreachable!("parts of one height are of one kind; a bug in unpick"),
    }
}

/// Raises each entry to the other's, where that is above.
#[inline]
pub(super) fn raise_to(here: &mut [u32; LEAF], there: &[u32; LEAF]) {
    for (here, there) in here.iter_mut().zip(there) {
        *here = (*here).max(*there);
    }
}

/// Whether no entry of the one is above the other's. Looks at all of them, which takes less than
/// stopping early, because several are compared at once.
fn is_below(one: &[u32; LEAF], other: &[u32; LEAF]) -> bool {
    one.iter().zip(other).fold(true, |is_below, (one, other)| is_below & (one <= other))
}
