//! What a printed stack says of the program.

use crate::finding::Place;

/// The file of this crate that takes stacks, which is the first of its name on each.
const TAKEN_IN: &str = "/src/callers.rs";

/// Where the executor is in this crate.
const EXECUTOR: &str = "/src/engine/";

/// What polls and drops tasks in it: below that is nothing of the program's run.
const DRIVERS: [&str; 3] = ["/src/engine/drive.rs", "/src/engine/session.rs", "/src/run.rs"];

/// What this crate's folder ends with, and others of Unpick's beside it, where they are not a
/// registry's.
const THIS: &str = "/sim";
const OTHERS: [&str; 3] = ["/primitives/src/", "/primitives/tokio/src/", "/src/"];

/// The file of this crate whose functions wakers call.
const WAKERS: &str = "/src/engine/waker.rs";

/// Parts of paths that only std has.
const OF_STD: [&str; 2] = ["/rustc/", "/rustlib/src/"];

/// Parts of paths that only libraries have: std, and what cargo has downloaded.
const OF_LIBRARIES: [&str; 4] = ["/rustc/", "/rustlib/src/", "/registry/src/", "/git/checkouts/"];

/// The folder that the compiler's names of files are relative to, if one of the stack's files is
/// this one: empty, or with a separator at its end.
pub(super) fn folder(stack: &str, file: &str) -> Option<String> {
    frames(stack).find_map(|(path, ..)| {
        let folder = path.strip_suffix(file)?;
        (folder.is_empty() || folder.ends_with(['/', '\\'])).then(|| folder.to_owned())
    })
}

/// The lines of the program on a stack up to the executor, the innermost first. Several in a row
/// that are one are told once.
pub(super) fn places(stack: &str, folder: &str) -> Vec<Place> {
    let this = frames(stack).find_map(|(path, ..)| {
        let path = path.replace('\\', "/");
        path.strip_suffix(TAKEN_IN).map(str::to_owned)
    });
    let Some(this) = this else { return Vec::new() };
    let mut places: Vec<Place> = Vec::new();
    for (path, line, column) in frames(stack) {
        let slashed = path.replace('\\', "/");
        let inside = slashed.strip_prefix(&this).unwrap_or_default();
        if DRIVERS.contains(&inside) || (inside.starts_with(EXECUTOR) && !places.is_empty()) {
            break;
        }
        if is_of_unpick(&slashed, &this) || OF_LIBRARIES.iter().any(|part| slashed.contains(part)) {
            continue;
        }
        let file = path.strip_prefix(folder).unwrap_or(path).to_owned();
        let is_same = |last: &Place| last.file == file && last.line == line;
        if !places.last().is_some_and(is_same) {
            places.push(Place { file, line, column });
        }
    }
    places
}

/// The lines of the program on the stack of a waker that was cloned, the innermost first; `None` if
/// this crate itself cloned it, or another of Unpick's, for a wait that is known.
pub(super) fn keepers(stack: &str, folder: &str) -> Option<Vec<Place>> {
    let waker = frames(stack).position(|(path, ..)| path.replace('\\', "/").ends_with(WAKERS))?;
    let mut outside = frames(stack).skip(waker + 1).filter(|(path, ..)| {
        let path = path.replace('\\', "/");
        !path.ends_with(WAKERS) && !OF_STD.iter().any(|part| path.contains(part))
    });
    let (keeper, ..) = outside.next()?;
    let this = frames(stack).find_map(|(path, ..)| {
        let path = path.replace('\\', "/");
        path.strip_suffix(TAKEN_IN).map(str::to_owned)
    })?;
    if is_of_unpick(&keeper.replace('\\', "/"), &this) {
        return None;
    }
    Some(places(stack, folder)).filter(|places| !places.is_empty())
}

/// Whether a file is of the crate in this folder, or of another one of Unpick's.
fn is_of_unpick(path: &str, this: &str) -> bool {
    let house = this.strip_suffix(THIS);
    path.strip_prefix(this).is_some_and(|inside| inside.starts_with("/src/"))
        || house
            .and_then(|house| path.strip_prefix(house))
            .is_some_and(|inside| OTHERS.iter().any(|folder| inside.starts_with(folder)))
}

