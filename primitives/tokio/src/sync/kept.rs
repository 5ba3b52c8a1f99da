//! Guards of tokio's that borrow from something that is kept alive beside them.
//!
//! Tokio's owned guards have an `Arc` of tokio's own type. Here the user has an `Arc` of a
//! wrapper, so that an owned guard is a borrowing one next to that `Arc`. Its lifetime cannot be
//! written down, because it is that of the `Arc`, and neither can `'static`, because the value
//! may be of a type that borrows. So the guard is kept as plain memory, and gets a lifetime
//! whenever it is looked at.

use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::sync::Arc;

use unpick_sim::probe::{Hold, Object};

/// How many words the largest of tokio's guards has: of a value with a vtable or a length.
const WORDS: usize = 4;

/// A kind of guard, whatever it borrows from.
pub(super) trait Kind {
    /// The guard, while it borrows for so long.
    type Guard<'a>
    where
        Self: 'a;
    /// A type with the same auto traits as an owned guard has.
    type Owned;
}

/// A [`Kind`]: of a value and maybe a part of it, that guard of tokio's which borrows, and the one
/// which has the auto traits.
macro_rules! kind {
    ($name:ident<$($parameter:ident),+>, $guard:ident, $last:ident, $owned:ident) => {
        struct $name<$($parameter: ?Sized),+>($(std::marker::PhantomData<$parameter>),+);

        impl<$($parameter: ?Sized),+> crate::sync::kept::Kind for $name<$($parameter),+> {
            type Guard<'a>
                = real::$guard<'a, $last>
            where
                Self: 'a;
            type Owned = real::$owned<$($parameter),+>;
        }
    };
}

pub(super) use kind;

/// What a guard borrows from, kept alive.
pub(super) trait Owner {
    /// The object that the engine knows.
    fn object(&self) -> &Object;
}

/// What an `Arc` has, for longer than the borrow checker would let it be borrowed.
///
/// # Safety
/// The `Arc`, or another of the same, must live as long as what is returned is used.
pub(super) unsafe fn unbound<'a, T: ?Sized>(arc: &Arc<T>) -> &'a T {
    // SAFETY: an `Arc` has its value at a fixed place, and lives long enough, says the caller.
    unsafe { &*Arc::as_ptr(arc) }
}

/// A guard and what it borrows from. Dropping it releases the one before it lets go of the other.
pub(super) struct Kept<O: Owner, K: Kind> {
    hold: Hold,
    // Invariant: holds a `K::Guard`, until this is dropped or taken apart.
    room: MaybeUninit<[*const (); WORDS]>,
    owner: O,
    kind: PhantomData<K::Owned>,
}

// SAFETY: what is in the room is a guard of the kind, which may be sent wherever `Owned` may: that
// is what `Owned` is for. The pointers in the room are its parts and nothing else.
unsafe impl<O: Owner + Send, K: Kind> Send for Kept<O, K> where K::Owned: Send {}

// SAFETY: as above.
unsafe impl<O: Owner + Sync, K: Kind> Sync for Kept<O, K> where K::Owned: Sync {}

// A guard is not pinned by anything.
impl<O: Owner, K: Kind> Unpin for Kept<O, K> {}

impl<O: Owner, K: Kind> Kept<O, K> {
    /// # Safety
    /// What the guard borrows from must stay alive, and where it is, as long as `owner` does,
    /// wherever that is moved.
    pub(super) unsafe fn new<'a>(guard: K::Guard<'a>, owner: O, hold: Hold) -> Self
    where
        K: 'a,
    {
        const {
            assert!(size_of::<K::Guard<'a>>() <= size_of::<[*const (); WORDS]>());
            assert!(align_of::<K::Guard<'a>>() <= align_of::<[*const (); WORDS]>());
        }
        let mut room = MaybeUninit::<[*const (); WORDS]>::uninit();
        // SAFETY: the room is large enough, and aligned, as was just seen; it is this function's.
        unsafe { room.as_mut_ptr().cast::<K::Guard<'a>>().write(guard) };
        Kept { hold, room, owner, kind: PhantomData }
    }

    /// The guard.
    pub(super) fn guard(&self) -> &K::Guard<'_> {
        // SAFETY: there is one in the room, says the invariant. What it borrows from lives as long
        // as the owner, which is borrowed meanwhile.
        unsafe { &*self.room.as_ptr().cast() }
    }

    /// The guard, to write through.
    ///
    /// # Safety
    /// No other guard may be put into its place.
    pub(super) unsafe fn guard_mut(&mut self) -> &mut K::Guard<'_> {
        // SAFETY: as in `guard`.
        unsafe { &mut *self.room.as_mut_ptr().cast() }
    }

    /// What it borrows from.
    pub(super) const fn owner(&self) -> &O {
        &self.owner
    }

    /// Takes it apart.
    ///
    /// # Safety
    /// The guard must be gone, or in another `Kept` with the owner, before the owner is.
    pub(super) unsafe fn into_parts<'a>(self) -> (Hold, K::Guard<'a>, O)
    where
        K: 'a,
    {
        let mut this = ManuallyDrop::new(self);
        let hold = std::mem::replace(&mut this.hold, Hold::none());
        // SAFETY: there is a guard in the room, says the invariant; whoever is kept from being
        // dropped does not use it again.
        let guard = unsafe { this.room.as_ptr().cast::<K::Guard<'a>>().read() };
        // SAFETY: nor the owner. A hold on nothing needs no drop.
        let owner = unsafe { std::ptr::read(&raw const this.owner) };
        (hold, guard, owner)
    }
}

impl<O: Owner, K: Kind> Drop for Kept<O, K> {
    fn drop(&mut self) {
        self.owner.object().release(std::mem::replace(&mut self.hold, Hold::none()));
        // SAFETY: there is a guard in the room, says the invariant, and it is not used again. The
        // owner is dropped after it.
        unsafe { self.room.as_mut_ptr().cast::<K::Guard<'_>>().drop_in_place() };
    }
}
