//! Saying, before anything runs, that this package goes with every run.
//!
//! A run may come to a crate that uses tokio itself before it calls anything of this package: only
//! what happens when the program is loaded is early enough. On systems that are not named here, and
//! where another version of this package was first, the first call of anything of it enters the
//! runtime.

#![expect(unsafe_code, reason = "a function that the system calls when it loads the program")]

use unpick_sim::probe::accompany;

use super::COMPANION;

extern "C" fn register() {
    let _is_it = accompany(&COMPANION);
}

// SAFETY: these sections hold pointers to functions that are called once each, before `main`, on
// the thread that calls `main`; their arguments may be ignored. This one stores one address in a
// static: it neither panics, nor prints, nor needs anything that the standard library sets up
// later.
#[used]
#[cfg_attr(
    any(
        target_os = "linux",
        target_os = "android",
        target_os = "dragonfly",
        target_os = "freebsd",
        target_os = "netbsd",
        target_os = "openbsd",
    ),
    unsafe(link_section = ".init_array")
)]
#[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func"))]
#[cfg_attr(windows, unsafe(link_section = ".CRT$XCU"))]
static REGISTER: extern "C" fn() = register;
