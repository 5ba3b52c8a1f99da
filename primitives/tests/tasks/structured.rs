//! What owns its tasks leaves none behind, on whatever schedule.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use proptest::prelude::*;
use unpick_primitives::task::{
    Instant, gather, gather_results, sleep, spawn, task_group, timeout, yield_now,
};
use unpick_sim::options::{Switching, TimeModel};
use unpick_sim::{Run, step};

use super::seconds;

/// A program of things that own their tasks.
#[derive(Clone, Debug)]
enum Node {
    Sleep(u64),
    Yield,
    Step,
    Fail,
    Results(Vec<Node>),
    Gather(Vec<Node>),
    Group(Vec<Node>, Box<Node>),
    Timeout(u64, Box<Node>),
    /// Runs in a task that is aborted after so long.
    Aborted(u64, Box<Node>),
}

fn nodes() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        3 => (0..4u64).prop_map(Node::Sleep),
        2 => Just(Node::Yield),
        2 => Just(Node::Step),
        1 => Just(Node::Fail),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let some = || prop::collection::vec(inner.clone(), 0..4);
        prop_oneof![
            some().prop_map(Node::Results),
            some().prop_map(Node::Gather),
            (some(), inner.clone()).prop_map(|(tasks, body)| Node::Group(tasks, body.into())),
            (0..4u64, inner.clone()).prop_map(|(limit, node)| Node::Timeout(limit, node.into())),
            (0..4u64, inner.clone()).prop_map(|(after, node)| Node::Aborted(after, node.into())),
        ]
    })
}

/// How many tasks of a part of the program are there.
#[derive(Clone, Default)]
struct Census(Rc<Cell<usize>>);

struct Counted(Rc<Cell<usize>>);

impl Census {
    fn enter(&self) -> Counted {
        self.0.set(self.0.get() + 1);
        Counted(self.0.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

type Ran = Result<(), &'static str>;

/// Runs a node; when it is over nothing of it is left, unless a gather has failed: then what it
/// has left behind goes on, and nobody may count.
fn run(node: Node, around: Census) -> Pin<Box<dyn Future<Output = Ran>>> {
    Box::pin(async move {
        let _counted = around.enter();
        let census = Census::default();
        let child = |node: Node| run(node, census.clone());
        let (ran, leaves_none) = match node {
            Node::Sleep(count) => (Ok(sleep(seconds(count)).await), true),
            Node::Yield => (Ok(yield_now().await), true),
            Node::Step => (Ok(step().await), true),
            Node::Fail => (Err("failed"), true),
            Node::Results(nodes) => {
                let count = nodes.len();
                let results = gather_results(nodes.into_iter().map(child)).await;
                assert_eq!(results.len(), count);
                (Ok(()), true)
            }
            Node::Gather(nodes) => {
                let gathered = gather(nodes.into_iter().map(child)).await;
                let all = gathered.is_ok();
                (gathered.map(drop).map_err(|_| "gather"), all)
            }
            Node::Group(nodes, body) => {
                let left = task_group(async |group| {
                    for node in nodes {
                        group.spawn(child(node));
                    }
                    child(*body).await
                });
                (left.await.map_err(|error| error.errors[0]), true)
            }
            Node::Timeout(limit, node) => {
                let in_time = timeout(seconds(limit), child(*node)).await;
                (in_time.unwrap_or(Err("late")), true)
            }
            Node::Aborted(after, node) => {
                let task = spawn(child(*node));
                sleep(seconds(after)).await;
                task.abort();
                (task.await.unwrap_or(Err("aborted")), true)
            }
        };
        assert!(!leaves_none || census.0.get() == 0, "{} tasks are left", census.0.get());
        ran
    })
}

proptest! {
    #[test]
    fn nothing_is_left_behind_and_a_replay_is_the_same(
        node in nodes(),
        seed in any::<u64>(),
        is_preemptive in any::<bool>(),
        is_stalling in any::<bool>(),
    ) {
        let switching = if is_preemptive { Switching::Preemptive } else { Switching::Cooperative };
        let time = if is_stalling { TimeModel::Stalling } else { TimeModel::Exact };
        let everything = Census::default();
        let program = || {
            let (node, everything) = (node.clone(), everything.clone());
            async move { (run(node, everything).await, Instant::now()) }
        };
        let recorded = Run::new().seed(seed).switching(switching).time(time).traced();
        let recorded = recorded.execute(program);
        prop_assert!(recorded.result.is_ok(), "{:?}", recorded.result);
        prop_assert_eq!(everything.0.get(), 0, "something outlived the run");
        let again = Run::new().replay(&recorded.tape).traced().execute(program);
        prop_assert_eq!(&again.tape, &recorded.tape);
        prop_assert_eq!(&again.result, &recorded.result);
        let texts = [again, recorded].map(|outcome| outcome.trace.map(|trace| trace.to_text()));
        prop_assert_eq!(&texts[0], &texts[1]);
    }
}
