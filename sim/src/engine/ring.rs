//! Who waits for whom: the ring in a deadlock.

use super::operations::Phase;
use super::tasks::State;
use super::{Core, TaskId};

/// Where the search stands with a task.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// Not come to yet.
    Unseen,
    /// On the path that is being followed.
    OnPath,
    /// Leads to no ring.
    Done,
}

impl Core {
    /// The first ring of tasks each of which waits for something that the next one holds, or for
    /// the next one to end; `None` if there is none. A task that waits for itself is a ring of
    /// one.
    pub(super) fn ring(&self) -> Option<Vec<TaskId>> {
        let edges = self.wait_edges();
        let mut marks = vec![Mark::Unseen; edges.len()];
        for start in 0..edges.len() {
            if marks[start] != Mark::Unseen {
                continue;
            }
            // The path from the start, each task with how many of its edges were followed.
            let mut path = vec![(start, 0)];
            marks[start] = Mark::OnPath;
            while let Some((task, followed)) = path.last_mut() {
                let Some(&next) = edges[*task].get(*followed) else {
                    marks[*task] = Mark::Done;
                    path.pop();
                    continue;
                };
                *followed += 1;
                match marks[next.index()] {
                    Mark::Done => {}
                    Mark::Unseen => {
                        marks[next.index()] = Mark::OnPath;
                        path.push((next.index(), 0));
                    }
                    Mark::OnPath => {
                        let on_path = path.iter().map(|&(task, _)| TaskId(task as u32));
                        return Some(on_path.skip_while(|&task| task != next).collect());
                    }
                }
            }
        }
        None
    }

    /// For each task, those that hold what it waits for, or that it waits for to end.
    fn wait_edges(&self) -> Vec<Vec<TaskId>> {
        let mut edges: Vec<Vec<TaskId>> = self.tasks.iter().map(|_| Vec::new()).collect();
        for (index, task) in self.tasks.iter().enumerate() {
            if task.state == State::Ended {
                continue;
            }
            let pending = self.operations.list(task.operations).filter(|(_, operation)| {
                operation.phase == Phase::Blocked && operation.polled_in == task.polls
            });
            for object in pending.filter_map(|(_, operation)| operation.description.object) {
                let holds = self.holds.list(self.objects[object as usize].holds);
                edges[index].extend(holds.map(|(_, hold)| hold.task));
            }
            if let Some(joiner) = &task.joiner {
                edges[joiner.task.index()].push(TaskId(index as u32));
            }
        }
        edges
    }
}