/// The frames of a printed stack that have a place: file, line and column.
fn frames(stack: &str) -> impl Iterator<Item = (&str, u32, u32)> {
    stack.lines().filter_map(|line| {
        let (rest, column) = line.trim_start().strip_prefix("at ")?.rsplit_once(':')?;
        let (file, line) = rest.rsplit_once(':')?;
        Some((file, line.parse().ok()?, column.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::{folder, keepers, places};

    const STACK: &str = "   0:     0x5568 - unpick_sim::callers::note::h8ebe
                               at /home/me/unpick/sim/src/callers.rs:35:44
   1:     0x5569 - {async_fn#0}
                               at /home/me/unpick/primitives/src/lock.rs:100:9
   2:     0x5570 - app::helper::{{closure}}::h01
                               at /home/me/app/src/deep/helper.rs:12:17
                 - app::helper::inlined
                               at /home/me/app/src/deep/helper.rs:12:5
   3:     0x5571 - poll<alloc::boxed::Box<dyn core::future::future::Future>>
                               at /rustc/5980/library/core/src/future/future.rs:133:9
   4:     0x5572 - futures_util::something
                               at /home/me/.cargo/registry/src/index/futures-util-0.3/src/lib.rs:5:1
   5:     0x5573 - __rust_try
   6:     0x5574 - unpick_sim::time::timeout::poll
                               at /home/me/unpick/sim/src/time.rs:7:1
   7:     0x5575 - {async_block#0}
                               at /home/me/app/src/main.rs:40:3
   8:     0x5576 - <unpick_sim::engine::session::Main<F>>::poll
                               at /home/me/unpick/sim/src/engine/session.rs:62:16
   9:     0x5577 - app::main
                               at /home/me/app/src/main.rs:90:3
";

    /// Files and lines, with the columns left out.
    fn shown(stack: &str) -> Vec<String> {
        let folder = folder(stack, "src/deep/helper.rs").expect("it is on the stack");
        places(stack, &folder).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_programs_lines_are_those_up_to_the_executor_that_are_of_no_library() {
        assert_eq!(shown(STACK), ["src/deep/helper.rs:12", "src/main.rs:40"]);
    }

    /// The stack of a waker that this file clones.
    fn cloned_by(file: &str) -> String {
        let waker = "at /home/me/unpick/sim/src/engine/waker.rs:99:5";
        let std = "at /rustc/5980/library/core/src/task/wake.rs:553:27";
        STACK.replacen(
            "at /home/me/unpick/primitives/src/lock.rs:100:9",
            &format!("{waker}\n{std}\n{file}"),
            1,
        )
    }

    #[test]
    fn a_waker_is_kept_where_the_program_or_a_library_clones_it() {
        let shown = |stack: &str| {
            let places = keepers(stack, "/home/me/app/")?;
            Some(places.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        };
        let program = cloned_by("at /home/me/app/src/future.rs:3:1");
        let lines = "src/future.rs:3 src/deep/helper.rs:12 src/main.rs:40";
        assert_eq!(shown(&program).as_deref(), Some(lines));
        let library =
            cloned_by("at /home/me/.cargo/registry/src/index/event-listener-5/src/lib.rs:9:1");
        let lines = "src/deep/helper.rs:12 src/main.rs:40";
        assert_eq!(shown(&library).as_deref(), Some(lines), "a library's has no line");
        let own = cloned_by("at /home/me/unpick/primitives/src/waiters.rs:9:1");
        assert_eq!(shown(&own), None, "a wait that is known");
        assert_eq!(shown(STACK), None, "no waker was cloned");
    }

    #[test]
    fn what_the_executor_drops_by_itself_has_no_line_of_the_program() {
        let dropped: Vec<&str> = STACK
            .lines()
            .filter(|line| !line.contains("/src/deep/") && !line.contains(":40:"))
            .collect();
        assert_eq!(places(&dropped.join("\n"), "/home/me/app/"), []);
    }

    #[test]
    fn unpick_as_a_library_of_the_registry_is_left_out_too() {
        let stack = STACK.replace("/me/unpick/sim/", "/me/.cargo/registry/src/i/unpick-sim-0.1.0/");
        let stack = stack.replace("/me/unpick/", "/me/.cargo/registry/src/i/unpick-p-0.1.0/");
        assert_eq!(shown(&stack), ["src/deep/helper.rs:12", "src/main.rs:40"]);
    }

    #[test]
    fn a_stack_with_paths_of_windows_is_read() {
        let stack = STACK.replace('/', "\\").replace("\\home", "C:\\home");
        let folder = folder(&stack, "src\\deep\\helper.rs").expect("it is on the stack");
        let places: Vec<String> = places(&stack, &folder).iter().map(ToString::to_string).collect();
        assert_eq!(places, ["src\\deep\\helper.rs:12", "src\\main.rs:40"]);
    }

    #[test]
    fn a_stack_without_places_says_nothing() {
        let bare: Vec<&str> = STACK.lines().filter(|line| !line.contains(" at ")).collect();
        assert_eq!(folder(&bare.join("\n"), "src/deep/helper.rs"), None);
        assert_eq!(places(&bare.join("\n"), ""), []);
    }

    #[test]
    fn a_folder_is_not_taken_from_a_file_whose_name_only_ends_alike() {
        assert_eq!(folder(STACK, "lper.rs"), None);
        assert_eq!(folder(STACK, "/home/me/app/src/main.rs").as_deref(), Some(""));
    }
}
