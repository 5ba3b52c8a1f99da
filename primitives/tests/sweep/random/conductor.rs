//! What runs along with the tasks, and gives them what they wait for.

use std::rc::Rc;
use std::time::Duration;

use unpick_primitives::task::{JoinHandle, sleep, spawn};

use super::world::World;

/// After how many rounds somebody waits for ever. Each step takes a few.
const ROUNDS_MAX: u32 = 100;

/// How long a round takes: longer than all pauses of a program together, and no multiple of any,
/// so that nothing else can run when it is over unless the clock stalls.
const ROUND: Duration = Duration::from_nanos(1_000_001);

pub(super) async fn conduct(world: &Rc<World>, tasks: &[JoinHandle<()>]) {
    let (mut notified, mut supplied) = (0, 0);
    let mut rounds = 0;
    while world.is_going_on() || tasks.iter().any(|task| !task.is_finished()) {
        sleep(ROUND).await;
        rounds += 1;
        if rounds > ROUNDS_MAX {
            let stuck: Vec<_> = tasks.iter().map(JoinHandle::is_finished).collect();
            panic!("somebody waits for ever; finished: {stuck:?}");
        }
        world.check_that_all_have_to_wait();
        while notified < world.registered.get() {
            notified += 1;
            world.notify.notify_one();
        }
        while supplied < world.wanted.get() {
            supplied += 1;
            *world.condition.lock().await += 1;
            let _held = world.condition.lock().await;
            world.condition.notify(1);
        }
        for question in world.questions.take() {
            let _unless_cancelled = question.send(42);
        }
        if world.barrier.n_waiting() == 1 {
            let (partner, going_on) = (world.clone(), world.go_on());
            drop(spawn(async move {
                let _going_on = going_on;
                partner.barrier.wait().await.expect("nobody aborts it");
            }));
        }
        world.event.set();
        world.event.clear();
        world.fifo.help();
        world.lifo.help();
        world.priority.help();
        let _unless_nobody_listens = world.broadcast.send(rounds);
        world.watch.send_replace(rounds);
        if rounds == 2 {
            world.future.set_result(7).expect("it was pending");
            world.token.cancel();
        }
    }
    if rounds < 2 {
        world.future.cancel();
    }
}
