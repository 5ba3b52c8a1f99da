//! What all guards have in common.

/// Gives access to what a guard guards, and shows it as that. To write, too, if it is said how.
macro_rules! gives_access {
    ([$($parameter:ident),*] $guard:ty, $target:ty, |$this:ident| $read:expr) => {
        impl<$($parameter: ?Sized),*> std::ops::Deref for $guard {
            type Target = $target;

            #[inline]
            fn deref(&self) -> &$target {
                let $this = self;
                $read
            }
        }

        impl<$($parameter: ?Sized),*> std::fmt::Debug for $guard
        where
            $target: std::fmt::Debug,
        {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(&**self, f)
            }
        }

        impl<$($parameter: ?Sized),*> std::fmt::Display for $guard
        where
            $target: std::fmt::Display,
        {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(&**self, f)
            }
        }
    };
    (
        [$($parameter:ident),*] $guard:ty, $target:ty,
        |$this:ident| $read:expr, |$this_mut:ident| $write:expr
    ) => {
        crate::sync::guard::gives_access!([$($parameter),*] $guard, $target, |$this| $read);

        impl<$($parameter: ?Sized),*> std::ops::DerefMut for $guard {
            #[inline]
            fn deref_mut(&mut self) -> &mut $target {
                let $this_mut = self;
                $write
            }
        }
    };
}

pub(super) use gives_access;
