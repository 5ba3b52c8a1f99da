//! What owns its tasks leaves none behind, on whatever schedule.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use proptest::prelude::*;
use unpick_primitives::task::{
    AbortHandle, Instant, gather, gather_results, sleep, spawn, task_group, timeout, yield_now,
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

/// How many nodes of a part of the program are there, and of each part around it.
#[derive(Clone)]
struct Census {
    counts: Vec<Rc<Cell<usize>>>,
    /// Whether a gather has failed: what it leaves behind goes on, and nobody may count.
    is_void: Rc<Cell<bool>>,
}

struct Counted(Census);

impl Census {
    fn new() -> Census {
        Census { counts: vec![Rc::default()], is_void: Rc::default() }
    }

    /// The census of a part.
    fn part(&self) -> Census {
        let mut part = self.clone();
        part.counts.push(Rc::default());
        part
    }

    fn enter(&self) -> Counted {
        self.counts.iter().for_each(|count| count.set(count.get() + 1));
        Counted(self.clone())
    }

    fn count(&self) -> usize {
        self.counts.last().map_or(0, |count| count.get())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.counts.iter().for_each(|count| count.set(count.get() - 1));
    }
}

/// Drops a task in place when it is dropped itself.
struct Owner(AbortHandle);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.drop_now();
    }
}

type Ran = Result<(), &'static str>;

/// Runs a node; when it is over nothing of it is left.
fn run(node: Node, around: Census) -> Pin<Box<dyn Future<Output = Ran>>> {
    Box::pin(async move {
        let _counted = around.enter();
        let census = around.part();
        let child = |node: Node| run(node, census.clone());
        let ran = match node {
            Node::Sleep(count) => {
                sleep(seconds(count)).await;
                Ok(())
            }
            Node::Yield => {
                yield_now().await;
                Ok(())
            }
            Node::Step => {
                step().await;
                Ok(())
            }
            Node::Fail => Err("failed"),
            Node::Results(nodes) => {
                let count = nodes.len();
                let results = gather_results(nodes.into_iter().map(child)).await;
                assert_eq!(results.len(), count);
                Ok(())
            }
            Node::Gather(nodes) => {
                let gathered = gather(nodes.into_iter().map(child)).await;
                census.is_void.set(census.is_void.get() || gathered.is_err());
                gathered.map(drop).map_err(|_| "gather")
            }
            Node::Group(nodes, body) => {
                let left = task_group(async |group| {
                    for node in nodes {
                        group.spawn(child(node));
                    }
                    child(*body).await
                });
                left.await.map_err(|error| error.errors[0])
            }
            Node::Timeout(limit, node) => {
                let in_time = timeout(seconds(limit), child(*node)).await;
                in_time.unwrap_or(Err("late"))
            }
            Node::Aborted(after, node) => {
                let task = spawn(child(*node));
                let _owner = Owner(task.abort_handle());
                sleep(seconds(after)).await;
                task.abort();
                task.await.unwrap_or(Err("aborted"))
            }
        };
        assert!(census.is_void.get() || census.count() == 0, "{} are left", census.count());
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
        let everything = Census::new();
        let program = || {
            everything.is_void.set(false);
            let (node, everything) = (node.clone(), everything.clone());
            async move { (run(node, everything).await, Instant::now()) }
        };
        let recorded = Run::new().seed(seed).switching(switching).time(time).traced();
        let recorded = recorded.execute(program);
        prop_assert!(recorded.result.is_ok(), "{:?}", recorded.result);
        prop_assert_eq!(everything.count(), 0, "something outlived the run");
        let again = Run::new().replay(&recorded.tape).traced().execute(program);
        prop_assert_eq!(&again.tape, &recorded.tape);
        prop_assert_eq!(&again.result, &recorded.result);
        let texts = [again, recorded].map(|outcome| outcome.trace.map(|trace| trace.to_text()));
        prop_assert_eq!(&texts[0], &texts[1]);
    }
}
